"""What is looked at before money is paid. Each check points at lines for a person; none rejects by itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tirek_engines.preschool import _counting

Ints = NDArray[np.int64]
Masks = NDArray[np.uint32]
Marks = NDArray[np.bool_]

FEWEST_ALIKE = 5


def double_claims(children: Ints, days: Masks) -> Marks:
    """Lines that claim a day of a child which another line of the same child claims too.

    Parameters
    ----------
    children : int array, shape (lines,)
        The child of each line.
    days : uint32 array, shape (lines,)
        Days marked present.

    >>> double_claims(np.array([1, 2, 1]), np.array([0b11, 0b11, 0b10], np.uint32)).tolist()
    [True, False, True]
    """
    order = np.argsort(children, kind="stable")
    found: Marks = _counting.double_claims(children, order, days)
    return found


def over_capacity(groups: Ints, days: Masks, capacity: Ints) -> Masks:
    """Days on which a group had more children present than places.

    Parameters
    ----------
    groups : int array, shape (lines,)
        0 … groups - 1.
    days : uint32 array, shape (lines,)
        Days marked present.
    capacity : int array, shape (groups,)
        Places; -1 where it is not known.

    Returns
    -------
    uint32 array, shape (groups,)
    """
    order = np.argsort(groups, kind="stable")
    return np.asarray(_counting.most_at_once(groups, order, days, capacity), np.uint32)


def alike_in_a_group(groups: Ints, due: Masks, days: Masks, *, fewest: int = FEWEST_ALIKE) -> Marks:
    """Lines of a group in which all children were present on exactly the same days, and away on some of the same.

    A group in which everybody was there every day is told by `always_there`.

    Parameters
    ----------
    groups : int array, shape (lines,)
        The group of each line, 0 … groups - 1.
    due : uint32 array, shape (lines,)
        Working days of the contract.
    days : uint32 array, shape (lines,)
        Days marked present.
    fewest : int
        Smallest group that is looked at.

    >>> alike_in_a_group(np.zeros(5, int), np.full(5, 7, np.uint32), np.full(5, 5, np.uint32)).all()
    np.True_
    """
    size = int(groups.max(initial=-1)) + 1
    low, high = np.full(size, 2**32 - 1, np.uint32), np.zeros(size, np.uint32)
    np.minimum.at(low, groups, days)
    np.maximum.at(high, groups, days)
    away = np.zeros(size, np.uint32)
    np.bitwise_or.at(away, groups, due & ~days)
    alike = (low == high) & (high > 0) & (away > 0) & (np.bincount(groups, minlength=size) >= fewest)
    return np.asarray(alike[groups])


def always_there(enrolled: Masks, present: Masks, working: int, *, fewest_days: int = 15) -> Marks:
    """Lines with attendance on every working day of the contract, where these are many."""
    due = enrolled & np.uint32(working)
    return np.asarray((np.bitwise_count(due) >= fewest_days) & (present & due == due))


def outside(enrolled: Masks, marked: Masks, working: int) -> tuple[Masks, Masks]:
    """Marks on days without a contract, and marks on days that are not worked."""
    return np.asarray(marked & ~enrolled, np.uint32), np.asarray(marked & enrolled & ~np.uint32(working), np.uint32)
