"""The demonstration's entrance monitoring: tests, sittings and answers from :mod:`tirek.site.demo.truth`, calibrated and
published as anybody's would be; last year's, to which grade 4 is linked; and two years before that as results of schools.

Safe to repeat: a test that is there is left as it is, and what is missing after it is made up for.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
from django.db import transaction
from django.utils import timezone

from tirek.access.scope import loading
from tirek.assessment.demonstration.bank import demonstrate_bank
from tirek.assessment.demonstration.levels import demonstrate_levels
from tirek.assessment.demonstration.papers import demonstrate_printed, demonstrate_scanned
from tirek.assessment.demonstration.sittings import demonstrate_sittings
from tirek.assessment.models import AnswerSheet, Booklet, Sitting, SittingState, Test, TestKind, TestState
from tirek.assessment.services.calibration import calibrate_test
from tirek.assessment.services.earlier import SchoolMean, bring_in_results
from tirek.assessment.services.publication import publish_results
from tirek.assessment.services.sittings import open_all_sittings
from tirek.assessment.services.tests import ItemSpec, create_test
from tirek.registry.models import Enrolment, SchoolYear, Territory, TerritoryLevel
from tirek.site.demo import linked, truth
from tirek.site.demo.load import Progress
from tirek.site.demo.plan import Plan
from tirek_engines.errors import Refusal

TITLES = {
    "kk": "Математика: кіріс мониторингі, {grade}-сынып",
    "ru": "Математика: входной мониторинг, {grade} класс",
    "en": "Mathematics: entrance monitoring, grade {grade}",
}
AREAS = ("number", "measure", "geometry", "data", "algebra", "problems", "reasoning")
SOURCE = "Synthetic results of the demonstration: each year’s mean is 500 and its spread 100."
TRENDING_GRADE = 4
FEWEST_PUPILS = 300
BATCH = 5000


def load_monitoring(plan: Plan, progress: Progress | None = None) -> dict:
    """Everything about tests; gives what was made."""
    tell = progress or (lambda done, total, message: None)
    steps = 2 + 3 * len(truth.GRADES_TESTED)
    made: dict = {"tests": [], "sheets": 0, "earlier": 0}
    with loading():
        place = place_of(plan)
    tell(0, steps, "results of earlier years")
    made["earlier"] = _load_earlier(plan, place)
    base, sheets = _load_last_year(plan, place, tell, steps)
    made["tests"].append(base.code)
    made["sheets"] += sheets
    demonstrate_levels(base, timezone.now())
    for number, grade in enumerate(truth.GRADES_TESTED):
        step = 1 + 3 * number
        tell(step, steps, f"answers of grade {grade}")
        test, sheets = _load_answers(plan, place, grade)
        made["tests"].append(test.code)
        made["sheets"] += sheets
        tell(step + 1, steps, f"calibration of grade {grade}")
        _publish(test, step + 1, steps, tell, plan, base if grade == TRENDING_GRADE else None)
    tell(steps - 1, steps, "the item bank, a sitting and papers")
    made["bank"] = demonstrate_bank()
    tried = demonstrate_sittings()
    if tried is not None:
        demonstrate_scanned(tried)
    with loading():
        for test in Test.objects.filter(code=code_of(place, TRENDING_GRADE, plan.year)):
            made["printed"] = demonstrate_printed(test, timezone.now())
    tell(steps, steps, "results")
    return made


def is_loaded(plan: Plan) -> bool:
    """Whether this year's results are published."""
    with loading():
        place = place_of(plan)
        codes = [code_of(place, grade, plan.year) for grade in truth.GRADES_TESTED]
        tests = list(Test.objects.filter(code__in=codes))
        return len(tests) == len(codes) and all(t.state == TestState.PUBLISHED or _too_few(t) for t in tests)


def _too_few(test: Test) -> bool:
    """The tiny demonstration has too few pupils for difficulties that can be trusted: its answers wait for more."""
    return AnswerSheet.objects.filter(test=test).count() < FEWEST_PUPILS


