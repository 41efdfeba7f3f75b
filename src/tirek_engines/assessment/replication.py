"""Replicate weights: how an estimate would vary, had other schools been drawn.

The sampling variance of any statistic t is sum_r c_r (t_r - t)^2, where t_r is t under the r-th replicate weights and the
factors c_r belong to the scheme (Wolter 2007, Introduction to Variance Estimation, ch. 3-4; Rust and Rao 1996).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tirek_engines.errors import BrokenContract, Refusal

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Scheme = Literal["jk1", "jk2", "brr", "fay"]

SCHEMES: tuple[str, ...] = ("jk1", "jk2", "brr", "fay")
MOST_CLUSTERS = 200
"""Clusters beyond this number are dealt in turn into as many groups, each left out together."""


@dataclass(frozen=True)
class Replication:
    """Replicate weights of a sample, made when they are asked for.

    Attributes
    ----------
    scheme : str
        ``jk1``, ``jk2``, ``brr`` or ``fay``.
    factors : ndarray of float64, shape (replicates,)
        c_r of each replicate.
    weights : callable
        ``weights(r, rows)`` gives the weights of some persons in replicates ``r`` (a slice): (replicates, persons).
    contrasts : float
        Degrees of freedom that one replicate stands for: 1, or 1/2 where both halves of a zone are used.
    lost : int
        Degrees of freedom lost to the mean of the replicates: 1 under JK1, otherwise 0.
    """

    scheme: str
    factors: Floats
    weights: Callable[[slice, Ints], Floats]
    contrasts: float = 1.0
    lost: int = 0

    @property
    def n_replicates(self) -> int:
        """Number of replicates."""
        return int(self.factors.shape[0])


def from_columns(columns: Floats, scheme: str, *, fay: float = 0.5, halves: int = 1) -> Replication:
    """Replicate weights that come with the data.

    Parameters
    ----------
    columns : ndarray of float64, shape (replicates, persons)
        Full replicate weights (not factors to multiply the weight with).
    scheme : {"jk1", "jk2", "brr", "fay"}
        c_r = (R-1)/R for JK1; 1 for JK2 with one replicate a zone, 1/2 with both; 1/R for BRR;
        1/(R (1-k)^2) for Fay's variant.
    fay : float
        k, by which Fay's variant damps the weights; 0.5 in PISA.
    halves : {1, 2}
        Replicates of each zone under JK2: TIMSS had one until 2011 and both since 2015.
    """
    n = int(columns.shape[0])
    if scheme not in SCHEMES:
        raise BrokenContract("scheme", scheme, " | ".join(SCHEMES))
    if not 0.0 <= fay < 1.0:
        raise Refusal(f"Fay's factor is from 0 to below 1, not {fay:g}.", code="bad_fay", fay=fay)
    if n < 2:
        raise Refusal("One replicate weight gives no error: name at least two.", code="too_few_replicates", n=n)
    factor = {"jk1": (n - 1) / n, "jk2": 1.0 / halves, "brr": 1.0 / n, "fay": 1.0 / (n * (1.0 - fay) ** 2)}[scheme]
    return Replication(
        scheme,
        np.full(n, factor),
        lambda r, rows: np.asarray(columns[r][:, rows]),
        contrasts=1.0 / halves if scheme == "jk2" else 1.0,
        lost=1 if scheme == "jk1" else 0,
    )


def by_zones(weights: Floats, zones: Ints, repeats: Ints, *, halves: int = 1) -> Replication:
    """JK2 of the IEA: in each zone one of two schools has its weight doubled, the other zeroed.

    Parameters
    ----------
    weights : ndarray of float64, shape (persons,)
        The full weights.
    zones : ndarray of int64, shape (persons,)
        Jackknife zone (JKCZONE), any numbers.
    repeats : ndarray of int64, shape (persons,)
        Half of the zone (JKCREP), 0 or 1; those with 1 are doubled in the first replicate.
    halves : {1, 2}
        1: one replicate a zone, c = 1 (TIMSS and PIRLS up to 2011; Foy, Arora and Stanco 2013, TIMSS 2011 User Guide).
        2: a second replicate with the other half doubled, c = 1/2 (since 2015).
    """
    if not bool(np.isin(repeats, (0, 1)).all()):
        raise Refusal("The half of a jackknife zone is 0 or 1.", code="bad_half")
    names = np.unique(zones)
    if names.size < 2:
        raise Refusal("One jackknife zone gives no error: at least two are needed.", code="too_few_zones")

    def made(r: slice, rows: Ints) -> Floats:
        chosen = np.arange(halves * names.size)[r]
        zone, doubled = names[chosen % names.size][:, None], np.where(chosen < names.size, 1, 0)[:, None]
        w, z, half = weights[rows][None, :], zones[rows][None, :], repeats[rows][None, :]
        return np.asarray(np.where(z == zone, 2.0 * w * (half == doubled), w))

    return Replication("jk2", np.full(halves * names.size, 1.0 / halves), made, contrasts=1.0 / halves)


def by_clusters(weights: Floats, clusters: Ints) -> Replication:
    """JK1: every cluster (school) left out once, the others weighted up; for a sample of clusters without strata.

    More than `MOST_CLUSTERS` clusters are dealt into that many groups, in the order of their numbers.
    """
    names, place = np.unique(clusters, return_inverse=True)
    n = min(int(names.size), MOST_CLUSTERS)
    if n < 2:
        raise Refusal("All persons are in one cluster, which gives no error.", code="too_few_clusters")
    group = place % n

    def made(r: slice, rows: Ints) -> Floats:
        out = np.arange(n)[r][:, None]
        return np.asarray(np.where(group[rows][None, :] == out, 0.0, weights[rows][None, :] * (n / (n - 1.0))))

    return Replication("jk1", np.full(n, (n - 1) / n), made, lost=1)


def by_persons(weights: Floats) -> Replication:
    """JK1 over persons dealt in turn into groups: for a simple random sample of persons, and for nothing else."""
    return by_clusters(weights, np.arange(weights.shape[0], dtype=np.int64))
