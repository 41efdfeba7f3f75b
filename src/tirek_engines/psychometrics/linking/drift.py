"""Drift: anchors that have become harder, easier or of another shape, and would tilt the link.

An anchor's difference is judged against the other anchors (robust z: Huynh and Meyer 2010), by its size in logits, against
the errors of its own parameters, and by the distance of its two curves where persons are (RMSD: OECD 2017, PISA 2015
Technical Report, ch. 9).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tirek_engines.psychometrics.linking.anchors import FEWEST_ANCHORS, Anchors, transform
from tirek_engines.psychometrics.linking.linkerror import ItemErrors, differences
from tirek_engines.psychometrics.linking.methods import Constants, LinkOptions, constants

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

QUARTILES_TO_SD = 0.7413
"""Standard deviation of a normal distribution over its interquartile range."""
MODERATE, LARGE = 0.426, 0.638
"""1 and 1.5 of ETS's delta, over 2.35: bounds of the classes A, B, C (Dorans and Holland 1993), in logits."""


@dataclass(frozen=True)
class DriftRules:
    """When an anchor counts as drifting.

    Parameters
    ----------
    robust_z : float
        Its difference is this many robust standard deviations from the median of all, and
    logits : float
        at least so large, and
    z : float
        where standard errors are known, so many standard errors from zero;
    rmsd : float
        or its curves lie this far apart (share of the full score, root mean square over the distribution).
    """

    robust_z: float = 2.7
    logits: float = 0.3
    z: float = 2.0
    rmsd: float = 0.12


@dataclass(frozen=True)
class Drift:
    """One entry an anchor, in their order.

    Attributes
    ----------
    difference : ndarray of float64
        New minus base on the base scale (logits): above zero, the item has become harder.
    se, z : ndarray of float64
        Error of the difference from those of the two locations (the link taken as known), and their ratio; NaN without.
    robust_z : ndarray of float64
        (difference - median) / (0.7413 interquartile range), both of the anchors in use.
    log_slope : ndarray of float64
        log of new slope (linked) over base slope.
    rmsd, area : ndarray of float64
        Root mean square and mean of new minus base expected score, over the full score of the item.
    size : tuple of str
        ETS class of |difference|: A negligible, B moderate, C large.
    flagged : ndarray of bool
    """

    difference: Floats
    se: Floats
    z: Floats
    robust_z: Floats
    log_slope: Floats
    rmsd: Floats
    area: Floats
    size: tuple[str, ...]
    flagged: Bools


def measure_drift(
    anchors: Anchors,
    found: Constants,
    options: LinkOptions,
    rules: DriftRules,
    *,
    in_use: Bools | None = None,
    errors: tuple[ItemErrors, ItemErrors] | None = None,
) -> Drift:
    """Compare every anchor's parameters on the two sides of the link.

    Parameters
    ----------
    anchors : Anchors
        All of them, those no longer in use as well.
    found : Constants
        The link.
    options : LinkOptions
        Its places and weights are those of the distance of curves.
    rules : DriftRules
        When to flag.
    in_use : ndarray of bool, shape (anchors,), optional
        Anchors that the link was made with; they set median and quartiles.
    errors : pair of ItemErrors, optional
        Of the base's and of the new test's anchors.
    """
    d = differences(anchors, found)
    used = np.ones(d.size, dtype=bool) if in_use is None else in_use
    se = np.full(d.size, np.nan)
    if errors is not None:
        se = np.sqrt(errors[0].location ** 2 + (found.slope * errors[1].location) ** 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        z = d / se
    robust = _robust_z(d, used)
    linked = transform(anchors.new, found.slope, found.intercept)
    gap = (linked.expected(options.theta) - anchors.base.expected(options.theta)) / anchors.base.n_steps[:, None]
    rmsd, area = np.sqrt(gap**2 @ options.weights), gap @ options.weights
    certain = ~np.isfinite(z) | (np.abs(z) > rules.z)
    flagged = (np.abs(robust) > rules.robust_z) & (np.abs(d) >= rules.logits) & certain
    return Drift(
        difference=d,
        se=se,
        z=z,
        robust_z=robust,
        log_slope=np.log(linked.slopes / anchors.base.slopes),
        rmsd=rmsd,
        area=area,
        size=tuple("A" if abs(x) < MODERATE else "B" if abs(x) < LARGE else "C" for x in d.tolist()),
        flagged=flagged | (rmsd > rules.rmsd),
    )


def _robust_z(d: Floats, used: Bools) -> Floats:
    low, middle, high = np.percentile(d[used], [25.0, 50.0, 75.0])
    spread = QUARTILES_TO_SD * (high - low)
    away = d - middle
    if spread < 1e-12:
        return np.where(np.abs(away) < 1e-9, 0.0, np.copysign(np.inf, away))
    return np.asarray(away / spread)


@dataclass(frozen=True)
class Purified:
    """A link after drifting anchors were taken out one by one, the worst first.

    `removed_in` is the round in which an anchor went, 0 for those still in use.
    """

    constants: Constants
    drift: Drift
    removed_in: NDArray[np.int64]

    @property
    def in_use(self) -> Bools:
        """Anchors that the link was made with."""
        return np.asarray(self.removed_in == 0)


def purify(
    anchors: Anchors,
    options: LinkOptions,
    rules: DriftRules,
    *,
    errors: tuple[ItemErrors, ItemErrors] | None = None,
    remove: bool = True,
) -> Purified:
    """Link, test for drift, take the worst drifting anchor out, link again, until none drifts.

    At least half of the anchors, and `FEWEST_ANCHORS`, stay. With ``remove=False`` this is one round: link and test.
    """
    removed = np.zeros(len(anchors), dtype=np.int64)
    fewest = max(FEWEST_ANCHORS, (len(anchors) + 1) // 2)
    rounds = 0
    while True:
        used = removed == 0
        found = constants(anchors.take(np.flatnonzero(used)), options)
        drift = measure_drift(anchors, found, options, rules, in_use=used, errors=errors)
        candidates = np.flatnonzero(used & drift.flagged)
        if not remove or candidates.size == 0 or int(used.sum()) <= fewest:
            return Purified(found, drift, removed)
        rounds += 1
        severity = np.maximum(np.abs(drift.robust_z) / rules.robust_z, drift.rmsd / rules.rmsd)
        removed[candidates[np.argmax(severity[candidates])]] = rounds
