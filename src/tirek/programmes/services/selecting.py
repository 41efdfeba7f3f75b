"""Choosing schools: applications, drafts, trying another rule, publishing, extension."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import loading
from tirek.decisions import queries as journal
from tirek.decisions import services as decisions
from tirek.decisions.rules import rules_in_force
from tirek.programmes.decided.selection import candidates_of, choose, parse_places
from tirek.programmes.kinds import SELECTION
from tirek.programmes.models import (
    Application,
    Participation,
    Programme,
    ProgrammeState,
    Selection,
    SelectionState,
    Stage,
    StageMove,
    StageStep,
)
from tirek.programmes.queries.candidates import candidates
from tirek.programmes.refusals import BadInput, NotThere, WrongState, must
from tirek.programmes.services.programmes import locked
from tirek.storage.sealed import digest_of

CHANGEABLE = (
    "weight_application", "weight_size", "weight_rooms", "weight_result", "size_full", "smallest_school", "largest_school",
    "application_from", "rural_percent", "fewest_per_district", "fill_open_places", "district_places",
)  # fmt: skip


@transaction.atomic
def rate_application(
    *,
    programme_id: int,
    org_no: int,
    points: int,
    received_on: dt.date,
    note: str = "",
    by: User | None,
    now: dt.datetime,
) -> Application:
    """Keep a school's application with the panel's points; a later rating replaces the earlier, whose trace stays."""
    programme = locked(programme_id)
    if not programme.org_lo <= org_no <= programme.org_hi:
        raise BadInput(_("This school lies outside the programme’s territory."), code="outside", field="school")
    if not 0 <= points <= 100:
        raise BadInput(_("An application is rated with 0 to 100 points."), code="points", field="points")
    if received_on > timezone.localdate(now):
        raise BadInput(_("The day lies in the future."), code="future", field="received_on")
    with loading():
        found, _made = Application.objects.update_or_create(
            programme=programme, org_no=org_no, withdrawn_on=None,
            defaults={"points": points, "received_on": received_on, "note": note[:500]},
        )  # fmt: skip
    return found


@transaction.atomic
def draft_selection(
    *, programme_id: int, places: int, districts: Sequence[str], day: dt.date, joins_on: dt.date, by: User | None,
    now: dt.datetime,
) -> Selection:  # fmt: skip
    """Choose under the rules of the day: a draft that a person looks at and publishes. The second round is an extension."""
    programme = locked(programme_id)
    if not 1 <= places <= 10_000:
        raise BadInput(_("A round has 1 to 10,000 places."), code="places", field="places")
    if day > timezone.localdate(now):
        raise BadInput(_("The register of that day is not known yet."), code="future", field="day")
    if joins_on < programme.starts_on or joins_on > programme.ends_on:
        raise BadInput(_("Schools join while the programme runs."), code="joins_on", field="joins_on")
    is_extension = Selection.objects.filter(programme=programme, state=SelectionState.APPLIED).exists()
    parameters = {
        "programme": programme.slug, "places": places, "districts": sorted(districts), "day": day.isoformat(),
        "joins_on": joins_on.isoformat(), "is_extension": is_extension,
    }  # fmt: skip
    with loading():
        inputs = {"candidates": candidates(programme, day=day, districts=sorted(districts), joins_on=joins_on)}
    if inputs["candidates"].is_empty():
        raise WrongState(_("The register knows no school of this territory on that day."), code="no_candidates")
    key = f"selection:{programme.slug}:{digest_of(inputs['candidates'])[:24]}:{digest_of(parameters)[:24]}:{now.isoformat()}"
    decision = decisions.record(
        kind=SELECTION, inputs=inputs, parameters=parameters, org=(programme.org_lo, programme.org_hi), on=day, by=by,
        now=now, idempotency_key=key,
    )  # fmt: skip
    Selection.objects.filter(programme=programme, state=SelectionState.DRAFT).update(state=SelectionState.DISCARDED)
    return Selection.objects.create(
        programme=programme, org_lo=programme.org_lo, org_hi=programme.org_hi, decision_number=decision.number,
        is_extension=is_extension, places=places, districts=sorted(districts), day=day, joins_on=joins_on,
        by_id=by.pk if by else None, at=now,
    )  # fmt: skip


@transaction.atomic
def publish_selection(*, programme_id: int, number: str, by: User | None, now: dt.datetime) -> int:
    """Publish a draft and take its schools in. Returns how many joined; done twice, it changes nothing."""
    programme = locked(programme_id)
    selection = Selection.objects.select_for_update().filter(programme=programme, decision_number=number).first()
    if selection is None:
        raise NotThere(_("There is no such choice of schools."))
    if selection.state == SelectionState.APPLIED:
        return 0
    if selection.state == SelectionState.DISCARDED:
        raise WrongState(_("A later draft has taken the place of this one. Look at the list of rounds."))
    if journal.decision(number).state != "published":
        must("decisions.publish")
        decisions.publish(number, by=by, now=now)
    joined = _take_in(programme, selection, by, now)
    selection.state, selection.applied_at = SelectionState.APPLIED, now
    selection.save(update_fields=["state", "applied_at"])
    if programme.state == ProgrammeState.PREPARED and selection.joins_on <= timezone.localdate(now):
        programme.state = ProgrammeState.RUNNING
        programme.save(update_fields=["state"])
    return joined


def _take_in(programme: Programme, selection: Selection, by: User | None, now: dt.datetime) -> int:
    first = Stage.objects.filter(programme=programme).order_by("position").first()
    outcomes = journal.outcome_rows(journal.table(journal.decision(selection.decision_number), "outcomes"))
    chosen = [row["org_no"] for row in outcomes if row["result"]["admitted"]]
    with loading():
        inside = Participation.objects.filter(programme=programme, org_no__in=chosen, valid__upper_inf=True)
        new = sorted(set(chosen) - set(inside.values_list("org_no", flat=True)))
        rows = Participation.objects.bulk_create(
            Participation(
                programme=programme, org_no=org_no, valid=(selection.joins_on, None),
                decision_number=selection.decision_number, stage=first, stage_since=selection.joins_on,
            )
            for org_no in new
        )  # fmt: skip
        StageStep.objects.bulk_create(
            StageStep(
                participation=row, stage=first, org_no=row.org_no, kind=StageMove.JOINED, by_id=by.pk if by else None,
                by_name=str(by or ""), at=now, note=selection.decision_number,
            )
            for row in rows
        )  # fmt: skip
    return len(rows)


@transaction.atomic
def discard_selection(*, programme_id: int, number: str, because: str, by: User | None, now: dt.datetime) -> None:
    """Give a draft up; its decision is withdrawn and stays readable."""
    programme = locked(programme_id)
    selection = Selection.objects.select_for_update().filter(programme=programme, decision_number=number).first()
    if selection is None or selection.state != SelectionState.DRAFT:
        raise WrongState(_("Only a draft can be given up."))
    must("decisions.publish")
    if not because.strip():
        raise BadInput(_("Say why the draft is given up."), field="because")
    decisions.withdraw(number, by=by, now=now, because=because)
    selection.state = SelectionState.DISCARDED
    selection.save(update_fields=["state"])


@dataclass(frozen=True)
class Trial:
    """What another rule would choose: nothing of it is kept."""

    reasons: Mapping[str, tuple[str, bool, Mapping[str, int]]]
    admitted: int
    rural: int
    rural_wanted: int
    joining: tuple[str, ...]
    leaving: tuple[str, ...]
    values: Mapping[str, Any]


def try_rule(*, programme_id: int, number: str, changes: Mapping[str, Any]) -> Trial:
    """Choose among the sealed candidates of a draft under other values, and say who would come in and go out."""
    programme = locked(programme_id)
    selection = Selection.objects.filter(programme=programme, decision_number=number).first()
    if selection is None:
        raise NotThere(_("There is no such choice of schools."))
    decision = journal.decision(number)
    frame = journal.table(decision, "candidates")
    with loading():
        values = rules_in_force(SELECTION, selection.day, programme.org_lo, programme.org_hi).values()
    values = values | {name: value for name, value in changes.items() if name in CHANGEABLE and value is not None}
    parse_places(str(values["district_places"]))
    out = choose(candidates_of(frame), values, decision.parameters)
    before = {
        row["subject"] for row in journal.outcome_rows(journal.table(decision, "outcomes")) if row["result"]["admitted"]
    }
    after = {one.code for one in out.chosen if one.admitted}
    return Trial(
        {one.code: (one.reason, one.admitted, one.numbers) for one in out.chosen}, out.admitted, out.rural,
        out.rural_wanted, tuple(sorted(after - before)), tuple(sorted(before - after)), values,
    )  # fmt: skip
