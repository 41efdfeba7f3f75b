"""Questions about needs, with their evidence and what came of them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Case, Count, F, Q, QuerySet, Value, When

from tirek.access.scope import Scope
from tirek.programmes.models import LinkKind, Need, NeedKind, NeedLink, NeedsRun, NeedState, NeedStep, Programme
from tirek.registry.models import Employment, Room

OPEN_STATES = (NeedState.PROPOSED, NeedState.ACCEPTED)
ACCEPTED = NeedState.ACCEPTED.value
PROFESSIONAL, EDUCATIONAL = NeedKind.PROFESSIONAL.value, NeedKind.EDUCATIONAL.value


def needs(
    scope: Scope, *, programme: Programme | None = None, org_no: int | None = None, state: str = "", kind: str = "",
    span: tuple[int, int] | None = None, topic: str = "",
) -> QuerySet[Need]:  # fmt: skip
    """Needs that the asker sees: what waits to be decided first, then by rank."""
    found = scope.limit(Need.objects.all())
    if programme is not None:
        found = found.filter(programme=programme)
    if org_no is not None:
        found = found.filter(org_no=org_no)
    if span is not None:
        found = found.filter(org_no__gte=span[0], org_no__lte=span[1])
    if state == "open":
        found = found.filter(state__in=OPEN_STATES)
    elif state:
        found = found.filter(state=state)
    exact = {"kind": kind, "topic": topic}
    found = found.filter(**{name: value for name, value in exact.items() if value})
    first = Case(
        When(state=NeedState.PROPOSED, then=Value(0)), When(state=NeedState.ACCEPTED, then=Value(1)), default=Value(2)
    )
    return found.annotate(order=first).order_by("order", "org_no", F("rank").asc(nulls_last=True), "number")


def need(scope: Scope, number: int) -> Need | None:
    found = Need.objects.select_related("programme", "merged_into").filter(number=number)
    return scope.limit(found).first()


def by_code(code: str) -> Need | None:
    """For apps beside this one that know only the code."""
    number = code.removeprefix("N-")
    return Need.objects.filter(number=int(number)).first() if number.isdecimal() and len(number) < 10 else None


def steps(of: Need) -> QuerySet[NeedStep]:
    return NeedStep.objects.filter(need=of).order_by("-id")


def merged_into(of: Need) -> list[Need]:
    return list(Need.objects.filter(merged_into=of).order_by("number"))


def links(of: Iterable[int]) -> dict[int, list[NeedLink]]:
    """Need -> what answers it."""
    found: dict[int, list[NeedLink]] = defaultdict(list)
    for link in NeedLink.objects.filter(need__in=list(of)).order_by("id"):
        found[link.need_id].append(link)
    return found


def rooms_of(found: Iterable[Need]) -> dict[int, Room]:
    ids = {n.room_id for n in found if n.room_id}
    return {room.pk: room for room in Room.objects.filter(pk__in=ids).select_related("building")}


def rooms_by_id(ids: Iterable[int]) -> dict[int, Room]:
    return {room.pk: room for room in Room.objects.filter(pk__in=list(ids))}


def rooms_for(need: Need) -> list[Room]:
    """The need's room, else all open rooms of its school."""
    found = Room.objects.filter(org_no=need.org_no, valid__upper_inf=True).order_by("number")
    return list(found.filter(pk=need.room_id) if need.room_id else found)


def cohort(cohort_id: int) -> Any | None:
    from tirek.cpd.models import Cohort

    return Cohort.objects.select_related("course").filter(pk=cohort_id).first() if cohort_id < 2**31 else None


def accepted_in_order(org_no: int) -> list[Need]:
    return list(
        Need.objects.filter(org_no=org_no, state=NeedState.ACCEPTED).order_by(F("rank").asc(nulls_last=True), "number")
    )


def mergeable(of: Need) -> list[Need]:
    """Other waiting needs of the same school and kind."""
    found = Need.objects.filter(org_no=of.org_no, kind=of.kind, state__in=OPEN_STATES).exclude(pk=of.pk)
    return list(found.order_by("number"))


@dataclass(frozen=True)
class Counts:
    """Needs by what became of them. ``met`` and ``stood`` are the figure: of all that were ever accepted, those met."""

    proposed: int = 0
    accepted: int = 0
    rejected: int = 0
    met: int = 0

    @property
    def stood(self) -> int:
        return self.accepted + self.met

    @property
    def met_percent(self) -> int | None:
        return round(100 * self.met / self.stood) if self.stood else None


def counts(scope: Scope, programme: Programme | None = None, org_no: int | None = None) -> Counts:
    found = scope.limit(Need.objects.all())
    if programme is not None:
        found = found.filter(programme=programme)
    if org_no is not None:
        found = found.filter(org_no=org_no)
    return Counts(**found.aggregate(
        proposed=Count("id", filter=Q(state=NeedState.PROPOSED)), accepted=Count("id", filter=Q(state=NeedState.ACCEPTED)),
        rejected=Count("id", filter=Q(state=NeedState.REJECTED)), met=Count("id", filter=Q(state=NeedState.MET)),
    ))  # fmt: skip


def runs(programme: Programme) -> list[NeedsRun]:
    return list(NeedsRun.objects.filter(programme=programme).order_by("-at", "-id"))


def run(programme: Programme, number: str) -> NeedsRun | None:
    return NeedsRun.objects.filter(programme=programme, decision_number=number).first()


@dataclass(frozen=True)
class Asking:
    """Accepted needs of one topic that no course answers yet, and the groups that could take people."""

    topic: str
    needs: list[Need] = field(default_factory=list)
    cohorts: list[Any] = field(default_factory=list)


def asking_for_courses(scope: Scope, programme: Programme | None = None, *, on: dt.date) -> list[Asking]:
    """Topics with accepted needs, the most needs first, with the open groups of courses."""
    from tirek.cpd.queries.courses import open_cohorts

    found = needs(scope, programme=programme, state=NeedState.ACCEPTED, kind="professional").exclude(topic="")
    topics: dict[str, list[Need]] = defaultdict(list)
    for one in found:
        topics[one.topic].append(one)
    cohorts = open_cohorts(on=on) if topics else []
    made = [Asking(topic, some, [c for c in cohorts if topic in c.course.topics]) for topic, some in topics.items()]
    return sorted(made, key=lambda asking: (-len(asking.needs), asking.topic))


def staff_of(org_nos: Sequence[int], *, on: dt.date) -> Mapping[int, list[Employment]]:
    """Who works in these schools, in the alphabet's order: who could be sent to a course."""
    found: dict[int, list[Employment]] = defaultdict(list)
    rows = Employment.objects.filter(org_no__in=list(org_nos), valid__contains=on, is_main=True)
    for row in rows.order_by("org_no", "sort_key", "id"):
        found[row.org_no].append(row)
    return found


def cohort_links(cohort_id: int) -> list[NeedLink]:
    found = NeedLink.objects.filter(kind=LinkKind.COHORT, ref=str(cohort_id)).select_related("need")
    return list(found.order_by("need__number"))
