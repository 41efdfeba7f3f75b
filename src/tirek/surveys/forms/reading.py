"""From an XLSForm (xlsx, xls, or Markdown) to an XForm, with faults by sheet and row. pyxform does the reading.

pyxform stops at its first fault and says it in English; here it is given its sheet, row and column, and what to do in
the reader's language. What pyxform does not look at (expressions that no telephone could compute) is looked at here.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from tirek.storage.tables import Fault, shown
from tirek.storage.uploads import Limits, UploadRefused, looks_like, open_archive
from tirek.surveys.forms.definition import Definition, read_definition
from tirek.surveys.forms.fitness import browser_faults, expression_faults
from tirek.surveys.forms.wording import advice, said_by_pyxform
from tirek_engines.errors import Refusal

MOST_BYTES = 5 * 1024 * 1024
LIMITS = Limits(file_bytes=MOST_BYTES, entries=200, entry_bytes=40 << 20, total_bytes=80 << 20, ratio=200)
FILE_TYPES = {"xlsx": ".xlsx", "xls": ".xls", "text": ".md"}
ROW = re.compile(r"\[row ?: ?(\d+)\]\s*")
SHEET = re.compile(r"(?:On the|for sheet:) '(\w+)'")
COLUMN = re.compile(r"the '([\w:. -]+)' value")
YES = {"yes", "true", "1", "иә", "да"}

Row = Mapping[str, Any]


class FormRefused(Refusal):
    """The XLSForm cannot be used as it is; carries every fault found."""

    code = "form_refused"

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        first = self.faults[0]
        place = f" {first.file}:{first.row}" if first.row else f" {first.file}"
        super().__init__(f"{place.strip()} {first.what} {first.what_to_do}".strip(), n=len(self.faults))


@dataclass(frozen=True)
class ReadForm:
    """A form that can be used: its XForm, what it says, and remarks of the reading."""

    xform: bytes
    definition: Definition
    remarks: tuple[Fault, ...]
    measures: Mapping[str, Any] = field(default_factory=dict)
    browser: tuple[Mapping[str, Any], ...] = ()


def read_form(data: bytes, name: str) -> ReadForm:
    """Read an XLSForm. Raises `FormRefused` with what is wrong, sheet by sheet and row by row."""
    file_type = _file_type(data, name)
    sheets = _sheets(data, file_type)
    _check_headers(sheets)
    warnings: list[str] = []
    xform = _converted(data, file_type, name, sheets, warnings)
    definition = read_definition(xform)
    faults = [
        Fault("survey", _row_of(sheets, "survey", question), column, question, words,
              _("Mend the expression. References are written ${name}, functions as in the XLSForm reference."))
        for question, column, words in expression_faults(definition)
    ]  # fmt: skip
    measures, wrong = measures_of(sheets, definition)
    if faults or wrong:
        raise FormRefused([*faults, *wrong])
    remarks = [*_renamed_sheets(sheets), *(_remark(text) for text in warnings)]
    browser = [asdict(one) | _sheet_and_row(sheets, one.name) for one in browser_faults(definition)]
    return ReadForm(xform, definition, tuple(remarks), measures, tuple(browser))


def _file_type(data: bytes, name: str) -> str:
    if len(data) > MOST_BYTES:
        raise _whole(_("The file is larger than 5 MB."), _("Take pictures and unused sheets out of it."))
    kind = looks_like(data)
    if kind == "xlsx":
        try:
            open_archive(data, LIMITS)
        except UploadRefused as refusal:
            raise _whole(refusal.message, _("Save the workbook again as .xlsx.")) from None
    if kind not in FILE_TYPES or (kind == "text" and not name.lower().endswith(".md")):
        raise _whole(
            _("This is no XLSForm: a workbook .xlsx or .xls is needed."),
            _("Save the questionnaire as .xlsx and send it."),
        )
    return FILE_TYPES[kind]


def _whole(what: str, what_to_do: str) -> FormRefused:
    return FormRefused([Fault("", None, "", "", what, what_to_do)])


def _sheets(data: bytes, file_type: str) -> dict[str, list[list[str]]]:
    """Cells of every sheet, as a spreadsheet shows them: row 1 is the header."""
    if file_type == ".md":
        return _markdown(data)
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        return {name: _cells(book.get_sheet_by_name(name)) for name in book.sheet_names}
    except (CalamineError, ValueError, OSError, EOFError) as error:
        raise _whole(
            _("The workbook cannot be read (%(why)s).") % {"why": shown(error)}, _("Save it again as .xlsx.")
        ) from None


def _cells(sheet) -> list[list[str]]:
    rows = [["" if cell is None else _written(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]
    return rows


def _written(cell: object) -> str:
    if isinstance(cell, float) and cell == int(cell):
        return str(int(cell))
    return str(cell).strip()


def _markdown(data: bytes) -> dict[str, list[list[str]]]:
    sheets: dict[str, list[list[str]]] = {}
    rows: list[list[str]] = []
    for line in data.decode("utf-8", "replace").splitlines():
        if not line.strip().startswith("|"):
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if cells[0]:
            rows = sheets.setdefault(cells[0], [])
        elif len(cells) > 1:
            rows.append(cells[1:])
    return sheets


def _check_headers(sheets: Mapping[str, list[list[str]]]) -> None:
    faults = []
    for name, rows in sheets.items():
        if name.lower() not in ("survey", "choices", "settings") or not rows:
            continue
        heads = [head for head in rows[0] if head]
        for twice in dict.fromkeys(head for head in heads if heads.count(head) > 1):
            places = ", ".join(_letters(place) for place, head in enumerate(rows[0]) if head == twice)
            what = _("Two columns are called %(name)s: %(places)s.") % {"name": twice, "places": places}
            faults.append(Fault(name, 1, twice, "", what, _("Rename one of them, or delete it.")))
    if faults:
        raise FormRefused(faults)


def _letters(place: int) -> str:
    text = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        text = chr(65 + rest) + text
    return text


def _converted(data: bytes, file_type: str, name: str, sheets, warnings: list[str]) -> bytes:
    from pyxform.errors import PyXFormError
    from pyxform.xls2xform import convert

    given: Any = data.decode("utf-8", "replace") if file_type == ".md" else io.BytesIO(data)
    stem = re.sub(r"\W+", "_", name.rpartition(".")[0])[:60] or "form"
    try:
        found = convert(given, warnings=warnings, file_type=file_type, form_name=None)
    except PyXFormError as error:
        raise FormRefused([_fault(str(error), sheets)]) from None
    except (KeyError, ValueError, TypeError, AttributeError, IndexError, RecursionError) as error:
        words = _("The questionnaire cannot be read (%(why)s).") % {"why": shown(f"{type(error).__name__}: {error}")}
        raise _whole(words, _("Compare it with the template on this page.")) from None
    text = found.xform
    if '<data id="data"' in text:
        text = text.replace('<data id="data"', f'<data id="{stem}"', 1)
    return text.encode()


def _fault(text: str, sheets: Mapping[str, list[list[str]]]) -> Fault:
    """pyxform's sentence with its place; where it names none, the place is looked for."""
    row, sheet, column = ROW.search(text), SHEET.search(text), COLUMN.search(text)
    plain = ROW.sub("", text).strip()
    where = sheet[1] if sheet else "survey"
    number = int(row[1]) if row else _place(plain, sheets)
    what, what_to_do = said_by_pyxform(plain)
    return Fault(where, number, column[1] if column else "", "", what, what_to_do)


