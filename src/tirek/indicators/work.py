"""Long work about figures, run by the worker with the asker's rights."""

from __future__ import annotations

from datetime import date

from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.decisions.work import asker
from tirek.indicators import services
from tirek.storage import jobs


@jobs.work
def verify_figure(job: jobs.Running, *, number: str, following: str) -> dict:
    job.advance(0, 1, _("Computing the figure again from its sealed snapshot"))
    checked = services.verify(number, by=asker() or "", now=timezone.now())
    message = _("It agrees.") if checked.agrees else _("It differs. The page says where.")
    return {"agrees": checked.agrees, "message": message, "next": following}


@jobs.work
def publish_figure(job: jobs.Running, *, code: str, as_of: str, following: str) -> dict:
    job.advance(0, 1, _("Sealing the register of that day and computing"))
    release = services.publish(code, as_of=date.fromisoformat(as_of), by=asker(), now=timezone.now())
    return {
        "number": release.number,
        "message": _("Published as %(number)s.") % {"number": release.number},
        "next": following,
    }
