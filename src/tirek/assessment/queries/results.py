"""Questions about tests and their results, as pages ask them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import get_language

from tirek.access.scope import Scope, loading
from tirek.assessment.decided.pseudonyms import pseudonyms
from tirek.assessment.models import (
    AnswerImport,
    AnswerSheet,
    Calibration,
    CalibrationState,
    Dimension,
    GroupResult,
    ItemEstimate,
    PersonResult,
    Release,
    ReleaseState,
    Sitting,
    SittingState,
    Test,
    TestState,
)
from tirek.decisions import queries as journal
from tirek.decisions.queries import Explanation
from tirek.registry.models import Enrolment, InstitutionState, Teaching, Territory
from tirek.storage.models import Job, JobState

LATEST = ("-release__test__school_year__starts_on", "release__test__subject", "pk")


def title_of(test: Test) -> str:
    return getattr(test, f"title_{(get_language() or 'kk')[:2]}", "") or test.title_kk


def tests_in(scope: Scope) -> QuerySet[Test]:
    """Tests whose territory meets the asker's, the latest first, with the mean and the gap published."""
    found = Test.objects.select_related("school_year", "territory").order_by(
        "-school_year__starts_on", "subject", "code"
    )
    if scope.lo is not None and scope.hi is not None and not scope.is_country and not scope.is_own:
        found = found.filter(org_lo__lte=scope.hi, org_hi__gte=scope.lo)
    groups = GroupResult.objects.filter(release__test=OuterRef("pk"), release__state=ReleaseState.PUBLISHED)
    gap = groups.filter(dimension=Dimension.GAP, code="settlement")
    return found.annotate(
        n_pupils=Subquery(groups.filter(dimension=Dimension.ALL).values("n")[:1]),
        gap=Subquery(gap.values("mean")[:1]),
        gap_low=Subquery(gap.values("low")[:1]),
        gap_high=Subquery(gap.values("high")[:1]),
    )


def test_by_code(code: str) -> Test | None:
    return Test.objects.select_related("school_year", "territory").filter(code=code).first()


def published(test: Test) -> Release | None:
    return Release.objects.select_related("calibration", "link").filter(test=test, state=ReleaseState.PUBLISHED).first()


def last_withdrawn(test: Test) -> Release | None:
    return Release.objects.filter(test=test, state=ReleaseState.WITHDRAWN).order_by("-withdrawn_at").first()


def current_calibration(test: Test) -> Calibration | None:
    return Calibration.objects.filter(test=test).exclude(state=CalibrationState.SUPERSEDED).first()


def groups_of(release: Release, scope: Scope) -> dict[str, list[GroupResult]]:
    """Results by dimension; of schools only those in the asker's scope. One's own records are no reason to see schools."""
    found = GroupResult.objects.filter(release=release).order_by("org_lo", "code")
    if scope.is_own or (scope.lo is None and not scope.is_country):
        found = found.exclude(dimension=Dimension.SCHOOL)
    elif not scope.is_country:
        found = found.filter(~Q(dimension=Dimension.SCHOOL) | Q(org_lo__gte=scope.lo, org_lo__lte=scope.hi))
    by: dict[str, list[GroupResult]] = {}
    for row in found:
        by.setdefault(row.dimension, []).append(row)
    return by


def names_of_districts(codes: list[str]) -> dict[str, str]:
    rows = Territory.objects.filter(code__in=codes).values("code", "name_kk", "name_ru", "name_en")
    return {row["code"]: _local(row) for row in rows}


def names_of_schools(org_nos: list[int], day) -> dict[int, str]:
    rows = InstitutionState.objects.filter(org_no__in=org_nos, valid__contains=day)
    return {row["org_no"]: _local(row) for row in rows.values("org_no", "name_kk", "name_ru", "name_en")}


def _local(row: dict) -> str:
    return row.get(f"name_{(get_language() or 'kk')[:2]}") or row["name_kk"]


def item_estimates(calibration: Calibration | None) -> list[ItemEstimate]:
    if calibration is None:
        return []
    found = ItemEstimate.objects.filter(calibration=calibration).select_related("item__version")
    return list(found.order_by("item__position"))


@dataclass(frozen=True)
class Progress:
    """How far a test has come: sittings, of them with answers, and sheets."""

    sittings: int
    answered: int
    sheets: int


def progress_of(test: Test, scope: Scope) -> Progress:
    counted = scope.limit(Sitting.objects.filter(test=test)).aggregate(
        n=Count("id"), answered=Count("id", filter=Q(state=SittingState.ANSWERED))
    )
    return Progress(counted["n"], counted["answered"], scope.limit(AnswerSheet.objects.filter(test=test)).count())


@dataclass(frozen=True)
class Steps:
    """Which steps on the way to a test's reports are done; None where they are not the asker's to see."""

    sittings: int
    sheets: int
    is_calibrated: bool | None
    is_published: bool


def steps_of(test: Test, scope: Scope) -> Steps:
    progress = progress_of(test, scope)
    may_know = scope.covers(test.org_lo) and scope.covers(test.org_hi)
    return Steps(
        progress.sittings,
        progress.sheets,
        current_calibration(test) is not None if may_know else None,
        test.state == TestState.PUBLISHED,
    )


def sheets_in(test: Test) -> int:
    return AnswerSheet.objects.filter(test=test).count()


def imports_of(test: Test) -> QuerySet[AnswerImport]:
    return AnswerImport.objects.filter(test=test).defer("content", "faults").order_by("-at")[:20]


def import_of(test: Test, pk: int) -> AnswerImport | None:
    return AnswerImport.objects.filter(test=test, pk=pk).first()


