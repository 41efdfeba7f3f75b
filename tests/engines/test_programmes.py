"""The choice of schools and the rules of needs: cases a lawyer can read, and slow twins that share no line with the engine."""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tirek_engines.errors import BrokenContract
from tirek_engines.programmes.needs import (
    ResultRule,
    RoomRule,
    ScaleRule,
    result_reason,
    room_reason,
    scale_reason,
)
from tirek_engines.programmes.places import spread_places
from tirek_engines.programmes.selection import (
    ADMITTED,
    Candidate,
    Criteria,
    Limits,
    Places,
    criterion_points,
    lot,
    select_schools,
    total_points,
)

CASES = Path(__file__).resolve().parents[1] / "cases" / "programmes"
SELECTION = yaml.safe_load((CASES / "selection.yaml").read_text(encoding="utf-8"))
NEEDS = yaml.safe_load((CASES / "needs.yaml").read_text(encoding="utf-8"))
WEIGHTS = {"application": 40, "size": 30, "rooms": 15, "result": 15}
CRITERIA = Criteria(WEIGHTS, size_full=1000, result_none=540, result_full=440, points_unknown=50)
LIMITS = Limits(smallest=30, largest=9000, application_from=20)


def school(row) -> Candidate:
    code, district, rural, pupils, rooms, bad, result, application = (None if cell == "-" else cell for cell in row)
    return Candidate(code, district, rural, True, pupils, rooms, bad, result, application)


@pytest.mark.parametrize("case", SELECTION["points"], ids=lambda case: case["what"])
def test_points_of_a_school(case):
    points = criterion_points(school(case["school"]), CRITERIA)
    assert points == case["points"]
    assert total_points(points, WEIGHTS) == case["sum"]


@pytest.mark.parametrize("case", SELECTION["choices"], ids=lambda case: case["what"])
@pytest.mark.parametrize("backwards", [False, True])
def test_choices(case, backwards):
    schools = [school(row) for row in case["schools"]]
    out = select_schools(
        schools[::-1] if backwards else schools,
        CRITERIA, LIMITS, Places(case["places"], case["rural_percent"], True), seed="case",
    )  # fmt: skip
    assert {c.code: c.reason for c in out.chosen} == case["reasons"]
    assert {c.code: c.numbers["last"] for c in out.chosen if "last" in c.numbers} == case["last"]


@pytest.mark.parametrize("case", SELECTION["spread"], ids=lambda case: case["what"])
def test_spread(case):
    assert spread_places(case["total"], case["candidates"], fewest=case["fewest"]) == case["places"]


def test_who_takes_part_or_stands_outside_is_told_first():
    schools = [
        Candidate("A", "d", True, True, 10, 0, 0, None, None, takes_part=True),
        Candidate("B", "d", True, True, 10, 0, 0, None, None, in_round=False),
        Candidate("C", "d", True, False, 10, 0, 0, None, None),
    ]
    out = select_schools(schools, CRITERIA, LIMITS, Places({"d": 3}, 0, True), seed="")
    assert [c.reason for c in out.chosen] == ["takes_part", "outside_round", "not_state_owned"]
    assert out.admitted == 0
    assert out.open_places == 3


def test_the_last_word_between_equals_is_the_lot():
    twins = [Candidate(code, "d", True, True, 100, 0, 0, None, 50) for code in "ABCDE"]
    for seed in ("x", "y", "z"):
        out = select_schools(twins, CRITERIA, LIMITS, Places({"d": 1}, 0, True), seed=seed)
        assert [c.code for c in out.chosen if c.admitted] == [min("ABCDE", key=lambda code: lot(code, seed))]
        assert sum(c.reason == "out_by_tie" for c in out.chosen) == 4


