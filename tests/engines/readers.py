"""Readers who are no part of the engine: one solves linear programs, one tries every table of whole numbers there is."""

from __future__ import annotations

import itertools

import numpy as np
from scipy.optimize import linprog

from tirek_engines.disclosure.lines import EarlierTable, suppress_lines


def nested(inner: np.ndarray) -> tuple[np.ndarray, list[list[int]]]:
    """A region, its districts and their schools."""
    districts, schools = inner.shape
    counts = np.concatenate([[inner.sum()], inner.sum(1), inner.ravel()])
    lines = [[0, *range(1, districts + 1)]]
    lines += [[1 + d, *(1 + districts + d * schools + s for s in range(schools))] for d in range(districts)]
    return counts, lines


def crossed(inner: np.ndarray) -> tuple[np.ndarray, list[list[int]]]:
    """A table of two ways with its margins: cell (r, c) at r * (columns + 1) + c, margins last."""
    rows, columns = inner.shape
    wide = np.hstack([inner, inner.sum(1, keepdims=True)])
    at = lambda r, c: r * (columns + 1) + c  # noqa: E731
    lines = [[at(r, columns), *(at(r, c) for c in range(columns))] for r in range(rows + 1)]
    lines += [[at(rows, c), *(at(r, c) for r in range(rows))] for c in range(columns + 1)]
    return np.vstack([wide, wide.sum(0, keepdims=True)]).ravel(), lines


def boxed(inner: np.ndarray) -> tuple[np.ndarray, list[list[int]]]:
    """A table of three ways with all of its margins."""
    whole = inner
    for axis in range(3):
        whole = np.concatenate([whole, whole.sum(axis, keepdims=True)], axis=axis)
    number = np.arange(whole.size).reshape(whole.shape)
    lines = []
    for axis in range(3):
        along = np.moveaxis(number, axis, -1).reshape(-1, whole.shape[axis])
        lines += [[int(line[-1]), *map(int, line[:-1])] for line in along]
    return whole.ravel(), lines


class LinearReader:
    """Has several tables, and takes what has not changed between any two of them for one number."""

    def __init__(self, tables, shown, lines) -> None:
        self.size = len(tables[0])
        self.bounds = [
            (int(n), int(n)) if s else (0, None) for t, row in zip(tables, shown, strict=True) for n, s in zip(t, row, strict=True)
        ]  # fmt: skip
        rows = []
        for t in range(len(tables)):
            for total, *parts in lines:
                row = np.zeros(len(tables) * self.size)
                row[t * self.size + total] = -1
                row[[t * self.size + p for p in parts]] = 1
                rows.append(row)
        for (t, a), (u, b) in itertools.combinations(enumerate(tables), 2):
            for cell in np.flatnonzero(np.asarray(a) == np.asarray(b)):
                row = np.zeros(len(tables) * self.size)
                row[t * self.size + cell], row[u * self.size + cell] = 1, -1
                rows.append(row)
        self.sums = np.array(rows)

    def width(self, table: int, cell: int) -> float:
        cost = np.zeros(self.sums.shape[1])
        cost[table * self.size + cell] = 1
        found = [
            linprog(sign * cost, A_eq=self.sums, b_eq=np.zeros(len(self.sums)), bounds=self.bounds) for sign in (1, -1)
        ]
        if found[1].status == 3:
            return np.inf
        return float(-found[1].fun - found[0].fun)


def every_table(make, shape, counts, shown, most: int) -> np.ndarray:
    """Every table with no inner count above `most` that agrees with what is shown."""
    size = int(np.prod(shape))
    inner = np.array(list(itertools.product(range(most + 1), repeat=size)))
    totals = np.array([make(one.reshape(shape))[0] for one in np.eye(size, dtype=int)])
    whole = inner @ totals
    return whole[(whole[:, shown] == counts[shown]).all(axis=1)]


def agreeing(tables, every) -> list[np.ndarray]:
    """Of two tables' possibilities those that have a partner: equal where the true tables are equal."""
    same = np.flatnonzero(tables[0] == tables[1])
    keys = [[row.tobytes() for row in np.ascontiguousarray(found[:, same])] for found in every]
    both = set(keys[0]) & set(keys[1])
    return [found[[k in both for k in mine]] for found, mine in zip(every, keys, strict=True)]


def publish_one_after_the_other(tables, lines, minimum: int) -> list[np.ndarray]:
    """Hide in each table with regard to all before it; what each shows."""
    shown: list[np.ndarray] = []
    for t, now in enumerate(tables):
        known = np.zeros((len(now), 1), bool)
        for before, was in zip(tables[:t], shown, strict=True):
            known[:, 0] |= was & (before == now)
        earlier = [
            EarlierTable(before[:, None], ~was, np.zeros((len(now), 1), bool))
            for before, was in zip(tables[:t], shown, strict=True)
        ]
        shown.append(suppress_lines(now[:, None], lines, minimum=minimum, known=known, earlier=earlier) == 0)
    return shown
