"""Tests and their published results for programs: what the pages of results show, within the asker's scope."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from ninja import Path, Query, Router, Schema
from ninja.errors import HttpError
from pydantic import Field

from tirek.access.gates import Gate, declare
from tirek.assessment.queries import results as queries

router = Router(tags=["tests"])
Code = Path(..., pattern=r"^[A-Za-z0-9_-]{1,64}$", examples=["M4-47-2026"])


class Problem(Schema):
    """Why there is no answer."""

    code: str
    message: str


class TestOut(Schema):
    """A test of the asker's territory."""

    code: str
    title: dict[str, str]
    kind: str
    subject: str
    grade: int
    school_year: str
    territory: str
    state: str
    is_synthetic: bool


class TestsOut(Schema):
    """One page of tests, the latest first."""

    count: int
    items: list[TestOut]


class GroupOut(Schema):
    """A group's mean with its error; one with too few pupils has a reason in place of numbers."""

    by: str = Field(description="all, district, school, settlement, language, or gap: urban minus rural.")
    code: str
    pupils: int | None
    schools: int | None
    mean: float | None
    se: float | None
    low: float | None
    high: float | None
    hidden: str = Field(description="Empty, or why nothing is shown: small, protects, nobody.")


class ItemOut(Schema):
    """An item's difficulty; only for those whose territory holds the test."""

    code: str
    difficulty_logits: float | None
    se_logits: float | None
    answers: int
    share_right: float | None
    left_out: str


class ResultsOut(Schema):
    """Published results, and the decision and figure that they can be verified by."""

    test: TestOut
    published_at: datetime
    decision: str
    figure: str
    source: str
    reliability: float | None
    groups: list[GroupOut]
    items: list[ItemOut]


ERRORS = {404: Problem, 422: Problem}


@router.get("/tests", response={200: TestsOut, 422: Problem}, url_name="tests", summary="Tests, the latest first")
def listed(request, limit: int = Query(50, ge=1, le=500), offset: int = Query(0, ge=0, le=1_000_000)):
    found = queries.tests_in(request.scope)
    return {"count": found.count(), "items": [_test(test) for test in found[offset : offset + limit]]}


@router.get("/tests/{code}", response={200: TestOut, **ERRORS}, url_name="test", summary="One test")
def one(request, code: str = Code):
    return _test(_found(code))


@router.get("/tests/{code}/results", response={200: ResultsOut, **ERRORS}, url_name="results", summary="Its results")
def results(request, code: str = Code):
    found = _found(code)
    release = queries.published(found)
    if release is None:
        raise HttpError(404, _("The results of this test are not published."))
    groups = queries.groups_of(release, request.scope)
    return {
        "test": _test(found),
        "published_at": release.at,
        "decision": release.decision_number,
        "figure": release.figure_number,
        "source": release.source,
        "reliability": release.distribution.get("reliability"),
        "groups": [_group(row) for rows in groups.values() for row in rows],
        "items": [_item(estimate) for estimate in queries.item_estimates(release.calibration)],
    }


def _found(code: str):
    found = queries.test_by_code(code)
    if found is None:
        raise HttpError(404, _("There is no such test."))
    return found


def _test(found) -> dict:
    same = ("code", "kind", "subject", "grade", "state", "is_synthetic")
    return {name: getattr(found, name) for name in same} | {
        "title": {language: getattr(found, f"title_{language}") for language in ("kk", "ru", "en")},
        "school_year": found.school_year.code,
        "territory": found.territory.code,
    }


def _group(row) -> dict:
    numbers = {name: getattr(row, name) for name in ("mean", "se", "low", "high")}
    return {
        "by": row.dimension,
        "code": row.code,
        "pupils": row.n,
        "schools": row.n_schools,
        "hidden": row.suppressed,
        **numbers,
    }


def _item(estimate) -> dict:
    return {
        "code": estimate.item.code,
        "difficulty_logits": estimate.difficulty,
        "se_logits": estimate.difficulty_se,
        "answers": estimate.n,
        "share_right": estimate.share_right,
        "left_out": estimate.dropped_because,
    }


for name in ("tests", "test", "results"):
    declare(f"api:{name}", Gate(permission="assessment.read", program=True, reason="what the pages of results show"))
