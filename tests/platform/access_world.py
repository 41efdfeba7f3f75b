"""A small world for the access tests: two districts of one region, one of another; a user for each role."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from django.db.backends.postgresql.psycopg_any import DateRange
from django.test import Client
from django.urls import reverse

from tirek.access.models import Grant, User
from tirek.access.roles import SCOPES_OF_ROLE, Role, ScopeKind
from tirek.access.scope import Scope, loading
from tirek.registry.models import (
    Enrolment,
    Guardianship,
    Institution,
    InstitutionState,
    Person,
    Territory,
    TerritoryLevel,
)

ALWAYS = DateRange(datetime.date(2020, 1, 1), None)
PASSWORD = "correct horse battery"
BACKEND = "tirek.access.backends.ScopedBackend"
REGION = (10_000_000, 19_999_999)
DISTRICT = (10_100_000, 10_199_999)
OTHER_DISTRICT = (10_200_000, 10_299_999)
OTHER_REGION = (20_000_000, 29_999_999)
SCHOOL, NEIGHBOUR, FAR = 10_100_010, 10_200_010, 20_100_010
RANGES: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        ScopeKind.REGION: REGION,
        ScopeKind.DISTRICT: DISTRICT,
        ScopeKind.INSTITUTION: (SCHOOL, SCHOOL),
        ScopeKind.OWN: (SCHOOL, SCHOOL),
    }
)


@dataclass
class World:
    users: dict[str, User] = field(default_factory=dict)
    grants: dict[str, Grant] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    institutions: dict[int, Institution] = field(default_factory=dict)


def widest(role: str) -> str:
    order = [ScopeKind.COUNTRY, ScopeKind.REGION, ScopeKind.DISTRICT, ScopeKind.INSTITUTION, ScopeKind.OWN]
    return next(kind for kind in reversed(order) if kind in SCOPES_OF_ROLE[role])


def user_with(
    role: str, kind: str | None = None, name: str | None = None, span: tuple[int, int] | None = None, **facts
) -> User:
    """A demonstration user with one grant in force, over the narrowest scope that the role has (or over ``span``)."""
    kind = kind or widest(role)
    lo, hi = span or RANGES.get(kind, (None, None))
    user = User(username=name or role, full_name=f"{role} {kind}", org_no=lo or 0, is_demonstration=True, **facts)
    user.set_password(PASSWORD)
    with loading():
        user.save()
        Grant.objects.create(
            user=user, role=role, scope_kind=kind, org_lo=lo, org_hi=hi, scope_label=kind, valid=ALWAYS
        )
    return user


def person(name: str, org_no: int) -> Person:
    return Person.objects.create(family_name=name, given_name="Айша", sort_key=name, org_no=org_no)


def build() -> World:
    world = World()
    with loading():
        _places(world)
        for name, org_no in (
            ("Child", SCHOOL),
            ("Parent", SCHOOL),
            ("Neighbour", NEIGHBOUR),
            ("Far", FAR),
            ("Nowhere", 0),
        ):
            world.people[name] = person(name, org_no)
        Guardianship.objects.create(
            guardian=world.people["Parent"], child=world.people["Child"], org_no=SCHOOL, valid=ALWAYS
        )
        for name, org_no in (("Child", SCHOOL), ("Neighbour", NEIGHBOUR), ("Far", FAR)):
            Enrolment.objects.create(
                person=world.people[name], institution=world.institutions[org_no], org_no=org_no, person_name=name,
                sort_key=name, grade=5, valid=ALWAYS,
            )  # fmt: skip
    for role in Role:
        person_id = world.people["Parent"].pk if role == Role.PARENT else None
        world.users[role] = user_with(role, person_id=person_id)
    return world


def _places(world: World) -> None:
    country = _territory("000000000", TerritoryLevel.COUNTRY, (0, 2_147_483_647), None)
    region = _territory("470000000", TerritoryLevel.REGION, REGION, country)
    other = _territory("310000000", TerritoryLevel.REGION, OTHER_REGION, country)
    districts = {
        SCHOOL: _territory("471000000", TerritoryLevel.DISTRICT, DISTRICT, region),
        NEIGHBOUR: _territory("472000000", TerritoryLevel.DISTRICT, OTHER_DISTRICT, region),
        FAR: _territory("311000000", TerritoryLevel.DISTRICT, (20_100_000, 20_199_999), other),
    }
    for org_no, district in districts.items():
        found = Institution.objects.create(code=f"S{org_no}", org_no=org_no, kind="school", open_period=ALWAYS)
        InstitutionState.objects.create(
            institution=found, org_no=org_no, valid=ALWAYS, name_kk=f"Мектеп {org_no}", territory=district,
            settlement_kind="urban", languages=["kk"],
        )  # fmt: skip
        world.institutions[org_no] = found


def _territory(code, level, span, parent):
    return Territory.objects.create(
        code=code, level=level, parent=parent, name_kk=code, name_ru=code, name_en=code, org_lo=span[0], org_hi=span[1],
        valid=ALWAYS,
    )  # fmt: skip


def sign_in(client: Client, username: str, password: str = PASSWORD, **extra):
    return client.post(reverse("account_login"), {"login": username, "password": password}, **extra)


def signed_in(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user, backend=BACKEND)
    return client


def administrator(lo_hi=DISTRICT, user_id=1) -> Scope:
    return Scope(lo=lo_hi[0], hi=lo_hi[1], user_id=user_id, role=Role.ADMINISTRATOR)
