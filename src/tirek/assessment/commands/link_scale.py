"""The reporting scale: its constants are set once, published, and kept by every later cycle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tirek_engines.errors import Refusal

if TYPE_CHECKING:
    from tirek.assessment.commands.link_sides import Side
    from tirek_engines.psychometrics.linking.methods import Constants

FORMULA = "points = slope_points * theta_new + intercept_points = centre + spread * (theta_base - origin) / unit"


@dataclass(frozen=True)
class ReportingScale:
    """points = centre + spread (theta_base - origin) / unit; without a wish points are logits of the base."""

    centre: float = 0.0
    spread: float = 1.0
    origin: float = 0.0
    unit: float = 1.0

    def points(self, theta: float) -> float:
        """A place of the base's logits on the reporting scale."""
        return self.centre + self.spread * (theta - self.origin) / self.unit

    def length(self, logits: float) -> float:
        """A distance."""
        return self.spread * logits / self.unit

    def constants(self, link: Constants) -> dict[str, object]:
        """What scale.json holds: enough for anybody to compute points."""
        return {
            "centre": self.centre,
            "spread": self.spread,
            "origin": self.origin,
            "unit": self.unit,
            "slope": link.slope,
            "intercept": link.intercept,
            "slope_points": self.length(link.slope),
            "intercept_points": self.points(link.intercept),
            "formula": FORMULA,
        }


def reporting_scale(base: Side, options: Mapping[str, Any]) -> ReportingScale:
    """From published constants, or set by the base's persons, or logits."""
    if options["constants"]:
        return _published(Path(options["constants"]))
    if options["centre"] is None:
        return ReportingScale()
    return ReportingScale(options["centre"], options["spread"], base.mean, base.sd)


def _published(path: Path) -> ReportingScale:
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
        scale = ReportingScale(*(float(held[k]) for k in ("centre", "spread", "origin", "unit")))
    except (OSError, ValueError, KeyError, TypeError):
        raise Refusal(
            f"{path} does not hold the constants centre, spread, origin and unit. Name a scale.json.", code="bad_scale"
        ) from None
    if not (scale.unit > 0 and scale.spread > 0):
        raise Refusal(f"In {path} spread and unit must be above zero.", code="bad_scale")
    return scale
