"""What pages ask about a programme's impact. Choices and runs live in the journal: nothing is kept twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from tirek.access.scope import loading
from tirek.assessment.models import Subject, Test, TestState
from tirek.decisions import queries as journal
from tirek.programmes.kinds_impact import COMPARISON, IMPACT
from tirek.programmes.models import Programme
from tirek.storage.models import Job, JobState


@dataclass(frozen=True)
class Outcome:
    """What the programme was to change: results of one subject and grade."""

    subject: str
    grade: int

    @property
    def value(self) -> str:
        """As forms and addresses carry it."""
        return f"{self.subject}-{self.grade}"

    @classmethod
    def read(cls, text: str) -> Outcome | None:
        subject, _dash, grade = text.partition("-")
        if subject not in Subject.values or not grade.isdecimal() or not 1 <= int(grade) <= 12:
            return None
        return cls(subject, int(grade))


def outcomes_of(programme: Programme) -> list[Outcome]:
    """Subjects and grades with published results in the whole territory, those with most waves first."""
    tests = Test.objects.filter(
        state=TestState.PUBLISHED, org_lo__lte=programme.org_lo, org_hi__gte=programme.org_hi
    ).values_list("subject", "grade")
    counted: dict[tuple[str, int], int] = {}
    for pair in tests:
        counted[pair] = counted.get(pair, 0) + 1
    return [Outcome(*pair) for pair in sorted(counted, key=lambda p: (-counted[p], p))]


def decisions_of(programme: Programme, kind: str, outcome: Outcome | None = None):
    """Choices or runs of a programme that the asker sees, the newest first."""
    wanted: dict[str, Any] = {"programme": programme.slug}
    if outcome is not None:
        wanted |= {"subject": outcome.subject, "grade": outcome.grade}
    return journal.decisions().filter(kind=kind, parameters__contains=wanted)


def published(programme: Programme, kind: str, outcome: Outcome | None = None):
    """The one in force."""
    return decisions_of(programme, kind, outcome).filter(state="published").first()


def draft(programme: Programme, kind: str, outcome: Outcome | None = None):
    """The newest draft that nothing published has overtaken."""
    found = decisions_of(programme, kind, outcome).filter(state__in=("draft", "published")).first()
    return found if found is not None and found.state == "draft" else None


def outcome_in_force(programme: Programme) -> Outcome | None:
    """The outcome that was decided about last: results first, then comparisons."""
    for kind in (IMPACT, COMPARISON):
        found = published(programme, kind) or draft(programme, kind)
        if found is not None:
            return Outcome(found.parameters["subject"], int(found.parameters["grade"]))
    return None


def table(decision, name: str) -> pl.DataFrame:
    """A sealed table of a choice or a run."""
    with loading():
        return journal.table(decision, name)


def school_outcomes(decision) -> list[dict[str, Any]]:
    """Every school of a decision with its reason and numbers; the caller limits them to the asker's scope."""
    with loading():
        return journal.outcome_rows(journal.table(decision, "outcomes"))


def running_job(programme: Programme) -> Job | None:
    """The asker's own run under way."""
    found = Job.objects.filter(
        work__startswith="tirek.programmes.work_impact", arguments__contains={"slug": programme.slug}
    )
    return found.filter(state__in=[JobState.QUEUED, JobState.RUNNING]).order_by("-created_at").first()
