"""Two of the decisions on a test, as pure functions of what was sealed: its calibration, and its results.

They prepare arrays for the engines and name what came out; they read nothing but their arguments.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import polars as pl
from django.utils.translation import gettext as _

from tirek.assessment import quality, trends
from tirek.assessment.analysis import Analysis, Bounds, analyse
from tirek.assessment.codes import as_scores
from tirek.assessment.decided.chosen import model_of, models_of
from tirek.assessment.decided.collection import check_collection
from tirek.assessment.decided.linking import known, told
from tirek.assessment.refusals import NotGoodEnough
from tirek.decisions.kinds import Result
from tirek.decisions.rules import RuleSet
from tirek_engines.assessment import Grouping, GroupResults, PublicationRules, Scale, results_by_group
from tirek_engines.errors import Refusal
from tirek_engines.psychometrics import FLAG_NAMES, Answers, Calibration, DroppedItem, Options, calibrate

Inputs = Mapping[str, Any]
SETTLEMENTS = ("urban", "rural")
LOGIT_DIGITS = 4
HIDDEN_REASONS = {0: "published", 1: "too_few", 2: "protects_another"}
BIN_POINTS = 20
NUMBER, RESULT = "number ", "result "
"""Before the columns that become the fields of `numbers` and of `result`."""
REMOVED, FEW, UNSEEN = "taken out", "too few answers", "nobody answered it"
DROPPED_REASONS = {REMOVED: "item_removed", FEW: "item_few", UNSEEN: "item_unseen"}
NO_ESTIMATE = dict.fromkeys(
    ("difficulty", "error", "answers", "share_right", "slope", "infit", "outfit", "point_biserial", "found", "wanted")
)
NOTHING_TO_SAY = ("nothing_to_calibrate", "nobody_to_calibrate")


def run_calibration(inputs: Inputs, parameters: Mapping[str, Any], rules: RuleSet) -> Result:
    """Calibrate the sealed answers; an outcome for every item and one for the test.

    Answers of which nothing can be said are an outcome too: the test is refused, and every item says why.
    """
    org_no, test = int(parameters["org_lo"]), str(parameters["test"])
    before = check_collection(inputs["collection"], rules) if inputs.get("collection") else []
    used, dropped = used_answers(inputs, rules, parameters)
    try:
        calibration, dropped, n_parts = _calibrated(used, dropped, inputs["items"], rules, parameters)
    except Refusal as refusal:
        if refusal.code not in NOTHING_TO_SAY:
            raise
        return _nothing(used, dropped, before, rules, test, org_no)
    analysis = analyse(calibration, used, Bounds.of(rules), inputs.get("groups"))
    checks = [
        *_amount(len(calibration.items), rules),
        *before,
        *quality.check_calibration(
            calibration,
            n_parts,
            lowest_reliability=float(rules.value("lowest_reliability")),
            weak_reliability=float(rules.value("weak_reliability")),
        ),
        *quality.check_items(
            calibration,
            n_misfits=len(analysis.misfits),
            n_dependent=analysis.pairs.height,
            n_unfair=len(analysis.unfair),
        ),
    ]
    outcomes = [*_item_outcomes(calibration, analysis, dropped, inputs["items"], org_no)]
    outcomes.append(_test_outcome(int(calibration.fit.n), checks, test, org_no))
    return Result(
        outcomes=pl.DataFrame(outcomes, infer_schema_length=None),
        tables={"persons": _persons(calibration, inputs["answers"]["subject"])} | analysis.tables(),
        summary={"fit": _fit(calibration), "checks": [check.as_dict() for check in checks]},
    )


def _amount(n_items: int, rules: RuleSet) -> list[quality.Check]:
    """Runs sealed before this rule was made had no such check."""
    return [quality.check_amount(n_items, int(rules.value("fewest_items")))] if rules.has("fewest_items") else []


def _nothing(
    used: Answers, dropped: list[DroppedItem], before: list[quality.Check], rules: RuleSet, test: str, org_no: int
) -> Result:
    """The refusal of a test too few of whose items can be calibrated."""
    checks = [*_amount(0, rules), *before]
    left = [DroppedItem(name, "", int((used.codes[:, j] != quality.NOT_ANSWERED).sum()))
            for j, name in enumerate(used.items)]  # fmt: skip
    n = int((used.codes != quality.NOT_ANSWERED).any(axis=1).sum()) if used.items else 0
    outcomes = [_dropped_outcome(item, org_no) for item in [*dropped, *left]]
    outcomes.append(_test_outcome(n, checks, test, org_no))
    return Result(
        outcomes=pl.DataFrame(outcomes, infer_schema_length=None),
        summary={"fit": {"n": n, "n_items": 0}, "checks": [check.as_dict() for check in checks]},
    )


def calibrated(
    inputs: Inputs, rules: RuleSet, parameters: Mapping[str, Any]
) -> tuple[Calibration, list[DroppedItem], int]:
    """The calibration, the items left out, and the number of parts into which the booklets fall."""
    return _calibrated(*used_answers(inputs, rules, parameters), inputs["items"], rules, parameters)


def used_answers(inputs: Inputs, rules: RuleSet, parameters: Mapping[str, Any]) -> tuple[Answers, list[DroppedItem]]:
    """The answers to items that are calibrated, and the items that are not, with the reason."""
    items = inputs["items"]["item"].to_list()
    codes = as_scores(
        np.ascontiguousarray(inputs["answers"].select(items).to_numpy().astype(np.uint8)),
        omitted=rules.value("omitted_counts_as"),
        not_reached=rules.value("not_reached_counts_as"),
    )
    minimum = int(rules.value("minimal_answers"))
    removed = set(parameters.get("removed") or {})
    enough = quality.enough_answers(codes, minimum)
    counts = (codes != quality.NOT_ANSWERED).sum(axis=0)
    kept = enough & np.array([name not in removed for name in items], dtype=bool)
    dropped = [
        DroppedItem(items[j], REMOVED if items[j] in removed else FEW if counts[j] else UNSEEN, int(counts[j]))
        for j in np.flatnonzero(~kept)
    ]
    return Answers(np.ascontiguousarray(codes[:, kept]), tuple(np.array(items, dtype=object)[kept])), dropped


def _calibrated(
    used: Answers, dropped: list[DroppedItem], items: pl.DataFrame, rules: RuleSet, parameters: Mapping[str, Any]
) -> tuple[Calibration, list[DroppedItem], int]:
    options = Options(
        model=model_of(rules, parameters),  # type: ignore[arg-type]
        tolerance=float(rules.value("step_tolerance")),
        gradient_tolerance=float(rules.value("gradient_tolerance")),
    )
    if not used.items:
        raise NotGoodEnough(_("No item can be calibrated."), code="nothing_to_calibrate")
    models = {name: model for name, model in models_of(rules, parameters, items).items() if name in used.items}
    calibration = calibrate(used, options, models=models)
    return calibration, dropped + list(calibration.dropped), quality.connected_parts(used.codes)


def _item_outcomes(
    calibration: Calibration, analysis: Analysis, dropped: list[DroppedItem], items: pl.DataFrame, org_no: int
):
    highest = dict(items.select("item", "max_score").iter_rows())
    fits = {row["item"]: row for row in analysis.items.iter_rows(named=True)}
    for item in calibration.items:
        top = max(item.values)
        raw_mean = float(np.interp(item.mean, range(len(item.values)), item.values))
        yield {
            "subject_kind": "item",
            "subject": item.item,
            "org_no": org_no,
            "reason": "item_misfits" if item.item in analysis.misfits else "item_calibrated",
            "numbers": NO_ESTIMATE | {"difficulty": item.b, "error": known(item.se_b), "answers": item.n,
                        "share_right": raw_mean / max(highest[item.item], top), "slope": told(item.a),
                        **{name: told(fits[item.item][name]) for name in ("infit", "outfit", "point_biserial")}},
            "result": {"state": "calibrated", "steps": [-step for step in np.diff([0.0, *item.d]).tolist()]},
        }  # fmt: skip
    for item in dropped:
        yield _dropped_outcome(item, org_no)


def _dropped_outcome(item: DroppedItem, org_no: int) -> dict:
    return {
        "subject_kind": "item",
        "subject": item.item,
        "org_no": org_no,
        "reason": DROPPED_REASONS.get(item.reason, "item_constant"),
        "numbers": NO_ESTIMATE | {"answers": item.n},
        "result": {"state": "dropped", "steps": np.zeros(0).tolist()},
    }


def _test_outcome(n: int, checks: list[quality.Check], test: str, org_no: int) -> dict:
    """The first check that forbids publishing is the reason; its number is told."""
    failed = next((check for check in checks if check.blocking and not check.passed), None)
    return {
        "subject_kind": "test",
        "subject": test,
        "org_no": org_no,
        "reason": f"failed_{failed.code}" if failed else "good",
        "numbers": NO_ESTIMATE
        | {"answers": n, "found": _whole(failed and failed.found), "wanted": _whole(failed and failed.wanted)},
        "result": {"state": "refused" if failed else "good", "steps": []},
    }


def _whole(value: float | None) -> float | int | None:
    """A number as a sentence tells it, counts without decimals."""
    found = told(value)
    return int(found) if found is not None and found.is_integer() else found


def _persons(calibration: Calibration, subjects: pl.Series) -> pl.DataFrame:
    scores = calibration.persons
    assert scores is not None
    return pl.DataFrame(
        {
            "subject": subjects,
            "eap": scores.eap,
            "eap_se": scores.eap_se,
            "wle": scores.wle,
            "wle_se": scores.wle_se,
            "score": scores.score,
            "highest": _highest_scores(calibration),
            "n_answered": scores.n_answered,
            "flag": [FLAG_NAMES[flag] for flag in scores.flag],
        }
    )


def _highest_scores(calibration: Calibration) -> np.ndarray:
    """The highest score each person could have reached on the items answered."""
    data = calibration.prepared
    masks = np.unpackbits(data.run_masks, axis=1, bitorder="little")[:, : len(data.items.names)]
    return (masks.astype(np.int64) @ data.items.n_steps)[data.unit_run[data.unit_of_person]]


def _fit(calibration: Calibration) -> dict[str, Any]:
    fit = calibration.fit
    return {
        "n": fit.n, "loglik": fit.loglik, "iterations": fit.iterations, "converged": fit.converged,
        "reliability": fit.reliability_eap, "variance": calibration.groups[0].variance,
        "n_items": len(calibration.items), "booklets": fit.n_runs, "model": calibration.options.model,
        "mean": calibration.groups[0].mean, "models": _counted(item.model for item in calibration.items),
    }  # fmt: skip


def _counted(models: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(models).items()))


def run_results(inputs: Inputs, parameters: Mapping[str, Any], rules: RuleSet) -> Result:
    """Means of groups with errors, small groups hidden, and every pupil's points."""
    calibration_rules = RuleSet.unsealed(inputs["calibration_rules"])
    scale_rules = RuleSet.unsealed(inputs["scale_rules"])
    calibration, *_rest = calibrated(inputs, calibration_rules, parameters)
    book = rules.book.joined(calibration_rules.book).joined(scale_rules.book)
    places = inputs["places"]
    link = inputs.get("link")
    publication = PublicationRules.at(book, rules.on, rules.territory)
    results = results_by_group(
        calibration,
        groupings_of(places),
        np.unique(places["school"].to_numpy(), return_inverse=True)[1].astype(np.int64),
        rules=publication,
        seed=int(parameters["seed"]),
        scale=trends.scale_of(link) if link else None,
    )
    org = (int(parameters["org_lo"]), int(parameters["org_hi"]))
    groups = [*_group_outcomes(results, places, org[0])]
    if link:
        facts = trends.LinkFacts.of(link)
        found = trends.trends(results, inputs["base_results"], facts, publication)
        groups += [_trend_outcome(row, places, org[0]) for row in found]
    return Result(
        outcomes=_as_outcomes(groups, _persons_frame(calibration, results.scale, places)),
        tables={"distribution": _distribution(results, int(rules.value("minimal_group"))), "item_points": _item_points(calibration, results.scale)},
        summary={"scale": {name: round(getattr(results.scale, name), 6) for name in ("centre", "spread", "origin", "unit")},
                 "seed": results.seed, "n": calibration.fit.n},
    )  # fmt: skip