def _place(text: str, sheets: Mapping[str, list[list[str]]]) -> int | None:
    """The row of a sentence that tells a name or a type but no row."""
    found = re.search(r"(?:named|question type|name) '([^']+)'", text)
    if found is None:
        return 1 if "header" in text else None
    return _row_of(sheets, "survey", found[1])


def _row_of(sheets: Mapping[str, list[list[str]]], sheet: str, value: str) -> int | None:
    rows = next((rows for name, rows in sheets.items() if name.lower() == sheet), [])
    names = [place for place, head in enumerate(rows[0] if rows else []) if head == "name"]
    found = [number for number, row in enumerate(rows, start=1) if number > 1 and value in row]
    named = (n for n in found if any(place < len(rows[n - 1]) and rows[n - 1][place] == value for place in names))
    return next(named, found[0] if found else None)


def _sheet_and_row(sheets: Mapping[str, list[list[str]]], name: str) -> dict[str, Any]:
    """Where a question or a list of choices stands."""
    for sheet in ("survey", "choices"):
        row = _row_of(sheets, sheet, name)
        if row:
            return {"sheet": sheet, "row": row}
    return {"sheet": "", "row": None}


def _remark(text: str) -> Fault:
    row, sheet = ROW.search(text), SHEET.search(text)
    plain = ROW.sub("", text).strip()
    return Fault(sheet[1] if sheet else "survey", int(row[1]) if row else None, "", "", plain, advice(plain))


