"""Addresses of teachers' growth, a file a subject."""

from django.urls import include, path

app_name = "cpd"

urlpatterns = [
    path("", include("tirek.cpd.urls.courses")),
    path("", include("tirek.cpd.urls.certificates")),
    path("", include("tirek.cpd.urls.portfolio")),
    path("certification/", include("tirek.cpd.urls.certification")),
    path("requests/", include("tirek.cpd.urls.demands")),
    path("lessons/", include("tirek.cpd.urls.lessons")),
    path("open-lessons/", include("tirek.cpd.urls.visits")),
    path("resources/", include("tirek.cpd.urls.resources")),
    path("reserve/", include("tirek.cpd.urls.reserve")),
    path("awards/", include("tirek.cpd.urls.awards")),
]
