"""Intervals of growth hold the truth as often as they say: the whole chain on populations that are made up."""

import importlib.util
import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location("prove_growth", ROOT / "benchmarks/prove_growth.py")
prove_growth = importlib.util.module_from_spec(SPEC)
sys.modules["prove_growth"] = prove_growth
SPEC.loader.exec_module(prove_growth)

DESIGNS = {d.name: d for d in prove_growth.DESIGNS}


@pytest.mark.parametrize("name", ["concurrent", "rasch-full", "gap"])
def test_one_study_of_a_kind(name):
    """In every run of the tests: the chain works, and gives the same bits twice."""
    design = DESIGNS[name]
    estimate, error, half = prove_growth.replicate(design, 1)
    assert abs(estimate - prove_growth.truth(design)) < 5 * error
    assert 1.9 * error < half < 2.2 * error
    assert prove_growth.replicate(design, 1) == (estimate, error, half)


@pytest.mark.prove
@pytest.mark.parametrize("name", list(DESIGNS))
def test_coverage(name):
    """93 to 97 of a hundred, over 1,000 studies (PROVE_GROWTH sets another number)."""
    replications = int(os.environ.get("PROVE_GROWTH", "1000"))
    found = prove_growth.prove(DESIGNS[name], replications, workers=1)
    assert prove_growth.LEAST <= found["coverage"] <= prove_growth.MOST, found
    assert abs(found["bias"]) < 0.3 * found["mean_se"], found