def _renamed_sheets(sheets: Mapping[str, list[list[str]]]) -> list[Fault]:
    """Names of sheets in capitals are read all the same: said, so that nobody wonders."""
    return [
        Fault(
            name, None, "", name,
            _("The sheet is called “%(name)s”; XLSForm calls it “%(right)s”. It was read: capitals make no difference.")
            % {"name": name, "right": name.lower()},
            _("Nothing needs to be done. Rename the sheet if other programs are to read the file."),
        )
        for name in sheets
        if name.lower() in ("survey", "choices", "settings") and name != name.lower()
    ]  # fmt: skip


def measures_of(sheets: Mapping[str, list[list[str]]], definition: Definition) -> tuple[dict[str, Any], list[Fault]]:
    """Scales, from the columns ``scale`` and ``reverse`` of the survey sheet and the sheet ``scales``."""
    rows = next((rows for name, rows in sheets.items() if name.lower() == "survey"), [])
    heads = {head: place for place, head in enumerate(rows[0] if rows else [])}
    items: dict[str, dict[str, Any]] = {}
    faults: list[Fault] = []
    inside = tuple(f"{repeat}/" for repeat in definition.repeats)
    known = {control.name: control for control in definition.questions() if not control.path.startswith(inside)}
    for number, row in enumerate(rows[1:], start=2) if "scale" in heads else ():
        cell = lambda name, row=row: row[heads[name]].strip() if name in heads and heads[name] < len(row) else ""  # noqa: E731
        if not cell("scale"):
            continue
        control = known.get(cell("name"))
        if control is None or control.kind not in ("select1", "range", "integer"):
            what = _(
                "Only a question with one choice, a range or a whole number, outside of repeats, can belong to a scale."
            )
            faults.append(
                Fault("survey", number, "scale", cell("scale"), what, _("Empty the cell in the column scale."))
            )
            continue
        items[cell("name")] = {"scale": cell("scale"), "reverse": cell("reverse").lower() in YES}
    return {"items": items, "scales": _scale_titles(sheets, items)}, faults


def _scale_titles(
    sheets: Mapping[str, list[list[str]]], items: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, str]]:
    from tirek.surveys.forms.texts import code_of

    rows = next((rows for name, rows in sheets.items() if name.lower() == "scales"), [])
    titles: dict[str, dict[str, str]] = {item["scale"]: {} for item in items.values()}
    heads = rows[0] if rows else []
    for row in rows[1:]:
        cells = dict(zip(heads, row, strict=False))
        code = cells.get("scale", "")
        if code in titles:
            titles[code] = {
                code_of(head.partition("::")[2]): text
                for head, text in cells.items()
                if head.startswith("label") and text
            }
    return titles
