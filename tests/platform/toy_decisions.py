"""A small kind of decision for tests, never shipped: places by points, each with the line that admitted."""

from __future__ import annotations

import polars as pl

from tirek.decisions.kinds import BYTES, TOLERANCE, Kind, Result

FRESH: dict[str, object] = {}


def admit(points: list[int], seats: int) -> tuple[list[bool], int]:
    """Admit the highest points; ties at the line are all refused if they do not fit."""
    line = sorted(points, reverse=True)[:seats][-1] if points else 0
    while sum(p >= line for p in points) > seats:
        line += 1
    return [p >= line for p in points], line


def run(inputs, parameters, rules) -> Result:
    children: pl.DataFrame = inputs["children"]
    least = rules.value("minimal_group")
    admitted, line = admit(children["points"].to_list(), parameters["seats"])
    outcomes = children.with_columns(
        reason=pl.Series(["admitted" if a else "below" for a in admitted]),
        result=pl.struct(admitted=pl.Series(admitted), share=pl.col("points") / 4),
        numbers=pl.struct(own=pl.col("points"), line=pl.lit(line), least=pl.lit(least)),
    ).select("subject", "person_id", "org_no", "reason", "result", "numbers")
    cutoffs = pl.DataFrame({"seat_type": ["all"], "line": [line], "mean": [children["points"].mean() or 0.0]})
    return Result(outcomes, {"cutoffs": cutoffs}, {"admitted": sum(admitted), "line": line})


def fresh(parameters):
    return dict(FRESH)


def toy_kind(**changes) -> Kind:
    values = {
        "code": "toy.places",
        "title": "Places",
        "rule": "assessment.publication",
        "clause": "Clause 1",
        "engine": "toy_decisions:admit",
        "run": "toy_decisions:run",
        "cases": "tests/cases/toy",
        "reasons": {
            "admitted": "You have %(own)s points; the line was %(line)s.",
            "below": "You have %(own)s points, fewer than the line of %(line)s.",
        },
        "numbers": {"own": "Your points", "line": "Line", "least": "Least"},
        "compare": BYTES,
        "fresh": "toy_decisions:fresh",
    }
    return Kind(**values | changes)


def children(n: int = 5, org_no: int = 5) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "subject": [f"C{i}" for i in range(n)],
            "person_id": [100 + i for i in range(n)],
            "org_no": [org_no + 10 * (i % 2) for i in range(n)],
            "points": [10 * i for i in range(n)],
        }
    )


__all__ = ["FRESH", "TOLERANCE", "children", "toy_kind"]
