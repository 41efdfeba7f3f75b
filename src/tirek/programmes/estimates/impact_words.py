"""What may be said of an estimate: the words follow the design."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FEW_TREATED = 6
WEAK_PRETREND = 0.10
MOST_ATTRITION_GAP = 0.05
MOST_AT_TOP = 0.10
NO_ERROR = 1e-9


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
        _variance(facts),
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
    worst, where = facts["largest_smd"], facts["largest_smd_in"]
    if worst is None and where is not None:
        text = f"The sides differ in {where}, which varies within neither of them: they are not comparable."
        return Check("balance", False, text, blocking=True)
    if worst is None:
        return Check(
            "balance", None, "Nothing is known of the units before entry, so it is not known how alike they were."
        )
    passed = bool(abs(worst) <= 0.25)
    text = f"The largest difference before entry is {abs(worst):.2f} standard deviations ({where})"
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
    what = "A single treated cluster" if n == 1 else f"Only {n:,} treated clusters"
    text = f"{what}: errors and bootstrap are not to be trusted. "
    p = facts["permutation_p"]
    text += f"The randomisation test says p = {p:.3f}." if p is not None else "Add more, or tell the change only."
    return Check("treated_clusters", False, text, blocking=n == 1)


def _variance(facts: Mapping[str, Any]) -> Check:
    """Clusters that change exactly alike leave no error, which real results never do."""
    if facts["low"] is None and not facts["se"] > NO_ERROR * max(1.0, abs(facts["estimate"])):
        text = "Clusters changed exactly alike, or each side is a single one: how sure the estimate is cannot be told."
        return Check("variance", False, text, blocking=True)
    return Check("variance", True, "Clusters changed differently, so that it can be told how sure the estimate is.")


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
    low, high = facts["low"], facts["high"]
    unit = f"{facts['estimate']:.4g}"
    if low is not None and high is not None:
        unit += f" ({100 * facts['level']:g} % interval {low:.4g} to {high:.4g})"
    sure = (low is not None and low > 0.0) or (high is not None and high < 0.0)
    if claim == "effect":
        return f"The programme changed results by {unit}." + ("" if sure else " No effect at all is possible too.")
    return (
        f"Results of the treated units changed by {unit}"
        + (" more than those of the others" if facts["comparison_units"] else "")
        + ". This is a change, not an effect of the programme: see the checks."
    )
