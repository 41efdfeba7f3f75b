"""How one answer is kept in one byte, and the step from what happened to what an engine reads.

What happened and what it counts as are two things: a sheet keeps that a pupil left an item out, the rule says whether
that is a wrong answer or none.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NOT_PRESENTED = 252
"""The pupil was never shown the item (a torn page, an item withdrawn in the room): missing by design."""
NOT_REACHED = 253
"""Nothing is answered from here to the end: time ran out."""
OMITTED = 254
"""Shown, and left without an answer."""
HIGHEST_SCORE = 100

MISSING_TEXTS = {
    "o": OMITTED, "9": OMITTED, "om": OMITTED, "omitted": OMITTED,
    "r": NOT_REACHED, "nr": NOT_REACHED, "not reached": NOT_REACHED,
    "n": NOT_PRESENTED, "np": NOT_PRESENTED, "not presented": NOT_PRESENTED, "": NOT_PRESENTED,
}  # fmt: skip

POLICIES = {"wrong": 0, "missing": 255}


def as_scores(codes: NDArray[np.uint8], *, omitted: str, not_reached: str) -> NDArray[np.uint8]:
    """Codes as an engine takes them: 0, 1, … and 255 for no answer. Policies are ``wrong`` or ``missing``."""
    scores = codes.copy()
    scores[codes == OMITTED] = POLICIES[omitted]
    scores[codes == NOT_REACHED] = POLICIES[not_reached]
    scores[codes == NOT_PRESENTED] = POLICIES["missing"]
    return scores
