"""Uploads as tables of text: CSV in any usual encoding and separator, XLSX, Parquet, GeoJSON. Nothing is guessed silently.

A table keeps every cell as text, with ``_file`` and ``_row`` (as a spreadsheet counts: the header is row 1).
"""

from __future__ import annotations

import csv
import io
import json
import re

import polars as pl

from tirek.registry.exchange.faults import ERROR, NOTE, WARNING, Faults
from tirek.storage.said import nsaid as ngettext
from tirek.storage.said import said as _
from tirek.storage.uploads import UploadRefused, looks_like, open_archive

MAX_CELL = 32_767  # what a spreadsheet's cell may hold; longer is no name, number or date
MAX_COLUMNS = 1_000
LOOKS_LIKE_DATA = re.compile(r"\d{11,12}$|\d{4}-\d\d-\d\d$|\d\d\.\d\d\.\d{4}$")
MISSING = {"", "NA", "NULL", "null", "None", "#N/A"}


def read_upload(name: str, data: bytes, faults: Faults) -> dict[str, pl.DataFrame]:
    """Tables of an upload by file name. Raises `UploadRefused` when there is nothing to be read at all."""
    kind = looks_like(data)
    if not data.strip():
        raise UploadRefused(_("The file is empty. Export it again."), code="empty")
    if kind == "xlsx":
        return _read_xlsx(name, data, faults)
    if kind == "zip":
        return _read_archive(open_archive(data), faults)
    if kind == "broken zip":
        raise UploadRefused(_("The file is damaged or was cut off. Send the whole file again."), code="broken_zip")
    if kind == "parquet":
        return {name: _read_parquet(name, data)}
    if kind == "json":
        return {name: read_geojson(name, data, faults)}
    if kind != "text":
        raise UploadRefused(
            _("A file of the kind %(kind)s cannot be read. Send CSV, XLSX, Parquet, GeoJSON or a zip of CSV files.")
            % {"kind": kind},
            code="wrong_kind",
        )
    return {name: read_csv(name, data, faults)}


def _read_archive(contents: dict[str, bytes], faults: Faults) -> dict[str, pl.DataFrame]:
    tables = {n: t for n, d in contents.items() if (t := _read_entry(n, d, faults)) is not None}
    if not tables:
        raise UploadRefused(
            _("The archive holds no table: none of its files is a .csv with rows. Look whether it is the right one."),
            code="no_table",
        )
    return tables


def _read_entry(name: str, data: bytes, faults: Faults) -> pl.DataFrame | None:
    short = name.rsplit("/", 1)[-1]
    if short.startswith(".") or name.startswith("__MACOSX/"):
        return None
    if not short.lower().endswith(".csv"):
        faults.add(name, None, "", "", _("This file is not read: only .csv is."), _("Leave it out."), NOTE, "not_csv")
        return None
    if not data.strip():
        faults.add(name, None, "", "", _("The file is empty."), _("Leave it out or export it again."), WARNING, "empty")
        return None
    return read_csv(name, data, faults)


