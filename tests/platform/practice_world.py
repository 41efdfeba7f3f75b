"""What the tests of shared practice, the reserve and awards share: a lesson offered and published, a competition with its marks."""

from __future__ import annotations

import datetime as dt

import pytest
from cpd_world import NOW, TODAY, World, _user, build, teacher

from tirek.access.roles import Role, ScopeKind
from tirek.access.scope import loading
from tirek.cpd.models import Candidate
from tirek.cpd.services import lessons, reserve
from tirek_engines.errors import Refusal

VISIT = {
    "kind": "open_lesson", "title": "Fractions", "subject": "mathematics", "language": "kk", "minutes": 45, "places": 1,
    "day": TODAY + dt.timedelta(days=3), "starts_at": dt.time(10), "note": "",
}  # fmt: skip
LATER = NOW + dt.timedelta(days=6)
LESSON = {
    "kind": "lesson", "title": "Fractions with paper strips", "subject": "mathematics", "grades": ["5", "6"],
    "language": "kk", "topics": ["mathematics"], "goals": "Pupils compare fractions and say why.", "text": "Fold the strip.",
}  # fmt: skip
LONG = "Every teacher opens one lesson a month, and we talk about what pupils did, not about the teacher. " * 2


def refused(code: str):
    return pytest.raises(Refusal, check=lambda refusal: refusal.code == code)


def practice() -> World:
    """The region of `cpd_world` with an officer of a district."""
    world = build(cohort=False)
    _user(world, "district", Role.DISTRICT_OFFICER, ScopeKind.DISTRICT, 10_100_000, 10_199_999)
    return world


def offer(world: World, name: str = "ana", **more):
    with world.acting(name) as user:
        return lessons.offer(facts=LESSON | more, by=user, now=NOW)


def publish(world: World, made):
    with world.acting("office") as office:
        return lessons.publish(code=made.code, by=office, now=NOW)


def held(world: World) -> World:
    """Three who meet the requirements, one who does not; two commissioners of other places."""
    for name, school in (("kem", "A"), ("lena", "C"), ("mira", "D")):
        teacher(world, name, school, category="expert", since=2010)
    for name in ("first", "second"):
        _user(world, name, Role.REGIONAL_OFFICER, ScopeKind.REGION, 10_000_000, 19_999_999)
    with world.acting("office") as office:
        reserve.open_competition(
            code="leaders", by=office, now=NOW,
            facts={"name_kk": "Резерв", "opens_on": TODAY, "closes_on": TODAY + dt.timedelta(days=5), "places": 1,
                   "stages": ["defence", "application"]},
        )  # fmt: skip
        for name in ("first", "second"):
            reserve.name_commissioner(code="leaders", username=name, by=office, now=NOW)
    for name in ("kem", "lena", "mira", "ana"):
        with world.acting(name) as user:
            reserve.apply(code="leaders", statement=LONG, by=user, now=NOW)
    return world


def mark(world: World, by: str, name: str, stage: str, points: int):
    with world.acting(by) as user:
        code = Candidate.objects.get(person=world.people[name]).code
        return reserve.give_mark(
            candidate=code, stage=stage, points=points, reason="Clear and can be done.", by=user, now=NOW
        )


def marked(world: World, points: dict[str, tuple[int, int]]):
    for name, (one, two) in points.items():
        for stage in ("application", "defence"):
            mark(world, "first", name, stage, one)
            mark(world, "second", name, stage, two)


def decided(world: World):
    marked(world, {"kem": (90, 80), "lena": (70, 75), "mira": (95, 20)})
    with world.acting("office") as office:
        draft = reserve.prepare(code="leaders", by=office, now=LATER)
    with world.acting("region") as region:
        return reserve.publish(number=draft.number, by=region, now=LATER)


def state_of(world: World, name: str) -> str:
    with loading():
        return Candidate.objects.get(person=world.people[name]).state
