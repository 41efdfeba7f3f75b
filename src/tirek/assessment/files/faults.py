"""The faults of a file as CSV, and the file itself with its faults marked."""

from __future__ import annotations

import polars as pl

from tirek.assessment.files.uploads import Unreadable, read_answers
from tirek.registry.exchange.faults import ERROR, SCHEMA, WARNING, faults_csv, marked_spreadsheet


def _frame(made) -> pl.DataFrame:
    rows = [
        [
            f["file"],
            f["row"],
            f["column"],
            f["value"],
            f["what"],
            f["what_to_do"],
            WARNING if f["warning"] else ERROR,
            "",
        ]
        for f in made.faults
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def as_csv(made) -> bytes:
    return faults_csv(_frame(made))


def marked(made) -> bytes:
    try:
        table, _rows, _warnings = read_answers(bytes(made.content), made.file_name)
    except Unreadable:
        return marked_spreadsheet({}, _frame(made))
    return marked_spreadsheet({made.file_name: table}, _frame(made))
