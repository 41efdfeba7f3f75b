"""Published figures on a territory's page."""

from __future__ import annotations

from tirek.indicators import present, queries
from tirek.registry import panels


def region(request, subject):
    """What is published about this territory."""
    rows = []
    for cell in queries.of_territory(subject.code):
        indicator = present.known(cell.release.indicator)
        if indicator is not None:
            rows.append((indicator, present.row(cell, indicator, {}), cell.release))
    return ("indicators/_region.html", {"rows": rows, "territory": subject}) if rows else None


def register() -> None:
    panels.register("region", "figures", 60, region, is_of_today=False)  # each says as of when it is
