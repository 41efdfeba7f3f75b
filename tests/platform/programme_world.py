"""A region with two districts and eight schools, people of each role, and a programme over it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from psycopg.types.range import DateRange

from tirek.access.models import Grant, User
from tirek.access.roles import Role
from tirek.access.scope import Scope, acting_as, loading
from tirek.programmes import blueprints
from tirek.programmes.models import Programme
from tirek.programmes.services import programmes, selecting
from tirek.registry.models import Building, Headcount, Institution, InstitutionState, Room, Territory

NOW = dt.datetime(2025, 10, 1, 9, tzinfo=dt.UTC)
DAY = NOW.date()
SINCE = DateRange(dt.date(2020, 1, 1), None)
REGION = (10_000_000, 19_999_999)
# code -> (district, rural, pupils, points of the application)
SCHOOLS = {
    "A": (1, False, 1000, 90), "B": (1, False, 900, 80), "C": (1, True, 300, 70), "D": (1, True, 200, 60),
    "E": (2, False, 800, 50), "F": (2, True, 400, 85), "G": (2, True, 100, None), "H": (2, True, 10, 99),
}  # fmt: skip


@dataclass
class World:
    region: Territory
    districts: list[Territory]
    schools: dict[str, Institution] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    programme: Programme | None = None

    def scope(self, who: str) -> Scope:
        grant = Grant.objects.get(user=self.users[who])
        return Scope(lo=grant.org_lo, hi=grant.org_hi, user_id=self.users[who].pk, role=grant.role)

    def acting(self, who: str):
        with loading():
            scope = self.scope(who)
        return acting_as(scope)

    def no(self, code: str) -> int:
        return self.schools[code].org_no


def build(*, applied: bool = True, joined: bool = False) -> World:
    with loading():
        world = _places()
        for name, role, span in (
            ("office", Role.PROGRAMME_OFFICE, REGION), ("region", Role.REGIONAL_OFFICER, REGION),
            ("region2", Role.REGIONAL_OFFICER, REGION), ("district", Role.DISTRICT_OFFICER, (10_100_000, 10_199_999)),
            ("head", Role.SCHOOL_HEAD, (world.no("A"),) * 2), ("headF", Role.SCHOOL_HEAD, (world.no("F"),) * 2),
            ("coordinator", Role.SCHOOL_COORDINATOR, (world.no("A"),) * 2), ("auditor", Role.AUDITOR, REGION),
        ):  # fmt: skip
            world.users[name] = _user(name, role, *span)
    with world.acting("office"):
        world.programme = programmes.make_programme(
            blueprint=next(b for b in blueprints.shipped() if b.code == "support_schools"), slug="otpan",
            names={"kk": "Отпан", "ru": "Отпан", "en": "Otpan"}, territory=world.region, starts_on=dt.date(2025, 9, 1),
            ends_on=dt.date(2027, 9, 1), places=4, by=world.users["office"], now=NOW,
        )  # fmt: skip
        for code, (_district, _rural, _pupils, points) in SCHOOLS.items() if applied else ():
            if points is not None:
                selecting.rate_application(
                    programme_id=world.programme.pk, org_no=world.no(code), points=points, received_on=dt.date(2025, 8, 1),
                    by=world.users["office"], now=NOW,
                )  # fmt: skip
    if joined:
        choose(world)
    return world


def choose(world: World, places: int = 4, now: dt.datetime = NOW, **more):
    """A published round; gives its selection."""
    with world.acting("office"):
        facts = {"districts": [], "day": DAY, "joins_on": dt.date(2025, 9, 1)} | more
        draft = selecting.draft_selection(
            programme_id=world.programme.pk, places=places, by=world.users["office"], now=now, **facts
        )
        selecting.publish_selection(
            programme_id=world.programme.pk, number=draft.decision_number, by=world.users["office"], now=now
        )
        draft.refresh_from_db()
    return draft


def _places() -> World:
    region = _territory("470000000", "region", *REGION)
    districts = [
        _territory(f"47{n}000000", "district", REGION[0] + n * 100_000, REGION[0] + n * 100_000 + 99_999, region)
        for n in (1, 2)
    ]
    world = World(region, districts)
    for place, (code, (district, rural, pupils, _points)) in enumerate(SCHOOLS.items()):
        org_no = REGION[0] + district * 100_000 + 10 * (place + 1)
        school = Institution.objects.create(code=code, org_no=org_no, kind="school", open_period=SINCE)
        InstitutionState.objects.create(
            institution=school, org_no=org_no, valid=SINCE, name_kk=f"{code} мектебі", name_ru=f"Школа {code}",
            name_en=f"School {code}", territory=districts[district - 1], languages=["kk"],
            settlement_kind="rural" if rural else "urban",
        )  # fmt: skip
        Headcount.objects.create(
            institution=school, org_no=org_no, pupils=pupils, teachers=pupils // 15, counted_at=NOW
        )
        world.schools[code] = school
    return world


def room_at(world: World, code: str, number: str = "101", condition: str = "poor") -> Room:
    with loading():
        school = world.schools[code]
        building, _made = Building.objects.get_or_create(
            institution=school, org_no=school.org_no, code="1", defaults={"name": "1", "valid": SINCE}
        )
        return Room.objects.create(
            building=building, institution=school, org_no=school.org_no, number=number, purpose="stem", condition=condition,
            valid=SINCE,
        )  # fmt: skip


def _territory(code: str, level: str, lo: int, hi: int, parent: Territory | None = None) -> Territory:
    return Territory.objects.create(
        code=code, level=level, parent=parent, name_kk=f"{code} kk", name_ru=f"{code} ru", name_en=f"{code} en", org_lo=lo,
        org_hi=hi, valid=SINCE,
    )  # fmt: skip


def _user(name: str, role: str, lo: int, hi: int) -> User:
    user = User(username=name, full_name=name, org_no=lo, is_demonstration=True)
    user.set_password("correct horse battery")
    user.save()
    Grant.objects.create(
        user=user, role=role, scope_kind="institution" if lo == hi else "region", org_lo=lo, org_hi=hi, scope_label=name,
        valid=SINCE,
    )  # fmt: skip
    return user
