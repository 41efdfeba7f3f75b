"""Tests that have been linked, as the tables and the report read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tirek.assessment.commands.link_sides import Side

if TYPE_CHECKING:
    import numpy as np

    from tirek.assessment.commands.link_scale import ReportingScale
    from tirek_engines.psychometrics.linking.anchors import Anchors
    from tirek_engines.psychometrics.linking.drift import Drift, DriftRules
    from tirek_engines.psychometrics.linking.linkerror import LinkError
    from tirek_engines.psychometrics.linking.methods import Constants, LinkOptions


@dataclass(frozen=True)
class LinkedTest:
    """One new calibration on the base's scale. `removed_in` is the round in which an anchor was taken out, or 0."""

    side: Side
    anchors: Anchors
    constants: Constants
    drift: Drift
    removed_in: np.ndarray[Any, np.dtype[np.int64]]
    error: LinkError

    @property
    def n_used(self) -> int:
        """Anchors that the link was made with."""
        return int((self.removed_in == 0).sum())


@dataclass(frozen=True)
class Linked:
    """Everything that is written."""

    base: Side
    tests: tuple[LinkedTest, ...]
    options: LinkOptions
    rules: DriftRules
    scale: ReportingScale
    persons: str | None
    drop: str | None
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
