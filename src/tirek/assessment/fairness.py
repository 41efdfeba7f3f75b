"""Are the items fair? The same ability, another group: differences by language, sex and kind of settlement. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from tirek_engines.errors import Refusal
from tirek_engines.psychometrics import Answers
from tirek_engines.psychometrics.dif.mantel_haenszel import mantel_haenszel

REFERENCES = {"language": "kk", "sex": "m", "settlement": "urban"}
"""With whom the others are compared, where this group is there; otherwise with the largest."""
FEWEST = 100
"""Persons of a group from which on it is compared."""
SCHEMA = {
    "by": pl.String, "focal": pl.String, "reference": pl.String, "item": pl.String, "effect": pl.Float64,
    "se": pl.Float64, "p": pl.Float64, "class": pl.String, "n_focal": pl.Int64, "n_reference": pl.Int64,
}  # fmt: skip


def differences(answers: Answers, groups: pl.DataFrame | None) -> pl.DataFrame:
    """Mantel-Haenszel on the ETS delta scale, purified; above 0 the item is easier for the focal group."""
    rows: list[tuple] = []
    if groups is not None:
        for by in (name for name in REFERENCES if name in groups.columns):
            rows += _by(answers, by, groups[by].to_numpy())
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def worst(table: pl.DataFrame) -> dict[str, str]:
    """The largest class of every item over all comparisons."""
    found = table.filter(pl.col("class") != "").group_by("item").agg(pl.col("class").max())
    return dict(found.iter_rows())


def _by(answers: Answers, by: str, of: np.ndarray) -> Iterator[tuple]:
    names, counts = np.unique(of[of != ""], return_counts=True)
    large = [str(name) for name, n in zip(names, counts, strict=True) if n >= FEWEST]
    if len(large) < 2:
        return
    most = str(names[int(counts.argmax())])
    reference = REFERENCES[by] if REFERENCES[by] in large else most
    number = {name: k for k, name in enumerate(large)}
    codes = np.array([number.get(str(value), len(large)) for value in of], dtype=np.int64)
    grouped = Answers(answers.codes, answers.items, answers.weights, codes, (*large, "-"))
    for focal in (name for name in large if name != reference):
        try:
            found = mantel_haenszel(grouped, number[focal], number[reference], purify=True)
        except Refusal:
            continue
        for j, item in enumerate(found.items):
            yield (by, focal, reference, item, float(found.effect[j]), float(found.se[j]), float(found.p[j]),
                   found.classes[j], int(found.n_focal[j]), int(found.n_reference[j]))  # fmt: skip
