"""The site with one address that somebody forgot to give a gate."""

from django.http import HttpResponse
from django.urls import path

from tirek.site.urls import handler403, urlpatterns  # noqa: F401

urlpatterns = [*urlpatterns, path("forgotten/", lambda request: HttpResponse("open!"))]