@pytest.mark.parametrize(
    ("field", "value"),
    [("bad_rooms", 4), ("application", 101), ("pupils", -1)],
)
def test_impossible_candidates_are_our_mistake(field, value):
    facts = {"code": "A", "district": "d", "is_rural": True, "is_public": True, "pupils": 1, "rooms": 3, "bad_rooms": 0,
             "result": None, "application": 1}  # fmt: skip
    with pytest.raises(BrokenContract):
        select_schools([Candidate(**(facts | {field: value}))], CRITERIA, LIMITS, Places({"d": 1}, 0, True), seed="")
    with pytest.raises(BrokenContract):
        Criteria(WEIGHTS | {"size": 29}, 1000, 540, 440, 50)


# slow twins: a plain reading of the published steps, and the best of all sets


@st.composite
def rounds(draw, fill=True):
    districts = "abc"[: draw(st.integers(1, 3))]
    schools = [
        Candidate(
            f"S{n}", draw(st.sampled_from(districts)), draw(st.booleans()), draw(st.integers(0, 9)) > 0,
            draw(st.integers(20, 1200)), 4, draw(st.integers(0, 4)), draw(st.none() | st.integers(400, 600)),
            draw(st.none() | st.integers(0, 10).map(lambda p: 10 * p)),
        )
        for n in range(draw(st.integers(1, 8)))
    ]  # fmt: skip
    places = {d: draw(st.integers(0, 3)) for d in districts}
    return schools, Places(places, draw(st.sampled_from([0, 30, 50, 100])), draw(st.booleans()) if fill else False)


def may_be_chosen(c: Candidate) -> bool:
    return c.is_public and 30 <= c.pupils <= 9000 and c.application is not None and c.application >= 20


