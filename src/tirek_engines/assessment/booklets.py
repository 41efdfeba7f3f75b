"""Booklet designs: which tasks meet in which booklet, in which place, and who gets which booklet.

Tasks are put into blocks that are alike, blocks into booklets by a cyclic design. In a cyclic design each block stands
once in each place, so that what comes late in the hour is the same for all of them (a Youden design, Youden 1937); which
blocks meet is settled by the differences of the starting booklet (Bose 1939, Ann. Eugen. 9, sec. 3; used for large
surveys by Frey, Hartig & Rupp 2009, Educ. Meas. Issues Pract. 28(3)).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from tirek_engines.errors import Refusal

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MAX_BLOCKS = 31
SEARCHED = 200_000
"""Starting booklets that are looked at before the best one so far is taken."""


@dataclass(frozen=True)
class Design:
    """Blocks in booklets.

    Attributes
    ----------
    blocks_of : ndarray of int64, shape (booklets, places)
        The block in each place of each booklet.
    n_blocks : int
    """

    blocks_of: Ints
    n_blocks: int

    @property
    def n_booklets(self) -> int:
        """Number of booklets: one for each block."""
        return int(self.blocks_of.shape[0])

    @property
    def meetings(self) -> Ints:
        """In how many booklets each two blocks meet, shape (blocks, blocks); on the diagonal how often a block is used."""
        uses = np.zeros((self.n_booklets, self.n_blocks), np.int64)
        np.put_along_axis(uses, self.blocks_of, 1, axis=1)
        return uses.T @ uses

    @property
    def places(self) -> Ints:
        """How often each block stands in each place, shape (blocks, places)."""
        counts = np.zeros((self.n_blocks, self.blocks_of.shape[1]), np.int64)
        for place in range(self.blocks_of.shape[1]):
            counts[:, place] = np.bincount(self.blocks_of[:, place], minlength=self.n_blocks)
        return counts

    @property
    def is_balanced(self) -> bool:
        """Whether each two blocks meet equally often."""
        apart = self.meetings[~np.eye(self.n_blocks, dtype=bool)]
        return bool(apart.size == 0 or apart.min() == apart.max())

    @property
    def is_connected(self) -> bool:
        """Whether every block is linked with every other through booklets, so that one scale holds them all."""
        reach = np.linalg.matrix_power((self.meetings > 0).astype(np.float64), max(self.n_blocks, 1)) > 0
        return bool(reach.all())


def cyclic_design(n_blocks: int, per_booklet: int) -> Design:
    """The cyclic design in which pairs of blocks meet as equally as they can.

    Parameters
    ----------
    n_blocks : int
        Blocks, and as many booklets.
    per_booklet : int
        Blocks in a booklet.

    Raises
    ------
    Refusal
        Code ``bad_design``: fewer than one block a booklet, more blocks a booklet than there are, or too many blocks.

    Examples
    --------
    >>> design = cyclic_design(7, 3)
    >>> design.is_balanced, design.blocks_of[0].tolist()
    (True, [0, 1, 3])
    """
    if not 1 <= per_booklet <= n_blocks <= MAX_BLOCKS:
        raise Refusal(
            f"{per_booklet} blocks in a booklet out of {n_blocks} cannot be arranged: use 1 to {MAX_BLOCKS} blocks, and "
            "in a booklet at most as many as there are.",
            code="bad_design",
        )
    start = _ordered(_best_start(n_blocks, per_booklet), n_blocks)
    turns = np.arange(n_blocks, dtype=np.int64)
    return Design((np.array(start, dtype=np.int64)[None, :] + turns[:, None]) % n_blocks, n_blocks)


def _best_start(n_blocks: int, per_booklet: int) -> tuple[int, ...]:
    """The starting booklet whose differences are the most even; the first of equals."""
    best, best_uneven = tuple(range(per_booklet)), np.inf
    ideal = per_booklet * (per_booklet - 1) / max(n_blocks - 1, 1)
    for tried, rest in enumerate(combinations(range(1, n_blocks), per_booklet - 1)):
        start = (0, *rest)
        counts = np.zeros(n_blocks)
        for one, other in combinations(start, 2):
            counts[(other - one) % n_blocks] += 1
            counts[(one - other) % n_blocks] += 1
        uneven = float(((counts[1:] - ideal) ** 2).sum())
        if uneven < best_uneven - 1e-9:
            best, best_uneven = start, uneven
        if abs(uneven - _least_uneven(n_blocks, per_booklet)) < 1e-9 or tried >= SEARCHED:
            break
    return best


def _least_uneven(n_blocks: int, per_booklet: int) -> float:
    """What no design can beat: all counts are the two whole numbers around the mean."""
    if n_blocks == 1:
        return 0.0
    total = per_booklet * (per_booklet - 1)
    low, more = divmod(total, n_blocks - 1)
    ideal = total / (n_blocks - 1)
    return (n_blocks - 1 - more) * (low - ideal) ** 2 + more * (low + 1 - ideal) ** 2


def _ordered(start: tuple[int, ...], n_blocks: int) -> tuple[int, ...]:
    """Of the orders of a small booklet, one in which neighbours differ by as many steps as possible."""
    if len({(b - a) % n_blocks for a, b in pairwise(start)}) == len(start) - 1:
        return start
    for turn in range(1, len(start)):
        turned = start[turn:] + start[:turn]
        if len({(b - a) % n_blocks for a, b in pairwise(turned)}) == len(start) - 1:
            return turned
    return start


def share_into_blocks(
    n_blocks: int, *, minutes: Floats, areas: Sequence[str], difficulties: Floats | None = None, seed: int = 0
) -> Ints:
    """Put tasks into blocks that are alike in time, content areas and difficulty.

    Tasks are dealt area by area in the order of difficulty, back and forth; then two tasks of one area change places as
    long as that evens the minutes and difficulties out.

    Parameters
    ----------
    n_blocks : int
        Blocks to fill, at least 1.
    minutes : ndarray of float64, shape (tasks,)
        Time that each task takes.
    areas : sequence of str
        Content area of each task.
    difficulties : ndarray of float64, shape (tasks,), optional
        Logits; NaN where they are not known.
    seed : int
        Settles who is dealt first among equals.

    Returns
    -------
    ndarray of int64, shape (tasks,)
        The block of each task.

    Raises
    ------
    Refusal
        Code ``too_few_items`` when there are fewer tasks than blocks.
    """
    n = minutes.shape[0]
    if n < n_blocks:
        raise Refusal(
            f"{n} tasks cannot fill {n_blocks} blocks. Add tasks or ask for fewer blocks.", code="too_few_items"
        )
    known = np.zeros(n) if difficulties is None else np.where(np.isfinite(difficulties), difficulties, 0.0)
    shuffled = np.random.Generator(np.random.PCG64(seed)).permutation(n)
    order = sorted(shuffled.tolist(), key=lambda j: (areas[j], known[j]))
    block_of = np.empty(n, np.int64)
    for place, j in enumerate(order):
        lap, step = divmod(place, n_blocks)
        block_of[j] = step if lap % 2 == 0 else n_blocks - 1 - step
    return _evened_out(block_of, n_blocks, minutes, known, areas)


def _evened_out(block_of: Ints, n_blocks: int, minutes: Floats, difficulties: Floats, areas: Sequence[str]) -> Ints:
    """Change places of pairs of one area while that lowers the unevenness of the blocks."""
    features = np.column_stack([minutes / max(float(minutes.mean()), 1e-9), difficulties])
    block_of = block_of.copy()
    sums = np.stack([np.bincount(block_of, f, minlength=n_blocks) for f in features.T], axis=1)
    for _ in range(50):
        swapped = False
        for one, other in combinations(range(len(areas)), 2):
            a, b = block_of[one], block_of[other]
            if a == b or areas[one] != areas[other]:
                continue
            change = features[other] - features[one]
            gain = -2.0 * float((change * (sums[a] - sums[b] + change)).sum())
            if gain > 1e-9:
                sums[a] += change
                sums[b] -= change
                block_of[one], block_of[other] = b, a
                swapped = True
        if not swapped:
            break
    return block_of


def deal_booklets(class_sizes: Sequence[int], n_booklets: int, *, seed: int) -> list[Ints]:
    """Which booklet each pupil of each class gets: in turn along the seats, each class starting elsewhere.

    Over all classes the booklets are used equally often (their numbers differ by at most one), and neighbours
    have different ones wherever there is more than one booklet.
    """
    start = int(np.random.Generator(np.random.PCG64(seed)).integers(n_booklets))
    dealt = []
    for size in class_sizes:
        dealt.append((start + np.arange(size, dtype=np.int64)) % n_booklets)
        start = (start + size) % n_booklets
    return dealt
