"""Whom a round asks, school by school."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from tirek.decisions.kinds import Result
from tirek.decisions.rules import RuleSet
from tirek_engines.surveys.sampling import draw

EVERYBODY, DRAWN, FEWER, NOBODY = "everybody", "drawn", "fewer", "nobody"


def run_sample(inputs: Mapping[str, Any], parameters: Mapping[str, Any], rules: RuleSet) -> Result:
    """An outcome for each school: how many belong to the audience, how many are asked, and why."""
    units = {key[0]: part.sort("unit") for key, part in inputs["frame"].partition_by("org_no", as_dict=True).items()}
    outcomes, chosen = [], []
    for org_no, school in inputs["schools"].sort("org_no").iter_rows():
        frame = units.get(org_no)
        reason, rows = _drawn(frame, school, parameters)
        sizes = frame["size"].to_list() if frame is not None else []
        outcomes.append({
            "subject": school, "org_no": org_no, "reason": reason, "result": {"sampling": parameters["sampling"]},
            "numbers": {
                "frame": sum(sizes), "invited": sum(sizes[row] for row in rows), "units": len(sizes), "chosen": len(rows),
            },
        })  # fmt: skip
        chosen += [(org_no, frame["unit"][row]) for row in rows] if frame is not None else []
    found = pl.DataFrame(outcomes, infer_schema_length=None)
    counts = found.select("org_no", pl.col("numbers").struct.field("frame"), pl.col("numbers").struct.field("invited"))
    return Result(
        outcomes=found,
        tables={
            "schools_out": counts,
            "drawn": pl.DataFrame(chosen, schema={"org_no": pl.Int64, "unit": pl.String}, orient="row"),
        },
        summary={"schools": found.height, "frame": int(counts["frame"].sum()), "invited": int(counts["invited"].sum())},
    )


def _drawn(frame: pl.DataFrame | None, school: str, parameters: Mapping[str, Any]) -> tuple[str, list[int]]:
    if frame is None or frame["size"].sum() == 0:
        return NOBODY, []
    everything = list(range(frame.height))
    if parameters["sampling"] == "all":
        return EVERYBODY, everything
    size = int(parameters["size"])
    if frame.height <= size:
        return FEWER, everything
    return DRAWN, draw(frame["unit"].to_list(), size=size, seed=parameters["seed"], stratum=school)
