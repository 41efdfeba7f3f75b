"""Names of institutions, for pages that show only a number's owner."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db.models import QuerySet
from django.utils.translation import get_language

from tirek.access.scope import Scope
from tirek.registry.models import InstitutionState

NAMES = ("name_kk", "name_ru", "name_en")


def names_by_org_no(org_nos: Iterable[int], *, on: dt.date) -> dict[int, str]:
    """Name of each institution on a day, in the language in force (Kazakh where it has none).

    One that was not open on the day has the last name that is known.
    """
    wanted = {number for number in org_nos if number}
    if not wanted:
        return {}
    found = _names(InstitutionState.objects.filter(org_no__in=wanted, valid__contains=on))
    if away := wanted - set(found):
        last = InstitutionState.objects.filter(org_no__in=away).order_by("org_no", "-valid").distinct("org_no")
        found |= _names(last)
    return found


def names_by_code(codes: Iterable[str], *, on: dt.date) -> dict[str, str]:
    """Name on a day of each institution that was open then, by its code."""
    wanted = set(codes)
    if not wanted:
        return {}
    found = InstitutionState.objects.filter(institution__code__in=wanted, valid__contains=on)
    return {row["institution__code"]: _name(row) for row in found.values("institution__code", *NAMES)}


def _names(states: QuerySet[InstitutionState]) -> dict[int, str]:
    return {row["org_no"]: _name(row) for row in states.values("org_no", *NAMES)}


def choices(scope: Scope, *, on: dt.date) -> list[tuple[int, str]]:
    """Number and name of every institution in the scope on a day, in the alphabet's order."""
    states = scope.limit(InstitutionState.objects.filter(valid__contains=on)).order_by("sort_key", "org_no")
    return [(row["org_no"], _name(row)) for row in states.values("org_no", "name_kk", "name_ru", "name_en")]


def _name(row: dict) -> str:
    return row.get(f"name_{(get_language() or 'kk')[:2]}") or row["name_kk"]
