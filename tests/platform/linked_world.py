"""Two tests of one small region: an earlier one that is published, and a later one with common items and known growth."""

from __future__ import annotations

import datetime as dt

import numpy as np
from assessment_world import OFFICER, World

from tirek.access.scope import acting_as
from tirek.assessment.models import Test, TestKind
from tirek.assessment.services.answers import import_answers
from tirek.assessment.services.calibration import calibrate_test
from tirek.assessment.services.publication import publish_results
from tirek.assessment.services.sittings import open_all_sittings
from tirek.assessment.services.tests import ItemSpec, create_test

NOW = dt.datetime(2025, 10, 1, 12, tzinfo=dt.UTC)
N_ITEMS, N_ANCHORS = 20, 12
GROWTH = 0.5
DRIFTING = "A06"


def items_of(prefix: str, n_anchors: int = N_ANCHORS) -> list[str]:
    return [f"A{j:02}" for j in range(1, n_anchors + 1)] + [
        f"{prefix}{j:02}" for j in range(1, N_ITEMS - n_anchors + 1)
    ]


def make(world: World, code: str, prefix: str, kind: str, *, day: dt.date, n_anchors: int = N_ANCHORS) -> Test:
    with acting_as(OFFICER):
        test = create_test(
            code=code, titles={"kk": code, "ru": code, "en": code}, subject="mathematics", grade=4,
            school_year=world.year, kind=kind, territory=world.region, is_synthetic=True,
            items=[ItemSpec(item) for item in items_of(prefix, n_anchors)],
        )  # fmt: skip
        open_all_sittings(test_id=test.pk, date=day)
    return test


def answers(
    world: World, prefix: str, *, growth: float = 0.0, drift: dict[str, float] | None = None, seed: int = 5,
    slopes: bool = False, n_anchors: int = N_ANCHORS,
) -> bytes:  # fmt: skip
    """Answers whose difficulties and abilities are known. Schools keep their effect from one test to the next."""
    names = items_of(prefix, n_anchors)
    known = np.random.default_rng(3)
    difficulty = dict(zip(names[:n_anchors], np.linspace(-1.5, 1.5, N_ITEMS)[:n_anchors], strict=True))
    difficulty |= {name: float(known.normal(0, 1)) for name in names[n_anchors:]}
    for item, by in (drift or {}).items():
        difficulty[item] += by
    slope = {name: 0.6 + 0.1 * (j % 12) if slopes else 1.0 for j, name in enumerate(names)}
    effects, rng = np.random.default_rng(11), np.random.default_rng(seed)
    lines = [",".join(["pupil", "booklet", *names])]
    for number, school in enumerate(world.schools):
        effect = effects.normal(0, 0.3) + (0.4 if number % 4 < 2 else 0.0)
        for person in world.pupils[school.pk]:
            theta = rng.normal(effect + growth, 1.0)
            right = [int(rng.random() < 1 / (1 + np.exp(-slope[n] * (theta - difficulty[n])))) for n in names]
            lines.append(",".join([str(person.public_id), "A", *map(str, right)]))
    return "\n".join(lines).encode()


def bring(test: Test, content: bytes):
    """Import and calibrate."""
    with acting_as(OFFICER):
        import_answers(test_id=test.pk, content=content, file_name="a.csv")
        return calibrate_test(test_id=test.pk, by=None, now=NOW)


def base_of(world: World, *, publish: bool = True, **options) -> Test:
    test = make(world, "ENTRANCE", "E", TestKind.ENTRANCE, day=dt.date(2025, 9, 20))
    bring(test, answers(world, "E", **options))
    if publish:
        with acting_as(OFFICER):
            publish_results(test_id=test.pk, by=None, now=NOW)
    return test


def later_of(world: World, *, growth: float = GROWTH, **options) -> Test:
    n_anchors = options.get("n_anchors", N_ANCHORS)
    test = make(world, "EXIT", "X", TestKind.EXIT, day=dt.date(2026, 5, 10), n_anchors=n_anchors)
    bring(test, answers(world, "X", growth=growth, seed=6, **options))
    return test
