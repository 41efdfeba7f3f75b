"""Windows, applications as queues, experts and their judgements."""

from __future__ import annotations

import datetime as dt

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from tirek.access.scope import Scope
from tirek.cpd.models import (
    OPEN_STATES,
    Appeal,
    Application,
    ApplicationState,
    ApplicationStep,
    Expert,
    Review,
    Window,
)
from tirek.cpd.queries.criteria import last_day

STATES = [(state.value, state.label) for state in ApplicationState]


def windows(scope: Scope) -> QuerySet[Window]:
    """Windows that touch the asker's territory, the latest first."""
    found = Window.objects.order_by("-opens_on", "-id")
    if scope.lo is not None and scope.hi is not None:
        found = found.filter(org_lo__lte=scope.hi, org_hi__gte=scope.lo)
    return found


def window(code: str) -> Window | None:
    return Window.objects.filter(code=code).first()


def open_windows(scope: Scope, on: dt.date) -> QuerySet[Window]:
    return windows(scope).filter(opens_on__lte=on, closes_on__gte=on)


def state_counts(of: Window, scope: Scope) -> dict[str, int]:
    """How many applications stand where, as far as the asker may see."""
    rows = scope.limit(Application.objects.filter(window=of)).order_by().values_list("state").annotate(n=Count("id"))
    return dict(rows)


def to_check(scope: Scope) -> QuerySet[Application]:
    """What has come in and nobody has checked, in all windows of the asker's territory."""
    return scope.limit(Application.objects.filter(state=ApplicationState.RECEIVED, window__in=windows(scope)))


def applications(
    of: Window, scope: Scope, *, state: str = "", wanted: str = "", text: str = "", oldest_first: bool = True
) -> QuerySet[Application]:
    """A queue: the oldest first."""
    found = scope.limit(Application.objects.filter(window=of))
    if state:
        found = found.filter(state=state)
    if wanted:
        found = found.filter(wanted=wanted)
    for word in text.split():
        found = found.filter(Q(code__iexact=word) | Q(person_name__icontains=word))
    order = ("sent_at", "id") if oldest_first else ("-sent_at", "-id")
    return found.select_related("person").order_by(*order)


def application(code: str) -> Application | None:
    return Application.objects.select_related("window", "person").filter(code=code).first()


def my_application(person_id: int | None) -> Application | None:
    """The one under way."""
    if person_id is None:
        return None
    return Application.objects.filter(person_id=person_id, state__in=OPEN_STATES).select_related("window").first()


def steps(of: Application) -> QuerySet[ApplicationStep]:
    return of.steps.order_by("id")


def appeal_of(of: Application) -> Appeal | None:
    return Appeal.objects.filter(application=of).first()


def given_judgements(of: Application) -> list[Review]:
    """Judgements with their reasons; experts only for who holds the window's territory. Asked as the asker."""
    found = Review.objects.filter(application=of, declined_because="").select_related("expert")
    return list(found.order_by("is_appeal", "id"))


def reasons_for_applicant(of: Application) -> list[dict]:
    """Once it is decided, the applicant and the head read points and reasons, never by whom."""
    from tirek.access.scope import loading

    if of.state not in (ApplicationState.AWARDED, ApplicationState.REFUSED, ApplicationState.APPEALED):
        return []
    with loading():
        found = Review.objects.filter(application=of, given_at__isnull=False)
        if of.state == ApplicationState.APPEALED:
            found = found.filter(is_appeal=False)
        return [
            {"points": row.points, "reasons": row.reasons, "total": row.total, "is_appeal": row.is_appeal}
            for row in found.order_by("is_appeal", "total", "blind_code")
        ]


def my_reviews(user_id: int) -> QuerySet[Review]:
    """Dossiers of one expert: open ones first, the oldest of them first."""
    return Review.objects.filter(user_id=user_id, declined_because="").order_by("given_at", "assigned_at", "id")


def my_review(user_id: int, blind_code: str) -> Review | None:
    return Review.objects.filter(user_id=user_id, blind_code=blind_code).first()


def overdue_reviews(of: Window, on: dt.date) -> QuerySet[Review]:
    """Dossiers of a window that lie with experts past their last day, the oldest first."""
    states = (ApplicationState.WITH_EXPERTS, ApplicationState.APPEALED)
    found = Review.objects.filter(
        application__window=of, application__state__in=states, given_at=None, declined_because=""
    )
    days = {timezone.localdate(at) for at in found.values_list("assigned_at", flat=True).distinct()}
    late = [day for day in days if last_day(day, of.org_lo, of.org_hi) < on]
    return found.filter(assigned_at__date__in=late).order_by("assigned_at", "id")


def experts(scope: Scope) -> list[Expert]:
    """Experts of the asker's territory with what waits for them."""
    found = Expert.objects.annotate(
        waiting=Count("reviews", filter=Q(reviews__given_at=None, reviews__declined_because="")),
        given=Count("reviews", filter=Q(reviews__given_at__isnull=False)),
    ).order_by("-is_active", "full_name", "id")
    if scope.lo is not None and scope.hi is not None:
        found = found.filter(org_lo__gte=scope.lo, org_hi__lte=scope.hi)
    return list(found)