def groupings_of(places: pl.DataFrame) -> dict[str, Grouping]:
    """By district, school within district, kind of settlement (towns first), language."""
    found = {name: _grouping(places[name]) for name in ("district", "language")}
    settlement = _grouping(places["settlement"], SETTLEMENTS)
    schools = places.select("school", "district").unique("school", keep="first").sort("school")
    labels = tuple(schools["school"])
    district_of = {label: k for k, label in enumerate(found["district"].labels)}
    parents = tuple(district_of[d] for d in schools["district"])
    codes = _codes(places["school"], labels)
    return found | {"settlement": settlement, "school": Grouping(labels, codes, parents, "district")}


def _grouping(column: pl.Series, order: tuple[str, ...] = ()) -> Grouping:
    present = set(column.unique()) - {""}
    labels = tuple(v for v in order if v in present) + tuple(sorted(present - set(order)))
    return Grouping(labels, _codes(column, labels))


def _codes(column: pl.Series, labels: tuple[str, ...]) -> np.ndarray:
    number = {label: k for k, label in enumerate(labels)}
    return np.array([number.get(value, -1) for value in column], dtype=np.int64)


def _group_outcomes(results: GroupResults, places: pl.DataFrame, org_lo: int):
    org_of = dict(places.select("school", "org_no").unique("school").iter_rows())
    rows = [(row.grouping, row.group, row) for row in results.rows]
    for grouping, subject, row in rows + [("gap", row.grouping, row) for row in results.gaps]:
        numbers = {
            k: None if getattr(row, k) is None else float(getattr(row, k)) for k in ("mean", "se", "low", "high")
        }
        schools = None if row.hidden or row.estimate is None else row.estimate.n_schools
        sd = None if row.sd is None else float(row.sd)
        yield {
            "subject_kind": grouping,
            "subject": subject,
            "org_no": org_of.get(row.group, org_lo) if grouping == "school" else org_lo,
            "reason": "nobody" if row.estimate is None else _group_reason(grouping, row.hidden),
            "numbers": {"pupils": row.n, **numbers, "schools": schools, "points": None, "error": None,
                        "score": None, "highest": None},
            "result": {"sd": sd, "flag": "", "hidden": row.hidden},
        }  # fmt: skip


