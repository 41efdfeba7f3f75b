"""What the experts' points say: agreed, or so far apart that a third must judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tirek_engines.errors import BrokenContract


@dataclass(frozen=True)
class Judgement:
    """``halves``: sum of the two judgements that count, so twice the points reached; None while a third is needed."""

    halves: int | None
    apart: int
    needs_third: bool


def settle(points: Sequence[int], *, most_apart: int) -> Judgement:
    """Two experts count when they are no more than ``most_apart`` points apart; else a third judges, and the two that are
    closest to each other count. Where both pairs are as close, the one that is better for the applicant counts.

    Parameters
    ----------
    points : sequence of int, length 2 or 3
        Sum of the points that each expert gave.
    most_apart : int
        Rule: the largest difference that two experts may leave.
    """
    if len(points) not in (2, 3):
        raise BrokenContract("points", len(points), "two or three judgements")
    ordered = sorted(points)
    apart = ordered[-1] - ordered[0]
    if len(ordered) == 2:
        close = apart <= most_apart
        return Judgement(sum(ordered) if close else None, apart, not close)
    low, middle, high = ordered
    pair = (middle, high) if high - middle <= middle - low else (low, middle)
    return Judgement(sum(pair), apart, False)


def certification_reason(
    *, judgements: Sequence[int], lacks: str, most_apart: int, wanted: int
) -> tuple[str, dict[str, int]]:
    """Why a category is given or not, with the numbers that settled it.

    Parameters
    ----------
    judgements : sequence of int
        Points of two or three experts.
    lacks : str
        First thing that the application lacked when it was checked; empty when it was complete.
    most_apart, wanted : int
        Rules: largest difference of two experts; points that the category asks for.

    Returns
    -------
    reason : str
        ``awarded``, ``points_few``, ``not_eligible`` or ``not_judged``.
    numbers : dict of str to int
        ``points`` reached (the mean of the two that count; a half counts as a whole), ``wanted``, ``apart``, ``experts``.
    """
    if lacks:
        return "not_eligible", {"wanted": wanted}
    if len(judgements) < 2:
        return "not_judged", {"experts": len(judgements), "wanted": wanted}
    found = settle(judgements, most_apart=most_apart)
    numbers = {"experts": len(judgements), "apart": found.apart, "wanted": wanted}
    if found.halves is None:
        return "not_judged", numbers
    points = (found.halves + 1) // 2
    return ("awarded" if points >= wanted else "points_few"), numbers | {"points": points}
