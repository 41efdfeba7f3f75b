"""Chains of seals: each carries the digest of the one before it, so that changing an old one breaks all that follow.

The ledger and the audit seal what their tables hold. Here is what both check: does each seal follow from the one before,
and are the rows under it what they were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import polars as pl


class Link(Protocol):
    sha256: str
    previous_sha256: str


L = TypeVar("L", bound=Link)


def broken(
    seals: Iterable[L], digest: Callable[[L], str], follows: Callable[[L | None, L], bool]
) -> Iterator[tuple[L, bool]]:
    """Each seal, oldest first, and whether it is broken: changed itself, or what stands before it is not what stood there.

    ``digest`` computes a seal's digest again; ``follows`` says whether it begins where the one before ended.
    """
    before: L | None = None
    for seal in seals:
        previous = before.sha256 if before else ""
        yield seal, seal.previous_sha256 != previous or digest(seal) != seal.sha256 or not follows(before, seal)
        before = seal


TAKEN_OUT, PUT_IN, ALTERED = "taken out", "put in", "altered"


@dataclass(frozen=True)
class Changed:
    """A row that is not what was sealed; of an altered one also a column, and what it was and is."""

    what: str
    key: tuple
    column: str = ""
    before: Any = None
    after: Any = None


def changed_rows(was: pl.DataFrame, stands: pl.DataFrame, keys: Sequence[str], most: int) -> Iterator[Changed]:
    """Rows by their keys: gone, new, and column by column altered; of each at most so many."""
    if was.equals(stands):
        return
    gone = was.join(stands, on=keys, how="anti", nulls_equal=True)
    new = stands.join(was, on=keys, how="anti", nulls_equal=True)
    for frame, what in ((gone, TAKEN_OUT), (new, PUT_IN)):
        for key in frame.select(keys).head(most).iter_rows():
            yield Changed(what, key)
    both = was.join(stands, on=keys, how="inner", suffix="_now", nulls_equal=True)
    for column in (c for c in was.columns if c not in keys):
        other = both.filter(pl.col(column).ne_missing(pl.col(f"{column}_now")))
        for *key, before, after in other.select(*keys, column, f"{column}_now").head(most).iter_rows():
            yield Changed(ALTERED, tuple(key), column, before, after)
