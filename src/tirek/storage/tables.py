"""Tables in and out of files: CSV (UTF-8; comma, semicolon or tab) and Parquet. No Django, no database.

What is wrong with a file is said as a list of faults, each with file, row, column, value, what is wrong and what to do.
Rows are counted as a spreadsheet shows them: the header is row 1.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import polars as pl

from tirek_engines.errors import Refusal

MISSING_TEXTS = ["", "NA"]
SHOWN_LENGTH = 60
MAX_FAULTS = 1000


@dataclass(frozen=True)
class Fault:
    """One thing wrong with an input, and what its owner can do about it."""

    file: str
    row: int | None
    column: str
    value: str
    what: str
    what_to_do: str


class BadTable(Refusal):
    """A file cannot be used as it is; carries all faults found (at most `MAX_FAULTS`, with their true number)."""

    code = "bad_input"

    def __init__(self, faults: Sequence[Fault], total: int | None = None) -> None:
        self.faults = tuple(faults[:MAX_FAULTS])
        self.total = len(faults) if total is None else total
        first = faults[0]
        place = f" row {first.row}" if first.row else ""
        column = f" column {first.column}" if first.column else ""
        more = f" ({self.total - 1} more)" if self.total > 1 else ""
        super().__init__(f"{first.file}{place}{column}: {first.what} {first.what_to_do}{more}", n=self.total)


def shown(value: object) -> str:
    """A value short enough for a message."""
    text = "" if value is None else str(value)
    return text if len(text) <= SHOWN_LENGTH else f"{text[:SHOWN_LENGTH]}… ({len(text):,} characters)"


class Faults:
    """Collects what is wrong; keeps the first `MAX_FAULTS` and counts the rest."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[Fault] = []
        self.total = 0

    def add(self, row: int | None, column: str, value: object, what: str, to_do: str) -> None:
        """Note one fault; `row` counts the header as row 1."""
        self.total += 1
        if len(self.found) < MAX_FAULTS:
            self.found.append(Fault(self.file, row, column, shown(value), what, to_do))

    def raise_if_any(self) -> None:
        """Refuse the file if anything is wrong."""
        if self.found:
            raise BadTable(self.found, self.total)


def read_table(path: Path, text_columns: Iterable[str] = ()) -> pl.DataFrame:
    """Read a CSV or Parquet file; `text_columns` keep leading zeros.

    Empty cells and NA are null. Raises `BadTable` when the file is missing, empty, not UTF-8, or not a table.
    """
    if path.is_dir():
        raise BadTable([Fault(str(path), None, "", "", "It is a folder, not a file.", "Name the file in it.")])
    if not path.is_file():
        raise _whole(path, "The file does not exist.", "Check its name and folder.")
    if path.suffix.lower() == ".parquet":
        return _read_parquet(path, set(text_columns))
    if path.suffix.lower() not in (".csv", ".txt"):
        raise _whole(path, f"Files ending in {path.suffix or 'nothing'} are not read.", "Use .csv or .parquet.")
    return _read_csv(path, set(text_columns))


def _whole(path: Path, what: str, to_do: str, row: int | None = None, value: object = "") -> BadTable:
    return BadTable([Fault(path.name, row, "", shown(value), what, to_do)])


def _read_parquet(path: Path, text_columns: set[str]) -> pl.DataFrame:
    try:
        frame = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _whole(path, f"It is not a Parquet file: {shown(error)}.", "Write it again.") from None
    labels = pl.selectors.by_dtype(pl.Categorical, pl.Enum)
    frame = frame.with_columns(labels.cast(pl.String))
    return frame.with_columns(pl.col(c).cast(pl.String) for c in frame.columns if c in text_columns)


def _read_csv(path: Path, text_columns: set[str]) -> pl.DataFrame:
    data = _utf8(path)
    separator = _separator(data)
    names = _header(path, data, separator)
    _even_rows(path, data, separator, len(names))
    schema = {name: pl.String for name in names if name in text_columns}
    for infer in (10_000, 0):
        try:
            frame = pl.read_csv(
                io.BytesIO(data),
                separator=separator,
                new_columns=names,
                has_header=False,
                skip_rows=1,
                null_values=MISSING_TEXTS,
                infer_schema_length=infer,
                schema_overrides=schema,
            )
            break
        except pl.exceptions.NoDataError:
            raise _whole(path, "It has a header and no rows.", "Export it again with its rows.") from None
        except pl.exceptions.PolarsError as error:
            failure = shown(error)
    else:
        raise _whole(path, f"It cannot be read as a table: {failure}.", "Save it as CSV again.")
    return frame


