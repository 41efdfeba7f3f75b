"""A monitoring at entrance and at exit in the journeys' region: eight schools, known growth, one common item that drifts."""

from __future__ import annotations

import datetime as dt

import numpy as np
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from tirek.access.scope import Scope, acting_as, loading
from tirek.assessment.models import Test, TestKind
from tirek.assessment.services.answers import import_answers
from tirek.assessment.services.calibration import calibrate_test
from tirek.assessment.services.publication import publish_results
from tirek.assessment.services.sittings import open_all_sittings
from tirek.assessment.services.tests import ItemSpec, create_test
from tirek.registry.models import ClassGroup, Enrolment, Guardianship, Institution, Person, SchoolYear, Territory

SEED = 20261122
CLASS = 22
ITEMS = [f"T{number:02}" for number in range(1, 19)]
DRIFTING = "T05"
GROWTH, DRIFT = 0.6, 1.6
OTHERS = ("school-5", "school-6", "school-10", "school-11", "school-15", "school-16", "school-20")
WAVES = {
    "JOURNEY-IN": (TestKind.ENTRANCE, "Entrance of the journey", dt.date(2026, 9, 20)),
    "JOURNEY-OUT": (TestKind.EXIT, "Exit of the journey", dt.date(2026, 10, 20)),
}


def measured(world: dict) -> tuple[Test, Person]:
    """The later test, calibrated and not yet linked, and the child of the journeys' parent, who sat both."""
    officer = world["officer"]
    with loading():
        region = Territory.objects.get(code="470000000")
        child = Guardianship.objects.get(guardian_id=world["parent"].person_id).child
        enrolled = Enrolment.objects.select_related("class_group").get(person=child)
        pupils = _pupils(enrolled)
    scope = Scope(lo=region.org_lo, hi=region.org_hi, user_id=officer.pk, role="regional_officer")
    for code in WAVES:
        test = _wave(code, scope, region, enrolled.class_group, pupils, by=officer)
    return test, child


def _pupils(enrolled: Enrolment) -> list[list[Person]]:
    """The child's class, and one of the same grade in seven other schools."""
    year = SchoolYear.objects.get(pk=enrolled.class_group.school_year_id)
    own = Enrolment.objects.filter(class_group=enrolled.class_group).order_by("id").select_related("person")
    return [[row.person for row in own]] + [_class(code, year, enrolled.class_group.grade) for code in OTHERS]


def _class(code: str, year: SchoolYear, grade: int) -> list[Person]:
    school = Institution.objects.get(code=code)
    group = ClassGroup.objects.create(
        institution=school, org_no=school.org_no, school_year=year, grade=grade, letter="Ж", language="kk"
    )
    people = Person.objects.bulk_create(
        Person(family_name="Сапаров", given_name=f"{code}-{n}", sort_key=f"{code}-{n:02}", org_no=school.org_no)
        for n in range(CLASS)
    )
    Enrolment.objects.bulk_create(
        Enrolment(
            person=one, institution=school, class_group=group, org_no=school.org_no, person_name=str(one),
            sort_key=one.sort_key, grade=grade, valid=DateRange(year.starts_on, None),
        )
        for one in people
    )  # fmt: skip
    return people


def _wave(code: str, scope: Scope, region, group: ClassGroup, pupils: list[list[Person]], *, by) -> Test:
    kind, title, day = WAVES[code]
    with acting_as(scope):
        test = create_test(
            code=code, titles={"kk": title, "ru": title, "en": title}, subject="mathematics", grade=group.grade,
            school_year=group.school_year, kind=kind, territory=region, items=[ItemSpec(item) for item in ITEMS],
        )  # fmt: skip
        open_all_sittings(test_id=test.pk, date=day)
        import_answers(test_id=test.pk, content=_answers(pupils, is_later=kind == TestKind.EXIT), file_name="a.csv")
        calibrate_test(test_id=test.pk, by=by, now=timezone.now())
        if kind == TestKind.ENTRANCE:
            publish_results(test_id=test.pk, by=by, now=timezone.now())
    return test


def _answers(pupils: list[list[Person]], *, is_later: bool) -> bytes:
    rng = np.random.default_rng(SEED + is_later)
    hard = np.linspace(-1.5, 1.5, len(ITEMS))
    if is_later:
        hard[ITEMS.index(DRIFTING)] += DRIFT
    lines = [",".join(["pupil", "booklet", *ITEMS])]
    for school, own in enumerate(pupils):
        able = rng.normal(0.15 * (school % 3) + GROWTH * is_later, 1.0, len(own))
        right = rng.random((len(own), len(ITEMS))) < 1 / (1 + np.exp(hard - able[:, None]))
        lines += [
            f"{one.public_id},A,{','.join(map(str, row))}" for one, row in zip(own, right.astype(int), strict=True)
        ]
    return "\n".join(lines).encode()
