"""People in a cohort, their attendance and scores, what waits for a head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from django.db.models import Count, Q, QuerySet, Sum

from tirek.access.models import User
from tirek.access.scope import Scope, loading
from tirek.cpd.models import ACTIVE, Attendance, Cohort, Participation, Score, Session, Standing
from tirek.decisions.rules import rules_in_force

if TYPE_CHECKING:
    from tirek_engines.cpd.gain import Gain

ORDER = ["enrolled", "completed", "not_completed", "applied", "waiting", "declined", "cancelled"]


def participants(cohort: Cohort) -> list[Participation]:
    """As far as the asker's policies show them: those with a place first, then those who wait, in order of asking."""
    found = list(Participation.objects.filter(cohort=cohort).select_related("person"))
    found.sort(key=lambda made: (ORDER.index(made.standing), made.applied_at, made.pk))
    return found


def people_of_trainer(cohort: Cohort) -> list[Participation]:
    """Names for the attendance page. The right (trainer or office) is the caller's to check."""
    with loading():
        return list(Participation.objects.filter(cohort=cohort, standing=Standing.ENROLLED).order_by("sort_key", "id"))


def mine(cohort: Cohort, user: User) -> Participation | None:
    """The asker's own latest participation in a cohort."""
    if user.person_id is None:
        return None
    return Participation.objects.filter(cohort=cohort, person_id=user.person_id).order_by("-id").first()


def steps(made: Participation):
    return made.steps.order_by("id")


def approvals(scope: Scope) -> QuerySet[Participation]:
    """What waits for the head of the asker's institution, the oldest first."""
    found = scope.limit(Participation.objects.filter(standing=Standing.APPLIED))
    return found.select_related("cohort__course").order_by("applied_at", "id")


def sessions(cohort: Cohort) -> QuerySet[Session]:
    return Session.objects.filter(cohort=cohort).order_by("day", "starts_at")


def session(cohort: Cohort, session_id: int) -> Session | None:
    return Session.objects.filter(cohort=cohort, pk=session_id).first()


def there(of: Session) -> dict[int, bool]:
    """Who was marked, by participation. Read as the loader: the caller has checked who may mark."""
    with loading():
        return dict(Attendance.objects.filter(session=of).values_list("participation_id", "was_there"))


def attendance_counts(cohort: Cohort) -> dict[int, tuple[int, int]]:
    """Sessions attended and marked, by participation, as far as the asker may see."""
    counts: dict[int, tuple[int, int]] = {}
    for made, was in Attendance.objects.filter(session__cohort=cohort).values_list("participation_id", "was_there"):
        present, of = counts.get(made, (0, 0))
        counts[made] = (present + was, of + 1)
    return counts


def scores(cohort: Cohort) -> dict[tuple[int, str], Score]:
    found = Score.objects.filter(participation__cohort=cohort)
    return {(score.participation_id, score.when): score for score in found}


@dataclass(frozen=True)
class CohortGain:
    """``found`` is None where too few took both tests; ``fewest`` is what the rules ask for."""

    found: Gain | None
    n: int
    fewest: int


def gain_of(cohort: Cohort) -> CohortGain | None:
    """How much the cohort gained, with its error; None where nobody took both tests."""
    from tirek_engines.cpd.gain import gain

    with loading():
        both: dict[int, dict[str, float]] = {}
        for score in Score.objects.filter(participation__cohort=cohort):
            both.setdefault(score.participation_id, {})[score.when] = 100 * score.points / score.highest
        rules = rules_in_force("cpd.completion", cohort.ends_on, cohort.org_lo, cohort.org_hi)
    pairs = [(row["before"], row["after"]) for row in both.values() if len(row) == 2]
    if not pairs:
        return None
    fewest = int(rules.value("fewest_for_gain"))
    if len(pairs) < fewest:
        return CohortGain(None, len(pairs), fewest)
    before, after = np.array(pairs).T
    return CohortGain(gain(before, after), len(pairs), fewest)


def of_need(need_code: str) -> QuerySet[Participation]:
    """Who was put into a cohort because of a need: programmes asks."""
    return Participation.objects.filter(need_code=need_code).select_related("cohort__course").order_by("id")


def of_institution(org_no: int) -> dict[str, int]:
    """Numbers for the page of an institution."""
    completed, active = Q(standing=Standing.COMPLETED), Q(standing__in=ACTIVE)
    found = Participation.objects.filter(org_no=org_no).aggregate(
        completed=Count("person_id", filter=completed, distinct=True),
        under_way=Count("pk", filter=active),
        hours=Sum("hours", filter=completed),
    )
    return {name: value or 0 for name, value in found.items()}
