"""Dividing persons into groups for a published table, and hiding the groups that are too small.

Groups nest: by district and school gives the total, the districts and the schools within each. Every published total of
published parts would give a hidden part away, so further parts are hidden (`tirek_engines.disclosure`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tirek_engines.disclosure import PRIMARY, SHOWN
from tirek_engines.disclosure.lines import suppress_lines
from tirek_engines.errors import BrokenContract

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

ALL = "all"


@dataclass(frozen=True)
class Column:
    """A way of dividing persons: labels in the order of the table, and each person's index into them (-1: unknown)."""

    name: str
    labels: tuple[str, ...]
    codes: Ints


@dataclass(frozen=True)
class Cell:
    """A group of persons.

    Attributes
    ----------
    grouping : str
        Names of the columns that divide down to here, joined by commas; ``"all"`` for everybody.
    labels : tuple of str
        The group's label in each of them.
    rows : ndarray of int64
        Its persons.
    parent : int
        Place of the group it is a part of; -1 for everybody.
    """

    grouping: str
    labels: tuple[str, ...]
    rows: Ints
    parent: int

    @property
    def name(self) -> str:
        """The labels, joined by a slash."""
        return " / ".join(self.labels) if self.labels else ALL


def nested_cells(columns: Sequence[Column], n_persons: int) -> list[Cell]:
    """Everybody, the groups of the first column, those of the second within each of the first, and so on."""
    cells = [Cell(ALL, (), np.arange(n_persons, dtype=np.int64), -1)]
    level = [0]
    for depth, column in enumerate(columns, start=1):
        if column.codes.shape != (n_persons,):
            raise BrokenContract(column.name, column.codes.shape, f"({n_persons},)")
        grouping = ",".join(c.name for c in columns[:depth])
        parents, level = level, []
        for parent in parents:
            rows = cells[parent].rows
            codes = column.codes[rows]
            for code, label in enumerate(column.labels):
                chosen = rows[codes == code]
                if chosen.size:
                    level.append(len(cells))
                    cells.append(Cell(grouping, (*cells[parent].labels, label), chosen, parent))
    return cells


def separate_cells(columns: Sequence[Column], n_persons: int) -> list[Cell]:
    """Everybody, and the groups of each column by itself."""
    cells = nested_cells((), n_persons)
    for column in columns:
        cells += nested_cells((column,), n_persons)[1:]
    return cells


def hide_small(
    cells: Sequence[Cell], counted: Bools, *, minimum: int, all_sums_together: bool = True
) -> NDArray[np.uint8]:
    """Which cells must be hidden: 0 shown, 1 small, 2 to protect another cell.

    Parameters
    ----------
    cells : sequence of Cell
        As `nested_cells` gives them.
    counted : ndarray of bool, shape (persons,)
        Persons who enter the results.
    minimum : int
        Smallest number of persons that may be shown.
    all_sums_together : bool
        Audit hidden groups against all sums at once (`tirek_engines.disclosure.lines`).

    Notes
    -----
    Persons whose group is not known are a part as well, one that is never shown.
    """
    counts = [int(counted[cell.rows].sum()) for cell in cells]
    lines, hidden = [], [False] * len(cells)
    for parts in _parts(cells).values():
        parent = cells[parts[0]].parent
        line = [parent, *parts]
        unknown = counts[parent] - sum(counts[p] for p in parts)
        if unknown > 0:
            line.append(len(counts))
            counts.append(unknown)
            hidden.append(unknown < minimum)
        lines.append(line)
    table = np.array(counts, dtype=np.int64)[:, None]
    state = suppress_lines(table, lines, minimum=minimum, hidden=np.array(hidden), all_sums_together=all_sums_together)
    return state[: len(cells)]


def _parts(cells: Sequence[Cell]) -> Mapping[tuple[str, int], list[int]]:
    """Cells by grouping and parent."""
    found: dict[tuple[str, int], list[int]] = {}
    for place, cell in enumerate(cells):
        if cell.parent >= 0:
            found.setdefault((cell.grouping, cell.parent), []).append(place)
    return found


def pairs(cells: Sequence[Cell], *, most_groups: int) -> tuple[list[tuple[int, int]], list[str]]:
    """Pairs of groups whose difference is of interest: parts of the same group, later minus earlier.

    Returns the pairs and the names of groupings with more than `most_groups` parts, which are left out.
    """
    found, left_out = [], []
    for (grouping, _), parts in _parts(cells).items():
        if len(parts) > most_groups:
            left_out.append(grouping)
            continue
        found += [(later, earlier) for i, later in enumerate(parts) for earlier in parts[:i]]
    return found, list(dict.fromkeys(left_out))


def is_hidden(state: int) -> bool:
    """Whether a cell is not shown."""
    return state != SHOWN


__all__ = ["ALL", "PRIMARY", "Cell", "Column", "hide_small", "is_hidden", "nested_cells", "pairs", "separate_cells"]
