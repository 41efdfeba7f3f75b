"""Standard errors: the information in the answers, in four forms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tirek_engines.psychometrics.estimation.missing import quick_missing_information
from tirek_engines.psychometrics.estimation.personscores import cross_products, missing_information
from tirek_engines.psychometrics.likelihood.model import Likelihood, Parameters
from tirek_engines.psychometrics.likelihood.regression import LatentRegression
from tirek_engines.psychometrics.likelihood.response import item_gradient, steepest_slope
from tirek_engines.psychometrics.parameters import KIND_GRADED

Floats = NDArray[np.float64]

WIDTH = 5e-4


def _widths(likelihood: Likelihood, at: Parameters) -> Floats:
    """Half-width of the difference for each parameter; less where graded thresholds are close together."""
    shape = likelihood.shape
    gaps = np.full(at.intercepts.shape, np.inf)
    gaps[:, 1:] = np.where(shape.step_mask[:, 1:], at.intercepts[:, :-1] - at.intercepts[:, 1:], np.inf)
    gaps[:, :-1] = np.minimum(gaps[:, :-1], gaps[:, 1:])
    graded = (shape.kinds == KIND_GRADED)[:, None] & shape.free_steps
    widths = np.full(shape.places.n, WIDTH)
    widths[shape.places.intercepts[graded]] = np.minimum(WIDTH, 0.1 * gaps[graded])
    return widths


def oakes_information(likelihood: Likelihood, at: Parameters) -> Floats:
    """The observed information by Oakes' two terms where that is quick, otherwise by differences of the gradient."""
    missing = quick_missing_information(likelihood, at)
    if missing is None:
        return observed_information(likelihood, at)
    return complete_information(likelihood, at) - missing


def observed_information(likelihood: Likelihood, at: Parameters, *, scale: float = 1.0) -> Floats:
    """Minus the second derivatives of the log-posterior (Oakes 1999, J. R. Stat. Soc. B 61, eq. 1).

    The gradient is exact (Fisher's identity); its derivative is taken by central differences, whose error is
    of the order of their squared width (5e-4 times `scale`).
    """
    x = likelihood.shape.flatten(at)
    widths = scale * _widths(likelihood, at)
    information = np.empty((x.shape[0], x.shape[0]))
    for k in range(x.shape[0]):
        gradients = []
        for sign in (1.0, -1.0):
            moved = x.copy()
            moved[k] += sign * widths[k]
            gradients.append(likelihood.evaluate(likelihood.shape.restore(moved, at)).gradient)
        information[k] = (gradients[1] - gradients[0]) / (2.0 * widths[k])
    return np.asarray(0.5 * (information + information.T))


def complete_information(likelihood: Likelihood, at: Parameters) -> Floats:
    """Minus the second derivatives of the expected complete-data log-posterior, the expectation being held.

    Items do not touch each other there, so the same parameter of all items is moved at once.
    """
    shape, posterior = likelihood.shape, likelihood.evaluate(at).posterior
    x, widths, places = shape.flatten(at), _widths(likelihood, at), shape.places
    item_of = np.full(places.n, -1, dtype=np.int64)
    for columns in (places.slopes[:, None], places.intercepts, places.guessing[:, None]):
        rows, _ = np.nonzero(columns >= 0)
        item_of[columns[columns >= 0]] = rows
    moves = [m[m >= 0] for m in (places.slopes, *places.intercepts.T, places.guessing)]
    regression = likelihood.population if isinstance(likelihood.population, LatentRegression) else None
    population = (
        range(shape.n_item_parameters, places.n) if regression is None else places.sds[places.sds >= 0].tolist()
    )
    moves += [np.array([k]) for k in population]
    information = np.zeros((places.n, places.n))
    for move in moves:
        gradients = []
        for sign in (1.0, -1.0):
            moved = x.copy()
            moved[move] += sign * widths[move]
            p = shape.restore(moved, at)
            items = item_gradient(shape, p, posterior.counts, likelihood.theta, likelihood.guessing_prior)
            gradients.append(np.concatenate([items, likelihood.population.gradient(p, posterior)]))
        change = gradients[1] - gradients[0]
        for k in move.tolist():
            together = item_of == item_of[k]
            information[k, together] = change[together] / (2.0 * widths[k])
    if regression is not None:
        line = np.concatenate([places.means[places.means >= 0], places.coefficients])
        information[line] = information[:, line].T
        information[np.ix_(line, line)] = regression.line_information(at)
    return np.asarray(0.5 * (information + information.T))


def louis_information(likelihood: Likelihood, at: Parameters) -> Floats:
    """Complete information minus missing information (Louis 1982, J. R. Stat. Soc. B 44, eq. 3.1')."""
    missing = quick_missing_information(likelihood, at)
    if missing is None:
        missing = missing_information(likelihood, at)
    return complete_information(likelihood, at) - missing


def inner_places(likelihood: Likelihood, at: Parameters) -> NDArray[np.int64]:
    """Parameters that are not held at the edge of what is allowed (slopes at their bound)."""
    places = likelihood.shape.places
    steep = np.abs(at.slopes) >= steepest_slope(likelihood.theta) * (1.0 - 1e-9)
    held = places.slopes[steep & (places.slopes >= 0)]
    return np.setdiff1d(np.arange(places.n), held)


def covariance_of(information: Floats) -> Floats:
    """Its inverse; NaN throughout when the information is not positive definite."""
    try:
        factor = np.linalg.cholesky(information)
    except np.linalg.LinAlgError:
        return np.full_like(information, np.nan)
    inverse = np.linalg.inv(factor)
    return np.asarray(inverse.T @ inverse)


def covariance(likelihood: Likelihood, at: Parameters, kind: str) -> Floats | None:
    """Covariance of the estimates, by the kind of information asked for; None for ``none``.

    ``oakes`` and ``louis`` are two ways to one number, the inverse of the observed information (Louis 1982, J. R. Stat.
    Soc. B 44, eq. 3.1'). ``crossprod`` inverts the sum of w s s' over persons, s the derivative of a person's
    log-likelihood. ``sandwich`` puts the sum of w^2 s s' between two inverses of the observed information (Huber 1967):
    right also when the weights are no frequencies or the model is not quite true. A prior on guessing counts like data
    in all of them. A slope that is held at its bound has no error (NaN), and the others' are those given its value.
    """
    if kind == "none":
        return None
    inner = inner_places(likelihood, at)
    block = np.ix_(inner, inner)
    found = np.full((likelihood.shape.places.n,) * 2, np.nan)
    if kind == "crossprod":
        products = cross_products(likelihood, at, power=1) + _prior_information(likelihood)
        found[block] = covariance_of(products[block])
        return found
    information = louis_information if kind == "louis" else oakes_information
    bread = covariance_of(information(likelihood, at)[block])
    found[block] = bread
    if kind == "sandwich":
        products = cross_products(likelihood, at, power=2) + _prior_information(likelihood)
        found[block] = bread @ products[block] @ bread
    return found


def _prior_information(likelihood: Likelihood) -> Floats:
    """Minus the second derivative of the log prior on guessing."""
    shape = likelihood.shape
    information = np.zeros((shape.places.n, shape.places.n))
    places = shape.places.guessing[shape.free_guessing]
    information[places, places] = 1.0 / likelihood.guessing_prior.sd**2
    return information
