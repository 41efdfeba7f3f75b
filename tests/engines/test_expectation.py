"""Observed against expected, by the recursion and by counting every pattern."""

import itertools

import numpy as np
import pytest

from tirek_engines.assessment.comparison import pairwise
from tirek_engines.assessment.expectation import against_expectation, named
from tirek_engines.psychometrics.items import Items


def rasch(difficulties, steps=None) -> Items:
    steps = np.ones(len(difficulties), np.int64) if steps is None else np.asarray(steps)
    intercepts = np.zeros((len(difficulties), int(steps.max())))
    for j, (b, n) in enumerate(zip(difficulties, steps, strict=True)):
        intercepts[j, :n] = -b * np.arange(1, n + 1)
    return Items(
        tuple(f"M{j}" for j in range(len(difficulties))), ("rasch",) * len(difficulties), np.ones(len(difficulties)),
        intercepts, np.zeros(len(difficulties)), steps, tuple(tuple(range(n + 1)) for n in steps),
        np.zeros(len(difficulties), np.int64),
    )  # fmt: skip


def by_counting(items: Items, part, total: int) -> tuple[float, float]:
    """Every answer pattern with this total, weighed by exp(sum of intercepts): under Rasch the ability drops out."""
    weights, points = [], []
    for pattern in itertools.product(*(range(n + 1) for n in items.n_steps)):
        if sum(pattern) == total:
            weights.append(np.exp(sum(items.intercepts[j, x - 1] for j, x in enumerate(pattern) if x)))
            points.append(sum(pattern[j] for j in part))
    weights, points = np.array(weights) / np.sum(weights), np.array(points)
    mean = float(weights @ points)
    return mean, float(weights @ (points - mean) ** 2)


@pytest.mark.parametrize("part", [[0], [3], [0, 2], [1, 3, 4]])
@pytest.mark.parametrize("total", [0, 1, 3, 5, 6])
def test_given_the_total_the_counted_patterns_agree(part, total):
    items = rasch([-1.0, 0.3, 0.8, -0.2, 1.5], [1, 1, 2, 1, 1])
    scores = next(
        np.array([p], np.uint8) for p in itertools.product(*(range(n + 1) for n in items.n_steps)) if sum(p) == total
    )
    found = against_expectation(items, scores, [np.array(part)], mean=0.4, sd=1.3)
    mean, variance = by_counting(items, part, total)
    assert found.expected[0] == pytest.approx(mean, abs=1e-9)
    assert found.variance[0] == pytest.approx(variance, abs=1e-9)


def answers(rng, items: Items, thetas, missing=0.0) -> np.ndarray:
    p = items.probabilities(thetas)
    cumulated = p.cumsum(axis=1)
    scores = (rng.random((len(items), 1, thetas.size)) > cumulated).sum(axis=1).T.astype(np.uint8)
    scores[rng.random(scores.shape) < missing] = 255
    return scores


def test_schools_without_a_gap_of_their_own_are_rarely_told_of_one():
    rng = np.random.default_rng(11)
    items = rasch(np.linspace(-1.5, 1.5, 30))
    wrong = 0
    for number in range(100):
        thetas = rng.normal(rng.normal(0, 0.8), 0.9, 40)  # weak and strong schools alike
        found = against_expectation(items, answers(rng, items, thetas, 0.1), [np.array([j]) for j in range(30)])
        wrong += bool(named(found, rate=0.05, smallest=0.1, minimum=10).any())
        if not number:
            assert found.observed.sum() == pytest.approx(found.expected.sum()), "over all tasks nothing is left over"
    assert wrong <= 12


def test_a_task_never_taught_is_found_and_named():
    rng = np.random.default_rng(3)
    items = rasch(np.linspace(-1.5, 1.5, 30))
    scores = answers(rng, items, rng.normal(-0.3, 0.9, 60))
    scores[:, 4] = rng.random(60) < 0.35
    found = against_expectation(items, scores, [np.array([j]) for j in range(30)], errors=np.full(30, 0.05))
    out = named(found, rate=0.05, smallest=0.1, minimum=10)
    assert out[4] == -1
    assert (out == -1).sum() == 1


def test_few_answers_are_left_aside():
    rng = np.random.default_rng(3)
    items = rasch(np.linspace(-1.5, 1.5, 10))
    scores = answers(rng, items, np.full(9, 2.0))
    scores[:, 0] = 0
    found = against_expectation(items, scores, [np.array([0])])
    assert named(found, rate=0.05, smallest=0.1, minimum=10)[0] == 0
    assert named(found, rate=0.05, smallest=0.1, minimum=9)[0] == -1


def test_pairs_are_told_apart_only_when_all_of_them_are_counted_in():
    means = np.array([500.0, 501.0, 470.0, np.nan])
    out = pairwise(means, np.array([5.0, 5.0, 5.0, 1.0]))
    assert out[0, 2] == 1
    assert out[2, 0] == -1
    assert out[0, 1] == 0
    assert not out[3].any()
    rng = np.random.default_rng(1)
    said = sum(bool(pairwise(rng.normal(500, 5, 15), np.full(15, 5.0)).any()) for _ in range(400))
    assert said / 400 < 0.08
