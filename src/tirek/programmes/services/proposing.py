"""Proposing needs from the findings of a diagnosis: draft, publish, give up."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import loading
from tirek.decisions import queries as journal
from tirek.decisions import services as decisions
from tirek.programmes.kinds import NEEDS
from tirek.programmes.models import WAITING, Need, NeedMove, NeedsRun, NeedStep, Programme
from tirek.programmes.queries import findings as queries
from tirek.programmes.refusals import BadInput, NotThere, WrongState, must
from tirek.programmes.services.programmes import locked

NUMBERING = 4_717_001  # advisory lock: needs are numbered one after the other


@transaction.atomic
def draft_needs(*, programme_id: int, day: dt.date | None = None, by: User | None, now: dt.datetime) -> NeedsRun:
    """Run the rules over all schools of the programme: a draft whose every outcome is explained."""
    programme = locked(programme_id)
    on = day or timezone.localdate(now)
    if on > timezone.localdate(now):
        raise BadInput(_("What is found on that day is not known yet."), field="day")
    with loading():
        org_nos = queries.schools_of(programme, on)
        inputs = queries.findings(org_nos, on) | {"standing": queries.standing(org_nos, on)}
    if not org_nos:
        raise WrongState(_("No school takes part on that day. Choose the schools first."), code="no_schools")
    if all(inputs[name].is_empty() for name in ("rooms", "scales", "results")):
        raise WrongState(
            _("Nothing is found yet: no room is walked, no questionnaire closed, no result published."),
            code="no_findings",
        )
    decision = decisions.record(
        kind=NEEDS, inputs=inputs, parameters={"programme": programme.slug, "day": on.isoformat()},
        org=(programme.org_lo, programme.org_hi), on=on, by=by, now=now,
    )  # fmt: skip
    NeedsRun.objects.filter(programme=programme, state="draft").update(state="discarded")
    return NeedsRun.objects.create(
        programme=programme, org_lo=programme.org_lo, org_hi=programme.org_hi, decision_number=decision.number, day=on,
        by_id=by.pk if by else None, at=now,
    )  # fmt: skip


@transaction.atomic
def publish_needs(*, programme_id: int, number: str, by: User | None, now: dt.datetime) -> int:
    """Publish a draft: each proposal becomes a need. Returns how many; done twice, it changes nothing."""
    programme = locked(programme_id)
    run = NeedsRun.objects.select_for_update().filter(programme=programme, decision_number=number).first()
    if run is None:
        raise NotThere(_("There is no such proposal."))
    if run.state == "applied":
        return 0
    if run.state == "discarded":
        raise WrongState(_("A later draft has taken the place of this one."))
    if journal.decision(number).state != "published":
        must("decisions.publish")
        decisions.publish(number, by=by, now=now)
    with loading():
        made = _make_needs(programme, number, by, now)
    run.state, run.applied_at = "applied", now
    run.save(update_fields=["state", "applied_at"])
    return made


def _make_needs(programme: Programme, number: str, by: User | None, now: dt.datetime) -> int:
    rows = journal.outcome_rows(journal.table(journal.decision(number), "outcomes"))
    proposed = [row for row in rows if row["result"]["proposed"]]
    waiting = set(Need.objects.filter(state__in=WAITING).values_list("org_no", "subject"))
    new = [row for row in proposed if (row["org_no"], row["result"]["about"]) not in waiting]
    new.sort(key=lambda row: (row["org_no"], row["subject_kind"], row["subject"]))
    following = next_number()
    today = timezone.localdate(now)
    needs = Need.objects.bulk_create(
        _need(programme, row, following + place, number, today) for place, row in enumerate(new)
    )
    NeedStep.objects.bulk_create(new_step(need, NeedMove.PROPOSED, by, now, note=number) for need in needs)
    return len(needs)


def _need(programme: Programme, row: dict[str, Any], need_number: int, decision: str, today: dt.date) -> Need:
    result, numbers = row["result"], {name: value for name, value in row["numbers"].items() if value is not None}
    found = {
        "kind": row["subject_kind"], "ref": row["subject"], "decision": result.get("source") or "", "reason": row["reason"],
        "numbers": numbers, "proposed_by": decision,
    }  # fmt: skip
    return Need(
        number=need_number, programme=programme, org_no=row["org_no"], kind=result["need_kind"], subject=result["about"],
        topic=result["topic"] or "", room_id=result["room_id"], reason=row["reason"], numbers=numbers, evidence=[found],
        decision_number=decision, made_on=today,
    )  # fmt: skip


def next_number() -> int:
    """The next number of a need; held until the transaction ends, so that no two get one."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s)", [NUMBERING])
    return (Need.objects.aggregate(n=Max("number"))["n"] or 0) + 1


def new_step(need: Need, kind: str, by: User | None, now: dt.datetime, note: str = "", **numbers: int) -> NeedStep:
    return NeedStep(
        need=need, org_no=need.org_no, kind=kind, note=note[:500], numbers=numbers, by_id=by.pk if by else None,
        by_name=str(by or ""), at=now,
    )  # fmt: skip


@transaction.atomic
def discard_needs(*, programme_id: int, number: str, because: str, by: User | None, now: dt.datetime) -> None:
    """Give a draft up; its decision is withdrawn and stays readable."""
    programme = locked(programme_id)
    run = NeedsRun.objects.select_for_update().filter(programme=programme, decision_number=number).first()
    if run is None or run.state != "draft":
        raise WrongState(_("Only a draft can be given up."))
    must("decisions.publish")
    decisions.withdraw(number, by=by, now=now, because=because)
    run.state = "discarded"
    run.save(update_fields=["state"])
