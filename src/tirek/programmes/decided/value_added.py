"""Value added of schools, as a pure function of what was sealed: pupils with an earlier and a later result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from tirek.decisions.kinds import Result
from tirek.decisions.rules import RuleSet
from tirek_engines.errors import Refusal
from tirek_engines.evaluation.valueadded import OVERLAP, ValueAdded, value_added
from tirek_engines.programmes.value_added import TOO_FEW, TOO_FEW_FOLLOWED, Bounds, School, counted_share, judge_school

NUMBERS = (
    "pupils",
    "tested",
    "wanted",
    "followed",
    "reached",
    "expected",
    "difference",
    "share",
    "effect",
    "low",
    "high",
)
FEWEST_DISTRICTS = 3


@dataclass(frozen=True)
class Model:
    """The fit with what it was fitted to."""

    fit: ValueAdded
    schools: list[str]
    terms: list[str]
    expected: np.ndarray
    reached: np.ndarray


def run_value_added(inputs: Mapping[str, Any], parameters: Mapping[str, Any], rules: RuleSet) -> Result:
    """An outcome for every school, and how much of what pupils' earlier results leave lies between schools."""
    values = rules.values()
    bounds = Bounds(int(values["fewest_pupils"]), int(values["least_followed"]) / 100)
    pupils = inputs["pupils"]
    if pupils["school"].n_unique() < int(values["fewest_schools"]):
        raise Refusal(
            f"Pupils of {pupils['school'].n_unique()} schools have both results; {values['fewest_schools']} schools are "
            "wanted to say what a school adds. Take tests that more schools have sat.",
            code="few_schools", found=int(pupils["school"].n_unique()), wanted=int(values["fewest_schools"]),
        )  # fmt: skip
    model = fitted(pupils)
    outcomes = _outcomes(model, inputs["schools"], bounds)
    return Result(
        outcomes=outcomes,
        tables={"terms": _terms(model), "levels": _levels(pupils, model.fit)},
        summary=_summary(model, outcomes, inputs["left_out"]),
    )


def fitted(pupils: pl.DataFrame) -> Model:
    """Later results by the earlier ones (with their square) and the language of the test, schools at random."""
    schools, codes = np.unique(pupils["school"].to_numpy().astype(str), return_inverse=True)
    terms, x = _design(pupils)
    after = pupils["after"].to_numpy()
    fit = value_added(after, x, codes.astype(np.int64), names=terms)
    n = np.bincount(codes, minlength=schools.size)
    told = np.column_stack([np.ones(after.size), x]) @ fit.beta
    return Model(fit, schools.tolist(), terms, np.bincount(codes, told) / n, np.bincount(codes, after) / n)


def _design(pupils: pl.DataFrame) -> tuple[list[str], np.ndarray]:
    before = pupils["before"].to_numpy()
    centred = before - before.mean()
    names, columns = ["before"], [centred]
    if np.unique(before).size > 2:
        names.append("before_squared")
        columns.append(centred**2 / 100.0)
    languages = sorted(set(pupils["language"]))
    for language in languages[1:]:
        names.append(f"language_{language}")
        columns.append((pupils["language"] == language).to_numpy().astype(float))
    return names, np.column_stack(columns)


def _levels(pupils: pl.DataFrame, fit: ValueAdded) -> pl.DataFrame:
    """How what is left divides into districts, schools and pupils; with few districts into schools and pupils."""
    found = fit.variances
    schools, codes = np.unique(pupils["school"].to_numpy().astype(str), return_inverse=True)
    districts, place = np.unique(pupils["district"].to_numpy().astype(str), return_inverse=True)
    if FEWEST_DISTRICTS <= districts.size < schools.size:
        of_school = np.zeros(schools.size, np.int64)
        of_school[codes] = place
        terms, x = _design(pupils)
        found = value_added(pupils["after"].to_numpy(), x, codes.astype(np.int64), of_school, names=terms).variances
    total = sum(found.values())
    rows = [(level, value, value / total) for level, value in found.items()]
    return pl.DataFrame(rows, schema={"level": pl.String, "variance": pl.Float64, "share": pl.Float64}, orient="row")


def _terms(model: Model) -> pl.DataFrame:
    schema = {"term": pl.String, "estimate": pl.Float64, "se": pl.Float64}
    rows = zip(["intercept", *model.terms], model.fit.beta.tolist(), model.fit.se.tolist(), strict=True)
    return pl.DataFrame(list(rows), schema=schema, orient="row")


def _outcomes(model: Model, schools: pl.DataFrame, bounds: Bounds) -> pl.DataFrame:
    place = {code: k for k, code in enumerate(model.schools)}
    rows = []
    for row in schools.sort("school").iter_rows(named=True):
        reason, numbers, se = _outcome(model, place.get(row["school"]), row["tested"], bounds)
        rows.append({
            "subject_kind": "school", "subject": row["school"], "org_no": row["org_no"], "reason": reason,
            "numbers": dict.fromkeys(NUMBERS) | numbers, "result": {"se": se},
        })  # fmt: skip
    return pl.DataFrame(rows, infer_schema_length=None)


def _outcome(model: Model, k: int | None, tested: int, bounds: Bounds) -> tuple[str, dict[str, Any], float | None]:
    fit = model.fit
    n = int(fit.schools.n[k]) if k is not None else 0
    school = School(n, tested, float(fit.schools.effect[k]), float(fit.schools.se[k])) if k is not None else None
    reason = judge_school(school, bounds) if school is not None else TOO_FEW
    if school is None or reason == TOO_FEW:
        return TOO_FEW, {"wanted": bounds.fewest_pupils}, None
    if reason == TOO_FEW_FOLLOWED:
        return reason, {"followed": round(100 * n / tested, 1), "wanted": round(100 * bounds.least_followed, 1)}, None
    low, high = school.interval
    share = counted_share(n, fit.variances["school"], fit.variances["residual"])
    told = {
        "reached": model.reached[k], "expected": model.expected[k], "difference": model.reached[k] - model.expected[k],
        "effect": school.effect, "low": low, "high": high,
    }  # fmt: skip
    numbers = {name: round(float(value), 1) for name, value in told.items()}
    return reason, numbers | {"pupils": n, "tested": tested, "share": round(100 * share)}, school.se


def _summary(model: Model, outcomes: pl.DataFrame, left_out: pl.DataFrame) -> dict[str, Any]:
    fit = model.fit
    counts = dict(outcomes.group_by("reason").len().sort("reason").iter_rows())
    left = dict(left_out.iter_rows())
    return {
        "pupils": fit.n, "schools": len(model.schools), "spread": float(np.sqrt(fit.variances["school"])),
        "residual": float(np.sqrt(fit.variances["residual"])), "intraclass": fit.intraclass, "deviance": fit.deviance,
        "converged": fit.converged, "slope": float(fit.beta[1]), "pair_factor": OVERLAP,
        "reasons": {name: int(n) for name, n in counts.items()}, "left_out": {name: int(n) for name, n in left.items()},
    }  # fmt: skip
