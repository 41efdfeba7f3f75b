"""What may be said of an estimate: the words follow the design."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FEW_TREATED = 6
WEAK_PRETREND = 0.10
MOST_ATTRITION_GAP = 0.05
MOST_AT_TOP = 0.10


@dataclass(frozen=True)
class Check:
    """One check of the design: passed, failed, or (None) not possible; with a sentence."""

    code: str
    passed: bool | None
    text: str
    blocking: bool = False

    def as_dict(self) -> dict[str, Any]:
        """For report.json."""
        return {"check": self.code, "passed": self.passed, "blocking": self.blocking, "text": self.text}


def checks_of(facts: Mapping[str, Any]) -> list[Check]:
    """Judge the design. `facts` are the numbers of report.json."""
    return [
        _comparison(facts),
        _balance(facts),
        _pretrend(facts),
        _clusters(facts),
        _attrition(facts),
        _ceiling(facts),
    ]


def _comparison(facts: Mapping[str, Any]) -> Check:
    n = facts["comparison_units"]
    text = (
        f"{n:,} comparison units." if n else "There are no comparison units: what changed may have changed everywhere."
    )
    return Check("comparison", n > 0, text, blocking=True)


def _balance(facts: Mapping[str, Any]) -> Check:
    worst = facts["largest_smd"]
    if worst is None:
        return Check(
            "balance", None, "Nothing is known of the units before entry, so it is not known how alike they were."
        )
    passed = bool(abs(worst) <= 0.25)
    text = f"The largest difference before entry is {abs(worst):.2f} standard deviations ({facts['largest_smd_in']})"
    text += "." if passed else ": above 0.25 the sides are not comparable."
    return Check("balance", passed, text, blocking=True)


def _pretrend(facts: Mapping[str, Any]) -> Check:
    p = facts["pretrend_p"]
    if p is None:
        return Check("pretrend", None, "There are too few waves before entry to test whether trends were parallel.")
    passed = bool(p >= WEAK_PRETREND)
    text = f"Before entry the trends of both sides were {'alike' if passed else 'not alike'} (joint test, p = {p:.3f})."
    return Check("pretrend", passed, text, blocking=True)


def _clusters(facts: Mapping[str, Any]) -> Check:
    n = facts["treated_clusters"]
    if n >= FEW_TREATED:
        return Check("treated_clusters", True, f"{n:,} treated clusters.")
    text = f"Only {n:,} treated clusters: errors and bootstrap are not to be trusted. "
    p = facts["permutation_p"]
    text += f"The randomisation test says p = {p:.3f}." if p is not None else "Add more, or tell the change only."
    return Check("treated_clusters", False, text)


def _attrition(facts: Mapping[str, Any]) -> Check:
    gap = facts["attrition_treated"] - facts["attrition_comparison"]
    passed = bool(abs(gap) <= MOST_ATTRITION_GAP)
    text = (
        f"{facts['attrition_treated']:.1%} of treated and {facts['attrition_comparison']:.1%} of comparison units are "
        f"not seen at every wave"
        + ("." if passed else ": who left may have differed, and so the effect of who stayed.")
    )
    return Check("attrition", passed, text)


def _ceiling(facts: Mapping[str, Any]) -> Check:
    share = facts["share_at_top"]
    passed = bool(share <= MOST_AT_TOP)
    text = f"{share:.1%} of results stand at the highest value"
    return Check("ceiling", passed, text + ("." if passed else ": the test was too easy to show more growth."))


def claim_of(checks: list[Check]) -> str:
    """``effect`` where the design allows it, else ``change``."""
    return "change" if any(c.blocking and c.passed is False for c in checks) else "effect"


def sentence(claim: str, facts: Mapping[str, Any]) -> str:
    """The result in one sentence."""
    unit = (
        f"{facts['estimate']:.4g} (95 % interval {facts['low']:.4g} to {facts['high']:.4g})"
        if facts["low"] is not None
        else f"{facts['estimate']:.4g}"
    )
    sure = facts["low"] is not None and not facts["low"] <= 0.0 <= facts["high"]
    if claim == "effect":
        return f"The programme changed results by {unit}." + ("" if sure else " No effect at all is possible too.")
    return (
        f"Results of the treated units changed by {unit}"
        + (" more than those of the others" if facts["comparison_units"] else "")
        + ". This is a change, not an effect of the programme: see the checks."
    )
