"""What is wrong with an upload: where, what, and what its sender can do. As rows, as CSV, and as a marked spreadsheet."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass, field

import polars as pl
from django.utils.translation import gettext as _

from tirek.storage.said import Said, again, kept_of
from tirek.storage.tables import safe, shown

ERROR, WARNING, NOTE = "error", "warning", "note"
SCHEMA = {
    "file": pl.String, "row": pl.Int64, "column": pl.String, "value": pl.String, "what": pl.String,
    "what_to_do": pl.String, "level": pl.String, "code": pl.String,
}  # fmt: skip
KEPT = SCHEMA | {"what_said": pl.String, "what_to_do_said": pl.String}  # as stored: both sentences can be said again
HEADING_ROW = 1
MAX_KEPT = 100_000
XLSX_CELL = 32_000


@dataclass
class Faults:
    """Collects faults by the column; a fault of a whole file has no row.

    Whoever sent the file knows its headings, not our names of fields: ``headings`` says the one by the other.
    """

    frames: list[pl.DataFrame] = field(default_factory=list)
    headings: dict[str, str] = field(default_factory=dict)

    def add(self, file, row, column, value, what, what_to_do, level=ERROR, code="") -> None:
        values = [file, row, self.headings.get(column, column), shown(value), str(what), str(what_to_do), level, code]
        again = [kept_of(what), kept_of(what_to_do)]
        self.frames.append(pl.DataFrame([values + again], schema=KEPT, orient="row"))

    def add_rows(
        self, rows: pl.DataFrame, column, what, what_to_do, *, value=None, level=ERROR, code="", file=None
    ) -> None:
        """One fault for each row of a frame that has ``_file`` and ``_row``; ``value`` names the column to show.

        Both sentences may be `OfRow`: then they say something of each row.
        """
        if not rows.height:
            return
        shown_value = pl.lit("") if value is None else _shown_expr(value)
        self.frames.append(
            rows.select(
                (pl.col("_file") if file is None else pl.lit(file)).cast(pl.String).alias("file"),
                pl.col("_row").cast(pl.Int64).alias("row"),
                pl.lit(self.headings.get(str(column), str(column))).alias("column"),
                shown_value.alias("value"),
                *_sentences(rows, "what", what),
                *_sentences(rows, "what_to_do", what_to_do),
                pl.lit(level).alias("level"),
                pl.lit(code).alias("code"),
            ).select(*KEPT)
        )

    def frame(self) -> pl.DataFrame:
        if not self.frames:
            return pl.DataFrame(schema=KEPT)
        return pl.concat(self.frames).sort("file", "row", nulls_last=False, maintain_order=True)

    def has_file_errors(self) -> bool:
        return any(((f["level"] == ERROR) & f["row"].is_null()).any() for f in self.frames)


@dataclass(frozen=True)
class OfRow:
    """A sentence with a value of each row: ``names`` says which column holds which. Rows without a value say ``otherwise``."""

    sentence: Said
    names: dict[str, str]
    otherwise: Said

    def of(self, row: dict) -> Said:
        values = {name: row[column] for name, column in self.names.items()}
        return self.otherwise if None in values.values() else self.sentence % values


def _sentences(rows: pl.DataFrame, name: str, words) -> list[pl.Expr | pl.Series]:
    """The sentence of each row, and what is stored of it."""
    if not isinstance(words, OfRow):
        words = words if isinstance(words, str) else str(words)
        return [pl.lit(str(words)).alias(name), pl.lit(kept_of(words), dtype=pl.String).alias(f"{name}_said")]
    each = [words.of(row) for row in rows.select(*words.names.values()).iter_rows(named=True)]
    return [
        pl.Series(name, [str(one) for one in each], dtype=pl.String),
        pl.Series(f"{name}_said", [kept_of(one) for one in each], dtype=pl.String),
    ]


def in_our_language(faults: pl.DataFrame) -> pl.DataFrame:
    """The table in the reader's language, whoever had the file checked."""
    for name in ("what", "what_to_do"):
        if f"{name}_said" in faults.columns:
            known = {text: again(text) for text in faults[f"{name}_said"].drop_nulls().unique().to_list()}
            ours = pl.col(f"{name}_said").replace_strict(known, default=None, return_dtype=pl.String)
            faults = faults.with_columns(pl.coalesce(ours, name).alias(name))
    return faults.select(*SCHEMA)


def _shown_expr(column: str) -> pl.Expr:
    text = pl.col(column).cast(pl.String)
    long = text.str.len_chars() > 60
    return (
        pl.when(long)
        .then(pl.concat_str(text.str.slice(0, 60), pl.lit("… ("), text.str.len_chars(), pl.lit(")")))
        .otherwise(text.fill_null(""))
    )


def faults_csv(faults: pl.DataFrame, *, bom: bool = False) -> bytes:
    """The table of faults that every command promises: file, row, column, value, what, what_to_do (more may follow)."""
    import csv

    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(SCHEMA)
    writer.writerows([safe(cell) for cell in row] for row in faults.select(*SCHEMA).iter_rows())
    return (b"\xef\xbb\xbf" if bom else b"") + buffer.getvalue().encode()


