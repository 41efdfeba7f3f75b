"""Calibrate a test: two drafts in the journal, one of the calibration and one of the results it would give."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime

import polars as pl
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import current_scope, loading
from tirek.assessment import sealing
from tirek.assessment.kinds import CALIBRATION, RESULTS
from tirek.assessment.models import Calibration, CalibrationState, Item, ItemEstimate, Test, TestState
from tirek.assessment.refusals import WrongState, must
from tirek.decisions import queries as journal
from tirek.decisions import services as decisions
from tirek.decisions.rules import rules_in_force
from tirek.storage import jobs
from tirek.storage.sealed import digest_of

SEED = 20_250_901
Tell = Callable[[int, int, str], None]
STEPS = 5


def nobody(done: int, total: int, message: str) -> None:
    """Progress that nobody reads."""


def calibrate_test(*, test_id: int, by: User | None, now: datetime, tell: Tell = nobody) -> Calibration:
    """Calibrate the answers as they are. Equal answers under equal rules give the calibration already there.

    Two who press at once wait for each other on the test's row: the second gets what the first has made.
    """
    must("assessment.manage")
    with transaction.atomic():
        test = Test.objects.select_for_update().get(pk=test_id)
        if test.state == TestState.PUBLISHED:
            raise WrongState(_("The results of this test are published. Withdraw them before you calibrate anew."))
        tell(1, STEPS, _("Collecting the answers"))
        inputs = sealing.inputs_of(test)
        if inputs["answers"].is_empty():
            raise WrongState(_("The test has no answers yet. Import them first."))
        digest = _digest(test, inputs, timezone.localdate(now))
        current = Calibration.objects.filter(test=test).exclude(state=CalibrationState.SUPERSEDED).first()
        if current is not None and current.inputs_sha256 == digest:
            return current
        return _calibrate(test, inputs, digest, by, now, tell)


def _digest(test: Test, inputs: dict[str, pl.DataFrame], day) -> str:
    """One digest of the inputs and of every rule value in force."""
    with loading():
        names = ("assessment.calibration", "assessment.publication", "assessment.scale")
        values = {name: rules_in_force(name, day, test.org_lo, test.org_hi).values() for name in names}
    parts = [digest_of(frame) for _name, frame in sorted(inputs.items())] + [digest_of(values)]
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def _calibrate(test: Test, inputs, digest: str, by: User | None, now: datetime, tell: Tell) -> Calibration:
    attempt = f"{test.code}:{digest[:16]}:{Calibration.objects.filter(test=test).count()}"
    shared = {"org": (test.org_lo, test.org_hi), "by": by, "now": now}
    parameters = {"test": test.code, "org_lo": test.org_lo, "org_hi": test.org_hi}
    tell(2, STEPS, _("Estimating the difficulties of the items"))
    decision = decisions.record(
        kind=CALIBRATION,
        inputs={name: inputs[name] for name in ("answers", "items")},
        parameters=parameters,
        idempotency_key=f"calibration:{attempt}",
        **shared,
    )
    is_good = all(check["passed"] or not check["blocking"] for check in decision.summary["checks"])
    tell(3, STEPS, _("Estimating the means of groups and their errors"))
    results = None
    if is_good:
        results = decisions.record(
            kind=RESULTS,
            inputs=inputs | sealing.other_rules(test, timezone.localdate(now)),
            parameters=parameters | sealing.facts_of(test) | {"results": True, "seed": SEED, "scale": None},
            idempotency_key=f"results:{attempt}",
            **shared,
        )
    tell(4, STEPS, _("Keeping what came out"))
    return _keep(test, decision, results, digest, is_good, now)


def _keep(test: Test, decision, results, digest: str, is_good: bool, now: datetime) -> Calibration:
    Calibration.objects.filter(test=test).exclude(state=CalibrationState.SUPERSEDED).update(
        state=CalibrationState.SUPERSEDED
    )
    calibration = Calibration.objects.create(
        test=test,
        org_lo=test.org_lo,
        decision_number=decision.number,
        results_number=results.number if results else "",
        inputs_sha256=digest,
        state=CalibrationState.GOOD if is_good else CalibrationState.REFUSED,
        fit=decision.summary["fit"],
        checks=decision.summary["checks"],
        by_id=current_scope().user_id,
        at=now,
    )
    _keep_items(test, calibration, decision)
    test.state = TestState.CALIBRATED if is_good else TestState.COLLECTING
    test.save(update_fields=["state"])
    return calibration


def _keep_items(test: Test, calibration: Calibration, decision) -> None:
    outcomes = journal.table(decision, "outcomes").filter(pl.col("subject_kind") == "item")
    items = dict(Item.objects.filter(test=test).values_list("code", "id"))
    rows = []
    for code, reason, numbers, result in outcomes.select("subject", "reason", "numbers", "result").iter_rows():
        found, more = json.loads(numbers), json.loads(result)
        rows.append(
            ItemEstimate(
                calibration=calibration,
                item_id=items[code],
                org_lo=test.org_lo,
                difficulty=found.get("difficulty"),
                difficulty_se=found.get("error"),
                steps=more.get("steps") or [],
                n=found["answers"],
                share_right=found.get("share_right"),
                dropped_because="" if reason == "item_calibrated" else reason,
            )
        )
    ItemEstimate.objects.bulk_create(rows)


@jobs.work
def calibration_job(job: jobs.Running, *, test_id: int) -> dict:
    """The same, watched on a page."""
    with loading():
        by = User.objects.filter(pk=current_scope().user_id).first()
    calibration = calibrate_test(test_id=test_id, by=by, now=timezone.now(), tell=job.advance)
    is_good = calibration.state == CalibrationState.GOOD
    message = _("The calibration is ready to be published.") if is_good else _("The calibration may not be published.")
    return {"message": message, "next": reverse("assessment:calibration", args=[calibration.test.code])}
