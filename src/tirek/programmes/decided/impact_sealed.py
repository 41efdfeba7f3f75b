"""Columns of what an impact run seals."""

from __future__ import annotations

import polars as pl

SCHOOLS = {
    "code": pl.String, "org_no": pl.Int64, "treated": pl.Boolean, "entry": pl.Int64, "pupils": pl.Int64,
    "left": pl.Boolean, "merged": pl.Boolean,
}  # fmt: skip
WAVES = {
    "wave": pl.Int64, "test": pl.String, "title": pl.String, "day": pl.String, "release": pl.String, "centre": pl.Float64,
    "spread": pl.Float64, "linked": pl.Boolean, "link_se": pl.Float64, "slope_error": pl.Float64, "at_top": pl.Float64,
}  # fmt: skip
PANEL = {"org_no": pl.Int64, "wave": pl.Int64, "mean": pl.Float64, "sd": pl.Float64, "n": pl.Int64}
PAIRS = {"school": pl.String, "comparison": pl.String}
