"""Addresses of teachers' growth, a file a subject."""

from django.urls import include, path

app_name = "cpd"

urlpatterns = [
    path("", include("tirek.cpd.urls.courses")),
    path("", include("tirek.cpd.urls.certificates")),
    path("", include("tirek.cpd.urls.portfolio")),
    path("certification/", include("tirek.cpd.urls.certification")),
    path("requests/", include("tirek.cpd.urls.demands")),
]
