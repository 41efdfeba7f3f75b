"""Take in what phones send about rooms: each finding once, and no finding lost to another."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid as uuids
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import loading
from tirek.facilities.items import ITEMS
from tirek.facilities.models import Finding, Walk
from tirek.facilities.queries.carried import predecessors, room_now
from tirek.facilities.refusals import BadFinding, NotFound, WrongState, must
from tirek.registry.models import Building, Condition, Institution, Room, RoomPurpose
from tirek.storage.sealed import json_bytes

MOST_NOTE, MOST_COUNT, MOST_SEEN = 2000, 10_000, 20
OLDEST = dt.timedelta(days=400)
REPORTED = {"building": 32, "number": 16, "name": 200, "purpose": 24}


@dataclass(frozen=True)
class Sent:
    """One look at one room, as a phone sends it. ``seen``: the findings of this room that the phone knew."""

    uuid: uuids.UUID
    room_id: int | None
    taken_at: dt.datetime
    condition: str = ""
    is_absent: bool = False
    counts: Mapping[str, int] = field(default_factory=dict)
    note: str = ""
    new_room: uuids.UUID | None = None
    reported: Mapping[str, object] = field(default_factory=dict)
    seen: Sequence[uuids.UUID] = ()
    device: str = ""

    @property
    def place(self) -> str:
        return f"r{self.room_id}" if self.room_id else f"n{self.new_room}"

    def digest(self) -> str:
        """Of all that was said. The moment is left out: it is corrected by the clock at each sending."""
        said = [
            str(self.uuid), self.place, self.condition, self.is_absent, dict(self.counts),
            self.note, dict(self.reported), [str(one) for one in self.seen],
        ]  # fmt: skip
        return hashlib.sha256(json_bytes(said)).hexdigest()


@dataclass(frozen=True)
class Taken:
    """``state``: "taken", "known" (it had come before) or "conflict" (another finding stands beside it)."""

    finding: Finding
    state: str


def take_finding(*, org_no: int, sent: Sent, by: User | None, now: dt.datetime) -> Taken:
    """Keep a finding in the institution's open walk; the first one opens it. The same UUID is taken once."""
    must("rooms.walk", org_no)
    with loading():
        institution = Institution.objects.select_for_update().filter(org_no=org_no).first()
        if institution is None:
            raise NotFound(_("There is no such institution."))
        before = Finding.objects.filter(uuid=sent.uuid).first()
        if before is not None:
            return _known(before, org_no, sent)
        digest, sent = sent.digest(), _as_now(sent)
        room = _checked(institution, sent, now)
        walk = open_walk_of(institution, by, now)
        heads = list(Finding.objects.filter(walk=walk, place=sent.place, is_current=True))
        replaced = [head for head in heads if head.uuid in set(sent.seen) or _says_the_same(head, sent)]
        finding = Finding.objects.create(
            uuid=sent.uuid, walk=walk, org_no=org_no, place=sent.place, room=room, reported=dict(sent.reported),
            base=sent.seen[0] if sent.seen else None, device=sent.device[:40], taken_at=min(sent.taken_at, now),
            received_at=now, by_id=by and by.pk, by_name=str(by or ""), condition="" if sent.is_absent else sent.condition,
            is_absent=sent.is_absent, counts={} if sent.is_absent else dict(sent.counts), note=sent.note.strip(),
            resolves=len(replaced) > 1, sha256=digest,
        )  # fmt: skip
        Finding.objects.filter(pk__in=[head.pk for head in replaced]).update(is_current=False)
        return Taken(finding, "conflict" if len(heads) > len(replaced) else "taken")


def open_walk_of(institution: Institution, by: User | None, now: dt.datetime) -> Walk:
    """The open walk, begun now if there is none. The caller holds the institution's lock."""
    found, _new = Walk.objects.get_or_create(
        institution=institution, closed_at=None,
        defaults={
            "org_no": institution.org_no, "opened_at": now, "opened_by_id": by and by.pk, "opened_by_name": str(by or ""),
        },
    )  # fmt: skip
    return found


