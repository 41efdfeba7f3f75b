"""The results of a round, as a pure function of the sealed answers, the register's counts and the form's questions."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from tirek.decisions.kinds import Result
from tirek.decisions.rules import RuleSet
from tirek.storage import secrets
from tirek.storage.sealed import parquet_bytes
from tirek_engines.disclosure import PRIMARY, SHOWN
from tirek_engines.surveys.results import ALL, SCHOOL, Cell, Question, Results, Scale, Schools, results_by_group
from tirek_engines.surveys.weighting import response_weights

GROUP = {"group_kind": pl.String, "group": pl.String}
ITEM_TABLE = GROUP | {
    "item": pl.String, "choice": pl.String, "n": pl.Int64, "value": pl.Float64, "plain": pl.Float64, "error": pl.Float64,
    "effective": pl.Float64,
}  # fmt: skip
SCALE_TABLE = GROUP | {
    "scale": pl.String, "n": pl.Int64, "mean": pl.Float64, "plain": pl.Float64, "error": pl.Float64,
    "effective": pl.Float64, "low_share": pl.Float64,
}  # fmt: skip
RELIABILITY_TABLE = {
    "scale": pl.String, "items": pl.Int64, "persons": pl.Int64, "alpha": pl.Float64, "omega": pl.Float64,
}  # fmt: skip


AUDITED = "all_sums_together"
"""A rule since November 2026: rounds decided before are computed again without it."""


LIKENESS = "class_likeness"
"""A rule since November 2026: how much the answers of a class resemble each other."""


def run_results(inputs: Mapping[str, Any], parameters: Mapping[str, Any], rules: RuleSet) -> Result:
    """Outcomes: one for everybody, each district and each school; tables of questions, scales and reliability."""
    frame, answers = inputs["frame"].sort("org_no"), opened(inputs["responses"])
    place = {no: row for row, no in enumerate(frame["org_no"].to_list())}
    school = np.array([place[no] for no in answers["org_no"].to_list()], dtype=np.int64)
    finished = np.bincount(school, minlength=frame.height).astype(np.int64)
    _names, district = np.unique(frame["district"].to_numpy(), return_inverse=True)
    weighed = response_weights(
        frame["frame"].to_numpy(), finished, district, minimum=int(rules.value("weighting_class"))
    )
    schools = _schools(frame, rules)
    minimum = int(rules.value("minimal_group"))
    found = results_by_group(
        schools, school, weighed.weight[school], _questions(inputs["items"], answers), _scales(inputs["items"]),
        minimum=minimum, all_sums_together=rules.has(AUDITED) and rules.value(AUDITED), share_answered=float(rules.value("share_answered")), low_below=float(rules.value("low_below")),
    )  # fmt: skip
    outcomes = _outcomes(found, frame, finished, parameters)
    weights = pl.DataFrame({"org_no": frame["org_no"], "weight": weighed.weight, "how": weighed.how.astype(np.int64)})
    hidden = {g.code for g, s in zip(found.groups, found.state, strict=True) if g.kind == SCHOOL and s != SHOWN}
    weights = weights.filter(~frame["school"].is_in(list(hidden)))
    return Result(
        outcomes=outcomes,
        tables={
            "questions": _table(found, found.questions, ITEM_TABLE, _item_row),
            "scales": _table(found, found.scales, SCALE_TABLE, _scale_row),
            "reliability": pl.DataFrame(
                [(code, r.items, r.persons, _number(r.alpha), _number(r.omega)) for code, r in found.reliability.items()],
                schema=RELIABILITY_TABLE, orient="row",
            ),
            "weights": weights,
        },
        summary={
            "answers": int(school.size), "invited": int(frame["invited"].sum()), "schools": frame.height, "minimum": minimum,
        },
    )  # fmt: skip


def _schools(frame: pl.DataFrame, rules: RuleSet) -> Schools:
    """With the classes drawn, where the round was decided since they are sealed with it."""
    by_class = "classes" in frame.columns and rules.has(LIKENESS)
    return Schools(
        tuple(frame["school"]), tuple(frame["district"]), frame["frame"].to_numpy(),
        frame["classes"].to_numpy() if by_class else None, float(rules.value(LIKENESS)) if by_class else 0.0,
    )  # fmt: skip


def closed(answers: pl.DataFrame) -> bytes:
    """Answers as they are sealed: enciphered, so that whoever may read sealed files reads no single answer."""
    return secrets.encrypt_file(parquet_bytes(answers))


def opened(sealed: bytes) -> pl.DataFrame:
    return pl.read_parquet(io.BytesIO(secrets.decrypt_file(sealed)))


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _questions(items: pl.DataFrame, answers: pl.DataFrame) -> list[Question]:
    found = []
    for row in items.iter_rows(named=True):
        texts = answers[row["item"]].fill_null("").to_list()
        answered = np.array([text != "" for text in texts], dtype=np.bool_)
        choices = tuple(json.loads(row["choices"]))
        words = [set(text.split()) if row["kind"] == "select" else {text} for text in texts]
        chosen = np.array([[choice in said for choice in choices] for said in words], dtype=np.bool_)
        value = np.array([np.nan if row["kind"] == "select" else _read(text) for text in texts], dtype=np.float64)
        if choices and row["kind"] != "select" and not all(_is_number(choice) for choice in choices):
            value = np.full(len(texts), np.nan)
        found.append(Question(row["item"], choices, chosen.reshape(len(texts), len(choices)), value, answered))
    return found


def _read(text: str) -> float:
    return float(text) if _is_number(text) else float("nan")


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False


def _scales(items: pl.DataFrame) -> list[Scale]:
    found = []
    of_scales = items.filter(pl.col("scale") != "")
    for code in of_scales["scale"].unique(maintain_order=True):
        rows = of_scales.filter(pl.col("scale") == code)
        found.append(
            Scale(
                code, tuple(rows["item"]), tuple(rows["reverse"]), tuple(rows["lowest"]), tuple(rows["highest"]),
            )
        )  # fmt: skip
    return found


def _outcomes(found: Results, frame: pl.DataFrame, finished, parameters: Mapping[str, Any]) -> pl.DataFrame:
    org_nos, invited = frame["org_no"].to_numpy(), frame["invited"].to_numpy()
    rows = []
    for group, state in zip(found.groups, found.state, strict=True):
        inside = group.schools
        n, asked = int(finished[inside].sum()), int(invited[inside].sum())
        is_shown = state == SHOWN
        reason = (
            "nobody" if n == 0 else "published" if is_shown else "too_few" if state == PRIMARY else "protects_another"
        )
        rows.append({
            "subject_kind": group.kind,
            "subject": group.code,
            "org_no": int(org_nos[inside].min()) if group.kind != ALL else int(parameters["org_lo"]),
            "reason": reason,
            "numbers": {
                "invited": asked, "finished": n if reason == "published" else None,
                "percent": round(100 * n / asked) if asked and reason == "published" else None,
                "schools": len(inside),
            },
            "result": {"shown": bool(is_shown and n > 0)},
        })  # fmt: skip
    return pl.DataFrame(rows, infer_schema_length=None)


def _table(found: Results, cells: tuple[Cell, ...], schema: Mapping[str, Any], row) -> pl.DataFrame:
    rows = [(found.groups[cell.group].kind, found.groups[cell.group].code, *row(cell)) for cell in cells]
    return pl.DataFrame(rows, schema=dict(schema), orient="row")


def _item_row(cell: Cell) -> tuple:
    e = cell.estimate
    return cell.about, cell.choice, e.n, _number(e.mean), _number(e.plain), _number(e.error), e.effective


def _scale_row(cell: Cell) -> tuple:
    e = cell.estimate
    return cell.about, e.n, _number(e.mean), _number(e.plain), _number(e.error), e.effective, _number(cell.low_share)
