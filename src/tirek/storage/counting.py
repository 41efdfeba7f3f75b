"""Several counts or sums in one question."""

from __future__ import annotations

from django.db.models import Count, F, QuerySet, Sum, Value


def counts_of(**found: QuerySet) -> dict[str, int]:
    """How many rows each of the named questions finds; each may be about a table of its own."""
    each = [
        rows.order_by().annotate(asked=Value(name)).values("asked").annotate(n=Count("pk")).values_list("asked", "n")
        for name, rows in found.items()
    ]
    return dict.fromkeys(found, 0) | dict(_together(each))


def sums_of(column: str, **found: tuple[QuerySet, str]) -> dict[tuple[str, int], int]:
    """Sums of a column by (name of the question, what its rows are about), where there are any."""
    each = [
        rows.order_by()
        .annotate(asked=Value(name), about=F(about))
        .values("asked", "about")
        .annotate(total=Sum(column))
        .values_list("asked", "about", "total")
        for name, (rows, about) in found.items()
    ]
    return {(name, about): int(total or 0) for name, about, total in _together(each)}


def counts_by(**found: tuple[QuerySet, str]) -> dict[tuple[str, int], int]:
    """Numbers of rows by (name of the question, what its rows are about), where there are any."""
    each = [
        rows.order_by()
        .annotate(asked=Value(name), about=F(about))
        .values("asked", "about")
        .annotate(n=Count("pk"))
        .values_list("asked", "about", "n")
        for name, (rows, about) in found.items()
    ]
    return {(name, about): n for name, about, n in _together(each)}


def _together(each: list[QuerySet]) -> QuerySet | list:
    if len(each) < 2:
        return each[0] if each else []
    return each[0].union(*each[1:], all=True)
