"""The grid of integration, a point of the parameter space, and which of its parameters are free."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tirek_engines.errors import BrokenContract
from tirek_engines.psychometrics.items import ITEM_MODELS, SCORE_FAMILY

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

KIND_SCORE, KIND_3PL, KIND_GRADED = 0, 1, 2
"""How the kernels know an item's model."""
FIXED_SLOPE = ("rasch", "pcm")
SMALLEST_LOG_SD, LARGEST_LOG_SD = -8.0, 4.0


def none() -> Floats:
    """No numbers."""
    return np.zeros(0)


@dataclass(frozen=True)
class Grid:
    """Equally spaced quadrature nodes from centre - half_range to centre + half_range (logits).

    The centre is 0 but under a latent regression, where it is the mean of what the covariates predict.
    """

    n_nodes: int = 41
    half_range: float = 6.0
    centre: float = 0.0

    @property
    def theta(self) -> Floats:
        """The nodes, shape (n_nodes,)."""
        return self.centre + np.linspace(-self.half_range, self.half_range, self.n_nodes)


@dataclass(frozen=True)
class Parameters:
    """A point of the parameter space; the response functions are those of `items.Items`.

    Attributes
    ----------
    slopes : ndarray, shape (items,)
    intercepts : ndarray, shape (items, steps)
    means, sds : ndarray, shape (groups,)
        theta ~ N(mean_g, sd_g^2); with a latent regression N(mean_g + x'coefficients, sd_g^2).
    guessing : ndarray, shape (items,)
        logit c of 3PL items; not read elsewhere. Empty where no item guesses.
    coefficients : ndarray, shape (covariates,)
        Latent regression; empty without.
    """

    slopes: Floats
    intercepts: Floats
    means: Floats
    sds: Floats
    guessing: Floats = field(default_factory=none)
    coefficients: Floats = field(default_factory=none)


@dataclass(frozen=True)
class Places:
    """Where each parameter stands in the vector of free parameters; -1 where it is not free."""

    slopes: Ints
    intercepts: Ints
    guessing: Ints
    means: Ints
    sds: Ints
    coefficients: Ints
    n: int


@dataclass(frozen=True)
class Shape:
    """Which parameters are free, and their order in a vector.

    Order: slopes, intercepts, guessing (logit c), means, log standard deviations, coefficients.
    Without fixed items, group 0 has mean 0, and its standard deviation is free only when some slope is fixed at 1
    (rasch, pcm). Fixed items give the scale its origin and unit: all means and standard deviations are then free.

    Parameters
    ----------
    models : tuple of str
        Model of each item, one of `ITEM_MODELS`.
    n_steps : ndarray of int64, shape (items,)
    n_groups : int
    fixed : ndarray of bool, shape (items,), optional
        Items whose parameters are known.
    n_coefficients : int
        Covariates of a latent regression.
    """

    models: tuple[str, ...]
    n_steps: Ints
    n_groups: int = 1
    fixed: Bools = field(default_factory=lambda: np.zeros(0, dtype=bool))
    n_coefficients: int = 0

    def __post_init__(self) -> None:
        unknown = set(self.models) - set(ITEM_MODELS)
        if unknown:
            raise BrokenContract("models", sorted(unknown), " | ".join(ITEM_MODELS))
        if not self.fixed.size:
            object.__setattr__(self, "fixed", np.zeros(len(self.models), dtype=bool))

    @property
    def n_items(self) -> int:
        """Number of items."""
        return len(self.models)

    @cached_property
    def max_steps(self) -> int:
        """Most steps of any item."""
        return int(self.n_steps.max())

    @cached_property
    def kinds(self) -> Ints:
        """`KIND_SCORE`, `KIND_3PL` or `KIND_GRADED` of each item."""
        known = {"3pl": KIND_3PL, "graded": KIND_GRADED}
        return np.array([known.get(m, KIND_SCORE) for m in self.models], dtype=np.int64)

    @cached_property
    def in_score_family(self) -> bool:
        """Whether answers enter only through weighted scores."""
        return all(m in SCORE_FAMILY for m in self.models)

    @cached_property
    def step_mask(self) -> Bools:
        """True where an item has that step, shape (items, steps)."""
        return np.asarray(np.arange(self.max_steps) < self.n_steps[:, None])

    @cached_property
    def free_slopes(self) -> Bools:
        """Items whose slope is estimated."""
        return np.asarray(np.array([m not in FIXED_SLOPE for m in self.models]) & ~self.fixed, dtype=bool)

    @cached_property
    def free_steps(self) -> Bools:
        """Intercepts that are estimated, shape (items, steps)."""
        return np.asarray(self.step_mask & ~self.fixed[:, None], dtype=bool)

    @cached_property
    def free_guessing(self) -> Bools:
        """Items whose guessing is estimated."""
        return np.asarray((self.kinds == KIND_3PL) & ~self.fixed, dtype=bool)

    @cached_property
    def free_means(self) -> Bools:
        """Groups whose mean is estimated."""
        free = np.arange(self.n_groups) > 0
        return np.asarray(free | self.fixed.any(), dtype=bool)

    @cached_property
    def free_sds(self) -> Bools:
        """Groups whose standard deviation is estimated."""
        free = np.ones(self.n_groups, dtype=bool)
        free[0] = not bool(self.free_slopes.all())
        return free

    @cached_property
    def places(self) -> Places:
        """Where each parameter stands in the vector."""
        masks = (self.free_slopes, self.free_steps, self.free_guessing, self.free_means, self.free_sds)
        found: list[Ints] = []
        start = 0
        for mask in (*masks, np.ones(self.n_coefficients, dtype=bool)):
            place = np.full(mask.shape, -1, dtype=np.int64)
            place[mask] = start + np.arange(int(mask.sum()))
            start += int(mask.sum())
            found.append(place)
        slopes, intercepts, guessing, means, sds, coefficients = found
        return Places(slopes, intercepts, guessing, means, sds, coefficients, start)

    @cached_property
    def n_item_parameters(self) -> int:
        """Free parameters of items: the first part of the vector."""
        return int(self.free_slopes.sum() + self.free_steps.sum() + self.free_guessing.sum())

    def flatten(self, p: Parameters) -> Floats:
        """The free parameters as one vector."""
        guessing = p.guessing[self.free_guessing] if self.free_guessing.any() else none()
        items = (p.slopes[self.free_slopes], p.intercepts[self.free_steps], guessing)
        return np.concatenate([*items, p.means[self.free_means], np.log(p.sds[self.free_sds]), p.coefficients])

    def restore(self, vector: Floats, like: Parameters) -> Parameters:
        """The reverse of `flatten`; what is not free is taken from `like`."""
        masks = (self.free_slopes, self.free_steps, self.free_guessing, self.free_means, self.free_sds)
        old = (like.slopes, like.intercepts, like.guessing, like.means, like.sds)
        new, start = [], 0
        for number, (mask, values, size) in enumerate(zip(masks, old, self._sizes, strict=True)):
            if size:
                part = vector[start : start + size]
                values = values.copy()
                values[mask] = part if number < 4 else np.exp(np.clip(part, SMALLEST_LOG_SD, LARGEST_LOG_SD))
            new.append(values)
            start += size
        slopes, intercepts, guessing, means, sds = new
        return Parameters(slopes, intercepts, means, sds, guessing, vector[start:].copy())

    @cached_property
    def _sizes(self) -> tuple[int, ...]:
        masks = (self.free_slopes, self.free_steps, self.free_guessing, self.free_means, self.free_sds)
        return tuple(int(mask.sum()) for mask in masks)
