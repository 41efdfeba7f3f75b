"""A plan of measures as a file: CSV or XLSX in, with a fault for each wrong cell. Columns by name in any of three languages."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tirek.registry.exchange.faults import ERROR, Faults
from tirek.registry.exchange.reading import read_upload
from tirek.storage.uploads import UploadRefused

MOST_ROWS = 5_000
# field -> head of the column in a downloaded plan, and other names it may have
HEADS = {
    "number": gettext_lazy("No."),
    "section": gettext_lazy("Section"),
    "title": gettext_lazy("Measure"),
    "owner_code": gettext_lazy("Code of the owning institution"),
    "owner_name": gettext_lazy("Answers for it"),
    "starts_on": gettext_lazy("From"),
    "due_date": gettext_lazy("Due"),
    "budget": gettext_lazy("Budget, tenge"),
    "source": gettext_lazy("Source of money"),
    "wanted": gettext_lazy("What shows that it is done"),
}
ALIASES = {
    "number": ("№", "no", "номер", "р/с", "п/п", "№ п/п", "реттік нөмірі"),
    "section": ("section", "раздел", "бөлім"),
    "title": ("measure", "title", "мероприятие", "наименование мероприятия", "іс-шара", "іс-шаралар"),
    "owner_code": ("owner_code", "code", "код учреждения", "мекеме коды"),
    "owner_name": ("owner", "ответственный", "ответственный исполнитель", "жауапты", "жауапты орындаушы"),
    "starts_on": ("starts_on", "начало", "басталуы"),
    "due_date": ("due", "due_date", "deadline", "срок", "срок исполнения", "мерзімі", "орындау мерзімі"),
    "budget": ("budget", "бюджет", "сумма", "бюджет, тенге", "қаржы", "қаржыландыру көлемі", "бюджет, теңге"),
    "source": ("source", "источник", "источник финансирования", "қаржыландыру көзі"),
    "wanted": ("evidence", "форма завершения", "аяқталу нысаны", "подтверждение"),
}
LENGTHS = {"section": 200, "title": 500, "owner_code": 64, "owner_name": 300, "source": 200, "wanted": 500}
NEEDED = ("title", "owner_name", "due_date")
DAYS = ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%Y-%m-%d %H:%M:%S")


@dataclass
class Read:
    """Rows as `tirek.programmes.services.measures.add_measures` takes them, and what is wrong."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)

    @property
    def has_errors(self) -> bool:
        frame = self.faults.frame()
        return bool((frame["level"] == ERROR).any())


def read_measures(name: str, data: bytes, owners: Mapping[str, int]) -> Read:
    """Read a plan. Raises `UploadRefused` when there is nothing to be read at all.

    ``owners`` are the institutions of the territory, code by number: another code is a fault of its row.
    """
    read = Read()
    tables = read_upload(name, data, read.faults)
    tables = {n: t for n, t in tables.items() if t.height}
    if not tables:
        raise UploadRefused(_("The file holds no rows. Fill in at least one measure."), code="empty")
    file, table = next(iter(tables.items()))
    if table.height > MOST_ROWS:
        raise UploadRefused(_("A plan has at most %(most)s measures.") % {"most": MOST_ROWS}, code="too_many")
    columns = _columns(table.columns)
    missing = [str(HEADS[name]) for name in NEEDED if name not in columns]
    if missing:
        read.faults.add(
            file, 1, ", ".join(missing), "", _("These columns are missing: %(names)s.") % {"names": ", ".join(missing)},
            _("Take the empty form of this page and fill it in."), ERROR, "columns",
        )  # fmt: skip
        return read
    seen: dict[int, int] = {}
    for cells in table.iter_rows(named=True):
        values = {name: (cells[column] or "").strip() for name, column in columns.items()}
        if any(values.values()):
            _row(read, file, cells["_row"], values, owners, seen)
    if not read.rows and not read.has_errors:
        raise UploadRefused(_("The file holds no rows. Fill in at least one measure."), code="empty")
    return read


