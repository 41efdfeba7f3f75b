from django.urls import path

from tirek.decisions import views

app_name = "decisions"
urlpatterns = [
    path("", views.runs, name="runs"),
    path("where/", views.where, name="where"),
    path("<str:number>/", views.run, name="run"),
    path("<str:number>/why/<path:subject>/", views.why, name="why"),
    path("<str:number>/files/<str:name>/", views.sealed_file, name="file"),
    path("<str:number>/verify/", views.verify, name="verify"),
    path("<str:number>/publish/", views.publish, name="publish"),
    path("<str:number>/withdraw/", views.withdraw, name="withdraw"),
]
