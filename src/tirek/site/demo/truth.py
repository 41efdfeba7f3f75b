"""The truth behind the entrance monitoring, and answers that follow from it. Pure: a seed and arrays in, arrays out.

Pupils of grades 4 and 9 answer items under a Rasch model: P(right) = 1 / (1 + exp(-(ability - difficulty))). Abilities are a
known constant for the kind of settlement, a draw for the district, one for the school, and one for the pupil. So the
published estimate of the urban/rural gap can be held against the gap that is really there.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tirek.assessment.codes import NOT_PRESENTED, NOT_REACHED, OMITTED
from tirek.site.demo.plan import GRADES, SCHOOL, SMALL, Plan
from tirek.storage.database import home

GRADES_TESTED = (4, 9)
SUBJECT = "mathematics"

URBAN_RURAL_GAP_LOGITS = 0.40  # urban minus rural, of the expected abilities; the same in both grades
SUPPORT_GAP_LOGITS = -0.10  # support schools were chosen among those that need support
DISTRICT_SD_LOGITS = 0.10
SCHOOL_SD_LOGITS = 0.30
PUPIL_SD_LOGITS = 0.95
GIRLS_GAP_LOGITS = 0.05  # girls minus boys
YEARLY_GROWTH_LOGITS = 0.03  # of all schools, in the earlier years
LAST_GROWTH_LOGITS = 0.15  # of all schools, from last year's monitoring to this year's, which are linked
ANCHORS, DRIFT_LOGITS = 12, 0.7  # items of both years; by how much the last of them has become harder

BLOCKS, ITEMS_PER_BLOCK = 7, 6
BOOKLETS = tuple(tuple((b + step) % BLOCKS for step in (0, 1, 3)) for b in range(BLOCKS))  # every two blocks meet once
DIFFICULTY_RANGE_LOGITS = (-2.2, 2.2)
OMIT_RATE = 0.025  # of presented items, more often by weak pupils; counted as wrong by the published rule
NOT_REACHED_RATE = 0.04  # of pupils, who leave the last items of their booklet

# results of earlier years are on a scale of 500 with standard deviation 100
SCALE_MEAN, SCALE_PER_LOGIT = 500.0, 100.0
EARLIER_YEARS = 3


@dataclass(frozen=True)
class Schools:
    """One row a school: number in tree order, district (any integer), rural or not, support school or not."""

    org_no: NDArray[np.int64]
    district: NDArray[np.int64]
    is_rural: NDArray[np.bool_]
    is_support: NDArray[np.bool_]


@dataclass(frozen=True)
class Monitoring:
    """Answers of one grade. ``answers`` holds 0, 1 or a code of tirek.assessment.codes; ``school`` indexes `Schools`."""

    grade: int
    items: tuple[str, ...]
    difficulties: NDArray[np.float64]
    blocks: NDArray[np.int64]  # of each item
    booklet: NDArray[np.int64]  # of each pupil
    school: NDArray[np.int64]
    answers: NDArray[np.uint8]
    abilities: NDArray[np.float64]


@dataclass(frozen=True)
class Truth:
    """What is true of one grade, constants first, then what the draws really came to."""

    grade: int
    urban_rural_gap_logits: float
    mean_urban_logits: float
    mean_rural_logits: float
    realised_gap_logits: float
    sd_logits: float
    pupils_urban: int
    pupils_rural: int


def schools_of(plan: Plan) -> Schools:
    """The plan's schools, in tree order."""
    frame = plan.institutions[np.flatnonzero(np.isin(plan.institutions["kind"].to_numpy(), [SCHOOL, SMALL]))]
    org_no = frame["org_no"].to_numpy().astype(np.int64)
    return Schools(org_no, org_no // 100_000, frame["is_rural"].to_numpy(), frame["is_support"].to_numpy())


def pupils_of(plan: Plan, grade: int) -> NDArray[np.int64]:
    """Index into :func:`schools_of` of every pupil of a grade, school by school, in the order in which they were made."""
    rows = np.flatnonzero(np.isin(plan.institutions["kind"].to_numpy(), [SCHOOL, SMALL]))
    counts = plan.learners[rows, GRADES][:, grade - 1]
    return np.repeat(np.arange(len(rows)), counts)


def school_means(seed: int, schools: Schools) -> NDArray[np.float64]:
    """Expected ability of each school's pupils, in logits."""
    rng = np.random.default_rng([seed, 11])
    names, district = np.unique(schools.district, return_inverse=True)
    draws = rng.normal(0, DISTRICT_SD_LOGITS, len(names))[district] + rng.normal(0, SCHOOL_SD_LOGITS, len(district))
    for kind in (True, False):  # the gap between the kinds of settlement is the constant, not the constant and luck
        chosen = schools.is_rural == kind
        draws[chosen] -= draws[chosen].mean() if chosen.any() else 0
    half = URBAN_RURAL_GAP_LOGITS / 2
    return draws + np.where(schools.is_rural, -half, half) + SUPPORT_GAP_LOGITS * schools.is_support


def entrance_monitoring(
    *, seed: int, grade: int, schools: Schools, school: NDArray[np.int64], is_girl: NDArray[np.bool_] | None = None
) -> tuple[Monitoring, Truth]:
    """Answers of the pupils whose schools are given, and the truth about them.

    Booklets go round within a school, so that every school meets every item. The rest of the items is missing by design.
    """
    rng = np.random.default_rng([seed, 12, grade])
    abilities = school_means(seed, schools)[school] + rng.normal(0, PUPIL_SD_LOGITS, len(school))
    if is_girl is not None:
        abilities += GIRLS_GAP_LOGITS * (is_girl - 0.5)
    names, difficulties, blocks = _items(rng, grade)
    starts = np.searchsorted(school, school)  # pupils come school by school
    booklet = (np.arange(len(school)) - starts + school) % len(BOOKLETS)
    answers = _answers(rng, abilities, difficulties, blocks, booklet)
    made = Monitoring(grade, names, difficulties, blocks, booklet, school, answers, abilities)
    return made, _truth(grade, abilities, schools.is_rural[school])


def anchors_of(made: Monitoring) -> tuple[str, ...]:
    """Items that last year's test had as well: one of each block, then a second; easy and hard ones."""
    by_place = sorted(range(len(made.items)), key=lambda j: (int(made.items[j][-2:]) * 2 % 7, made.blocks[j]))
    return tuple(made.items[j] for j in by_place[:ANCHORS])


def drifting_anchor(made: Monitoring) -> str:
    """The anchor that has become harder since last year."""
    return anchors_of(made)[-1]


def last_year(*, seed: int, this_year: Monitoring, schools: Schools, school: NDArray[np.int64]) -> Monitoring:
    """Answers of last year's pupils of the same grade, ``LAST_GROWTH_LOGITS`` less able, to a test with common items."""
    rng = np.random.default_rng([seed, 14, this_year.grade])
    abilities = school_means(seed, schools)[school] + rng.normal(0, PUPIL_SD_LOGITS, len(school)) - LAST_GROWTH_LOGITS
    kept = np.isin(this_year.items, anchors_of(this_year))
    names = tuple(n if k else f"P{n[1:]}" for n, k in zip(this_year.items, kept, strict=True))
    difficulties = np.where(kept, this_year.difficulties, this_year.difficulties + rng.normal(0, 0.2, len(names)))
    difficulties[this_year.items.index(drifting_anchor(this_year))] -= DRIFT_LOGITS
    starts = np.searchsorted(school, school)
    booklet = (np.arange(len(school)) - starts + school) % len(BOOKLETS)
    answers = _answers(rng, abilities, difficulties, this_year.blocks, booklet)
    return Monitoring(this_year.grade, names, difficulties, this_year.blocks, booklet, school, answers, abilities)


def _items(rng: np.random.Generator, grade: int):
    count = BLOCKS * ITEMS_PER_BLOCK
    difficulties = np.linspace(*DIFFICULTY_RANGE_LOGITS, count)
    blocks = np.arange(count) % BLOCKS  # each block has easy and hard items
    difficulties = difficulties + rng.normal(0, 0.05, count)
    order = np.argsort(blocks, kind="stable")
    names = tuple(f"M{grade}{'ABCDEFG'[blocks[i]]}{n % ITEMS_PER_BLOCK + 1:02d}" for n, i in enumerate(order))
    difficulties = difficulties[order]
    return names, difficulties - difficulties.mean(), blocks[order]


def _answers(rng, abilities, difficulties, blocks, booklet) -> NDArray[np.uint8]:
    presented = np.zeros((len(BOOKLETS), len(blocks)), dtype=bool)
    for number, chosen in enumerate(BOOKLETS):
        presented[number] = np.isin(blocks, chosen)
    answers = np.empty((len(abilities), len(blocks)), dtype=np.uint8)
    for start in range(0, len(abilities), 20_000):
        part = slice(start, start + 20_000)
        theta = abilities[part, None]
        right = rng.random((len(theta), len(blocks))) < 1 / (1 + np.exp(difficulties - theta))
        omit = rng.random(right.shape) < OMIT_RATE * 2 / (1 + np.exp(theta - difficulties))
        codes = np.where(omit & ~right, OMITTED, right).astype(np.uint8)
        _leave_the_end(rng, codes, presented[booklet[part]])
        codes[~presented[booklet[part]]] = NOT_PRESENTED
        answers[part] = codes
    return answers


def _leave_the_end(rng, codes: NDArray[np.uint8], presented: NDArray[np.bool_]) -> None:
    """Some pupils do not reach the last one to four items of their booklet."""
    left = rng.integers(1, 5, len(codes)) * (rng.random(len(codes)) < NOT_REACHED_RATE)
    from_end = np.cumsum(presented[:, ::-1], axis=1)[:, ::-1]
    codes[presented & (from_end <= left[:, None])] = NOT_REACHED


def _truth(grade: int, abilities: NDArray[np.float64], is_rural: NDArray[np.bool_]) -> Truth:
    urban, rural = abilities[~is_rural], abilities[is_rural]
    means = [float(part.mean()) if len(part) else 0.0 for part in (urban, rural)]
    return Truth(  # type: ignore[call-arg]  # the star's length is known
        grade, URBAN_RURAL_GAP_LOGITS, *means, means[0] - means[1], float(abilities.std()), len(urban), len(rural)
    )


def earlier_results(seed: int, schools: Schools, pupils: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean result of each school in the three earlier years (oldest first), on the scale of 500 and 100.

    ``pupils`` is how many sat the test in each school: the fewer, the more a mean moves by chance alone.
    """
    rng = np.random.default_rng([seed, 13])
    years = np.arange(-EARLIER_YEARS, 0)
    expected = school_means(seed, schools)[:, None] + YEARLY_GROWTH_LOGITS * years
    chance = np.sqrt(PUPIL_SD_LOGITS**2 / np.maximum(pupils, 1))[:, None] * rng.standard_normal(expected.shape)
    drift = rng.normal(0, 0.08, expected.shape)
    return (SCALE_MEAN + SCALE_PER_LOGIT * (expected + chance + drift)).round(1)


def write_record(plan: Plan) -> None:
    """Leave the truth beside the installation's files, so that an estimate can be held against it."""
    schools = schools_of(plan)
    record = {"seed": plan.seed, "scale": plan.scale.name, "year": plan.year, "digest": plan.digest(), "grades": []}
    for grade in GRADES_TESTED:
        made, truth = entrance_monitoring(seed=plan.seed, grade=grade, schools=schools, school=pupils_of(plan, grade))
        difficulties = dict(zip(made.items, made.difficulties.round(4).tolist(), strict=True))
        record["grades"].append(asdict(truth) | {"difficulties": difficulties})
    path = home() / "demonstration" / "truth.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.chmod(0o600)  # it may be there from before; true means of schools are nobody else's on this machine
    path.write_text(json.dumps(_kept(path) | record, indent=1, ensure_ascii=False))


def _kept(path: Path) -> dict:
    """What other parts of the demonstration have written there: the effect that the programme was given."""
    try:
        return dict(json.loads(path.read_text()))
    except ValueError:
        return {}  # just made, or cut off
