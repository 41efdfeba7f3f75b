"""Scales of one school with their names, for its page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from tirek.access.scope import loading
from tirek.surveys.models import Audience, PublishedScale
from tirek.surveys.queries.results import ScaleResult, scale_results


@dataclass(frozen=True)
class Named:
    """A scale's result with its words."""

    result: ScaleResult
    title: str
    audience: str
    round_code: str


def scale_titles(codes: Iterable[str], language: str) -> dict[str, str]:
    """What scales are called in their questionnaires; the newest round's words."""
    asked = sorted(set(codes))
    if not asked:
        return {}
    with loading():
        rows = PublishedScale.objects.filter(scale_code__in=asked).order_by("scale_code", "-closed_on")
        newest = list(rows.distinct("scale_code").values_list("scale_code", "title"))
    return {code: title.get(language) or title.get("kk") or code for code, title in newest}


def scales_of_school(org_no: int, on: dt.date, language: str) -> list[Named]:
    """The right to see the school was checked."""
    with loading():
        results = scale_results([org_no], on)
        rows = PublishedScale.objects.filter(org_no=org_no).select_related("round") if results else []
        kept = {(r.form_code, r.scale_code, r.closed_on, r.audience): r for r in rows}
    named = []
    for result in results:
        row = kept[result.form_code, result.scale_code, result.closed_on, result.audience]
        title = row.title.get(language) or row.title.get("kk") or result.scale_code
        named.append(Named(result, title, str(Audience(result.audience).label), row.round.code))
    return named