def resolve(*, walk_id: int, place: str, chosen: uuids.UUID, by: User, now: dt.datetime) -> Finding:
    """Decide between findings of one room that did not know of each other; what the others say stays readable."""
    with loading():
        walk = Walk.objects.select_for_update().filter(pk=walk_id).first()
    if walk is None:
        raise NotFound(_("There is no such walk."))
    must("rooms.walk", walk.org_no)
    if walk.closed_at is not None:
        raise WrongState(_("This walk is closed. What was found stays as it is; walk again."))
    with loading():
        heads = list(Finding.objects.filter(walk=walk, place=place, is_current=True).order_by("id"))
    best = next((head for head in heads if head.uuid == chosen), None)
    if best is None or len(heads) < 2:
        raise WrongState(_("Somebody has decided this already. Load the page again."))
    sent = Sent(
        uuid=uuids.uuid4(), room_id=best.room_id, taken_at=best.taken_at, condition=best.condition,
        is_absent=best.is_absent, counts=best.counts, note=best.note, reported=best.reported,
        new_room=None if best.room_id else uuids.UUID(place[1:]), seen=[head.uuid for head in heads], device="page",
    )  # fmt: skip
    return take_finding(org_no=walk.org_no, sent=sent, by=by, now=now).finding


def _as_now(sent: Sent) -> Sent:
    """A phone that was without a connection while its school was merged speaks of the room by its old number."""
    now = room_now(sent.room_id) if sent.room_id else None
    return sent if now == sent.room_id else replace(sent, room_id=now)


def _known(before: Finding, org_no: int, sent: Sent) -> Taken:
    if before.org_no not in (org_no, *predecessors(org_no)) or before.sha256 != sent.digest():
        raise BadFinding(
            _("This finding was sent before with other contents. Open the room on the phone and save it again."),
            code="uuid_used",
        )
    return Taken(before, "known")


def _checked(institution: Institution, sent: Sent, now: dt.datetime) -> Room | None:
    """The room that was seen (None: one that the register does not have), after all else was looked at."""
    if not sent.is_absent and sent.condition not in Condition.values:
        raise BadFinding(_("Say how the room is: choose one of the four pictures."), code="no_condition")
    if len(sent.note) > MOST_NOTE or len(sent.seen) > MOST_SEEN:
        raise BadFinding(
            _("The note is longer than %(most)s letters. Shorten it.") % {"most": MOST_NOTE}, code="long_note"
        )
    for item, number in sent.counts.items():
        if (
            item not in ITEMS
            or not isinstance(number, int)
            or isinstance(number, bool)
            or not 0 <= number <= MOST_COUNT
        ):
            raise BadFinding(_("A number of pieces is from 0 to %(most)s.") % {"most": MOST_COUNT}, code="bad_count")
    if sent.taken_at < now - OLDEST:
        raise BadFinding(_("The phone says that this was seen more than a year ago. Set its clock."), code="clock")
    if sent.room_id is None:
        _check_reported(institution, sent)
        return None
    room = Room.objects.filter(pk=sent.room_id, institution=institution).first()
    if room is None:
        raise BadFinding(
            _("The register has no such room of this institution. Report it as a room that is not on the list."),
            code="unknown_room",
        )
    return room


def _check_reported(institution: Institution, sent: Sent) -> None:
    said = sent.reported
    if (
        sent.new_room is None
        or not str(said.get("number", "")).strip()
        or said.get("purpose") not in RoomPurpose.values
    ):
        raise BadFinding(_("Of a room that is not on the list, give its number and what it is for."), code="no_number")
    if any(len(str(said.get(name, ""))) > most for name, most in REPORTED.items()) or set(said) - {*REPORTED, "floor"}:
        raise BadFinding(_("The number or the name of the reported room is too long."), code="long_name")
    floor = said.get("floor")
    if floor is not None and (not isinstance(floor, int) or not -5 <= floor <= 100):
        raise BadFinding(_("The floor of the reported room is a whole number."), code="bad_floor")
    if not Building.objects.filter(institution=institution, code=said.get("building", "")).exists():
        raise BadFinding(_("Say in which building the reported room is."), code="no_building")


def _says_the_same(head: Finding, sent: Sent) -> bool:
    return (head.condition, head.is_absent, head.counts, head.note, head.reported) == (
        "" if sent.is_absent else sent.condition, sent.is_absent, {} if sent.is_absent else dict(sent.counts),
        sent.note.strip(), dict(sent.reported),
    )  # fmt: skip
