"""Did somebody complete a course? By the share of its hours attended and, where it has one, the test at its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal

COMPLETED = "completed"


@dataclass(frozen=True)
class CompletionRules:
    """Shares between 0 and 1: of the minutes held that must be attended, of the highest score that must be reached."""

    attendance_share: Decimal
    test_share: Decimal


def completion_reason(
    *, attended: int, held: int, points: int | None, highest: int, needs_test: bool, rules: CompletionRules
) -> tuple[str, dict[str, int]]:
    """Why somebody has or has not completed a course, with the numbers that settled it.

    Parameters
    ----------
    attended, held : int
        Minutes of the sessions that were held: attended by this person, and in all.
    points : int or None
        Hundredths of points of the test at the end; None when it was not taken.
    highest : int
        Hundredths of the highest score of that test.
    needs_test : bool
        The course asks for the test.
    rules : CompletionRules
        The two shares in force.

    Returns
    -------
    reason : str
        ``completed``, ``nothing_held``, ``attended_too_little``, ``test_missing`` or ``test_failed``; attendance is
        looked at first.
    numbers : dict of str to int
        ``attended`` and ``held`` in minutes, ``share`` and ``wanted`` in whole per cent (rounded down and up), and for the
        test ``test`` and ``test_wanted`` in whole per cent.
    """
    if held <= 0:
        return "nothing_held", {}
    numbers = {
        "attended": attended,
        "held": held,
        "share": _percent(attended, held),
        "wanted": _wanted(rules.attendance_share),
    }
    if Decimal(attended) < rules.attendance_share * held:
        return "attended_too_little", numbers
    if not needs_test:
        return COMPLETED, numbers
    if points is None or highest <= 0:
        return "test_missing", numbers | {"test_wanted": _wanted(rules.test_share)}
    numbers |= {"test": _percent(points, highest), "test_wanted": _wanted(rules.test_share)}
    return (COMPLETED if Decimal(points) >= rules.test_share * highest else "test_failed"), numbers


def _percent(part: int, whole: int) -> int:
    return int((Decimal(100 * part) / whole).to_integral_value(ROUND_DOWN))


def _wanted(share: Decimal) -> int:
    return -int(-100 * share // 1)


def rules_of(values: Mapping[str, object]) -> CompletionRules:
    """From the values of ``cpd.completion``."""
    return CompletionRules(Decimal(str(values["attendance_share"])), Decimal(str(values["test_share"])))