def running_job(test: Test) -> Job | None:
    """The asker's own calibration or publication under way."""
    return job_about(test_id=test.pk)


def failed_job(test: Test) -> Job | None:
    """The asker's latest work on a test, if it failed in the last day: whoever left its page still learns why."""
    about = Job.objects.filter(work__startswith="tirek.assessment.", arguments__contains={"test_id": test.pk})
    found = about.order_by("-created_at").first()
    is_new = found is not None and found.created_at > timezone.now() - timedelta(days=1)
    return found if is_new and found.state == JobState.FAILED else None


def job_about(**arguments: int) -> Job | None:
    """The asker's own work on a test or a file that waits or runs."""
    found = Job.objects.filter(work__startswith="tirek.assessment.", arguments__contains=arguments)
    return found.filter(state__in=[JobState.QUEUED, JobState.RUNNING]).order_by("-created_at").first()


def expected_pupils(test: Test) -> QuerySet:
    """Pupils of the classes that sit the test: for the template that schools fill in."""
    classes = Sitting.objects.filter(test=test).exclude(state=SittingState.CANCELLED).values("class_group_id")
    return (
        Enrolment.objects.filter(class_group_id__in=classes, valid__upper_inf=True)
        .select_related("person", "class_group")
        .order_by("org_no", "class_group_id", "sort_key")
    )


def pupils_of_grade(test: Test) -> int:
    """How many pupils are in the classes that sittings would be opened for."""
    return Enrolment.objects.filter(
        class_group__school_year=test.school_year_id, class_group__grade=test.grade, valid__upper_inf=True,
        org_no__gte=test.org_lo, org_no__lte=test.org_hi,
    ).count()  # fmt: skip


def results_of_person(person_id: int, most: int | None = None) -> list[PersonResult]:
    """A pupil's published results, the latest first; row policies let only those entitled see them."""
    found = PersonResult.objects.filter(person_id=person_id, release__state=ReleaseState.PUBLISHED)
    return list(found.select_related("release__test__school_year").order_by(*LATEST)[:most])


def means_of(releases: Iterable[int]) -> dict[int, float]:
    """Mean of all who sat the test, in points, by publication."""
    found = GroupResult.objects.filter(release__in=list(releases), dimension=Dimension.ALL, mean__isnull=False)
    return dict(found.values_list("release_id", "mean"))


def why_of_person(code: str, person_id: int) -> Explanation | None:
    """Why a pupil's published result is what it is, if the asker may see that result.

    The journal knows pupils by a keyed hash only. It is made here from the pupil, after the row policies have let the
    pupil's result through; the asker never learns it, and from it nobody comes back to a pupil.
    """
    found = PersonResult.objects.filter(person_id=person_id, release__state=ReleaseState.PUBLISHED)
    result = found.filter(release__test__code=code).select_related("release__test").first()
    if result is None or not result.release.decision_number:
        return None
    with loading():
        name = pseudonyms(result.release.test, [person_id])[0]
        return replace(journal.explain(result.release.decision_number, name, "person"), subject="")


def results_of_school(org_no: int, *, on: date | None = None) -> list[GroupResult]:
    """A school's published results, the latest year first; with a day, those of school years begun by then."""
    found = _of_school(org_no)
    return list(found if on is None else found.filter(release__test__school_year__starts_on__lte=on))


def latest_of_school(org_no: int) -> GroupResult | None:
    return _of_school(org_no).first()


def _of_school(org_no: int) -> QuerySet[GroupResult]:
    found = GroupResult.objects.filter(
        org_lo=org_no, org_hi=org_no, dimension=Dimension.SCHOOL, release__state=ReleaseState.PUBLISHED
    )
    return found.select_related("release__test__school_year").order_by(*LATEST)


def reports_at_hand(scope: Scope) -> list[tuple[Release, int]]:
    """Published tests with the number of the school whose report the asker may read, the latest first.

    For who leads or coordinates a school: where it has a result. For a teacher: where own pupils have one; row policies
    let no other rows through. For wider scopes none: they come to a school's report from the school.
    """
    if scope.is_own:
        pairs = PersonResult.objects.values_list("release_id", "org_no").distinct()
    elif scope.lo is not None and scope.lo == scope.hi:
        pairs = GroupResult.objects.filter(dimension=Dimension.SCHOOL, org_lo=scope.lo, org_hi=scope.lo)
        pairs = pairs.values_list("release_id", "org_lo")
    else:
        return []
    schools = sorted(pairs)
    found = Release.objects.filter(id__in={pk for pk, _school in schools}, state=ReleaseState.PUBLISHED)
    found = found.filter(calibration__isnull=False).select_related("test__school_year")
    by = {release.pk: release for release in found}
    rows = [(by[pk], school) for pk, school in schools if pk in by]
    return sorted(rows, key=lambda row: row[0].at, reverse=True)


def teaches_at(person_id: int | None, org_no: int) -> bool:
    with loading():
        return Teaching.objects.filter(
            person_id=person_id, org_no=org_no, valid__contains=timezone.localdate()
        ).exists()


def results_of_territory(territory: Territory) -> list[GroupResult]:
    """Published results of a district (as a group), or of a region (as the whole of its own tests)."""
    whole = Q(dimension=Dimension.ALL, release__test__territory=territory)
    part = Q(dimension=Dimension.DISTRICT, code=territory.code)
    found = GroupResult.objects.filter(whole | part, release__state=ReleaseState.PUBLISHED)
    return list(found.select_related("release__test__school_year").order_by(*LATEST))
