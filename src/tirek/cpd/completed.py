"""Who wants to hear that a course which answers a need is over: called in the same transaction, once for each need."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tirek.cpd.models import Cohort, Participation, Standing

NO_PLACE = "cohort completed"  # reason of those who waited until the group was closed


@dataclass(frozen=True)
class Ended:
    """What a closed group says of one need: how many were sent for it, how many completed, by which decision.

    ``missing`` are people who were ever sent for the need and have completed no course for it: those who are still taught,
    those who did not pass, those who never got a place. Who left of their own does not count.
    """

    need_code: str
    cohort_code: str
    course_name: str
    ended_on: dt.date
    decision_number: str
    sent: int
    completed: int
    missing: int


_listeners: list[Callable[[Ended], None]] = []


def register(listener: Callable[[Ended], None]) -> None:
    """Add a function of what ended; called from an app's ready()."""
    if listener not in _listeners:
        _listeners.append(listener)


def unregister(listener: Callable[[Ended], None]) -> None:
    """For tests that bring their own."""
    if listener in _listeners:
        _listeners.remove(listener)


def tell(cohort: Cohort, people: Iterable[Participation]) -> None:
    """Called by whoever closes a group, as the loader, after everybody in it has the final standing."""
    by_need: dict[str, list[Participation]] = {}
    for made in people:
        if made.need_code:
            by_need.setdefault(made.need_code, []).append(made)
    for code, sent in sorted(by_need.items()):
        ended = Ended(
            need_code=code, cohort_code=cohort.code, course_name=cohort.course.name_kk, ended_on=cohort.ends_on,
            decision_number=cohort.completion_number, sent=len(sent),
            completed=sum(made.standing == Standing.COMPLETED for made in sent), missing=_missing(code),
        )  # fmt: skip
        for listener in list(_listeners):
            listener(ended)


def _missing(need_code: str) -> int:
    rows = Participation.objects.filter(need_code=need_code).values_list("person_id", "standing", "reason")
    sent = {who for who, standing, reason in rows if standing != Standing.CANCELLED or reason == NO_PLACE}
    return len(sent - {who for who, standing, _reason in rows if standing == Standing.COMPLETED})
