"""The file of rules of `tirek allocate`: who goes before whom, which seats are kept for whom."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tirek.storage.tables import Faults

MODES = ("legal", "deferred")
KEYS = {
    "mode",
    "day",
    "categories",
    "interleave",
    "queue_by",
    "seed",
    "seat_types",
    "priorities",
    "act",
    "demonstration",
}
PRIORITY_KINDS = ("sibling", "yes", "equal", "within")
MOST_PRIORITIES = 6


@dataclass(frozen=True)
class Priority:
    """One question that a group's order asks before the queue. Yes goes before no.

    ``sibling``: the child's column names the group's kindergarten. ``yes``: the child's column says yes. ``equal``: the child's column
    equals the group's. ``within``: the wish's number is at most ``limit``.
    """

    name: str
    kind: str
    column: str
    other: str = ""
    limit: float = 0.0


@dataclass(frozen=True)
class SeatType:
    """A kind of seat: for children whose column says yes, or for all. Soft seats go to others when too few ask."""

    name: str
    column: str = ""
    soft: bool = True


@dataclass(frozen=True)
class Rules:
    """All that the file says."""

    mode: str
    day: datetime.date
    categories: tuple[str, ...]
    interleaved: tuple[str, str] | None
    shares: tuple[int, int]
    queue_by: tuple[str, ...]
    seed: str
    seat_types: tuple[SeatType, ...]
    priorities: tuple[Priority, ...]

    @property
    def child_columns(self) -> tuple[str, ...]:
        """Columns of the children that the rules ask for."""
        asked = [p.column for p in self.priorities if p.kind != "within"]
        return tuple(dict.fromkeys([*asked, *[s.column for s in self.seat_types if s.column], *self.queue_by]))


def read_rules(path: Path) -> Rules:
    """Read the file; everything that is wrong is told at once.

    Raises
    ------
    BadTable
        With one fault for every key or value that cannot be used.
    """
    faults = Faults(path.name)
    body = _body(path, faults)
    faults.raise_if_any()
    for key in sorted(set(map(str, body)) - KEYS):
        faults.add(None, key, "", "There is no such key.", f"Known are: {', '.join(sorted(KEYS))}.")
    mode = body.get("mode")
    if mode not in MODES:
        faults.add(None, "mode", mode, "There is no such mode.", f"Write one of {', '.join(MODES)}.")
    day = body.get("day")
    if not isinstance(day, datetime.date):
        faults.add(None, "day", day, "Ages are counted on no day.", "Write day: YYYY-MM-DD.")
        day = datetime.date(2000, 1, 1)
    categories = _texts(body.get("categories"), "categories", faults)
    interleaved, shares = _interleaving(body.get("interleave"), categories, faults)
    found = Rules(
        str(mode), day, categories, interleaved, shares, _texts(body.get("queue_by") or [], "queue_by", faults, empty=True),
        str(body.get("seed") or ""), _seat_types(body.get("seat_types"), faults), _priorities(body, faults),
    )  # fmt: skip
    faults.raise_if_any()
    return found


def _body(path: Path, faults: Faults) -> Mapping[str, Any]:
    try:
        body = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        faults.add(None, "", "", f"It cannot be read: {error}.", "Give a file of rules in YAML, UTF-8.")
        return {}
    if not isinstance(body, dict):
        faults.add(None, "", body, "It is no mapping of keys to values.", "See the manual, page “allocate”.")
        return {}
    return body


def _texts(value: Any, key: str, faults: Faults, *, empty: bool = False) -> tuple[str, ...]:
    texts = tuple(str(v) for v in value) if isinstance(value, list) else ()
    if (not texts and not empty) or len(set(texts)) < len(texts):
        faults.add(None, key, value, "This is no list of different names.", f"Write {key}: [first, second, …].")
    return texts


def _interleaving(
    value: Any, categories: tuple[str, ...], faults: Faults
) -> tuple[tuple[str, str] | None, tuple[int, int]]:
    if value is None:
        return None, (1, 1)
    names = [str(n) for n in value.get("categories", [])] if isinstance(value, dict) else []
    shares = value.get("shares", []) if isinstance(value, dict) else []
    neighbours = (
        len(names) == 2 and names[0] in categories and categories[categories.index(names[0]) + 1 :][:1] == (names[1],)
    )
    good = isinstance(shares, list) and len(shares) == 2 and all(isinstance(s, int) and s > 0 for s in shares)
    if neighbours and good:
        return (names[0], names[1]), (shares[0], shares[1])
    faults.add(None, "interleave", value, "These categories cannot take turns.",
               "Name two neighbours: {categories: [first, general], shares: [1, 3]}.")  # fmt: skip
    return None, (1, 1)


def _seat_types(value: Any, faults: Faults) -> tuple[SeatType, ...]:
    """Kinds of seats in the order in which they are filled; the last one is open to all."""
    if value is None:
        return (SeatType("open"),)
    if not isinstance(value, list) or not value or not all(isinstance(v, dict) and v.get("name") for v in value):
        faults.add(
            None,
            "seat_types",
            value,
            "This is no list of kinds of seats.",
            "Write [{name: special, for: column}, {name: open}].",
        )
        return (SeatType("open"),)
    found = tuple(SeatType(str(v["name"]), str(v.get("for") or ""), bool(v.get("soft", True))) for v in value)
    if found[-1].column or any(not s.column for s in found[:-1]):
        faults.add(None, "seat_types", [s.name for s in found], "The last kind is open to all, and only the last.",
                   "Give every other kind the column of the children it is kept for.")  # fmt: skip
    if len({s.name for s in found}) < len(found):
        faults.add(None, "seat_types", [s.name for s in found], "A name is there twice.", "Rename one.")
    return found


def _priorities(body: Mapping[str, Any], faults: Faults) -> tuple[Priority, ...]:
    value = body.get("priorities") or []
    if value and body.get("mode") == "legal":
        faults.add(None, "priorities", value, "In the legal mode there is one queue for all groups.",
                   "Take priorities away, or write mode: deferred.")  # fmt: skip
    if not isinstance(value, list) or len(value) > MOST_PRIORITIES:
        faults.add(
            None, "priorities", value, "This is no list of at most six priorities.", "See the manual, page “allocate”."
        )
        return ()
    found = [p for place, entry in enumerate(value, start=1) if (p := _priority(entry, f"priorities[{place}]", faults))]
    if len({p.name for p in found}) < len(found):
        faults.add(None, "priorities", [p.name for p in found], "A priority is there twice.", "Rename one.")
    return tuple(found)


def _priority(entry: Any, place: str, faults: Faults) -> Priority | None:
    kind = entry.get("by") if isinstance(entry, dict) else None
    if kind not in PRIORITY_KINDS or not entry.get("column"):
        faults.add(None, place, entry, "This is no priority.", f"Write by: {' | '.join(PRIORITY_KINDS)} and column.")
        return None
    limit, other = entry.get("limit", 0), str(entry.get("group_column") or entry["column"])
    if kind == "within" and (isinstance(limit, bool) or not isinstance(limit, (int, float)) or limit <= 0):
        faults.add(None, place, limit, "It does not say within what.", "Write limit: a number above 0.")
        return None
    return Priority(str(entry.get("name") or entry["column"]), str(kind), str(entry["column"]), other, float(limit))
