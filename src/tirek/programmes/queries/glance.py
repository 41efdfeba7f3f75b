"""Programmes at a glance, for the first page of a role: what needs no look into the other apps' records."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from tirek.access.scope import Scope
from tirek.programmes.models import OPEN_MEASURES, Measure, Need, NeedState, Participation, Programme, Stage
from tirek.programmes.queries.programmes import listed

SHOWN = 4


@dataclass(frozen=True)
class Glance:
    """A programme in a scope: schools, those past the day planned for their stage, needs to decide, measures past their day."""

    programme: Programme
    schools: int
    past: int
    needs: int
    late: int


def running(scope: Scope, *, on: dt.date) -> list[Glance]:
    """The running programmes of an officer's territory: three questions, however many there are."""
    found = [p for p in listed(scope) if p.state in ("running", "support") and not p.is_sister][:SHOWN]
    if not found:
        return []
    schools, past = Counter(), Counter()
    for programme_id, valid, days in scope.limit(_places(found, on)).values_list("programme_id", "valid", "planned"):
        schools[programme_id] += 1
        past[programme_id] += days is not None and valid.lower + dt.timedelta(days=days) < on
    needs = scope.limit(Need.objects.filter(programme=OuterRef("pk"), state=NeedState.PROPOSED))
    late = Measure.objects.filter(programme=OuterRef("pk"), state__in=OPEN_MEASURES, due_date__lt=on)
    counted = Programme.objects.filter(pk__in=[p.pk for p in found]).annotate(
        needs_n=_count(needs), late_n=_count(late)
    )
    of = {pk: (n, m) for pk, n, m in counted.values_list("pk", "needs_n", "late_n")}
    return [Glance(p, schools[p.pk], past[p.pk], *of[p.pk]) for p in found]


def _count(rows: QuerySet):
    return Coalesce(Subquery(rows.order_by().values("programme").annotate(n=Count("pk")).values("n")), 0)


def _places(found: Sequence[Programme], on: dt.date) -> QuerySet[Participation]:
    """Participations of a day with the days planned until the end of their stage; none once all stages are passed."""
    return Participation.objects.filter(programme__in=found, valid__contains=on).annotate(planned=_planned())


def _planned() -> Subquery:
    until = Stage.objects.filter(programme=OuterRef("programme"), position__lte=OuterRef("stage__position"))
    return Subquery(until.order_by().values("programme").annotate(n=Sum("days")).values("n"))


@dataclass(frozen=True)
class Standing:
    """Where one school stands in a programme, and by when it was to be through."""

    participation: Participation
    due_on: dt.date | None
    days_over: int


def standings(org_no: int, *, on: dt.date) -> list[Standing]:
    """A school's programmes of today, the newest first; one question."""
    is_here = Q(valid__upper_inf=True) | Q(valid__endswith__gt=on)
    found = Participation.objects.filter(is_here, org_no=org_no).annotate(planned=_planned())
    rows = []
    for p in found.select_related("stage", "programme").order_by("-valid"):
        due_on = p.valid.lower + dt.timedelta(days=p.planned) if p.planned is not None else None
        rows.append(Standing(p, due_on, (on - due_on).days if due_on else 0))
    return rows
