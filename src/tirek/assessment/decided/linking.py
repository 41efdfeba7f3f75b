"""The decision that puts a test on the scale of an earlier one, as a pure function of what was sealed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tirek.assessment.analysis import items_from
from tirek.assessment.quality import Check, good
from tirek.decisions.kinds import Result
from tirek.decisions.rules import RuleSet
from tirek_engines.errors import Refusal
from tirek_engines.psychometrics import Groups, Items
from tirek_engines.psychometrics.linking.anchors import Anchors, match_items
from tirek_engines.psychometrics.linking.drift import Drift, DriftRules, measure_drift
from tirek_engines.psychometrics.linking.linkerror import AnswerNoise, ItemErrors, LinkError, answer_noise, link_error
from tirek_engines.psychometrics.linking.methods import Constants, LinkOptions, constants

Inputs = Mapping[str, Any]
WIDTH = 1.96
FEWEST_TO_COMPUTE = 3
TOLD_DIGITS = 3


@dataclass(frozen=True)
class _Found:
    """A link as it came out; `used` marks the anchors that made it."""

    anchors: Anchors
    used: NDArray[np.bool_]
    constants: Constants
    error: LinkError
    drift: Drift
    method: str


def run_link(inputs: Inputs, parameters: Mapping[str, Any], rules: RuleSet) -> Result:
    """Slope and intercept from the anchors, their drift, the error; an outcome an anchor and one for the test."""
    removed = dict(parameters["removed"])
    base, new = _sides(inputs)
    apart: tuple[tuple[str, str], ...] = ()
    found = None
    try:
        anchors = match_items(base, new)
        apart = anchors.apart
        used = np.array([name not in removed for name in anchors.base.names])
        if int(used.sum()) >= FEWEST_TO_COMPUTE:
            found = _link(anchors, used, inputs, parameters, rules)
    except Refusal as refusal:
        if refusal.code != "too_few_anchors":
            raise
    n_used = int(found.used.sum()) if found else len([name for name in base.names if name not in removed])
    checks = check_link(found, n_used, rules, shortest=int(parameters["shortest"]))
    org_no = int(parameters["org_lo"])
    outcomes = [] if found is None else list(_anchor_outcomes(found, removed, org_no))
    outcomes += [_apart_outcome(name, org_no) for name, _why in apart]
    outcomes.append(_test_outcome(found, checks, n_used, str(parameters["test"]), org_no))
    return Result(
        outcomes=pl.DataFrame(outcomes, infer_schema_length=None),
        tables={} if found is None else {"drift": _drift_table(found, removed)},
        summary=_summary(found, n_used) | {"checks": [check.as_dict() for check in checks]},
    )


def _sides(inputs: Inputs) -> tuple[Items, Items]:
    """Both calibrations, the base's common items under the names that they have in the new test."""
    renamed = dict(inputs["pairs"].select("base", "new").iter_rows())
    base, new = (items_from(inputs[f"{side}_items"], inputs[f"{side}_steps"]) for side in ("base", "new"))
    common = base.take([j for j, name in enumerate(base.names) if name in renamed])
    return replace(common, names=tuple(renamed[name] for name in common.names)), new


def _link(
    anchors: Anchors, used: NDArray[np.bool_], inputs: Inputs, parameters: Mapping[str, Any], rules: RuleSet
) -> _Found:
    method = str(rules.value("method_equal_slopes" if anchors.fixed_slopes else "method_free_slopes"))
    options = LinkOptions(method=method)  # type: ignore[arg-type]
    chosen = np.flatnonzero(used)
    found = constants(anchors.take(chosen), options)
    errors = _errors(inputs, anchors)
    kept = tuple(ItemErrors(e.location[chosen], e.slope[chosen]) for e in errors)
    error = link_error(
        anchors.take(chosen), found, options, at=float(parameters["mean"]), errors=kept,  # type: ignore[arg-type]
        noise=_noise(inputs, anchors.take(chosen), parameters.get("populations")),
    )  # fmt: skip
    limits = DriftRules(*(float(rules.value(f"drift_{name}")) for name in ("z", "logits")),
                        rmsd=float(rules.value("drift_rmsd")))  # fmt: skip
    drift = measure_drift(anchors, found, options, limits, in_use=used, errors=errors)
    return _Found(anchors, used, found, error, drift, method)


def _errors(inputs: Inputs, anchors: Anchors) -> tuple[ItemErrors, ItemErrors]:
    base, new = (_rows(inputs, side, anchors) for side in ("base", "new"))
    return tuple(ItemErrors(_column(rows, "difficulty_se"), _column(rows, "slope_se")) for rows in (base, new))  # type: ignore[return-value]


def _noise(
    inputs: Inputs, anchors: Anchors, populations: Mapping[str, Any] | None
) -> tuple[AnswerNoise, AnswerNoise] | None:
    """Chance in the answers to the anchors; None where a run was sealed before the populations were."""
    if populations is None:
        return None
    found = []
    for side, items in (("base", anchors.base), ("new", anchors.new)):
        of, n = populations[side], _column(_rows(inputs, side, anchors), "answers")
        whole = Groups(("all",), np.array([of["mean"]]), np.array([of["variance"]]))
        found.append(answer_noise(items, n, whole, np.ones(1), int(of["n_items"])))
    return found[0], found[1]


