"""What people make of needs: write, accept, reject, reopen, merge, rank, call met."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import loading
from tirek.programmes.models import WAITING, Need, NeedKind, NeedMove, NeedState
from tirek.programmes.refusals import BadInput, NotThere, WrongState, must
from tirek.programmes.services.proposing import new_step, next_number
from tirek.registry.models import Room

RIGHT = "needs.decide"


@transaction.atomic
def write_need(
    *, programme_id: int | None, org_no: int, kind: str, title: str, topic: str = "", room_id: int | None = None,
    by: User | None, now: dt.datetime,
) -> Need:  # fmt: skip
    """Write down a need that no rule has proposed."""
    must(RIGHT, org_no)
    if kind not in NeedKind.values:
        raise BadInput(_("Say which kind of need it is."), field="kind")
    if not title.strip():
        raise BadInput(_("Say in a sentence what is needed."), field="title")
    if room_id is not None and not Room.objects.filter(pk=room_id, org_no=org_no, valid__upper_inf=True).exists():
        raise BadInput(_("This room is not one of the school’s."), field="room_id")
    with loading():
        number = next_number()
        subject = f"room:{room_id}" if room_id is not None else f"written:{number}"
        known = Need.objects.filter(org_no=org_no, subject=subject, state__in=WAITING).first()
        if known is not None:
            raise WrongState(_("The need %(code)s is about this room already.") % {"code": known.code}, code="known")
        need = Need.objects.create(
            number=number, programme_id=programme_id, org_no=org_no, kind=kind, subject=subject, title=title.strip()[:300],
            topic=topic, room_id=room_id, made_on=timezone.localdate(now),
        )  # fmt: skip
        new_step(need, NeedMove.WRITTEN, by, now).save(force_insert=True)
    return need


@transaction.atomic
def accept(*, need_id: int, note: str = "", by: User | None, now: dt.datetime) -> Need:
    """The need stands; works and courses may answer it. The last accepted is ranked last in its school."""
    need = locked(need_id)
    _must_be(need, (NeedState.PROPOSED,))
    last = (
        Need.objects.filter(org_no=need.org_no, state=NeedState.ACCEPTED, rank__isnull=False).order_by("-rank").first()
    )
    need.rank = need.rank or (last.rank + 1 if last else 1)
    return move(need, NeedState.ACCEPTED, NeedMove.ACCEPTED, by, now, note)


@transaction.atomic
def accept_many(*, need_ids: Sequence[int], by: User | None, now: dt.datetime) -> int:
    """Accept those that still wait; what another has decided meanwhile is left alone."""
    done = 0
    for need_id in sorted(set(need_ids)):
        if Need.objects.filter(pk=need_id, state=NeedState.PROPOSED).exists():
            accept(need_id=need_id, by=by, now=now)
            done += 1
    return done


@transaction.atomic
def reject(*, need_id: int, note: str, by: User | None, now: dt.datetime) -> Need:
    """The need does not stand; says why."""
    need = locked(need_id)
    _must_be(need, (NeedState.PROPOSED, NeedState.ACCEPTED))
    if not note.strip():
        raise BadInput(_("Say why the need is rejected: the school reads it."), code="reason", field="note")
    if need.links.exists():
        raise WrongState(_("A work or a course answers this need already. Take it off first."), code="answered")
    need.rank = None
    return move(need, NeedState.REJECTED, NeedMove.REJECTED, by, now, note)


@transaction.atomic
def reopen(*, need_id: int, note: str, by: User | None, now: dt.datetime) -> Need:
    """Look again at a need that was rejected, merged, met or has lapsed."""
    need = locked(need_id)
    _must_be(need, (NeedState.REJECTED, NeedState.MERGED, NeedState.MET, NeedState.LAPSED))
    if not note.strip():
        raise BadInput(_("Say why the need is opened again."), code="reason", field="note")
    twin = Need.objects.filter(org_no=need.org_no, subject=need.subject, state__in=WAITING).first()
    if twin is not None:
        raise WrongState(_("The need %(code)s says the same and waits already.") % {"code": twin.code}, code="known")
    need.merged_into, need.met_on = None, None
    return move(need, NeedState.PROPOSED, NeedMove.REOPENED, by, now, note)


@transaction.atomic
def merge(*, need_id: int, other_ids: Sequence[int], by: User | None, now: dt.datetime) -> Need:
    """Several needs of one school and kind become one; the others' evidence goes over to it."""
    need = locked(need_id)
    _must_be(need, WAITING)
    others = [locked(pk) for pk in sorted(set(other_ids) - {need_id})]
    if not others:
        raise BadInput(_("Choose at least two needs to merge."), field="other_ids")
    for other in others:
        _must_be(other, WAITING)
        if (other.org_no, other.kind) != (need.org_no, need.kind):
            raise BadInput(_("Only needs of one school and one kind are merged."), code="unlike", field="other_ids")
        if other.links.exists():
            raise WrongState(
                _("A work or a course answers %(code)s already: merge the others into it.") % {"code": other.code}
            )
    for other in others:
        need.evidence = [*need.evidence, *other.evidence]
        other.merged_into, other.rank = need, None
        move(other, NeedState.MERGED, NeedMove.MERGED, by, now, need.code)
    with loading():
        need.save(update_fields=["evidence"])
        codes = ", ".join(other.code for other in others)
        new_step(need, NeedMove.MERGED, by, now, note=codes).save(force_insert=True)
    return need


