"""The pages' yardstick: a constant page in the site's layout for who is signed in, and a bare one."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path

from tirek.access.gates import gate
from tirek.site.urls import handler400, handler403, handler404, handler500  # noqa: F401
from tirek.site.urls import urlpatterns as site


@gate()
def constant(request):
    """Layout, navigation, session and scope, as every page has them; nothing else."""
    return render(request, "base.html")


@gate(public=True)
def bare(request):
    """What the server and the middleware take by themselves."""
    return HttpResponse("<!doctype html><title>Constant</title><h1>Constant</h1>")


urlpatterns = [path("constant/", constant), path("bare/", bare), *site]