def _rows(inputs: Inputs, side: str, anchors: Anchors) -> list[dict]:
    """What was sealed of the anchors, in their order."""
    back = dict(inputs["pairs"].select("new", "base").iter_rows())
    table = {row["item"]: row for row in inputs[f"{side}_items"].iter_rows(named=True)}
    return [table[back[name] if side == "base" else name] for name in anchors.base.names]


def _column(rows: list[dict], name: str) -> NDArray[np.float64]:
    return np.array([np.nan if row[name] is None else row[name] for row in rows])


def check_link(found: _Found | None, n_used: int, rules: RuleSet, *, shortest: int) -> list[Check]:
    """Every check of a link, passed or not, in the order in which a reader should see them."""
    fewest = int(rules.value("fewest_anchors"))
    checks = [Check("anchors_enough", found is not None and n_used >= fewest, True, float(n_used), float(fewest))]
    if found is None:
        return checks
    largest, share = float(rules.value("largest_error")), float(rules.value("largest_drifting_share"))
    drifting = float(found.drift.flagged.mean())
    still = int((found.drift.flagged & found.used).sum())
    slope, farthest = found.constants.slope, float(rules.value("farthest_slope"))
    comfortable = float(rules.value("comfortable_share"))
    return [
        *checks,
        Check("link_converged", found.constants.converged, True),
        Check("link_error", bool(found.error.error <= largest), True, found.error.error, largest),
        Check("drift_share", drifting <= share, True, drifting, share),
        Check("slope_near", 1 / farthest <= slope <= farthest, True, slope, farthest),
        Check("anchors_stable", still == 0, False, float(still), 0.0),
        Check("anchors_share", n_used >= comfortable * shortest, False, n_used / shortest, comfortable),
    ]


def _state(found: _Found, j: int, name: str, removed: Mapping[str, str]) -> str:
    if name in removed:
        return "removed"
    return "drifts" if found.drift.flagged[j] else "used"


def _drift_table(found: _Found, removed: Mapping[str, str]) -> pl.DataFrame:
    d, names = found.drift, list(found.anchors.base.names)
    return pl.DataFrame({
        "item": names, "difference": d.difference, "se": d.se, "low": d.difference - WIDTH * d.se,
        "high": d.difference + WIDTH * d.se, "z": d.z, "robust_z": d.robust_z, "rmsd": d.rmsd, "size": list(d.size),
        "flagged": d.flagged, "state": [_state(found, j, name, removed) for j, name in enumerate(names)],
    })  # fmt: skip


def _anchor_outcomes(found: _Found, removed: Mapping[str, str], org_no: int):
    for row in _drift_table(found, removed).iter_rows(named=True):
        numbers = {k: told(row[k]) for k in ("difference", "low", "high", "robust_z")}
        yield {
            "subject_kind": "anchor", "subject": row["item"], "org_no": org_no, "reason": f"anchor_{row['state']}",
            "numbers": numbers | {"error": told(row["se"]), "distance": told(row["rmsd"]), **_no_constants()},
            "result": {"state": row["state"], "because": removed.get(row["item"], "")},
        }  # fmt: skip


def _apart_outcome(name: str, org_no: int) -> dict:
    nothing = dict.fromkeys(("difference", "low", "high", "robust_z", "error", "distance"))
    return {
        "subject_kind": "anchor", "subject": name, "org_no": org_no, "reason": "anchor_unlike",
        "numbers": nothing | _no_constants(), "result": {"state": "unlike", "because": ""},
    }  # fmt: skip


def _no_constants() -> dict:
    return dict.fromkeys(("slope", "intercept", "link_error", "anchors", "drifting"))


def _test_outcome(found: _Found | None, checks: list[Check], n_used: int, test: str, org_no: int) -> dict:
    failed = [check.code for check in checks if check.blocking and not check.passed]
    nothing = dict.fromkeys(("difference", "low", "high", "robust_z", "error", "distance"))
    numbers = _no_constants() | {"anchors": n_used, "drifting": 0}
    if found is not None:
        numbers |= {
            "slope": told(found.constants.slope), "intercept": told(found.constants.intercept),
            "link_error": told(found.error.error), "drifting": int(found.drift.flagged.sum()),
        }  # fmt: skip
    return {
        "subject_kind": "test", "subject": test, "org_no": org_no,
        "reason": f"refused_{failed[0]}" if failed else "linked", "numbers": nothing | numbers,
        "result": {"state": "good" if good(checks) else "refused", "because": ""},
    }  # fmt: skip


def _summary(found: _Found | None, n_used: int) -> dict[str, Any]:
    names = (
        "slope", "intercept", "error", "slope_se", "intercept_se", "covariance", "sampling", "error_trend", "held", "excess"
    )  # fmt: skip
    if found is None:
        return dict.fromkeys(names) | {"method": "", "error_method": "", "n_anchors": n_used}
    e = found.error
    return {
        "slope": found.constants.slope, "intercept": found.constants.intercept, "error": known(e.error),
        "slope_se": known(e.slope_se), "intercept_se": known(e.intercept_se), "covariance": known(e.covariance),
        "sampling": known(e.sampling), "error_trend": known(e.trend), "held": known(e.held), "excess": known(e.excess),
        "method": found.method, "error_method": e.method, "n_anchors": n_used,
    }  # fmt: skip


def known(value: float | None) -> float | None:
    """A number, or None where there is none: NaN is no JSON."""
    return None if value is None or not np.isfinite(value) else float(value)


def told(value: float | None) -> float | None:
    """A number as a sentence tells it."""
    found = known(value)
    return None if found is None else round(found, TOLD_DIGITS)