def marked_spreadsheet(tables: dict[str, pl.DataFrame], faults: pl.DataFrame) -> bytes:
    """The upload as a spreadsheet, a sheet a file: faulty cells are coloured and say what is wrong.

    Only rows with faults are given when a table is longer than a sheet may be.
    """
    import xlsxwriter

    buffer = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(buffer, options) as book:
        styles = {
            ERROR: book.add_format({"bg_color": "#ffc7c2", "border": 1}),
            WARNING: book.add_format({"bg_color": "#fff0b3", "border": 1}),
        }
        heading = book.add_format({"bold": True})
        _fault_list(book, faults, heading)
        for name, table in tables.items():
            mine = faults.filter(pl.col("file") == name)
            _marked_sheet(book, name, table, mine, styles, heading)
    return buffer.getvalue()


def _fault_list(book, faults: pl.DataFrame, heading) -> None:
    """All faults on the first sheet, in the reader's words."""
    columns = {
        "file": _("File"), "row": _("Row"), "column": _("Column"), "value": _("Value"), "what": _("What is wrong"),
        "what_to_do": _("What to do"), "level": _("Level"),
    }  # fmt: skip
    levels = {ERROR: _("error"), WARNING: _("warning"), NOTE: _("note")}
    sheet = book.add_worksheet(_("Faults"))
    sheet.write_row(0, 0, list(columns.values()), heading)
    told = faults.head(MAX_KEPT).select(*columns).with_columns(pl.col("level").replace(levels))
    for place, row in enumerate(told.iter_rows(), start=1):
        for column, value in enumerate(row):
            _write(sheet, place, column, value)
    for column, width in enumerate((18, 6, 20, 20, 50, 50, 12)):
        sheet.set_column(column, column, width)
    sheet.freeze_panes(1, 0)


def _marked_sheet(book, name: str, table: pl.DataFrame, faults: pl.DataFrame, styles, heading) -> None:
    marks = _marks(faults)
    if table.height > MAX_KEPT:
        table = table.filter(pl.col("_row").is_in([row for row, _column in marks]))
    sheet = book.add_worksheet(_sheet_name(book, name))
    columns = [column for column in table.columns if not column.startswith("_")]
    sheet.write(0, 0, "row", heading)
    sheet.write_row(0, 1, columns, heading)
    for place, values in enumerate(table.select("_row", *columns).iter_rows(), start=1):
        sheet.write_number(place, 0, values[0])
        for column, value in enumerate(values[1:], start=1):
            mark = marks.get((values[0], columns[column - 1]))
            _write(sheet, place, column, value, styles.get(mark[0]) if mark else None)
            if mark:
                sheet.write_comment(place, column, mark[1], {"x_scale": 2})
        whole = marks.get((values[0], ""))
        if whole:
            sheet.write_comment(place, 0, whole[1], {"x_scale": 2})
    sheet.freeze_panes(1, 1)


def _marks(faults: pl.DataFrame) -> dict[tuple[int, str], tuple[str, str]]:
    marks: dict[tuple[int, str], tuple[str, str]] = {}
    for row in faults.filter(pl.col("row").is_not_null()).head(MAX_KEPT).iter_rows(named=True):
        place = (row["row"], row["column"])
        before = marks.get(place)
        text = f"{row['what']} {row['what_to_do']}"
        level = ERROR if ERROR in (row["level"], before[0] if before else "") else WARNING
        marks[place] = (level, f"{before[1]}\n{text}" if before else text)
    return marks


def _sheet_name(book, name: str) -> str:
    base = "".join(c for c in name if c not in "[]:*?/\\'")[:28] or "table"
    taken = {sheet.get_name().lower() for sheet in book.worksheets()}
    return next(n for n in (base, *(f"{base}{i}" for i in range(2, 100))) if n.lower() not in taken)


def _write(sheet, row: int, column: int, value, style=None) -> None:
    if value is None:
        sheet.write_blank(row, column, None, style)
    elif isinstance(value, bool | int | float):
        sheet.write(row, column, value, style)
    else:
        sheet.write_string(row, column, str(value)[:XLSX_CELL], style)


def count(faults: pl.DataFrame) -> dict[str, int]:
    """How many faults of each level, how many rows have an error, and how many errors are of a heading or a whole file."""
    by_level = dict(faults.group_by("level").len().iter_rows())
    errors = faults.filter(pl.col("level") == ERROR)
    of_rows = errors.filter(is_of_a_row())
    return {
        "errors": errors.height,
        "warnings": by_level.get(WARNING, 0),
        "faulty_rows": of_rows.select("file", "row").unique().height,
        "heading_errors": errors.height - of_rows.height,
    }


def is_of_a_row() -> pl.Expr:
    """Not of the heading, which is row 1, nor of the file, nor of a package's manifest, whose lines are no rows of ours."""
    is_manifest = pl.col("file").str.ends_with("manifest.csv")
    return (pl.col("row") > HEADING_ROW).fill_null(False) & ~is_manifest


def faulty_rows(faults: pl.DataFrame, file: str) -> Iterable[int]:
    return faults.filter((pl.col("file") == file) & (pl.col("level") == ERROR) & pl.col("row").is_not_null())["row"]