def _trend_outcome(row: dict[str, Any], places: pl.DataFrame, org_lo: int) -> dict[str, Any]:
    dimension, code = row["dimension"], row["code"]
    at = places.filter(pl.col("school") == code)["org_no"] if dimension == "school" else None
    numbers = {name: row[name] for name in ("before", "mean", "change", "se", "link_points", "low", "high")}
    return {
        "subject_kind": f"trend_{dimension}", "subject": code, "org_no": org_lo if at is None else int(at[0]),
        "reason": "trend_open" if row["low"] <= 0 <= row["high"] else "trend_sure",
        "numbers": numbers, "result": {"sd": None, "flag": "", "hidden": 0},
    }  # fmt: skip


def _group_reason(grouping: str, hidden: int) -> str:
    if grouping == "gap":
        return "gap_hidden" if hidden else "gap_published"
    return HIDDEN_REASONS[hidden]


def _persons_frame(calibration: Calibration, scale: Scale, places: pl.DataFrame) -> pl.DataFrame:
    """An outcome for every pupil, made by columns: there may be half a million."""
    persons = calibration.persons
    assert persons is not None
    flag = np.array(FLAG_NAMES, dtype=object)[np.asarray(persons.flag, dtype=np.int64)]
    silent = flag == "no-answers"
    points = np.rint(np.where(silent, 0.0, scale.points(np.where(silent, 0.0, persons.eap)))).astype(np.int64)
    error = np.maximum(np.rint(scale.length(np.where(silent, 0.0, persons.eap_se))), 1).astype(np.int64)
    reason = np.where(silent, "person_silent", np.where(flag != "", "person_extreme", "person_scored"))
    numbers = {
        "points": pl.Series(points).set(pl.Series(silent), None),
        "error": pl.Series(error).set(pl.Series(silent), None),
        "score": pl.Series(np.asarray(persons.score).astype(np.int64)),
        "highest": pl.Series(_highest_scores(calibration).astype(np.int64)),
    }
    return places.select("subject", "org_no").with_columns(
        pl.lit("person").alias("subject_kind"),
        pl.Series("reason", reason.astype(str)),
        **{NUMBER + name: column for name, column in numbers.items()},
        **{RESULT + "flag": pl.Series(flag.astype(str)), RESULT + "hidden": pl.lit(0, dtype=pl.Int64)},
    )


