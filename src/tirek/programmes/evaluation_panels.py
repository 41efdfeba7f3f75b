"""A school's own value added among its results: for the school itself and the officers above it."""

from __future__ import annotations

from tirek.access.permissions import may
from tirek.decisions import queries as journal
from tirek.programmes.queries import evaluation as queries
from tirek.registry import panels

TAB = "results"
SHOWN = 1


def institution(request, subject):
    """What the school adds, in one sentence, of its latest tests."""
    if not may(request.scope.role, "programmes.read") or not request.scope.covers(subject.org_no):
        return None
    from tirek.programmes.pages import value_added as pages  # the engines' compiler is not for every process

    rows = []
    for run in queries.of_school(subject.org_no)[:SHOWN]:
        found = queries.school_outcome(run, subject.org_no)
        if found is not None:
            text = pages.reason_words(journal.kind_of(run.kind), found)
            rows.append({"run": run, "titles": pages.titles(run), "text": text})
    return ("programmes/evaluation/_school.html", {"rows": rows}) if rows else None


def register() -> None:
    panels.register("institution", "value_added", 80, institution, tab=TAB)
