"""Questions about rounds: which there are, how many have answered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from tirek.access.scope import Scope, loading
from tirek.registry.models import InstitutionState, Territory, TerritoryLevel
from tirek.storage.secrets import keyed_hash
from tirek.storage.typed_codes import code_from
from tirek.surveys.models import AccessCode, CodeState, Round, RoundSchool, RoundState, RoundStep, Submission


@dataclass(frozen=True)
class Rate:
    """How far a school, or many, has come. ``codes`` are those printed or given by the poster."""

    org_no: int
    frame: int
    invited: int
    begun: int
    finished: int
    printed: int

    @property
    def percent(self) -> int | None:
        return round(100 * self.finished / self.invited) if self.invited else None


def rounds_seen(scope: Scope) -> QuerySet[Round]:
    """Rounds in which a school of the scope takes part, or that the scope manages; the newest first."""
    found = Round.objects.exclude(state=RoundState.WITHDRAWN).select_related("form", "version")
    if not scope.is_country:
        if scope.lo is None or scope.hi is None:
            return found.none()
        inside = RoundSchool.objects.filter(org_no__gte=scope.lo, org_no__lte=scope.hi).values("round_id")
        with loading():
            ids = list(inside.distinct().values_list("round_id", flat=True))
        found = found.filter(Q(pk__in=ids) | Q(org_lo__gte=scope.lo, org_hi__lte=scope.hi))
    return found.order_by("-opens_on", "-pk")


def round_seen(scope: Scope, code: str) -> Round | None:
    return rounds_seen(scope).filter(code=code).first()


def schools_of(found: Round, scope: Scope | None = None) -> list[RoundSchool]:
    """Schools of a round in the scope (all without one), in the order of the tree."""
    return schools_of_each([found], scope)[found.pk]


def schools_of_each(rounds: Iterable[Round], scope: Scope | None = None) -> dict[int, list[RoundSchool]]:
    """The same of many rounds, by round."""
    by: dict[int, list[RoundSchool]] = {found.pk: [] for found in rounds}
    rows = RoundSchool.objects.filter(round__in=list(by)).order_by("org_no")
    if scope is not None and not scope.is_country:
        rows = rows.filter(org_no__gte=scope.lo, org_no__lte=scope.hi) if scope.lo is not None else rows.none()
    with loading():
        for row in rows:
            by[row.round_id].append(row)
    return by


def school_of(found: Round, org_no: int) -> RoundSchool | None:
    with loading():
        return RoundSchool.objects.filter(round=found, org_no=org_no).first()


def rates(found: Round, schools: Iterable[RoundSchool]) -> list[Rate]:
    """Response rates of some schools: counts only, never which code."""
    return rates_of_each({found.pk: list(schools)})[found.pk]


def rates_of_each(schools: Mapping[int, Sequence[RoundSchool]]) -> dict[int, list[Rate]]:
    """The same of many rounds' schools, by round."""
    with loading():
        codes = AccessCode.objects.filter(round__in=list(schools)).order_by().values("round_id", "org_no")
        counted = {
            (row["round_id"], row["org_no"]): row
            for row in codes.annotate(
                begun=Count("id", filter=~Q(state=CodeState.WAITING)),
                finished=Count("id", filter=Q(state=CodeState.FINISHED)),
                printed=Count("id", filter=Q(source="printed")),
            )
        }
        sent = Submission.objects.filter(round__in=list(schools)).order_by().values_list("round_id", "org_no")
        collected = {(pk, org_no): n for pk, org_no, n in sent.annotate(n=Count("id"))}
    return {
        pk: [_rate(one, counted.get((pk, one.org_no), {}), collected.get((pk, one.org_no), 0)) for one in rows]
        for pk, rows in schools.items()
    }


def _rate(school: RoundSchool, row: Mapping, by_phone: int) -> Rate:
    begun, finished = row.get("begun", 0) + by_phone, row.get("finished", 0) + by_phone
    return Rate(school.org_no, school.frame, school.invited, begun, finished, row.get("printed", 0))


def together(rows: Iterable[Rate]) -> Rate:
    """The sum of some schools."""
    rows = list(rows)
    sums = [sum(getattr(row, name) for row in rows) for name in ("frame", "invited", "begun", "finished", "printed")]
    return Rate(0, *sums)


def finished_at(school: RoundSchool) -> int:
    """Answers of a school so far. Read as the loader."""
    done = AccessCode.objects.filter(school=school, state=CodeState.FINISHED).count()
    return done + Submission.objects.filter(school=school).count()


def steps_of(found: Round) -> QuerySet[RoundStep]:
    return RoundStep.objects.filter(round=found).order_by("-at", "-pk")


def poster_key(school_pk: int, series: int) -> str:
    """The key in a poster's address: always the same for a series, so that it can be printed again."""
    return code_from(keyed_hash(f"survey poster {school_pk} {series}"))


def collect_token(school_pk: int, series: int) -> str:
    return keyed_hash(f"survey collect {school_pk} {series}").hex()[:32]


def poster_hash(key: str) -> bytes:
    return keyed_hash(f"survey poster key {key}")


def collect_hash(token: str) -> bytes:
    return keyed_hash(f"survey collect token {token}")


def code_hash(code: str) -> bytes:
    return keyed_hash(f"survey code {code}")


def printed_code(school_pk: int, number: int, series: int, salt: int) -> str:
    """The code on a slip."""
    return code_from(keyed_hash(f"survey slip {school_pk} {number} {series} {salt}"))


def districts_of(org_nos: Iterable[int], on: dt.date) -> dict[int, str]:
    """Code of the district that each school's number lies in; the region's own where there is none."""
    wanted = sorted(set(org_nos))
    levels = [TerritoryLevel.DISTRICT, TerritoryLevel.REGION]
    found = list(
        Territory.objects.filter(level__in=levels, valid__contains=on).values_list("code", "level", "org_lo", "org_hi")
    )
    found.sort(key=lambda row: row[3] - row[2])  # the narrowest first
    return {no: next((code for code, _level, lo, hi in found if lo <= no <= hi), "") for no in wanted}


def codes_of_schools(org_nos: Iterable[int], on: dt.date) -> dict[int, str]:
    states = InstitutionState.objects.filter(org_no__in=list(org_nos), valid__contains=on)
    return dict(states.values_list("org_no", "institution__code"))
