"""The panel's table of applications: CSV or XLSX in, with a fault for each wrong cell."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from tirek.programmes.measure_files import read_day
from tirek.registry.exchange.faults import ERROR, Faults
from tirek.registry.exchange.reading import read_upload
from tirek.storage.uploads import UploadRefused

ALIASES = {
    "school": ("school", "code", "школа", "код", "код школы", "мектеп", "мектеп коды"),
    "points": ("points", "баллы", "балл", "балдар"),
    "received": ("received", "received_on", "получено", "дата", "күні", "келіп түскен күні"),
    "note": ("note", "примечание", "ескертпе"),
}


@dataclass
class Read:
    rows: list[dict[str, Any]] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)

    @property
    def has_errors(self) -> bool:
        return bool((self.faults.frame()["level"] == ERROR).any())


def read_applications(name: str, data: bytes, schools: Mapping[str, int], today: dt.date) -> Read:
    """``schools``: code by number of the territory's schools."""
    read = Read()
    tables = {n: t for n, t in read_upload(name, data, read.faults).items() if t.height}
    if not tables:
        raise UploadRefused(_("The file holds no rows."), code="empty")
    file, table = next(iter(tables.items()))
    columns = {key: c for key, names in ALIASES.items() for c in table.columns if c.strip().lower() in names}
    missing = [key for key in ("school", "points", "received") if key not in columns]
    if missing:
        read.faults.add(file, 1, ", ".join(missing), "", _("These columns are missing: %(names)s.") % {"names": ", ".join(missing)},
                        _("Call them school, points, received, note."), ERROR, "columns")  # fmt: skip
        return read
    seen: dict[str, int] = {}
    for cells in table.iter_rows(named=True):
        values = {key: (cells[column] or "").strip() for key, column in columns.items()}
        if any(values.values()):
            _row(read, file, cells["_row"], values, schools, seen, today)
    return read


def _row(
    read: Read, file: str, row: int, values: dict[str, str], schools, seen: dict[str, int], today: dt.date
) -> None:
    before = len(read.faults.frames)

    def fault(column: str, what: str, to_do: str) -> None:
        read.faults.add(file, row, column, values.get(column, ""), what, to_do, ERROR, column)

    code, points = values["school"], values["points"].removesuffix(".0")
    if code not in schools:
        fault(
            "school",
            _("The territory has no school with this code."),
            _("Take the code from the list of institutions."),
        )
    elif code in seen:
        fault("school", _("Row %(row)s is about this school too.") % {"row": seen[code]}, _("Leave one of them out."))
    seen.setdefault(code, row)
    if not points.isascii() or not points.isdecimal() or not 0 <= int(points) <= 100:
        fault("points", _("These are no points."), _("Write a whole number from 0 to 100."))
    day = read_day(values["received"])
    if day is None:
        fault("received", _("This is not a day."), _("Write a day, such as 31.12.2025."))
    elif day > today:
        fault("received", _("The day lies in the future."), _("Check the day."))
    if len(read.faults.frames) == before:
        read.rows.append(
            {"org_no": schools[code], "points": int(points), "received_on": day, "note": values.get("note", "")[:500]}
        )
