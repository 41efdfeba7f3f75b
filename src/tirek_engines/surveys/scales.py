"""From the answers to the questions of a scale to one number a person."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tirek_engines.errors import BrokenContract

Floats = NDArray[np.float64]


def turned(answers: Floats, reverse: NDArray[np.bool_], lowest: Floats, highest: Floats) -> Floats:
    """Answers with the reversed questions turned round, so that more is always better."""
    x = np.asarray(answers, np.float64)
    if x.shape[1] != reverse.size:
        raise BrokenContract("reverse", reverse.shape, f"({x.shape[1]},)")
    return np.where(reverse[None, :], lowest[None, :] + highest[None, :] - x, x)


def scale_scores(answers: Floats, *, share_answered: float) -> Floats:
    """Mean of the questions that a person answered; NaN below a share of them.

    Parameters
    ----------
    answers : ndarray of float, shape (persons, items)
        Turned in one direction; NaN where nothing was answered.
    share_answered : float
        Smallest share of the questions with which a person has a score.

    >>> scale_scores(np.array([[1.0, 3.0, np.nan], [np.nan, np.nan, 2.0]]), share_answered=0.5).tolist()
    [2.0, nan]
    """
    x = np.asarray(answers, np.float64)
    known = ~np.isnan(x)
    counts = known.sum(axis=1)
    sums = np.where(known, x, 0.0).sum(axis=1)
    enough = (counts >= share_answered * x.shape[1]) & (counts > 0)
    return np.where(enough, sums / np.maximum(counts, 1), np.nan)
