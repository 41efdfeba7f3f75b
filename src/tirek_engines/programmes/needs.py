"""Which findings of a diagnosis ask for something: rooms, voices, results. Whole numbers in, a reason for each out."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt

from tirek_engines.errors import BrokenContract

PER_MILLE = 1000
ROOM_LOW, ROOM_MISSING, SCALE_LOW, RESULT_LOW = "room_low", "room_missing", "scale_low", "result_low"
PROPOSED = frozenset({ROOM_LOW, ROOM_MISSING, SCALE_LOW, RESULT_LOW})
NEAR = frozenset({"room_near", "room_unknown", "scale_near", "scale_few", "scale_response", "result_near"})


@dataclass(frozen=True)
class RoomRule:
    """Below ``below`` points of 1000, or ``missing`` standard items lacking, a room needs something; ``near`` is told."""

    below: int
    near: int
    missing: int


@dataclass(frozen=True)
class ScaleRule:
    """A share of low answers above ``above`` (per mille), from ``fewest`` answers and a response of ``response`` per cent."""

    above: int
    near: int
    fewest: int
    response: int


@dataclass(frozen=True)
class ResultRule:
    """More than ``errors`` (hundredths of a standard error of the difference) below the region; ``near`` is told."""

    errors: int
    near: int


def room_reason(
    *, index_points: int | None, missing_kinds: int, missing_items: int, rule: RoomRule
) -> tuple[str, dict[str, int]]:
    """Does a room ask for equipment or repair?

    Parameters
    ----------
    index_points : int or None
        Condition and equipment of the room, 0 to 1000; None: not surveyed.
    missing_kinds, missing_items : int
        Kinds of standard items that are lacking, and how many pieces of them.
    rule : RoomRule
        The rule.

    Returns
    -------
    reason : str
        ``room_low``, ``room_missing``, ``room_near``, ``room_unknown`` or ``room_good``.
    numbers : dict of str to int
        What the sentence mentions.
    """
    lacking = {"missing_kinds": missing_kinds, "missing_items": missing_items}
    if index_points is None:
        if missing_kinds >= rule.missing > 0:
            return ROOM_MISSING, lacking
        return "room_unknown", {}
    if not 0 <= index_points <= PER_MILLE:
        raise BrokenContract("index_points", index_points, "0 to 1000")
    numbers = lacking | {"index": index_points, "below": rule.below}
    if index_points < rule.below:
        return ROOM_LOW, numbers
    if missing_kinds >= rule.missing > 0:
        return ROOM_MISSING, numbers
    if index_points < rule.below + rule.near:
        return "room_near", numbers
    return "room_good", numbers


def scale_reason(*, low_permille: int, n: int, invited: int, rule: ScaleRule) -> tuple[str, dict[str, int]]:
    """Do the voices of a group ask for professional development?

    Parameters
    ----------
    low_permille : int
        Share of the group whose mean on the scale is low, in thousandths.
    n, invited : int
        Who answered, who was asked.
    rule : ScaleRule
        The rule.

    Returns
    -------
    reason : str
        ``scale_low``, ``scale_near``, ``scale_few`` (too few answers), ``scale_response`` (too small a part answered) or
        ``scale_good``.
    numbers : dict of str to int
        Shares in per cent, rounded half up.
    """
    if n < 0 or invited < 0 or not 0 <= low_permille <= PER_MILLE:
        raise BrokenContract("scale", (low_permille, n, invited), "0 to 1000 and counts")
    numbers = {"low_percent": _percent(low_permille), "above_percent": _percent(rule.above), "answers": n}
    if n < rule.fewest:
        return "scale_few", numbers | {"fewest": rule.fewest}
    if invited and 100 * n < rule.response * invited:
        return "scale_response", numbers | {"invited": invited, "response": rule.response}
    if low_permille > rule.above:
        return SCALE_LOW, numbers
    if low_permille > rule.above - rule.near:
        return "scale_near", numbers
    return "scale_good", numbers


def result_reason(
    *, mean: int, se: int, region_mean: int, region_se: int, rule: ResultRule
) -> tuple[str, dict[str, int]]:
    """Does a published result ask for professional development of the subject's teachers?

    Parameters
    ----------
    mean, se, region_mean, region_se : int
        Published values in tenths of a point of the reporting scale.
    rule : ResultRule
        The rule.

    Returns
    -------
    reason : str
        ``result_low``, ``result_near`` or ``result_good``.
    numbers : dict of str to int
        Points, rounded half up, and the difference in hundredths of its standard error, rounded towards zero.

    Notes
    -----
    With d the difference and v the sum of the squared errors, d > z sqrt(v) is decided as d² > z² v in whole numbers.
    """
    if se < 0 or region_se < 0:
        raise BrokenContract("se", (se, region_se), "not negative")
    difference, variance = region_mean - mean, se * se + region_se * region_se
    numbers = {"mean": _tenth(mean), "region": _tenth(region_mean), "errors": _hundredths(difference, variance)}
    if _exceeds(difference, variance, rule.errors):
        return RESULT_LOW, numbers | {"wanted": rule.errors}
    if _exceeds(difference, variance, rule.errors - rule.near):
        return "result_near", numbers | {"wanted": rule.errors}
    return "result_good", numbers


def _exceeds(difference: int, variance: int, hundredths: int) -> bool:
    if difference <= 0:
        return False
    return 10_000 * difference * difference > hundredths * hundredths * variance


def _hundredths(difference: int, variance: int) -> int:
    """Largest h with h² v <= 10,000 d², with the sign of d; 0 without errors."""
    if variance == 0:
        return 0
    size = isqrt(10_000 * difference * difference // variance)
    return size if difference >= 0 else -size


def _percent(permille: int) -> int:
    return (permille + 5) // 10


def _tenth(tenths: int) -> int:
    return (tenths + 5) // 10
