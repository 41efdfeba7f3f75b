"""Marks of persons blanked until nobody stands out (k-anonymity; Sweeney 2002, Int. J. Uncertain. Fuzz. 10, 557-570)."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from tirek_engines.errors import BrokenContract

BLANK = ""


def blank_until(frame: pl.DataFrame, order: Sequence[str], *, k: int) -> tuple[pl.DataFrame, pl.Series]:
    """Blank marks, one column after the other, until every combination has `k` rows or more.

    Parameters
    ----------
    frame : polars.DataFrame
        Text columns named in `order`; others are left as they are.
    order : sequence of str
        The mark that is given up first stands first. Where one combination is too small, the mark is blanked in all rows
        that share the other marks: else the small one could be worked out from the rest.
    k : int
        Smallest number of rows with the same marks.

    Returns
    -------
    polars.DataFrame
        The same rows in the same order.
    polars.Series
        Of bool: rows that are still too few with every mark blank, and must be left out.
    """
    if k < 2:
        raise BrokenContract("k", k, "2 or more")
    found = frame.with_row_index("__row")
    for column in order:
        rest = [name for name in order if name != column]
        few = found.group_by(list(order)).len().filter(pl.col("len") < k)
        chosen = few.select(rest).unique().with_columns(pl.lit(True).alias("__few"))
        found = found.join(chosen, on=rest, how="left", maintain_order="left") if rest else found.with_columns(
            pl.lit(bool(few.height)).alias("__few")
        )  # fmt: skip
        hide = pl.col("__few").fill_null(False)
        found = found.with_columns(pl.when(hide).then(pl.lit(BLANK)).otherwise(pl.col(column)).alias(column)).drop(
            "__few"
        )
    counts = found.select(pl.len().over(list(order)).alias("n"))["n"]
    return found.sort("__row").drop("__row"), pl.Series("left_out", (counts < k).to_list(), dtype=pl.Boolean)