def place_of(plan: Plan) -> Territory:
    """The (first) region of the demonstration."""
    return Territory.objects.filter(level=TerritoryLevel.REGION, code__startswith=plan.scale.regions[0]).first()


def code_of(place: Territory, grade: int, year: int) -> str:
    return f"M{grade}-{place.code[:2]}-{year}"


def test_day(plan: Plan) -> dt.date:
    return dt.date(plan.year, 9, 18)


@transaction.atomic
def _make_test(plan: Plan, place: Territory, grade: int, year: int, made: truth.Monitoring | None) -> Test:
    items = [ItemSpec("M01")]
    booklets = None
    if made is not None:
        items = [
            ItemSpec(name, content_area=AREAS[b]) for name, b in zip(made.items, made.blocks.tolist(), strict=True)
        ]
        booklets = {str(n + 1): [made.items[j] for j in _items_of(made, n)] for n in range(len(truth.BOOKLETS))}
    return create_test(
        code=code_of(place, grade, year),
        titles={language: text.format(grade=grade) for language, text in TITLES.items()},
        subject=truth.SUBJECT,
        grade=grade,
        school_year=SchoolYear.objects.get(code=f"{year}-{year + 1}"),
        kind=TestKind.ENTRANCE,
        territory=place,
        items=items,
        booklets=booklets,
        is_synthetic=True,
    )


def _items_of(made: truth.Monitoring, booklet: int) -> np.ndarray:
    return np.flatnonzero(np.isin(made.blocks, truth.BOOKLETS[booklet]))


def _load_answers(plan: Plan, place: Territory, grade: int) -> tuple[Test, int]:
    """The test with its sittings and everybody's answers, in one transaction."""
    with loading():
        found = Test.objects.filter(code=code_of(place, grade, plan.year)).first()
        if found is not None:
            return found, 0
        schools = truth.schools_of(plan)
        made, _truth = truth.entrance_monitoring(
            seed=plan.seed, grade=grade, schools=schools, school=truth.pupils_of(plan, grade)
        )
        test = _make_test(plan, place, grade, plan.year, made)
        open_all_sittings(test_id=test.pk, date=test_day(plan))
        return test, _sheets(plan, place, test, made, schools)


def _sheets(plan: Plan, place: Territory, test: Test, made: truth.Monitoring, schools: truth.Schools) -> int:
    pupils = _pupils(plan, test.grade)
    org_nos = schools.org_no[made.school]
    if [org_no for _person, org_no, _group in pupils] != org_nos.tolist():
        raise Refusal(
            "The register no longer holds the demonstration’s pupils as they were made, so that no answers can be laid "
            "beside them. Load the demonstration into an empty database.",
            code="demonstration_changed",
        )
    sittings = dict(Sitting.objects.filter(test=test).values_list("class_group_id", "id"))
    booklets = {int(code) - 1: pk for code, pk in Booklet.objects.filter(test=test).values_list("code", "id")}
    columns = {n: _items_of(made, n) for n in booklets}
    sheets = [
        AnswerSheet(
            test=test,
            sitting_id=sittings[group],
            person_id=person,
            booklet_id=booklets[booklet],
            org_no=org_no,
            codes=made.answers[i, columns[booklet]].tobytes(),
        )
        for i, ((person, org_no, group), booklet) in enumerate(zip(pupils, made.booklet.tolist(), strict=True))
        if place.org_lo <= org_no <= place.org_hi
    ]
    AnswerSheet.objects.bulk_create(sheets, batch_size=BATCH)
    Sitting.objects.filter(test=test).update(state=SittingState.ANSWERED)
    return len(sheets)


def _pupils(plan: Plan, grade: int) -> list[tuple[int, int, int]]:
    """Person, institution's number and class of every pupil of a grade, in the order in which they were made."""
    found = Enrolment.objects.filter(grade=grade, valid__contains=test_day(plan), org_no__in=_school_numbers(plan))
    return list(found.order_by("org_no", "person_id").values_list("person_id", "org_no", "class_group_id"))


def _school_numbers(plan: Plan) -> list[int]:
    return truth.schools_of(plan).org_no.tolist()


