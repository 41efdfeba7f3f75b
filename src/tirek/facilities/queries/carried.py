"""Where a room was before its institution was merged or split, and where it is now."""

from __future__ import annotations

import datetime as dt

from django.db.models import Count

from tirek.access.scope import loading
from tirek.facilities.models import CarriedRoom
from tirek.registry.models import Institution, Room, Succession
from tirek.registry.queries import labels

ENDS = (Succession.Kind.MERGER, Succession.Kind.RENEWAL)


def rooms_before(room: Room) -> list[Room]:
    """The same room in the institutions that it belonged to before, the last first."""
    found: list[Room] = []
    with loading():
        here = room.pk
        while True:
            step = (
                CarriedRoom.objects.select_related("before__institution", "before__building")
                .filter(after_id=here)
                .first()
            )
            if step is None:
                return found
            found.append(step.before)
            here = step.before_id


def room_now(room_id: int) -> int:
    """The room as it goes on; itself where it was never handed over."""
    with loading():
        while True:
            step = CarriedRoom.objects.filter(before_id=room_id).values_list("after_id", flat=True).first()
            if step is None:
                return room_id
            room_id = step


def predecessors(org_no: int) -> list[int]:
    """Institutions that have gone on in this one, also through another."""
    found: list[int] = []
    waiting = [org_no]
    with loading():
        while waiting:
            steps = Succession.objects.filter(after__org_no__in=waiting, kind__in=ENDS)
            waiting = [no for no in steps.values_list("before__org_no", flat=True) if no not in found and no != org_no]
            found += waiting
    return found


def not_followed(on: dt.date) -> list[Succession]:
    """Mergers and renewals in force whose rooms have not gone on yet, the oldest first."""
    with loading():
        steps = (
            Succession.objects.filter(kind__in=ENDS, date__lte=on)
            .select_related("before", "after")
            .order_by("date", "id")
        )
        return [step for step in steps if rooms_left(step).exists() or _walking(step)]


def rooms_left(step: Succession):
    """Rooms that ended with their institution on the day and are not handed over."""
    found = Room.objects.filter(institution=step.before, valid__endswith=step.date, carried_to__isnull=True)
    return found.select_related("building").order_by("building__code", "number", "id")


def _walking(step: Succession) -> bool:
    return step.before.walks.filter(closed_at=None).exists()


def taken_from(institution: Institution, on: dt.date) -> list[Succession]:
    """Splits of this institution in force: rooms may be handed over to these."""
    found = Succession.objects.filter(before=institution, kind=Succession.Kind.SPLIT, date__lte=on)
    return list(found.select_related("after").order_by("-date", "-id"))


def went_on_in(org_no: int, on: dt.date) -> list[tuple[str, int, dt.date]]:
    """Institutions in which rooms of this one went on: name, number of rooms, day."""
    found = (
        CarriedRoom.objects.filter(from_org_no=org_no)
        .order_by("day")
        .values_list("org_no", "day")
        .annotate(n=Count("id"))
    )
    rows = list(found)
    names = labels.names_by_org_no([no for no, _day, _n in rows], on=on)
    return [(names.get(no, str(no)), n, day) for no, day, n in rows]
