"""The index of rooms and schools, as a pure function of what was sealed."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from tirek.decisions.kinds import Result
from tirek.decisions.rules import RuleSet
from tirek_engines.facilities import ConditionRules, RoomIndex, RoomSeen, index_room, index_school

NUMBERS = (
    "condition", "equipment", "items", "counted", "lacking", "pieces", "days", "allowed", "rooms", "walked", "low", "percent",
)  # fmt: skip
NOTHING = dict.fromkeys(NUMBERS)
MISSING = {"room": pl.Int64, "org_no": pl.Int64, "item": pl.String, "wanted": pl.Int64, "found": pl.Int64}


def run_condition(inputs: Mapping[str, pl.DataFrame], parameters: Mapping[str, Any], rules: RuleSet) -> Result:
    """An outcome for every room and every school of the range, the ones without points included."""
    asked = ConditionRules.of(rules.values())
    day = dt.date.fromisoformat(parameters["day"])
    indexed = {
        room["room"]: (room, index_room(seen_of(room, day), asked)) for room in _joined(inputs).iter_rows(named=True)
    }
    outcomes = [_outcome("room", str(pk), room["org_no"], index, pk) for pk, (room, index) in indexed.items()]
    by_school: dict[int, list] = {}
    for room, index in indexed.values():
        by_school.setdefault(room["org_no"], []).append((room["purpose"], index))
    for code, org_no in inputs["schools"].select("school", "org_no").iter_rows():
        own = by_school.get(org_no, [])
        found = index_school([purpose for purpose, _index in own], [index for _purpose, index in own], asked)
        outcomes.append(_outcome("school", code, org_no, found))
    points = [row["result"]["points"] for row in outcomes if row["subject_kind"] == "school"]
    known = [value for value in points if value is not None]
    return Result(
        outcomes=pl.DataFrame(outcomes, schema=_schema(), orient="row"),
        tables={"missing": pl.DataFrame(list(_missing(indexed)), schema=MISSING, orient="row")},
        summary={"rooms": len(indexed), "schools": len(points), "schools_with_index": len(known)},
    )


def seen_of(room: Mapping[str, Any], day: dt.date) -> RoomSeen:
    """A row of the joined tables as the engine wants it."""
    seen_on = room["observed_on"]
    return RoomSeen(
        room=str(room["room"]),
        purpose=room["purpose"],
        places=room["places"],
        condition=room["condition"] or "",
        counts=json.loads(room["counts"] or "{}"),
        days_ago=None if seen_on is None else (day - seen_on).days,
        is_absent=bool(room["is_absent"]),
    )


def _joined(inputs: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    return inputs["rooms"].join(inputs["findings"], on="room", how="left").sort("room")


def _outcome(kind: str, subject: str, org_no: int, found, pk: int | None = None) -> dict:
    return {
        "subject_kind": kind, "subject": subject, "subject_id": pk, "org_no": org_no, "reason": found.reason,
        "numbers": NOTHING | dict(found.numbers) | {"points": found.points}, "result": {"points": found.points},
    }  # fmt: skip


def _schema() -> dict:
    return {
        "subject_kind": pl.String, "subject": pl.String, "subject_id": pl.Int64, "org_no": pl.Int64, "reason": pl.String,
        "numbers": pl.Struct(dict.fromkeys((*NUMBERS, "points"), pl.Int64)), "result": pl.Struct({"points": pl.Int64}),
    }  # fmt: skip


def _missing(indexed: Mapping[int, tuple[Mapping, RoomIndex]]) -> Iterator[tuple]:
    for pk, (room, index) in indexed.items():
        for item, wanted, found in index.missing:
            yield pk, room["org_no"], item, wanted, found
