"""Close a walk: nothing undecided in it, the register told, the index drafted."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import Count
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tirek.access.models import User
from tirek.access.roles import Role
from tirek.access.scope import current_scope, loading
from tirek.facilities.models import Finding, Proposal, ProposalKind, Walk
from tirek.facilities.refusals import Incomplete, NotFound, WrongState, must
from tirek.facilities.services.asking import ask_school
from tirek.facilities.services.indexing import draft_index
from tirek.registry.services.rooms import record_condition


@transaction.atomic
def close_walk(*, walk_id: int, note: str = "", by: User | None, now: dt.datetime) -> Walk:
    """Close a walk. Differences from the register become proposals; the index of the institution is drafted anew.

    Raises
    ------
    Incomplete
        Two findings of a room still wait for a person to decide, or nothing was found.
    """
    walk = _locked(walk_id)
    must("rooms.walk", walk.org_no)
    if walk.closed_at is not None:
        raise WrongState(_("This walk is closed already."))
    with loading():
        _check_whole(walk)
        heads = list(Finding.objects.filter(walk=walk, is_current=True).select_related("room"))
        today = timezone.localdate(now)
        walk.closed_at, walk.closed_by_id, walk.closed_by_name = now, by and by.pk, str(by or "")
        walk.day = min(max(timezone.localdate(head.taken_at) for head in heads), today)
        walk.note = note.strip()
        walk.save()
        for head in heads:
            if head.room_id and not head.is_absent and not _seen_later(head):
                day = timezone.localdate(head.taken_at)
                record_condition(room_id=head.room_id, condition=head.condition, seen_on=day)
        proposals = _propose(walk, heads)
    decision = draft_index(org_lo=walk.org_no, org_hi=walk.org_no, day=today, by=by, now=now)
    with loading():
        Walk.objects.filter(pk=walk.pk).update(decision_number=decision.number)
    walk.decision_number = decision.number
    if proposals:
        link = reverse("facilities:walk", args=[walk.institution.code, walk.pk])
        ask_school(
            "facilities.proposals", walk.org_no, f"walk:{walk.pk}", {"n": len(proposals), "link": link},
            roles=[Role.SCHOOL_HEAD, Role.KINDERGARTEN_DIRECTOR, Role.COLLEGE_DIRECTOR], by=by, now=now,
        )  # fmt: skip
    return walk


def _locked(walk_id: int) -> Walk:
    with loading():
        walk = Walk.objects.select_for_update(of=("self",)).select_related("institution").filter(pk=walk_id).first()
    if walk is None or not (current_scope().covers(walk.org_no) or current_scope().database_role == "tirek_loader"):
        raise NotFound(_("There is no such walk."))
    return walk


def _check_whole(walk: Walk) -> None:
    heads = Finding.objects.filter(walk=walk, is_current=True)
    if not heads.exists():
        raise Incomplete(_("Nothing was found in this walk yet. Look at a room first."), code="empty_walk")
    twice = heads.values("place").annotate(n=Count("id")).filter(n__gt=1).count()
    if twice:
        words = ngettext(
            "Two phones say different things of %(n)s room. Decide which is right, then close the walk.",
            "Two phones say different things of %(n)s rooms. Decide which is right, then close the walk.",
            twice,
        )
        raise Incomplete(words % {"n": twice}, code="conflicts")


def _seen_later(head: Finding) -> bool:
    """A later look in a walk that was closed before this one stands."""
    later = Finding.objects.filter(
        room_id=head.room_id, is_current=True, walk__closed_at__isnull=False, taken_at__gt=head.taken_at
    )
    return later.exclude(walk_id=head.walk_id).exists()


def _propose(walk: Walk, heads: list[Finding]) -> list[Proposal]:
    made = []
    for head in heads:
        kind = ProposalKind.NEW if head.room_id is None else ProposalKind.ABSENT if head.is_absent else None
        if kind is None or (head.room_id is None and head.is_absent):
            continue
        made.append(Proposal(finding=head, walk=walk, org_no=walk.org_no, kind=kind, room=head.room))
    return Proposal.objects.bulk_create(made)
