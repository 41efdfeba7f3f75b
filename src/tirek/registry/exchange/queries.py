"""Questions the exchange page asks."""

from __future__ import annotations

import datetime as dt
import json

import polars as pl
from django.utils import timezone

from tirek.access.scope import current_scope
from tirek.registry.exchange.services import differences_of
from tirek.registry.models import Import, ImportState, MappingProfile, Source, Territory

PAGE = 50


def sources() -> list[Source]:
    """Sources of the scope, each with its last success, last failure, and when the next file is expected."""
    found = list(current_scope().limit(Source.objects.order_by("name"), "org_lo"))
    for source in found:
        imports = source.imports.order_by("-pk")
        source.last_applied = imports.filter(state=ImportState.APPLIED).first()
        source.last_refused = imports.filter(state=ImportState.REFUSED).first()
        source.next_expected = _next_expected(source)
        source.is_late = bool(source.next_expected and source.next_expected < timezone.localdate())
    return found


def source_of(code: str) -> Source | None:
    return current_scope().limit(Source.objects.filter(code=code), "org_lo").first()


def _next_expected(source: Source) -> dt.date | None:
    if not source.expected_every_days or source.last_applied is None:
        return None
    return timezone.localdate(source.last_applied.applied_at) + dt.timedelta(days=source.expected_every_days)


def recent_imports(source: Source | None = None, limit: int = 50) -> list[Import]:
    found = current_scope().limit(Import.objects.select_related("source").order_by("-pk"))
    if source is not None:
        found = found.filter(source=source)
    return list(found[:limit])


def import_of(pk: int) -> Import | None:
    return Import.objects.select_related("source", "profile").filter(pk=pk).first()


def latest_profiles(source: Source) -> list[MappingProfile]:
    return list(source.profiles.order_by("row_kind", "-version").distinct("row_kind"))


def territories() -> list[Territory]:
    return list(Territory.objects.filter(level__in=["country", "region", "district"]).order_by("org_lo", "-org_hi"))


def difference_page(found: Import, *, action: str = "", number: int = 1) -> tuple[list[dict], int]:
    """Rows of one page of the differences, and how many there are."""
    frame = differences_of(found)
    if action and frame.height:
        frame = frame.filter(pl.col("action") == action)
    rows = frame.slice((number - 1) * PAGE, PAGE).to_dicts() if frame.height else []
    for row in rows:
        pairs = json.loads(row["pairs"]) if row["pairs"] else {}
        row["file"], row["row"] = row["_file"], row["_row"]
        row["changes"] = [(name, *pairs.get(name, ("", ""))) for name in (row["changed"] or "").split()]
    return rows, frame.height
