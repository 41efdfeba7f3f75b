"""The gap between town and village and what goes with it, as a pure function of what was sealed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from tirek.decisions.kinds import Result
from tirek.decisions.rules import RuleSet
from tirek_engines.errors import Refusal
from tirek_engines.evaluation.gaps import PARTS, Gap, decompose

COLUMNS = ("girl", "kazakh", "size", "speed")
"""What may differ between town and village, known of every pupil."""
SHARES = ("girl", "kazakh")
URBAN, RURAL = "urban", "rural"
NUMBERS = ("pupils", "schools", "gap", "low", "high", "explained", "unexplained", "part", "town", "village")
LEAST_SPREAD = 1e-9


def run_gap(inputs: Mapping[str, Any], parameters: Mapping[str, Any], rules: RuleSet) -> Result:
    """An outcome for the gap and for each thing that differs, and one for what could not be looked at."""
    values = rules.values()
    pupils = inputs["pupils"]
    _check_schools(pupils, int(values["fewest_schools"]))
    used, still = _usable(pupils)
    outcome, town = pupils["result"].to_numpy(), (pupils["settlement"] == URBAN).to_numpy()
    x = pupils.select(used).to_numpy().astype(float)
    cluster = np.unique(pupils["school"].to_numpy().astype(str), return_inverse=True)[1].astype(np.int64)
    found = decompose(
        outcome,
        x,
        town,
        cluster,
        draws=int(values["draws"]),
        seed=int(values["seed"]),
        names=used,
        groups=(URBAN, RURAL),
    )
    means = [(float(x[town, k].mean()), float(x[~town, k].mean())) for k in range(len(used))]
    return Result(
        outcomes=_outcomes(found, used, still, means, parameters),
        tables={"parts": _parts(found), "columns": _columns(found, used, means)},
        summary=_summary(found, used, still),
    )


def _check_schools(pupils: pl.DataFrame, fewest: int) -> None:
    for settlement in (URBAN, RURAL):
        n = pupils.filter(pl.col("settlement") == settlement)["school"].n_unique()
        if n < fewest:
            raise Refusal(
                f"Results of {n} {settlement} schools are known, and {fewest} are wanted: so few do not stand for all.",
                code="few_schools", settlement=settlement, found=n, wanted=fewest,
            )  # fmt: skip


def _usable(pupils: pl.DataFrame) -> tuple[list[str], list[str]]:
    """What varies in towns and in villages, as far as nothing follows from the others; and the rest."""
    used: list[str] = []
    still: list[str] = []
    groups = [pupils.filter(pl.col("settlement") == s) for s in (URBAN, RURAL)]
    for name in COLUMNS:
        tables = [
            np.column_stack([np.ones(g.height), g.select([*used, name]).to_numpy().astype(float)]) for g in groups
        ]
        sound = all(np.isfinite(t).all() and t[:, -1].std() > LEAST_SPREAD and _independent(t) for t in tables)
        (used if sound else still).append(name)
    if not used:
        raise Refusal(
            "Nothing that is known of pupils and schools varies both in towns and in villages.", code="nothing_varies"
        )
    return used, still


def _independent(table: np.ndarray) -> bool:
    scaled = table / np.sqrt((table**2).sum(axis=0))
    return bool(np.linalg.matrix_rank(scaled, tol=1e-6) == table.shape[1])


def _parts(found: Gap) -> pl.DataFrame:
    rows = [(part, found.estimates[part], found.se[part], found.low[part], found.high[part]) for part in PARTS]
    schema = {"part": pl.String} | dict.fromkeys(("estimate", "se", "low", "high"), pl.Float64)
    return pl.DataFrame(rows, schema=schema, orient="row")


def _columns(found: Gap, used: list[str], means: list[tuple[float, float]]) -> pl.DataFrame:
    rows = [
        (name, *mean, *explained, *threefold)
        for name, mean, explained, threefold in zip(
            used, means, found.explained_by.tolist(), found.by_column.tolist(), strict=True
        )
    ]
    names = ("town", "village", "explained", "se", "low", "high", "endowments", "coefficients", "interaction")
    return pl.DataFrame(rows, schema={"column": pl.String} | dict.fromkeys(names, pl.Float64), orient="row")


def _outcomes(
    found: Gap, used: list[str], still: list[str], means: list[tuple[float, float]], parameters: Mapping[str, Any]
) -> pl.DataFrame:
    estimates = found.estimates
    sure = _is_sure(found) and _is_explained(found)
    part = 100 * estimates["explained"] / estimates["gap"] if sure else None
    whole = {
        "pupils": sum(found.n), "schools": found.n_clusters, "gap": estimates["gap"], "low": found.low["gap"],
        "high": found.high["gap"], "explained": estimates["explained"], "unexplained": estimates["unexplained"], "part": part,
    }  # fmt: skip
    reason = "no_gap" if not _is_sure(found) else "gap" if _is_explained(found) else "gap_open"
    rows = [("gap", reason, whole)]
    for name, mean, (value, _se, low, high) in zip(used, means, found.explained_by.tolist(), strict=True):
        reason = "goes_with" if low > 0.0 or high < 0.0 else "not_sure"
        town, village = (_in_units(name, number) for number in mean)
        numbers = {"explained": value, "low": low, "high": high, "town": town, "village": village}
        rows.append((name, reason, numbers))
    rows += [(name, "not_looked_at", {}) for name in still]
    return pl.DataFrame(
        [
            {"subject_kind": "part", "subject": name, "org_no": int(parameters["org_lo"]), "reason": reason,
             "numbers": dict.fromkeys(NUMBERS) | {key: _told(value) for key, value in numbers.items()}, "result": {"part": name}}
            for name, reason, numbers in rows
        ],
        infer_schema_length=None,
    )  # fmt: skip


def _is_sure(found: Gap) -> bool:
    """Whether there is a gap beyond chance."""
    return found.low["gap"] > 0.0 or found.high["gap"] < 0.0


def _in_units(name: str, mean: float) -> float:
    """As people count: shares in per cent, and the typical school's pupils (the mean of logarithms turned back)."""
    return 2.0**mean if name == "size" else 100.0 * mean if name in SHARES else mean


def _is_explained(found: Gap) -> bool:
    """Whether some of the gap goes with what is known to differ, beyond chance."""
    return found.low["explained"] > 0.0 or found.high["explained"] < 0.0


def _told(value: Any) -> Any:
    if value is None or not np.isfinite(value):
        return None
    return value if isinstance(value, int) else round(float(value), 1)


def _summary(found: Gap, used: list[str], still: list[str]) -> dict[str, Any]:
    told = {part: found.estimates[part] for part in PARTS}
    told |= {f"{part}_low": found.low[part] for part in ("gap", "explained", "unexplained")}
    told |= {f"{part}_high": found.high[part] for part in ("gap", "explained", "unexplained")}
    told["gap_se"] = found.se["gap"]
    return {name: value if np.isfinite(value) else None for name, value in told.items()} | {
        "mean_town": found.means[0], "mean_village": found.means[1], "pupils_town": found.n[0], "pupils_village": found.n[1],
        "schools_town": found.clusters_in_group[0], "schools_village": found.clusters_in_group[1], "draws": found.draws,
        "sure": _is_sure(found), "explained_sure": _is_explained(found), "used": used, "still": still,
    }  # fmt: skip
