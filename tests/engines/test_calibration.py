"""The kernels against their slow twin, and what a calibration promises."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tirek_engines.errors import BrokenContract, Refusal
from tirek_engines.psychometrics import FLAG_NAMES, Answers, Options, calibrate
from tirek_engines.psychometrics.data.prepared import lay_out, prepare
from tirek_engines.psychometrics.estimation.information import observed_information
from tirek_engines.psychometrics.likelihood.model import Grid, Likelihood, Parameters, Shape

from . import twin

LSAT7 = """
00000 12  00001 19  00010 1  00011 7  00100 3  00101 19  00110 3  00111 17  01000 10  01001 5  01010 3  01011 7
01100 7  01101 23  01110 8  01111 28  10000 7  10001 39  10010 11  10011 34  10100 14  10101 51  10110 15  10111 90
11000 6  11001 25  11010 7  11011 35  11100 18  11101 136  11110 32  11111 308
"""
"""Bock & Lieberman (1970), section 7 of the Law School Admission Test: 32 patterns and how many persons had them."""


def lsat7():
    words = LSAT7.split()
    rows = [[int(c) for c in pattern] for pattern in words[::2]]
    return np.repeat(np.array(rows, float), [int(n) for n in words[1::2]], axis=0)


def simulated(n=2000, n_items=20, seed=1, missing=0.0, sd=1.0):
    rng = np.random.default_rng(seed)
    theta = sd * rng.standard_normal(n)
    b = np.linspace(-2, 2, n_items)
    x = (rng.random((n, n_items)) < 1 / (1 + np.exp(-(theta[:, None] - b)))).astype(float)
    x[rng.random(x.shape) < missing] = np.nan
    return x, theta, b


@st.composite
def problems(draw):
    """A small test with several steps, missing answers, weights, groups, and a point to evaluate it at."""
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    n, n_items = draw(st.integers(4, 30)), draw(st.integers(1, 19))
    n_groups = draw(st.integers(1, 3))
    steps = rng.integers(1, draw(st.integers(2, 6)), n_items)
    x = rng.integers(0, steps + 1, (n, n_items))
    for j in range(n_items):
        x[: steps[j] + 1, j] = np.arange(steps[j] + 1)[:n]
    x = np.where(rng.random(x.shape) < draw(st.sampled_from([0.0, 0.3, 0.8])), -1, x)
    weights = rng.choice([0.0, 0.5, 1.0, 3.0], n) if draw(st.booleans()) else np.ones(n)
    return x, weights, rng.integers(0, n_groups, n), n_groups, rng, draw(st.booleans())


@settings(max_examples=60, deadline=None)
@given(problems())
def test_one_evaluation_equals_the_twin(problem):
    x, weights, groups, n_groups, rng, free = problem
    weights = weights if (weights * (x >= 0).any(axis=1)).sum() > 0 else np.ones(len(x))
    answers = Answers(
        np.where(x < 0, 255, x).astype(np.uint8),
        tuple(f"i{j}" for j in range(x.shape[1])),
        weights,
        groups.astype(np.int64),
        tuple("abc"[:n_groups]),
    )
    try:
        data = prepare(answers, collapse_scores=not free)
    except Refusal:
        return
    n_steps, n_items = data.items.n_steps, len(data.items.names)
    shape = Shape(("gpcm" if free else "pcm",) * n_items, n_steps, n_groups)
    slopes = rng.uniform(-0.5, 2.0, n_items) if free else np.ones(n_items)
    d = np.where(shape.step_mask, rng.normal(0, 1.5, (n_items, data.items.max_steps)), 0.0)
    p = Parameters(slopes, d, np.r_[0.0, rng.normal(0, 1, n_groups - 1)], rng.uniform(0.3, 2.0, n_groups))
    grid = Grid(25, 5.0)
    found = Likelihood(data, shape, grid).evaluate(p)
    recoded = np.full((len(x), n_items), -1)
    for j in range(n_items):
        for k, value in enumerate(data.items.values[j]):
            recoded[x[:, data.items.columns[j]] == value, j] = k
    theta = np.linspace(-5, 5, 25)
    ragged = [d[j, : n_steps[j]] for j in range(n_items)]
    joint = twin.posteriors(recoded, groups, slopes, ragged, p.means, p.sds, theta)
    assert found.loglik == pytest.approx(float(data.weights @ np.log(joint.sum(axis=1))), rel=1e-10, abs=1e-9)
    post = joint / joint.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found.unit_means[data.unit_of_person], post @ theta, atol=1e-10)
    spread = post @ theta**2 - (post @ theta) ** 2
    np.testing.assert_allclose(found.unit_variances[data.unit_of_person], spread, atol=1e-9)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_the_gradient_is_the_derivative(seed, free):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 3, (40, 5)).astype(float)
    x[rng.random(x.shape) < 0.2] = np.nan
    answers = Answers.from_matrix(x, weights=rng.uniform(0.5, 2, 40), groups=rng.integers(0, 2, 40))
    data = prepare(answers, collapse_scores=not free)
    shape = Shape(("gpcm" if free else "pcm",) * 5, data.items.n_steps, 2)
    like = Likelihood(data, shape, Grid(21, 4.0))
    start = Parameters(
        rng.uniform(0.5, 1.5, 5) if free else np.ones(5),
        np.where(shape.step_mask, rng.normal(0, 1, shape.step_mask.shape), 0),
        np.array([0.0, 0.4]),
        np.array([1.0, 1.3]),
    )
    v = shape.flatten(start)
    gradient = like.evaluate(start).gradient
    for k in range(len(v)):
        step = np.zeros(len(v))
        step[k] = 1e-5
        up = like.evaluate(shape.restore(v + step, start)).loglik
        down = like.evaluate(shape.restore(v - step, start)).loglik
        assert gradient[k] == pytest.approx((up - down) / 2e-5, abs=1e-5)


def test_rasch_agrees_with_a_textbook_em():
    x, _, _ = simulated(300, 6, seed=3, missing=0.1)
    d, sd = twin.fit_rasch(np.where(np.isnan(x), -1, x).astype(int), np.linspace(-6, 6, 41))
    found = calibrate(Answers.from_matrix(x), Options(tolerance=1e-9))
    np.testing.assert_allclose([-i.b for i in found.items], d, atol=1e-6)
    assert found.groups[0].variance == pytest.approx(sd**2, abs=1e-6)


def test_lsat7_has_the_published_solution():
    """Log-likelihoods and estimates of LSAT section 7 as R mirt and TAM both give them."""
    x = lsat7()
    assert x.shape == (1000, 5)
    rasch = calibrate(Answers.from_matrix(x))
    assert rasch.fit.converged
    assert rasch.fit.loglik == pytest.approx(-2664.9009, abs=1e-3)
    np.testing.assert_allclose([i.d[0] for i in rasch.items], [1.8683, 0.7910, 1.4610, 0.5215, 1.9930], atol=2e-3)
    np.testing.assert_allclose([i.se_b for i in rasch.items], [0.1004, 0.0812, 0.0913, 0.0787, 0.1037], rtol=0.01)
    assert rasch.groups[0].variance == pytest.approx(1.0226, abs=2e-3)
    two = calibrate(Answers.from_matrix(x), Options(model="2pl"))
    assert two.fit.loglik == pytest.approx(-2658.8051, abs=1e-3)


def test_known_difficulties_come_back_within_their_errors():
    x, theta, b = simulated(5000, 30, seed=7)
    found = calibrate(Answers.from_matrix(x))
    z = np.array([(i.b - t) / i.se_b for i, t in zip(found.items, b, strict=True)])
    assert 0.6 < z.std() < 1.5
    assert np.abs(z).max() < 4
    assert np.corrcoef(found.persons.eap, theta)[0, 1] > 0.9
    assert found.fit.reliability_eap == pytest.approx(np.corrcoef(found.persons.eap, theta)[0, 1] ** 2, abs=0.02)


def test_errors_do_not_depend_on_the_width_of_the_differences():
    x, _, _ = simulated(400, 6, seed=5, missing=0.2)
    c = calibrate(Answers.from_matrix(x), Options(model="2pl"))
    other = np.sqrt(np.diag(np.linalg.inv(observed_information(c.likelihood, c.parameters, scale=4.0))))
    np.testing.assert_allclose(other, np.sqrt(np.diag(c.covariance)), rtol=1e-4)


def test_two_groups_differ_by_what_was_simulated():
    rng = np.random.default_rng(2)
    group = np.repeat([0, 1], 3000)
    theta = np.where(group == 1, 0.6 + 1.4 * rng.standard_normal(6000), rng.standard_normal(6000))
    b = np.linspace(-2, 2, 25)
    x = (rng.random((6000, 25)) < 1 / (1 + np.exp(-(theta[:, None] - b)))).astype(float)
    found = calibrate(Answers.from_matrix(x, groups=np.array(["a", "b"])[group]))
    first, second = found.groups
    assert (first.mean, np.isnan(first.se_mean)) == (0.0, True)
    assert abs(second.mean - 0.6) < 3 * second.se_mean
    assert abs(second.variance - 1.96) < 3 * second.se_variance


def test_a_weight_counts_like_so_many_persons():
    x, _, _ = simulated(300, 8, seed=4, missing=0.1)
    weights = np.random.default_rng(0).integers(1, 4, 300)
    weighted = calibrate(Answers.from_matrix(x, weights=weights.astype(float)), Options(tolerance=1e-9))
    repeated = calibrate(Answers.from_matrix(np.repeat(x, weights, axis=0)), Options(tolerance=1e-9))
    np.testing.assert_allclose([i.b for i in weighted.items], [i.b for i in repeated.items], atol=1e-7)
    assert weighted.fit.loglik / 300 == pytest.approx(repeated.fit.loglik / weights.sum(), rel=1e-9)


@pytest.mark.parametrize("model", ["rasch", "2pl"])
def test_the_same_input_gives_the_same_bits(model):
    x, _, _ = simulated(500, 10, seed=9, missing=0.3)
    one, two = (calibrate(Answers.from_matrix(x), Options(model=model)) for _ in range(2))
    assert one.fit == two.fit
    assert one.persons.eap.tobytes() == two.persons.eap.tobytes()
    assert one.persons.wle.tobytes() == two.persons.wle.tobytes()
    assert one.covariance.tobytes() == two.covariance.tobytes()


def test_booklets_and_long_tests_do_not_overflow():
    rng = np.random.default_rng(0)
    x, _, _ = simulated(600, 260, seed=6, sd=2.0)
    x[:300, 130:] = np.nan
    x[0, :130] = 1
    x[1, :130] = 0
    x[rng.random(x.shape) < 0.02] = np.nan
    found = calibrate(Answers.from_matrix(x), Options(se="none", half_range=10, nodes=81))
    assert found.fit.converged
    assert np.isfinite(found.persons.eap).all()


def test_items_without_information_are_left_out_and_said():
    x, _, _ = simulated(200, 5, seed=1)
    x = np.column_stack([x, np.full(200, np.nan), np.ones(200)])
    found = calibrate(Answers.from_matrix(x, [*"abcde", "unseen", "easy"]))
    assert [(d.item, d.reason) for d in found.dropped] == [
        ("unseen", "nobody answered it"),
        ("easy", "all 200 answers are 1"),
    ]
    assert [i.item for i in found.items] == list("abcde")
    assert any("unseen" in w for w in found.warnings)


def test_a_person_without_answers_gets_the_mean_and_no_wle():
    x, _, _ = simulated(200, 5, seed=1)
    x[7] = np.nan
    found = calibrate(Answers.from_matrix(x))
    assert found.fit.n == 199
    assert found.fit.n_without_answers == 1
    assert found.persons.eap[7] == pytest.approx(0.0, abs=1e-9)
    assert found.persons.eap_se[7] ** 2 == pytest.approx(found.groups[0].variance, rel=1e-3)
    assert np.isnan(found.persons.wle[7])
    assert FLAG_NAMES[found.persons.flag[7]] == "no-answers"
    without = calibrate(Answers.from_matrix(np.delete(x, 7, axis=0)))
    assert found.fit.loglik == pytest.approx(without.fit.loglik, abs=1e-6)


def test_extreme_scores_are_finite_and_flagged():
    found = calibrate(Answers.from_matrix(lsat7()))
    flags = {FLAG_NAMES[f] for f in found.persons.flag[[0, -1]]}
    assert flags == {"extreme"}
    assert np.isfinite(found.persons.wle).all()
    assert found.persons.wle[0] == pytest.approx(-3.8964, abs=2e-3)


def test_a_score_of_two_that_nobody_has_is_closed_up_with_a_warning():
    x, _, _ = simulated(300, 4, seed=2)
    x[:, 0] *= 2
    found = calibrate(Answers.from_matrix(x, list("abcd")))
    assert found.items[0].values == (0, 2)
    assert any("0, 2 are calibrated as 0, 1: a" in w for w in found.warnings)


def test_a_narrow_grid_is_noticed():
    x, _, _ = simulated(1000, 30, seed=2, sd=2.5)
    narrow = calibrate(Answers.from_matrix(x), Options(nodes=21, half_range=3.0))
    assert any("too narrow" in w for w in narrow.warnings)
    wide = calibrate(Answers.from_matrix(x), Options(nodes=121, half_range=12.0))
    assert wide.warnings == ()


def test_running_out_of_iterations_is_reported():
    x, _, _ = simulated(200, 6, seed=2)
    found = calibrate(Answers.from_matrix(x), Options(max_iterations=2))
    assert not found.fit.converged
    assert any("Not converged after 2 iterations" in w for w in found.warnings)


def test_what_cannot_be_calibrated_is_refused():
    with pytest.raises(Refusal, match="nothing to calibrate") as refusal:
        calibrate(Answers.from_matrix(np.ones((5, 3))))
    assert refusal.value.code == "nothing_to_calibrate"
    x, _, _ = simulated(50, 3)
    with pytest.raises(Refusal, match="nothing to calibrate"):
        calibrate(Answers.from_matrix(x, weights=np.zeros(50)))
    with pytest.raises(BrokenContract, match="weights"):
        Answers.from_matrix(x, weights=-np.ones(50))
    with pytest.raises(BrokenContract, match="codes"):
        Answers(x, ("a", "b", "c"))


def test_as_many_items_share_a_byte_as_fit():
    assert lay_out(np.full(17, 2)).n_bytes == 3
    assert lay_out(np.full(10, 3)).n_bytes == 2
    assert lay_out(np.array([256, 2, 200])).n_bytes == 3


def test_it_works_without_the_compiler():
    """The kernels are plain Python when the JIT is off; a small test gives the same numbers."""
    code = """
