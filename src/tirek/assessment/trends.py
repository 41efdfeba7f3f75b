"""What has changed since the earlier test, with the error that linking adds. Pure: numbers in, rows out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from scipy.stats import t as student

from tirek_engines.assessment import GroupResults, PublicationRules, Scale
from tirek_engines.assessment.results import GroupRow, rounded
from tirek_engines.psychometrics.linking.linkerror import error_of_trend

GAP = "gap"


@dataclass(frozen=True)
class LinkFacts:
    """A link as results use it; `per_logit` are points a logit of the base.

    `held` and `excess` are those of `LinkError`; None in links that were made before these were kept.
    """

    slope: float
    intercept: float
    error: float
    slope_se: float
    intercept_se: float
    covariance: float
    by_place: bool
    n_anchors: int
    per_logit: float
    held: float | None = None
    excess: float | None = None

    @classmethod
    def of(cls, link: Mapping[str, Any]) -> LinkFacts:
        """From what was sealed."""
        numbers = {
            k: float(link[k] or 0.0) for k in ("slope", "intercept", "error", "slope_se", "intercept_se", "covariance")
        }
        base = link["scale"]
        return cls(**numbers, by_place=link["error_method"] == "jackknife", n_anchors=int(link["n_anchors"]),
                   per_logit=base["spread"] / base["unit"], held=link.get("held"), excess=link.get("excess"))  # fmt: skip

    def of_place(self, theta: float) -> float:
        """Linking error of one place on the new test's own scale, such as a cut score, in points."""
        if not self.by_place:
            return self.error * self.per_logit
        variance = (self.slope_se * theta) ** 2 + 2 * theta * self.covariance + self.intercept_se**2
        return float(np.sqrt(max(variance, 0.0))) * self.per_logit

    def of_mean(self, theta: float) -> float:
        """What linking adds to the error of a change of means at a place on the new test's own scale, in points.

        Both means come from plausible values, which hold part of what few answers leave open; that part is not counted twice.
        """
        if self.held is None or self.excess is None:
            return self.of_place(theta)
        return error_of_trend(self.of_place(theta) / self.per_logit, self.held, self.excess) * self.per_logit

    def of_difference(self, theta: float) -> float:
        """Of a difference between two groups: the origin cancels, the unit does not."""
        return abs(theta) * self.slope_se * self.per_logit if self.by_place else 0.0


def scale_of(link: Mapping[str, Any]) -> Scale:
    """The base's scale in the new test's own logits: theta_base = slope theta + intercept put into points."""
    base, slope = link["scale"], float(link["slope"])
    return Scale(
        base["centre"], base["spread"], (base["origin"] - float(link["intercept"])) / slope, base["unit"] / slope
    )


def trends(
    results: GroupResults, before: pl.DataFrame, link: LinkFacts, rules: PublicationRules
) -> Iterator[dict[str, Any]]:
    """A row for every group that both tests show: before, now, difference, errors, interval (Student's t).

    The two tests' sampling errors are taken as independent. The same schools sat both, so that the interval is rather too
    wide than too narrow.
    """
    earlier = {(row["dimension"], row["code"]): row for row in before.iter_rows(named=True) if row["mean"] is not None}
    rows = [(row.grouping, row.group, row) for row in results.rows]
    for dimension, code, row in rows + [(GAP, row.grouping, row) for row in results.gaps]:
        was = earlier.get((dimension, code))
        if was is not None and row.mean is not None and row.se is not None and row.estimate is not None:
            yield {"dimension": dimension, "code": code} | _trend(
                row, was, dimension == GAP, results.scale, link, rules
            )


def _trend(
    row: GroupRow, was: Mapping[str, Any], is_gap: bool, scale: Scale, link: LinkFacts, rules: PublicationRules
) -> dict[str, Any]:
    assert row.estimate is not None and row.mean is not None  # noqa: PT018
    theta = row.estimate.mean
    parts = [
        (scale.length(row.estimate.se), max(row.estimate.freedom, 1)),
        (float(was["se"]), _freedom(was)),
        (link.of_difference(theta) if is_gap else link.of_mean(theta), max(link.n_anchors - 1, 1)),
    ]
    difference, se = float(row.mean) - float(was["mean"]), float(np.sqrt(sum(part**2 for part, _df in parts)))
    half = float(student.ppf(0.975, _joined(parts))) * se
    numbers = {"before": was["mean"], "mean": float(row.mean), "change": difference, "se": se,
               "link_points": parts[2][0], "low": difference - half, "high": difference + half}  # fmt: skip
    found = {name: rounded(float(value), rules.decimals) for name, value in numbers.items()}
    return {name: None if value is None else float(value) for name, value in found.items()}


def _freedom(was: Mapping[str, Any]) -> int:
    schools = was["n_schools"] or 1
    return max((schools if schools > 1 else was["n"] or 2) - 1, 1)


def _joined(parts: list[tuple[float, int]]) -> float:
    """Degrees of freedom of a sum of independent variances (Welch 1947, Satterthwaite 1946)."""
    total = sum(se**2 for se, _df in parts)
    below = sum(se**4 / df for se, df in parts)
    return total**2 / below if below > 0 else 1.0
