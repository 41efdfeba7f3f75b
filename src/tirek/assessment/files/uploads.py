"""An uploaded file of answers as one table of texts, and what is wrong with it as a table.

The register's reader opens it; what would only be remarked there (a row too short, a column twice) is an error here:
a cell that is silently missing would count as a wrong answer.
"""

from __future__ import annotations

import polars as pl
from django.utils.translation import gettext as _

from tirek.registry.exchange.faults import ERROR, Faults
from tirek.registry.exchange.reading import read_upload
from tirek.storage.tables import Fault
from tirek.storage.uploads import UploadRefused

MOST_BYTES = 50_000_000
SPOILS_ROW, SPOILS_FILE = {"uneven_row", "cell_too_long"}, {"column_twice", "unreadable"}


class Unreadable(Exception):
    """Nothing in the file can be used; carries the faults."""

    def __init__(self, faults: list[Fault]):
        super().__init__(faults[0].what)
        self.faults = faults


def read_answers(content: bytes, name: str) -> tuple[pl.DataFrame, list[Fault], list[Fault]]:
    """The table, faults of single rows, and warnings. Raises `Unreadable` for a file that cannot be used."""
    faults = Faults()
    if len(content) > MOST_BYTES:
        raise Unreadable([_whole(name, _("The file is larger than 50 MB."), _("Split it by school or by district."))])
    try:
        tables = read_upload(name, content, faults)
    except UploadRefused as refused:
        raise Unreadable([_whole(name, refused.message, _("Use the template of this test."))]) from None
    found = faults.frame()
    spoils = found.filter(pl.col("code").is_in(list(SPOILS_FILE)))
    if spoils.height:
        raise Unreadable(as_faults(spoils))
    frame = next((table for table in tables.values() if table.height), None)
    if frame is None:
        raise Unreadable([_whole(name, _("It has a header and no rows."), _("Export it again with its rows."))])
    is_row = (pl.col("code").is_in(list(SPOILS_ROW)) | (pl.col("level") == ERROR)) & pl.col("row").is_not_null()
    return frame, as_faults(found.filter(is_row)), as_faults(found.filter(~is_row))


def as_faults(frame: pl.DataFrame) -> list[Fault]:
    columns = ("file", "row", "column", "value", "what", "what_to_do")
    return [Fault(*row) for row in frame.select(columns).iter_rows()]


def _whole(name: str, what: str, to_do: str) -> Fault:
    return Fault(name, None, "", "", what, to_do)
