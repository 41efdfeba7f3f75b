"""Admission to the leaders' reserve: cases, a slow twin, and what must never matter."""

from fractions import Fraction
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tirek_engines.cpd.reserve import STAGES, Entrant, StageRule, admit, lacking, stage_rules
from tirek_engines.errors import BrokenContract

CASES = yaml.safe_load((Path(__file__).resolve().parents[1] / "cases" / "cpd" / "reserve.yaml").read_text())
RULES = [
    StageRule("application", 20, 50, 4), StageRule("test", 25, 60, 3), StageRule("defence", 35, 60, 1),
    StageRule("interview", 20, 50, 2),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"])
def test_case(case):
    entrants = [Entrant(code, **facts) for code, facts in case["given"].items()]
    found = {place.code: place for place in admit(entrants, RULES, places=case["places"], fewest_marks=2)}
    assert {code: place.reason for code, place in found.items()} == case["reasons"]
    for code, numbers in case.get("numbers", {}).items():
        assert found[code].numbers.items() >= numbers.items()
    assert all(place.is_in == place.reason.startswith("admitted") for place in found.values())


marks = st.lists(st.integers(40, 100), min_size=1, max_size=3)
people = st.lists(st.tuples(st.integers(1, 5), *(marks for _ in STAGES)), min_size=1, max_size=9)


def _slowly(entrants: list[Entrant], places: int) -> set[str]:
    """The twin: count, for each who passes, how many stand strictly before; exact fractions, no sorting."""

    def half_up(value: Fraction) -> int:
        return int(value + Fraction(1, 2))

    keys = {}
    for one in entrants:
        if any(len(one.marks[s.code]) < 2 for s in RULES):
            continue
        means = {s.code: Fraction(sum(one.marks[s.code]), len(one.marks[s.code])) for s in RULES}
        if any(means[s.code] < s.minimum for s in RULES):
            continue
        rounded = {code: half_up(100 * mean) for code, mean in means.items()}
        total = half_up(Fraction(sum(s.weight * rounded[s.code] for s in RULES), 100))
        keys[one.code] = (
            total, rounded["defence"], rounded["interview"], rounded["test"], rounded["application"], one.years,
        )  # fmt: skip
    return {code for code, key in keys.items() if sum(other > key for other in keys.values()) < places}


@settings(max_examples=200, deadline=None)
@given(people, st.integers(1, 4), st.randoms())
def test_the_twin_admits_the_same_whatever_the_order(drawn, places, random):
    entrants = [
        Entrant(f"c{i}", years, dict(zip(STAGES, given_marks, strict=True)))
        for i, (years, *given_marks) in enumerate(drawn)
    ]
    found = admit(entrants, RULES, places=places, fewest_marks=2)
    assert {place.code for place in found if place.is_in} == _slowly(entrants, places)
    mixed = list(entrants)
    random.shuffle(mixed)
    assert admit(mixed, RULES, places=places, fewest_marks=2) == found
    assert len(found) == len(entrants)


@settings(max_examples=100, deadline=None)
@given(people, st.integers(1, 4))
def test_a_better_mark_never_costs_a_place(drawn, places):
    entrants = [
        Entrant(f"c{i}", years, dict(zip(STAGES, given_marks, strict=True)))
        for i, (years, *given_marks) in enumerate(drawn)
    ]
    before = {p.code: p.is_in for p in admit(entrants, RULES, places=places, fewest_marks=1)}
    first = entrants[0]
    better = Entrant(
        first.code, first.years, first.marks | {"defence": [min(100, m + 5) for m in first.marks["defence"]]}
    )
    after = {p.code: p.is_in for p in admit([better, *entrants[1:]], RULES, places=places, fewest_marks=1)}
    assert after[first.code] >= before[first.code]


def test_stages_not_held_do_not_count():
    two = stage_rules(
        {f"{name}_{code}": value for code in STAGES for name, value in (("weight", 25), ("minimum", 50), ("tie", 1))},
        ["interview", "application"],
    )
    assert [stage.code for stage in two] == ["application", "interview"]
    (place,) = admit([Entrant("a", 5, {"application": [60], "interview": [80]})], two, places=1, fewest_marks=1)
    assert (place.reason, place.numbers["points"]) == ("admitted", 7000)


def test_every_requirement_that_is_not_met_is_said():
    wanted = {"years_wanted": 5, "category_wanted": 1}
    assert lacking(years=5, category="moderator", is_employed=True, **wanted) == []
    assert lacking(years=4, category="teacher", is_employed=True, **wanted) == [
        ("years_few", {"found": 4, "wanted": 5}), ("category_low", {"found": 0, "wanted": 1}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("stages", "places", "fewest"),
    [([], 1, 1), (RULES + RULES[:1], 1, 1), (RULES, 0, 1), (RULES, 1, 0), ([StageRule("test", 0, 0, 1)], 1, 1)],
)
def test_what_makes_no_sense_is_a_mistake_of_the_caller(stages, places, fewest):
    with pytest.raises(BrokenContract):
        admit([], stages, places=places, fewest_marks=fewest)


def test_a_mark_outside_the_scale_is_refused():
    with pytest.raises(BrokenContract):
        admit([Entrant("a", 5, {"test": [101, 90]})], [StageRule("test", 1, 0, 1)], places=1, fewest_marks=1)
