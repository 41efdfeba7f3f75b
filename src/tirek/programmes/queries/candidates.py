"""Who might be chosen for a programme, as the register knows it on a day: what a choice seals."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import polars as pl
from django.db.models import Count, Q

from tirek.access.scope import loading
from tirek.programmes.decided.selection import SCHEMA
from tirek.programmes.models import Application, Participation, Programme
from tirek.programmes.queries.programmes import districts_of
from tirek.registry.models import Condition, InstitutionKind, InstitutionState, Room

KINDS = (InstitutionKind.SCHOOL, InstitutionKind.SMALL_SCHOOL)
BAD = (Condition.POOR, Condition.UNUSABLE)


def candidates(programme: Programme, *, day: dt.date, districts: list[str], joins_on: dt.date) -> pl.DataFrame:
    """A row a school of the territory, in the order of the register. Read with the loader's eyes, after the right is checked."""
    span = {"org_no__gte": programme.org_lo, "org_no__lte": programme.org_hi}
    states = InstitutionState.objects.filter(valid__contains=day, institution__kind__in=KINDS, **span)
    schools = list(states.select_related("institution__headcount").order_by("org_no"))
    place = districts_of([s.org_no for s in schools])
    rooms, results = _rooms(span, day), _results(span, day)
    applied = dict(
        Application.objects.filter(programme=programme, received_on__lte=joins_on)
        .filter(Q(withdrawn_on=None) | Q(withdrawn_on__gt=joins_on))
        .values_list("org_no", "points")
    )
    inside = set(
        Participation.objects.filter(programme=programme, valid__contains=joins_on).values_list("org_no", flat=True)
    )
    rows = []
    for state in schools:
        district = place[state.org_no].code if state.org_no in place else ""
        headcount = getattr(state.institution, "headcount", None)
        surveyed, bad = rooms.get(state.org_no, (0, 0))
        rows.append((
            state.institution.code, state.org_no, district, state.settlement_kind == "rural", state.is_public,
            headcount.pupils if headcount else 0, surveyed, bad, results.get(state.org_no), applied.get(state.org_no),
            state.org_no in inside, not districts or district in districts,
        ))  # fmt: skip
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _rooms(span: dict[str, int], day: dt.date) -> dict[int, tuple[int, int]]:
    """Rooms whose condition is known, and those of them in poor condition or unusable."""
    found = Room.objects.filter(valid__contains=day, **span).exclude(condition="")
    rows = found.values_list("org_no").annotate(n=Count("id"), bad=Count("id", filter=Q(condition__in=BAD)))
    return {org_no: (n, bad) for org_no, n, bad in rows}


def _results(span: dict[str, int], day: dt.date) -> dict[int, int]:
    """Mean of the published results of the latest school year that had begun by then, in whole points, rounded half up."""
    from tirek.assessment.models import Dimension, GroupResult, ReleaseState

    found = GroupResult.objects.filter(
        dimension=Dimension.SCHOOL, release__state=ReleaseState.PUBLISHED, suppressed="",
        release__test__school_year__starts_on__lte=day, org_lo__gte=span["org_no__gte"], org_lo__lte=span["org_no__lte"],
    )  # fmt: skip
    latest = found.order_by("-release__test__school_year__starts_on").values_list("release__test__school_year").first()
    if latest is None:
        return {}
    means: dict[int, list[int]] = defaultdict(list)
    for org_no, mean in found.filter(release__test__school_year=latest[0]).values_list("org_lo", "mean"):
        means[org_no].append(round(mean * 10))
    return {org_no: (2 * sum(some) + 10 * len(some)) // (20 * len(some)) for org_no, some in means.items()}


def fresh_candidates(parameters: Mapping[str, Any]) -> dict[str, pl.DataFrame]:
    """For the journal: the candidates as they are now, asked the same way."""
    with loading():
        programme = Programme.objects.get(slug=parameters["programme"])
        return {
            "candidates": candidates(
                programme, day=dt.date.fromisoformat(parameters["day"]), districts=list(parameters["districts"]),
                joins_on=dt.date.fromisoformat(parameters["joins_on"]),
            )
        }  # fmt: skip


def applications(programme: Programme) -> list[Application]:
    return list(Application.objects.filter(programme=programme, withdrawn_on=None).order_by("org_no"))
