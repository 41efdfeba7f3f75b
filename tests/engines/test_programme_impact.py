"""Impact of programmes: who is compared with whom, what may be said, errors of links; by cases and by hand."""

from __future__ import annotations

from math import hypot
from pathlib import Path

import numpy as np
import pytest
import yaml

from tirek_engines.errors import Refusal
from tirek_engines.programmes.impact import Bounds, claim_of, judge, pooled_spread, with_link_error
from tirek_engines.programmes.impact_design import Schools, choose_comparison, weights_of_pairs
from tirek_engines.programmes.value_added import Bounds as SchoolBounds
from tirek_engines.programmes.value_added import School, counted_share, judge_school

CASES = Path(__file__).parents[1] / "cases" / "programmes" / "impact"
CHOICES = yaml.safe_load((CASES / "comparison.yaml").read_text())["choices"]
CLAIMS = yaml.safe_load((CASES / "claims.yaml").read_text())
ADDED = yaml.safe_load((CASES / "value_added.yaml").read_text())["cases"]


def schools_of(rows) -> Schools:
    cells = sorted({row[1] for row in rows})
    return Schools(
        earlier=np.array([[np.nan if v == "-" else v for v in row[4]] for row in rows], dtype=float),
        facts=np.log(np.array([[row[5]] for row in rows], dtype=float)),
        cells=np.array([cells.index(row[1]) for row in rows]),
        treated=np.array([row[2] for row in rows]),
        elsewhere=np.array([row[3] for row in rows]),
    )


@pytest.mark.parametrize("case", CHOICES, ids=lambda case: case["what"])
def test_every_school_has_its_reason(case):
    names = [row[0] for row in case["schools"]]
    found = choose_comparison(schools_of(case["schools"]), ratio=case["ratio"], caliper=0.2, fewest_waves=3)
    assert dict(zip(names, found.reasons, strict=True)) == case["reasons"]
    weights = dict(zip(names, found.weights.tolist(), strict=True))
    assert {name: weights[name] for name in case["weights"]} == case["weights"]


def test_two_earlier_waves_are_too_few():
    schools = schools_of([["T", "town", True, False, [500, 500], 10], ["A", "town", False, False, [500, 500], 10]])
    with pytest.raises(Refusal) as refused:
        choose_comparison(schools, ratio=4, caliper=0.2, fewest_waves=3)
    assert refused.value.code == "few_earlier_waves"
    assert refused.value.fields["found"] == 2


def test_numbers_say_what_settled_it():
    case = CHOICES[0]
    found = choose_comparison(schools_of(case["schools"]), ratio=2, caliper=0.2, fewest_waves=3)
    assert found.numbers[0]["partners"] == 2
    assert found.numbers[1]["serves"] == 1
    assert found.numbers[4]["gap"] > 0.2
    assert len(found.balance) == 4


def test_weights_when_a_partner_is_gone():
    pairs = [(0, 2), (0, 3), (1, 3)]
    everybody = weights_of_pairs(pairs, np.ones(4, dtype=bool))
    assert everybody.tolist() == [1.0, 1.0, 0.5, 1.5]
    without = weights_of_pairs(pairs, np.array([True, True, False, True]))
    assert without.tolist() == [1.0, 1.0, 0.0, 2.0]
    alone = weights_of_pairs(pairs, np.array([True, True, True, False]))
    assert alone.tolist() == [1.0, 0.0, 1.0, 0.0]


@pytest.mark.parametrize("case", CLAIMS["cases"], ids=lambda case: case["what"])
def test_what_may_be_said(case):
    findings = judge(CLAIMS["good"] | case["change"], Bounds())
    assert sorted(f.code for f in findings if f.passed is False) == sorted(case["failed"])
    assert claim_of(findings) == case["claim"]


def test_the_error_of_the_link_widens_each_half_by_itself():
    low, high = with_link_error(10.0, 6.0, 16.0, 2.0)
    extra = 1.959963984540054 * 2.0
    assert low == pytest.approx(10.0 - hypot(4.0, extra))
    assert high == pytest.approx(10.0 + hypot(6.0, extra))
    assert with_link_error(10.0, 6.0, 16.0, 0.0) == (6.0, 16.0)
    assert with_link_error(10.0, None, 16.0, 1.0) == (None, None)


def test_the_spread_of_pupils_from_those_of_schools():
    """Two schools of 100 pupils, means 490 and 510, each with a spread of 90: sqrt(90² + 10²)."""
    found = pooled_spread(np.array([490.0, 510.0]), np.array([90.0, 90.0]), np.array([100.0, 100.0]), np.ones(2))
    assert found == pytest.approx(np.hypot(90.0, 10.0))
    assert pooled_spread(np.array([490.0]), np.array([np.nan]), np.array([100.0]), np.ones(1)) is None


@pytest.mark.parametrize("case", ADDED, ids=lambda case: case["what"])
def test_what_may_be_said_of_a_school(case):
    school = School(case["pupils"], case["tested"], case["effect"], case["se"])
    assert judge_school(school, SchoolBounds(10, 0.6)) == case["reason"]


def test_the_fewer_pupils_the_less_of_a_difference_is_believed():
    shares = [counted_share(n, 64.0, 3500.0) for n in (1, 10, 50, 1000)]
    assert shares == sorted(shares)
    assert shares[2] == pytest.approx(50 * 64 / (50 * 64 + 3500))
    assert counted_share(50, 0.0, 3500.0) == 0.0