def _columns(names: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for column in names:
        plain = re.sub(r"\s+", " ", column.strip().lower()).rstrip(".")
        for name, aliases in ALIASES.items():
            known = {name, str(HEADS[name]).lower().rstrip("."), *aliases}
            if plain in known and name not in found:
                found[name] = column
    return found


def _row(
    read: Read, file: str, row: int, values: dict[str, str], owners: Mapping[str, int], seen: dict[int, int]
) -> None:
    before = len(read.faults.frames)
    cell = _Cells(read, file, row, values)
    made: dict[str, Any] = {"number": cell.number(seen)}
    for name, length in LENGTHS.items():
        made[name] = cell.text(name, length)
    made["starts_on"], made["due_date"] = cell.day("starts_on"), cell.day("due_date")
    made["budget_tiyn"] = cell.tiyn("budget")
    if made["owner_code"] and made["owner_code"] not in owners:
        cell.fault("owner_code", _("There is no institution with this code in the programme’s territory."),
                   _("Take the code from the list of institutions, or leave it empty."))  # fmt: skip
    if made["starts_on"] and made["due_date"] and made["starts_on"] > made["due_date"]:
        cell.fault("starts_on", _("The measure begins after the day by which it is due."), _("Check both days."))
    if len(read.faults.frames) == before:
        read.rows.append(made)


def read_day(value: str) -> dt.date | None:
    """A day as spreadsheets and people write it."""
    for form in DAYS:
        try:
            return dt.datetime.strptime(value, form).replace(tzinfo=dt.UTC).date()
        except ValueError:
            continue
    return None


class _Cells:
    """One row's cells, read as what they should be."""

    def __init__(self, read: Read, file: str, row: int, values: dict[str, str]) -> None:
        self.read, self.file, self.row, self.values = read, file, row, values

    def fault(self, name: str, what: str, to_do: str) -> None:
        self.read.faults.add(self.file, self.row, str(HEADS[name]), self.values.get(name, ""), what, to_do, ERROR, name)

    def text(self, name: str, length: int) -> str:
        value = self.values.get(name, "")
        if not value and name in NEEDED:
            self.fault(name, _("The cell is empty."), _("Fill it in."))
        if len(value) > length:
            self.fault(name, _("The text has more than %(most)s characters.") % {"most": length}, _("Shorten it."))
        return value

    def number(self, seen: dict[int, int]) -> int | None:
        value = self.values.get("number", "").removesuffix(".0").rstrip(".")
        if not value:
            return None
        if not value.isascii() or not value.isdecimal() or not 1 <= int(value) <= 99_999:
            self.fault("number", _("This is no number of a measure."), _("Write 1, 2, 3 … or leave it empty."))
            return None
        if int(value) in seen:
            self.fault(
                "number", _("Row %(row)s has this number too.") % {"row": seen[int(value)]}, _("Give it another.")
            )
        seen.setdefault(int(value), self.row)
        return int(value)

    def day(self, name: str) -> dt.date | None:
        value = self.values.get(name, "")
        if not value:
            if name in NEEDED:
                self.fault(name, _("The cell is empty."), _("Write a day, such as 31.12.2025."))
            return None
        found = read_day(value)
        if found is not None and 2000 <= found.year <= 2100:
            return found
        self.fault(name, _("This is not a day."), _("Write a day, such as 31.12.2025."))
        return None

    def tiyn(self, name: str) -> int | None:
        value = re.sub(r"[\s\u00a0\u202f]", "", self.values.get(name, "")).replace(",", ".")
        if not value or value in ("-", "–", "—"):
            return None
        try:
            tenge = Decimal(value)
        except InvalidOperation:
            tenge = Decimal(-1)
        if not tenge.is_finite() or tenge < 0 or tenge > 10**15 or tenge * 100 != (tenge * 100).to_integral_value():
            self.fault(
                name, _("This is not a sum in tenge."), _("Write only the number, such as 1500000 or 1500000.50.")
            )
            return None
        return int(tenge * 100)
