"""A region with two districts, schools, teachers with accounts, a provider with a course and an open cohort."""

from __future__ import annotations

import datetime as dt
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.db.backends.postgresql.psycopg_any import DateRange
from django.test import Client

from tirek.access.models import Grant, User
from tirek.access.roles import Role, ScopeKind
from tirek.access.scope import Scope, acting_as, loading
from tirek.cpd.models import Cohort
from tirek.cpd.services import attendance, courses
from tirek.cpd.services import cohorts as taking
from tirek.registry.models import Employment, Institution, InstitutionState, Person, Territory
from tirek.storage.database import OWN

NOW = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)
TODAY = NOW.date()
REGION = (10_000_000, 19_999_999)
SCHOOLS = {"A": 10_100_010, "B": 10_100_020, "C": 10_200_010, "D": 10_300_010}
ALWAYS = DateRange(dt.date(2020, 1, 1), None)
BACKEND = "tirek.access.backends.ScopedBackend"
ADDRESS = "http://testserver"


@dataclass
class World:
    users: dict[str, User] = field(default_factory=dict)
    scopes: dict[str, Scope] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    jobs: dict[str, Employment] = field(default_factory=dict)
    cohort: Cohort | None = None

    @contextmanager
    def acting(self, name: str):
        with acting_as(self.scopes[name]):
            yield self.users[name]


def build(cohort: bool = True) -> World:
    world = World()
    with loading():
        _places()
    _user(world, "office", Role.PROGRAMME_OFFICE, ScopeKind.REGION, *REGION)
    _user(world, "region", Role.REGIONAL_OFFICER, ScopeKind.REGION, *REGION)
    _user(world, "head", Role.SCHOOL_HEAD, ScopeKind.INSTITUTION, SCHOOLS["A"], SCHOOLS["A"])
    _user(world, "other_head", Role.SCHOOL_HEAD, ScopeKind.INSTITUTION, SCHOOLS["C"], SCHOOLS["C"])
    for name, school in (("ana", "A"), ("bek", "A"), ("dana", "C"), ("erik", "D")):
        teacher(world, name, school)
    if cohort:
        course(world)
        world.cohort = run(world)
    return world


def _places() -> None:
    region = _territory("470000000", "region", REGION, None)
    for number, (name, org_no) in enumerate(SCHOOLS.items()):
        lo = org_no // 100_000 * 100_000
        code = f"47{lo // 100_000 % 100:02d}00000"
        district = Territory.objects.filter(code=code).first() or _territory(
            code, "district", (lo, lo + 99_999), region
        )
        found = Institution.objects.create(code=f"S-{name}", org_no=org_no, kind="school", open_period=ALWAYS)
        InstitutionState.objects.create(
            institution=found, org_no=org_no, valid=ALWAYS, name_kk=f"Самал {number} мектебі", territory=district,
            settlement_kind="urban", languages=["kk"],
        )  # fmt: skip


def _territory(code, level, span, parent):
    return Territory.objects.create(
        code=code, level=level, parent=parent, name_kk=code, name_ru=code, name_en=code, org_lo=span[0], org_hi=span[1],
        valid=ALWAYS,
    )  # fmt: skip


def _user(world: World, name: str, role: str, kind: str, lo, hi, person_id=None) -> None:
    with loading():
        user = User.objects.create(
            username=name,
            full_name=name.title(),
            org_no=lo or 0,
            is_demonstration=True,
            person_id=person_id,
            language="en",
        )
        Grant.objects.create(
            user=user, role=role, scope_kind=kind, org_lo=lo, org_hi=hi, scope_label=kind, valid=ALWAYS
        )
    world.users[name] = user
    own = {"database_role": OWN, "person_ids": (person_id,)} if kind == ScopeKind.OWN else {}
    world.scopes[name] = Scope(lo=lo, hi=hi, user_id=user.pk, role=role, **own)


def teacher(
    world: World, name: str, school: str, category: str = "teacher", position: str = "teacher", since: int = 2020
):
    org_no = SCHOOLS[school]
    with loading():
        found = Person.objects.create(
            family_name=f"{name}ova".title(), given_name=name.title(), sort_key=name, org_no=org_no
        )
        world.jobs[name] = Employment.objects.create(
            person=found, institution=Institution.objects.get(org_no=org_no), org_no=org_no, person_name=str(found),
            sort_key=name, position=position, subject="mathematics", category=category,
            valid=DateRange(dt.date(since, 8, 25), None),
        )  # fmt: skip
    world.people[name] = found
    _user(world, name, Role.TEACHER, ScopeKind.OWN, org_no, org_no, found.pk)


def course(world: World, code: str = "maths", **more):
    with world.acting("office") as office:
        provider = courses.save_provider(
            code=f"{code}-by", is_new=True, by=office, now=NOW,
            facts={"name_kk": "НЗМ", "name_ru": "НИШ", "topics": ["mathematics", "assessment"]},
        )  # fmt: skip
        facts = {
            "provider": provider, "kind": "course", "name_kk": "Математика курсы", "name_ru": "Курс математики",
            "topics": ["mathematics"], "audiences": ["subject_teachers"], "languages": ["kk", "ru"], "place": "onsite",
            "hours": 72, "has_test": True, "asks_head": True,
        } | more  # fmt: skip
        return courses.save_course(code=code, is_new=True, facts=facts, by=office, now=NOW)


def run(
    world: World, code: str = "maths", *, starts=TODAY + dt.timedelta(days=10), days: int = 4, places: int = 2, **more
):
    facts = {
        "starts_on": starts, "ends_on": starts + dt.timedelta(days=days), "apply_until": starts, "places": places,
        "venue": "Ақтау", "place": "onsite", "language": "kk",
    } | more  # fmt: skip
    with world.acting("office") as office:
        return courses.open_cohort(course_code=code, facts=facts, by=office, now=NOW)


def enrol(world: World, *names: str, cohort: Cohort | None = None, need: str = ""):
    with world.acting("office") as office:
        return taking.enrol(
            cohort_id=(cohort or world.cohort).pk, person_ids=[world.people[name].pk for name in names], need_code=need,
            by=office, now=NOW,
        )  # fmt: skip


def session(world: World, cohort: Cohort, *, day=None, minutes: int = 90, hour: int = 9):
    facts = {"day": day or cohort.starts_on, "starts_at": dt.time(hour), "minutes": minutes, "theme": ""}
    with world.acting("office") as office:
        return courses.add_session(code=cohort.code, facts=facts, by=office, now=NOW)


def mark(world: World, found, present, now=None):
    with world.acting("office") as office:
        at = now or dt.datetime.combine(found.day, dt.time(18), tzinfo=dt.UTC)
        return attendance.mark(session_id=found.pk, present=present, by=office, now=at)


def after(cohort: Cohort) -> dt.datetime:
    return dt.datetime.combine(cohort.ends_on, dt.time(19), tzinfo=dt.UTC)


def client_of(world: World, name: str) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(world.users[name], backend=BACKEND)
    return client