def _load_last_year(plan: Plan, place: Territory, tell: Progress, steps: int) -> tuple[Test, int]:
    """Last year's test of the grade that is followed, answered, calibrated and published."""
    with loading():
        base = Test.objects.filter(code=code_of(place, TRENDING_GRADE, plan.year - 1)).first()
        sheets = 0
        if base is None:
            tell(0, steps, "answers of last year")
            made = linked.made_last_year(plan, _this_year(plan))
            with transaction.atomic():
                base = _make_test(plan, place, TRENDING_GRADE, plan.year - 1, made)
                sheets = linked.load_sheets(plan, place, base, made)
    _publish(base, 0, steps, tell)
    return base, sheets


def _this_year(plan: Plan) -> truth.Monitoring:
    made, _truth = truth.entrance_monitoring(
        seed=plan.seed,
        grade=TRENDING_GRADE,
        schools=truth.schools_of(plan),
        school=truth.pupils_of(plan, TRENDING_GRADE),
    )
    return made


def _publish(
    test: Test, step: int, steps: int, tell: Progress, plan: Plan | None = None, base: Test | None = None
) -> None:
    with loading():
        test.refresh_from_db()
        if test.state == TestState.PUBLISHED or _too_few(test):
            return
        calibrate_test(test_id=test.pk, by=None, now=timezone.now())
    if plan is not None and base is not None:
        linked.link_to_last_year(test, base, _this_year(plan))
    tell(step + 1, steps, f"publication of grade {test.grade}")
    with loading():
        publish_results(test_id=test.pk, by=None, now=timezone.now())


def _load_earlier(plan: Plan, place: Territory) -> int:
    schools = truth.schools_of(plan)
    pupils = np.bincount(truth.pupils_of(plan, TRENDING_GRADE), minlength=len(schools.org_no))
    means = truth.earlier_results(plan.seed, schools, pupils)
    done = 0
    for column in range(means.shape[1] - 1):  # the last of them is tested, not brought in
        year = plan.year - means.shape[1] + column
        with loading():
            if Test.objects.filter(code=code_of(place, TRENDING_GRADE, year)).exists():
                continue
            test = _make_test(plan, place, TRENDING_GRADE, year, None)
            rows = _school_means(plan, place, schools, pupils, means[:, column])
            noon = dt.datetime(year, 11, 15, 12, tzinfo=timezone.get_current_timezone())
            bring_in_results(test_id=test.pk, rows=rows, source=SOURCE, now=noon)
            done += 1
    return done


def _school_means(plan: Plan, place: Territory, schools: truth.Schools, pupils, means) -> list[SchoolMean]:
    """Each school on a scale on which the year's pupils have mean 500 and spread 100, as this year's own test sets it."""
    inside = np.flatnonzero((schools.org_no >= place.org_lo) & (schools.org_no <= place.org_hi) & (pupils > 0))
    weight, mean = pupils[inside], means[inside]
    within = truth.PUPIL_SD_LOGITS * truth.SCALE_PER_LOGIT
    centre = np.average(mean, weights=weight)
    spread = float(np.sqrt(within**2 + np.average((mean - centre) ** 2, weights=weight)))
    codes = dict(plan.institutions.select("org_no", "code").iter_rows())
    districts = _districts(place)
    return [
        SchoolMean(
            code=codes[int(schools.org_no[i])],
            org_no=int(schools.org_no[i]),
            district=next(code for code, lo, hi in districts if lo <= schools.org_no[i] <= hi),
            settlement="rural" if schools.is_rural[i] else "urban",
            n=int(pupils[i]),
            mean=float(500 + 100 * (means[i] - centre) / spread),
            sd=100 * within / spread,
        )
        for i in inside
    ]


def _districts(place: Territory) -> list[tuple[str, int, int]]:
    found = Territory.objects.filter(level=TerritoryLevel.DISTRICT, org_lo__gte=place.org_lo, org_hi__lte=place.org_hi)
    return list(found.values_list("code", "org_lo", "org_hi"))
