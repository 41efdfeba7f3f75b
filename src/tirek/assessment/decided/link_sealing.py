"""What a link is made from, and what results on a linked scale are made from: sealed tables of earlier decisions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from tirek.access.scope import loading
from tirek.assessment.models import (
    Calibration,
    CalibrationState,
    GroupResult,
    Item,
    Link,
    MatchedBy,
    Release,
    ReleaseState,
    Test,
)
from tirek.decisions import queries as journal

Tables = dict[str, Any]


def pairs_of(test: Test, base: Test, matched_by: str) -> pl.DataFrame:
    """Codes of the items that both tests have: under the same version of the bank, or under the same code."""
    key = "version_id" if matched_by == MatchedBy.VERSION else "code"
    rows: list[dict[Any, str]] = []
    for of in (base, test):
        found = Item.objects.filter(test=of).exclude(**{key: None}).order_by("position")
        rows.append(dict(found.values_list(key, "code")))
    before, now = rows
    pairs = [(before[k], code) for k, code in now.items() if k in before]
    return pl.DataFrame(pairs, schema={"base": pl.String, "new": pl.String}, orient="row")


def inputs_of_link(base: Calibration, new: Calibration, matched_by: str) -> Tables:
    """Items of both calibrations as their decisions sealed them, and which of them are common."""
    tables: Tables = {}
    for side, calibration in (("base", base), ("new", new)):
        decision = journal.decision(calibration.decision_number)
        for name, sealed in (("items", "parameters"), ("steps", "steps")):
            tables[f"{side}_{name}"] = journal.table(decision, sealed)
    return tables | {"pairs": pairs_of(new.test, base.test, matched_by)}


def fresh_link(parameters: Mapping[str, Any]) -> Tables:
    """For the journal: what the link would be made from now. A withdrawn or replaced calibration makes other tables."""
    with loading():
        new = current_of(Test.objects.get(code=parameters["test"]))
        base = published_of(Test.objects.get(code=parameters["base"]))
        if new is None or base is None or base.calibration is None:
            return dict.fromkeys(("base_items", "new_items"), "gone")
        return inputs_of_link(base.calibration, new, str(parameters["matched_by"]))


def link_inputs(decision_number: str) -> Tables:
    """For results on the base's scale: constants and error of the link, the base's scale, and its published results."""
    link = Link.objects.select_related("base").get(decision_number=decision_number)
    release = published_of(link.base)
    if release is None:
        return dict.fromkeys(("link", "base_results"), "gone")
    summary = journal.decision(decision_number).summary
    names = ("slope", "intercept", "error", "slope_se", "intercept_se", "covariance", "error_method", "n_anchors")
    later = [
        name for name in ("held", "excess") if name in summary
    ]  # links from before these were known stay as they were
    return {
        "link": {name: summary[name] for name in (*names, *later)}
        | {"base": link.base.code, "scale": scale_of_release(release)},
        "base_results": _results(release),
    }


def scale_of_release(release: Release) -> dict[str, float]:
    """Constants with which the base's logits became points."""
    return {name: release.distribution["scale"][name] for name in ("centre", "spread", "origin", "unit")}


def _results(release: Release) -> pl.DataFrame:
    rows = GroupResult.objects.filter(release=release, suppressed="").order_by("dimension", "code")
    schema = {"dimension": pl.String, "code": pl.String, "mean": pl.Float64, "se": pl.Float64, "n": pl.Int64,
              "n_schools": pl.Int64}  # fmt: skip
    return pl.DataFrame(list(rows.values_list(*schema)), schema=schema, orient="row")


def current_of(test: Test) -> Calibration | None:
    """The calibration that the test stands on now."""
    return Calibration.objects.filter(test=test).exclude(state=CalibrationState.SUPERSEDED).first()


def published_of(test: Test) -> Release | None:
    """The published results of a test."""
    found = Release.objects.select_related("calibration__test").filter(test=test, state=ReleaseState.PUBLISHED)
    return found.first()