def decode(name: str, data: bytes, faults: Faults) -> str:
    """Text of the bytes: UTF-8 (with or without a mark), UTF-16 with a mark, else Windows-1251 with a warning."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        faults.add(name, None, "", "UTF-16", _("The file was read as UTF-16."), _("Save it as UTF-8."), NOTE, "utf16")
        return data.decode("utf-16", errors="replace")
    data = data.removeprefix(b"\xef\xbb\xbf")
    if b"\x00" in data[:1_000_000]:
        raise UploadRefused(_("It holds zero bytes, so it is not a text file. Export it as CSV."), code="binary")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        faults.add(
            name, None, "", "cp1251", _("The file is not UTF-8; it was read as Windows-1251."),
            _("Check the names with Kazakh letters: Windows-1251 has none. Save it as UTF-8."), WARNING, "cp1251",
        )  # fmt: skip
        return data.decode("cp1251", errors="replace")


def read_csv(name: str, data: bytes, faults: Faults) -> pl.DataFrame:
    """A CSV file with comma, semicolon or tab."""
    text = decode(name, data, faults)
    separator = _separator(text)
    header, body_at = _header(text, separator)
    names = _column_names(name, header, faults)
    fast = _read_fast(text, separator, names) if '"' not in text[:body_at] else None
    frame = fast if fast is not None else _read_slowly(name, text, separator, names, faults)
    return _finish(name, frame, faults)


def _separator(text: str) -> str:
    line = text.split("\n", 1)[0]
    outside = "".join(line.split('"')[::2])
    return max(",;\t", key=outside.count)


def _header(text: str, separator: str) -> tuple[list[str], int]:
    csv.field_size_limit(1 << 30)
    line = text.split("\n", 1)[0]
    return next(csv.reader([line.rstrip("\r")], delimiter=separator), []), len(line) + 1


def _column_names(name: str, header: list[str], faults: Faults) -> list[str]:
    if len(header) > MAX_COLUMNS:
        raise UploadRefused(
            _("The table has more columns than any table of ours. Check the separator."), code="columns"
        )
    names: list[str] = []
    for place, raw in enumerate(header, start=1):
        clean = raw.strip().strip("\ufeff")
        if not clean:
            names.append(f"_unnamed_{place}")
        elif clean in names:
            faults.add(
                name, 1, clean, clean, _("Two columns have this name; the second is not read."), _("Rename one."),
                WARNING, "column_twice",
            )  # fmt: skip
            names.append(f"_twice_{place}")
        else:
            names.append(clean)
    data = next((n for n in names if LOOKS_LIKE_DATA.match(n)), None)
    if data:
        faults.add(
            name, 1, "", data, _("The first row seems to hold data, not the names of columns."),
            _("Put a row with the names of the columns first."), WARNING, "no_heading",
        )  # fmt: skip
    unnamed = sum(n.startswith("_unnamed_") for n in names)
    if unnamed:
        faults.add(
            name, 1, "", "",
            ngettext(
                "%(n)d column has no name and is not read.", "%(n)d columns have no name and are not read.", unnamed
            ) % {"n": unnamed},
            _("Delete the empty columns at the end."), WARNING, "unnamed_columns",
        )  # fmt: skip
    return names


def _read_fast(text: str, separator: str, names: list[str]) -> pl.DataFrame | None:
    """Polars, when every row has as many cells as the header; else None, and rows are looked at one by one."""
    if text.count("\n") < 2000:
        return None
    try:
        frame = pl.read_csv(
            io.BytesIO(text.encode()), separator=separator, has_header=False, skip_rows=1, new_columns=names,
            infer_schema=False, truncate_ragged_lines=False, raise_if_empty=False,
        )  # fmt: skip
    except (pl.exceptions.PolarsError, ValueError):
        return None
    if frame.width != len(names) or frame.height != text.count("\n") - (1 if text.endswith("\n") else 0):
        return None
    return frame.with_row_index("_row", offset=2)


def _read_slowly(name: str, text: str, separator: str, names: list[str], faults: Faults) -> pl.DataFrame:
    csv.field_size_limit(1 << 30)
    rows: list[list[str]] = []
    numbers: list[int] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        for place, cells in enumerate(reader, start=1):
            if place == 1 or not any(cell.strip() for cell in cells):
                continue
            rows.append(_fit(name, place, cells, names, separator, faults))
            numbers.append(place)
    except csv.Error as error:
        faults.add(name, place + 1, "", "", _("The file cannot be read further: %(why)s.") % {"why": error},
                   _("Check the quotation marks."), ERROR, "unreadable")  # fmt: skip
    columns = {n: [row[i] for row in rows] for i, n in enumerate(names)}
    schema = dict.fromkeys(names, pl.String)
    return pl.DataFrame(columns, schema=schema).with_columns(pl.Series("_row", numbers, dtype=pl.UInt32))


def _fit(name: str, place: int, cells: list[str], names: list[str], separator: str, faults: Faults) -> list[str]:
    extra = [cell for cell in cells[len(names) :] if cell.strip()]
    missing = len(names) - len(cells)
    named_missing = [n for n in names[len(cells) :] if not n.startswith("_")] if missing > 0 else []
    if extra or named_missing:
        level = ERROR if extra else WARNING
        faults.add(
            name, place, "", separator.join(extra),
            _("The row has %(cells)d cells, the header %(width)d.") % {"cells": len(cells), "width": len(names)},
            _("Check the row for a missing or extra separator."), level, "uneven_row",
        )  # fmt: skip
    return (cells + [""] * missing)[: len(names)] if missing > 0 else cells[: len(names)]


def _finish(name: str, frame: pl.DataFrame, faults: Faults) -> pl.DataFrame:
    columns = [c for c in frame.columns if c == "_row" or not c.startswith("_")]
    frame = frame.select(columns).with_columns(pl.lit(name).alias("_file"))
    text = [c for c in columns if c != "_row"]
    for column in text:
        long = frame.filter(pl.col(column).str.len_chars() > MAX_CELL)
        faults.add_rows(
            long, column, _("The cell holds more text than a cell may."), _("Look what was pasted here."),
            value=column, code="cell_too_long",
        )  # fmt: skip
    strip = [pl.col(c).str.slice(0, MAX_CELL).str.strip_chars() for c in text]
    return frame.with_columns(strip).with_columns(
        pl.when(pl.col(c).is_in(MISSING)).then(None).otherwise(pl.col(c)).alias(c) for c in text
    )


def _read_parquet(name: str, data: bytes) -> pl.DataFrame:
    try:
        frame = pl.read_parquet(io.BytesIO(data))
    except (pl.exceptions.PolarsError, OSError):
        raise UploadRefused(_("The Parquet file is damaged. Write it again."), code="broken_parquet") from None
    text = frame.select(
        (pl.col(c).dt.strftime("%Y-%m-%d") if frame.schema[c] == pl.Date else pl.col(c).cast(pl.String, strict=False))
        for c in frame.columns
        if not c.startswith("_") and not frame.schema[c].is_nested()
    )
    return text.with_row_index("_row", offset=2).with_columns(pl.lit(name).alias("_file"))


def _read_xlsx(name: str, data: bytes, faults: Faults) -> dict[str, pl.DataFrame]:
    import python_calamine

    open_archive(data)  # the same limits: a spreadsheet is a zip
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = {sheet: book.get_sheet_by_name(sheet).to_python() for sheet in book.sheet_names}
    except Exception:  # calamine raises several unrelated kinds, panics included
        raise UploadRefused(
            _("The spreadsheet is damaged or was cut off. Send it again."), code="broken_xlsx"
        ) from None
    filled = {s: rows for s, rows in sheets.items() if any(any(str(c).strip() for c in row) for row in rows)}
    if not filled:
        raise UploadRefused(_("The spreadsheet is empty."), code="empty")
    tables = {}
    for sheet, rows in filled.items():
        label = name if len(filled) == 1 else f"{name}/{sheet}"
        tables[label] = _table_of_cells(label, rows, faults)
    return tables


def _table_of_cells(name: str, rows: list[list], faults: Faults) -> pl.DataFrame:
    top = next(i for i, row in enumerate(rows) if any(str(c).strip() for c in row))
    names = _column_names(name, [_cell_text(c) for c in rows[top]], faults)
    body = [(i + 1, row) for i, row in enumerate(rows) if i > top and any(str(c).strip() for c in row)]
    columns = {n: [_cell_text(row[i]) if i < len(row) else "" for _n, row in body] for i, n in enumerate(names)}
    frame = pl.DataFrame(columns, schema=dict.fromkeys(names, pl.String))
    return _finish(name, frame.with_columns(pl.Series("_row", [n for n, _r in body], dtype=pl.UInt32)), faults)


def _cell_text(value) -> str:
    """A spreadsheet's cell as text: whole numbers without .0, dates as ISO, a formula's result as it stands."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if hasattr(value, "isoformat"):
        return value.isoformat()[:10] if len(value.isoformat()) >= 10 else value.isoformat()
    return str(value)


