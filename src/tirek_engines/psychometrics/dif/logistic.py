"""Differential functioning by (ordinal) logistic regression on the raw score and the group."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from tirek_engines.psychometrics.data.answers import Answers
from tirek_engines.psychometrics.dif.common import LEVEL, Crossed, DifTable, cross, match_groups, purified, scores_on

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MODERATE, LARGE = 0.035, 0.070
"""Gains of Nagelkerke's R^2 from which an item is of class B and C (Jodoin & Gierl 2001)."""
ROUNDS = 60
SMALLEST_BOOKLET = 30


@dataclass(frozen=True)
class Fit:
    """A fitted regression: coefficients (thresholds first), their covariance, log-likelihood, whether it converged."""

    coefficients: Floats
    covariance: Floats
    loglik: float
    converged: bool


def logistic_regression(answers: Answers, focal: int, reference: int, *, purify: bool = False) -> DifTable:
    """Compare two groups item by item by three nested regressions.

    logit P(x >= k) = alpha_k + beta score [+ gamma focal [+ delta score focal]] (Swaminathan & Rogers 1990, J. Educ.
    Meas. 27, eq. 3; for several categories with proportional odds, Zumbo 1999).

    Parameters
    ----------
    answers, focal, reference, purify
        As for `difmh.mantel_haenszel`. Where persons answered different items, the score is the share of points,
        standardised among those with the same items; sets of items with fewer than 30 persons are left out.

    Returns
    -------
    DifTable
        `effect` is gamma of the second regression (logits; above 0: easier for the focal group), `x2` tests both
        additions (2 degrees of freedom), `p` its level. Classes by the gain of Nagelkerke's R^2 (Jodoin & Gierl 2001,
        Appl. Meas. Educ. 14): B from 0.035, C from 0.070, if p is below 0.05. `more`: r2_gain, r2_gain_uniform,
        p_uniform, p_nonuniform, slope_difference (delta, per standard deviation of the score), se_slope_difference.
    """
    matched = match_groups(answers, focal, reference)
    n_items = len(matched.table.names)
    steps = matched.table.n_steps

    def compute(anchors: Bools) -> tuple[DifTable, Bools]:
        rows = []
        for j in range(n_items):
            used = anchors.copy()
            used[j] = True
            rows.append(_of_item(cross(matched, j, anchors), _places(matched.codes, matched.booklet, used, steps)))
        found = _table(matched.table.names, rows, answers.group_names[focal], answers.group_names[reference])
        return found, np.array([c in ("B", "C") for c in found.classes])

    found, aside, rounds = purified(n_items, compute, purify=purify)
    return replace(found, set_aside=aside, rounds=rounds)


Scale = dict[int, tuple[float, float]]


def _places(codes: NDArray[np.uint8], booklet: NDArray[np.int64], used: Bools, steps: NDArray[np.int64]) -> Scale:
    """Mean and standard deviation of the raw score among the persons of each set of items."""
    score = scores_on(codes, used).astype(np.float64)
    n = np.bincount(booklet).astype(np.float64)
    mean = np.bincount(booklet, score) / n
    spread = np.sqrt(np.maximum(np.bincount(booklet, score**2) / n - mean**2, 0.0))
    single = n.size == 1
    usable = (spread > 0) & ((n >= SMALLEST_BOOKLET) | single)
    return {int(b): (float(mean[b]), float(spread[b])) for b in np.flatnonzero(usable)}


def _of_item(crossed: Crossed, places: Scale) -> dict[str, float]:
    kept = np.array([b in places for b in crossed.booklet.tolist()], dtype=bool)
    lost = float(crossed.sizes[~kept].sum())
    empty = {"n_reference": float(crossed.persons[0]), "n_focal": float(crossed.persons[1]), "n_lost": lost}
    if not kept.any():
        return empty
    counts = crossed.counts[kept]
    origin = np.array([places[b] for b in crossed.booklet[kept].tolist()])
    score = (crossed.score[kept] - origin[:, 0]) / origin[:, 1]
    cells = counts.reshape(-1, counts.shape[2])
    x, g = np.repeat(score, 2), np.tile([0.0, 1.0], score.size)
    filled, used = cells.sum(axis=1) > 0, cells.sum(axis=0) > 0
    cells, x, g = cells[filled][:, used], x[filled], g[filled]
    if cells.shape[1] < 2 or len(np.unique(g)) < 2:
        return empty
    fits = [ordinal_logit(cells, columns) for columns in _designs(x, g)]
    if not all(f.converged for f in fits):
        return empty
    return empty | _summary(cells, fits)


def _designs(x: Floats, g: Floats) -> list[Floats]:
    return [np.column_stack(c) for c in ((x,), (x, g), (x, g, x * g))]


def _summary(cells: Floats, fits: list[Fit]) -> dict[str, float]:
    one, two, three = fits
    n = float(cells.sum())
    shares = cells.sum(axis=0) / n
    null = float(n * (shares * np.log(shares)).sum())
    r2 = [nagelkerke(f.loglik, null, n) for f in fits]
    return {
        "effect": float(two.coefficients[-1]),
        "se": float(np.sqrt(two.covariance[-1, -1])),
        "x2": max(0.0, 2.0 * (three.loglik - one.loglik)),
        "x2_uniform": max(0.0, 2.0 * (two.loglik - one.loglik)),
        "x2_nonuniform": max(0.0, 2.0 * (three.loglik - two.loglik)),
        "r2_gain": r2[2] - r2[0],
        "r2_gain_uniform": r2[1] - r2[0],
        "slope_difference": float(three.coefficients[-1]),
        "se_slope_difference": float(np.sqrt(three.covariance[-1, -1])),
    }


