"""The index in force: published, or else the newest draft that the asker may see."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from tirek.decisions import queries as journal
from tirek.facilities.kinds import CONDITION


@dataclass
class Index:
    """Of one institution: points (None where nothing can be said), reason and its numbers, and the points of its rooms."""

    org_no: int
    number: str
    day: dt.date
    is_published: bool
    points: int | None = None
    reason: str = ""
    numbers: dict = field(default_factory=dict)
    subject: str = ""
    rooms: dict[int, int | None] = field(default_factory=dict)
    room_reasons: dict[int, tuple[str, dict]] = field(default_factory=dict)


def runs(on: dt.date, states: tuple[str, ...] = ("published",)):
    """Decisions on the index that hold for the day, the newest first."""
    found = journal.decisions().filter(kind=CONDITION, state__in=states)
    return [run for run in found if run.parameters["day"] <= on.isoformat()]


def indexes_of(org_nos: Iterable[int], *, on: dt.date, with_rooms: bool = True) -> dict[int, Index]:
    """By institution. A draft stands in only where nothing is published."""
    left, found = set(org_nos), {}
    known = runs(on, ("published", "draft"))
    for run in sorted(known, key=lambda run: run.state != "published"):  # sorting keeps the newest first in each
        here = {org_no for org_no in left if run.org_lo <= org_no <= run.org_hi}
        if not here:
            continue
        read = _read(run, here, with_rooms)
        found |= read
        left -= read.keys()
        if not left:
            return found
    return found


def with_draft(org_no: int, *, on: dt.date) -> tuple[Index | None, Index | None]:
    """The index in force of one institution, and a newer draft beside it: what its last walk would give."""
    known = [run for run in runs(on, ("published", "draft")) if run.org_lo <= org_no <= run.org_hi]
    index = draft = None
    for run in sorted(known, key=lambda run: run.state != "published"):
        if index is None:
            index = _read(run, {org_no}, with_rooms=True).get(org_no)
        elif run.state == "draft" and run.number > index.number:
            draft = _read(run, {org_no}, with_rooms=False).get(org_no)
        if draft is not None:
            break
    return index, draft


def _read(run, org_nos: set[int], with_rooms: bool) -> dict[int, Index]:
    day = dt.date.fromisoformat(run.parameters["day"])
    rows = journal.outcomes(run).filter(org_no__gte=min(org_nos), org_no__lte=max(org_nos))
    if not with_rooms:
        rows = rows.filter(subject_kind="school")
    found: dict[int, Index] = {}
    for row in rows.order_by():
        if row.org_no not in org_nos:
            continue
        index = found.setdefault(row.org_no, Index(row.org_no, run.number, day, run.state == "published"))
        points = row.result.get("points")
        if row.subject_kind == "school":
            index.points, index.reason, index.numbers, index.subject = points, row.reason, row.numbers, row.subject
        else:
            index.rooms[row.subject_id] = points
            index.room_reasons[row.subject_id] = (row.reason, row.numbers)
    return found
