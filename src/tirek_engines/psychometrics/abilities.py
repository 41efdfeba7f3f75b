"""Score persons on items that were calibrated before: posterior mean, posterior mode, Warm's estimate, plausible values.

All models by one kernel: the answers of a person are packed in bytes, and the log-likelihood of a whole byte on the grid is
looked up. What is believed of a person before the answers is normal: the group's distribution, and with a latent regression
one of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tirek_engines.errors import BrokenContract
from tirek_engines.psychometrics import _ability_kernels as ability_kernels
from tirek_engines.psychometrics import _kernels as kernels
from tirek_engines.psychometrics.answers import NOT_ANSWERED, Answers
from tirek_engines.psychometrics.items import SCORE_FAMILY, Items
from tirek_engines.psychometrics.prepared import lay_out

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]

CHUNK = 65_536
FINEST = 0.1
"""Distance of nodes (logits) up to which a density that is log-linear between nodes is as good as exact."""
FLAGS = ("", "extreme", "bounded", "no-answers")


@dataclass(frozen=True)
class Believed:
    """theta_i ~ N(means[i], sds[i]^2) before the answers; both of shape (persons,), logits."""

    means: Floats
    sds: Floats

    def __post_init__(self) -> None:
        if self.means.shape != self.sds.shape or self.means.ndim != 1:
            raise BrokenContract("sds", self.sds.shape, self.means.shape)
        if not bool(np.all(np.isfinite(self.means)) and np.all(self.sds > 0)):
            raise BrokenContract("means, sds", "missing, infinite or not positive", "finite, sds above 0")


@dataclass(frozen=True)
class Abilities:
    """One estimate a person, logits.

    Attributes
    ----------
    theta, se : ndarray of float64, shape (persons,)
        NaN where there is none (Warm's estimate without answers).
    flag : ndarray of uint8, shape (persons,)
        Index into `FLAGS`: extreme = all answers lowest or all highest; bounded = cut at the bound.
    """

    theta: Floats
    se: Floats
    flag: Bytes


@dataclass(frozen=True)
class KnownTest:
    """Answers to known items.

    Parameters
    ----------
    items : Items
        Those of the columns, in their order.
    categories : ndarray of uint8, shape (persons, items)
        0, 1, …; 255 where there is no answer.
    """

    items: Items
    categories: Bytes

    @classmethod
    def of(cls, items: Items, answers: Answers) -> KnownTest:
        """Match the columns of `answers` with items by name; columns of other names are left out.

        Raises
        ------
        BrokenContract
            An answer that is none of its item's scores.
        """
        place = {name: j for j, name in enumerate(items.names)}
        columns = [c for c, name in enumerate(answers.items) if name in place]
        kept = items.take([place[answers.items[c]] for c in columns])
        categories = np.full((answers.n_persons, len(columns)), NOT_ANSWERED, np.uint8)
        for j, c in enumerate(columns):
            recode = np.full(256, NOT_ANSWERED, np.uint8)
            recode[list(kept.values[j])] = np.arange(len(kept.values[j]), dtype=np.uint8)
            categories[:, j] = recode[answers.codes[:, c]]
            if bool(np.any((categories[:, j] == NOT_ANSWERED) & (answers.codes[:, c] != NOT_ANSWERED))):
                raise BrokenContract(answers.items[c], "a score the item does not have", kept.values[j])
        return cls(kept, categories)

    @cached_property
    def layout(self) -> tuple[Ints, Ints, Ints, int]:
        """Byte, multiplier and states of each item; state 0 is no answer."""
        found = lay_out(self.items.n_steps + 2)
        return found.byte_of, found.step_of, found.states, found.n_bytes

    @cached_property
    def packed(self) -> Bytes:
        """The answers in mixed-radix bytes."""
        byte_of, step_of, _, n_bytes = self.layout
        n = len(self.items)
        recode = np.full((n, 256), NOT_ANSWERED, np.uint8)
        recode[:, : self.items.max_steps + 1] = np.arange(1, self.items.max_steps + 2, dtype=np.uint8)
        columns = np.arange(n, dtype=np.int64)
        return kernels.pack(np.ascontiguousarray(self.categories), columns, recode, byte_of, step_of, n_bytes)

    def tables(self, theta: Floats) -> Floats:
        """Log-likelihood of every value of every byte at the nodes, shape (bytes, 256, nodes)."""
        byte_of, step_of, states, n_bytes = self.layout
        log_p = np.log(np.maximum(self.items.probabilities(theta), 1e-300))
        tables = np.zeros((n_bytes, 256, theta.shape[0]))
        for j in range(len(self.items)):
            digit = np.arange(256) // step_of[j] % states[j]
            known = digit > 0
            tables[byte_of[j], known] += log_p[j, digit[known] - 1]
        return tables

    @cached_property
    def n_answered(self) -> Ints:
        """Items answered by each person."""
        return np.asarray((self.categories != NOT_ANSWERED).sum(axis=1), dtype=np.int64)

    @cached_property
    def scores(self) -> Ints:
        """Raw score of each person (categories numbered from 0)."""
        return np.asarray(np.where(self.categories == NOT_ANSWERED, 0, self.categories).sum(axis=1, dtype=np.int64))

    def flags(self, bounded: Bytes | None = None) -> Bytes:
        """See `Abilities.flag`."""
        full = ((self.categories != NOT_ANSWERED) * self.items.n_steps).sum(axis=1)
        flag = np.zeros(self.scores.shape[0], np.uint8)
        flag[(self.scores == 0) | (self.scores == full)] = 1
        if bounded is not None:
            flag[bounded == 1] = 2
        flag[self.n_answered == 0] = 3
        return flag


def posterior_means(test: KnownTest, believed: Believed, theta: Floats) -> Abilities:
    """EAP and posterior standard deviation on the nodes `theta` (Bock & Mislevy 1982, Appl. Psychol. Meas. 6, eq. 5-6)."""
    means, variances = ability_kernels.posterior_moments(
        test.packed, test.tables(theta), theta, believed.means, believed.sds
    )
    return Abilities(means, np.sqrt(variances), test.flags())


def posterior_modes(test: KnownTest, believed: Believed, *, bound: float = 10.0) -> Abilities:
    """MAP; the error is 1/sqrt(test information + 1/variance) there (Mislevy & Bock 1982)."""
    n = test.scores.shape[0]
    found = _solve(test, np.arange(n), believed.means, 1.0 / believed.sds**2, believed.means, warm=False, bound=bound)
    return Abilities(found[0], found[1], test.flags(found[2]))


def warm_scores(test: KnownTest, *, bound: float = 10.0) -> Abilities:
    """WLE (Warm 1989, Psychometrika 54, eq. 7-9); the error is 1/sqrt(test information) there; NaN without answers.

    Persons of equal answers - under Rasch, of equal items and raw score - are solved once.
    """
    first, number = _alike(test)
    theta = np.linspace(-5.0, 5.0, 41)
    zeros = np.zeros(first.shape[0])
    starts, _ = ability_kernels.posterior_moments(
        test.packed[first], test.tables(theta), theta, zeros, np.full(first.shape[0], 2.0)
    )
    estimate, error, bounded = _solve(test, first, zeros, zeros, starts, warm=True, bound=bound)
    estimate, error = estimate[number], error[number]
    nothing = test.n_answered == 0
    estimate[nothing], error[nothing] = np.nan, np.nan
    return Abilities(estimate, error, test.flags(bounded[number]))


def _alike(test: KnownTest) -> tuple[Ints, Ints]:
    """The first person of each kind of answers, and the kind of each person."""
    rasch = all(m in SCORE_FAMILY for m in test.items.models) and bool(np.all(test.items.slopes == 1.0))
    if rasch:
        masks = np.packbits(test.categories != NOT_ANSWERED, axis=1, bitorder="little")
        number, first = kernels.number_rows(masks, np.ascontiguousarray(test.scores))
    else:
        number, first = kernels.number_rows(test.packed, np.zeros(test.scores.shape[0], np.int64))
    return first, number


def _solve(
    test: KnownTest, persons: Ints, means: Floats, precisions: Floats, starts: Floats, *, warm: bool, bound: float
) -> tuple[Floats, Floats, Bytes]:
    kinds = np.array([{"3pl": 1, "graded": 2}.get(m, 0) for m in test.items.models], dtype=np.int64)
    return ability_kernels.solve_persons(
        np.ascontiguousarray(test.categories[persons]),
        kinds,
        test.items.slopes,
        np.ascontiguousarray(test.items.intercepts),
        test.items.n_steps,
        test.items.guessing,
        np.ascontiguousarray(starts),
        means,
        precisions,
        warm,
        bound,
    )


def fine_grid(believed: Believed, centre: float, half_range: float) -> Floats:
    """Nodes at most `FINEST` apart that hold every person's prior to six standard deviations."""
    low = min(centre - half_range, float((believed.means - 6.0 * believed.sds).min()))
    high = max(centre + half_range, float((believed.means + 6.0 * believed.sds).max()))
    return np.linspace(low, high, int(np.ceil((high - low) / FINEST - 1e-9)) + 1)


def plausible_values(test: KnownTest, believed: Believed, theta: Floats, *, m: int, seed: int) -> Floats:
    """`m` independent draws from every person's posterior (Mislevy 1991, Psychometrika 56, eq. 2), shape (m, persons).

    Draws come from the generator Philox, one stream for each 65,536 persons: the same seed and order of persons give the
    same bits whatever the number of threads. A person without answers is drawn from the prior.
    """
    if theta[1] - theta[0] > FINEST * 1.001:
        raise BrokenContract("theta", f"nodes {theta[1] - theta[0]:.3g} apart", f"at most {FINEST}")
    tables, n = test.tables(theta), test.scores.shape[0]
    out = np.empty((m, n))
    for chunk, start in enumerate(range(0, n, CHUNK)):
        rows = slice(start, min(start + CHUNK, n))
        uniforms = stream(seed, chunk).random((rows.stop - rows.start, m))
        ability_kernels.draw_values(
            test.packed[rows], tables, theta, believed.means[rows], believed.sds[rows], uniforms, out[:, rows]
        )
    return out


def stream(seed: int, number: int) -> np.random.Generator:
    """An independent stream of random numbers for each number."""
    return np.random.Generator(np.random.Philox(key=seed, counter=[0, 0, 0, number]))
