"""Which groups of a test's results are hidden: all groupings together, because one grouping tells about another.

Districts add up to everybody and so do the two kinds of settlement; schools add up to their district, and also, as everybody
knows where they stand, to their kind of settlement.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tirek_engines.disclosure.lines import suppress_lines

Ints = NDArray[np.int64]
States = dict[str, NDArray[np.uint8]]


class Grouped(Protocol):
    """A grouping as results are reported by."""

    @property
    def labels(self) -> tuple[str, ...]: ...
    @property
    def codes(self) -> Ints: ...


def hide_groups(groupings: Mapping[str, Grouped], known: NDArray[np.bool_], minimum: int) -> tuple[int, States]:
    """Hide small groups, and others until no reader of all groupings narrows a small one.

    Parameters
    ----------
    groupings : mapping of str to Grouping
        What is reported by.
    known : ndarray of bool, shape (persons,)
        Persons who enter the results.
    minimum : int
        Smallest number of persons that may be shown.

    Returns
    -------
    int
        State of everybody: 0 shown, 1 small, 2 hidden to protect a group.
    dict of str to ndarray of uint8
        State of each group of each grouping.
    """
    codes = {name: g.codes[known] for name, g in groupings.items()}
    counts = {name: np.bincount(c[c >= 0], minlength=len(groupings[name].labels)) for name, c in codes.items()}
    first, size = {}, 1
    for name in groupings:
        first[name], size = size, size + counts[name].size
    every = np.concatenate([[int(known.sum())], *counts.values()]).astype(np.int64)[:, None]
    state = suppress_lines(every, list(_lines(codes, first)), minimum=minimum)
    return int(state[0]), {name: state[first[name] : first[name] + counts[name].size] for name in groupings}


def _lines(codes: Mapping[str, Ints], first: Mapping[str, int]) -> Iterator[list[int]]:
    """Everybody and the groups of each grouping; each group and those of another grouping that lie within it."""
    for name, mine in codes.items():
        yield [0, *(first[name] + np.unique(mine[mine >= 0])).tolist()]
        for other, theirs in codes.items():
            within = None if other == name else _within(mine, theirs)
            if within is not None:
                groups, wholes = within
                for whole in np.unique(wholes):
                    yield [first[other] + int(whole), *(first[name] + groups[wholes == whole]).tolist()]


def _within(mine: Ints, theirs: Ints) -> tuple[Ints, Ints] | None:
    """Each group with the group of the other grouping that holds all of it; None where one reaches over two."""
    placed = (mine >= 0) & (theirs >= 0)
    pairs = np.unique(np.column_stack([mine[placed], theirs[placed]]), axis=0)
    if not pairs.size or np.unique(pairs[:, 0]).size < pairs.shape[0]:
        return None
    return pairs[:, 0], pairs[:, 1]
