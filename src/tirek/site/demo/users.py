"""Accounts of the demonstration, one a role. All share one password, which is no secret: docs/manual/demonstration.md."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from django.contrib.auth.hashers import make_password
from django.db.backends.postgresql.psycopg_any import DateRange

from tirek.access.models import Grant, User
from tirek.access.roles import Role, ScopeKind
from tirek.access.scope import loading
from tirek.registry.models import (
    ClassGroup,
    Enrolment,
    Guardianship,
    Institution,
    InstitutionKind,
    InstitutionState,
    Teaching,
    Territory,
    TerritoryLevel,
)

PASSWORD = "tirek-demo-2025"  # noqa: S105 - shown on the sign-in page of a demonstration
SINCE = dt.date(2024, 1, 1)


class Account(NamedTuple):
    username: str
    role: str
    kind: str
    full_name: str
    language: str = "kk"


ACCOUNTS = (
    Account("ministry", Role.MINISTRY_ANALYST, ScopeKind.COUNTRY, "Маржан Өзенова", "ru"),
    Account("region", Role.REGIONAL_OFFICER, ScopeKind.REGION, "Данияр Теңізов"),
    Account("district", Role.DISTRICT_OFFICER, ScopeKind.DISTRICT, "Айгүл Самалова"),
    Account("office", Role.PROGRAMME_OFFICE, ScopeKind.REGION, "Олжас Қыранов", "ru"),
    Account("head", Role.SCHOOL_HEAD, ScopeKind.INSTITUTION, "Жанар Бұлақова"),
    Account("coordinator", Role.SCHOOL_COORDINATOR, ScopeKind.INSTITUTION, "Нұрай Шолпанова"),
    Account("kindergarten", Role.KINDERGARTEN_DIRECTOR, ScopeKind.INSTITUTION, "Раушан Қызғалдақова"),
    Account("college", Role.COLLEGE_DIRECTOR, ScopeKind.INSTITUTION, "Марат Тұлпаров"),
    Account("teacher", Role.TEACHER, ScopeKind.OWN, "Ұстаз (үлгі)"),
    Account("parent", Role.PARENT, ScopeKind.OWN, "Ата-ана (үлгі)"),
    Account("sponsor", Role.SPONSOR, ScopeKind.OWN, "Демеуші (үлгі)", "ru"),
    Account("auditor", Role.AUDITOR, ScopeKind.COUNTRY, "Таңат Далаев", "ru"),
    Account("administrator", Role.ADMINISTRATOR, ScopeKind.COUNTRY, "Санжар Орманов", "en"),
)
KIND_OF_PLACE = {"kindergarten": InstitutionKind.KINDERGARTEN, "college": InstitutionKind.COLLEGE}


def make_users() -> int:
    """Make the accounts that are missing, and tie teacher and parent to a person once there are people."""
    with loading():
        have = {user.username: user for user in User.objects.filter(is_demonstration=True)}
        made = 0
        for account in ACCOUNTS:
            if account.username not in have:
                have[account.username] = _make(account)
                made += 1
        _tie(have["teacher"], _class_teacher())
        _tie(have["parent"], _guardian())
        return made


def user_named(username: str) -> User | None:
    """One of the demonstration's accounts."""
    with loading():
        return User.objects.filter(username=username, is_demonstration=True).first()


def _make(account: Account) -> User:
    code, label, lo, hi = _place(account)
    user = User.objects.create(
        username=account.username, full_name=account.full_name, language=account.language, org_no=lo or 0,
        is_demonstration=True, password=make_password(PASSWORD),
    )  # fmt: skip
    Grant.objects.create(
        user=user, role=account.role, scope_kind=account.kind, scope_code=code, scope_label=label, org_lo=lo, org_hi=hi,
        valid=DateRange(SINCE, None), reason="Көрсетілім",
    )  # fmt: skip
    return user


def _place(account: Account) -> tuple[str, str, int | None, int | None]:
    """Code, label and range of the account's scope."""
    if account.kind == ScopeKind.COUNTRY:
        return "", "Қазақстан", None, None
    if account.kind in (ScopeKind.REGION, ScopeKind.DISTRICT):
        level = TerritoryLevel.REGION if account.kind == ScopeKind.REGION else TerritoryLevel.DISTRICT
        place = (
            _region() if level == TerritoryLevel.REGION else _inside(Territory.objects.filter(level=level), "org_lo")
        )
        return place.code, place.name_kk, place.org_lo, place.org_hi
    school = the_school()
    found = _institution(KIND_OF_PLACE[account.username]) if account.username in KIND_OF_PLACE else school
    if account.kind == ScopeKind.OWN:
        return "", found.name_kk, found.org_no, found.org_no
    return found.institution.code, found.name_kk, found.org_no, found.org_no


def _region() -> Territory:
    """Mangystau where it is filled, else the first filled region."""
    filled = Territory.objects.filter(level=TerritoryLevel.REGION, is_synthetic=True)
    return filled.filter(code="470000000").first() or filled.order_by("org_lo").first()


def _inside(found, order: str):
    region = _region()
    return found.filter(**{f"{order}__gte": region.org_lo, f"{order}__lte": region.org_hi}).order_by(order).first()


def the_school() -> InstitutionState:
    """The school of the demonstration's accounts: the region's first support school, else its first school."""
    open_states = InstitutionState.objects.filter(valid__upper_inf=True).select_related("institution")
    support = _inside(open_states.filter(is_support_school=True), "org_no")
    return support or _inside(open_states.filter(institution__kind=InstitutionKind.SCHOOL), "org_no")


def _institution(kind: str) -> InstitutionState:
    ids = Institution.objects.filter(kind=kind).values("id")
    return _inside(InstitutionState.objects.filter(valid__upper_inf=True, institution_id__in=ids), "org_no")


def _class_teacher() -> int | None:
    """The class teacher of a class 4 of the school."""
    classes = ClassGroup.objects.filter(org_no=the_school().org_no, grade=4).values("id")
    found = Teaching.objects.filter(class_group_id__in=classes, is_class_teacher=True).order_by("class_group_id", "id")
    return found.values_list("person_id", flat=True).first()


def _guardian() -> int | None:
    """A parent of the school with two children at it, one of them in grade 4 (whose results are published) if there is one."""
    org_no = the_school().org_no
    pairs = Guardianship.objects.filter(org_no=org_no).order_by("id").values_list("guardian_id", "child_id")
    grades = dict(Enrolment.objects.filter(org_no=org_no).values_list("person_id", "grade"))
    children: dict[int, list[int | None]] = {}
    for guardian, child in pairs:
        if child in grades:
            children.setdefault(guardian, []).append(grades[child])
    return max(children, key=lambda guardian: (4 in children[guardian], len(children[guardian]) > 1), default=None)


def _tie(user: User, person_id: int | None) -> None:
    if person_id is None or user.person_id == person_id:
        return
    from tirek.registry.models import Person

    person = Person.objects.get(pk=person_id)
    user.person_id, user.full_name = person_id, f"{person.given_name} {person.family_name}"
    user.save(update_fields=["person_id", "full_name"])
