"""A country of two regions, small enough to count by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.db.backends.postgresql.psycopg_any import DateRange

from tirek.access.scope import loading
from tirek.registry.models import Employment, Enrolment, Institution, InstitutionState, Person, Territory

AS_OF = date(2025, 10, 1)
ALWAYS = DateRange(date(2020, 1, 1), None)
REGION, DISTRICT = 10_000_000, 100_000
FORMER = DateRange(date(2020, 1, 1), date(2025, 9, 1))
# region, district, school: kind, settlement, pupils, teachers, connection, Mbit/s, support school
SCHOOLS = [
    (1, 1, "school", "urban", 60, 4, "fibre", 100, True),
    (1, 1, "small_school", "rural", 12, 2, "mobile", 8, False),
    (1, 2, "school", "rural", 40, 3, "satellite", 20, True),
    (1, 2, "school", "urban", 30, 3, "fibre", 19, False),
    (1, 2, "kindergarten", "urban", 25, 2, "fibre", 100, False),
    (2, 1, "school", "urban", 50, 5, "", None, False),
    (2, 2, "small_school", "rural", 3, 1, "none", None, False),
    (2, 2, "school", "urban", 45, 4, "fibre", 50, False),
    (2, 3, "school", "urban", 70, 5, "fibre", 50, False),
]


def build() -> None:
    with loading():
        _territories()
        for place, school in enumerate(SCHOOLS):
            _institution(place, *school)


def _territories() -> None:
    country = _territory("000000000", "country", 0, 2_147_483_647)
    for region in (1, 2):
        lo = region * REGION
        parent = _territory(f"{region}00000000", "region", lo, lo + REGION - 1, country)
        for district in (1, 2, 3):
            start = lo + district * DISTRICT
            _territory(f"{region}0{district}000000", "district", start, start + DISTRICT - 1, parent)


def _territory(code: str, level: str, lo: int, hi: int, parent=None) -> Territory:
    return Territory.objects.create(
        code=code, level=level, org_lo=lo, org_hi=hi, parent=parent, valid=ALWAYS,
        name_kk=f"Аумақ {code}", name_ru=f"Территория {code}", name_en=f"Territory {code}", sort_key=code,
    )  # fmt: skip


def _institution(place, region, district, kind, settlement, pupils, teachers, connection, speed, support) -> None:
    org_no = region * REGION + district * DISTRICT + 10 * (place + 1)
    institution = Institution.objects.create(code=f"I{place}", org_no=org_no, kind=kind, open_period=ALWAYS)
    InstitutionState.objects.create(
        institution=institution, org_no=org_no, valid=ALWAYS, name_kk=f"№{place}", settlement_kind=settlement,
        territory=Territory.objects.get(code=f"{region}0{district}000000"), languages=["kk"],
        connectivity=connection, speed_mbps=speed, is_support_school=support,
    )  # fmt: skip
    people = [
        Person(family_name="Т", given_name=str(i), sort_key="t", org_no=org_no) for i in range(pupils + teachers + 1)
    ]
    people = Person.objects.bulk_create(people)
    common = {"institution": institution, "org_no": org_no, "person_name": "Т", "sort_key": "t"}
    Enrolment.objects.bulk_create([Enrolment(person=p, valid=ALWAYS, grade=5, **common) for p in people[:pupils]])
    # one who left before the day does not count
    Enrolment.objects.create(person=people[-1], valid=FORMER, grade=5, **common)
    Employment.objects.bulk_create(
        Employment(person=p, position="teacher", subject="m", rate=Decimal("0.5"), valid=ALWAYS, **common)
        for p in people[pupils : pupils + teachers]
    )
