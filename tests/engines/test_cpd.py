"""Completion, gain, eligibility, the draw of experts and what their points say."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tirek_engines.cpd import panel
from tirek_engines.cpd.completion import CompletionRules, completion_reason
from tirek_engines.cpd.eligibility import EligibilityRules, missing
from tirek_engines.cpd.gain import gain
from tirek_engines.cpd.judgement import certification_reason, settle
from tirek_engines.errors import BrokenContract

CASES = Path(__file__).resolve().parents[1] / "cases" / "cpd"
RULES = CompletionRules(Decimal("0.80"), Decimal("0.60"))


def cases(name: str) -> list[dict]:
    return yaml.safe_load((CASES / f"{name}.yaml").read_text())


@pytest.mark.parametrize("case", cases("completion"), ids=lambda case: case["case"])
def test_completion_case(case):
    reason, numbers = completion_reason(**case["given"], rules=RULES)
    assert reason == case["reason"]
    assert numbers.items() >= case.get("numbers", {}).items()


@pytest.mark.parametrize("case", cases("certification"), ids=lambda case: case["case"])
def test_certification_case(case):
    reason, numbers = certification_reason(**case["given"])
    assert reason == case["reason"]
    assert numbers.items() >= case.get("numbers", {}).items()


@given(st.lists(st.integers(0, 100), min_size=3, max_size=3))
def test_the_third_expert_never_harms_by_being_far_away(points):
    """A slow twin: of all pairs the closest, and of equally close ones the higher."""
    pairs = [(abs(a - b), -(a + b)) for i, a in enumerate(points) for b in points[i + 1 :]]
    assert settle(points, most_apart=15).halves == -min(pairs)[1]


def test_one_judgement_or_four_are_a_mistake_of_the_caller():
    for wrong in ([50], [1, 2, 3, 4]):
        with pytest.raises(BrokenContract):
            settle(wrong, most_apart=15)


def test_gain_is_the_paired_t_interval():
    random = np.random.default_rng(3)
    before = random.normal(50, 10, 40)
    after = before + random.normal(6, 5, 40)
    found = gain(before, after)
    low, high = stats.ttest_rel(after, before).confidence_interval(0.95)
    assert (found.n, found.low, found.high) == (40, pytest.approx(low), pytest.approx(high))
    before[:5], after[3:9] = np.nan, np.nan
    assert gain(before, after).n == 31
    assert gain(before[:1], after[:1]) is None
    with pytest.raises(BrokenContract):
        gain(before, after[:3])


def test_everything_that_is_missing_is_said():
    rules = EligibilityRules(years=4, hours=60, steps_at_once=1)
    found = missing(
        current="teacher", wanted="expert", years=2, hours=10, statements=3, statements_wanted=4, rules=rules
    )
    assert [code for code, _numbers in found] == ["category_too_far", "years_few", "hours_few", "statement_missing"]
    held = missing(current="expert", wanted="expert", years=9, hours=99, statements=4, statements_wanted=4, rules=rules)
    assert [code for code, _numbers in held] == ["category_held"]
    whole = missing(
        current="moderator", wanted="expert", years=4, hours=60, statements=4, statements_wanted=4, rules=rules
    )
    assert whole == []


experts_drawn = st.lists(st.tuples(st.integers(1, 12), st.integers(1, 4), st.integers(0, 4)), min_size=0, max_size=14)
cases_drawn = st.lists(st.tuples(st.integers(1, 12), st.integers(1, 4), st.integers(1, 4)), min_size=1, max_size=20)


@settings(max_examples=150, deadline=None)
@given(experts_drawn, cases_drawn, st.integers(0, 1000))
def test_no_expert_in_conflict_is_ever_drawn(experts, applications, seed):
    people = [panel.Expert(f"e{i}", school, district, rank) for i, (school, district, rank) in enumerate(experts)]
    known = {expert.code: expert for expert in people}
    waiting = [
        panel.Case(f"c{i}", school, district, rank, 2, frozenset({"e0"}) if i % 3 == 0 else frozenset())
        for i, (school, district, rank) in enumerate(applications)
    ]
    given_to = panel.draw(waiting, people, seed=seed, lowest_rank=2)
    for case in waiting:
        free = [e for e in people if not panel.conflict(case, e, 2)]
        assert (case.code in given_to) == (len(free) >= 2)
        for code in given_to.get(case.code, ()):
            expert = known[code]
            assert expert.school != case.school
            assert expert.district != case.district
            assert expert.rank >= max(2, case.rank)
            assert code not in case.not_again
        assert len(set(given_to.get(case.code, (1, 2)))) == 2


def test_the_same_seed_draws_the_same_whatever_the_order():
    people = [panel.Expert(f"e{i}", i, i % 5, 3) for i in range(20)]
    waiting = [panel.Case(f"c{i}", 100 + i, 9, 1, 2) for i in range(30)]
    first = panel.draw(waiting, people, seed=7, lowest_rank=2)
    assert panel.draw(waiting[::-1], people[::-1], seed=7, lowest_rank=2) == first
    assert panel.draw(waiting, people, seed=8, lowest_rank=2) != first


def test_work_is_shared_evenly():
    people = [panel.Expert(f"e{i}", i, 1, 3, load=5 if i == 0 else 0) for i in range(10)]
    waiting = [panel.Case(f"c{i}", 100 + i, 9, 1, 2) for i in range(45)]
    counts = dict.fromkeys((e.code for e in people), 0)
    for codes in panel.draw(waiting, people, seed=1, lowest_rank=2).values():
        for code in codes:
            counts[code] += 1
    assert counts["e0"] + 5 - max(counts.values()) in (-1, 0, 1)
    others = [n for code, n in counts.items() if code != "e0"]
    assert max(others) - min(others) <= 1


def test_a_case_without_enough_free_experts_takes_nobody():
    people = [panel.Expert("e1", 1, 1, 3), panel.Expert("e2", 2, 2, 3)]
    waiting = [panel.Case("c1", 9, 1, 1, 2), panel.Case("c2", 9, 3, 1, 2)]
    assert panel.draw(waiting, people, seed=1, lowest_rank=2) == {"c2": ("e1", "e2")}
