"""Long work about rooms, run by the worker with the asker's rights."""

from __future__ import annotations

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.decisions.work import asker
from tirek.facilities.services.indexing import index_territory
from tirek.storage import jobs


@jobs.work
def index_rooms(job: jobs.Running, *, code: str) -> dict:
    job.advance(0, 1, _("Reading what the walks found, and computing"))
    now = timezone.now()
    decision = index_territory(code=code, day=timezone.localdate(now), by=asker(), now=now)
    message = _("The draft is ready. Look at it, then publish it.")
    return {"message": message, "next": reverse("decisions:run", args=[decision.number])}
