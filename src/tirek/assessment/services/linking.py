"""Put a test on the scale of an earlier one, take anchors out, or leave it on its own scale."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import current_scope, loading
from tirek.assessment.decided import link_sealing, sealing
from tirek.assessment.kinds import LINK
from tirek.assessment.models import Calibration, CalibrationState, Link, LinkState, Test, TestState
from tirek.assessment.refusals import NotGoodEnough, WrongState, must
from tirek.assessment.services.results import record_results
from tirek.decisions import queries as journal
from tirek.decisions import services as decisions
from tirek.decisions.rules import rules_in_force
from tirek.storage.sealed import digest_of

Tell = Callable[[int, int, str], None]
STEPS = 2


def nobody(done: int, total: int, message: str) -> None:
    """Progress that nobody reads."""


@transaction.atomic
def link_test(
    *,
    test_id: int,
    base_id: int,
    matched_by: str,
    by: User | None,
    now: datetime,
    removed: Mapping[str, str] | None = None,
    tell: Tell = nobody,
) -> Link:
    """Link a calibrated test to a published one; the same link asked for twice is the one already there.

    ``removed`` are anchors that do not link, each with the official's reason. A link that fails a check is kept as
    refused, with its checks; the test then stays on its own scale.
    """
    must("assessment.manage")
    tell(0, STEPS, _("Comparing the common items of the two tests"))
    test = Test.objects.select_for_update().get(pk=test_id)
    calibration = _calibration_of(test)
    base = _base_of(base_id, test)
    removed = _reasons(removed or {})
    with loading():
        inputs = link_sealing.inputs_of_link(base.calibration, calibration, matched_by)
    _check_anchors(removed, inputs)
    current = current_link(test)
    attempt = _attempt(test, calibration, inputs, removed, now)
    if current is not None and journal.decision(current.decision_number).idempotency_key == f"link:{attempt}":
        return current
    decision = decisions.record(
        kind=LINK,
        inputs=inputs,
        parameters=_parameters(test, base, calibration, matched_by, removed),
        idempotency_key=f"link:{attempt}",
        supersedes=current.decision_number if current else None,
        org=(test.org_lo, test.org_hi),
        by=by,
        now=now,
    )
    link = _keep(test, base, calibration, matched_by, removed, decision, now)
    tell(1, STEPS, _("Estimating the means of groups and their errors"))
    _draw_up_results(test, calibration, link if link.state == LinkState.GOOD else None, by, now)
    return link


@transaction.atomic
def unlink(*, test_id: int, by: User | None, now: datetime) -> None:
    """Leave the test on a scale of its own; the journal keeps the link's draft."""
    must("assessment.manage")
    test = Test.objects.select_for_update().get(pk=test_id)
    calibration = _calibration_of(test)
    if current_link(test) is None:
        raise WrongState(_("The test is not linked."))
    _supersede(test)
    _draw_up_results(test, calibration, None, by, now)


def relink(test: Test, before: Link | None, by: User | None, now: datetime) -> Link | None:
    """After a new calibration: the link as it was, made anew; None where that can no longer be done."""
    if before is None:
        return None
    items = set(test.items.values_list("code", flat=True))
    kept = {row["item"]: row["because"] for row in before.removed if row["item"] in items}
    try:
        return link_test(
            test_id=test.pk, base_id=before.base_id, matched_by=before.matched_by, removed=kept, by=by, now=now
        )
    except (WrongState, NotGoodEnough):
        return None


def current_link(test: Test) -> Link | None:
    """The link in force, good or refused."""
    return (
        Link.objects.select_related("base__school_year").filter(test=test).exclude(state=LinkState.SUPERSEDED).first()
    )


def _calibration_of(test: Test) -> Calibration:
    if test.state == TestState.PUBLISHED:
        raise WrongState(_("The results of this test are published. Withdraw them before you link anew."))
    calibration = link_sealing.current_of(test)
    if calibration is None:
        raise WrongState(_("The test is not calibrated. Calibrate it first."))
    if calibration.state != CalibrationState.GOOD:
        raise NotGoodEnough(_("The calibration failed a check, so nothing can be linked by it. See the checks."))
    return calibration


def _base_of(base_id: int, test: Test):
    with loading():
        base = Test.objects.filter(pk=base_id).first()
        release = link_sealing.published_of(base) if base else None
    if base is None or base.pk == test.pk or (base.org_lo, base.org_hi) != (test.org_lo, test.org_hi):
        raise WrongState(_("Choose an earlier test of your own territory."))
    if base.subject != test.subject:
        raise WrongState(_("The two tests are of different subjects, so they share no scale."))
    if release is None:
        raise WrongState(_("The earlier test is not published, so it has no scale yet that could be shared."))
    if release.calibration is None:
        raise WrongState(
            _("The earlier results were brought in without their answers, so there is nothing to link to.")
        )
    return release


