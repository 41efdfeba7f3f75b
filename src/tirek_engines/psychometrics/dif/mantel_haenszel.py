"""Differential functioning by Mantel and Haenszel: odds of persons with the same raw score."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from tirek_engines.psychometrics.data.answers import Answers
from tirek_engines.psychometrics.dif.common import (
    DELTA,
    Crossed,
    DifTable,
    Matched,
    cross,
    ets_classes,
    match_groups,
    purified,
)

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class _OfItem:
    """Log common odds ratio (reference over focal), its error, test statistic, standardised mean difference."""

    log_odds: float
    se: float
    x2: float
    smd: float
    persons: tuple[int, int]
    lost: int


def mantel_haenszel(answers: Answers, focal: int, reference: int, *, purify: bool = False) -> DifTable:
    """Compare two groups item by item at equal raw scores.

    Parameters
    ----------
    answers : Answers
        With groups. Raw scores are compared between persons who answered the same items only.
    focal, reference : int
        Numbers of the two groups in `answers.group_names`.
    purify : bool
        Take items of class B and C out of the raw score of the others, until the list stays the same.

    Returns
    -------
    DifTable
        `effect` is the ETS delta, -2.35 log(alpha), with alpha the common odds ratio of the reference group over the
        focal group: Mantel & Haenszel (1959, J. Natl Cancer Inst. 22), for several categories that of Liu & Agresti
        (1996, Biometrics 52). Its error: Robins, Breslow & Greenland (1986, Biometrics 42), for several categories by the
        delta method. `x2`: with continuity correction for two categories (as base R's mantelhaen.test); Mantel (1963)
        for more. `more`: alpha, smd (mean answer of the focal group minus that of the reference group at equal raw
        score, weighted by the focal group).
    """
    matched = match_groups(answers, focal, reference)
    n_items = len(matched.table.names)
    focal_name, reference_name = answers.group_names[focal], answers.group_names[reference]

    def compute(anchors: Bools) -> tuple[DifTable, Bools]:
        rows = [_of_item(cross(matched, j, anchors)) for j in range(n_items)]
        found = _table(matched, rows, focal_name, reference_name)
        return found, np.array([c in ("B", "C") for c in found.classes])

    found, aside, rounds = purified(n_items, compute, purify=purify)
    return replace(found, set_aside=aside, rounds=rounds)


def _table(matched: Matched, rows: list[_OfItem], focal: str, reference: str) -> DifTable:
    log_odds, se = np.array([r.log_odds for r in rows]), np.array([r.se for r in rows])
    x2 = np.array([r.x2 for r in rows])
    p = np.asarray(chi2.sf(x2, 1))
    delta = -DELTA * log_odds
    names = matched.table.names
    problem = "no raw score is shared by both groups with different answers"
    return DifTable(
        items=names,
        focal=focal,
        references=(reference,) * len(names),
        effect=delta,
        se=DELTA * se,
        p=p,
        classes=ets_classes(delta, DELTA * se, p),
        x2=x2,
        df=np.where(np.isfinite(x2), 1.0, np.nan),
        more={"alpha": np.exp(log_odds), "smd": np.array([r.smd for r in rows])},
        set_aside=np.zeros(len(names), dtype=bool),
        n_focal=np.array([r.persons[1] for r in rows]),
        n_reference=np.array([r.persons[0] for r in rows]),
        n_lost=np.array([r.lost for r in rows]),
        problems={name: problem for name, row in zip(names, rows, strict=True) if not np.isfinite(row.log_odds)},
    )


def _of_item(crossed: Crossed) -> _OfItem:
    counts = crossed.counts
    both = (counts.sum(axis=2) > 0).all(axis=1) & (counts.sum(axis=(1, 2)) > 1.0)
    counts = counts[both]
    lost = int(crossed.sizes[~both].sum())
    persons = (int(crossed.persons[0]), int(crossed.persons[1]))
    n = counts.sum(axis=(1, 2))
    above = counts[:, :, ::-1].cumsum(axis=2)[:, :, ::-1][:, :, 1:]
    below = counts.sum(axis=2)[:, :, None] - above
    for_reference = (above[:, 0] * below[:, 1]).sum(axis=1) / n
    for_focal = (below[:, 0] * above[:, 1]).sum(axis=1) / n
    x2, smd = _mantel(counts, n)
    if not (for_reference.sum() > 0 and for_focal.sum() > 0):
        return _OfItem(np.nan, np.nan, np.nan, np.nan, persons, lost)
    log_odds = float(np.log(for_reference.sum() / for_focal.sum()))
    error = _two_categories if counts.shape[2] == 2 else _several_categories
    return _OfItem(log_odds, error(counts, n, for_reference, for_focal), x2, smd, persons, lost)


def _mantel(counts: Floats, n: Floats) -> tuple[float, float]:
    """Mantel's statistic, and the standardised mean difference of the focal group."""
    numbers = np.arange(counts.shape[2], dtype=np.float64)
    size = counts.sum(axis=2)
    total = counts.sum(axis=1) @ numbers
    squares = counts.sum(axis=1) @ numbers**2
    away = float((counts[:, 1] @ numbers - size[:, 1] * total / n).sum())
    variance = float((size[:, 0] * size[:, 1] * (n * squares - total**2) / (n**2 * (n - 1.0))).sum())
    if variance <= 0:
        return float("nan"), float("nan")
    correction = min(0.5, abs(away)) if counts.shape[2] == 2 else 0.0
    means = (counts @ numbers) / size
    smd = float(size[:, 1] @ (means[:, 1] - means[:, 0]) / size[:, 1].sum())
    return (abs(away) - correction) ** 2 / variance, smd


def _two_categories(counts: Floats, n: Floats, r: Floats, s: Floats) -> float:
    """Error of the log odds ratio (Robins, Breslow & Greenland 1986, eq. 3)."""
    p = (counts[:, 0, 1] + counts[:, 1, 0]) / n
    q = 1.0 - p
    of_r, of_s = r.sum(), s.sum()
    variance = (p @ r) / (2 * of_r**2) + (p @ s + q @ r) / (2 * of_r * of_s) + (q @ s) / (2 * of_s**2)
    return float(np.sqrt(variance))


def _several_categories(counts: Floats, n: Floats, r: Floats, s: Floats) -> float:
    """Error of Liu & Agresti's log odds ratio: delta method, answers multinomial within stratum and group."""
    size = counts.sum(axis=2)
    above = counts[:, :, ::-1].cumsum(axis=2)[:, :, ::-1][:, :, 1:]
    below = size[:, :, None] - above
    n_cuts = above.shape[2]
    passes = np.arange(n_cuts + 1)[:, None] > np.arange(n_cuts)[None, :]
    variance = 0.0
    for group in (0, 1):
        other_below, other_above = below[:, 1 - group], above[:, 1 - group]
        up = np.where(passes[None], other_below[:, None, :], 0.0).sum(axis=2) / n[:, None]
        down = np.where(passes[None], 0.0, other_above[:, None, :]).sum(axis=2) / n[:, None]
        slopes = up / r.sum() - down / s.sum() if group == 0 else down / r.sum() - up / s.sum()
        cells = counts[:, group]
        mean = (cells * slopes).sum(axis=1) / size[:, group]
        spread = (cells * slopes**2).sum(axis=1) - size[:, group] * mean**2
        small = size[:, group] / np.maximum(size[:, group] - 1.0, 0.5)
        variance += float((spread * small).sum())
    return float(np.sqrt(variance))
