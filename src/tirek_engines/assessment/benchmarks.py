"""Shares of groups at or above benchmarks, with the errors and the silences of published means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tirek_engines.assessment.results import Estimate, Grouping, GroupResults, _Sample
from tirek_engines.psychometrics import Calibration

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class ShareRow:
    """A group's share at or above one benchmark (counted from 1); `estimate` is None where nobody answered.

    `hidden` is that of the group's mean: 0 shown, 1 small group, 2 hidden to protect another.
    """

    grouping: str
    group: str
    benchmark: int
    estimate: Estimate | None
    hidden: int


def shares_by_group(
    calibration: Calibration,
    results: GroupResults,
    groupings: Mapping[str, Grouping],
    school: Ints,
    cuts: Sequence[float],
    *,
    minimal_schools: int,
) -> Iterator[ShareRow]:
    """Share at or above each cut (logits) of every group of `results`, from the same plausible values.

    The errors are those of a mean of zeros and ones: between schools where there are `minimal_schools` of them, and
    between plausible values (Rubin 1987, eq. 3.1.2-3.1.5).
    """
    known = calibration.prepared.n_answered > 0
    weights = calibration.prepared.weights[known]
    whole, single = results.values.draws[:, known], results.values.draws[:, known]
    if results.school_values is not None:
        single = results.school_values.draws[:, known]
    for number, cut in enumerate(cuts, start=1):
        samples = [
            _Sample((draws >= cut).astype(np.float64), weights, school[known], minimal_schools)
            for draws in (whole, single)
        ]
        for row in results.rows:
            chosen = _members(row.grouping, row.group, groupings, known)
            within = row.grouping == "school"
            found = samples[1 if within else 0].mean(chosen) if row.estimate is not None else None
            yield ShareRow(row.grouping, row.group, number, found, row.hidden)


def _members(
    grouping: str, group: str, groupings: Mapping[str, Grouping], known: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    if grouping not in groupings:
        return np.ones(int(known.sum()), dtype=bool)
    found = groupings[grouping]
    return np.asarray(found.codes[known] == found.labels.index(group))
