"""Long work of questionnaires."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.decisions.work import asker
from tirek.storage import jobs
from tirek.surveys.services.results import publish_results


@jobs.work
def compute_results(job: jobs.Running, *, round_id: int, following: str) -> dict:
    """Seal the answers of a closed round, compute, publish."""
    job.advance(0, 1, _("Sealing the answers and computing"))
    found = publish_results(round_id=round_id, by=asker(), now=timezone.now())
    return {"message": _("The results are published: %(number)s.") % {"number": found.result_number}, "next": following}
