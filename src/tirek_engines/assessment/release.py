"""May the wording of an item be made known? Not while a test that is running or still to come needs it secret."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

RELEASED = "released"


def release_reason(
    *,
    is_released: bool,
    running_tests: int,
    last_published: dt.date | None,
    secret_left: Sequence[int],
    day: dt.date,
    days: int,
    fewest: int,
) -> tuple[str, dict[str, int]]:
    """Why an item is released or stays secret, with the numbers that the reason mentions.

    Parameters
    ----------
    is_released : bool
        Its wording is known already.
    running_tests : int
        Tests with it whose results are not published yet.
    last_published : date or None
        When the latest results with it were published.
    secret_left : sequence of int
        For every test with it, how many of its items are still secret (this one counted).
    day : date
        The day of the decision.
    days, fewest : int
        Rules: days to wait after publication; secret items that a test keeps for links to come.

    Returns
    -------
    reason : str
        ``released``, ``already_released``, ``test_running``, ``too_early`` or ``needed_as_anchor``.
    numbers : dict of str to int
    """
    if is_released:
        return "already_released", {}
    if running_tests:
        return "test_running", {"tests": running_tests}
    if last_published is not None and (day - last_published).days < days:
        return "too_early", {"days": (day - last_published).days, "wanted": days}
    if secret_left and min(secret_left) <= fewest:
        return "needed_as_anchor", {"secure": min(secret_left), "wanted": fewest}
    return RELEASED, {"tests": len(secret_left)}
