"""Keep, release and take back photographs."""

from __future__ import annotations

import datetime as dt
import uuid as uuids
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import loading
from tirek.facilities.models import Finding, Photograph, Stage, Work, WorkState
from tirek.facilities.queries.carried import predecessors
from tirek.facilities.refusals import BadPhotograph, Incomplete, NotFound, WrongState, must
from tirek.storage import sealed
from tirek.storage.pictures import Picture, redraw

MOST_A_ROOM = 60
PLACES = 5  # decimals of a degree: about a metre


@dataclass(frozen=True)
class SentPhotograph:
    """A file and what was said of it. ``keep_place``: the walker wants to keep where it was taken."""

    uuid: uuids.UUID
    name: str
    data: bytes
    taken_at: dt.datetime
    keep_place: bool = False
    place: tuple[float, float] | None = None


@dataclass(frozen=True)
class Kept:
    """``state``: "taken" or "known" (it had come before)."""

    photograph: Photograph
    state: str


def keep_of_finding(
    *, org_no: int, finding_uuid: uuids.UUID, sent: SentPhotograph, by: User | None, now: dt.datetime
) -> Kept:
    """A photograph that belongs to a finding, which must have come before it."""
    must("rooms.walk", org_no)
    with loading():
        theirs = [org_no, *predecessors(org_no)]  # the school may have been merged since the room was sent
        finding = Finding.objects.select_related("walk").filter(uuid=finding_uuid, org_no__in=theirs).first()
        if finding is None:
            raise NotFound(
                _("The room of this photograph has not been sent yet. Send the room first."), code="no_finding"
            )
        known = _known(sent, org_no)
        if known is not None:
            return known
        if Photograph.objects.filter(walk=finding.walk, finding__place=finding.place).count() >= MOST_A_ROOM:
            raise BadPhotograph(
                _("This room has %(most)s photographs in this walk; no more are taken.") % {"most": MOST_A_ROOM},
                code="too_many",
            )
    picture = redraw(sent.data, sent.name)
    of = {"stage": Stage.WALK, "walk": finding.walk, "finding": finding, "room_id": finding.room_id}
    return _keep(sent, picture, org_no, of, by, now)


def keep_of_work(*, work_id: int, stage: str, sent: SentPhotograph, by: User | None, now: dt.datetime) -> Kept:
    """A photograph of before or after a work."""
    with loading():
        work = Work.objects.filter(pk=work_id).first()
    if work is None:
        raise NotFound(_("There is no such work."))
    must("works.accept", work.org_no)
    if stage not in (Stage.BEFORE, Stage.AFTER):
        raise WrongState(_("Say whether the photograph shows the room before or after the work."))
    if work.state in (WorkState.ACCEPTED, WorkState.CANCELLED):
        raise WrongState(_("This work is closed; photographs are no longer added to it."))
    if stage == Stage.AFTER and work.state not in (WorkState.INSTALLATION, WorkState.ACCEPTANCE):
        raise WrongState(_("A photograph of after the work comes once the installation has begun."))
    with loading():
        known = _known(sent, work.org_no)
    if known is not None:
        return known
    picture = redraw(sent.data, sent.name)
    return _keep(sent, picture, work.org_no, {"stage": stage, "work": work, "room_id": work.room_id}, by, now)


def copy_before(work: Work, now: dt.datetime) -> int:
    """The last walk's photographs of the room show it before the work. The caller has checked the right."""
    last = (
        Photograph.objects.filter(room_id=work.room_id, stage=Stage.WALK, withdrawn_at=None)
        .order_by("-taken_at")
        .first()
    )
    if last is None:
        return 0
    found = Photograph.objects.filter(
        room_id=work.room_id, stage=Stage.WALK, walk_id=last.walk_id, withdrawn_at=None
    ).order_by("taken_at")
    made = [
        Photograph(
            uuid=uuids.uuid5(one.uuid, f"work {work.pk}"), org_no=work.org_no, stage=Stage.BEFORE, room_id=work.room_id,
            work=work, sha256=one.sha256, small_sha256=one.small_sha256, sent_sha256=one.sent_sha256, width=one.width,
            height=one.height, size=one.size, taken_at=one.taken_at, received_at=now, by_id=one.by_id, by_name=one.by_name,
            is_synthetic=one.is_synthetic,
        )
        for one in found[:6]
    ]  # fmt: skip
    return len(Photograph.objects.bulk_create(made))


@transaction.atomic
def withdraw_photograph(*, uuid: uuids.UUID, because: str, by: User, now: dt.datetime) -> Photograph:
    """Take a photograph back, with a reason: its bytes are deleted here unless another row shows them."""
    with loading():
        found = Photograph.objects.select_for_update(of=("self",)).select_related("work").filter(uuid=uuid).first()
        if found is None:
            raise NotFound(_("There is no such photograph."))
        must("rooms.walk" if found.stage == Stage.WALK else "works.accept", found.org_no)
    _may_withdraw(found, because)
    with loading():
        found.withdrawn_at, found.withdrawn_because, found.is_released = now, because.strip()[:300], False
        found.longitude = found.latitude = None
        found.save()
        for digest in {found.sha256, found.small_sha256}:
            _forget(digest)
    return found


def release(*, work: Work, uuids_: set[uuids.UUID]) -> int:
    """Mark photographs of a work as fit to be shown to its sponsor. The caller has checked the right."""
    found = Photograph.objects.filter(work=work, withdrawn_at=None, uuid__in=uuids_)
    return found.update(is_released=True)


def _may_withdraw(found: Photograph, because: str) -> None:
    if found.withdrawn_at is not None:
        raise WrongState(_("This photograph was taken back before."))
    if not because.strip():
        raise Incomplete(_("Say why the photograph is taken back."), code="reason_missing")
    if found.work is not None and found.work.state == WorkState.ACCEPTED:
        others = Photograph.objects.filter(work=found.work, stage=found.stage, withdrawn_at=None).exclude(pk=found.pk)
        if not others.exists():
            raise WrongState(
                _("It is the only photograph of this stage of an accepted work. Ask the department to step in.")
            )


def _forget(digest: str) -> None:
    shown = Photograph.objects.filter(withdrawn_at=None)
    if not shown.filter(sha256=digest).exists() and not shown.filter(small_sha256=digest).exists():
        transaction.on_commit(lambda: sealed.path_of(digest).unlink(missing_ok=True))


def _known(sent: SentPhotograph, org_no: int) -> Kept | None:
    found = Photograph.objects.filter(uuid=sent.uuid).first()
    if found is None:
        return None
    if found.org_no not in (org_no, *predecessors(org_no)):
        raise BadPhotograph(_("This photograph was sent before from another institution."), code="uuid_used")
    return Kept(found, "known")


def _keep(sent: SentPhotograph, picture: Picture, org_no: int, of: dict, by: User | None, now: dt.datetime) -> Kept:
    place = (sent.place or picture.place) if sent.keep_place else None
    with loading():
        found, new = Photograph.objects.get_or_create(
            uuid=sent.uuid,
            defaults=of | {
                "org_no": org_no, "sha256": sealed.seal(picture.data), "small_sha256": sealed.seal(picture.small),
                "sent_sha256": picture.sent_sha256, "width": picture.width, "height": picture.height,
                "size": len(picture.data), "taken_at": min(sent.taken_at, now), "received_at": now,
                "by_id": by and by.pk, "by_name": str(by or ""),
                "longitude": round(place[0], PLACES) if place else None,
                "latitude": round(place[1], PLACES) if place else None,
            },
        )  # fmt: skip
    return Kept(found, "taken" if new else "known")
