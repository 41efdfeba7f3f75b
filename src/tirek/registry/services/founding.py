"""What must be there before anything else: the tree of territories, each with its range of numbers, and the school years."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils.translation import gettext as _

from tirek.access.scope import Scope, loading
from tirek.registry import names
from tirek.registry.models import SchoolYear, SettlementKind, Territory, TerritoryLevel
from tirek.registry.services.refusals import Overlap, WrongDate, check_date, check_right, shown
from tirek.registry.services.territories import BIGGEST, CHANGEABLE, LOCK, check_begin, rewrite, since_when

WIDTHS = {TerritoryLevel.REGION: 10_000_000, TerritoryLevel.DISTRICT: 100_000, TerritoryLevel.SETTLEMENT: 1_000}
ABOVE = {
    TerritoryLevel.REGION: (TerritoryLevel.COUNTRY,),
    TerritoryLevel.DISTRICT: (TerritoryLevel.REGION,),
    TerritoryLevel.SETTLEMENT: (TerritoryLevel.DISTRICT, TerritoryLevel.REGION),
}
NUMBERS = {"longitude": 180.0, "latitude": 90.0}
KATO_SINCE = dt.date(1997, 1, 1)


@dataclass(frozen=True)
class Problem:
    """What is wrong with one row of the table of territories."""

    row: int
    column: str
    value: str
    what: str
    what_to_do: str


@dataclass
class Founded:
    """What a table of territories adds and corrects, or why it does not."""

    added: list[str] = field(default_factory=list)
    corrected: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: int = 0
    problems: list[Problem] = field(default_factory=list)
    from_date: dt.date | None = None
    ends: dict[str, int] = field(default_factory=dict)  # last number given out in each territory, while a table is read
    new: list[Territory] = field(default_factory=list)
    rewritten: list[tuple[Territory, dict[str, object]]] = field(default_factory=list)


def found_territories(
    *,
    rows: Iterable[Mapping[str, str]],
    by: Scope,
    now: dt.datetime,
    dry_run: bool = False,
    from_date: dt.date | None = None,
) -> Founded:
    """Add the territories of a table, parents before their parts; of those that are there, names and places are rewritten.

    With ``from_date`` what the table says otherwise holds from that day on and earlier days keep what they had; without it
    the table corrects what was recorded wrongly. All of the table goes in or nothing. Ranges of numbers are given here once
    and stay: a region has ten million, a district 100,000, a settlement 1,000 unless the column ``numbers`` asks for another
    width. Nothing is ever taken away.
    """
    found = Founded(from_date=from_date)
    with loading(), connection.cursor() as cursor:
        check_right(by, "registry.found", 0, BIGGEST)
        if from_date:
            check_begin(from_date, now)
        cursor.execute("select pg_advisory_xact_lock(%s)", [LOCK])
        known = {territory.code: territory for territory in Territory.objects.select_related("parent")}
        _plan(list(rows), known, found)
        if not found.problems and not dry_run:
            for territory in found.new:
                territory.parent = known[territory.parent.code] if territory.parent else None
                territory.save()
            for territory, changes in found.rewritten:
                rewrite(territory, changes, from_date)
    return found


def _plan(rows: list[Mapping[str, str]], known: dict[str, Territory], found: Founded) -> None:
    seen: set[str] = set()
    order = list(TerritoryLevel.values)
    numbered = [(row_no, {k: str(v or "").strip() for k, v in row.items()}) for row_no, row in enumerate(rows, start=2)]
    numbered.sort(key=lambda pair: (order.index(pair[1].get("level")) if pair[1].get("level") in order else 9, pair[0]))
    for row_no, row in numbered:
        problem = _problem_of(row_no, row, known, seen)
        if problem:
            found.problems.append(problem)
            continue
        seen.add(row["code"])
        if row["code"] in known:
            _plan_known(row_no, row, known[row["code"]], found)
        elif territory := _new(row_no, row, known, found):
            known[territory.code] = territory
            found.added.append(territory.code)
            found.new.append(territory)


def _problem_of(row_no: int, row: dict[str, str], known: dict[str, Territory], seen: set[str]) -> Problem | None:
    def problem(column: str, what: str, what_to_do: str) -> Problem:
        return Problem(row_no, column, row.get(column, ""), what, what_to_do)

    code, level = row.get("code", ""), row.get("level", "")
    if not re.fullmatch(r"\d{9}", code):
        return problem("code", _("A KATO code has nine digits."), _("Compare it with the classifier."))
    if code in seen:
        return problem("code", _("The code stands twice in the table."), _("Delete one of the rows."))
    if level not in TerritoryLevel.values:
        return problem("level", _("There is no such level."), _("Write country, region, district or settlement."))
    if code in known and known[code].level != level:
        return problem("level", _("The register knows this territory on another level."), _("Correct level or code."))
    if not names.clean(row.get("name_kk", "")):
        return problem("name_kk", _("The name in Kazakh is missing."), _("Fill it in."))
    if row.get("settlement_kind", "") not in ("", *SettlementKind.values):
        return problem(
            "settlement_kind", _("There is no such kind of settlement."), _("Write urban or rural, or nothing.")
        )
    for column, furthest in NUMBERS.items():
        if row.get(column) and not _is_between(row[column], furthest):
            return problem(column, _("This is no such place on the Earth."), _("Write degrees with a decimal point."))
    if row.get("numbers") and not re.fullmatch(r"[1-9]\d{1,8}", row["numbers"]):
        return problem(
            "numbers", _("The width of the range is not a number."), _("Write how many numbers, e.g. 50000.")
        )
    return None


def _is_between(text: str, furthest: float) -> bool:
    try:
        return -furthest <= float(text) <= furthest
    except ValueError:
        return False


def _plan_known(row_no: int, row: dict[str, str], territory: Territory, found: Founded) -> None:
    """What the table says otherwise of a territory that is there: from a day on, or as a correction."""
    said = _said(row)
    changes = {column: value for column, value in said.items() if getattr(territory, column) != value}
    if not changes:
        found.unchanged += 1
        return
    since = since_when(territory) if found.from_date else None
    if found.from_date and since and found.from_date <= since:
        column = next(iter(changes))
        what = _("The last change is of {day}.").format(day=shown(since))
        todo = _("Choose a later day, or leave the day out to correct what was recorded wrongly.")
        found.problems.append(Problem(row_no, column, row[column], what, todo))
        return
    (found.changed if found.from_date else found.corrected).append(territory.code)
    found.rewritten.append((territory, changes))


def _said(row: dict[str, str]) -> dict[str, object]:
    """An empty cell says nothing."""
    texts: dict[str, object] = {
        column: row[column] for column in CHANGEABLE if column not in NUMBERS and row.get(column)
    }
    return texts | {column: float(row[column]) for column in NUMBERS if row.get(column)}


def _new(row_no: int, row: dict[str, str], known: dict[str, Territory], found: Founded) -> Territory | None:
    parent = _parent_of(row, known)
    if row["level"] == TerritoryLevel.COUNTRY:
        is_there = any(t.level == TerritoryLevel.COUNTRY for t in known.values())
        problem = _("There is a country already.") if is_there else ""
        lo, hi = 0, BIGGEST
    elif parent is None:
        problem, lo, hi = _("The territory above is not known."), 0, 0
    else:
        width = int(row.get("numbers") or WIDTHS[TerritoryLevel(row["level"])])
        lo = _free(parent, width, known, found.ends)
        hi = lo + width - 1
        problem = _("No free range of that width is left in the territory above.") if hi > parent.org_hi else ""
    if problem:
        todo = _("Add the territory above to the table, or correct code, level or numbers.")
        found.problems.append(Problem(row_no, "code", row["code"], problem, todo))
        return None
    if parent:
        found.ends[parent.code] = hi
    territory = Territory(
        code=row["code"], parent=parent, level=row["level"], org_lo=lo, org_hi=hi, valid=DateRange(KATO_SINCE, None)
    )
    for column, value in _said(row).items():
        setattr(territory, column, value)
    territory.name_ru = territory.name_ru or territory.name_kk
    territory.name_en = territory.name_en or territory.name_ru
    territory.sort_key = names.sort_key(territory.name_kk, 200)
    return territory


def _parent_of(row: dict[str, str], known: dict[str, Territory]) -> Territory | None:
    """As the table says; else the nearest one whose KATO code begins alike."""
    above = ABOVE.get(TerritoryLevel(row["level"]), ())
    if row.get("parent"):
        named = known.get(row["parent"])
        return named if named and named.level in above else None
    nearest = (known.get(row["code"][:digits].ljust(9, "0")) for digits in range(8, -1, -1))
    return next((t for t in nearest if t and t.level in above and t.code != row["code"]), None)


def _free(parent: Territory, width: int, known: dict[str, Territory], ends: dict[str, int]) -> int:
    """Behind the parts that are there. The first place stays free for institutions of the parent itself."""
    if parent.code not in ends:
        own = parent.org_lo + min(width, WIDTHS[TerritoryLevel.DISTRICT]) - 1
        parts = [t.org_hi for t in known.values() if t.parent and t.parent.code == parent.code]
        ends[parent.code] = max(parts, default=own)
    after = ends[parent.code] + 1
    return -(-after // width) * width if width in WIDTHS.values() else after


def add_school_year(*, starts_on: dt.date, ends_on: dt.date, by: Scope, now: dt.datetime) -> SchoolYear:
    """Add a school year, for the whole country; classes and tests are then made in it."""
    with loading():
        check_right(by, "registry.found", 0, BIGGEST)
        check_date(starts_on, now)
        days = (ends_on - starts_on).days
        if ends_on.year != starts_on.year + 1 or not 180 <= days <= 366:
            raise WrongDate(_("A school year ends in the year after it began, and lasts half a year to a year."))
        code = f"{starts_on.year}-{ends_on.year}"
        if SchoolYear.objects.filter(code=code).exists():
            raise Overlap(_("The school year {year} is there already.").format(year=code), code="exists")
        crossing = SchoolYear.objects.filter(starts_on__lte=ends_on, ends_on__gte=starts_on).first()
        if crossing:
            raise Overlap(_("It overlaps the school year {year}.").format(year=crossing.code))
        return SchoolYear.objects.create(code=code, starts_on=starts_on, ends_on=ends_on)
