"""A school leaves a programme, or becomes a part of another school: what becomes of what it has begun."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import loading
from tirek.programmes.models import (
    WAITING,
    LeftBecause,
    Need,
    NeedMove,
    NeedState,
    NeedStep,
    Participation,
    StageMove,
    StageStep,
)
from tirek.programmes.queries import programmes as queries
from tirek.programmes.refusals import BadInput, NotThere, WrongState, must
from tirek.programmes.services.programmes import locked

NEEDS_LAPSE, NEEDS_STAY = "lapse", "stay"


@transaction.atomic
def leave(
    *, participation_id: int, on: dt.date, because: str, note: str, needs: str = NEEDS_LAPSE, by: User | None,
    now: dt.datetime,
) -> Participation:  # fmt: skip
    """End a school's time in the programme.

    ``needs``: its open needs lapse, or stay with the school. Works and courses that are begun are finished in either case:
    they belong to the school, and a need that something answers already stays open until it is met.
    """
    p = _present(participation_id)
    must("programmes.manage", p.org_no)
    if because not in LeftBecause.values or because == LeftBecause.MERGED:
        raise BadInput(_("Say why the school leaves. Mergers are followed from the register."), field="because")
    if not note.strip():
        raise BadInput(_("Write in a sentence how it came about."), field="note")
    if on < p.valid.lower or on > timezone.localdate(now) + dt.timedelta(days=366):
        raise BadInput(_("The day lies before the school joined, or more than a year ahead."), field="on")
    with loading():
        _end(p, on, because, note, by, now)
        if needs == NEEDS_LAPSE:
            _lapse(p, by, now)
    return p


def _present(participation_id: int) -> Participation:
    found = Participation.objects.select_for_update(of=("self",)).select_related("stage", "programme")
    p = found.filter(pk=participation_id).first()
    if p is None:
        raise NotThere(_("There is no such school in the programme."))
    if p.valid.upper is not None:
        raise WrongState(_("The school has left the programme already."))
    return p


def _end(p: Participation, on: dt.date, because: str, note: str, by: User | None, now: dt.datetime) -> None:
    first = p.valid.lower
    p.valid = (first, max(on, first + dt.timedelta(days=1)))
    p.left_because, p.left_note = because, note.strip()[:500]
    p.save(update_fields=["valid", "left_because", "left_note"])
    StageStep.objects.create(
        participation=p, stage=p.stage, org_no=p.org_no, kind=StageMove.LEFT, note=note.strip()[:500],
        by_id=by.pk if by else None, by_name=str(by or ""), at=now,
    )  # fmt: skip


def _lapse(p: Participation, by: User | None, now: dt.datetime) -> int:
    open_needs = Need.objects.select_for_update(of=("self",)).filter(
        programme=p.programme_id, org_no=p.org_no, state__in=WAITING
    )
    lapsed = [need for need in open_needs if not need.links.exists()]
    for need in lapsed:
        need.state = NeedState.LAPSED
        need.save(update_fields=["state"])
    NeedStep.objects.bulk_create(_step(n, NeedMove.LAPSED, p.get_left_because_display(), by, now) for n in lapsed)
    return len(lapsed)


def _step(need: Need, kind: str, note: str, by: User | None, now: dt.datetime) -> NeedStep:
    return NeedStep(
        need=need,
        org_no=need.org_no,
        kind=kind,
        note=note[:500],
        by_id=by.pk if by else None,
        by_name=str(by or ""),
        at=now,
    )


@transaction.atomic
def follow_mergers(*, programme_id: int, by: User | None, now: dt.datetime) -> int:
    """Follow the register: a school that became a part of another goes on there, with its stage and its open needs.

    Returns how many schools were followed. Where the other school takes part itself, only the needs go over.
    """
    programme = locked(programme_id)
    followed = 0
    with loading():
        while True:  # a chain of mergers is followed to its end
            present = {p.org_no: p for p in queries.participations(programme).filter(valid__upper_inf=True)}
            found = [
                m
                for m in queries.mergers(present, timezone.localdate(now))
                if m.date >= present[m.before.org_no].valid.lower
            ]
            if not found:
                return followed
            merger = found[0]
            _follow(present[merger.before.org_no], merger, present.get(merger.after.org_no), by, now)
            followed += 1


def _follow(p: Participation, merger, other: Participation | None, by: User | None, now: dt.datetime) -> None:
    words = _("%(code)s, by the register on %(day)s") % {"code": merger.after.code, "day": merger.date.isoformat()}
    _end(p, merger.date, LeftBecause.MERGED, words, by, now)
    if other is None:
        other = Participation.objects.create(
            programme=p.programme, org_no=merger.after.org_no, valid=(p.valid[1], None),
            decision_number=p.decision_number, stage=p.stage, stage_since=p.stage_since, continues=p,
        )  # fmt: skip
        StageStep.objects.create(
            participation=other, stage=p.stage, org_no=other.org_no, kind=StageMove.JOINED,
            note=_("Goes on for %(code)s") % {"code": merger.before.code}, by_id=by.pk if by else None,
            by_name=str(by or ""), at=now,
        )  # fmt: skip
    _carry_needs(p, other, merger.before.code, by, now)


def _carry_needs(p: Participation, other: Participation, code: str, by: User | None, now: dt.datetime) -> None:
    """Open needs become the other school's; one that it has already takes the carried one in."""
    theirs = {n.subject: n for n in Need.objects.filter(org_no=other.org_no, state__in=WAITING)}
    for need in (
        Need.objects.select_for_update(of=("self",)).filter(org_no=p.org_no, state__in=WAITING).order_by("number")
    ):
        twin = theirs.get(need.subject)
        if twin is not None:
            need.state, need.merged_into = NeedState.MERGED, twin
            need.save(update_fields=["state", "merged_into"])
            _step(need, NeedMove.MERGED, twin.code, by, now).save(force_insert=True)
            continue
        need.org_no, need.rank = other.org_no, None
        need.save(update_fields=["org_no", "rank"])
        need.links.update(org_no=other.org_no)
        _step(need, NeedMove.CARRIED, code, by, now).save(force_insert=True)