import numpy as np
from tirek_engines.psychometrics import Answers, Options, calibrate
x = (np.random.default_rng(0).random((60, 4)) < [.3, .5, .6, .8]).astype(float)
x[0, 0] = np.nan
for model in ("rasch", "2pl"):
    c = calibrate(Answers.from_matrix(x), Options(model=model, nodes=15, se="none", max_iterations=20))
    print(c.fit.loglik.hex())
"""
    out = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "NUMBA_DISABLE_JIT": off, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for off in ("0", "1")
    ]
    for compiled, plain in zip(*out, strict=True):
        assert float.fromhex(plain) == pytest.approx(float.fromhex(compiled), rel=1e-12)


def test_answers_without_a_common_ability_give_a_warning_not_an_error():
    x = (np.random.default_rng(0).random((250, 10)) < 0.6).astype(float)
    found = calibrate(Answers.from_matrix(x))
    assert found.groups[0].variance < 0.03
    assert any("no common ability" in w for w in found.warnings)


@pytest.mark.parametrize("model", ["rasch", "2pl"])
def test_odd_tests_end_without_an_error(model):
    """A perfect Guttman scale, two persons, one item, two opposite items: nothing raises, convergence is told."""
    guttman = np.repeat(np.tril(np.ones((6, 5)), -1), 20, axis=0)
    for x in (
        guttman,
        np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]]),
        np.array([[0.0], [1.0]] * 9),
        np.eye(2)[[0, 1] * 9],
    ):
        found = calibrate(Answers.from_matrix(x), Options(model=model, max_iterations=300))
        assert np.isfinite(found.fit.loglik)
        assert isinstance(found.fit.converged, bool)


def test_tabulated_wle_equals_the_exact_one(monkeypatch):
    x, _, _ = simulated(1500, 12, seed=8)
    exact = calibrate(Answers.from_matrix(x), Options(model="2pl", se="none"))
    monkeypatch.setattr("tirek_engines.psychometrics.scoring.WLE_TABLE", 10**9)
    other = calibrate(Answers.from_matrix(x), Options(model="2pl", se="none"))
    np.testing.assert_allclose(exact.persons.wle, other.persons.wle, atol=1e-6)
    np.testing.assert_allclose(exact.persons.wle_se, other.persons.wle_se, rtol=1e-6)
