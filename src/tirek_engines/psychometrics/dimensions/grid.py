"""Sums over a product grid: what each dimension's likelihood and a common prior say together of a person."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Together:
    """Posterior of some units under one prior on the product grid.

    Attributes
    ----------
    log_total : ndarray of float64, shape (units,)
        Log of the sum of prior times likelihood.
    marginals : list of ndarray of float64, shape (units, nodes)
        Posterior weight of each node of each dimension.
    means : ndarray of float64, shape (units, dimensions)
    seconds : ndarray of float64, shape (units, dimensions, dimensions)
        Second moments about 0.
    """

    log_total: Floats
    marginals: list[Floats]
    means: Floats
    seconds: Floats


def join(logs: list[Floats], prior: Floats, theta: Floats) -> Together:
    """Contract the logs of each dimension's likelihood, (units, nodes) each, with the prior, (nodes, nodes[, nodes])."""
    n = len(logs)
    tops = [log.max(axis=1, keepdims=True) for log in logs]
    f = [np.exp(log - top) for log, top in zip(logs, tops, strict=True)]
    total, marginals, crosses = (_two if n == 2 else _three)(f, prior, theta)
    posts = [m / total[:, None] for m in marginals]
    means = np.column_stack([post @ theta for post in posts])
    seconds = np.empty((total.shape[0], n, n))
    for d, post in enumerate(posts):
        seconds[:, d, d] = post @ theta**2
    for (d, e), cross in crosses.items():
        seconds[:, d, e] = seconds[:, e, d] = cross / total
    return Together(np.log(total) + sum(top[:, 0] for top in tops), posts, means, seconds)


def normal_weights(covariance: Floats, theta: Floats, mean: Floats | None = None) -> Floats:
    """exp(-(theta - mean)' Sigma^-1 (theta - mean) / 2) on the product grid, its top at 1."""
    n = covariance.shape[0]
    points = np.stack([g.ravel() for g in np.meshgrid(*[theta] * n, indexing="ij")], axis=1)
    away = points if mean is None else points - mean
    log_w = -0.5 * np.einsum("qd,de,qe->q", away, np.linalg.inv(covariance), away)
    return np.asarray(np.exp(log_w - log_w.max()).reshape([theta.shape[0]] * n))


Contracted = tuple[Floats, list[Floats], dict[tuple[int, int], Floats]]


def _two(f: list[Floats], prior: Floats, theta: Floats) -> Contracted:
    """Totals, unnormalised marginals and cross moments of two dimensions."""
    over_second, over_first = f[1] @ prior.T, f[0] @ prior
    marginals = [f[0] * over_second, f[1] * over_first]
    cross = ((f[0] * theta) * ((f[1] * theta) @ prior.T)).sum(axis=1)
    return marginals[0].sum(axis=1), marginals, {(0, 1): cross}


def _three(f: list[Floats], prior: Floats, theta: Floats) -> Contracted:
    """The same for three dimensions: the third is summed out of pairs."""
    pairs = np.einsum("ur,pqr->upq", f[2], prior)
    joint = f[0][:, :, None] * f[1][:, None, :] * pairs
    tilted = f[0][:, :, None] * f[1][:, None, :] * np.einsum("ur,pqr->upq", f[2] * theta, prior)
    third = f[2] * np.einsum("up,uq,pqr->ur", f[0], f[1], prior, optimize=True)
    marginals = [joint.sum(axis=2), joint.sum(axis=1), third]
    crosses = {
        (0, 1): np.einsum("upq,p,q->u", joint, theta, theta, optimize=True),
        (0, 2): np.einsum("upq,p->u", tilted, theta),
        (1, 2): np.einsum("upq,q->u", tilted, theta),
    }
    return joint.sum(axis=(1, 2)), marginals, crosses