def _reasons(removed: Mapping[str, str]) -> dict[str, str]:
    found = {item: because.strip()[:300] for item, because in removed.items()}
    if not all(found.values()):
        raise WrongState(_("Say why the item is taken out."))
    return dict(sorted(found.items()))


def _check_anchors(removed: Mapping[str, str], inputs: dict) -> None:
    unknown = sorted(set(removed) - set(inputs["pairs"]["new"]))
    if unknown:
        raise WrongState(_("These are no common items of the two tests: %(items)s.") % {"items": ", ".join(unknown)})


def _parameters(test: Test, base, calibration: Calibration, matched_by: str, removed: dict[str, str]) -> dict:
    shortest = min(calibration.fit["n_items"], base.calibration.fit["n_items"])
    return {
        "test": test.code, "base": base.test.code, "org_lo": test.org_lo, "org_hi": test.org_hi,
        "matched_by": matched_by, "removed": removed, "mean": calibration.fit["mean"], "shortest": shortest,
        "calibration": calibration.decision_number, "base_calibration": base.calibration.decision_number,
        "populations": {
            side: {name: of.fit[name] for name in ("mean", "variance", "n_items")}
            for side, of in (("base", base.calibration), ("new", calibration))
        },
    }  # fmt: skip


def _attempt(test: Test, calibration: Calibration, inputs: dict, removed: dict[str, str], now: datetime) -> str:
    with loading():
        rules = rules_in_force("assessment.link", timezone.localdate(now), test.org_lo, test.org_hi).values()
    parts = [digest_of(frame) for _name, frame in sorted(inputs.items())]
    parts += [digest_of(rules), json.dumps(removed), calibration.decision_number]
    digest = hashlib.sha256("".join(parts).encode()).hexdigest()[:16]
    made = Link.objects.filter(test=test, calibration=calibration)
    for link in made.exclude(state=LinkState.SUPERSEDED):
        if journal.decision(link.decision_number).idempotency_key == f"link:{test.code}:{digest}:{made.count() - 1}":
            return f"{test.code}:{digest}:{made.count() - 1}"
    return f"{test.code}:{digest}:{made.count()}"


def _supersede(test: Test) -> None:
    Link.objects.filter(test=test).exclude(state=LinkState.SUPERSEDED).update(state=LinkState.SUPERSEDED)


def _keep(test: Test, base, calibration: Calibration, matched_by: str, removed: dict, decision, now: datetime) -> Link:
    _supersede(test)
    summary = decision.summary
    is_good = all(check["passed"] or not check["blocking"] for check in summary["checks"])
    numbers = ("slope", "intercept", "error", "slope_se", "intercept_se", "covariance", "n_anchors")
    return Link.objects.create(
        test=test,
        base=base.test,
        calibration=calibration,
        base_calibration=base.calibration,
        org_lo=test.org_lo,
        decision_number=decision.number,
        method=summary["method"],
        matched_by=matched_by,
        removed=[{"item": item, "because": because} for item, because in removed.items()],
        anchors=_anchors(decision, removed),
        state=LinkState.GOOD if is_good else LinkState.REFUSED,
        checks=summary["checks"],
        by_id=current_scope().user_id,
        at=now,
        **{name: summary[name] for name in numbers},
    )


def _anchors(decision, removed: Mapping[str, str]) -> list[dict]:
    if "drift" not in decision.outputs:
        return []
    rows = journal.table(decision, "drift").to_dicts()
    clean = [{k: None if isinstance(v, float) and v != v else v for k, v in row.items()} for row in rows]
    return [row | {"because": removed.get(row["item"], "")} for row in clean]


def _draw_up_results(test: Test, calibration: Calibration, link: Link | None, by: User | None, now: datetime) -> None:
    """The draft that publishing would show, on the scale that the link gives."""
    made = journal.decision(calibration.decision_number)
    with loading():
        inputs = sealing.inputs_of(test)
    results = record_results(
        test,
        inputs=inputs,
        model=dict(made.parameters),
        link=link,
        attempt=f"{calibration.decision_number}:{link.decision_number if link else f'own-{Link.objects.filter(test=test).count()}'}",
        by=by,
        now=now,
    )
    Calibration.objects.filter(pk=calibration.pk).update(results_number=results.number)
