"""Who is asked, drawn by lot so that anybody can draw again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from tirek_engines.errors import BrokenContract


def draw(units: Sequence[str], *, size: int, seed: str, stratum: str) -> list[int]:
    """Simple random sample without replacement of one stratum (a school).

    Parameters
    ----------
    units : sequence of str
        Lasting codes of the persons or classes, each once. Their order does not matter.
    size : int
        How many are drawn; all of them when there are not more.
    seed : str
        Drawn before anybody knows the list.
    stratum : str
        The school's code: each school is drawn for itself.

    Returns
    -------
    list of int
        Places in `units` of those drawn, ascending.

    Notes
    -----
    Each unit gets the number SHA-256(seed | stratum | unit); the smallest numbers are drawn. This is the permanent random
    number method (Ohlsson 1995, in Business Survey Methods, ch. 9): it depends on no program's generator, and who leaves
    or joins later changes no one else's lot.

    >>> draw(["a", "b", "c", "d"], size=2, seed="2026", stratum="S1")
    [0, 1]
    """
    if size < 0:
        raise BrokenContract("size", size, "0 or more")
    if len(set(units)) != len(units):
        raise BrokenContract("units", "a unit that stands twice", "each unit once")
    lots = [(hashlib.sha256(f"{seed}|{stratum}|{unit}".encode()).digest(), place) for place, unit in enumerate(units)]
    return sorted(place for _lot, place in sorted(lots)[:size])
