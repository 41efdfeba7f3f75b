"""The law of measuring achievement: what is published, for whom, on which scale, with which error."""

from __future__ import annotations

from pathlib import Path

from tirek_engines.assessment.population import PlausibleValues, draw_plausible_values
from tirek_engines.assessment.results import (
    Estimate,
    Grouping,
    GroupResults,
    GroupRow,
    PublicationRules,
    Scale,
    results_by_group,
)
from tirek_engines.rules import RuleBook, load_rules

RULES_FOLDER = Path(__file__).parent / "rules"

__all__ = [
    "RULES_FOLDER",
    "Estimate",
    "GroupResults",
    "GroupRow",
    "Grouping",
    "PlausibleValues",
    "PublicationRules",
    "Scale",
    "assessment_rules",
    "draw_plausible_values",
    "results_by_group",
]


def assessment_rules() -> RuleBook:
    """The rules that come with Tirek; a region adds its own with `RuleBook.joined`."""
    return load_rules(RULES_FOLDER)
