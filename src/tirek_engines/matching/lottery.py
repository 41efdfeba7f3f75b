"""Ties are drawn: one number per family, that anybody can compute again once the seed is public."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from tirek_engines.errors import BrokenContract
from tirek_engines.matching.market import Ints


def lottery_numbers(seed: str, families: Sequence[str]) -> Ints:
    """Numbers of families: the first 60 bits of SHA-256 over seed, a line feed and the family's code, all UTF-8.

    Parameters
    ----------
    seed : str
        The published draw. The digest of the inputs is published before the seed is known.
    families : sequence of str
        Codes; a family's children share its number.

    Returns
    -------
    int array, shape (families,)
        0 … 2**60 - 1; lower goes first.

    Examples
    --------
    >>> lottery_numbers("Kazakhstan 2026-06-30", ["F-1", "F-2", "F-1"]).tolist()[0] == lottery_numbers(
    ...     "Kazakhstan 2026-06-30", ["F-1"]).tolist()[0]
    True
    """
    if not seed:
        raise BrokenContract("seed", "nothing", "the published draw")
    begun = hashlib.sha256(seed.encode() + b"\n")
    numbers = np.empty(len(families), np.int64)
    for at, family in enumerate(families):
        digest = begun.copy()
        digest.update(family.encode())
        numbers[at] = int.from_bytes(digest.digest()[:8], "big") >> 4
    return numbers
