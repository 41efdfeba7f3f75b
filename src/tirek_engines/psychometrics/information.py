"""Standard errors: the information in the answers, in four forms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tirek_engines.psychometrics.model import Likelihood, Parameters
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


def covariance_of(information: Floats) -> Floats:
    """Its inverse; NaN throughout when the information is not positive definite."""
    try:
        factor = np.linalg.cholesky(information)
    except np.linalg.LinAlgError:
        return np.full_like(information, np.nan)
    inverse = np.linalg.inv(factor)
    return np.asarray(inverse.T @ inverse)


def covariance(likelihood: Likelihood, at: Parameters, kind: str) -> Floats | None:
    """Covariance of the estimates, by the kind of information asked for; None for ``none``."""
    if kind == "none":
        return None
    return covariance_of(observed_information(likelihood, at))
