"""Questions about plans of measures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import BooleanField, Case, Count, F, Max, Q, QuerySet, Sum, Value, When

from tirek.access.scope import Scope
from tirek.programmes.models import OPEN_MEASURES, Measure, MeasureState, MeasureStep, Programme
from tirek.registry.models import Institution


def measures(programme: Programme, *, on: dt.date) -> QuerySet[Measure]:
    """The plan, overdue first, then by date."""
    late = Case(
        When(state__in=OPEN_MEASURES, due_date__lt=on, then=Value(True)),
        default=Value(False),
        output_field=BooleanField(),
    )
    ended = Case(When(state__in=OPEN_MEASURES, then=Value(False)), default=Value(True), output_field=BooleanField())
    found = Measure.objects.filter(programme=programme).annotate(is_late=late, is_ended=ended)
    return found.order_by("-is_late", "is_ended", "due_date", "number")


def filtered(
    found: QuerySet[Measure], *, state: str = "", section: str = "", owner: str = "", text: str = ""
) -> QuerySet[Measure]:
    if state == "late":
        found = found.filter(is_late=True)
    elif state:
        found = found.filter(state=state)
    if section:
        found = found.filter(section=section)
    if owner:
        found = found.filter(Q(owner_code=owner) | Q(owner_name__icontains=owner))
    for word in text.split():
        found = found.filter(Q(title__icontains=word) | Q(owner_name__icontains=word))
    return found


def measure(programme: Programme, number: int) -> Measure | None:
    return Measure.objects.filter(programme=programme, number=number).select_related("programme").first()


def steps(of: Measure) -> QuerySet[MeasureStep]:
    return MeasureStep.objects.filter(measure=of).order_by("-id")


def step(of: Measure, step_id: int) -> MeasureStep | None:
    return MeasureStep.objects.filter(measure=of, pk=step_id).exclude(sha256="").first()


def sections(programme: Programme) -> list[str]:
    found = Measure.objects.filter(programme=programme).exclude(section="").order_by("section")
    return list(found.values_list("section", flat=True).distinct())


def next_number(programme: Programme) -> int:
    return (Measure.objects.filter(programme=programme).aggregate(n=Max("number"))["n"] or 0) + 1


@dataclass(frozen=True)
class Progress:
    """How far a plan has come. ``due`` were to be done by the day; ``in_time`` of them were done by their date."""

    all: int
    done: int
    late: int
    reported: int
    due: int
    in_time: int
    budget_tiyn: int


def progress(programme: Programme, *, on: dt.date) -> Progress:
    live = ~Q(state=MeasureState.CANCELLED)
    due = live & Q(due_date__lte=on)
    found = Measure.objects.filter(programme=programme).aggregate(
        all=Count("id", filter=live), done=Count("id", filter=Q(state=MeasureState.DONE)),
        late=Count("id", filter=Q(state__in=OPEN_MEASURES, due_date__lt=on)),
        reported=Count("id", filter=Q(state=MeasureState.REPORTED)), due=Count("id", filter=due),
        in_time=Count("id", filter=due & Q(state=MeasureState.DONE, done_on__lte=F("due_date"))),
        budget_tiyn=Sum("budget_tiyn", filter=live),
    )  # fmt: skip
    return Progress(**(found | {"budget_tiyn": int(found["budget_tiyn"] or 0)}))


def own(scope: Scope, *, on: dt.date) -> list[Measure]:
    """Open measures that institutions of a small scope answer for."""
    if scope.lo is None or scope.lo != scope.hi:
        return []
    found = Measure.objects.filter(org_no=scope.lo, state__in=OPEN_MEASURES).exclude(owner_code="")
    return list(found.select_related("programme").order_by("due_date"))


def owners_by_code(codes: Sequence[str]) -> dict[str, int]:
    return dict(Institution.objects.filter(code__in=set(codes)).values_list("code", "org_no"))
