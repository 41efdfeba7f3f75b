"""The tree of territories."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from itertools import islice
from operator import or_

from django.db.models import Case, Exists, OuterRef, Q, QuerySet, When
from django.utils import timezone
from django.utils.translation import get_language

from tirek.access.scope import Scope
from tirek.registry.models import InstitutionState, Territory, TerritoryLevel, TerritoryState
from tirek.registry.models.people import REGION_SPAN

ROOT_CODE = "000000000"
NAMES = ("name_kk", "name_ru", "name_en")
BY_PERIOD = ("name_kk", "name_ru", "name_en", "sort_key", "settlement_kind", "longitude", "latitude")


def local_name(thing) -> str:
    """The name in the reader's language, else in Kazakh."""
    return getattr(thing, f"name_{(get_language() or 'kk')[:2]}", "") or thing.name_kk


def as_on(found: Iterable[Territory], on: dt.date) -> list[Territory]:
    """The territories with the names and places they had on a day; one question, and none for today. Not to be saved."""
    known = list(found)
    if on >= timezone.localdate() or not known:
        return known
    states = TerritoryState.objects.filter(territory__in={t.pk for t in known}, valid__contains=on)
    former = {state.territory_id: state for state in states}
    for territory in known:
        for column in BY_PERIOD if territory.pk in former else ():
            setattr(territory, column, getattr(former[territory.pk], column))
    return known


def places_on(states: Iterable[InstitutionState], on: dt.date) -> Iterator[InstitutionState]:
    """States of institutions whose territories are called as on a day; a question for each thousand."""
    waiting = iter(states)
    while some := list(islice(waiting, 1000)):
        as_on([state.territory for state in some], on)
        yield from some


def called(found: QuerySet[Territory], text: str, *, parents_too: bool = False) -> QuerySet[Territory]:
    """Those whose name, of today or of before, has every word of a text, or whose code begins with it."""
    for word in text.split():
        names = Q(code__startswith=word) | _name_has(word)
        names |= Exists(TerritoryState.objects.filter(_name_has(word), territory=OuterRef("pk")))
        found = found.filter(names | _name_has(word, "parent__") if parents_too else names)
    return found


def _name_has(word: str, where: str = "") -> Q:
    return reduce(or_, (Q(**{f"{where}{field}__icontains": word}) for field in NAMES))


def formerly(found: Iterable[Territory], text: str) -> dict[int, str]:
    """By primary key, the former name that has a word of the text which today's names lack: why a place was found."""
    words = [word.casefold() for word in text.split()]
    unlike = {t.pk: [w for w in words if not _has(t, w)] for t in found}
    wanted = [pk for pk, lacking in unlike.items() if lacking]
    states = TerritoryState.objects.filter(territory__in=wanted).order_by("valid") if wanted else []
    return {s.territory_id: local_name(s) for s in states if any(_has(s, w) for w in unlike[s.territory_id])}


def _has(thing, word: str) -> bool:
    return any(word in getattr(thing, field).casefold() for field in NAMES)


def found_by_name(text: str, *, on: dt.date, limit: int) -> list[Territory]:
    """Territories of a day by a part of a name, today's or a former one, or by the beginning of the code; widest first."""
    if not text.split():
        return []
    rank = Case(*(When(level=level, then=n) for n, level in enumerate(TerritoryLevel.values)), default=9)
    found = called(Territory.objects.filter(valid__contains=on).select_related("parent"), text)
    return list(found.order_by(rank, "sort_key", "pk")[:limit])


def country() -> Territory | None:
    return Territory.objects.filter(level=TerritoryLevel.COUNTRY).first()


def by_code(code: str, *, on: dt.date | None = None) -> Territory | None:
    """As it is, or as it was on a day."""
    found = Territory.objects.filter(code=code)
    return next(iter(as_on(found, on) if on else found), None)


def names_by_code(codes: Iterable[str]) -> dict[str, str]:
    """Names of territories by their codes, in the reader's language."""
    wanted = set(codes)
    return {t.code: local_name(t) for t in Territory.objects.filter(code__in=wanted)} if wanted else {}


def regions(*, on: dt.date) -> list[Territory]:
    return _sorted(as_on(Territory.objects.filter(level=TerritoryLevel.REGION, valid__contains=on), on))


def region_numbers() -> list[int]:
    """Numbers that the regions' institutions begin with, whenever they were regions."""
    starts = Territory.objects.filter(level=TerritoryLevel.REGION).values_list("org_lo", flat=True)
    return sorted({start // REGION_SPAN for start in starts})


def children(territory: Territory, *, on: dt.date) -> list[Territory]:
    return _sorted(as_on(Territory.objects.filter(parent=territory, valid__contains=on), on))


def _sorted(found: list[Territory]) -> list[Territory]:
    return sorted(found, key=lambda t: (t.level, t.sort_key, t.pk))


def parents(found: Sequence[Territory]) -> QuerySet[Territory]:
    """The territories directly above these."""
    return Territory.objects.filter(pk__in={t.parent_id for t in found if t.parent_id})


def districts(territory: Territory, *, on: dt.date) -> list[Territory]:
    """Districts and cities inside a territory, at whatever depth."""
    return _sorted(as_on(inside(territory).filter(level=TerritoryLevel.DISTRICT, valid__contains=on), on))


def inside(territory: Territory) -> QuerySet[Territory]:
    return Territory.objects.filter(org_lo__gte=territory.org_lo, org_hi__lte=territory.org_hi)


def whole_in(scope: Scope, *, on: dt.date) -> list[Territory]:
    """Districts, cities and settlements whose every institution would lie in the scope: where one may be opened."""
    levels = (TerritoryLevel.DISTRICT, TerritoryLevel.SETTLEMENT)
    found = Territory.objects.filter(level__in=levels, valid__contains=on).order_by("org_lo", "-org_hi")
    return [t for t in found if scope.covers(t.org_lo) and scope.covers(t.org_hi)]


def path(territory: Territory, *, on: dt.date) -> list[Territory]:
    """From the country down to the territory itself, by the ranges: one query, no recursion."""
    around = Territory.objects.filter(org_lo__lte=territory.org_lo, org_hi__gte=territory.org_hi)
    return as_on([t for t in around.order_by("org_lo", "-org_hi") if t.pk != territory.pk] + [territory], on)


def with_family(territory: Territory, *, on: dt.date) -> tuple[list[Territory], list[Territory]]:
    """The way from the country down to the territory itself, and its parts, all as they were called on the day."""
    above = Q(org_lo__lte=territory.org_lo, org_hi__gte=territory.org_hi)
    below = Q(parent=territory, valid__contains=on)
    others = Territory.objects.filter(above | below).exclude(pk=territory.pk).order_by("org_lo", "-org_hi")
    known = as_on([*others, territory], on)
    parts = [t for t in known if t.parent_id == territory.pk]
    return [t for t in known if t not in parts], _sorted([t for t in parts if t.valid is not None and on in t.valid])


def path_of(org_no: int, *, on: dt.date) -> list[Territory]:
    """The territories that an institution's number lies in, widest first."""
    around = Territory.objects.filter(org_lo__lte=org_no, org_hi__gte=org_no, valid__contains=on)
    return as_on(around.order_by("org_lo", "-org_hi"), on)


def of_scope(scope: Scope) -> Territory | None:
    """The smallest territory that holds the whole scope; the country for those without a range."""
    if scope.lo is None or scope.hi is None:
        return country()
    around = Territory.objects.filter(org_lo__lte=scope.lo, org_hi__gte=scope.hi)
    return around.order_by("-org_lo", "org_hi").first() or country()
