"""The choice of comparison schools, as a pure function of what was sealed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from tirek.decisions.kinds import Result
from tirek.decisions.rules import RuleSet
from tirek_engines.programmes.impact_design import Comparison, Schools, choose_comparison

SCHOOLS = {
    "code": pl.String, "org_no": pl.Int64, "treated": pl.Boolean, "elsewhere": pl.Boolean, "settlement": pl.String,
    "language": pl.String, "pupils": pl.Int64,
}  # fmt: skip
WAVES = {"wave": pl.Int64, "test": pl.String, "title": pl.String, "day": pl.String, "release": pl.String}
EARLIER = {"org_no": pl.Int64, "wave": pl.Int64, "mean": pl.Float64, "n": pl.Int64}
SIZE = "size"


def run_comparison(inputs: Mapping[str, Any], parameters: Mapping[str, Any], rules: RuleSet) -> Result:
    """An outcome for every school; pairs and balance as further tables."""
    values = rules.values()
    frame, waves = inputs["schools"], inputs["waves"]
    found = choose_comparison(
        schools_of(frame, inputs["earlier"], waves), ratio=int(values["ratio"]), caliper=int(values["caliper"]) / 100,
        fewest_waves=int(values["earlier_waves"]),
    )  # fmt: skip
    empty = dict.fromkeys(("partners", "nearest", "gap", "alike", "serves", "weight"))
    codes, org_nos = frame["code"].to_list(), frame["org_no"].to_list()
    outcomes = [
        {
            "subject_kind": "school", "subject": codes[k], "org_no": org_nos[k], "reason": reason,
            "numbers": empty | found.numbers[k], "result": {"treated": treated, "weight": float(found.weights[k])},
        }
        for k, (reason, treated) in enumerate(zip(found.reasons, frame["treated"].to_list(), strict=True))
    ]  # fmt: skip
    sizes = [abs(one.told[0]) for one in found.balance]
    summary = {
        "treated": int(frame["treated"].sum()), "matched": found.reasons.count("matched"),
        "comparison": found.reasons.count("comparison"), "candidates": int((~frame["treated"]).sum()),
        "largest_smd": round(float(max(sizes)), 4) if sizes else None, "waves": waves.height,
    }  # fmt: skip
    tables = {"pairs": _pairs(found, codes), "balance": _balance(found, waves)}
    return Result(outcomes=pl.DataFrame(outcomes, infer_schema_length=None), tables=tables, summary=summary)


def schools_of(frame: pl.DataFrame, earlier: pl.DataFrame, waves: pl.DataFrame) -> Schools:
    """The sealed rows as the engine takes them."""
    place = {org_no: k for k, org_no in enumerate(frame["org_no"].to_list())}
    column = {wave: k for k, wave in enumerate(waves["wave"].to_list())}
    means = np.full((frame.height, len(column)), np.nan)
    for org_no, wave, mean in earlier.select("org_no", "wave", "mean").iter_rows():
        if mean is not None and org_no in place and wave in column:
            means[place[org_no], column[wave]] = mean
    cells = frame.select(pl.concat_str(["settlement", "language"], separator="|")).to_series().to_list()
    numbered = {cell: k for k, cell in enumerate(sorted(set(cells)))}
    size = np.log(np.maximum(frame["pupils"].to_numpy(), 1).astype(np.float64))
    return Schools(
        means, size[:, None], np.array([numbered[cell] for cell in cells], dtype=np.int64), frame["treated"].to_numpy(),
        frame["elsewhere"].to_numpy(),
    )  # fmt: skip


def _pairs(found: Comparison, codes: list[str]) -> pl.DataFrame:
    rows = [(codes[a], codes[b], float(d)) for (a, b), d in zip(found.pairs.tolist(), found.distances, strict=True)]
    return pl.DataFrame(
        rows, schema={"school": pl.String, "comparison": pl.String, "distance": pl.Float64}, orient="row"
    )


def _balance(found: Comparison, waves: pl.DataFrame) -> pl.DataFrame:
    names = [f"wave {wave}" for wave in waves["wave"].to_list()] + [SIZE]
    rows = [
        (name, b.mean_treated, b.mean_after, b.told[0], b.mean_before, b.told[1])
        for name, b in zip(names, found.balance, strict=False)
    ]
    schema = {"fact": pl.String} | dict.fromkeys(
        ("mean_treated", "mean_comparison", "smd", "mean_all_others", "smd_before"), pl.Float64
    )
    return pl.DataFrame(rows, schema=schema, orient="row")
