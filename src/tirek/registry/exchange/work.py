"""Imports as jobs: a request starts them, the worker runs them, the page shows how far they are."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from tirek.registry.exchange import services
from tirek.registry.models import Import
from tirek.storage import jobs


@jobs.work
def check(job: jobs.Running, *, import_id: int) -> dict:
    found = services.stage(import_id=import_id, tell=job.advance)
    return {"message": _("The file was checked."), "next": reverse("exchange:import", args=[found.pk])}


@jobs.work
def apply(job: jobs.Running, *, import_id: int) -> dict:
    found = services.apply(import_id=import_id, tell=job.advance)
    return {"message": _("The import was applied."), "next": reverse("exchange:import", args=[found.pk])}


@jobs.work
def undo(job: jobs.Running, *, import_id: int) -> dict:
    services.take_back(import_id=import_id)
    return {"message": _("The import was taken back."), "next": reverse("exchange:import", args=[import_id])}


def start(work, *, found: Import, title: str) -> jobs.Job:
    job = jobs.start(work, title=title, import_id=found.pk)
    Import.objects.filter(pk=found.pk).update(job_id=job.pk)
    return job
