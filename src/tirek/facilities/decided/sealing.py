"""What the index is computed from: rooms of the register, the last finding of each, what was accepted since."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

import polars as pl
from django.conf import settings
from django.db import connection

from tirek.access.scope import loading
from tirek.registry.models import Institution, InstitutionKind, Room

KINDS = (
    InstitutionKind.SCHOOL,
    InstitutionKind.SMALL_SCHOOL,
    InstitutionKind.KINDERGARTEN,
    InstitutionKind.COLLEGE,
)
FINDINGS = {
    "room": pl.Int64, "observed_on": pl.Date, "condition": pl.String, "is_absent": pl.Boolean, "counts": pl.String,
    "finding": pl.String,
}  # fmt: skip
LATEST = """
    select distinct on (coalesce(f.room_id, p.room_id)) coalesce(f.room_id, p.room_id),
           (f.taken_at at time zone %(zone)s)::date, f.condition, f.is_absent, f.counts, f.uuid
    from facilities_finding f
    join facilities_walk w on w.id = f.walk_id
    left join facilities_proposal p on p.finding_id = f.id and p.state = 'accepted'
    where f.org_no between %(lo)s and %(hi)s and coalesce(f.room_id, p.room_id) is not null and f.is_current
      and w.closed_at is not null and w.day <= %(day)s
    order by coalesce(f.room_id, p.room_id), w.day desc, f.taken_at desc, f.id desc
"""
ADDED = """
    select room_id, item_code, since, count from facilities_inventoryitem
    where org_no between %(lo)s and %(hi)s and since <= %(day)s and item_code <> ''
    union all
    select i.room_id, i.item_code, w.day, -w.count
    from facilities_writeoff w join facilities_inventoryitem i on i.id = w.item_id
    where w.org_no between %(lo)s and %(hi)s and w.day <= %(day)s and i.item_code <> ''
"""


def inputs_for(org_lo: int, org_hi: int, day: dt.date) -> dict[str, pl.DataFrame]:
    """Three tables, sorted: schools, rooms, findings (one a room, with the counts as they stand on the day)."""
    return {
        "schools": _schools(org_lo, org_hi, day),
        "rooms": _rooms(org_lo, org_hi, day),
        "findings": latest_findings(org_lo, org_hi, day),
    }


def fresh_inputs(parameters: Mapping[str, Any]) -> dict[str, pl.DataFrame]:
    """The inputs as they would be read now."""
    with loading():
        day = dt.date.fromisoformat(parameters["day"])
        return inputs_for(int(parameters["org_lo"]), int(parameters["org_hi"]), day)


def _schools(lo: int, hi: int, day: dt.date) -> pl.DataFrame:
    rows = Institution.objects.filter(org_no__gte=lo, org_no__lte=hi, kind__in=KINDS, open_period__contains=day)
    found = rows.order_by("org_no").values_list("code", "org_no", "kind")
    return pl.DataFrame(list(found), schema={"school": pl.String, "org_no": pl.Int64, "kind": pl.String}, orient="row")


def _rooms(lo: int, hi: int, day: dt.date) -> pl.DataFrame:
    rows = Room.objects.filter(
        org_no__gte=lo, org_no__lte=hi, valid__contains=day, institution__kind__in=KINDS,
        institution__open_period__contains=day,
    )  # fmt: skip
    schema = {"room": pl.Int64, "org_no": pl.Int64, "number": pl.String, "purpose": pl.String, "places": pl.Int64}
    found = rows.order_by("id").values_list("id", "org_no", "number", "purpose", "places")
    return pl.DataFrame(list(found), schema=schema, orient="row")


def latest_findings(lo: int, hi: int, day: dt.date) -> pl.DataFrame:
    """The last look at each room in a closed walk, its counts brought up to the day by acceptances and write-offs."""
    asked = {"lo": lo, "hi": hi, "day": day, "zone": settings.TIME_ZONE}
    with connection.cursor() as cursor:
        cursor.execute(LATEST, asked)
        rows = cursor.fetchall()
        cursor.execute(ADDED, asked)
        added: dict[int, list] = defaultdict(list)
        for room, item, since, count in cursor.fetchall():
            added[room].append((item, since, count))
    found = [
        (room, seen_on, condition, absent, _brought_up(counts, added.get(room, []), seen_on), str(uuid))
        for room, seen_on, condition, absent, counts, uuid in rows
    ]
    return pl.DataFrame(found, schema=FINDINGS, orient="row")


def _brought_up(counts: Any, changes: list[tuple[str, dt.date, int]], seen_on: dt.date) -> str:
    """What was counted, plus what came and minus what went after that day; never below zero."""
    kept = json.loads(counts) if isinstance(counts, str) else counts
    total = Counter({item: int(number) for item, number in kept.items()})
    for item, since, count in changes:
        if since > seen_on:
            total[item] += count
    return json.dumps({item: max(number, 0) for item, number in sorted(total.items())}, separators=(",", ":"))
