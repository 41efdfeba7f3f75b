from django.urls import path

from tirek.documents import views

app_name = "documents"
urlpatterns = [
    path("check/", views.check, name="check"),
    path("check/<str:code>/", views.checked, name="checked"),
    path("<str:number>.pdf", views.download, name="download"),
]
