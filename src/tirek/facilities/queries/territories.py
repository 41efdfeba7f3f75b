"""Schools of a territory side by side."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

from tirek.access.scope import Scope
from tirek.decisions.rules import rules_in_force
from tirek.facilities.decided.sealing import KINDS
from tirek.facilities.items import item_name
from tirek.facilities.models import Walk
from tirek.facilities.queries.indexes import indexes_of, runs
from tirek.facilities.queries.walks import last_walked
from tirek.registry.models import RoomPurpose, Territory, TerritoryLevel
from tirek.registry.queries import institutions, territories
from tirek_engines.facilities import standards_of as read_standards
from tirek_engines.rules import NoRuleInForce


@dataclass(frozen=True)
class SchoolRow:
    """One school in the comparison."""

    code: str
    org_no: int
    name: str
    sort_key: str
    territory: str
    points: int | None
    reason: str
    numbers: dict
    is_published: bool
    number: str
    last: dt.date | None
    is_support: bool

    @property
    def rooms(self) -> int | None:
        return self.numbers.get("rooms")

    @property
    def walked(self) -> int | None:
        return self.numbers.get("walked")

    @property
    def low(self) -> int | None:
        return self.numbers.get("low")


@dataclass(frozen=True)
class Summary:
    schools: int
    walked: int
    indexed: int
    mean: int | None
    low: int


def school_rows(scope: Scope, territory: Territory, *, on: dt.date, support_only: bool) -> list[SchoolRow]:
    """Every institution of the territory and the scope; of the whole country, those that were walked through."""
    found = _listed(scope, territory, on, support_only)
    if territory.level == TerritoryLevel.COUNTRY:
        found = found.filter(org_no__in=Walk.objects.filter(closed_at__isnull=False).values("org_no"))
    states = list(found)
    org_nos = [state.org_no for state in states]
    found = indexes_of(org_nos, on=on, with_rooms=False)
    last = last_walked(org_nos)
    rows = []
    for state in states:
        index = found.get(state.org_no)
        rows.append(
            SchoolRow(
                state.institution.code, state.org_no, territories.local_name(state), state.sort_key,
                territories.local_name(state.territory), index.points if index else None, index.reason if index else "",
                index.numbers if index else {}, bool(index and index.is_published), index.number if index else "",
                last.get(state.org_no), state.is_support_school,
            )
        )  # fmt: skip
    return rows


def _listed(scope: Scope, territory: Territory, on: dt.date, support_only: bool):
    support = True if support_only else None
    return institutions.listed(scope, on=on, territory=territory, kind=KINDS, is_support_school=support)


def school_count(scope: Scope, territory: Territory, *, on: dt.date, support_only: bool) -> int:
    """How many there are, also those that are not listed."""
    return _listed(scope, territory, on, support_only).order_by().count()


def summary(rows: list[SchoolRow], total: int) -> Summary:
    known = [row.points for row in rows if row.points is not None]
    return Summary(
        total, sum(row.last is not None for row in rows), len(known), sum(known) // len(known) if known else None,
        sum(row.low or 0 for row in rows),
    )  # fmt: skip


def means_by_part(territory: Territory, rows: list[SchoolRow], *, on: dt.date) -> list[tuple[str, int, int]]:
    """Name, mean of the points, number of schools with points; the lowest first."""
    parts = territories.children(territory, on=on)
    held: dict[int, list[int]] = defaultdict(list)
    for row in rows:
        part = next((part for part in parts if part.org_lo <= row.org_no <= part.org_hi), None)
        if part is not None and row.points is not None:
            held[part.pk].append(row.points)
    found = [(territories.local_name(part), held[part.pk]) for part in parts if held[part.pk]]
    return sorted(((name, sum(own) // len(own), len(own)) for name, own in found), key=lambda one: one[1])


def last_run(territory: Territory, *, on: dt.date, state: str = "published"):
    """The newest run of exactly this territory."""
    span = (territory.org_lo, territory.org_hi)
    return next((run for run in runs(on, (state,)) if (run.org_lo, run.org_hi) == span), None)


def standards_of(on: dt.date, org_lo: int, org_hi: int) -> dict:
    """The standards in force by purpose, each line with its rule, day and whether an act is known."""
    rules = rules_in_force("facilities.condition", on, org_lo, org_hi)
    names = {purpose.value: purpose.label for purpose in RoomPurpose}
    found = []
    for purpose, lines in read_standards(rules.values()).items():
        shown = []
        for line in lines:
            short = f"{purpose}__{line.item}" + ("__per_100_places" if line.by_places else "")
            rule = rules.book[f"{rules.name}.{short}"]
            try:
                since = rule.found(on, rules.territory).start
            except NoRuleInForce:
                continue
            shown.append({"item": item_name(line.item), "number": line.number, "by_places": line.by_places, "since": since,
                          "is_demonstration": rule.demonstration})  # fmt: skip
        found.append({"name": names.get(purpose, purpose), "lines": shown})
    points = {code: rules.value(f"points_{code}") for code in ("good", "fair", "poor", "unusable")}
    others = {name: rules.value(name) for name in
              ("weight_condition", "weight_equipment", "places_assumed", "valid_days", "least_walked_percent", "low_below")}  # fmt: skip
    return {"standards": found, "points": points, "values": others, "version": rules.version}