def read_geojson(name: str, data: bytes, faults: Faults) -> pl.DataFrame:
    """Points of a FeatureCollection: properties as columns, with longitude and latitude."""
    try:
        collection = json.loads(data.decode("utf-8-sig"))
        features = list(collection["features"])
    except (ValueError, KeyError, TypeError):
        raise UploadRefused(_("This is not a GeoJSON FeatureCollection."), code="not_geojson") from None
    rows = []
    for place, feature in enumerate(features, start=2):
        feature = feature if isinstance(feature, dict) else {}
        geometry = feature["geometry"] if isinstance(feature.get("geometry"), dict) else {}
        coordinates = geometry.get("coordinates")
        if geometry.get("type") != "Point" or not isinstance(coordinates, list) or len(coordinates) < 2:
            faults.add(name, place, "geometry", geometry.get("type"), _("Only points are read."),
                       _("Send one point for each place."), ERROR, "not_a_point")  # fmt: skip
            continue
        properties = {k: _cell_text(v) for k, v in ((feature.get("properties") or {}).items()) if v is not None}
        lon, lat = coordinates[:2]
        if feature.get("id") is not None:
            properties.setdefault("id", str(feature["id"]))
        rows.append(properties | {"longitude": str(lon), "latitude": str(lat), "_row": place})
    frame = (
        pl.DataFrame(rows, infer_schema_length=None) if rows else pl.DataFrame({"_row": []}, schema={"_row": pl.UInt32})
    )
    return _finish(name, frame.with_columns(pl.col("_row").cast(pl.UInt32)), faults)