def nagelkerke(loglik: float, null: float, n: float) -> float:
    """Nagelkerke's R^2 (1991, Biometrika 78, eq. 3)."""
    return float(-np.expm1(2.0 * (null - loglik) / n) / -np.expm1(2.0 * null / n))


def ordinal_logit(counts: Floats, columns: Floats) -> Fit:
    """Proportional-odds regression of grouped answers by Fisher scoring (McCullagh 1980, J. R. Stat. Soc. B 42).

    Parameters
    ----------
    counts : ndarray of float64, shape (rows, categories)
        Weighted answers; no category may be empty over all rows.
    columns : ndarray of float64, shape (rows, covariates)
        Covariates of each row.

    Returns
    -------
    Fit
        Thresholds alpha_1 … alpha_K (falling), then the coefficients. Not converged where a group is perfectly told
        apart.
    """
    n_cuts = counts.shape[1] - 1
    above = counts[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:].sum(axis=0) / counts.sum()
    at = np.concatenate([np.log(above / (1.0 - above)), np.zeros(columns.shape[1])])
    value, gradient, information = _ordinal_terms(counts, columns, at, n_cuts)
    converged = False
    for _ in range(ROUNDS):
        try:
            step = np.linalg.solve(information, gradient)
        except np.linalg.LinAlgError:
            break
        for _halving in range(30):
            after = _ordinal_terms(counts, columns, at + step, n_cuts)
            if after[0] >= value - 1e-12 * abs(value):
                break
            step = step / 2.0
        at, (value, gradient, information) = at + step, after
        if float(np.abs(step).max()) < 1e-9:
            converged = bool(np.abs(at).max() < 30.0)
            break
    try:
        covariance = np.linalg.inv(information)
    except np.linalg.LinAlgError:
        covariance, converged = np.full_like(information, np.nan), False
    return Fit(at, np.asarray(covariance, dtype=np.float64), float(value), converged)


def _ordinal_terms(counts: Floats, columns: Floats, at: Floats, n_cuts: int) -> tuple[float, Floats, Floats]:
    """Log-likelihood, gradient, expected information; minus infinity where thresholds are out of order."""
    n_rows = columns.shape[0]
    eta = at[:n_cuts][None, :] + (columns @ at[n_cuts:])[:, None]
    f = 1.0 / (1.0 + np.exp(-np.clip(eta, -700.0, 700.0)))
    edges = np.concatenate([np.ones((n_rows, 1)), f, np.zeros((n_rows, 1))], axis=1)
    p = edges[:, :-1] - edges[:, 1:]
    if (p <= 0).any():
        return -np.inf, np.zeros(at.size), np.eye(at.size)
    density = f * (1.0 - f)
    slopes = np.zeros((n_rows, n_cuts + 1, at.size))
    for k in range(n_cuts):
        by_all = density[:, k, None] * columns
        slopes[:, k + 1, k] += density[:, k]
        slopes[:, k, k] -= density[:, k]
        slopes[:, k + 1, n_cuts:] += by_all
        slopes[:, k, n_cuts:] -= by_all
    gradient = np.einsum("rk,rkm->m", counts / p, slopes)
    scaled = slopes * np.sqrt(counts.sum(axis=1)[:, None] / p)[:, :, None]
    flat = scaled.reshape(-1, at.size)
    return float((counts * np.log(p)).sum()), gradient, flat.T @ flat


def _table(names: tuple[str, ...], rows: list[dict[str, float]], focal: str, reference: str) -> DifTable:
    def column(name: str) -> Floats:
        return np.array([row.get(name, np.nan) for row in rows])

    x2, gain = column("x2"), column("r2_gain")
    p = np.asarray(chi2.sf(x2, 2))
    more = {k: column(k) for k in ("r2_gain", "r2_gain_uniform")}
    more |= {f"p_{kind}": np.asarray(chi2.sf(column(f"x2_{kind}"), 1)) for kind in ("uniform", "nonuniform")}
    more |= {k: column(k) for k in ("slope_difference", "se_slope_difference")}
    return DifTable(
        items=names,
        focal=focal,
        references=(reference,) * len(names),
        effect=column("effect"),
        se=column("se"),
        p=p,
        classes=r2_classes(gain, p),
        x2=x2,
        df=np.where(np.isfinite(x2), 2.0, np.nan),
        more=more,
        set_aside=np.zeros(len(names), dtype=bool),
        n_focal=column("n_focal").astype(np.int64),
        n_reference=column("n_reference").astype(np.int64),
        n_lost=column("n_lost").astype(np.int64),
        problems={n: "the regression has no finite solution" for n, v in zip(names, x2, strict=True) if np.isnan(v)},
    )


def r2_classes(gain: Floats, p: Floats) -> tuple[str, ...]:
    """Classes of Jodoin & Gierl (2001)."""
    found = []
    for size, level in zip(gain.tolist(), p.tolist(), strict=True):
        if not np.isfinite(size) or not np.isfinite(level):
            found.append("")
        elif level >= LEVEL or size < MODERATE:
            found.append("A")
        else:
            found.append("C" if size >= LARGE else "B")
    return tuple(found)
