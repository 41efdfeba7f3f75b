"""Places of a programme spread over districts."""

from __future__ import annotations

from collections.abc import Mapping


def spread_places(total: int, candidates_by_district: Mapping[str, int], *, fewest: int) -> dict[str, int]:
    """Places of each district in proportion to its candidates, by largest remainder; each that has any gets ``fewest`` first.

    Parameters
    ----------
    total : int
        Places in all.
    candidates_by_district : mapping of str to int
        Schools that may be chosen.
    fewest : int
        Places that every district with enough candidates gets first.

    Returns
    -------
    dict of str to int
        No district gets more than it has candidates; equal remainders go to the lower code. Places may be left over when
        there are fewer candidates than places.

    Examples
    --------
    >>> spread_places(4, {"a": 6, "b": 2}, fewest=1)
    {'a': 3, 'b': 1}
    """
    known = {d: n for d, n in sorted(candidates_by_district.items()) if n > 0}
    given = dict.fromkeys(known, 0)
    left = min(total, sum(known.values()))
    for district, n in known.items():
        given[district] = min(fewest, n, left)
        left -= given[district]
    while left > 0:
        room = {d: n - given[d] for d, n in known.items() if n > given[d]}
        whole = sum(room.values())
        share = {d: left * n // whole for d, n in room.items()}
        rest = left - sum(share.values())
        by_remainder = sorted(room, key=lambda d: (-(left * room[d] % whole), d))
        for district in by_remainder[:rest]:
            share[district] += 1
        for district, n in share.items():
            given[district] += min(n, room[district])
        left = min(total, sum(known.values())) - sum(given.values())
    return given