def _as_outcomes(groups: list[dict[str, Any]], persons: pl.DataFrame) -> pl.DataFrame:
    """Rows of groups and columns of persons as one table of outcomes; a number that one kind lacks is null."""
    rows = pl.DataFrame(groups, infer_schema_length=None)
    for name, prefix in (("numbers", NUMBER), ("result", RESULT)):
        rows = rows.with_columns(rows[name].struct.unnest().select(pl.all().name.prefix(prefix))).drop(name)
    table = pl.concat([rows, persons], how="diagonal_relaxed")
    return table.select(
        "subject_kind", "subject", "org_no", "reason",
        *(
            pl.struct(pl.col(c).alias(c.removeprefix(prefix)) for c in table.columns if c.startswith(prefix)).alias(name)
            for name, prefix in (("numbers", NUMBER), ("result", RESULT))
        ),
    )  # fmt: skip


def _distribution(results: GroupResults, minimum: int) -> pl.DataFrame:
    """Share of pupils in each band of 20 points, from the plausible values; bands of too few pupils are left out."""
    draws = results.values.draws
    points = results.scale.centre + results.scale.spread * (draws - results.scale.origin) / results.scale.unit
    points = points[np.isfinite(points)]
    band = (np.floor(points / BIN_POINTS) * BIN_POINTS).astype(np.int64)
    values, counts = np.unique(band, return_counts=True)
    shown = counts >= minimum * draws.shape[0]
    return pl.DataFrame({"from": values[shown], "share": np.round(counts[shown] / counts.sum(), 5)})


def _item_points(calibration: Calibration, scale: Scale) -> pl.DataFrame:
    """Where each item lies on the reporting scale."""
    return pl.DataFrame(
        {
            "item": [i.item for i in calibration.items],
            "points": [round(scale.points(i.b), 1) for i in calibration.items],
        }
    )
