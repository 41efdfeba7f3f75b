"""A small region with schools, classes and pupils, and answers drawn from a known Rasch model."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import numpy as np
from psycopg.types.range import DateRange

from tirek.access.scope import Scope, acting_as, loading
from tirek.assessment.models import Subject, Test, TestKind
from tirek.assessment.services.sittings import open_all_sittings
from tirek.assessment.services.tests import ItemSpec, create_test
from tirek.registry.models import (
    ClassGroup,
    Enrolment,
    Institution,
    InstitutionState,
    Person,
    SchoolYear,
    Territory,
)

SINCE = DateRange(dt.date(2020, 1, 1), None)
DAY = dt.date(2025, 9, 20)
REGION = (10_000_000, 19_999_999)
SECOND = (20_000_000, 29_999_999)
OFFICER = Scope(lo=REGION[0], hi=REGION[1], role="regional_officer", user_id=None)
SECOND_OFFICER = Scope(lo=SECOND[0], hi=SECOND[1], role="regional_officer", user_id=None)


@dataclass
class World:
    region: Territory
    districts: list[Territory]
    schools: list[Institution]
    pupils: dict[int, list[Person]] = field(default_factory=dict)
    year: SchoolYear | None = None

    @property
    def everybody(self) -> list[Person]:
        return [person for pupils in self.pupils.values() for person in pupils]


def _territory(code: str, level: str, lo: int, hi: int, parent=None) -> Territory:
    return Territory.objects.create(
        code=code, level=level, parent=parent, name_kk=f"{code} kk", name_ru=f"{code} ru", name_en=f"{code} en",
        org_lo=lo, org_hi=hi, valid=SINCE,
    )  # fmt: skip


def make_world(
    sizes: tuple[int, ...] = (30, 30, 30, 30, 30, 30, 30, 3), place: tuple[int, int] = REGION, kato: str = "47"
) -> World:
    """Schools alternate between two districts and between town and village, two by two; one is tiny."""
    with loading():
        region = _territory(f"{kato}0000000", "region", *place)
        districts = [
            _territory(f"{kato}10000{i}0", "district", place[0] + i * 100_000, place[0] + i * 100_000 + 99_999, region)
            for i in (1, 2)
        ]
        days = {"starts_on": dt.date(2025, 9, 1), "ends_on": dt.date(2026, 5, 31)}
        year, _new = SchoolYear.objects.get_or_create(code="2025-2026", defaults=days)
        world = World(region, districts, [], year=year)
        for number, size in enumerate(sizes):
            _add_school(world, number, size)
    return world


def _add_school(world: World, number: int, size: int) -> None:
    district = world.districts[number % 2]
    org_no = district.org_lo + 10 * (number + 1)
    school = Institution.objects.create(
        code=f"S{number}" if org_no <= REGION[1] else f"S{org_no}", org_no=org_no, kind="school", open_period=SINCE
    )
    InstitutionState.objects.create(
        institution=school, org_no=org_no, valid=SINCE, name_kk=f"№{number} мектеп", name_ru=f"Школа №{number}",
        name_en=f"School {number}", territory=district, settlement_kind="urban" if number % 4 < 2 else "rural",
        languages=["kk"], is_public=True,
    )  # fmt: skip
    group = ClassGroup.objects.create(
        institution=school,
        org_no=org_no,
        school_year=world.year,
        grade=4,
        letter="А",
        language="kk" if number % 3 else "ru",
    )
    people = Person.objects.bulk_create(
        Person(family_name=f"Ф{number}", given_name=f"И{i}", sort_key=f"{number}-{i:04}", org_no=org_no)
        for i in range(size)
    )
    Enrolment.objects.bulk_create(
        Enrolment(
            person=p, institution=school, class_group=group, org_no=org_no, person_name=str(p), sort_key=p.sort_key,
            grade=4, valid=DateRange(dt.date(2025, 9, 1), None),
        )
        for p in people
    )  # fmt: skip
    world.schools.append(school)
    world.pupils[school.pk] = people


def make_test(
    world: World, n_items: int = 20, *, two_booklets: bool = True, code: str = "M4-2025", by: Scope = OFFICER
) -> Test:
    items = [ItemSpec(f"M{j:02}", max_score=2 if j == 5 else 1) for j in range(1, n_items + 1)]
    codes = [item.code for item in items]
    booklets = {"A": codes[: n_items * 3 // 4], "B": codes[n_items // 4 :]} if two_booklets else {"A": codes}
    with acting_as(by):
        test = create_test(
            code=code, titles={"kk": "Математика", "ru": "Математика", "en": "Mathematics"},
            subject=Subject.MATHEMATICS, grade=4, school_year=world.year, kind=TestKind.ENTRANCE,
            territory=world.region, items=items, booklets=booklets, is_synthetic=True,
        )  # fmt: skip
        open_all_sittings(test_id=test.pk, date=DAY)
    return test


def answers_csv(world: World, test: Test, *, gap: float = 0.5, seed: int = 7, only: set[int] | None = None) -> bytes:
    """A matrix of answers: towns are ``gap`` logits ahead; schools differ by 0.3."""
    from tirek.assessment.queries.tests import design_of

    rng = np.random.default_rng(seed)
    with loading():
        design = design_of(test)
    codes = list(design.items)
    difficulty = np.linspace(-1.5, 1.5, len(codes))
    booklets = list(design.booklets)
    lines = [",".join(["pupil", "booklet", *codes])]
    for number, school in enumerate(world.schools):
        school_effect = rng.normal(0, 0.3) + (gap if number % 4 < 2 else 0.0)
        for i, person in enumerate(world.pupils[school.pk]):
            theta = rng.normal(school_effect, 1.0)
            booklet = booklets[i % len(booklets)]
            scores = [
                str(sum(rng.random() < 1 / (1 + np.exp(b - theta)) for _ in range(design.items[c].max_score)))
                if c in design.booklets[booklet] else ""
                for c, b in zip(codes, difficulty, strict=True)
            ]  # fmt: skip
            if only is None or person.pk in only:
                lines.append(",".join([str(person.public_id), booklet, *scores]))
    return "\n".join(lines).encode()
