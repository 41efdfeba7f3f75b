"""What pages ask about value added and the gap of town and village. Runs live in the journal: nothing is kept twice."""

from __future__ import annotations

from typing import Any

from tirek.access.scope import Scope, loading
from tirek.assessment.models import Test
from tirek.decisions import queries as journal
from tirek.programmes.kinds_evaluation import VALUE_ADDED


def runs(kind: str):
    """Runs that the asker sees, the latest test first."""
    return journal.decisions().filter(kind=kind).order_by("-parameters__day", "-made_at")


def in_force(kind: str, scope: Scope | None = None):
    """Published runs; of those whose territory meets the asker's, where one is asked for."""
    found = runs(kind).filter(state="published")
    if scope is None or scope.is_country or scope.lo is None:
        return found
    return found.filter(org_lo__lte=scope.hi, org_hi__gte=scope.lo)


def of_tests(kind: str, **codes: str):
    """Runs of these tests: drafts and the published one."""
    return journal.decisions().filter(kind=kind, parameters__contains=codes, state__in=("draft", "published"))


def school_outcome(decision, org_no: int) -> dict[str, Any] | None:
    """What a run says of one school; the right to read it is the caller's to check."""
    with loading():
        found = journal.outcomes(decision).filter(org_no=org_no, subject_kind="school").first()
    return None if found is None else _row(found)


def school_outcomes(decision, scope: Scope | None = None) -> list[dict[str, Any]]:
    """Schools of the asker's scope; all of them without a scope, of which a page may show only what names none."""
    with loading():
        found = [_row(outcome) for outcome in journal.outcomes(decision).filter(subject_kind="school")]
    return [row for row in found if scope is None or scope.covers(row["org_no"])]


def _row(outcome) -> dict[str, Any]:
    return {
        "subject": outcome.subject, "org_no": outcome.org_no, "reason": outcome.reason, "numbers": outcome.numbers,
        "se": outcome.result.get("se"),
    }  # fmt: skip


def of_school(org_no: int):
    """Published value added of tests that hold this school, the latest first."""
    return runs(VALUE_ADDED).filter(state="published", org_lo__lte=org_no, org_hi__gte=org_no)


def part_outcomes(decision) -> dict[str, dict[str, Any]]:
    """Outcomes of a gap by part: open to whoever may read the run."""
    with loading():
        found = journal.outcomes(decision).filter(subject_kind="part")
        return {o.subject: {"reason": o.reason, "numbers": o.numbers} for o in found}


def table(decision, name: str):
    with loading():
        return journal.table(decision, name)


def tests_of(decision) -> list[Test]:
    """The tests that a run is about, the earlier first."""
    codes = [decision.parameters[name] for name in ("before", "after", "test") if name in decision.parameters]
    found = {t.code: t for t in Test.objects.filter(code__in=codes).select_related("school_year", "territory")}
    return [found[code] for code in codes if code in found]
