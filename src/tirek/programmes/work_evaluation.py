"""What takes longer than a request: value added, and the gap between town and village."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.decisions.work import asker
from tirek.programmes.services import evaluation as services
from tirek.storage import jobs


@jobs.work
def value_added(job: jobs.Running, *, before: str, after: str) -> dict:
    made = services.compute_value_added(before=before, after=after, by=asker(), now=timezone.now(), tell=job.advance)
    message = _("What %(n)s schools add is estimated. Read it, then publish.") % {"n": made.summary["schools"]}
    return {"message": message, "next": reverse("programmes:value_added_run", args=[made.number])}


@jobs.work
def gap(job: jobs.Running, *, test: str) -> dict:
    made = services.compute_gap(test=test, by=asker(), now=timezone.now(), tell=job.advance)
    return {
        "message": _("The gap is split. Read it, then publish."),
        "next": reverse("programmes:gap_run", args=[made.number]),
    }