def _utf8(path: Path) -> bytes:
    data = path.read_bytes()
    if not data.strip():
        raise _whole(path, "The file is empty.", "Export it again.")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise _whole(path, "It is UTF-16, not UTF-8.", "Save it as CSV UTF-8.", 1)
    data = data.removeprefix(b"\xef\xbb\xbf")
    if b"\x00" in data:
        row = data.count(b"\n", 0, data.index(b"\x00")) + 1
        raise _whole(path, "It holds a zero byte, so it is not a text file.", "Export it as CSV.", row)
    try:
        if not data.isascii():
            data.decode("utf-8")
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        what = f"It is not UTF-8 (byte 0x{data[error.start]:02X})."
        raise _whole(path, what, _encoding_advice(data, error.start), row) from None
    return data


def _encoding_advice(data: bytes, place: int) -> str:
    near = data[max(0, place - 20) : place + 20].decode("cp1251", errors="ignore")
    cyrillic = sum("а" <= c.lower() <= "я" for c in near)
    if cyrillic >= 2:
        return f"It looks like Windows-1251 (“{shown(near.strip())}”): save it as CSV UTF-8."
    return "Save it as CSV UTF-8."


def _first_line(data: bytes) -> bytes:
    return data.split(b"\n", 1)[0].rstrip(b"\r")


def _separator(data: bytes) -> str:
    outside = b"".join(_first_line(data).split(b'"')[::2]).decode("utf-8")
    return max(",;\t", key=outside.count)


def _header(path: Path, data: bytes, separator: str) -> list[str]:
    if b"\r" in data and b"\n" not in data:
        raise _whole(path, "Its lines end in the old Macintosh way.", "Save it as CSV UTF-8.")
    try:
        names = next(csv.reader([_first_line(data).decode("utf-8")], delimiter=separator))
    except csv.Error as error:
        raise _whole(path, f"The header cannot be read: {error}.", "Check its quotation marks.", 1) from None
    names = [name.strip() or f"column {place}" for place, name in enumerate(names, start=1)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        faults = [Fault(path.name, 1, n, n, "Two columns have this name.", "Rename one.") for n in twice]
        raise BadTable(faults)
    return names


def _even_rows(path: Path, data: bytes, separator: str, width: int) -> None:
    """Every row must have as many cells as the header; a short row would silently become missing answers."""
    start = data.find(b"\n") + 1
    if start == 0 or not data[start:].strip():
        raise _whole(path, "It has a header and no rows.", "Export it again with its rows.")
    if b'"' in data[start:]:
        _quotes_close(path, data, start, separator)
        uneven = _uneven_quoted
    else:
        uneven = _uneven_plain
    mark = "tab" if separator == "\t" else f"“{separator}”"
    faults = [
        Fault(
            path.name,
            row,
            "",
            "",
            f"The row has {cells} cells, the header {width}.",
            f"Check the row for a missing or extra {mark}.",
        )
        for row, cells in uneven(data, start, separator, width)
    ]
    if faults:
        raise BadTable(faults)


def _quotes_close(path: Path, data: bytes, start: int, separator: str) -> None:
    """A quotation mark that never closes swallows all rows after it: say in which row it stands."""
    csv.field_size_limit(2**31 - 1)
    reader = csv.reader(io.StringIO(data[start:].decode("utf-8"), newline=""), delimiter=separator, strict=True)
    row = 2
    try:
        for _ in reader:
            row = reader.line_num + 2
    except csv.Error as error:
        what = f"A quotation mark opens in this row and is not closed as it should be ({error})."
        raise _whole(path, what, "Close it, or double a quotation mark that belongs to the text.", row) from None


def _uneven_plain(data: bytes, start: int, separator: str, width: int) -> list[tuple[int, int]]:
    mark = separator.encode()
    lines = data[start:].split(b"\n")
    wrong = []
    for row, line in enumerate(lines, start=2):
        cells = line.count(mark) + 1
        if cells != width and line.strip():
            wrong.append((row, cells))
    return wrong


def _uneven_quoted(data: bytes, start: int, separator: str, width: int) -> list[tuple[int, int]]:
    csv.field_size_limit(2**31 - 1)
    reader = csv.reader(io.StringIO(data[start:].decode("utf-8"), newline=""), delimiter=separator)
    return [(reader.line_num + 1, len(cells)) for cells in reader if cells and len(cells) != width]


def write_csv(path: Path, frame: pl.DataFrame) -> None:
    """Write UTF-8 CSV; NaN and null are empty cells; the shortest digits that give the same number back."""
    frame.with_columns(pl.selectors.float().fill_nan(None)).write_csv(path)


def write_faults(path: Path, faults: Sequence[Fault]) -> None:
    """Write the table of faults promised by every command."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([field.name for field in fields(Fault)])
        writer.writerows([safe(cell) for cell in astuple(fault)] for fault in faults)


def safe(cell: object) -> object:
    """A cell that a spreadsheet will not run as a formula."""
    if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") and not _is_number(cell):
        return f"'{cell}"
    return cell


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
