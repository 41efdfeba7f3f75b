"""A small region in the database: two earlier years, an entrance test, a programme, and a linked exit test with a known effect."""

from __future__ import annotations

import datetime as dt
import hashlib

import numpy as np
from assessment_world import OFFICER, World, make_world
from django.db.backends.postgresql.psycopg_any import DateRange
from linked_world import base_of, bring, items_of, make

from tirek.access.scope import acting_as, loading
from tirek.assessment.models import Test, TestKind
from tirek.assessment.services.earlier import SchoolMean, bring_in_results
from tirek.assessment.services.linking import link_test
from tirek.assessment.services.publication import publish_results
from tirek.assessment.services.tests import ItemSpec, create_test
from tirek.programmes import blueprints
from tirek.programmes.models import Participation, Programme
from tirek.programmes.queries.impact import Outcome
from tirek.programmes.services.programmes import make_programme
from tirek.registry.models import SchoolYear

MATHEMATICS = Outcome("mathematics", 4)
BEGINS, CHOSEN, MAY = (
    dt.date(2025, 9, 30),
    dt.datetime(2025, 11, 1, 9, tzinfo=dt.UTC),
    dt.datetime(2026, 6, 10, 9, tzinfo=dt.UTC),
)
EFFECT = 1.0  # logits
SCHOOLS, TREATED = 24, 8


def same_draws(monkeypatch) -> None:
    """Name pupils by their order alone, not by a key and a number that differ from run to run: the draws follow from the names."""
    first: list[int] = []

    def named(texts: list[str]) -> list[bytes]:
        split = [text.rpartition("/") for text in texts]
        first.extend([] if first else [min(int(number) for *_, number in split)])
        return [hashlib.sha256(f"{test}/{int(number) - first[0]}".encode()).digest() for test, _, number in split]

    monkeypatch.setattr("tirek.assessment.decided.pseudonyms.keyed_hash_many", named)


def make_region(*, treated: int = TREATED, schools: int = SCHOOLS, pupils: int = 20) -> tuple[World, Programme]:
    """Results of three waves are published; the first schools of each kind take part."""
    world = make_world(sizes=(pupils,) * schools)
    with loading():
        for school in world.schools:
            school.states.update(languages=["kk"])
    for start in (2023, 2024):
        earlier(world, start)
    base_of(world)
    programme = programme_of(world)
    join(programme, [world.schools[k].org_no for k in range(treated)])
    return world, programme


def earlier(world: World, start: int) -> None:
    """Means near to what the entrance test will show: schools keep their level."""
    effects, rng = np.random.default_rng(11), np.random.default_rng(start)
    days = {"starts_on": dt.date(start, 9, 1), "ends_on": dt.date(start + 1, 5, 31)}
    with acting_as(OFFICER):
        with loading():
            year, _new = SchoolYear.objects.get_or_create(code=f"{start}-{start + 1}", defaults=days)
        test = create_test(
            code=f"EARLY-{start}", titles=dict.fromkeys(("kk", "ru", "en"), f"Earlier {start}"), subject="mathematics", grade=4,
            school_year=year, kind=TestKind.ENTRANCE, territory=world.region, is_synthetic=True, items=[ItemSpec("E1")],
        )  # fmt: skip
        rows = []
        for number, school in enumerate(world.schools):
            level = effects.normal(0, 0.3) + (0.4 if number % 4 < 2 else 0.0)
            settlement = "urban" if number % 4 < 2 else "rural"
            district = world.districts[number % 2].code
            mean = 500 + 100 * level + rng.normal(0, 6)
            rows.append(SchoolMean(school.code, school.org_no, district, settlement, 20, round(float(mean), 1), 95.0))
        bring_in_results(test_id=test.pk, rows=rows, source="synthetic", now=CHOSEN)


def programme_of(world: World, slug: str = "support") -> Programme:
    with acting_as(OFFICER):
        return make_programme(
            blueprint=next(b for b in blueprints.shipped() if b.code == "support_schools"), slug=slug,
            names={"kk": "Тірек", "ru": "Опора", "en": "Support"}, territory=world.region, starts_on=dt.date(2025, 9, 25),
            ends_on=dt.date(2027, 5, 31), is_synthetic=True, by=None, now=CHOSEN,
        )  # fmt: skip


def join(programme: Programme, org_nos: list[int], day: dt.date = dt.date(2025, 10, 1)) -> None:
    with loading():
        first = programme.stages.order_by("position").first()
        Participation.objects.bulk_create(
            Participation(programme=programme, org_no=n, valid=DateRange(day, None), stage=first, stage_since=day)
            for n in org_nos
        )


def exit_test(
    world: World, programme: Programme, *, effect: float = EFFECT, linked: bool = True, skip: tuple[int, ...] = ()
) -> Test:
    """The exit test of everybody but the schools to skip, published; pupils of schools that take part are `effect` abler."""
    with loading():
        inside = set(Participation.objects.filter(programme=programme).values_list("org_no", flat=True))
        base = Test.objects.get(code="ENTRANCE")
    test = make(world, "EXIT", "X", TestKind.EXIT, day=dt.date(2026, 5, 10))
    bring(test, _answers(world, inside, effect, skip))
    with acting_as(OFFICER):
        if linked:
            link_test(test_id=test.pk, base_id=base.pk, matched_by="code", by=None, now=MAY)
        publish_results(test_id=test.pk, by=None, now=MAY)
    return test


def _answers(world: World, inside: set[int], effect: float, skip: tuple[int, ...]) -> bytes:
    """As `linked_world.answers` makes them, with an effect in some schools."""
    names = items_of("X")
    known, effects, rng = np.random.default_rng(3), np.random.default_rng(11), np.random.default_rng(6)
    difficulty = dict(zip(names[:12], np.linspace(-1.5, 1.5, 20)[:12], strict=True))
    difficulty |= {name: float(known.normal(0, 1)) for name in names[12:]}
    lines = [",".join(["pupil", "booklet", *names])]
    for number, school in enumerate(world.schools):
        level = effects.normal(0, 0.3) + (0.4 if number % 4 < 2 else 0.0) + (effect if school.org_no in inside else 0.0)
        for person in world.pupils[school.pk] if number not in skip else []:
            theta = rng.normal(level + 0.2, 1.0)
            right = [int(rng.random() < 1 / (1 + np.exp(difficulty[n] - theta))) for n in names]
            lines.append(",".join([str(person.public_id), "A", *map(str, right)]))
    return "\n".join(lines).encode()
