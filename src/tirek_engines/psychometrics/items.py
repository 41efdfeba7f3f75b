"""Calibrated items: what the response models say at a place on the scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from tirek_engines.errors import BrokenContract

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SCORE_FAMILY: tuple[str, ...] = ("rasch", "2pl", "pcm", "gpcm")
"""Models in which a person's answers enter only through sum_j a_j x_j."""
ITEM_MODELS: tuple[str, ...] = (*SCORE_FAMILY, "3pl", "graded")


@dataclass(frozen=True)
class Items:
    """The parameters of calibrated items, each with its own model.

    Parameters
    ----------
    names : tuple of str
        All different.
    models : tuple of str
        One of `ITEM_MODELS` for each item.
    slopes : ndarray of float64, shape (items,)
        a, per logit; 1 under Rasch and PCM.
    intercepts : ndarray of float64, shape (items, steps)
        d_1 … d_K, zero beyond an item's last step. Rasch, 2PL, PCM, GPCM: P(k) ~ exp(a k theta + d_k), d_0 = 0
        (Muraki 1992, Appl. Psychol. Meas. 16, eq. 4, cumulated). Graded: P(x >= k) = 1/(1 + exp(-(a theta + d_k)))
        (Samejima 1969). 3PL: P = c + (1 - c)/(1 + exp(-(a theta + d_1))) (Birnbaum 1968, eq. 17.2.2).
    guessing : ndarray of float64, shape (items,)
        c of a 3PL item; 0 elsewhere.
    n_steps : ndarray of int64, shape (items,)
        Highest category.
    values : tuple of tuple of int
        The original score of each category.
    dimensions : ndarray of int64, shape (items,)
        The dimension that each item measures; all 0 in a one-dimensional test.
    """

    names: tuple[str, ...]
    models: tuple[str, ...]
    slopes: Floats
    intercepts: Floats
    guessing: Floats
    n_steps: Ints
    values: tuple[tuple[int, ...], ...]
    dimensions: Ints

    def __post_init__(self) -> None:
        n = len(self.names)
        for name in ("models", "slopes", "guessing", "n_steps", "values", "dimensions"):
            if len(getattr(self, name)) != n:
                raise BrokenContract(name, len(getattr(self, name)), f"{n} items")
        if self.intercepts.ndim != 2 or self.intercepts.shape[0] != n:
            raise BrokenContract("intercepts", self.intercepts.shape, f"({n}, steps)")
        if len(set(self.names)) != n:
            raise BrokenContract("names", "a name twice", "different names")
        unknown = set(self.models) - set(ITEM_MODELS)
        if unknown:
            raise BrokenContract("models", sorted(unknown), " | ".join(ITEM_MODELS))

    def __len__(self) -> int:
        return len(self.names)

    @property
    def max_steps(self) -> int:
        """Most steps of any item."""
        return int(self.n_steps.max(initial=0))

    @property
    def difficulties(self) -> Floats:
        """b_k = where step k is: -(d_k - d_{k-1})/a in the score family, -d_k/a otherwise; NaN beyond the last step."""
        before = np.column_stack([np.zeros(len(self)), self.intercepts[:, :-1]])
        cumulated = np.array([m in SCORE_FAMILY for m in self.models])[:, None]
        steps = np.where(cumulated, self.intercepts - before, self.intercepts)
        beyond = np.arange(self.intercepts.shape[1])[None, :] >= self.n_steps[:, None]
        return np.where(beyond, np.nan, -steps / self.slopes[:, None])

    def take(self, places: Sequence[int] | Ints) -> Items:
        """Some of the items, in the order asked for."""
        chosen = np.asarray(places, dtype=np.int64)
        return Items(
            names=tuple(self.names[j] for j in chosen),
            models=tuple(self.models[j] for j in chosen),
            slopes=self.slopes[chosen],
            intercepts=self.intercepts[chosen],
            guessing=self.guessing[chosen],
            n_steps=self.n_steps[chosen],
            values=tuple(self.values[j] for j in chosen),
            dimensions=self.dimensions[chosen],
        )

    def probabilities(self, theta: Floats) -> Floats:
        """P(x_j = k | theta_q), shape (items, max_steps + 1, nodes); zero beyond an item's last category."""
        out = np.zeros((len(self), self.max_steps + 1, theta.shape[0]))
        for j, model in enumerate(self.models):
            steps = int(self.n_steps[j])
            out[j, : steps + 1] = _curves(model, self.slopes[j], self.intercepts[j, :steps], self.guessing[j], theta)
        return out

    def expected(self, theta: Floats) -> Floats:
        """Expected category, shape (items, nodes)."""
        return np.asarray(np.einsum("jkq,k->jq", self.probabilities(theta), np.arange(self.max_steps + 1.0)))

    def information(self, theta: Floats, *, width: float = 1e-4) -> Floats:
        """Fisher information sum_k P'_k^2 / P_k of each item, shape (items, nodes); P' by central differences."""
        p = self.probabilities(theta)
        slope = (self.probabilities(theta + width) - self.probabilities(theta - width)) / (2.0 * width)
        return np.asarray((slope**2 / np.where(p > 0.0, p, 1.0)).sum(axis=1))


def _curves(model: str, slope: float, intercepts: Floats, guessing: float, theta: Floats) -> Floats:
    """Category probabilities of one item, shape (categories, nodes)."""
    if model in SCORE_FAMILY:
        exponents = np.arange(len(intercepts) + 1.0)[:, None] * slope * theta[None, :]
        exponents[1:] += intercepts[:, None]
        powers = np.exp(exponents - exponents.max(axis=0))
        return np.asarray(powers / powers.sum(axis=0))
    above = expit(slope * theta[None, :] + intercepts[:, None])
    if model == "3pl":
        above = guessing + (1.0 - guessing) * above
    edges = np.concatenate([np.ones((1, theta.shape[0])), above, np.zeros((1, theta.shape[0]))])
    return np.asarray(edges[:-1] - edges[1:])
