"""Panels of tasks on the home page and on an institution's page."""

from __future__ import annotations

from django.utils import timezone

from tirek.registry import panels
from tirek.tasks import queries
from tirek.tasks.present import present

SHOWN = 7


def home(request, subject):
    """My tasks first."""
    if not request.user.is_authenticated:
        return None
    today = timezone.localdate()
    counts = queries.task_counts(request.scope, today)
    tasks = queries.my_tasks(request.scope)[:SHOWN] if counts.mine else []
    return "tasks/_home.html", {"rows": [present(task, {}, today) for task in tasks], "counts": counts}


def institution(request, subject):
    """What is asked of this institution, for who sees all of it: a teacher sees the own tasks alone."""
    if not request.user.is_authenticated or request.scope.is_own or not request.scope.covers(subject.org_no):
        return None
    today = timezone.localdate()
    tasks = queries.asked_of(subject.org_no)[:SHOWN]
    return "tasks/_institution.html", {"rows": [present(task, {}, today) for task in tasks], "org_no": subject.org_no}


def register() -> None:
    panels.register("home", "tasks", 10, home)
    panels.register("institution", "tasks", 20, institution)
