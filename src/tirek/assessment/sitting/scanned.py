"""Rows of a scanner as the rows that an import of answers reads.

A scanner gives a row a paper: ``paper`` (the number on it) or ``code``, ``booklet``, and ``answers``: a sign a place.
Which signs mean a blank and which a double mark is said with the file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl
from django.utils.translation import gettext as _

from tirek.storage.tables import Fault, shown

ROW = "_row"
BLANK, DOUBLE = "-. _", "*?#"
Seats = Mapping[str, tuple[str, str]]
"""By what stands on a paper: the pupil's identifier in the register, and the booklet that was dealt."""


@dataclass(frozen=True)
class Signs:
    """``double_is_fault``: a paper with a double mark is left out; else it counts as a wrong answer."""

    blank: str = BLANK
    double: str = DOUBLE
    double_is_fault: bool = False

    @classmethod
    def from_options(cls, options: Mapping) -> Signs:
        given = {name: options[name] for name in ("blank", "double", "double_is_fault") if name in options}
        return cls(**given)


def is_scanned(frame: pl.DataFrame) -> bool:
    names = {name.lower() for name in frame.columns}
    return "answers" in names and bool(names & {"paper", "code"}) and "pupil" not in names


def papers_in(frame: pl.DataFrame) -> list[str]:
    return [paper for paper, *_rest in _rows(frame)]


def _rows(frame: pl.DataFrame) -> list[tuple[str, str, str, int]]:
    names = {name.lower(): name for name in frame.columns}
    empty = pl.lit("")
    cells = {
        key: pl.col(names[key]).fill_null("") if key in names else empty
        for key in ("paper", "code", "booklet", "answers")
    }
    picked = frame.select(
        pl.when(cells["paper"] != "").then(cells["paper"]).otherwise(cells["code"]).str.strip_chars().alias("paper"),
        cells["booklet"].str.strip_chars().alias("booklet"),
        cells["answers"].alias("answers"),
        pl.col(ROW),
    )
    return list(picked.iter_rows())


def as_matrix(
    frame: pl.DataFrame, *, booklets: Mapping[str, tuple[str, ...]], seat_of: Callable[[str], tuple[str, str] | None],
    signs: Signs, file: str,
) -> tuple[pl.DataFrame, list[Fault], list[Fault]]:  # fmt: skip
    """The same rows as ``pupil``, ``booklet`` and a column an item; faults (their rows left out) and warnings."""
    items = list(dict.fromkeys(code for codes in booklets.values() for code in codes))
    made: list[dict] = []
    faults: list[Fault] = []
    warnings: list[Fault] = []
    for paper, booklet, answers, row in _rows(frame):
        seat = seat_of(paper)
        fault = _paper_fault(paper, booklet, row, seat, file)
        if fault is None and seat is not None:
            fault = _length_fault(answers, seat[1], row, booklets, file)
        if fault is not None or seat is None:
            faults += [fault] if fault else []
            continue
        cells, doubles = _cells(answers, booklets[seat[1]], signs)
        told = [_double(file, row, item, paper, is_fault=signs.double_is_fault) for item in doubles]
        if told and signs.double_is_fault:
            faults += told
            continue
        warnings += told
        made.append({"pupil": seat[0], "booklet": seat[1], ROW: row} | dict.fromkeys(items, "") | cells)
    schema = {"pupil": pl.String, "booklet": pl.String, ROW: frame.schema[ROW]} | dict.fromkeys(items, pl.String)
    return pl.DataFrame(made, schema=schema), faults, warnings


def _paper_fault(paper: str, booklet: str, row: int, seat: tuple[str, str] | None, file: str) -> Fault | None:
    if seat is None:
        what = _("No seat of this test has this number or code.")
        return Fault(file, row, "paper", shown(paper), what, _("Compare with the paper: one sign may be misread."))
    if booklet and booklet != seat[1]:
        what = _("The paper says booklet %(paper)s, and the pupil was dealt booklet %(dealt)s.")
        to_do = _("Find out which booklet the pupil worked in, then correct the row or the seat.")
        return Fault(file, row, "booklet", shown(booklet), what % {"paper": shown(booklet), "dealt": seat[1]}, to_do)
    return None


def _length_fault(
    answers: str, booklet: str, row: int, booklets: Mapping[str, tuple[str, ...]], file: str
) -> Fault | None:
    n_places, n_given = len(booklets[booklet]), len(answers)
    if n_given <= n_places:
        return None
    what = _("The row has %(given)s answers, and booklet %(booklet)s has %(places)s places.")
    told = what % {"given": n_given, "booklet": booklet, "places": n_places}
    return Fault(file, row, "answers", shown(answers), told, _("Scan the paper again."))


def _cells(answers: str, items: tuple[str, ...], signs: Signs) -> tuple[dict[str, str], list[str]]:
    """Cells as an import reads them. After the last mark: not reached; a blank before it: omitted."""
    padded = answers.ljust(len(items), signs.blank[:1] or "-")
    marked = [place for place, sign in enumerate(padded) if sign not in signs.blank]
    last = marked[-1] if marked else -1
    cells, doubles = {}, []
    for place, (item, sign) in enumerate(zip(items, padded, strict=True)):
        if sign in signs.blank:
            cells[item] = "o" if place < last else "r"
        elif sign in signs.double:
            cells[item] = "0"
            doubles.append(item)
        else:
            cells[item] = sign
    return cells, doubles


def _double(file: str, row: int, item: str, paper: str, *, is_fault: bool) -> Fault:
    what = _("Paper %(paper)s has two marks for this item.") % {"paper": shown(paper)}
    to_do = _("Look at the paper and enter what the pupil meant.")
    counted = _("It counts as a wrong answer. Look at the paper if you doubt it.")
    return Fault(file, row, item, "", what, to_do if is_fault else counted)
