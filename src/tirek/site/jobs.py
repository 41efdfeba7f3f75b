"""Watching and cancelling long work: the part that pages refresh, and a page of its own for when they cannot."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.views.decorators.http import require_GET, require_POST

from tirek.access.gates import gate
from tirek.storage import jobs
from tirek.storage.models import Job

app_name = "jobs"


def _own(request: HttpRequest, pk: int) -> Job:
    return get_object_or_404(Job, pk=pk, created_by=request.user.pk)


@gate()
@require_GET
def part(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "storage/_job.html", {"job": jobs.settle_lost(_own(request, pk))})


@gate()
@require_GET
def job(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "storage/job.html", {"job": jobs.settle_lost(_own(request, pk))})


@gate()
@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    found = _own(request, pk)
    jobs.cancel(found)
    if getattr(request, "htmx", False):
        return render(request, "storage/_job.html", {"job": found})
    return redirect("jobs:job", pk=pk)


urlpatterns = [
    path("<int:pk>/", job, name="job"),
    path("<int:pk>/part/", part, name="part"),
    path("<int:pk>/cancel/", cancel, name="cancel"),
]
