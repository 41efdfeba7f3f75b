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
def apply(job: jobs.Running, *, import_id: int, endings: int | None = None) -> dict:
    found = services.apply(import_id=import_id, tell=job.advance, endings=endings)
    return {"message": _("The import was applied."), "next": reverse("exchange:import", args=[found.pk])}


@jobs.work
def decide(job: jobs.Running, *, import_id: int, choices: dict | None = None, all_as: str = "") -> dict:
    found = services.decide(import_id=import_id, choices=choices, all_as=all_as)
    return {"message": _("Your decisions were taken and the file was checked again."),
            "next": reverse("exchange:import", args=[found.pk])}  # fmt: skip


@jobs.work
def undo(job: jobs.Running, *, import_id: int) -> dict:
    services.take_back(import_id=import_id)
    return {"message": _("The import was taken back."), "next": reverse("exchange:import", args=[import_id])}


def start(work, *, found: Import, title: str, **more) -> jobs.Job:
    job = jobs.start(work, title=title, import_id=found.pk, **more)
    Import.objects.filter(pk=found.pk).update(job_id=job.pk)
    return job