def worth(c: Candidate) -> int:
    room = c.bad_rooms * 100 // c.rooms
    result = 50 if c.result is None else max(0, min(100, 540 - c.result))
    return 40 * c.application + 30 * min(100, c.pupils // 10) + 15 * room + 15 * result


def before(c: Candidate):
    return (-worth(c), -c.application, -(c.bad_rooms * 100 // c.rooms), not c.is_rural, lot(c.code, "seed"))


def read_plainly(schools, places: Places) -> set[str]:
    """The published steps one after the other, on lists that are sorted anew each time."""
    pool = sorted((c for c in schools if may_be_chosen(c)), key=before)
    inside = [c for d, n in places.of_district.items() for c in [x for x in pool if x.district == d][:n]]
    if places.fill_open:
        rest = [c for c in pool if c not in inside]
        inside += rest[: places.total - len(inside)]
    wanted = min(-((-places.rural_percent * places.total) // 100), sum(c.is_rural for c in pool))
    while sum(c.is_rural for c in inside) < wanted:
        swaps = [
            (worth(u) - worth(r), pool.index(r), pool.index(u))
            for u in inside for r in pool
            if not u.is_rural and r.is_rural and r not in inside and u.district == r.district
        ]  # fmt: skip
        if not swaps:
            break
        cost = min(swaps)[0]
        _cost, r, u = min((s for s in swaps if s[0] == cost), key=lambda s: (s[1], -s[2]))
        inside = [c for c in inside if c is not pool[u]] + [pool[r]]
    return {c.code for c in inside}


@settings(max_examples=400, deadline=None)
@given(rounds())
def test_the_engine_agrees_with_a_plain_reading(made):
    schools, places = made
    out = select_schools(schools, CRITERIA, LIMITS, places, seed="seed")
    assert {c.code for c in out.chosen if c.reason in ADMITTED} == read_plainly(schools, places)
    assert [c.code for c in out.chosen] == [c.code for c in schools]
    for c in out.chosen:
        if c.reason == "out_by_points":
            assert c.numbers["points"] < c.numbers["last"]
        if c.reason == "out_by_tie":
            assert c.numbers["points"] == c.numbers["last"]
        if c.reason in ("in_by_points", "in_by_open_place"):
            assert c.numbers["points"] >= c.numbers["last"]


@settings(max_examples=150, deadline=None)
@given(rounds(fill=False))
def test_no_set_with_these_places_and_this_share_has_more_points(made):
    schools, places = made
    out = select_schools(schools, CRITERIA, LIMITS, places, seed="seed")
    chosen = {c.code for c in out.chosen if c.admitted}
    pool = [c for c in schools if may_be_chosen(c)]
    size = {d: min(n, sum(c.district == d for c in pool)) for d, n in places.of_district.items()}
    best = -1
    for mask in itertools.product([False, True], repeat=len(pool)):
        some = [c for c, taken in zip(pool, mask, strict=True) if taken]
        if any(sum(c.district == d for c in some) != n for d, n in size.items()):
            continue
        if sum(c.is_rural for c in some) >= out.rural or sum(c.is_rural for c in some) >= out.rural_wanted:
            best = max(best, sum(worth(c) for c in some))
    assert sum(worth(c) for c in pool if c.code in chosen) == best


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 30), st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 9)), st.integers(0, 3))
def test_spread_places_all_and_no_more_than_there_are(total, candidates, fewest):
    places = spread_places(total, candidates, fewest=fewest)
    assert sum(places.values()) == min(total, sum(candidates.values()))
    assert all(0 <= places.get(d, 0) <= n for d, n in candidates.items())
    if fewest * len(candidates) <= total:
        assert all(places.get(d, 0) >= min(fewest, n) for d, n in candidates.items())


# needs

ROOMS, SCALES, RESULTS = RoomRule(500, 50, 3), ScaleRule(300, 50, 10, 30), ResultRule(196, 46)


@pytest.mark.parametrize("case", NEEDS["rooms"], ids=lambda case: case["what"])
def test_rooms(case):
    reason, numbers = room_reason(
        index_points=case["index"], missing_kinds=case["kinds"], missing_items=case["kinds"], rule=ROOMS
    )
    assert reason == case["reason"]
    assert numbers.get("index") == (case["index"] if case["index"] is not None else None)


@pytest.mark.parametrize("case", NEEDS["scales"], ids=lambda case: case["what"])
def test_scales(case):
    reason, numbers = scale_reason(low_permille=case["low"], n=case["n"], invited=case["invited"], rule=SCALES)
    assert reason == case["reason"]
    assert numbers["low_percent"] == (case["low"] + 5) // 10


@pytest.mark.parametrize("case", NEEDS["results"], ids=lambda case: case["what"])
def test_results(case):
    tenths = {name: round(10 * case[key]) for name, key in
              (("mean", "mean"), ("se", "se"), ("region_mean", "region"), ("region_se", "region_se"))}  # fmt: skip
    reason, numbers = result_reason(**tenths, rule=RESULTS)
    assert reason == case["reason"]
    assert numbers["errors"] == case["errors"]


@settings(max_examples=300, deadline=None)
@given(st.integers(3000, 7000), st.integers(1, 400), st.integers(3000, 7000), st.integers(0, 400))
def test_results_agree_with_exact_fractions(mean, se, region, region_se):
    reason, _numbers = result_reason(mean=mean, se=se, region_mean=region, region_se=region_se, rule=RESULTS)
    squared = Fraction((region - mean) ** 2, se**2 + region_se**2)
    z_low, z_near = Fraction(196, 100) ** 2, Fraction(150, 100) ** 2
    wanted = "result_good"
    if region > mean and squared > z_near:
        wanted = "result_low" if squared > z_low else "result_near"
    assert reason == wanted


def test_impossible_findings_are_our_mistake():
    with pytest.raises(BrokenContract):
        room_reason(index_points=1001, missing_kinds=0, missing_items=0, rule=ROOMS)
    with pytest.raises(BrokenContract):
        scale_reason(low_permille=1001, n=1, invited=1, rule=SCALES)
    with pytest.raises(BrokenContract):
        result_reason(mean=1, se=-1, region_mean=1, region_se=1, rule=RESULTS)
