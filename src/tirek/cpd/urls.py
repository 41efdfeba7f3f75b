"""Addresses of cpd."""

from django.urls import URLPattern, URLResolver

app_name = "cpd"
urlpatterns: list[URLPattern | URLResolver] = []
