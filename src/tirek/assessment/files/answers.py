"""From a table of answers as somebody typed it to sheets of bytes, and what is wrong with it, cell by cell.

Two shapes are read. Matrix: one row a pupil, one column an item. Long: one row an answer, columns ``item`` and
``answer``. Both have ``pupil`` (IIN or the register's identifier) and, when the test has several, ``booklet``. A column
whose name begins with # is for people and not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from django.utils.translation import gettext as _

from tirek.assessment.codes import MISSING_TEXTS, NOT_PRESENTED, OMITTED
from tirek.storage.tables import Fault, shown

ROW = "_row"
BAD = 250
OUTSIDE = 251
"""The item is not in the pupil's booklet."""


@dataclass(frozen=True)
class ItemDesign:
    code: str
    max_score: int
    key: str = ""


@dataclass(frozen=True)
class Design:
    """What a test looks like: items by code, booklets as lists of item codes."""

    items: Mapping[str, ItemDesign]
    booklets: Mapping[str, tuple[str, ...]]

    @property
    def only_booklet(self) -> str | None:
        return next(iter(self.booklets)) if len(self.booklets) == 1 else None


@dataclass
class Checked:
    """Sheets without fault, by the file's name of the pupil, and every fault found.

    ``whole`` are faults of the file (a column that nobody knows): with one of them nothing may be applied.
    """

    sheets: dict[str, tuple[int, str, bytes]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)
    n_rows: int = 0
    whole: bool = False


def check(frame: pl.DataFrame, design: Design, file: str) -> Checked:
    """Check a table of texts with the number of each row in ``_row``, as a spreadsheet counts."""
    names = {name.lower(): name for name in frame.columns}
    checked = Checked(n_rows=frame.height)
    if "pupil" not in names:
        what = _("There is no column named “pupil”.")
        to_do = _(
            "Name the column of pupils’ identifiers “pupil”. A scanner’s file needs the columns paper, booklet and answers."
        )
        return _refuse(checked, Fault(file, 1, "pupil", "", what, to_do))
    frame = frame.with_columns(pl.col(names["pupil"]).fill_null("").alias("pupil"))
    is_long = "item" in names and "answer" in names
    if is_long:
        frame = _widened(frame, names, design, file, checked)
    columns = _item_columns(frame, names, design, file, checked, is_long)
    if checked.whole:
        return checked
    return _check_rows(frame, names, columns, design, file, checked)


def _refuse(checked: Checked, fault: Fault) -> Checked:
    checked.faults.append(fault)
    checked.whole = True
    return checked


def _item_columns(frame, names, design: Design, file: str, checked: Checked, is_long: bool) -> dict[str, str]:
    """Column of each item of the test; unknown columns are the file's fault."""
    known = {"pupil", "booklet", ROW, "_file"}
    columns = {name: name for name in frame.columns if name in design.items}
    unknown = [n for n in frame.columns if n not in columns and n.lower() not in known and not n.startswith("#")]
    for name in unknown if not is_long else []:
        what = _("The test has no item named “%(item)s”.") % {"item": shown(name)}
        _refuse(checked, Fault(file, 1, name, "", what, _("Correct the name of the column or remove it.")))
    if not columns and not checked.whole:
        what = _("No column is an item of the test.")
        _refuse(checked, Fault(file, 1, "", "", what, _("Use the template of this test.")))
    return columns


def _widened(frame: pl.DataFrame, names, design: Design, file: str, checked: Checked) -> pl.DataFrame:
    """Long form as a matrix; an item answered twice and an unknown item are faults of their rows."""
    frame = frame.with_columns(pl.col(names["item"]).alias("item"), pl.col(names["answer"]).alias("answer"))
    for row, item in frame.filter(~pl.col("item").is_in(list(design.items))).select(ROW, "item").iter_rows():
        what = _("The test has no item named “%(item)s”.") % {"item": shown(item)}
        checked.faults.append(Fault(file, row, "item", shown(item), what, _("Correct the item’s code.")))
    twice = frame.filter(pl.struct("pupil", "item").is_duplicated() & ~pl.struct("pupil", "item").is_first_distinct())
    for row, item in twice.select(ROW, "item").iter_rows():
        what = _("This pupil already has an answer to this item.")
        checked.faults.append(Fault(file, row, "item", shown(item), what, _("Keep one of the two rows.")))
    spoiled = {f.row for f in checked.faults}
    pupils_spoiled = set(frame.filter(pl.col(ROW).is_in(list(spoiled)))["pupil"]) if spoiled else set()
    good = frame.filter(pl.col("item").is_in(list(design.items)))
    first = [pl.col(ROW).min()] + ([pl.col(names["booklet"]).first().alias("booklet")] if "booklet" in names else [])
    heads = good.group_by("pupil", maintain_order=True).agg(*first)
    wide = good.unique(["pupil", "item"], keep="first").pivot(on="item", index="pupil", values="answer")
    checked.n_rows = heads.height
    result = heads.join(wide, on="pupil", how="left", maintain_order="left")
    return result.filter(~pl.col("pupil").is_in(list(pupils_spoiled))) if pupils_spoiled else result


