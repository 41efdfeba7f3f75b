"""What a room of a purpose should hold, and what of it is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

MARK = "__"
PER_100 = "per_100_places"


@dataclass(frozen=True)
class Standard:
    """One line of a standard: how many of an item a room of a purpose should hold.

    Parameters
    ----------
    purpose, item : str
        Codes.
    number : int
        Pieces in each room, or for each hundred places.
    by_places : bool
        Whether `number` is for a hundred places.
    """

    purpose: str
    item: str
    number: int
    by_places: bool = False

    def wanted(self, places: int) -> int:
        """Pieces that a room with so many places should hold: a part of a piece counts as a whole one."""
        return -(-self.number * places // 100) if self.by_places else self.number


def standards_of(values: Mapping[str, object]) -> dict[str, tuple[Standard, ...]]:
    """The standards among the values of the rules, by purpose.

    Parameters
    ----------
    values : mapping of str to object
        Rules in force by short name. A standard is called ``purpose__item`` or ``purpose__item__per_100_places``.

    Returns
    -------
    dict of str to tuple of Standard
        In the order of the items' codes; an item of which nothing is wanted is left out.
    """
    found: dict[str, list[Standard]] = {}
    for name, value in values.items():
        parts = name.split(MARK)
        if len(parts) < 2 or not isinstance(value, int) or value == 0:
            continue
        by_places = parts[2:] == [PER_100]
        found.setdefault(parts[0], []).append(Standard(parts[0], parts[1], value, by_places))
    return {purpose: tuple(sorted(lines, key=lambda line: line.item)) for purpose, lines in sorted(found.items())}


def wanted_items(standard: tuple[Standard, ...], places: int | None, places_assumed: int) -> dict[str, int]:
    """Pieces of each item that a room should hold; where its places are not known, a usual number is assumed."""
    known = places_assumed if places is None or places <= 0 else places
    return {line.item: wanted for line in standard if (wanted := line.wanted(known)) > 0}


def missing_items(wanted: Mapping[str, int], found: Mapping[str, int]) -> Iterator[tuple[str, int, int]]:
    """Item, wanted, found: what was counted and is not enough. What nobody counted is not called missing."""
    for item, number in wanted.items():
        if item in found and found[item] < number:
            yield item, number, found[item]