@transaction.atomic
def rank(*, org_no: int, ordered: Sequence[int], by: User | None, now: dt.datetime) -> int:
    """Put the accepted needs of a school in order: ids from the most urgent. Those not named follow. Returns how many moved."""
    must(RIGHT, org_no)
    found = list(
        Need.objects.select_for_update(of=("self",))
        .filter(org_no=org_no, state=NeedState.ACCEPTED)
        .order_by("rank", "number")
    )
    known = {need.pk: need for need in found}
    if set(ordered) - set(known) or len(set(ordered)) < len(ordered):
        raise WrongState(_("The needs of the school have changed meanwhile. Load the page again."), code="moved")
    wanted = [known[pk] for pk in ordered] + [need for need in found if need.pk not in set(ordered)]
    moved = 0
    with loading():
        for place, need in enumerate(wanted, 1):
            if need.rank != place:
                before, need.rank = need.rank, place
                need.save(update_fields=["rank"])
                new_step(need, NeedMove.RANKED, by, now, before=before or 0, after=place).save(force_insert=True)
                moved += 1
    return moved


@transaction.atomic
def call_met(*, need_id: int, note: str, on: dt.date | None = None, by: User | None, now: dt.datetime) -> Need:
    """Say that a need is met; works that are accepted say so by themselves."""
    need = locked(need_id)
    _must_be(need, (NeedState.ACCEPTED,))
    if not note.strip():
        raise BadInput(_("Say what shows that the need is met."), code="reason", field="note")
    need.met_on = on or timezone.localdate(now)
    return move(need, NeedState.MET, NeedMove.MET, by, now, note)


def locked(need_id: int) -> Need:
    """The need, locked, after checking the right over its school."""
    need = Need.objects.filter(pk=need_id).first()
    if need is None:
        raise NotThere(_("There is no such need, or it is not yours to see."))
    must(RIGHT, need.org_no)
    with loading():
        return Need.objects.select_for_update(of=("self",)).get(pk=need_id)


def _must_be(need: Need, states: Sequence[str]) -> None:
    if need.state not in states:
        raise WrongState(
            _("Somebody was faster: %(code)s is now “%(state)s”. Load the page again.")
            % {"code": need.code, "state": need.get_state_display()}
        )


def move(need: Need, state: str, kind: str, by: User | None, now: dt.datetime, note: str = "") -> Need:
    need.state = state
    need.decided_on = timezone.localdate(now) if state != NeedState.PROPOSED else None
    with loading():
        need.save()
        new_step(need, kind, by, now, note=note.strip()).save(force_insert=True)
    return need
