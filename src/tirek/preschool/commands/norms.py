"""The file of norms of `tirek settle`: what a child's month costs, by whom and when, and how a day is paid."""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from tirek.storage.tables import BadTable, Fault, Faults
from tirek_engines.preschool.settlement import HIGHEST_RATE, WHOLE, Month, Pay, mask_of
from tirek_engines.rules.calendar import Calendar, load_calendar

KEYS = {"calendar", "days_off", "working_instead", "divisor", "excused", "closed", "norms", "act", "demonstration"}
NORM_KEYS = {"from", "for", "tiyn_per_month", "tenge_per_month", "act"}
WORKING_DAYS = "working_days"


@dataclass(frozen=True)
class Norm:
    """So much a month, from a day on, for enrolments that have these values in these columns."""

    start: datetime.date
    wanted: Mapping[str, str]
    tiyn: int


@dataclass(frozen=True)
class Norms:
    """All that the file says."""

    days: Calendar
    divisor: int | None
    excused: int
    most_excused: int
    closed: int
    norms: tuple[Norm, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the enrolments on which the norms depend."""
        return tuple(sorted({column for norm in self.norms for column in norm.wanted}))

    def month(self, year: int, month: int) -> Month:
        """The month's working days, and its parts between changes of norms."""
        last = calendar.monthrange(year, month)[1]
        begins = {n.start.day for n in self.norms if (n.start.year, n.start.month) == (year, month)} | {1}
        bounds = [*sorted(begins), last + 1]
        parts = tuple(mask_of(range(a, b)) for a, b in pairwise(bounds))
        return Month(year, month, mask_of(self.days.working_days(year, month)), parts)

    def pay(self, month: Month) -> Pay:
        """How a day is paid in that month."""
        divisor = self.divisor or len(self.days.working_days(month.year, month.month))
        return Pay(divisor, self.excused, self.most_excused, self.closed)

    def rates(self, month: Month, values: Mapping[str, str]) -> list[int]:
        """Tiyn a month for an enrolment with these values, part by part; -1 where no norm holds.

        The norm that names most columns goes before others; of those the latest. Refuses two that name equally many.
        """
        return [self._rate(_first_day(month, part), values) for part in month.segments]

    def _rate(self, day: datetime.date, values: Mapping[str, str]) -> int:
        fitting = [n for n in self.norms if n.start <= day and all(values.get(c) == v for c, v in n.wanted.items())]
        if not fitting:
            return -1
        most = max(len(n.wanted) for n in fitting)
        best = [n for n in fitting if len(n.wanted) == most]
        if len({tuple(sorted(n.wanted)) for n in best}) > 1:
            named = " and ".join(sorted({", ".join(sorted(n.wanted)) for n in best}))
            raise BadTable(
                [
                    Fault("", None, "norms", str(dict(values)), f"Two norms fit equally well: by {named}.",
                          "Add a norm that names all these columns.")
                ]
            )  # fmt: skip
        return max(best, key=lambda n: n.start).tiyn


def _first_day(month: Month, part: int) -> datetime.date:
    return datetime.date(month.year, month.month, (part & -part).bit_length())


def read_norms(path: Path) -> Norms:
    """Read the file; everything that is wrong is told at once.

    Raises
    ------
    BadTable
        With one fault for every key or value that cannot be used.
    """
    faults = Faults(path.name)
    body = _body(path, faults)
    faults.raise_if_any()
    for key in sorted(set(body) - KEYS):
        faults.add(None, str(key), body[key], "There is no such key.", f"Known are: {', '.join(sorted(KEYS))}.")
    excused, closed = body.get("excused") or {}, body.get("closed") or {}
    found = Norms(
        _days(body, faults), _divisor(body.get("divisor", WORKING_DAYS), faults), _share(excused, "excused", faults),
        _most_days(excused, faults), _share(closed, "closed", faults), tuple(_norms(body.get("norms"), faults)),
    )  # fmt: skip
    faults.raise_if_any()
    return found


def _body(path: Path, faults: Faults) -> Mapping[str, Any]:
    try:
        body = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        faults.add(None, "", "", f"It cannot be read: {error}.", "Give a file of norms in YAML, UTF-8.")
        return {}
    if not isinstance(body, dict):
        faults.add(None, "", body, "It is no mapping of keys to values.", "See the manual, page “settle”.")
        return {}
    return body


def _days(body: Mapping[str, Any], faults: Faults) -> Calendar:
    base = load_calendar(str(body.get("calendar", "kz")))
    more, worked = body.get("days_off") or [], body.get("working_instead") or []
    for key, days in (("days_off", more), ("working_instead", worked)):
        for day in days if isinstance(days, list) else [days]:
            if not isinstance(day, datetime.date):
                faults.add(None, key, day, "This is no day.", "Write a list of days as YYYY-MM-DD.")
    if faults.found:
        return base
    return Calendar(
        base.holidays, base.days_off, {**base.dated, **{day: {} for day in more}}, base.working | set(worked)
    )


def _divisor(value: object, faults: Faults) -> int | None:
    if value == WORKING_DAYS:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 31:
        return value
    faults.add(None, "divisor", value, "A norm cannot be divided by this.", "Write working_days, or 1 to 31.")
    return None


def _share(part: Any, name: str, faults: Faults) -> int:
    """A share of the norm in thousandths."""
    value = part.get("share", 0) if isinstance(part, dict) else part
    try:
        thousandths = Decimal(str(value)) * WHOLE
    except InvalidOperation:
        thousandths = Decimal(-1)
    if thousandths != thousandths.to_integral_value() or not 0 <= thousandths <= WHOLE:
        faults.add(None, name, value, "This is no share of the norm.", "Write 0 to 1 with at most three decimals.")
        return 0
    return int(thousandths)


def _most_days(part: Any, faults: Faults) -> int:
    value = part.get("most_days", 31) if isinstance(part, dict) else 31
    if isinstance(value, int) and 0 <= value <= 31:
        return value
    faults.add(None, "excused", value, "This is no number of days.", "Write most_days as 0 to 31.")
    return 31


def _norms(entries: Any, faults: Faults) -> Sequence[Norm]:
    if not isinstance(entries, list) or not entries:
        faults.add(None, "norms", entries, "There is no norm.", "List at least one with from and tiyn_per_month.")
        return []
    found = [norm for place, entry in enumerate(entries, start=1) if (norm := _norm(entry, place, faults))]
    seen: set[tuple[datetime.date, tuple[tuple[str, str], ...]]] = set()
    for norm in found:
        key = (norm.start, tuple(sorted(norm.wanted.items())))
        if key in seen:
            faults.add(None, "norms", norm.start, f"Two norms begin on {norm.start} for the same.", "Take one away.")
        seen.add(key)
    return found


def _norm(entry: Any, place: int, faults: Faults) -> Norm | None:
    column = f"norms[{place}]"
    if not isinstance(entry, dict) or set(entry) - NORM_KEYS:
        faults.add(None, column, entry, "This is no norm.", f"A norm has the keys {', '.join(sorted(NORM_KEYS))}.")
        return None
    start, wanted = entry.get("from"), entry.get("for") or {}
    if not isinstance(start, datetime.date) or not isinstance(wanted, dict):
        faults.add(None, column, start, "It does not say from which day it holds.", "Write from: YYYY-MM-DD.")
        return None
    tiyn = _tiyn(entry, column, faults)
    return None if tiyn is None else Norm(start, {str(k): str(v) for k, v in wanted.items()}, tiyn)


def _tiyn(entry: Mapping[str, Any], column: str, faults: Faults) -> int | None:
    given = [key for key in ("tiyn_per_month", "tenge_per_month") if key in entry]
    if len(given) != 1:
        faults.add(None, column, "", "The amount is given twice or not at all.",
                   "Write either tiyn_per_month or tenge_per_month.")  # fmt: skip
        return None
    value = entry[given[0]]
    try:
        tiyn = Decimal(str(value)) * (100 if given[0] == "tenge_per_month" else 1)
    except InvalidOperation:
        tiyn = Decimal("NaN")
    if (
        isinstance(value, bool)
        or not tiyn.is_finite()
        or tiyn != tiyn.to_integral_value()
        or not 0 <= tiyn <= HIGHEST_RATE
    ):
        faults.add(None, column, value, "This is no amount of whole tiyn, 0 or more.",
                   "Write tiyn as a whole number, tenge with at most two decimals.")  # fmt: skip
        return None
    return int(tiyn)
