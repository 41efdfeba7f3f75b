"""Questions about walks, and what a phone needs to walk without a connection."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import translation

from tirek.access.scope import Scope
from tirek.facilities.items import ITEMS
from tirek.facilities.models import Finding, Photograph, Proposal, ProposalState, Walk
from tirek.facilities.queries.findings import condition_rules, standard_of
from tirek.facilities.queries.works import waiting_for_school
from tirek.registry.models import Building, Institution, Room, RoomPurpose

LANGUAGES = ("kk", "ru", "en")


def walk(walk_id: int, org_no: int | None = None) -> Walk | None:
    found = Walk.objects.filter(pk=walk_id).select_related("institution")
    return (found if org_no is None else found.filter(org_no=org_no)).first()


def walks_of(org_no: int) -> list[Walk]:
    """The walks of an institution, the newest first."""
    found = Walk.objects.filter(org_no=org_no).annotate(
        rooms=Count("findings__place", distinct=True, filter=Q(findings__is_current=True)),
    )
    return list(found.order_by("-opened_at")[:30])


def last_walked(org_nos: Iterable[int]) -> dict[int, dt.date]:
    """Day of the last closed walk, by institution."""
    found = Walk.objects.filter(org_no__in=list(org_nos), closed_at__isnull=False)
    return dict(found.values_list("org_no").annotate(day=Max("day")))


def open_walk(org_no: int) -> Walk | None:
    return Walk.objects.filter(org_no=org_no, closed_at__isnull=True).select_related("institution").first()


@dataclass(frozen=True)
class Turn:
    """What an institution itself has to do with its rooms."""

    has_rooms: bool
    is_walking: bool
    last: dt.date | None
    n_waiting: int


def turn_of(org_no: int) -> Turn | None:
    """Asked in one question."""
    walks = Walk.objects.filter(org_no=OuterRef("org_no"))
    waiting = waiting_for_school(org_no).order_by().values("org_no").annotate(n=Count("pk")).values("n")
    found = Institution.objects.filter(org_no=org_no).annotate(
        has_rooms=Exists(Room.objects.filter(institution=OuterRef("pk"))),
        is_walking=Exists(walks.filter(closed_at=None)),
        last=Subquery(walks.exclude(closed_at=None).order_by("-day").values("day")[:1]),
        n_waiting=Coalesce(Subquery(waiting), 0),
    )
    row = found.values_list("has_rooms", "is_walking", "last", "n_waiting").first()
    return Turn(*row) if row else None


def conflicts(found: Iterable[Finding]) -> list[list[Finding]]:
    """Findings of one room that did not know of each other."""
    places: dict[str, list[Finding]] = defaultdict(list)
    for one in found:
        places[one.place].append(one)
    return [heads for heads in places.values() if len(heads) > 1]


def rooms_not_walked(walk_: Walk) -> list[Room]:
    """Rooms of the register that nobody has looked at in this walk."""
    seen = Finding.objects.filter(walk=walk_, room__isnull=False).values("room_id")
    on = (walk_.closed_at or walk_.opened_at).date()
    found = Room.objects.filter(institution_id=walk_.institution_id, valid__contains=on).exclude(pk__in=seen)
    return list(found.select_related("building").order_by("building__code", "floor", "number"))


def proposals_of(walk_: Walk) -> list[Proposal]:
    found = Proposal.objects.filter(walk=walk_).select_related("finding__room__building", "room__building")
    return list(found.order_by("id"))


def open_proposals(org_no: int) -> QuerySet[Proposal]:
    return Proposal.objects.filter(org_no=org_no, state=ProposalState.OPEN)


def photographs_of_walk(walk_: Walk) -> dict[str, list[Photograph]]:
    """By place, in the order they were taken."""
    found = (
        Photograph.objects.filter(walk=walk_, withdrawn_at=None).select_related("finding").order_by("taken_at", "id")
    )
    by_place: dict[str, list[Photograph]] = defaultdict(list)
    for one in found:
        by_place[one.finding.place if one.finding else ""].append(one)
    return by_place


def institution_of(scope: Scope) -> Institution | None:
    """The one institution that the asker walks through."""
    if scope.is_own or scope.lo is None or scope.lo != scope.hi:
        return None
    return Institution.objects.filter(org_no=scope.lo).first()


def plan_of(institution: Institution, *, on: dt.date) -> dict:
    """Everything that a phone must know to walk through an institution without a connection."""
    rules = condition_rules(on, institution.org_no, institution.org_no)
    rooms = Room.objects.filter(institution=institution, valid__contains=on).select_related("building")
    rooms = list(rooms.order_by("building__code", "floor", "number"))
    running = open_walk(institution.org_no)
    heads = heads_of(running)
    pictures = _photographs_by_place(running)
    state = institution.states.filter(valid__contains=on).first()
    used = {item for lines in rules.standards.values() for item in (line.item for line in lines)}
    return {
        "institution": {
            "code": institution.code,
            "names": {code: getattr(state, f"name_{code}", "") or getattr(state, "name_kk", "") for code in LANGUAGES},
        },
        "walk": running.pk if running else None,
        "buildings": [
            {"code": code, "name": name}
            for code, name in Building.objects.filter(institution=institution, valid__contains=on)
            .order_by("code")
            .values_list("code", "name")
        ],
        "rooms": [
            {
                "id": room.pk, "building": room.building.code, "floor": room.floor, "number": room.number, "name": room.name,
                "purpose": room.purpose, "places": room.places, "wanted": standard_of(room, rules),
                "condition": room.condition, "day": room.condition_date and room.condition_date.isoformat(),
            }
            for room in rooms
        ],
        "wanted": {
            purpose: {line.item: line.wanted(rules.places_assumed) for line in lines}
            for purpose, lines in rules.standards.items()
        },
        "heads": heads,
        "photographs": pictures,
        "items": {code: _in_languages(ITEMS[code]) for code in sorted(used) if code in ITEMS},
        "purposes": {purpose.value: _in_languages(purpose.label) for purpose in RoomPurpose},
    }  # fmt: skip


def heads_of(walk_: Walk | None, places: Iterable[str] | None = None) -> dict[str, list[dict]]:
    """The standing findings of the open walk, as phones know them, by place."""
    if walk_ is None:
        return {}
    found = Finding.objects.filter(walk=walk_, is_current=True).order_by("id")
    if places is not None:
        found = found.filter(place__in=list(places))
    by_place: dict[str, list[dict]] = defaultdict(list)
    for one in found:
        by_place[one.place].append({
            "uuid": str(one.uuid), "condition": one.condition, "is_absent": one.is_absent, "counts": one.counts,
            "note": one.note, "reported": one.reported, "by": one.by_name, "at": int(one.taken_at.timestamp() * 1000),
        })  # fmt: skip
    return by_place


def _photographs_by_place(walk_: Walk | None) -> dict[str, int]:
    if walk_ is None:
        return {}
    found = Photograph.objects.filter(walk=walk_, withdrawn_at=None, finding__isnull=False)
    return dict(Counter(found.values_list("finding__place", flat=True)))


def _in_languages(text) -> dict[str, str]:
    said = {}
    for code in LANGUAGES:
        with translation.override(code):
            said[code] = str(text)
    return said
