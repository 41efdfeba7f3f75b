"""What takes longer than a request: choosing comparison schools, and estimating the impact."""

from __future__ import annotations

import datetime as dt

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.decisions.work import asker
from tirek.programmes.queries.impact import Outcome
from tirek.programmes.services.impact import choose_comparison, estimate_impact
from tirek.storage import jobs
from tirek_engines.errors import BrokenContract


def _outcome(text: str) -> Outcome:
    found = Outcome.read(text)
    if found is None:
        raise BrokenContract("outcome", text, "subject-grade")
    return found


@jobs.work
def compare(job: jobs.Running, *, slug: str, outcome: str, begins: str, question: str) -> dict:
    made = choose_comparison(
        slug=slug, outcome=_outcome(outcome), begins=dt.date.fromisoformat(begins), question=question, by=asker(),
        now=timezone.now(), tell=job.advance,
    )  # fmt: skip
    message = _("%(n)s comparison schools are chosen. Look at the balance, then publish.") % {
        "n": made.summary["comparison"]
    }
    return {"message": message, "next": reverse("programmes:impact_comparison", args=[slug, made.number])}


@jobs.work
def estimate(job: jobs.Running, *, slug: str, outcome: str) -> dict:
    made = estimate_impact(slug=slug, outcome=_outcome(outcome), by=asker(), now=timezone.now(), tell=job.advance)
    message = _("The impact is estimated. Read it, then publish.")
    return {"message": message, "next": reverse("programmes:impact_result", args=[slug, made.number])}
