"""What may be said of a programme's impact: checks of the design with their numbers, and the claim that they allow.

The word *effect* is used only with a comparison that was chosen before outcomes were known, that was alike before, and
whose trends were alike. Everything else is a *change*.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import hypot, isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

EFFECT, CHANGE = "effect", "change"
NORMAL = 1.959963984540054


@dataclass(frozen=True)
class Bounds:
    """Where the checks draw the line (all set by dated rules).

    Attributes
    ----------
    comparable : float
        Largest standardised difference before entry.
    pretrend : float
        Smallest p of the joint test of trends before entry.
    fewest_treated : int
        Below it, errors between schools are not to be trusted by themselves.
    attrition : float
        Largest difference between the shares of both sides that are not seen at every wave.
    at_top : float
        Largest share of pupils at the highest score.
    """

    comparable: float = 0.25
    pretrend: float = 0.10
    fewest_treated: int = 6
    attrition: float = 0.05
    at_top: float = 0.10


@dataclass(frozen=True)
class Finding:
    """One check: passed, failed, or (None) not possible. A blocking one that failed forbids the word effect."""

    code: str
    passed: bool | None
    blocking: bool
    numbers: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """For sealing."""
        return {"code": self.code, "passed": self.passed, "blocking": self.blocking, "numbers": dict(self.numbers)}


def judge(facts: Mapping[str, Any], bounds: Bounds) -> tuple[Finding, ...]:
    """Check the design.

    Parameters
    ----------
    facts : mapping
        ``treated``, ``treated_matched``, ``comparison`` (schools), ``chosen_before`` (days from choice to the first later
        sitting; None if not known), ``largest_smd``, ``pretrend_p``, ``permutation_p``, ``attrition_treated``,
        ``attrition_comparison``, ``at_top``, ``se``, ``waves_apart`` (later waves on another scale), ``left``, ``merged``.
    bounds : Bounds
        Where the lines are drawn.
    """
    found = [_comparison(facts), _chosen_before(facts), _balance(facts, bounds), _pretrend(facts, bounds)]
    found += [_treated(facts, bounds), _variance(facts), _unmatched(facts), _attrition(facts, bounds)]
    found += [_ceiling(facts, bounds), _scale(facts), _left(facts), _merged(facts)]
    return tuple(found)


def claim_of(findings: Sequence[Finding]) -> str:
    """``effect`` where no blocking check failed, else ``change``."""
    return CHANGE if any(f.blocking and f.passed is False for f in findings) else EFFECT


def _comparison(facts: Mapping[str, Any]) -> Finding:
    return Finding("comparison", facts["comparison"] > 0, True, {"schools": facts["comparison"]})


def _chosen_before(facts: Mapping[str, Any]) -> Finding:
    days = facts["chosen_before"]
    if not facts["comparison"] or days is None:
        return Finding("chosen_before", None, True, {})
    return Finding("chosen_before", days >= 0, True, {"days": abs(days)})


def _balance(facts: Mapping[str, Any], bounds: Bounds) -> Finding:
    worst = facts["largest_smd"]
    if worst is None:
        return Finding("balance", None, True, {})
    numbers = {"largest": round(abs(worst), 2), "wanted": bounds.comparable}
    return Finding("balance", abs(worst) <= bounds.comparable, True, numbers)


def _pretrend(facts: Mapping[str, Any], bounds: Bounds) -> Finding:
    p = facts["pretrend_p"]
    if p is None:
        return Finding("pretrend", None, True, {})
    return Finding("pretrend", p >= bounds.pretrend, True, {"p": round(p, 3), "wanted": bounds.pretrend})


def _treated(facts: Mapping[str, Any], bounds: Bounds) -> Finding:
    """One school alone shows the school, not the programme; a few are judged by the randomisation test."""
    n = facts["treated_matched"] if facts["comparison"] else facts["treated"]
    p = facts["permutation_p"]
    numbers = {"schools": n, "wanted": bounds.fewest_treated} | ({} if p is None else {"p": round(p, 3)})
    if n == 1:
        return Finding("one_treated", False, True, numbers)
    return Finding("few_treated", n >= bounds.fewest_treated, False, numbers)


def _variance(facts: Mapping[str, Any]) -> Finding:
    """Schools that change exactly alike leave no error, which real results never do."""
    se = facts["se"]
    passed = se is not None and isfinite(se) and se > 1e-9
    return Finding("variance", passed, True, {})


def _unmatched(facts: Mapping[str, Any]) -> Finding:
    left_out = facts["treated"] - facts["treated_matched"]
    if not facts["comparison"]:
        return Finding("unmatched", None, False, {})
    return Finding("unmatched", left_out == 0, False, {"schools": left_out, "of": facts["treated"]})


def _attrition(facts: Mapping[str, Any], bounds: Bounds) -> Finding:
    treated, other = facts["attrition_treated"], facts["attrition_comparison"]
    numbers = {
        "treated": round(100 * treated, 1),
        "comparison": round(100 * other, 1),
        "wanted": round(100 * bounds.attrition, 1),
    }
    return Finding("attrition", abs(treated - other) <= bounds.attrition, False, numbers)


def _ceiling(facts: Mapping[str, Any], bounds: Bounds) -> Finding:
    share = facts["at_top"]
    if share is None:
        return Finding("ceiling", None, False, {})
    return Finding("ceiling", share <= bounds.at_top, False, {"share": round(100 * share, 1)})


def _scale(facts: Mapping[str, Any]) -> Finding:
    apart = facts["waves_apart"]
    return Finding("scale", apart == 0, True, {"waves": apart})


def _left(facts: Mapping[str, Any]) -> Finding:
    return Finding("left", facts["left"] == 0, False, {"schools": facts["left"]})


def _merged(facts: Mapping[str, Any]) -> Finding:
    return Finding("merged", facts["merged"] == 0, False, {"schools": facts["merged"]})


def with_link_error(
    estimate: float, low: float | None, high: float | None, extra: float
) -> tuple[float | None, float | None]:
    """Both ends of a 95 % interval moved out by a further, independent error: each half as the root of the sum of squares."""
    if low is None or high is None:
        return None, None
    return estimate - hypot(estimate - low, NORMAL * extra), estimate + hypot(high - estimate, NORMAL * extra)


def pooled_spread(means: Floats, spreads: Floats, pupils: Floats, weights: Floats) -> float | None:
    """Standard deviation of pupils over schools, from each school's mean, standard deviation and number of pupils."""
    mass = pupils * weights
    good = np.isfinite(means) & np.isfinite(spreads) & (mass > 0)
    if not good.any():
        return None
    centre = float(np.average(means[good], weights=mass[good]))
    found = float(np.sqrt(np.average(spreads[good] ** 2 + (means[good] - centre) ** 2, weights=mass[good])))
    return found if found > 0 else None