def _texts_of(item: ItemDesign) -> dict[str, int]:
    """What may stand in a cell of an item, and its code."""
    texts = {str(score): score for score in range(item.max_score + 1)} | {
        f"{score}.0": score for score in range(item.max_score + 1)
    }
    if item.key:
        texts |= dict.fromkeys("abcdefghабвгдежз", 0) | {item.key.lower(): item.max_score}
    return {text: code for text, code in MISSING_TEXTS.items() if text not in ("", "9")} | texts


def _check_rows(frame, names, columns, design: Design, file: str, checked: Checked) -> Checked:
    pupils = frame["pupil"].to_list()
    rows = frame[ROW].to_list()
    booklets = _booklets(frame, names, design)
    order = list(design.items)
    codes = np.full((frame.height, len(order)), OUTSIDE, np.uint8)
    place = {code: j for j, code in enumerate(order)}
    given = np.zeros_like(codes, dtype=bool)
    texts = {}
    for code, column in columns.items():
        cells = frame[column].fill_null("").str.to_lowercase()
        texts[code] = cells
        allowed = _texts_of(design.items[code])
        codes[:, place[code]] = cells.replace_strict(
            allowed | {"": OMITTED}, default=BAD, return_dtype=pl.UInt8
        ).to_numpy()
        given[:, place[code]] = (cells != "").to_numpy()
    _warn_unseen(order, given, columns, design, file, checked)
    by_booklet = {name: np.array([place[c] for c in items]) for name, items in design.booklets.items()}
    seen: dict[str, int] = {}
    for i, (pupil, row, booklet) in enumerate(zip(pupils, rows, booklets, strict=True)):
        faults = _row_faults(pupil, row, booklet, file, seen, design)
        if not faults:
            faults = _cell_faults(i, row, booklet, codes, given, by_booklet, order, texts, design, file)
        if faults:
            checked.faults += faults
            continue
        sheet = codes[i, by_booklet[booklet]]
        sheet[sheet == OUTSIDE] = NOT_PRESENTED
        checked.sheets[pupil] = (row, booklet, sheet.tobytes())
    return checked


def _booklets(frame, names, design: Design) -> list[str]:
    if "booklet" in names:
        column = names["booklet"] if names["booklet"] in frame.columns else "booklet"
        return frame[column].fill_null(design.only_booklet or "").to_list()
    return [design.only_booklet or ""] * frame.height


def _row_faults(pupil: str, row: int, booklet: str, file: str, seen: dict[str, int], design: Design) -> list[Fault]:
    if not pupil:
        return [Fault(file, row, "pupil", "", _("The row names no pupil."), _("Enter the pupil’s identifier."))]
    if pupil in seen:
        what = _("This pupil is already in row %(row)s.") % {"row": seen[pupil]}
        return [Fault(file, row, "pupil", shown(pupil), what, _("Keep one of the two rows."))]
    seen[pupil] = row
    if booklet not in design.booklets:
        what = _("The test has no booklet named “%(booklet)s”.") % {"booklet": shown(booklet)}
        to_do = _("Use one of: %(booklets)s.") % {"booklets": ", ".join(design.booklets)}
        return [Fault(file, row, "booklet", shown(booklet), what, to_do)]
    return []


def _cell_faults(i, row, booklet, codes, given, by_booklet, order, texts, design: Design, file) -> list[Fault]:
    inside = by_booklet[booklet]
    faults = [
        _bad_cell(file, row, design.items[order[j]], texts[order[j]][i])
        for j in inside[codes[i, inside] == BAD].tolist()
    ]
    outside = np.ones(len(order), bool)
    outside[inside] = False
    for j in np.flatnonzero(outside & given[i] & (codes[i] != NOT_PRESENTED)).tolist():
        what = _("This item is not in booklet %(booklet)s.") % {"booklet": booklet}
        to_do = _("Check the booklet, or leave the cell empty.")
        faults.append(Fault(file, row, order[j], shown(texts[order[j]][i]), what, to_do))
    if not faults and not (codes[i, inside] < BAD).any():
        what = _("The pupil has no answer at all.")
        faults.append(Fault(file, row, "", "", what, _("Leave the row out if the pupil was absent.")))
    return faults


def _bad_cell(file: str, row: int, item: ItemDesign, text: str) -> Fault:
    what = _("The answer is none of the scores 0 to %(highest)s.") % {"highest": item.max_score}
    to_do = _("Enter a score, or o for omitted, r for not reached, n for not presented.")
    return Fault(file, row, item.code, shown(text), what, to_do)


def _warn_unseen(order, given, columns, design: Design, file: str, checked: Checked) -> None:
    """Items without a single answer in the file: said, and no reason to refuse it."""
    for j, code in enumerate(order):
        if not given[:, j].any():
            what = _("Nobody in this file has an answer to this item.")
            to_do = _("Check that no column is missing. The item gets no difficulty until somebody answers it.")
            checked.warnings.append(Fault(file, 1 if code in columns else None, code, "", what, to_do))
