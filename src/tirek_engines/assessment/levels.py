"""Impact data: how many pupils would stand at each level, if these were the cut scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from tirek_engines.assessment.survey import Combined, Measures, Sample, Summary, combine
from tirek_engines.errors import BrokenContract

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Impact:
    """Shares of pupils at each level, lowest first; one more than cut scores.

    Attributes
    ----------
    shares : Combined
        With the error of sampling and measurement.
    lower, higher : ndarray of float64, shape (levels,)
        The shares if every cut lay one error of the panel lower or higher.
    """

    shares: Combined
    lower: Floats
    higher: Floats


def impact(sample: Sample, rows: Ints, cuts: Sequence[float], panel_se: Sequence[float] | None = None) -> Impact:
    """Shares in each level from plausible values.

    Parameters
    ----------
    sample : Sample
        Plausible values on the scale of the cuts, weights, replicate weights. (Scores of short tests would give wrong
        shares: their spread is not that of abilities.)
    rows : ndarray of int64
        Persons, for example those of a district.
    cuts : sequence of float
        Rising.
    panel_se : sequence of float, optional
        Error of each cut between panellists.
    """
    _refuse_falling(cuts)
    found = _between(sample, rows, cuts)
    errors = np.zeros(len(cuts)) if panel_se is None else np.asarray(panel_se, dtype=np.float64)
    moved = [_between(sample, rows, (np.asarray(cuts) + s * errors).tolist()).value for s in (-1.0, 1.0)]
    return Impact(found, moved[0], moved[1])


def _refuse_falling(cuts: Sequence[float]) -> None:
    if len(cuts) == 0 or bool((np.diff(cuts) <= 0).any()):
        raise BrokenContract("cuts", list(cuts), "one or more, rising")


def _between(sample: Sample, rows: Ints, cuts: Sequence[float]) -> Combined:
    chosen = replace(sample, measures=Measures(tuple(float(c) for c in cuts), ()))
    found: Summary = chosen.summarise(rows)
    keep = _levels(found.estimates[:, 2:]), _levels(found.replicated[:, :, 2:])
    return combine(*keep, sample.replication)


def _levels(above: Floats) -> Floats:
    """Shares between cuts from shares at or above each, along the last axis."""
    ones, zeros = np.ones((*above.shape[:-1], 1)), np.zeros((*above.shape[:-1], 1))
    edges = np.concatenate([ones, above, zeros], axis=-1)
    return np.asarray(edges[..., :-1] - edges[..., 1:])


def normal_impact(mean: float, sd: float, cuts: Sequence[float]) -> Floats:
    """Shares in each level of a normal population, before anybody has been scored. Shape (levels,).

    >>> normal_impact(500, 100, [400, 500, 600]).round(3).tolist()
    [0.159, 0.341, 0.341, 0.159]
    """
    _refuse_falling(cuts)
    return np.asarray(np.diff(np.concatenate([[0.0], norm.cdf((np.asarray(cuts) - mean) / sd), [1.0]])))
