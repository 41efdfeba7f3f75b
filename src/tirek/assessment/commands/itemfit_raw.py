"""Read the options that persons chose, and the key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tirek.assessment.commands.answers import Faults
from tirek.storage.tables import BadTable, Fault, read_table, shown

NO_KEY = ("", "-", "—")
LETTERS = "ABCDEFGHIJ"


@dataclass(frozen=True)
class RawOptions:
    """Options in the order of the persons, the items that have them, and the key."""

    options: NDArray[np.object_]
    items: tuple[str, ...]
    keys: dict[str, str]
    notes: tuple[str, ...]

    @property
    def numbers(self) -> NDArray[np.uint8]:
        """Each option by its number within the item, 255 for none."""
        found = np.full(self.options.shape, 255, np.uint8)
        for j in range(len(self.items)):
            column = self.options[:, j]
            names = sorted({c for c in column.tolist() if c is not None})
            for number, name in enumerate(names[:255]):
                found[np.array([c == name for c in column], dtype=bool), j] = number
        return found


def read_raw(
    path: Path, key: Path | None, ids: Sequence[str], id_column: str | None, items: Sequence[str], missing: str | None
) -> RawOptions:
    """Read the options of the items that both files have; rows are matched by id, or by their order without one."""
    header = read_table(path).columns
    frame = read_table(path, text_columns=header)
    shared = [name for name in items if name in frame.columns]
    if not shared:
        what = "No column is an item of the answers."
        raise BadTable([Fault(path.name, 1, "", shown(", ".join(header)), what, f"Items: {shown(', '.join(items))}.")])
    codes = {c.strip() for c in (missing or "").split(",") if c.strip()}
    rows = _rows(path, frame, ids, id_column)
    options = np.full((len(ids), len(shared)), None, dtype=object)
    for j, name in enumerate(shared):
        column = [None if v is None or v.strip() == "" or v.strip() in codes else v.strip() for v in frame[name]]
        options[:, j] = [column[r] if r >= 0 else None for r in rows]
    notes = []
    if (lost := sum(r < 0 for r in rows)) > 0:
        notes.append(f"{lost} of {len(ids)} persons are not in {path.name}.")
    if len(shared) < len(items):
        notes.append(f"{len(items) - len(shared)} of {len(items)} items have no column in {path.name}.")
    keys = {} if key is None else _fitted_keys(_read_keys(key, header), options, shared)
    return RawOptions(options, tuple(shared), keys, tuple(notes))


def _rows(path: Path, frame: pl.DataFrame, ids: Sequence[str], id_column: str | None) -> list[int]:
    """The row of each person in the table of options; -1 where there is none."""
    if id_column and id_column in frame.columns:
        faults = Faults(path.name)
        place: dict[str, int] = {}
        for row, value in enumerate(frame[id_column].to_list()):
            if value in place:
                faults.add(row + 2, id_column, value, "The id stands twice.", "Remove one of the rows.")
            elif value is not None:
                place[value] = row
        faults.raise_if_any()
        return [place.get(i, -1) for i in ids]
    if frame.height != len(ids):
        what = f"It has {frame.height} rows, the answers have {len(ids)}, and no column of ids tells which is whose."
        raise BadTable([Fault(path.name, None, "", "", what, "Give both files the column of --id.")])
    return list(range(frame.height))


def _read_keys(path: Path, header: list[str]) -> dict[str, str]:
    """Item to key: from a table with columns item and key, or from one line with a key for each column."""
    if not path.is_file():
        raise BadTable([Fault(path.name, None, "", "", "The file does not exist.", "Check its name and folder.")])
    text = path.read_text(encoding="utf-8-sig").strip()
    first, *others = text.splitlines() or [""]
    if not others:
        keys = [k.strip().strip('"') for k in first.replace(";", ",").split(",")]
        if len(keys) != len(header):
            what = f"The line has {len(keys)} keys, the table of options {len(header)} columns."
            raise BadTable([Fault(path.name, 1, "", shown(first), what, "Give a key for each column.")])
        return dict(zip(header, keys, strict=True))
    frame = read_table(path, text_columns=["item", "key"])
    absent = [c for c in ("item", "key") if c not in frame.columns]
    if absent:
        what = f"A table of keys needs a column {absent[0]}."
        raise BadTable([Fault(path.name, 1, absent[0], "", what, "Add it: one row an item.")])
    pairs = zip(frame["item"].to_list(), frame["key"].to_list(), strict=True)
    return {item: key.strip() for item, key in pairs if item and key and key.strip() not in NO_KEY}


def _fitted_keys(keys: dict[str, str], options: NDArray[np.object_], items: list[str]) -> dict[str, str]:
    """Keys as the options are written: a key B goes with options 1, 2, 3, … as 2."""
    found: dict[str, str] = {}
    for j, item in enumerate(items):
        if item not in keys or keys[item] in NO_KEY:
            continue
        chosen: set[Any] = set(options[:, j].tolist()) - {None}
        key = keys[item]
        as_number = str(LETTERS.index(key.upper()) + 1) if len(key) == 1 and key.upper() in LETTERS else None
        found[item] = as_number if key not in chosen and as_number in chosen else key  # type: ignore[assignment]
    return found
