"""Decisions for programs: the register of kinds for everybody, the journal for those who may read it."""

from __future__ import annotations

from datetime import date, datetime

from ninja import Path, Query, Router, Schema

from tirek.access.gates import Gate, declare
from tirek.decisions import queries
from tirek.decisions.where import where_decided

router = Router(tags=["decisions"])
Number = Path(..., pattern=r"^D-[0-9]{4}-[0-9]{6}$", examples=["D-2025-000001"])
Subject = Path(..., pattern=r"^[^\x00/]{1,80}$", examples=["PUPIL-17"])


class Problem(Schema):
    """Why there is no answer."""

    code: str
    message: str


class PlaceOut(Schema):
    """Where a function is written."""

    file: str
    line: int
    name: str


class KindOut(Schema):
    """A kind of decision and where it is decided."""

    code: str
    title: str
    clause: str
    rules: str
    engine: PlaceOut
    cases: str
    reasons: dict[str, str]


class SealOut(Schema):
    """A sealed file: its digest, its format and its rows."""

    sha256: str
    size: int
    format: str
    rows: int | None = None


class DecisionOut(Schema):
    """The head of a decision: no outcomes."""

    number: str
    kind: str
    state: str
    made_at: datetime
    made_by: str
    published_at: datetime | None
    rules: str
    rules_in_force_from: str
    rules_sha256: str
    engine_version: str
    inputs: dict[str, SealOut]
    outcomes: int
    supersedes: str | None


class WhyOut(Schema):
    """Why one subject got what it got."""

    number: str
    subject_kind: str
    subject: str
    reason: str
    texts: dict[str, str]
    numbers: dict[str, str]
    clause: str
    rules: str
    rules_as_of: date
    engine: PlaceOut


ERRORS = {404: Problem, 422: Problem}


@router.get("/kinds", response=list[KindOut], url_name="kinds")
def kinds(request):
    return [
        {
            "code": where.kind.code,
            "title": str(where.kind.title),
            "clause": str(where.kind.clause),
            "rules": where.rule_file,
            "engine": _place(where.engine),
            "cases": where.kind.cases,
            "reasons": dict(where.reasons),
        }
        for where in where_decided()
    ]


@router.get("/decisions", response={200: list[DecisionOut], 422: Problem}, url_name="decisions")
def decisions(request, limit: int = Query(50, ge=1, le=200), offset: int = Query(0, ge=0, le=1_000_000)):
    found = queries.decisions().select_related("supersedes")[offset : offset + limit]
    return [_decision(decision) for decision in found]


@router.get("/decisions/{number}", response={200: DecisionOut, **ERRORS}, url_name="decision")
def decision(request, number: str = Number):
    return _decision(queries.decision(number))


@router.get("/decisions/{number}/why/{subject}", response={200: WhyOut, **ERRORS}, url_name="why")
def why(request, number: str = Number, subject: str = Subject):
    found = queries.explain(number, subject)
    return {
        "number": found.number,
        "subject_kind": found.subject_kind,
        "subject": found.subject,
        "reason": found.reason,
        "texts": dict(found.texts),
        "numbers": dict(found.labelled_numbers),
        "clause": str(found.kind.clause),
        "rules": found.rule_place,
        "rules_as_of": found.rule_date,
        "engine": _place(found.engine),
    }


def _place(place) -> dict:
    return {"file": place.file, "line": place.line, "name": place.name}


def _decision(found) -> dict:
    return {
        "number": found.number,
        "kind": found.kind,
        "state": found.state,
        "made_at": found.made_at,
        "made_by": found.made_by_name,
        "published_at": found.published_at,
        "rules": found.rule,
        "rules_in_force_from": found.rule_version,
        "rules_sha256": found.rule_sha256,
        "engine_version": found.engine_version,
        "inputs": found.inputs,
        "outcomes": found.outcome_count,
        "supersedes": found.supersedes.number if found.supersedes else None,
    }


declare("api:kinds", Gate(public=True, reason="where it is decided is public"))
for name in ("decisions", "decision"):
    declare(
        f"api:{name}", Gate(permission="decisions.read", program=True, reason="the journal, within the asker's scope")
    )
declare("api:why", Gate(reason="one's own outcomes, or those of one's scope"))
