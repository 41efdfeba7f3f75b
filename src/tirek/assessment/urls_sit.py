from django.urls import path

from tirek.assessment import views_sit

app_name = "sit"

urlpatterns = [
    path("", views_sit.page, name="page"),
    path("worker.js", views_sit.worker, name="worker"),
    path("look/", views_sit.look, name="look"),
    path("begin/", views_sit.begin, name="begin"),
    path("answers/", views_sit.answers, name="answers"),
]
