"""Territories, institutions and rooms for programs, as of a day. People go through OneRoster, which has its own rights."""

from __future__ import annotations

from datetime import date

from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Path, Query, Router, Schema
from ninja.errors import HttpError

from tirek.access.gates import Gate, declare
from tirek.registry.forms import InstitutionFilter
from tirek.registry.queries import counts, institutions, territories

router = Router(tags=["register"])
On = Query(None, description="State on this day; today when left out.")
Kato = Path(..., pattern=r"^[0-9]{1,9}$", examples=["470000000"])
Code = Path(..., pattern=r"^[^\x00/]{1,64}$", examples=["school-1"])
KINDS = [code for code, _name in InstitutionFilter.base_fields["kind"].choices if code]


class Problem(Schema):
    """Why there is no answer."""

    code: str
    message: str


class NamesOut(Schema):
    """A name in the three languages; a language without one is empty."""

    kk: str
    ru: str
    en: str


class TerritoryOut(Schema):
    """A unit of KATO and how much is in it; people of a past day are counted for a region or less, else null."""

    code: str
    iso_3166_2: str
    level: str
    name: NamesOut
    parent: str | None
    longitude: float | None
    latitude: float | None
    institutions: int
    support_schools: int
    pupils: int | None
    teachers: int | None
    is_synthetic: bool


class InstitutionOut(Schema):
    """An institution in the state of a day; pupils and teachers are those of the last headcount."""

    code: str
    bin: str
    kind: str
    name: NamesOut
    territory: str
    settlement: str
    languages: list[str]
    is_public: bool
    is_support_school: bool
    address: str
    longitude: float | None
    latitude: float | None
    capacity: int | None
    internet: str
    speed_mbps: float | None
    heating: str
    pupils: int | None
    teachers: int | None
    since: date | None
    until: date | None


class InstitutionsOut(Schema):
    """A part of a list, and how long the whole is."""

    count: int
    items: list[InstitutionOut]


class RoomOut(Schema):
    """A room and its last known condition."""

    building: str
    number: str
    name: str
    purpose: str
    floor: int | None
    area_m2: float | None
    places: int | None
    condition: str
    condition_date: date | None


ERRORS = {404: Problem, 422: Problem}


@router.get("/territories/{code}", response={200: TerritoryOut, **ERRORS}, url_name="territory")
def territory(request, code: str = Kato, on: date | None = On):
    day = on or timezone.localdate()
    return _territories([_territory(code, day)], day)[0]


@router.get("/territories/{code}/parts", response={200: list[TerritoryOut], **ERRORS}, url_name="territory_parts")
def parts(request, code: str = Kato, on: date | None = On):
    day = on or timezone.localdate()
    return _territories(territories.children(_territory(code, day), on=day), day)


def _territory(code: str, on: date):
    found = territories.by_code(code, on=on)
    if found is None:
        raise HttpError(404, _("There is no such territory."))
    return found


def _territories(found: list, on: date) -> list[dict]:
    numbers, parents = counts.by_territory(found, on=on), {t.pk: t.code for t in territories.parents(found)}
    return [_territory_out(t, numbers[t.pk], parents.get(t.parent_id)) for t in found]


def _territory_out(found, numbers, parent: str | None) -> dict:
    return {
        "code": found.code,
        "iso_3166_2": found.iso_3166_2,
        "level": found.level,
        "name": _names(found),
        "parent": parent,
        "longitude": found.longitude,
        "latitude": found.latitude,
        "institutions": numbers.institutions,
        "support_schools": numbers.support_schools,
        "pupils": numbers.pupils,
        "teachers": numbers.teachers,
        "is_synthetic": found.is_synthetic,
    }


@router.get("/institutions", response={200: InstitutionsOut, **ERRORS}, url_name="institutions")
def institution_list(
    request,
    on: date | None = On,
    territory: str | None = Query(None, pattern=r"^[0-9]{1,9}$"),
    kind: str | None = Query(None, description="One of: " + ", ".join(KINDS), pattern=f"^({'|'.join(KINDS)})$"),
    text: str | None = Query(None, max_length=200, pattern=r"^[^\x00]*$"),
    support: bool | None = None,
    limit: int = Query(50, ge=1, le=500),
    offset: int = Query(0, ge=0, le=1_000_000),
):
    """Institutions of the asker's scope, in order of name."""
    day = on or timezone.localdate()
    found = institutions.listed(
        request.scope, on=day, territory=_territory(territory, day) if territory else None,
        kind=kind or "", text=text or "", is_support_school=support,
    )  # fmt: skip
    return {"count": found.count(), "items": [_institution_out(state) for state in found[offset : offset + limit]]}


@router.get("/institutions/{code}", response={200: InstitutionOut, **ERRORS}, url_name="institution")
def institution(request, code: str = Code, on: date | None = On):
    return _institution_out(_state(code, on))


@router.get(
    "/institutions/{code}/history", response={200: list[InstitutionOut], **ERRORS}, url_name="institution_history"
)
def history(request, code: str = Code):
    """All states, newest first."""
    known = institutions.by_code(code)
    if known is None:
        raise HttpError(404, _("There is no such institution."))
    return [
        _institution_out(state) for state in institutions.history(known.pk).select_related("institution__headcount")
    ]


@router.get("/institutions/{code}/rooms", response={200: list[RoomOut], **ERRORS}, url_name="rooms")
def rooms(request, code: str = Code, on: date | None = On):
    found = institutions.rooms(_state(code, on).institution_id, on=on or timezone.localdate())
    names = ("number", "name", "purpose", "floor", "area_m2", "places", "condition", "condition_date")
    return [{"building": room.building.code} | {name: getattr(room, name) for name in names} for room in found]


def _state(code: str, on: date | None):
    found = institutions.state_by_code(code, on=on or timezone.localdate())
    if found is None:
        raise HttpError(404, _("No institution with this code was open on that day."))
    return found


def _names(thing) -> dict[str, str]:
    return {"kk": thing.name_kk, "ru": thing.name_ru, "en": thing.name_en}


def _institution_out(state) -> dict:
    known, headcount = state.institution, getattr(state.institution, "headcount", None)
    same = ("is_public", "is_support_school", "address", "longitude", "latitude", "capacity", "speed_mbps", "heating")
    return {name: getattr(state, name) for name in same} | {
        "code": known.code,
        "bin": known.bin,
        "kind": known.kind,
        "name": _names(state),
        "territory": state.territory.code,
        "settlement": state.settlement_kind,
        "languages": list(state.languages),
        "internet": state.connectivity,
        "pupils": headcount.pupils if headcount else None,
        "teachers": headcount.teachers if headcount else None,
        "since": state.valid.lower,
        "until": state.valid.upper,
    }


for name in ("territory", "territory_parts", "institutions", "institution", "institution_history", "rooms"):
    declare(f"api:{name}", Gate(program=True, reason="the register without people, for whoever is signed in"))
