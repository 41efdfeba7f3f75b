"""Whether a calibration is good enough for its figures to be honest. Pure: numbers in, checks out."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from tirek_engines.psychometrics import Calibration

NOT_ANSWERED = 255


@dataclass(frozen=True)
class Check:
    """One quality check: ``passed``; when not, ``blocking`` says whether publishing is refused."""

    code: str
    passed: bool
    blocking: bool
    found: float | None = None
    wanted: float | None = None

    def as_dict(self) -> dict:
        return asdict(self)


def enough_answers(codes: NDArray[np.uint8], minimum: int) -> NDArray[np.bool_]:
    """Items (columns) with at least ``minimum`` answers."""
    return (codes != NOT_ANSWERED).sum(axis=0) >= minimum


def connected_parts(codes: NDArray[np.uint8]) -> int:
    """Number of sets of items that no pupil links: with more than one, their difficulties lie on no common scale."""
    answered = (codes != NOT_ANSWERED).astype(np.float32)
    linked = (answered.T @ answered) > 0
    left = set(range(codes.shape[1]))
    parts = 0
    while left:
        parts += 1
        reach = {left.pop()}
        while reach:
            item = reach.pop()
            near = {int(j) for j in np.flatnonzero(linked[item])} & left
            left -= near
            reach |= near
    return parts


def check_amount(n_items: int, wanted: int) -> Check:
    """Whether so many items could be calibrated that anything can be said of the test."""
    return Check("enough_answers", n_items >= wanted, True, float(n_items), float(wanted))


def check_calibration(
    calibration: Calibration, n_parts: int, *, lowest_reliability: float, weak_reliability: float
) -> list[Check]:
    """Every check, passed or not, in the order in which a reader should see them."""
    fit = calibration.fit
    errors = np.array([item.se_b for item in calibration.items])
    reliability = float(fit.reliability_eap)
    n_unanswered = int((calibration.prepared.n_answered == 0).sum())
    return [
        Check("converged", fit.converged, True, float(fit.iterations)),
        Check("connected", n_parts == 1, True, float(n_parts), 1.0),
        Check("errors_known", bool(np.isfinite(errors).all()), True),
        Check("varies", calibration.groups[0].variance > 0.01, True, calibration.groups[0].variance, 0.01),
        Check("reliable", reliability >= lowest_reliability, True, reliability, lowest_reliability),
        Check("strong", reliability >= weak_reliability, False, reliability, weak_reliability),
        Check("no_item_dropped", not calibration.dropped, False, float(len(calibration.dropped)), 0.0),
        Check("everybody_answered", n_unanswered == 0, False, float(n_unanswered), 0.0),
        Check("grid", not any("grid" in warning for warning in calibration.warnings), False),
    ]


def check_items(calibration: Calibration, *, n_misfits: int, n_dependent: int, n_unfair: int) -> list[Check]:
    """Checks of the items' behaviour. A slope that is not above zero forbids publishing: the item measures backwards."""
    backwards = sum(item.a <= 0 for item in calibration.items)
    return [
        Check("slopes", backwards == 0, True, float(backwards), 0.0),
        Check("items_fit", n_misfits == 0, False, float(n_misfits), 0.0),
        Check("fair", n_unfair == 0, False, float(n_unfair), 0.0),
        Check("independent", n_dependent == 0, False, float(n_dependent), 0.0),
    ]


def good(checks: list[Check]) -> bool:
    return all(check.passed or not check.blocking for check in checks)
