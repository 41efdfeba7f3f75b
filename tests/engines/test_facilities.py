"""The index of rooms and schools: cases that a lawyer can read, and a slow twin."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from math import floor
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tirek_engines.errors import BrokenContract
from tirek_engines.facilities import ConditionRules, RoomIndex, RoomSeen, index_room, index_school, wanted_items
from tirek_engines.rules import load_rules

ROOT = Path(__file__).resolve().parents[2]
CASES = ROOT / "tests" / "cases" / "facilities"
BOOK = load_rules(ROOT / "src" / "tirek_engines" / "facilities" / "rules")
VALUES = {
    rule.name.removeprefix("facilities.condition."): rule.at(dt.date(2026, 9, 1))
    for rule in BOOK
    if rule.name.startswith("facilities.condition.")
}
RULES = ConditionRules.of(VALUES)
PURPOSES = {
    "elementary", "subject", "laboratory", "stem", "robotics", "library", "teachers", "inclusive", "art_studio", "tv_studio",
    "gym", "canteen", "recreation", "speech_therapy", "psychologist", "montessori",
}  # fmt: skip


def cases(name: str) -> list:
    return [pytest.param(case, id=case["case"]) for case in yaml.safe_load((CASES / f"{name}.yaml").read_text())]


@pytest.mark.parametrize("case", cases("rooms"))
def test_a_room(case):
    found = index_room(RoomSeen("1", **case["room"]), RULES)
    wanted = case["expect"]
    assert (found.points, found.reason) == (wanted["points"], wanted["reason"])
    assert [list(line) for line in found.missing] == wanted["missing"]


@pytest.mark.parametrize("case", cases("schools"))
def test_a_school(case):
    rooms = [
        RoomIndex(str(n), None if points == "absent" else points, "absent" if points == "absent" else "x", {})
        for n, (_purpose, points) in enumerate(case["rooms"])
    ]
    found = index_school([purpose for purpose, _points in case["rooms"]], rooms, RULES)
    wanted = dict(case["expect"])
    assert (found.points, found.reason) == (wanted.pop("points"), wanted.pop("reason"))
    assert {name: found.numbers[name] for name in wanted} == wanted


@pytest.mark.parametrize("name", ["rooms", "schools"])
def test_every_case_names_a_rule(name):
    assert all(case["clause"] in BOOK.rules for case in yaml.safe_load((CASES / f"{name}.yaml").read_text()))


def test_every_purpose_of_the_programme_has_a_standard():
    assert set(RULES.standards) == PURPOSES


def test_no_value_claims_an_act():
    assert all(rule.demonstration for rule in BOOK)


def slow_index(seen: RoomSeen, rules: ConditionRules) -> int | None:
    """The definition in words, with fractions: each rounding down is said."""
    if seen.days_ago is None or seen.days_ago > rules.valid_days or seen.is_absent:
        return None
    if seen.condition == "unusable":
        return 0
    condition = rules.condition_points[seen.condition]
    shares = []
    for line in rules.standards.get(seen.purpose, ()):
        places = seen.places or rules.places_assumed
        wanted = -floor(-Fraction(line.number * places, 100)) if line.by_places else line.number
        if wanted and line.item in seen.counts:
            shares.append(floor(Fraction(1000 * min(seen.counts[line.item], wanted), wanted)))
    if not shares:
        return condition
    equipment = floor(Fraction(sum(shares), len(shares)))
    both = rules.weight_condition + rules.weight_equipment
    return floor(Fraction(rules.weight_condition * condition + rules.weight_equipment * equipment, both))


ITEMS = sorted({line.item for lines in RULES.standards.values() for line in lines})
SEEN = st.builds(
    RoomSeen,
    room=st.just("1"),
    purpose=st.sampled_from([*sorted(PURPOSES), "other"]),
    places=st.none() | st.integers(1, 60),
    condition=st.sampled_from(["good", "fair", "poor", "unusable"]),
    counts=st.dictionaries(st.sampled_from(ITEMS), st.integers(0, 80), max_size=12),
    days_ago=st.none() | st.integers(0, 1000),
    is_absent=st.booleans(),
)


@given(SEEN)
def test_the_index_is_what_its_definition_says(seen):
    found = index_room(seen, RULES)
    assert found.points == slow_index(seen, RULES)
    assert found.points is None or 0 <= found.points <= 1000


@given(SEEN, st.sampled_from(ITEMS))
def test_one_more_piece_never_makes_a_room_worse(seen, item):
    if item not in seen.counts:
        return
    more = RoomSeen(**{**vars(seen), "counts": {**seen.counts, item: seen.counts[item] + 1}})
    before, after = index_room(seen, RULES).points, index_room(more, RULES).points
    assert (before is None and after is None) or after >= before


def test_a_standard_of_none_is_left_out():
    rules = ConditionRules.of(VALUES | {"library__shelf": 0})
    assert "shelf" not in wanted_items(rules.standards["library"], 20, 24)


def test_a_missing_rule_is_loud():
    with pytest.raises(BrokenContract):
        ConditionRules.of({name: value for name, value in VALUES.items() if name != "weight_condition"})


def test_purposes_and_rooms_go_together():
    with pytest.raises(BrokenContract):
        index_school(["gym"], [], RULES)
