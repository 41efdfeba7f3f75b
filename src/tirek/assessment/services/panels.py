"""Panels on standards: open one, take judgements round by round, close it with a decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import polars as pl
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import loading
from tirek.assessment.decided import sealing
from tirek.assessment.decided.standards import sealed_scale
from tirek.assessment.kinds_standards import STANDARDS
from tirek.assessment.models import (
    Calibration,
    CalibrationState,
    Item,
    LevelShare,
    Panel,
    PanelMethod,
    PanelRating,
    PanelState,
    Release,
    ReleaseState,
    Test,
)
from tirek.assessment.refusals import WrongState, must
from tirek.assessment.reports import data
from tirek.assessment.services import stale
from tirek.assessment.services.groups import SUPPRESSED, ranges_of
from tirek.decisions import queries as journal
from tirek.decisions import services as decisions
from tirek.decisions.rules import rules_in_force

FEWEST_LEVELS, MOST_LEVELS = 2, 6
RULES = ("calibration", "publication", "scale")


def calibration_for(test: Test) -> Calibration:
    """The calibration whose scale the panel works on."""
    found = Calibration.objects.filter(test=test, state=CalibrationState.GOOD).first()
    if found is None or not found.results_number:
        raise WrongState(_("The test has no calibration that may be used. Calibrate it first."))
    return found


@transaction.atomic
def open_panel(
    *, test_id: int, method: str, levels: Sequence[Mapping[str, str]], response_probability: float, by: User | None,
    now: datetime,
) -> Panel:  # fmt: skip
    """A panel at work on a test; there is at most one at a time."""
    must("assessment.manage")
    if method not in (PanelMethod.BOOKMARK, PanelMethod.ANGOFF):
        raise WrongState(_("A panel works by bookmark or by Angoff."))
    test = Test.objects.select_for_update().get(pk=test_id)
    calibration_for(test)
    if not FEWEST_LEVELS <= len(levels) <= MOST_LEVELS:
        raise WrongState(_("A test has two to six levels."))
    if Panel.objects.filter(test=test, state=PanelState.OPEN).exists():
        raise WrongState(_("A panel is at work on this test already. Close it or give it up first."))
    return Panel.objects.create(
        test=test,
        org_lo=test.org_lo,
        method=method,
        levels=[dict(level) for level in levels],
        response_probability=response_probability,
        by_id=by.pk if by else None,
        at=now,
    )


@transaction.atomic
def judge(*, panel_id: int, panellist: str, values: Mapping[tuple[int, str], float]) -> None:
    """One panellist's judgements of the round that is running: (cut, item's code or "") -> value. Entered anew, replaced."""
    must("assessment.manage")
    panel = _open(panel_id)
    label = panellist.strip()
    if not label:
        raise WrongState(_("Give the panellist a label, such as P1."))
    items = dict(Item.objects.filter(test=panel.test).values_list("code", "pk"))
    own = PanelRating.objects.filter(panel=panel, panellist=label, round=panel.round)
    own.delete()
    PanelRating.objects.bulk_create(
        PanelRating(
            panel=panel, org_lo=panel.org_lo, panellist=label, round=panel.round, cut=cut,
            item_id=items[code] if code else None, value=value,
        )
        for (cut, code), value in sorted(values.items())
    )  # fmt: skip


@transaction.atomic
def leave_out(*, panel_id: int, panellist: str) -> None:
    """Take all judgements of a panellist out, of every round."""
    must("assessment.manage")
    panel = _open(panel_id)
    PanelRating.objects.filter(panel=panel, panellist=panellist).delete()


@transaction.atomic
def next_round(*, panel_id: int) -> Panel:
    """Go on to the next round once somebody has judged in this one."""
    must("assessment.manage")
    panel = _open(panel_id)
    if not PanelRating.objects.filter(panel=panel, round=panel.round).exists():
        raise WrongState(_("Nobody has judged in this round yet."))
    panel.round += 1
    panel.save(update_fields=["round"])
    return panel


@transaction.atomic
def give_up(*, panel_id: int, now: datetime) -> None:
    """Close a panel without cut scores."""
    must("assessment.manage")
    panel = _open(panel_id)
    panel.state, panel.closed_at = PanelState.DISCARDED, now
    panel.save(update_fields=["state", "closed_at"])


@transaction.atomic
def close_panel(*, panel_id: int, by: User | None, now: datetime) -> Panel:
    """Set the cut scores of the last round by a decision, and keep the shares of groups that reach each level."""
    must("figures.publish")
    panel = _open(panel_id)
    test = panel.test
    calibration = calibration_for(test)
    before = _in_force(test)
    results = journal.decision(calibration.results_number)
    decision = decisions.record(
        kind=STANDARDS,
        inputs=_inputs(panel, calibration, results, now),
        parameters=_parameters(panel, calibration, results) | {"panel": panel.pk},
        org=(test.org_lo, test.org_hi),
        by=by,
        now=now,
        supersedes=_still_standing(before),
        idempotency_key=f"standards:{panel.pk}",
    )  # fmt: skip
    _put_in_force(panel, decision, before, by, now)
    for release in _standing_on(test):
        carry_over(release, by=by, now=now)
    return panel


def carry_over(release: Release, *, by: User | None, now: datetime) -> Panel | None:
    """Levels set on the base of a linked test hold on it too: their cuts are brought over the link, by a decision.

    None where the base has no levels, or where the test has a panel of its own. Its error holds that of the link.
    """
    with loading():
        origin = _in_force(release.link.base) if release.link else None
        own = _in_force(release.test)
        if origin is None or release.calibration is None or (own is not None and own.carried_from_id is None):
            return None
        calibration = release.calibration
        results = journal.decision(release.decision_number)
        cuts = pl.DataFrame([{"cut": k, **cut} for k, cut in enumerate(origin.cuts, start=1)])
        panel = Panel(
            test=release.test, org_lo=release.org_lo, method=PanelMethod.CARRIED, carried_from=origin, levels=origin.levels,
            response_probability=origin.response_probability, round=origin.round, by_id=by.pk if by else None, at=now,
        )  # fmt: skip
        inputs = _sealed_results(panel, calibration, results, now) | {
            "cuts": cuts, "link": journal.table(results, "link"),
        }  # fmt: skip
    decision = decisions.record(
        kind=STANDARDS,
        inputs=inputs,
        parameters=_parameters(panel, calibration, results)
        | {"carried_from": origin.decision_number, "base": origin.test.code, "link": release.link.decision_number},
        org=(release.test.org_lo, release.test.org_hi),
        by=by,
        now=now,
        supersedes=_still_standing(own),
        idempotency_key=f"standards:{release.decision_number}:{origin.decision_number}",
    )
    panel.save()
    _put_in_force(panel, decision, own, by, now)
    return panel


def _in_force(test: Test) -> Panel | None:
    """The panel whose levels hold."""
    found = Panel.objects.filter(test=test, state=PanelState.CLOSED).exclude(decision_number="")
    return found.select_related("test").order_by("-closed_at").first()


def _standing_on(base: Test) -> list[Release]:
    """Published results on the scale of a test."""
    found = Release.objects.filter(link__base=base, state=ReleaseState.PUBLISHED)
    return list(found.select_related("test", "calibration", "link__base"))


def _put_in_force(panel: Panel, decision, before: Panel | None, by: User | None, now: datetime) -> None:
    """Publish the decision; the levels before it are replaced, and printed reports that tell them are revoked."""
    decision = decisions.publish(decision.number, by=by, now=now)
    panel.decision_number, panel.state, panel.closed_at = decision.number, PanelState.CLOSED, now
    with loading():
        panel.cuts = _keep(panel, panel.test, decision)
    panel.save(update_fields=["decision_number", "state", "closed_at", "cuts"])
    if before is not None:
        Panel.objects.filter(pk=before.pk).update(state=PanelState.SUPERSEDED)
    release = Release.objects.filter(test=panel.test, state=ReleaseState.PUBLISHED).select_related("test").first()
    if release is not None and before is not None:
        because = stale.levels_set_anew(release, decision.number)
        stale.revoke_reports(release, because=because, by=by, now=now, levels_only=True)


def _still_standing(before: Panel | None) -> str | None:
    if before is None or not before.decision_number:
        return None
    return before.decision_number if journal.decision(before.decision_number).state == "published" else None


def _open(panel_id: int) -> Panel:
    panel = Panel.objects.select_for_update(of=("self",)).select_related("test").filter(pk=panel_id).first()
    if panel is None or panel.state != PanelState.OPEN:
        raise WrongState(_("This panel is closed."))
    return panel


def _parameters(panel: Panel, calibration: Calibration, results) -> dict:
    return dict(results.parameters) | {
        "test": panel.test.code, "method": panel.method, "cuts": len(panel.levels) - 1, "levels": panel.levels,
        "response_probability": panel.response_probability, "calibration": calibration.decision_number,
        "results": results.number,
    }  # fmt: skip


def _inputs(panel: Panel, calibration: Calibration, results, now: datetime) -> dict:
    """The sealed inputs of the results themselves, with the judgements and the items beside them."""
    return _sealed_results(panel, calibration, results, now) | {"ratings": ratings_frame(panel)}


def _sealed_results(panel: Panel, calibration: Calibration, results, now: datetime) -> dict:
    test, day = panel.test, timezone.localdate(now)
    with loading():
        rules = {
            f"{name}_rules": rules_in_force(f"assessment.{name}", day, test.org_lo, test.org_hi).sealable()
            for name in RULES
        }
        answers = {name: journal.table(results, name) for name in sealing.RESULT_INPUTS}
        scale = sealed_scale(data.scaled_items(calibration).items)
    return answers | rules | {"scale": scale}


def ratings_frame(panel: Panel) -> pl.DataFrame:
    """All judgements, sorted; item "" is a bookmark."""
    found = PanelRating.objects.filter(panel=panel).order_by("panellist", "round", "cut", "item__code")
    rows = [
        (p, r, c, item or "", v)
        for p, r, c, item, v in found.values_list("panellist", "round", "cut", "item__code", "value")
    ]
    schema = {"panellist": pl.String, "round": pl.Int64, "cut": pl.Int64, "item": pl.String, "value": pl.Float64}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    if frame.is_empty():
        raise WrongState(_("Nobody has judged yet."))
    return frame


def _keep(panel: Panel, test: Test, decision) -> list[dict]:
    """Cuts for the panel; shares as rows of their own."""
    places, cuts, made = ranges_of(test), [], []
    for row in journal.outcome_rows(journal.table(decision, "outcomes")):
        found = row["numbers"]
        if row["subject_kind"] == "cut":
            cuts.append({"logits": found["cut"], "error": found["error"], "measured": found["measured"]})
            continue
        code, _slash, cut = row["subject"].rpartition("/")
        lo, hi = places.get(code, (test.org_lo, test.org_hi))
        why = SUPPRESSED[-1 if row["reason"] == "nobody" else row["result"]["hidden"]]
        numbers = {name: None if found[name] is None else found[name] / 100 for name in ("share", "se", "low", "high")}
        made.append(
            LevelShare(panel=panel, org_lo=lo, org_hi=hi, dimension=row["subject_kind"].removeprefix("share_"), code=code,
                       cut=int(cut), suppressed=why, **numbers)
        )  # fmt: skip
    LevelShare.objects.bulk_create(made)
    return cuts
