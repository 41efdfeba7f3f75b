from django.urls import path

from tirek.assessment.views import sit

app_name = "sit"

urlpatterns = [
    path("", sit.page, name="page"),
    path("worker.js", sit.worker, name="worker"),
    path("look/", sit.look, name="look"),
    path("begin/", sit.begin, name="begin"),
    path("answers/", sit.answers, name="answers"),
]
