"""Sister programmes side by side: the same figures of each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Sum

from tirek.indicators.definitions import Indicator, UnknownIndicator, indicator_of
from tirek.indicators.models import Figure
from tirek.programmes.models import Programme, ReportedFigure
from tirek.programmes.queries import measures, needs, programmes
from tirek.registry.models import Headcount


@dataclass(frozen=True)
class Cell:
    """A figure of one programme: published, computed now from its records, or reported by its office; or nothing known."""

    value: Decimal | None = None
    numerator: int | None = None
    denominator: int | None = None
    day: dt.date | None = None
    source: str = ""
    kind: str = ""
    number: str = ""
    is_synthetic: bool = False


@dataclass(frozen=True)
class Line:
    """One figure over all programmes."""

    indicator: Indicator
    cells: list[Cell]


def lines(found: Sequence[Programme], *, on: dt.date) -> list[Line]:
    """A line a figure, in the order of the first programme's list; a figure unknown to this installation stays away."""
    codes = list(dict.fromkeys(code for p in found for code in p.indicators))
    reported = _latest_reports([p for p in found if p.is_sister])
    made = []
    for code in codes:
        try:
            indicator = indicator_of(code)
        except UnknownIndicator:
            continue
        made.append(Line(indicator, [_cell(p, indicator, on, reported) for p in found]))
    return made


def _latest_reports(sisters: Sequence[Programme]) -> dict[tuple[int, str], ReportedFigure]:
    """The latest report of each figure of each programme."""
    rows = ReportedFigure.objects.filter(programme__in=sisters).order_by("day", "id") if sisters else []
    return {(row.programme_id, row.indicator): row for row in rows}


def _cell(
    programme: Programme, indicator: Indicator, on: dt.date, reported: Mapping[tuple[int, str], ReportedFigure]
) -> Cell:
    if programme.is_sister:
        return _reported(reported.get((programme.pk, indicator.code)), indicator)
    counted = _counted(programme, indicator, on)
    return counted if counted is not None else _published(programme, indicator)


def _reported(row: ReportedFigure | None, indicator: Indicator) -> Cell:
    if row is None:
        return Cell()
    value = indicator.value(row.numerator, row.denominator)
    return Cell(value, row.numerator, row.denominator, row.day, row.source, "reported", "", row.is_synthetic)


def _published(programme: Programme, indicator: Indicator) -> Cell:
    """The latest published number of the programme's territory."""
    row = (
        Figure.objects.filter(
            release__indicator=indicator.code, release__state="published", territory=programme.territory.code,
            settlement="", kind="",
        ).select_related("release").order_by("-release__as_of", "-release__published_at").first()
    )  # fmt: skip
    if row is None or row.value == "":
        return Cell()
    return Cell(
        Decimal(row.value), row.numerator, row.denominator, row.release.as_of, "", "published", row.release.number
    )


def _counted(programme: Programme, indicator: Indicator, on: dt.date) -> Cell | None:
    """This programme's own numbers; a figure of the territory says nothing of one programme among several."""
    from tirek.access.scope import LOADING

    if indicator.code == "programmes.schools":
        pair = (programmes.participations(programme, on=on).count(), None)
    elif indicator.code == "programmes.measures_in_time_share":
        progress = measures.progress(programme, on=on)
        pair = (progress.in_time, progress.due)
    elif indicator.code == "programmes.needs_met_share":
        counts = needs.counts(LOADING, programme)
        pair = (counts.met, counts.stood)
    elif indicator.code == "support_schools.pupils":
        inside = programmes.participations(programme, on=on).values("org_no")
        pair = (Headcount.objects.filter(org_no__in=inside).aggregate(n=Sum("pupils"))["n"] or 0, None)
    else:
        return None
    return Cell(indicator.value(*pair), *pair, on, "", "counted")
