"""What somebody has who reads every table: unknown counts, and the sums in which they stand.

An *unknown* is one count of one cell. Where a count is the same in two tables, it is one unknown: whoever learns it from
one of them has it in the other. Sums are kept in departures from the true counts, in which every one of them makes zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csc_array

from tirek_engines.disclosure.line_rule import Counts, EarlierTable, Marks

Difference = tuple[int, int, int]
NOWHERE = -1


@dataclass(frozen=True)
class Reader:
    """Unknowns and their sums.

    Attributes
    ----------
    counts : ndarray of int, shape (unknowns,)
        What each truly is.
    cell : ndarray of int, shape (unknowns,)
        Its cell in today's table; -1 where it stands in earlier tables only.
    told : ndarray of bool, shape (unknowns,)
        Those that are no unknowns to him, whatever is hidden today.
    sums : sparse array, shape (sums, unknowns)
        1 for parts, -1 for their total.
    weight : ndarray of int, shape (cells,)
        The largest of today's counts of each cell: what is lost by hiding it.
    """

    counts: Counts
    cell: Counts
    told: Marks
    sums: csc_array
    weight: Counts


def what_a_reader_has(
    counts: Counts,
    lines: Sequence[Counts],
    known: Marks,
    earlier: Sequence[EarlierTable],
    differences: Sequence[Difference],
) -> Reader:
    """Number the unknowns of today's and earlier tables, and write down their sums."""
    tables = np.stack([counts, *(table.counts for table in earlier)])
    told = np.stack([known, *(table.known | ~table.hidden[:, None] for table in earlier)])
    tables, told, measure_of = _without_twins(tables, told)
    unknown, true, where = _numbered(tables)
    is_told = np.zeros(true.size, bool)
    is_told[unknown[told & (unknown != NOWHERE)]] = True
    today = np.full(true.size, NOWHERE, dtype=np.int64)
    today[unknown[0]] = where[unknown[0]]
    entries = [_sums_of_lines(unknown, lines), _sums_of_measures(unknown, measure_of, differences)]
    return Reader(true, today, is_told, _matrix(entries, is_told), counts.max(axis=1, initial=0))


def _without_twins(tables: Counts, told: Marks) -> tuple[Counts, Marks, Counts]:
    """Measures that are equal everywhere are one: what is told of one is told of the other."""
    measures = tables.shape[2]
    _, first, place = np.unique(
        tables.transpose(2, 0, 1).reshape(measures, -1), axis=0, return_index=True, return_inverse=True
    )
    place = place.reshape(-1)
    together = np.stack([told[:, :, place == k].any(axis=2) for k in range(first.size)], axis=2)
    return tables[:, :, first], together, place


def _numbered(tables: Counts) -> tuple[Counts, Counts, Counts]:
    """Of each count in each table its number, and of each number the true count and the cell."""
    _, cells, measures = tables.shape
    place = np.arange(cells * measures, dtype=np.int64).reshape(cells, measures)
    keys = np.column_stack([np.broadcast_to(place, tables.shape).ravel(), tables.ravel()])
    there = keys[:, 1] >= 0
    distinct, number = np.unique(keys[there], axis=0, return_inverse=True)
    unknown = np.full(keys.shape[0], NOWHERE, dtype=np.int64)
    unknown[there] = number.reshape(-1)
    return unknown.reshape(tables.shape), distinct[:, 1], distinct[:, 0] // max(measures, 1)


Entries = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Numbers of unknowns, one row a sum, `NOWHERE` for none, and their signs."""


def _sums_of_lines(unknown: Counts, lines: Sequence[Counts]) -> list[Entries]:
    """By table and measure; a sum that is the same in two tables is written down once."""
    cells = np.concatenate(lines)
    length = np.array([line.size for line in lines])
    starts = np.concatenate([[0], np.cumsum(length)[:-1]])
    sign = np.ones(cells.size, dtype=np.int64)
    sign[starts] = -1
    row = np.repeat(np.arange(length.size), length)
    found = []
    for table in range(unknown.shape[0]):
        for measure in range(unknown.shape[2]):
            numbers = unknown[table, cells, measure]
            keep = numbers[starts] != NOWHERE
            for before in range(table):
                keep &= np.logical_or.reduceat(numbers != unknown[before, cells, measure], starts)
            kept = keep[row] & (numbers != NOWHERE)
            found.append((np.column_stack([row[kept], numbers[kept]]), sign[kept]))
    return found


def _sums_of_measures(unknown: Counts, measure_of: Counts, differences: Sequence[Difference]) -> list[Entries]:
    """Whole = part + rest, in each cell of each table."""
    found = []
    for whole, part, rest in differences:
        for table in unknown:
            three = table[:, measure_of[[whole, part, rest]]]
            three = three[(three != NOWHERE).all(axis=1)]
            row = np.repeat(np.arange(three.shape[0]), 3)
            found.append((np.column_stack([row, three.ravel()]), np.tile([-1, 1, 1], three.shape[0])))
    return found


def _matrix(groups: Sequence[Sequence[Entries]], told: Marks) -> csc_array:
    rows, columns, signs, height = [], [], [], 0
    for places, sign in (entry for group in groups for entry in group if entry[1].size):
        rows.append(places[:, 0] + height)
        columns.append(places[:, 1])
        signs.append(sign)
        height = int(rows[-1].max()) + 1
    if not rows:
        return csc_array((0, told.size))
    shape = (height, told.size)
    whole = coo_array((np.concatenate(signs).astype(float), (np.concatenate(rows), np.concatenate(columns))), shape)
    open_sums = np.bincount(whole.coords[0], ~told[whole.coords[1]], height) > 0
    return csc_array(whole.tocsr()[open_sums])
