"""What became of a sponsor's money: rooms before and after, who uses them, what waits and why. Never a child.

The sponsor's users have no scope of institutions: what they may know of schools is read here for the earmarks that they see,
as the loader, and only what is named below leaves this module.
"""

from __future__ import annotations

import datetime as dt
import uuid as uuids
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tirek.access.scope import loading
from tirek.programmes.models import Agreement
from tirek.programmes.queries.sponsors.money import EarmarkRow, earmark_rows, earmarks
from tirek.registry.models import Headcount
from tirek.registry.queries import labels

FEW_PUPILS = 10
"""Schools with fewer pupils are not counted: a small number says too much of each of them."""


@dataclass(frozen=True)
class Room:
    """One room of one work. ``pupils`` is None where they are too few to say, or not known."""

    earmark: str
    school: str
    org_no: int
    room: str
    purpose: str
    title: str
    state: str
    state_label: str
    since: dt.date
    accepted_on: dt.date | None
    before: list[uuids.UUID] = field(default_factory=list)
    after: list[uuids.UUID] = field(default_factory=list)
    pupils: int | None = None


@dataclass(frozen=True)
class Became:
    """The answer to the sponsor's question."""

    earmarks: list[EarmarkRow]
    schools: dict[int, str]
    rooms: list[Room]
    pupils: int | None

    @property
    def accepted_rooms(self) -> list[Room]:
        return [room for room in self.rooms if room.accepted_on]

    @property
    def waiting_rooms(self) -> list[Room]:
        return [room for room in self.rooms if not room.accepted_on and room.state != "cancelled"]


def became_of(agreements: Sequence[Agreement], today: dt.date) -> Became:
    """Everything the sponsor's page shows. The agreements are those that the asker may see."""
    rows = earmark_rows(earmarks(agreements))
    codes = [row.earmark.code for row in rows]
    with loading():
        works = _works(codes)
        places = {work.org_no for work in works} | {row.earmark.org_no for row in rows}
        schools = labels.names_by_org_no(places, on=today)
        rooms = _rooms(codes, works, schools)
        pupils = _pupils_of({room.org_no for room in rooms if room.accepted_on})
    rooms = [replace(room, pupils=pupils.get(room.org_no)) for room in rooms]
    return Became(rows, schools, rooms, sum(pupils.values()) or None)


def _works(codes: Sequence[str]) -> list:
    from tirek.facilities.queries.works import works_of

    return [work for work in works_of(earmark_codes=codes) if work.state != "cancelled"]


def _rooms(codes: Sequence[str], works: Sequence, names: Mapping[int, str]) -> list[Room]:
    from tirek.facilities.queries.photographs import released_of

    pictures: dict[int, dict[str, list[uuids.UUID]]] = {}
    for picture in released_of(codes):
        pictures.setdefault(picture.work_id or 0, {}).setdefault(str(picture.stage), []).append(picture.uuid)
    return [
        Room(
            work.earmark_code, names.get(work.org_no, ""), work.org_no, str(work.room.number), work.room.purpose,
            work.title, work.state, str(work.get_state_display()), work.state_since, work.accepted_on,
            pictures.get(work.pk, {}).get("before", []), pictures.get(work.pk, {}).get("after", []),
        )
        for work in works
    ]  # fmt: skip


def _pupils_of(org_nos: set[int]) -> dict[int, int]:
    """Pupils of each school as the register counts them now; those with too few stay away."""
    found = Headcount.objects.filter(org_no__in=org_nos, pupils__gte=FEW_PUPILS)
    return dict(found.values_list("org_no", "pupils"))


def photograph_of(agreements: Sequence[Agreement], uuid: uuids.UUID, *, small: bool) -> tuple[bytes, str] | None:
    """A released photograph of these agreements' accepted works, or None."""
    from tirek.facilities.queries.photographs import released_of
    from tirek.storage import sealed

    codes = [one.code for one in earmarks(agreements)]
    found = next((p for p in released_of(codes) if p.uuid == uuid), None)
    if found is None:
        return None
    return sealed.read(found.small_sha256 if small else found.sha256), "image/jpeg"
