"""The tree of territories."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db.models import QuerySet
from django.utils.translation import get_language

from tirek.access.scope import Scope
from tirek.registry.models import Territory, TerritoryLevel
from tirek.registry.models.people import REGION_SPAN

ROOT_CODE = "000000000"


def local_name(thing) -> str:
    """The name in the reader's language, else in Kazakh."""
    return getattr(thing, f"name_{(get_language() or 'kk')[:2]}", "") or thing.name_kk


def country() -> Territory | None:
    return Territory.objects.filter(level=TerritoryLevel.COUNTRY).first()


def by_code(code: str) -> Territory | None:
    return Territory.objects.filter(code=code).first()


def regions(*, on: dt.date) -> QuerySet[Territory]:
    return Territory.objects.filter(level=TerritoryLevel.REGION, valid__contains=on).order_by("sort_key")


def region_numbers() -> list[int]:
    """Numbers that the regions' institutions begin with, whenever they were regions."""
    starts = Territory.objects.filter(level=TerritoryLevel.REGION).values_list("org_lo", flat=True)
    return sorted({start // REGION_SPAN for start in starts})


def children(territory: Territory, *, on: dt.date) -> QuerySet[Territory]:
    return Territory.objects.filter(parent=territory, valid__contains=on).order_by("level", "sort_key")


def parents(found: Sequence[Territory]) -> QuerySet[Territory]:
    """The territories directly above these."""
    return Territory.objects.filter(pk__in={t.parent_id for t in found if t.parent_id})


def districts(territory: Territory, *, on: dt.date) -> QuerySet[Territory]:
    """Districts and cities inside a territory, at whatever depth."""
    return inside(territory).filter(level=TerritoryLevel.DISTRICT, valid__contains=on).order_by("sort_key")


def inside(territory: Territory) -> QuerySet[Territory]:
    return Territory.objects.filter(org_lo__gte=territory.org_lo, org_hi__lte=territory.org_hi)


def whole_in(scope: Scope, *, on: dt.date) -> list[Territory]:
    """Districts, cities and settlements whose every institution would lie in the scope: where one may be opened."""
    levels = (TerritoryLevel.DISTRICT, TerritoryLevel.SETTLEMENT)
    found = Territory.objects.filter(level__in=levels, valid__contains=on).order_by("org_lo", "-org_hi")
    return [t for t in found if scope.covers(t.org_lo) and scope.covers(t.org_hi)]


def path(territory: Territory) -> list[Territory]:
    """From the country down to the territory itself, by the ranges: one query, no recursion."""
    around = Territory.objects.filter(org_lo__lte=territory.org_lo, org_hi__gte=territory.org_hi)
    return [t for t in around.order_by("org_lo", "-org_hi") if t.pk != territory.pk] + [territory]


def path_of(org_no: int, *, on: dt.date) -> list[Territory]:
    """The territories that an institution's number lies in, widest first."""
    around = Territory.objects.filter(org_lo__lte=org_no, org_hi__gte=org_no, valid__contains=on)
    return list(around.order_by("org_lo", "-org_hi"))


def of_scope(scope: Scope) -> Territory | None:
    """The smallest territory that holds the whole scope; the country for those without a range."""
    if scope.lo is None or scope.hi is None:
        return country()
    around = Territory.objects.filter(org_lo__lte=scope.lo, org_hi__gte=scope.hi)
    return around.order_by("-org_lo", "org_hi").first() or country()
