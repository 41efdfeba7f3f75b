"""Published figures for programs. Everything here is public, as it is on the pages."""

from __future__ import annotations

from datetime import date, datetime

from django.utils.translation import gettext_lazy as _
from ninja import Path, Query, Router, Schema
from pydantic import Field

from tirek.access.gates import Gate, declare
from tirek.indicators import present, queries
from tirek.indicators.definitions import all_indicators, indicator_of

router = Router(tags=["figures"])
LIMIT = 1000
Code = Path(..., pattern=r"^[a-z0-9_.]{1,80}$", examples=["schools.pupils"])
AsOf = Query(None, description="The last publication up to this day.")
Territory = Query(None, pattern=r"^[0-9]{1,32}$")
About = Query(None, max_length=80, description="Code of the test whose figure is wanted, where there are several.")
Number = Path(..., pattern=r"^F-[0-9]{4}-[0-9]{6}$", examples=["F-2025-000001"])


class Problem(Schema):
    """Why there is no answer."""

    code: str
    message: str


class IndicatorOut(Schema):
    """A definition."""

    code: str
    version: int
    title: str
    unit: str
    method: str
    source: str
    topic: str
    definition_sha256: str
    published: str | None = Field(None, description="Number of the latest publication in force.")


class CellOut(Schema):
    """One published number. ``value`` is decimal digits as published; a hidden one has nothing but its place."""

    level: str
    territory: str
    settlement: str
    kind: str
    numerator: int | None
    denominator: int | None
    value: str
    se: str
    low: str
    high: str
    suppressed: bool


class ReleaseOut(Schema):
    """One publication and where it comes from."""

    number: str
    indicator: str
    version: int
    as_of: date
    about: str = Field("", description="Code of the test that the figure is about; empty for the whole register.")
    state: str
    published_by: str
    published_at: datetime
    snapshot_sha256: str | None
    decision: str | None
    definition_sha256: str
    smallest_group: int
    hidden: int
    cells: list[CellOut]


class ClaimOut(Schema):
    """A public claim of somebody else, as it was said."""

    topic: str
    text: str
    source: str
    said_on: date | None
    value: str
    unit: str
    true_times: str | None = Field(None, description="What the claim's own numbers give, where it says how many times.")


ERRORS = {404: Problem, 422: Problem}


@router.get("/indicators", response=list[IndicatorOut], url_name="indicators", summary=str(_("The definitions")))
def indicators(request):
    releases = queries.latest_releases()
    return [_indicator(i, releases.get(i.code)) for i in all_indicators()]


@router.get("/indicators/{code}", response={200: IndicatorOut, **ERRORS}, url_name="indicator")
def indicator(request, code: str = Code):
    return _indicator(indicator_of(code), queries.latest_releases().get(code))


@router.get("/indicators/{code}/latest", response={200: ReleaseOut, **ERRORS}, url_name="indicator_latest")
def latest(
    request,
    code: str = Code,
    as_of: date | None = AsOf,
    territory: str | None = Territory,
    about: str | None = About,
):
    found = queries.latest(indicator_of(code).code, as_of, territory=territory or "", about=about or "")
    return _release(found, territory)


@router.get("/releases/{number}", response={200: ReleaseOut, **ERRORS}, url_name="release")
def release(request, number: str = Number, territory: str | None = Territory):
    return _release(queries.release(number), territory)


@router.get("/claims", response=list[ClaimOut], url_name="claims")
def claims(request):
    return [
        {
            "topic": topic.name,
            "text": said.text,
            "source": said.claim.source,
            "said_on": said.claim.said_on,
            "value": format(said.claim.value.normalize(), "f"),
            "unit": said.claim.unit,
            "true_times": str(said.true_times) if said.true_times is not None else None,
        }
        for topic in queries.topics()
        for said in topic.claims
    ]


def _indicator(found, release) -> dict:
    return {
        "code": found.code,
        "version": found.version,
        "title": str(found.title),
        "unit": str(found.unit),
        "method": str(found.method),
        "source": str(found.source),
        "topic": str(found.topic),
        "definition_sha256": found.digest,
        "published": release.number if release else None,
    }


def _release(found, territory: str | None) -> dict:
    cells = queries.cells_of_territory(found, territory) if territory else queries.cells(found)
    return {
        "number": found.number,
        "indicator": found.indicator,
        "version": found.version,
        "as_of": found.as_of,
        "about": found.about,
        "state": found.state,
        "published_by": found.published_by_name,
        "published_at": found.published_at,
        "snapshot_sha256": found.snapshot.sha256 if found.snapshot else None,
        "decision": found.decision_number or None,
        "definition_sha256": found.definition_sha256,
        "smallest_group": found.minimum,
        "hidden": found.hidden_count,
        "cells": [present.plain(cell) for cell in cells],
    }


for name in ("indicators", "indicator", "indicator_latest", "release", "claims"):
    declare(f"api:{name}", Gate(public=True, reason="what is published is public"))
