"""Several dimensions against brute force, and growth that is known."""

import numpy as np
import pytest

from tirek_engines.errors import Refusal
from tirek_engines.psychometrics import Answers, Options, calibrate
from tirek_engines.psychometrics.dimensions.growth import DimensionMap, calibrate_dimensions
from tirek_engines.psychometrics.dimensions.model import correlations, covariance_matrix

from . import twin

BOTH = ("T1", "T2")


def simulated(n=300, n_items=5, seed=1, growth=0.7, names=BOTH, steps=1):
    """The same items at every occasion; abilities correlate at 0.7."""
    rng = np.random.default_rng(seed)
    k = len(names)
    sds = np.array([1.0, 1.3, 1.1])[:k]
    covariance = np.outer(sds, sds) * np.where(np.eye(k, dtype=bool), 1.0, 0.7)
    theta = rng.multivariate_normal(growth * np.arange(k), covariance, n)
    blocks = []
    for d in range(k):
        x = np.zeros((n, n_items))
        for s in range(steps):
            b = np.linspace(-1, 1.5, n_items) + s
            x += rng.random((n, n_items)) < 1 / (1 + np.exp(-(theta[:, [d]] - b)))
        blocks.append(x)
    x = np.concatenate(blocks, axis=1)
    x[rng.random(x.shape) < 0.1] = np.nan
    items = [f"{name}I{j}" for name in names for j in range(n_items)]
    label = {item: item.split("I")[1] for item in items}
    return Answers.from_matrix(x, items), DimensionMap({i: i[:2] for i in items}, label, names)


def brute_loglik(found, p):
    """Person by person over the whole product grid."""
    likelihood, theta = found.likelihood, found.likelihood.theta
    n = len(found.names)
    points = np.stack([g.ravel() for g in np.meshgrid(*[theta] * n, indexing="ij")], axis=1)
    away = points - p.means
    weight = np.exp(-0.5 * np.einsum("qd,de,qe->q", away, np.linalg.inv(covariance_matrix(p)), away))
    weight /= weight.sum()
    place = likelihood.layout.of_class
    curves = [
        twin.probabilities(p.slopes[k], p.intercepts[k, : likelihood.shape.n_steps[k]], points[:, d])
        for k, d in zip(place, likelihood.layout.dimension, strict=True)
    ]
    return curves, weight


def total(found, answers, p):
    curves, weight = brute_loglik(found, p)
    value = 0.0
    for codes in answers.codes:
        joint = weight
        for curve, code in zip(curves, codes, strict=True):
            if code != 255:
                joint = joint * curve[code]
        value += np.log(joint.sum())
    return value


@pytest.mark.parametrize(
    ("model", "names", "steps"), [("rasch", BOTH, 1), ("gpcm", BOTH, 2), ("rasch", ("T1", "T2", "T3"), 1)]
)
def test_likelihood_and_gradient_are_those_written_out(model, names, steps):
    answers, mapping = simulated(n=120, names=names, steps=steps)
    nodes = 15 if len(names) == 2 else 9
    found = calibrate_dimensions(answers, Options(model=model, nodes=nodes, se="none"), mapping)
    shape, p = found.likelihood.shape, found.optimum.parameters
    assert found.optimum.converged
    assert found.optimum.evaluation.loglik == pytest.approx(total(found, answers, p), abs=1e-8)
    x = shape.flatten(p) + 0.05 * np.random.default_rng(0).standard_normal(shape.places.n)
    gradient = found.likelihood.evaluate(shape.restore(x, p)).gradient
    for k in range(0, x.shape[0], 3):
        moved = []
        for sign in (1, -1):
            y = x.copy()
            y[k] += sign * 1e-5
            moved.append(total(found, answers, shape.restore(y, p)))
        assert gradient[k] == pytest.approx((moved[0] - moved[1]) / 2e-5, abs=1e-4)


def test_known_growth_is_found_with_honest_errors():
    answers, mapping = simulated(n=3000, n_items=15, seed=3)
    found = calibrate_dimensions(answers, Options(model="rasch"), mapping)
    mean, spread = found.growth[BOTH]
    assert abs(mean.value - 0.7) < 3.5 * mean.se
    assert mean.se == pytest.approx(np.sqrt((1 + 1.69 - 2 * 0.91 + 0.6) / 3000), rel=0.25)
    assert spread.value == pytest.approx(np.sqrt(1 + 1.69 - 2 * 0.91), abs=3.5 * spread.se)
    assert abs(found.correlations[BOTH].value - 0.7) < 3.5 * found.correlations[BOTH].se
    assert found.items[0].b == found.items[15].b
    gain = found.eap[:, 1] - found.eap[:, 0]
    assert gain.mean() == pytest.approx(mean.value, abs=0.01)


def test_dimensions_that_share_no_item_have_means_of_zero():
    answers, mapping = simulated()
    apart = DimensionMap(mapping.dimension, {}, BOTH)
    found = calibrate_dimensions(answers, Options(model="2pl", se="none"), apart)
    assert [m.value for m in found.means] == [0.0, 0.0]
    assert [v.value for v in found.variances] == [1.0, 1.0]
    assert found.growth == {}


def test_one_dimension_of_the_two_alone_is_the_calibration_of_its_items():
    """Without correlation the dimensions do not inform each other."""
    answers, mapping = simulated(n=2000)
    shuffled = answers.codes.copy()
    shuffled[:, 5:] = shuffled[np.random.default_rng(1).permutation(2000), 5:]
    apart = DimensionMap(mapping.dimension, {}, BOTH)
    found = calibrate_dimensions(Answers(shuffled, answers.items), Options(model="rasch"), apart)
    alone = calibrate(Answers(np.ascontiguousarray(shuffled[:, :5]), answers.items[:5]), Options(model="rasch"))
    assert abs(found.correlations[BOTH].value) < 3.5 * found.correlations[BOTH].se
    for one, other in zip(found.items, alone.items, strict=False):
        assert one.b == pytest.approx(other.b, abs=0.02)


def test_items_of_other_scores_cannot_be_the_same():
    answers, mapping = simulated(steps=2)
    codes = answers.codes.copy()
    codes[codes[:, 0] == 2, 0] = 1
    with pytest.raises(Refusal, match="different scores"):
        calibrate_dimensions(Answers(codes, answers.items), Options(model="pcm"), mapping)


def test_every_z_is_a_correlation_matrix():
    for z in np.random.default_rng(2).normal(0, 2, (50, 3)):
        matrix = correlations(z, 3)
        assert np.diag(matrix) == pytest.approx(np.ones(3))
        assert np.linalg.eigvalsh(matrix).min() > 0
