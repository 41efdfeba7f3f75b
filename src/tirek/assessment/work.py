"""What is too long for a request: checking and applying large files of answers, publishing large tests."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tirek.assessment.services.answers import apply_answers, check_received
from tirek.assessment.services.publication import publish_results
from tirek.decisions.work import asker
from tirek.storage import jobs

LARGE_FILE = 250_000
"""Bytes: about two thousand pupils and forty items, checked in a third of a second."""
MANY_SHEETS = 2_000


@jobs.work
def check_file(job: jobs.Running, *, import_id: int) -> dict:
    checked = check_received(import_id=import_id, tell=job.advance)
    return {"message": _("The file was checked."), "next": _page_of(checked)}


@jobs.work
def apply_file(job: jobs.Running, *, import_id: int) -> dict:
    done = apply_answers(import_id=import_id, tell=job.advance)
    words = ngettext("%(n)s answer sheet is in.", "%(n)s answer sheets are in.", done.n_good)
    return {"message": words % {"n": done.n_good}, "next": _page_of(done)}


def _page_of(made) -> str:
    return reverse("assessment:checked", args=[made.test.code, made.pk])


@jobs.work
def publish_test(job: jobs.Running, *, test_id: int) -> dict:
    job.advance(0, 1, _("Looking whether the answers are still those that were calibrated, and publishing"))
    release = publish_results(test_id=test_id, by=asker(), now=timezone.now())
    return {"message": _("The results are published."), "next": reverse("assessment:test", args=[release.test.code])}
