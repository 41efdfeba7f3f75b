from django.urls import path

from tirek.indicators import views

app_name = "indicators"
urlpatterns = [
    path("", views.figures, name="figures"),
    path("published/", views.public, name="public"),
    path("claims/", views.claims, name="claims"),
    path("releases/<str:number>/", views.release, name="release"),
    path("releases/<str:number>/verify/", views.verify, name="verify"),
    path("releases/<str:number>/withdraw/", views.withdraw, name="withdraw"),
    path("<str:code>/", views.figure, name="figure"),
    path("<str:code>/publish/", views.publish, name="publish"),
]
