"""The choice of schools, as a pure function of what was sealed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
from django.utils.translation import gettext as _

from tirek.decisions.kinds import Result
from tirek.decisions.rules import RuleSet
from tirek_engines.errors import Refusal
from tirek_engines.programmes.places import spread_places
from tirek_engines.programmes.selection import (
    FULL,
    Candidate,
    Criteria,
    Limits,
    Outcome,
    Places,
    excluded_because,
    select_schools,
)

WEIGHTS = ("application", "size", "rooms", "result")
NOTHING = "-"
SCHEMA = {
    "code": pl.String, "org_no": pl.Int64, "district": pl.String, "is_rural": pl.Boolean, "is_public": pl.Boolean,
    "pupils": pl.Int64, "rooms": pl.Int64, "bad_rooms": pl.Int64, "result": pl.Int64, "application": pl.Int64,
    "takes_part": pl.Boolean, "in_round": pl.Boolean,
}  # fmt: skip


class RulesDoNotFit(Refusal):
    """The rules contradict themselves or the round."""

    code = "rules_do_not_fit"


def run_selection(inputs: Mapping[str, Any], parameters: Mapping[str, Any], rules: RuleSet) -> Result:
    """An outcome for every candidate."""
    frame = inputs["candidates"]
    candidates = candidates_of(frame)
    out = choose(candidates, rules.values(), parameters)
    org_nos = frame["org_no"].to_list()
    empty = dict.fromkeys(name for one in out.chosen for name in one.numbers)
    outcomes = [
        {
            "subject_kind": "school", "subject": one.code, "org_no": org_no, "reason": one.reason,
            "numbers": empty | dict(one.numbers), "result": {"admitted": one.admitted, "district": candidate.district},
        }
        for one, candidate, org_no in zip(out.chosen, candidates, org_nos, strict=True)
    ]  # fmt: skip
    summary = {
        "admitted": out.admitted, "candidates": len(candidates), "rural": out.rural, "rural_wanted": out.rural_wanted,
        "open_places": int(parameters["places"]) - out.admitted,
    }  # fmt: skip
    return Result(outcomes=pl.DataFrame(outcomes, infer_schema_length=None), summary=summary)


def candidates_of(frame: pl.DataFrame) -> list[Candidate]:
    return [
        Candidate(**{name: value for name, value in row.items() if name != "org_no"})
        for row in frame.iter_rows(named=True)
    ]


def choose(candidates: Sequence[Candidate], values: Mapping[str, Any], parameters: Mapping[str, Any]) -> Outcome:
    """Choose under rule values; what `run_selection` and the trial of another rule both call."""
    criteria, limits = criteria_of(values), limits_of(values)
    places = places_of(candidates, limits, values, parameters)
    return select_schools(candidates, criteria, limits, places, seed=str(parameters["programme"]))


def criteria_of(values: Mapping[str, Any]) -> Criteria:
    weights = {name: int(values[f"weight_{name}"]) for name in WEIGHTS}
    if sum(weights.values()) != FULL:
        raise RulesDoNotFit(
            _("The weights add up to %(sum)s; they must add up to 100.") % {"sum": sum(weights.values())},
            code="weights",
        )
    if int(values["result_none"]) <= int(values["result_full"]):
        raise RulesDoNotFit(
            _("The result that gives no points must lie above the one that gives all of them."), code="result_span"
        )
    return Criteria(
        weights, int(values["size_full"]), int(values["result_none"]), int(values["result_full"]),
        int(values["points_unknown"]),
    )  # fmt: skip


def limits_of(values: Mapping[str, Any]) -> Limits:
    return Limits(int(values["smallest_school"]), int(values["largest_school"]), int(values["application_from"]))


def places_of(
    candidates: Sequence[Candidate], limits: Limits, values: Mapping[str, Any], parameters: Mapping[str, Any]
) -> Places:
    """Places of the districts: set by the rules for the first round, else in proportion to the schools that may be chosen."""
    total = int(parameters["places"])
    fixed = parse_places(str(values.get("district_places", NOTHING)))
    if fixed and not parameters.get("is_extension") and sum(fixed.values()) == total:
        of_district = fixed
    else:
        counts: dict[str, int] = {}
        for c in candidates:
            if excluded_because(c, limits) is None:
                counts[c.district] = counts.get(c.district, 0) + 1
        of_district = spread_places(total, counts, fewest=int(values["fewest_per_district"]))
    return Places(of_district, int(values["rural_percent"]), bool(values["fill_open_places"]))


def parse_places(text: str) -> dict[str, int]:
    """``"471000000=14; 471800000=9"`` as a mapping; ``"-"`` is empty."""
    found: dict[str, int] = {}
    for part in text.replace("\n", ";").split(";"):
        part = part.strip()
        if not part or part == NOTHING:
            continue
        district, sign, number = (piece.strip() for piece in part.partition("="))
        if not sign or not number.isdecimal() or not district or district in found:
            raise RulesDoNotFit(
                _("The places of districts are not understood at “%(part)s”. Write code=places; code=places.")
                % {"part": part},
                code="places_text",
            )
        found[district] = int(number)
    return found
