"""Calibrate a test: two drafts in the journal, one of the calibration and one of the results it would give."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime

import polars as pl
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import current_scope, loading
from tirek.assessment.decided import sealing
from tirek.assessment.decided.linking import known
from tirek.assessment.fairness import worst
from tirek.assessment.kinds import CALIBRATION
from tirek.assessment.models import Calibration, CalibrationState, Item, ItemEstimate, Link, LinkState, Test, TestState
from tirek.assessment.refusals import WrongState, must
from tirek.assessment.services.linking import Tell, current_link, nobody, relink
from tirek.assessment.services.results import record_results
from tirek.decisions import queries as journal
from tirek.decisions import services as decisions
from tirek.decisions.rules import rules_in_force
from tirek.storage import jobs
from tirek.storage.sealed import digest_of

STEPS = 5
ANALYSED = ("slope", "slope_se", "guessing", "guessing_se", "infit", "outfit", "point_biserial")


def calibrate_test(
    *, test_id: int, by: User | None, now: datetime, tell: Tell = nobody, removed: Mapping[str, str] | None = None
) -> Calibration:
    """Calibrate the answers as they are. Equal answers under equal rules give the calibration already there.

    Two who press at once wait for each other on the test's row: the second gets what the first has made. ``removed`` are
    items that an official takes out, each with a reason; None leaves out those that are out already. A link is made anew.
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
        current = Calibration.objects.filter(test=test).exclude(state=CalibrationState.SUPERSEDED).first()
        out = _removed(test, current, removed)
        digest = _digest(test, inputs, timezone.localdate(now), out)
        if current is not None and current.inputs_sha256 == digest:
            return current
        link = current_link(test)
        made = _calibrate(test, inputs, digest, out, current, by, now, tell)
        if made.state == CalibrationState.GOOD and link is not None:
            tell(STEPS - 1, STEPS, _("Linking the test again"))
            relink(test, link, by, now)
            made.refresh_from_db()
        return made


def _removed(test: Test, current: Calibration | None, removed: Mapping[str, str] | None) -> dict[str, str]:
    """Items to leave out with the reasons, checked."""
    if removed is None:
        return {row["item"]: row["because"] for row in current.removed} if current else {}
    found = {item: because.strip()[:300] for item, because in sorted(removed.items())}
    unknown = sorted(set(found) - set(test.items.values_list("code", flat=True)))
    if unknown:
        raise WrongState(_("The test has no such items: %(items)s.") % {"items": ", ".join(unknown)})
    if not all(found.values()):
        raise WrongState(_("Say why the item is taken out."))
    return found


def _digest(test: Test, inputs: dict[str, pl.DataFrame], day, removed: Mapping[str, str]) -> str:
    """One digest of the inputs, of the items taken out, and of every rule value in force."""
    with loading():
        names = ("assessment.calibration", "assessment.publication", "assessment.scale")
        values = {name: rules_in_force(name, day, test.org_lo, test.org_hi).values() for name in names}
    parts = [digest_of(frame) for _name, frame in sorted(inputs.items())]
    parts += [digest_of(values), digest_of(dict(removed))]
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def _calibrate(
    test: Test, inputs, digest: str, removed: dict[str, str], current, by: User | None, now: datetime, tell: Tell
) -> Calibration:
    attempt = f"{test.code}:{digest[:16]}:{Calibration.objects.filter(test=test).count()}"
    parameters = {
        "test": test.code, "org_lo": test.org_lo, "org_hi": test.org_hi, "subject": test.subject, "removed": removed,
    }  # fmt: skip
    tell(2, STEPS, _("Estimating the difficulties of the items"))
    decision = decisions.record(
        kind=CALIBRATION,
        inputs={name: inputs[name] for name in sealing.CALIBRATION_INPUTS},
        parameters=parameters,
        idempotency_key=f"calibration:{attempt}",
        supersedes=current.decision_number if current else None,
        org=(test.org_lo, test.org_hi),
        by=by,
        now=now,
    )
    is_good = all(check["passed"] or not check["blocking"] for check in decision.summary["checks"])
    tell(3, STEPS, _("Estimating the means of groups and their errors"))
    results = None
    if is_good:
        results = record_results(test, inputs=inputs, model=parameters, link=None, attempt=attempt, by=by, now=now)
    tell(4, STEPS, _("Keeping what came out"))
    return _keep(test, decision, results, digest, is_good, now)


def _keep(test: Test, decision, results, digest: str, is_good: bool, now: datetime) -> Calibration:
    Calibration.objects.filter(test=test).exclude(state=CalibrationState.SUPERSEDED).update(
        state=CalibrationState.SUPERSEDED
    )
    Link.objects.filter(test=test).exclude(state=LinkState.SUPERSEDED).update(state=LinkState.SUPERSEDED)
    removed = decision.parameters["removed"]
    calibration = Calibration.objects.create(
        test=test,
        org_lo=test.org_lo,
        decision_number=decision.number,
        results_number=results.number if results else "",
        inputs_sha256=digest,
        state=CalibrationState.GOOD if is_good else CalibrationState.REFUSED,
        model=decision.summary["fit"].get("model", ""),
        removed=[{"item": item, "because": because} for item, because in removed.items()],
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
    is_made = "parameters" in decision.outputs  # nothing is, where too few answered
    tables = {name: journal.table(decision, name) for name in ("parameters", "dif")} if is_made else {}
    analysed = {row["item"]: row for row in tables["parameters"].iter_rows(named=True)} if is_made else {}
    items = dict(Item.objects.filter(test=test).values_list("code", "id"))
    classes = worst(tables["dif"]) if is_made else {}
    removed = decision.parameters["removed"]
    rows = []
    for code, reason, numbers, result in outcomes.select("subject", "reason", "numbers", "result").iter_rows():
        found, more, analysis = json.loads(numbers), json.loads(result), analysed.get(code, {})
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
                dropped_because="" if more["state"] == "calibrated" else reason,
                removed_because=removed.get(code, ""),
                model=analysis.get("model", ""),
                is_misfit=analysis.get("misfit", False),
                dif=classes.get(code, ""),
                **{name: known(analysis.get(name)) for name in ANALYSED},
            )
        )
    ItemEstimate.objects.bulk_create(rows)


def check_removed(*, test_id: int, removed: Mapping[str, str]) -> dict[str, str]:
    """The items to take out with their reasons, before any work on them begins."""
    must("assessment.manage")
    test = Test.objects.get(pk=test_id)
    if test.state == TestState.PUBLISHED:
        raise WrongState(_("The results of this test are published. Withdraw them before you calibrate anew."))
    return _removed(test, None, removed)


@jobs.work
def calibration_job(job: jobs.Running, *, test_id: int, removed: dict[str, str] | None = None) -> dict:
    """The same, watched on a page; ``removed`` as there."""
    with loading():
        by = User.objects.filter(pk=current_scope().user_id).first()
    calibration = calibrate_test(test_id=test_id, by=by, now=timezone.now(), tell=job.advance, removed=removed)
    is_good = calibration.state == CalibrationState.GOOD
    message = _("The calibration is ready to be published.") if is_good else _("The calibration may not be published.")
    return {"message": message, "next": reverse("assessment:calibration", args=[calibration.test.code])}
