"""The audit: how far can a reader narrow each small count by all sums together, and what to hide where it is too far.

Each small count needs two tables of whole numbers that agree with all that is shown and in which it is at least `minimum`
apart: then nobody can tell it from a count that may be shown. Such tables are found by linear programs, for many counts at
once where that goes, and stay good whatever else is hidden later. So every count is settled once.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.sparse import coo_array, csc_array, csr_array
from scipy.sparse.csgraph import connected_components

from tirek_engines.disclosure.line_rule import Counts, Marks, State
from tirek_engines.disclosure.programs import Floats, best, cheapest
from tirek_engines.disclosure.reader import NOWHERE, Reader
from tirek_engines.disclosure.tables import SECONDARY, SHOWN

REACHES = (2, 5, None)
"""How many sums away from a count tables are sought: near first, then everywhere."""
GAIN = 0.1
"""While one program for many settles at least this share of them, another is tried."""


class Audit:
    """Small counts and how far apart they were seen, in tables that agree with all that is shown.

    Parameters
    ----------
    reader : Reader
        All that readers have.
    state : ndarray of uint8, shape (cells,)
        What is hidden today; further cells are hidden in it.
    minimum : int
        How far apart the least and the most must be that a small count can be.
    """

    def __init__(self, reader: Reader, state: State, minimum: int) -> None:
        self.reader, self.state, self.minimum = reader, state, minimum
        self.lowest = np.zeros(reader.counts.size, dtype=np.int64)
        self.highest = np.zeros(reader.counts.size, dtype=np.int64)
        self._rows = csr_array(reader.sums)
        self._stands = np.diff(reader.sums.indptr) > 0

    def hide_until_safe(self) -> None:
        """Settle every small count, in the order of cells."""
        small = (self.reader.counts > 0) & (self.reader.counts < self.minimum) & ~self.reader.told
        self.highest[small & ~self._stands] = self.minimum  # in no sum: nothing tells of it
        self._settle_many(small)
        for one in np.flatnonzero(small & self._narrow()):
            if not self._is_safe(int(one)):
                self._protect(int(one))

    def _narrow(self) -> Marks:
        return np.asarray(self.highest - self.lowest < self.minimum)

    def _hidden(self) -> Marks:
        """Unknowns that nothing shows today."""
        today = self.reader.cell
        return np.asarray(~self.reader.told & ((today == NOWHERE) | (self.state[today] != SHOWN)))

    def _seen(self, unknowns: Counts, moved: Counts) -> None:
        self.lowest[unknowns] = np.minimum(self.lowest[unknowns], moved)
        self.highest[unknowns] = np.maximum(self.highest[unknowns], moved)

    def _settle_many(self, small: Marks) -> None:
        """One program for all small counts that hang together: all down, then as many up as go, while it pays."""
        for unknowns in self._parts(self._hidden(), small):
            wanted = small[unknowns]
            self._push(unknowns, wanted, 1)
            left = int((wanted & self._narrow()[unknowns]).sum())
            while left:
                self._push(unknowns, wanted & self._narrow()[unknowns], -1)
                before, left = left, int((wanted & self._narrow()[unknowns]).sum())
                if before - left < max(1, GAIN * before):
                    break

    def _push(self, unknowns: Counts, wanted: Marks, sign: int) -> None:
        high = np.where(wanted, self.lowest[unknowns] + self.minimum, np.inf)
        moved = best(self._sums(unknowns), np.where(wanted, float(sign), 0.0), self._low(unknowns), high)
        if moved is not None:
            self._seen(unknowns, moved)

    def _parts(self, hidden: Marks, small: Marks) -> Iterator[Counts]:
        """Hidden unknowns that hang together by sums, where small ones are among them."""
        unknowns = np.flatnonzero(hidden & self._stands)
        among = coo_array(self.reader.sums[:, unknowns])
        height = among.shape[0]
        shape = (height + unknowns.size, height + unknowns.size)
        graph = coo_array((np.ones(among.nnz), (among.coords[0], height + among.coords[1])), shape)
        part = connected_components(graph, directed=False)[1][height:]
        order = np.argsort(part, kind="stable")
        for places in np.split(order, np.flatnonzero(np.diff(part[order])) + 1):
            if small[unknowns[places]].any():
                yield unknowns[places]

    def _is_safe(self, one: int) -> bool:
        """Seek the least and the most that a count can be, near it first; on return, where it is not safe, both are exact."""
        for unknowns in self._around(one, self._hidden()):
            at = int(np.searchsorted(unknowns, one))
            for sign in (1, -1):
                cost = np.zeros(unknowns.size)
                cost[at] = sign
                high = np.full(unknowns.size, np.inf)
                high[at] = self.lowest[one] + self.minimum
                moved = best(self._sums(unknowns), cost, self._low(unknowns), high)
                if moved is not None:
                    self._seen(unknowns, moved)
            if not self._narrow()[one]:
                return True
        return False

    def _around(self, one: int, among: Marks) -> Iterator[Counts]:
        """Unknowns that hang together with one, in order: those a few sums away, then all."""
        found = np.array([one], dtype=np.int64)
        steps, size = 0, 0
        for reach in REACHES:
            while (reach is None or steps < reach) and found.size > size:
                size, steps = found.size, steps + 1
                sums = np.unique(self.reader.sums[:, found].indices)
                near = np.unique(self._rows[sums].indices)
                found = np.union1d(found, near[among[near]])
            yield found
            if found.size == size:
                return

    def _protect(self, one: int) -> None:
        """Hide what costs least so that a count can be `minimum` more than its least; else as far as it goes, both ways."""
        wanted = int(self.lowest[one]) + self.minimum
        for unknowns in self._around(one, ~self.reader.told):
            if self._hide_cheapest(one, unknowns, wanted):
                return
        bottom, top = (self._extreme(one, unknowns, sign) for sign in (1, -1))
        if top - bottom >= self.minimum:  # else nothing can protect it: it is known from elsewhere
            self._hide_cheapest(one, unknowns, top)
            self._hide_cheapest(one, unknowns, top - self.minimum)

    def _extreme(self, one: int, unknowns: Counts, sign: int) -> int:
        """How far a count can depart if nothing at all is shown today."""
        cost = np.where(unknowns == one, float(sign), 0.0)
        high = np.where(unknowns == one, float(self.minimum), np.inf)
        moved = best(self._sums(unknowns), cost, self._low(unknowns), high)
        return 0 if moved is None else int(moved[unknowns == one][0])

    def _hide_cheapest(self, one: int, unknowns: Counts, wanted: int) -> bool:
        """Hide the cells that must be hidden so that a count can depart by so much; whether it can."""
        low, high = self._low(unknowns), np.full(unknowns.size, np.inf)
        low[unknowns == one] = high[unknowns == one] = wanted
        shown = ~self._hidden()[unknowns]
        moved = cheapest(self._sums(unknowns), shown, self._weights(unknowns), low, high)
        if moved is None:
            return False
        cells = self.reader.cell[unknowns[shown & (moved != 0)]]
        self.state[cells] = SECONDARY
        self._seen(unknowns, moved)
        return True

    def _weights(self, unknowns: Counts) -> Floats:
        """The persons of a cell. An empty one costs most: who knows the place knows that it is empty.

        Roots of its place among its neighbours tell equal ones apart, and equal sums of them, so that there is one answer.
        """
        cells = self.reader.cell[unknowns]
        weight = self.reader.weight[cells].astype(float)
        weight[weight == 0] = 1 + weight.max(initial=0)
        place = np.unique(cells, return_inverse=True)[1].reshape(-1) + 1.0
        return np.asarray(weight * (1 + 0.01 * np.sqrt(place / place.max())))

    def _low(self, unknowns: Counts) -> Floats:
        return -self.reader.counts[unknowns].astype(float)

    def _sums(self, unknowns: Counts) -> csc_array:
        inside = self.reader.sums[:, unknowns]
        return csc_array(inside.tocsr()[np.unique(inside.indices)])
