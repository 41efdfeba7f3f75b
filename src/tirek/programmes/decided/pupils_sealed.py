"""Columns of what value added and the gap between town and village seal of pupils and schools. No name and no number of a person."""

from __future__ import annotations

import polars as pl

FOLLOWED = {
    "school": pl.String, "org_no": pl.Int64, "district": pl.String, "language": pl.String, "before": pl.Float64,
    "after": pl.Float64,
}  # fmt: skip
SCHOOLS = {"school": pl.String, "org_no": pl.Int64, "tested": pl.Int64}
PUPILS = {
    "school": pl.String, "org_no": pl.Int64, "settlement": pl.String, "result": pl.Float64, "girl": pl.Float64,
    "kazakh": pl.Float64, "size": pl.Float64, "speed": pl.Float64,
}  # fmt: skip
