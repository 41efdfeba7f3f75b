"""Working days: weekends, holidays and days off of a country, as dated data.

>>> from tirek_engines.rules.calendar import load_calendar
>>> kz = load_calendar("kz")
>>> kz.add_working_days(datetime.date(2026, 3, 19), 2).isoformat()
'2026-03-26'
"""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import yaml

from tirek_engines.errors import Refusal

SATURDAY = 5
MOST_DAYS = 3_660


class BadCalendar(Refusal):
    """A file of days off cannot be used; says where and what is wanted."""

    code = "bad_calendar"


@dataclass(frozen=True)
class YearlyDay:
    """A day of every year from a year on."""

    month: int
    day: int
    since: int
    name: Mapping[str, str]


@dataclass(frozen=True)
class Calendar:
    """Days off of one country.

    Parameters
    ----------
    holidays : tuple of YearlyDay
        Their rest moves to the next working day when they fall on a day off.
    days_off : tuple of YearlyDay
        Their rest does not move.
    dated : mapping of date to names
        Days off of one year.
    working : frozenset of date
        Saturdays, Sundays and other days that are worked instead of another.
    """

    holidays: tuple[YearlyDay, ...]
    days_off: tuple[YearlyDay, ...]
    dated: Mapping[datetime.date, Mapping[str, str]]
    working: frozenset[datetime.date]

    def is_working(self, day: datetime.date) -> bool:
        """Whether it is a working day."""
        if day in self.working:
            return True
        return day.weekday() < SATURDAY and day not in self._named(day.year) and day not in self._moved(day.year)

    def working_days(self, year: int, month: int) -> tuple[int, ...]:
        """Days of a month that are worked, from 1."""
        last = calendar.monthrange(year, month)[1]
        return tuple(d for d in range(1, last + 1) if self.is_working(datetime.date(year, month, d)))

    def add_working_days(self, start: datetime.date, n: int) -> datetime.date:
        """The n-th working day after `start`; the day itself does not count, worked or not.

        A term of 2 working days that begins on a Friday ends on the Tuesday after.
        """
        if not 0 <= n <= MOST_DAYS:
            raise BadCalendar(f"A term of {n} working days cannot be counted. Give 0 to {MOST_DAYS}.")
        day = start
        while n:
            day += datetime.timedelta(days=1)
            n -= self.is_working(day)
        return day

    def name(self, day: datetime.date, language: str) -> str:
        """What the day off is called; empty for weekends and days to which a rest has moved."""
        return self._named(day.year).get(day, {}).get(language, "")

    def _named(self, year: int) -> Mapping[datetime.date, Mapping[str, str]]:
        return _named(self, year)

    def _moved(self, year: int) -> frozenset[datetime.date]:
        return _moved(self, year)

    def __hash__(self) -> int:
        return id(self)


@cache
def _named(found: Calendar, year: int) -> Mapping[datetime.date, Mapping[str, str]]:
    yearly = [d for d in (*found.holidays, *found.days_off) if d.since <= year]
    named = {datetime.date(year, d.month, d.day): d.name for d in yearly}
    return named | {day: name for day, name in found.dated.items() if day.year == year}


@cache
def _moved(found: Calendar, year: int) -> frozenset[datetime.date]:
    """Days to which the rest of holidays moves: each holiday on a day off takes the next day that is worked."""
    named, moved = _named(found, year), set[datetime.date]()
    days = sorted(datetime.date(year, d.month, d.day) for d in found.holidays if d.since <= year)
    dated_off = set(found.dated) | {datetime.date(year, d.month, d.day) for d in found.days_off if d.since <= year}
    for day in days:
        if (day.weekday() < SATURDAY and day not in dated_off) or day in found.working:
            continue
        rest = day + datetime.timedelta(days=1)
        while rest.weekday() >= SATURDAY or rest in named or rest in moved:
            rest += datetime.timedelta(days=1)
        moved.add(rest)
    return frozenset(moved)


def parse_calendar(text: str, file: str) -> Calendar:
    """Read a file of days off.

    Raises
    ------
    BadCalendar
        Where a day does not exist, or a key is missing.
    """
    try:
        body: Any = yaml.safe_load(text)
        return Calendar(
            tuple(_yearly(body.get("holidays") or ())), tuple(_yearly(body.get("days_off") or ())),
            {entry["date"]: entry["name"] for entry in body.get("dated_days_off") or ()},
            frozenset(body.get("working_instead") or ()),
        )  # fmt: skip
    except (yaml.YAMLError, KeyError, ValueError, AttributeError, TypeError) as error:
        raise BadCalendar(
            f"{file}: it is no calendar of days off ({error}). Compare it with the one that Tirek ships."
        ) from None


def _yearly(entries: Iterable[Mapping[str, Any]]) -> Iterable[YearlyDay]:
    for entry in entries:
        month, day = (int(part) for part in str(entry["day"]).split("-"))
        datetime.date(2024, month, day)  # a day that exists, leap days included
        yield YearlyDay(month, day, int(entry.get("from", 1)), entry["name"])


@cache
def load_calendar(country: str) -> Calendar:
    """A calendar that Tirek ships, by the country's ISO 3166-1 code in small letters."""
    file = resources.files("tirek_engines.rules").joinpath("calendars", f"{country}.yaml")
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadCalendar(f"There is no calendar of {country}. Tirek ships kz.") from None
    return parse_calendar(text, f"calendars/{country}.yaml")
