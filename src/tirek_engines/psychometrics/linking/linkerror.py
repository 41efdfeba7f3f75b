"""How far a link could be off: other anchors (or testlets) might have been chosen, and their parameters are estimates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tirek_engines.psychometrics.items import Items
from tirek_engines.psychometrics.linking.anchors import Anchors, locations, transform
from tirek_engines.psychometrics.linking.methods import Constants, LinkOptions, constants
from tirek_engines.psychometrics.scoring import Groups

Floats = NDArray[np.float64]

STEP = 1e-3
"""Width of the numerical derivatives (logits, log slope)."""
NODES, RANGE = 201, 10.0
"""Where the information in an answer is averaged over ability."""


@dataclass(frozen=True)
class LinkError:
    """Errors of a link.

    Attributes
    ----------
    error : float
        Linking error of a mean at `at` on the new scale, in logits of the base scale.
    method : {"drift", "jackknife"}
        ``drift``: sqrt(variance of the anchors' differences / number of anchors), for a fixed slope and no testlets.
    slope_se, intercept_se, covariance : float
        By the jackknife over anchors or testlets.
    jackknife : float
        Error of a mean at `at` from that covariance.
    sampling : float
        The same from the standard errors of the items; NaN where these are not known.
    at : float
        Place on the new scale.
    n_units : int
        Anchors or testlets left out in turn.
    trend : float
        What `error` adds to errors that come from plausible values; NaN where the answers are not known.
    held, excess : float
        Two variances (squared logits of the base): what chance in the answers puts into the anchors' differences, and how
        much of that a whole test's plausible values do not hold; NaN where the answers are not known.
    """

    error: float
    method: Literal["drift", "jackknife"]
    slope_se: float
    intercept_se: float
    covariance: float
    jackknife: float
    sampling: float
    at: float
    n_units: int
    trend: float = float("nan")
    held: float = float("nan")
    excess: float = float("nan")

    def of_mean(self, place: float) -> float:
        """Jackknife error of a mean at a place on the new scale."""
        variance = self.slope_se**2 * place**2 + 2.0 * place * self.covariance + self.intercept_se**2
        return float(np.sqrt(max(variance, 0.0)))


@dataclass(frozen=True)
class ItemErrors:
    """Standard errors of locations and slopes, each of shape (anchors,); NaN where fixed."""

    location: Floats
    slope: Floats


@dataclass(frozen=True)
class AnswerNoise:
    """How far chance in the answers alone moves an item's location, abilities being known.

    Attributes
    ----------
    anchors : float
        Mean variance of the anchors' locations (squared logits of the base scale).
    n_items : int
        Items of the whole test.
    """

    anchors: float
    n_items: int


def answer_noise(items: Items, n: Floats, groups: Groups, shares: Floats, n_items: int) -> AnswerNoise:
    """Mean of 1 / (n_j E[I_j(theta)]) over the anchors, the expectation taken over the persons of all groups.

    Parameters
    ----------
    items : Items
        The anchors as one test has them.
    n : ndarray of float64, shape (items,)
        Answers to each; with weights their effective number, (sum w)^2 / sum w^2.
    groups : Groups
        Distribution of ability in each group.
    shares : ndarray of float64, shape (groups,)
        Share of each group.
    n_items : int
        Items of the whole test.
    """
    theta = np.linspace(-RANGE, RANGE, NODES)
    sds = np.sqrt(groups.variances)
    density = shares @ (np.exp(-0.5 * ((theta - groups.means[:, None]) / sds[:, None]) ** 2) / sds[:, None])
    information = items.information(theta) @ (density / density.sum())
    return AnswerNoise(float(np.mean(1.0 / (np.maximum(n, 1.0) * information))), n_items)


def link_error(
    anchors: Anchors,
    found: Constants,
    options: LinkOptions,
    *,
    at: float = 0.0,
    errors: tuple[ItemErrors, ItemErrors] | None = None,
    noise: tuple[AnswerNoise, AnswerNoise] | None = None,
) -> LinkError:
    """All errors of a link.

    Parameters
    ----------
    anchors : Anchors
        Those that were used.
    found : Constants
        What they gave.
    options : LinkOptions
        How.
    at : float
        Mean of the new test's persons on the new scale.
    errors : pair of ItemErrors, optional
        Of the base's and of the new test's anchors.
    noise : pair of AnswerNoise, optional
        Of the same, for the part that a trend adds.

    Notes
    -----
    Jackknife: (U-1)/U times the sum of squares about the full estimate, each testlet left out once (Monseur and Berezner
    2007, J. Appl. Meas. 8, 323-335). Drift: OECD (2014), PISA 2012 Technical Report, ch. 12.
    """
    units = list(dict.fromkeys(anchors.units))
    cov = _jackknife(anchors, found, options, units)
    jackknife = float(np.sqrt(max(cov[0, 0] * at**2 + 2.0 * at * cov[0, 1] + cov[1, 1], 0.0)))
    fixed = options.slope == "fixed" or (options.slope == "auto" and anchors.fixed_slopes)
    plain = fixed and len(units) == len(anchors)
    drift = differences(anchors, found)
    by_drift = float(np.sqrt(drift.var(ddof=1) / drift.size)) if drift.size > 1 else float("nan")
    error = by_drift if plain else jackknife
    held, excess = (float("nan"),) * 2 if noise is None else _chance(len(anchors), found.slope, noise)
    return LinkError(
        error=error,
        method="drift" if plain else "jackknife",
        slope_se=float(np.sqrt(cov[0, 0])),
        intercept_se=float(np.sqrt(cov[1, 1])),
        covariance=float(cov[0, 1]),
        jackknife=jackknife,
        sampling=float("nan") if errors is None else _sampling(anchors, options, at, errors),
        at=at,
        n_units=len(units),
        trend=error_of_trend(error, held, excess),
        held=held,
        excess=excess,
    )


def error_of_trend(error: float, held: float, excess: float) -> float:
    """What a linking error adds to errors that come from plausible values, given `LinkError.held` and `LinkError.excess`.

    The anchors' differences hold drift and chance in the answers. Plausible values hold the same chance once, as far as all
    items of the test leave the mean open. So what is left is the drift alone (not below 0) and the excess of the anchors over
    the whole test. It is the same for the mean of all and for that of a group: what a group's plausible values hold beyond it
    is its own pupils' chance, which the anchors do not hold.
    """
    return float(np.sqrt(max(error**2 - held, 0.0) + excess))


def _chance(n_anchors: int, slope: float, noise: tuple[AnswerNoise, AnswerNoise]) -> tuple[float, float]:
    """`LinkError.held` and `LinkError.excess`: v / n_anchors of both tests, and v (1/n_anchors - 1/n_items), not below 0."""
    by_test = (noise[0].anchors, slope**2 * noise[1].anchors)
    excess = sum(v * (1.0 / n_anchors - 1.0 / of.n_items) for v, of in zip(by_test, noise, strict=True))
    return sum(by_test) / n_anchors, max(excess, 0.0)


def differences(anchors: Anchors, found: Constants) -> Floats:
    """Location of each anchor in the new test, put on the base scale, minus its location there (logits)."""
    return np.asarray(found.slope * locations(anchors.new) + found.intercept - locations(anchors.base))


def _jackknife(anchors: Anchors, found: Constants, options: LinkOptions, units: list[str]) -> Floats:
    count = len(units)
    if count < 2:
        return np.full((2, 2), np.nan)
    moves = np.zeros((count, 2))
    for row, unit in enumerate(units):
        left = [i for i, u in enumerate(anchors.units) if u != unit]
        without = constants(anchors.take(left), options)
        moves[row] = without.slope - found.slope, without.intercept - found.intercept
    return np.asarray((count - 1) / count * moves.T @ moves)


def _sampling(anchors: Anchors, options: LinkOptions, at: float, errors: tuple[ItemErrors, ItemErrors]) -> float:
    """Delta method over locations and slopes of all anchors, errors of different items taken as independent."""
    variance = 0.0
    for side, of in zip(("base", "new"), errors, strict=True):
        for j in range(len(anchors)):
            for kind, se in (("location", of.location[j]), ("slope", of.slope[j])):
                if np.isfinite(se):
                    relative = se if kind == "location" else se / getattr(anchors, side).slopes[j]
                    variance += (_derivative(anchors, options, at, side, j, kind) * relative) ** 2
    return float(np.sqrt(variance))


def _derivative(anchors: Anchors, options: LinkOptions, at: float, side: str, item: int, kind: str) -> float:
    """Change of the linked mean per logit of a location, or per unit of a log slope."""
    ends = []
    for h in (STEP, -STEP):
        items = _moved(getattr(anchors, side), item, kind, h)
        moved = replace(anchors, base=items) if side == "base" else replace(anchors, new=items)
        c = constants(moved, options)
        ends.append(c.slope * at + c.intercept)
    return (ends[0] - ends[1]) / (2.0 * STEP)


def _moved(items: Items, item: int, kind: str, h: float) -> Items:
    if kind == "location":
        other = transform(items, 1.0, h)
        slopes, intercepts = items.slopes.copy(), items.intercepts.copy()
        intercepts[item] = other.intercepts[item]
    else:
        slopes, intercepts = items.slopes.copy(), items.intercepts.copy()
        slopes[item] *= np.exp(h)
        intercepts[item] *= np.exp(h)
    return replace(items, slopes=slopes, intercepts=intercepts)
