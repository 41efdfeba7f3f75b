"""Mergers and splits: rooms go on in another institution with their inventory and open works; the history stays.

The register ends the rooms of an institution that is merged. Here each goes on in the institution that takes over, on the
same day. What is accepted, sealed or signed stays with the institution that it was true of.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pgtrigger
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import loading
from tirek.facilities.models import (
    Acceptance,
    CarriedRoom,
    Document,
    InventoryItem,
    Photograph,
    Proposal,
    ProposalState,
    Walk,
    Work,
    WorkItem,
    WorkStep,
    WriteOff,
)
from tirek.facilities.queries import carried as queries
from tirek.facilities.queries.works import OPEN
from tirek.facilities.refusals import NotFound, WrongState, must
from tirek.facilities.services.works import tell_school
from tirek.registry.models import Institution, Room, Succession
from tirek.registry.services.handing_over import hand_over
from tirek.registry.services.rooms import record_condition


def follow_successions(*, by: User | None, now: dt.datetime) -> int:
    """Let the rooms of institutions that were merged or renewed go on. Returns how many rooms went. Done twice, it is once."""
    count = 0
    for step in queries.not_followed(timezone.localdate(now)):
        with transaction.atomic(), loading():
            Institution.objects.select_for_update().get(pk=step.before_id)
            count += _follow(step, by, now)
    return count


def _follow(step: Succession, by: User | None, now: dt.datetime) -> int:
    pairs = hand_over(list(queries.rooms_left(step)), step.after, step.date)
    _carry(pairs, step.date, by, now)
    for walk in Walk.objects.select_for_update().filter(institution=step.before, closed_at=None):
        _break_off(walk, step, now)
    Proposal.objects.filter(org_no=step.before.org_no, state=ProposalState.OPEN).update(
        state=ProposalState.REJECTED, decided_at=now, note=_words(step.before, step.after, step.date)[:500]
    )
    return len(pairs)


@transaction.atomic
def hand_rooms_over(*, from_id: int, to_id: int, room_ids: Sequence[int], by: User | None, now: dt.datetime) -> int:
    """After a split: rooms that the institution that was split off uses from today on."""
    with loading():
        before = Institution.objects.select_for_update().filter(pk=from_id).first()
        step = (
            next((one for one in queries.taken_from(before, timezone.localdate(now)) if one.after_id == to_id), None)
            if before
            else None
        )
    if before is None or step is None:
        raise NotFound(_("Nothing was split off from this institution. Record the split in the register first."))
    must("works.manage", before.org_no, step.after.org_no)
    today = timezone.localdate(now)
    with loading():
        rooms = list(
            Room.objects.select_for_update(of=("self",)).select_related("building")
            .filter(pk__in=set(room_ids), institution=before, valid__upper_inf=True, valid__startswith__lt=today)
        )  # fmt: skip
        if not rooms or len(rooms) != len(set(room_ids)):
            raise WrongState(_("Somebody has changed these rooms. Load the page again."))
        _carry(hand_over(rooms, step.after, today), today, by, now)
    return len(rooms)


def _carry(pairs: Sequence[tuple[Room, Room]], day: dt.date, by: User | None, now: dt.datetime) -> None:
    for before, after in pairs:
        CarriedRoom.objects.create(
            before=before, after=after, org_no=after.org_no, from_org_no=before.org_no, day=day, at=now,
            by_id=by and by.pk, by_name=str(by or ""),
        )  # fmt: skip
        items = InventoryItem.objects.filter(room=before)
        with pgtrigger.ignore("facilities.WriteOff:append_only"):  # what is said stays; who may read it changes
            WriteOff.objects.filter(item__in=items).update(org_no=after.org_no)
        items.update(room=after, org_no=after.org_no)
        for work in Work.objects.select_for_update(of=("self",)).select_related("room", "institution").filter(
            room=before, state__in=OPEN
        ):  # fmt: skip
            _carry_work(work, after, day, by, now)


def _carry_work(work: Work, room: Room, day: dt.date, by: User | None, now: dt.datetime) -> None:
    """An open work goes on with its papers. Who had accepted it did so for the institution before: it is accepted anew."""
    words = _words(work.institution, room.institution, day)
    work.room, work.institution, work.org_no, work.round = room, room.institution, room.org_no, work.round + 1
    work.save()
    with pgtrigger.ignore(
        "facilities.WorkStep:append_only", "facilities.Document:append_only", "facilities.Acceptance:append_only"
    ):
        WorkStep.objects.filter(work=work).update(org_no=room.org_no)
        Document.objects.filter(step__work=work).update(org_no=room.org_no)
        Acceptance.objects.filter(work=work).update(org_no=room.org_no)
    WorkItem.objects.filter(work=work).update(org_no=room.org_no)
    Photograph.objects.filter(work=work).update(org_no=room.org_no, room=room)
    WorkStep.objects.create(
        work=work, org_no=work.org_no, state=work.state, day=max(day, work.state_since), at=now, by_id=by and by.pk,
        by_name=str(by or ""), note=words,
    )  # fmt: skip
    tell_school(work, by, now, new_asking=True)


def _break_off(walk: Walk, step: Succession, now: dt.datetime) -> None:
    """A walk under way ends with its institution. What it found of rooms, undisputed, is known of them from now on."""
    heads: dict[str, list] = {}
    for head in walk.findings.filter(is_current=True, room__isnull=False):
        heads.setdefault(head.place, []).append(head)
    for found in heads.values():
        if len(found) == 1 and not found[0].is_absent:
            seen = timezone.localdate(found[0].taken_at)
            record_condition(room_id=queries.room_now(found[0].room_id), condition=found[0].condition, seen_on=seen)
    walk.closed_at, walk.day = now, step.date
    walk.note = "\n".join(part for part in (walk.note, _words(step.before, step.after, step.date)) if part)
    walk.save()


def _words(before: Institution, after: Institution, day: dt.date) -> str:
    return _("%(before)s goes on in %(after)s by the register from %(day)s.") % {
        "before": before.code, "after": after.code, "day": day.isoformat(),
    }  # fmt: skip
