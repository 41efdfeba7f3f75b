"""A school with a library, a laboratory and a workshop, and the people who walk, accept and decide."""

from __future__ import annotations

import datetime as dt
import io
import uuid
from dataclasses import dataclass

from access_world import ALWAYS, DISTRICT, NEIGHBOUR, OTHER_DISTRICT, REGION, SCHOOL, signed_in, user_with
from django.db.backends.postgresql.psycopg_any import DateRange
from PIL import Image

from tirek.access.models import Grant, User
from tirek.access.roles import Role
from tirek.access.scope import Scope, acting_as, loading
from tirek.facilities.services.findings import Sent
from tirek.facilities.services.photographs import SentPhotograph
from tirek.registry.models import Building, Institution, InstitutionState, Room, Territory, TerritoryLevel

NOW = dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)
FULL_LIBRARY = {
    "shelf": 10,
    "reading_place": 20,
    "computer": 4,
    "catalogue_terminal": 1,
    "printer": 1,
    "reading_lamp": 4,
}


@dataclass
class Rooms:
    school: Institution
    library: Room
    laboratory: Room
    workshop: Room
    far_room: Room
    coordinator: User
    head: User
    officer: User
    office: User
    region: User
    neighbour: User

    def walker(self, user: User | None = None) -> Scope:
        return Scope(lo=SCHOOL, hi=SCHOOL, user_id=(user or self.coordinator).pk, role=Role.SCHOOL_COORDINATOR)

    def as_walker(self, user: User | None = None):
        return acting_as(self.walker(user))

    def as_head(self):
        return acting_as(Scope(lo=SCHOOL, hi=SCHOOL, user_id=self.head.pk, role=Role.SCHOOL_HEAD))

    def as_officer(self):
        return acting_as(Scope(lo=DISTRICT[0], hi=DISTRICT[1], user_id=self.officer.pk, role=Role.DISTRICT_OFFICER))

    def as_region(self):
        return acting_as(Scope(lo=REGION[0], hi=REGION[1], user_id=self.region.pk, role=Role.REGIONAL_OFFICER))

    def as_neighbour(self):
        return acting_as(Scope(lo=NEIGHBOUR, hi=NEIGHBOUR, user_id=self.neighbour.pk, role=Role.SCHOOL_COORDINATOR))


def build() -> Rooms:
    with loading():
        country = _territory("000000000", TerritoryLevel.COUNTRY, (0, 2_147_483_647), None)
        region = _territory("470000000", TerritoryLevel.REGION, REGION, country)
        school, rooms = _school(SCHOOL, _territory("471000000", TerritoryLevel.DISTRICT, DISTRICT, region))
        _far, far_rooms = _school(NEIGHBOUR, _territory("472000000", TerritoryLevel.DISTRICT, OTHER_DISTRICT, region))
    users = {
        "coordinator": user_with(Role.SCHOOL_COORDINATOR, name="coordinator"),
        "head": user_with(Role.SCHOOL_HEAD, name="head"),
        "officer": user_with(Role.DISTRICT_OFFICER, name="officer"),
        "office": user_with(Role.PROGRAMME_OFFICE, name="office"),
        "region": user_with(Role.REGIONAL_OFFICER, name="region"),
        "neighbour": _elsewhere(user_with(Role.SCHOOL_COORDINATOR, name="neighbour")),
    }
    return Rooms(school, rooms[0], rooms[1], rooms[2], far_rooms[0], **users)


def _elsewhere(user: User) -> User:
    with loading():
        Grant.objects.filter(user=user).update(org_lo=NEIGHBOUR, org_hi=NEIGHBOUR)
    return user


def _territory(code, level, span, parent):
    return Territory.objects.create(
        code=code, level=level, parent=parent, name_kk=code, name_ru=code, name_en=code, org_lo=span[0], org_hi=span[1],
        valid=ALWAYS,
    )  # fmt: skip


def _school(org_no, district):
    school = Institution.objects.create(code=f"S{org_no}", org_no=org_no, kind="school", open_period=ALWAYS)
    InstitutionState.objects.create(
        institution=school, org_no=org_no, valid=ALWAYS, name_kk=f"Мектеп {org_no}", name_en=f"School {org_no}",
        territory=district, settlement_kind="urban", languages=["kk"], is_support_school=True,
    )  # fmt: skip
    building = Building.objects.create(institution=school, org_no=org_no, code="1", name="Main", valid=ALWAYS)
    rooms = [
        Room.objects.create(
            building=building, institution=school, org_no=org_no, number=number, purpose=purpose, floor=1, places=20,
            valid=DateRange(dt.date(2020, 1, 1), None),
        )
        for number, purpose in (("101", "library"), ("102", "laboratory"), ("103", "workshop"))
    ]  # fmt: skip
    return school, rooms


def sent(room: Room | None, **more) -> Sent:
    given = {"uuid": uuid.uuid4(), "room_id": room and room.pk, "taken_at": NOW, "condition": "good"} | more
    return Sent(**given)


def jpeg(size=(800, 600), exif: bytes | None = None, colour="#7799aa", quality=85, form="JPEG") -> bytes:
    target = io.BytesIO()
    extra = {"exif": exif} if exif else {}
    Image.new("RGB", size, colour).save(target, form, quality=quality, **extra)
    return target.getvalue()


def exif_with_place() -> bytes:
    """A camera, a moment and a place in Aktau, turned on its side."""
    made = Image.Exif()
    made[0x010F] = "Synthetic Camera"
    made[0x0112] = 6
    made[0x9003] = "2026:11:20 09:00:00"
    place = made.get_ifd(0x8825)
    place[1], place[2], place[3], place[4] = "N", (43.0, 39.0, 0.0), "E", (51.0, 9.0, 36.0)
    return made.tobytes()


def photograph(data: bytes | None = None, **more) -> SentPhotograph:
    given = {"uuid": uuid.uuid4(), "name": "room.jpg", "data": jpeg() if data is None else data, "taken_at": NOW} | more
    return SentPhotograph(**given)


def client_of(user: User):
    return signed_in(user)
