"""Marks of persons blanked until nobody stands out (k-anonymity; Sweeney 2002, Int. J. Uncertain. Fuzz. 10, 557-570)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tirek_engines.errors import BrokenContract

Texts = NDArray[np.str_]
Bools = NDArray[np.bool_]

BLANK = ""


def blank_until(marks: Mapping[str, Texts], *, k: int) -> tuple[dict[str, Texts], Bools]:
    """Blank marks, one column after the other, until every combination has `k` rows or more.

    Parameters
    ----------
    marks : mapping of str to ndarray of str, shape (persons,)
        What is told of the persons. The mark that is given up first stands first. Where one combination is too small, the
        mark is blanked in all rows that share the other marks: else the small one could be worked out from the rest.
    k : int
        Smallest number of rows with the same marks.

    Returns
    -------
    marks : dict of str to ndarray of str, shape (persons,)
    left_out : ndarray of bool, shape (persons,)
        Rows that are still too few with every mark blank, and must be left out.
    """
    if k < 2:
        raise BrokenContract("k", k, "2 or more")
    found = {name: np.array(values, dtype=np.str_) for name, values in marks.items()}
    for name in found:
        few = _counts(list(found.values())) < k
        rest = _numbers([values for other, values in found.items() if other != name], few.shape[0])
        hide = np.isin(rest, rest[few])
        found[name] = np.where(hide, BLANK, found[name])
    return found, _counts(list(found.values())) < k


def _numbers(columns: list[Texts], n: int) -> NDArray[np.int64]:
    """One number for each different combination."""
    numbers = np.zeros(n, np.int64)
    for values in columns:
        _, codes = np.unique(values, return_inverse=True)
        _, numbers = np.unique(numbers * (codes.max(initial=0) + 1) + codes, return_inverse=True)
    return np.asarray(numbers, dtype=np.int64)


def _counts(columns: list[Texts]) -> NDArray[np.int64]:
    """How many rows share each row's combination."""
    numbers = _numbers(columns, columns[0].shape[0])
    return np.bincount(numbers)[numbers] if numbers.size else numbers
