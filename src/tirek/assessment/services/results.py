"""The draft of a test's results: on its own scale, or on that of the test it is linked to."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from tirek.access.models import User
from tirek.assessment.decided import link_sealing, sealing
from tirek.assessment.kinds import RESULTS
from tirek.assessment.models import Link, Test
from tirek.decisions import services as decisions

SEED = 20_250_901


def record_results(
    test: Test, *, inputs: dict, model: dict, link: Link | None, attempt: str, by: User | None, now: datetime
):
    """One draft in the journal. ``model`` are the parameters that the calibration had."""
    day = timezone.localdate(now)
    sealed = {name: inputs[name] for name in sealing.RESULT_INPUTS} | sealing.other_rules(test, day)
    if link is not None:
        sealed |= link_sealing.link_inputs(link.decision_number)
    facts = sealing.facts_of(test) | {"results": True, "seed": SEED}
    return decisions.record(
        kind=RESULTS,
        inputs=sealed,
        parameters=model | facts | {"link": link.decision_number if link else None},
        idempotency_key=f"results:{attempt}",
        org=(test.org_lo, test.org_hi),
        by=by,
        now=now,
    )
