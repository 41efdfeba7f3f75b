"""The decision on cut scores, as a pure function of what was sealed: the panel's judgements, the items, the answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl
from django.utils.translation import gettext as _

from tirek.assessment import trends
from tirek.assessment.decided.tests import HIDDEN_REASONS, calibrated, groupings_of
from tirek.assessment.refusals import NotGoodEnough
from tirek.decisions.kinds import Result
from tirek.decisions.rules import RuleSet
from tirek_engines.assessment import PublicationRules, results_by_group
from tirek_engines.assessment.benchmarks import ShareRow, shares_by_group
from tirek_engines.assessment.standards import CutScores, angoff, bookmark, error_at, ordered_booklet
from tirek_engines.psychometrics.items import Items

Inputs = Mapping[str, Any]
DIGITS = 4
NOTHING = dict.fromkeys(
    ("cut", "error", "lowest", "highest", "panellists", "measured", "share", "se", "low", "high", "base_cut", "linking")
)


def run_standards(inputs: Inputs, parameters: Mapping[str, Any], rules: RuleSet) -> Result:
    """Cut scores of the last round with their errors, and what share of each group reaches each level.

    With ``carried_from`` the cuts are those of another test, brought over the link; nobody has judged anew.
    """
    if parameters.get("carried_from"):
        return _run_carried(inputs, parameters)
    items = items_of(inputs["scale"])
    found = panel_of(inputs["ratings"], items, parameters)
    check(found, rules)
    cuts = [round(float(cut), DIGITS) for cut in found.recommended]
    org_no = int(parameters["org_lo"])
    outcomes = [*_cut_outcomes(found, cuts, items, org_no), *_share_outcomes(inputs, parameters, cuts, org_no)]
    return Result(
        outcomes=pl.DataFrame(outcomes, infer_schema_length=None),
        tables={"rounds": _rounds(found)},
        summary={
            "method": parameters["method"],
            "rounds": found.cuts.shape[0],
            "panellists": found.panellists.shape[1],
        },
    )


def _run_carried(inputs: Inputs, parameters: Mapping[str, Any]) -> Result:
    items, org_no = items_of(inputs["scale"]), int(parameters["org_lo"])
    carried = carried_cuts(inputs["cuts"], inputs["link"])
    cuts = carried["logits"].to_list()
    measured = error_at(items, np.array(cuts))
    outcomes = [
        {
            "subject_kind": "cut", "subject": str(row["cut"]), "org_no": org_no, "reason": "cut_carried",
            "numbers": NOTHING | {
                "cut": row["logits"], "error": row["error"], "base_cut": row["base_cut"], "linking": row["linking"],
                "measured": round(float(measured[k]), DIGITS),
            },
            "result": {"hidden": 0},
        }
        for k, row in enumerate(carried.iter_rows(named=True))
    ]  # fmt: skip
    outcomes += _share_outcomes(inputs, parameters, cuts, org_no)
    return Result(
        outcomes=pl.DataFrame(outcomes, infer_schema_length=None),
        tables={"carried": carried},
        summary={
            "method": parameters["method"],
            "carried_from": parameters["carried_from"],
            "base": parameters["base"],
        },
    )


def carried_cuts(cuts: pl.DataFrame, link: Mapping[str, Any]) -> pl.DataFrame:
    """Cuts of the base in the linked test's own logits: theta = (base - intercept) / slope.

    The error joins that of the panel with that of the link at this place (delta method), divided by the slope.
    """
    facts = trends.LinkFacts.of(link)
    rows = []
    for row in cuts.iter_rows(named=True):
        theta = (row["logits"] - facts.intercept) / facts.slope
        linking = facts.of_place(theta) / facts.per_logit
        error = float(np.hypot(row["error"], linking)) / facts.slope
        rows.append({"cut": int(row["cut"]), "logits": round(theta, DIGITS), "error": round(error, DIGITS),
                     "base_cut": row["logits"], "linking": round(linking, DIGITS)})  # fmt: skip
    return pl.DataFrame(rows)


def items_of(scale: pl.DataFrame) -> Items:
    """The items as they were sealed."""
    steps = scale["steps"].to_list()
    n_steps = np.array([len(own) for own in steps], np.int64)
    intercepts = np.zeros((len(steps), int(n_steps.max(initial=1))))
    for j, own in enumerate(steps):
        intercepts[j, : len(own)] = -np.cumsum(own)
    return Items(
        tuple(scale["item"]), tuple(scale["model"]), scale["slope"].to_numpy(), intercepts, scale["guessing"].to_numpy(),
        n_steps, tuple(tuple(range(n + 1)) for n in n_steps.tolist()), np.zeros(len(steps), np.int64),
    )  # fmt: skip


def sealed_scale(items: Items) -> pl.DataFrame:
    """The same, as a table to seal."""
    return pl.DataFrame({
        "item": list(items.names), "model": list(items.models), "slope": items.slopes, "guessing": items.guessing,
        "steps": [(-np.diff([0.0, *items.intercepts[j, : items.n_steps[j]]])).tolist() for j in range(len(items))],
    }, schema_overrides={"steps": pl.List(pl.Float64)})  # fmt: skip


def panel_of(ratings: pl.DataFrame, items: Items, parameters: Mapping[str, Any]) -> CutScores:
    """Cut scores by round. Ratings: panellist, round, cut, item (empty: a bookmark), value."""
    people = sorted(set(ratings["panellist"]))
    n_rounds, n_cuts = int(ratings["round"].max() or 0), int(parameters["cuts"])  # type: ignore[arg-type]
    names = list(items.names) if parameters["method"] == "angoff" else [""]
    value = {row[:4]: row[4] for row in ratings.select("panellist", "round", "cut", "item", "value").iter_rows()}
    judged = np.full((n_rounds, len(people), len(names), n_cuts), np.nan)
    for place in np.ndindex(*judged.shape):
        number, person, item, cut = place
        judged[place] = value.get((people[person], number + 1, cut + 1, names[item]), np.nan)
    if np.isnan(judged).any():
        number, person, *_rest = (int(v) for v in np.argwhere(np.isnan(judged))[0])
        raise NotGoodEnough(
            _(
                "Panellist %(panellist)s has not judged everything in round %(round)s. Enter it, or leave that panellist out."
            )
            % {"panellist": people[person], "round": number + 1},
            code="judgement_missing",
        )
    if parameters["method"] == "angoff":
        return angoff(items, judged).scale
    booklet = ordered_booklet(items, response_probability=float(parameters["response_probability"]))
    return bookmark(booklet, judged[:, :, 0, :].astype(np.int64))


def check(found: CutScores, rules: RuleSet) -> None:
    """Refuse cut scores that would not be honest."""
    people, rounds = found.panellists.shape[1], found.panellists.shape[0]
    if people < int(rules.value("minimal_panellists")):
        raise NotGoodEnough(
            _("%(n)s panellists are too few: the rules ask for %(wanted)s.")
            % {"n": people, "wanted": rules.value("minimal_panellists")},
            code="too_few_panellists",
        )
    if rounds < int(rules.value("minimal_rounds")):
        raise NotGoodEnough(
            _("The panel has judged in %(n)s rounds; the rules ask for %(wanted)s, so that it can think again.")
            % {"n": rounds, "wanted": rules.value("minimal_rounds")},
            code="too_few_rounds",
        )
    if bool((np.diff(found.recommended) <= 0).any()):
        raise NotGoodEnough(_("Two levels begin at the same place. Discuss them in another round."), code="levels_meet")
    worst = float(found.recommended_se.max())
    if worst > float(rules.value("highest_error")):
        raise NotGoodEnough(
            _("The panel does not agree: the error of a cut is %(found)s logits, the rules allow %(wanted)s.")
            % {"found": round(worst, 2), "wanted": rules.value("highest_error")},
            code="panel_disagrees",
        )


def _cut_outcomes(found: CutScores, cuts: list[float], items: Items, org_no: int) -> Iterator[dict]:
    measured = error_at(items, np.array(cuts))
    for k, cut in enumerate(cuts):
        yield {
            "subject_kind": "cut", "subject": str(k + 1), "org_no": org_no, "reason": "cut_set",
            "numbers": NOTHING | {
                "cut": cut, "error": round(float(found.recommended_se[k]), DIGITS),
                "lowest": round(float(found.lowest[-1, k]), DIGITS), "highest": round(float(found.highest[-1, k]), DIGITS),
                "panellists": int(found.panellists.shape[1]), "measured": round(float(measured[k]), DIGITS),
            },
            "result": {"hidden": 0},
        }  # fmt: skip


def _share_outcomes(inputs: Inputs, parameters: Mapping[str, Any], cuts: list[float], org_lo: int) -> Iterator[dict]:
    """With the plausible values behind the published means: the same seed, the same draws."""
    given = {name: RuleSet.unsealed(inputs[f"{name}_rules"]) for name in ("calibration", "publication", "scale")}
    calibration, *_rest = calibrated(inputs, given["calibration"], parameters)
    places, on = inputs["places"], given["publication"]
    book = on.book.joined(given["calibration"].book).joined(given["scale"].book)
    publication = PublicationRules.at(book, on.on, on.territory)
    groupings = groupings_of(places)
    school = np.unique(places["school"].to_numpy(), return_inverse=True)[1].astype(np.int64)
    results = results_by_group(calibration, groupings, school, rules=publication, seed=int(parameters["seed"]))
    org_of = dict(places.select("school", "org_no").unique("school").iter_rows())
    for row in shares_by_group(
        calibration, results, groupings, school, cuts, minimal_schools=publication.minimal_schools
    ):
        yield _share_outcome(row, org_of.get(row.group, org_lo) if row.grouping == "school" else org_lo)


def _share_outcome(row: ShareRow, org_no: int) -> dict:
    numbers = dict(NOTHING)
    shown = row.estimate is not None and not row.hidden
    if shown and row.estimate is not None:
        half = row.estimate.half_width
        low, high = max(row.estimate.mean - half, 0.0), min(row.estimate.mean + half, 1.0)
        found = {"share": row.estimate.mean, "se": row.estimate.se, "low": low, "high": high}
        numbers |= {name: round(100 * value, 1) for name, value in found.items()}
    reason = "share_published" if shown else "nobody" if row.estimate is None else HIDDEN_REASONS[row.hidden]
    return {
        "subject_kind": f"share_{row.grouping}", "subject": f"{row.group}/{row.benchmark}", "org_no": org_no,
        "reason": reason, "numbers": numbers, "result": {"hidden": row.hidden},
    }  # fmt: skip


def _rounds(found: CutScores) -> pl.DataFrame:
    """Every round: cut, error, spread, outermost panellists, share who changed their mind."""
    return pl.DataFrame([
        {
            "round": r + 1, "cut": k + 1, "logits": round(float(found.cuts[r, k]), DIGITS),
            "error": round(float(found.se[r, k]), DIGITS), "spread": round(float(found.spread[r, k]), DIGITS),
            "lowest": round(float(found.lowest[r, k]), DIGITS), "highest": round(float(found.highest[r, k]), DIGITS),
            "changed": None if r == 0 else round(float(found.changed[r, k]), DIGITS),
        }
        for r, k in np.ndindex(*found.cuts.shape)
    ], infer_schema_length=None)  # fmt: skip
