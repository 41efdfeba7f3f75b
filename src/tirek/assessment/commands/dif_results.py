"""Compare the groups of a table that was read, and the files that `tirek dif` writes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from tirek.storage.tables import safe, write_csv
from tirek_engines.errors import Refusal

if TYPE_CHECKING:
    from tirek.assessment.commands.answers import AnswerTable
    from tirek.storage.runs import Run
    from tirek_engines.psychometrics import Answers
    from tirek_engines.psychometrics.dif.common import DifTable
    from tirek_engines.psychometrics.dif.likelihood_ratio import GroupCurve

METHODS = {"mh": "Mantel-Haenszel", "logistic": "logistic regression", "lr": "likelihood ratio"}
SMALL_GROUP = 200
"""Persons in a group below which a comparison is called weak (ETS asks for at least 200 in the smaller group)."""
LEVEL = 0.05
LOST_SHARE = 0.05
"""Share of answers that find nobody to be compared with, from which it is said."""


@dataclass(frozen=True)
class Compared:
    """All tables as they are written, by file name, and the report."""

    method: str
    tables: dict[str, pl.DataFrame]
    report: dict[str, object]
    notes: tuple[str, ...]


def compare_groups(table: AnswerTable, options: dict[str, Any]) -> Compared:
    """Compare by the method asked for."""
    answers = table.answers
    focal = _focal(answers, options["focal"])
    notes = [*table.notes, *_small_groups(answers)]
    if options["method"] == "lr":
        results, curves = _by_likelihood(answers, focal, options)
    else:
        results, curves = _by_score(answers, focal, options), []
    frame = pl.concat([dif_frame(r) for r in results])
    tables = {"dif.csv": frame}
    if curves:
        tables["dif_groups.csv"] = curve_frame(curves)
    notes += [f"Item {name} is not compared: {why}." for r in results for name, why in r.problems.items()]
    notes += [note for r in results for note in lost_notes(r)]
    if answers.weights is not None:
        notes.append("Weights count as the effective number of persons, (sum w)² / sum w².")
    report: dict[str, object] = {
        "method": options["method"],
        "groups": list(answers.group_names),
        "focal": answers.group_names[focal],
        "n": answers.n_persons,
        "n_items": answers.n_items,
        "n_comparisons": frame.height,
        "n_b": int((frame["class"] == "B").sum()),
        "n_c": int((frame["class"] == "C").sum()),
        "rounds": max(r.rounds for r in results),
        "converged": all(r.converged for r in results),
        "notes": notes,
    }
    return Compared(options["method"], tables, report, tuple(notes))


def _focal(answers: Answers, name: str | None) -> int:
    names = answers.group_names
    if len(names) < 2:
        raise Refusal(
            f"The column of --group has one value only ({names[0]}), so there is nothing to compare.", code="one_group"
        )
    if name is None:
        return 0
    if name not in names:
        raise Refusal(f"There is no group {name}. The groups are: {', '.join(names)}.", code="no_such_group")
    return names.index(name)


def _small_groups(answers: Answers) -> list[str]:
    assert answers.groups is not None
    counts = np.bincount(answers.groups, minlength=len(answers.group_names))
    return [
        f"Group {name} has {n} persons: with fewer than {SMALL_GROUP}, differences are easily missed or imagined."
        for name, n in zip(answers.group_names, counts.tolist(), strict=True)
        if n < SMALL_GROUP
    ]


def lost_notes(found: DifTable) -> list[str]:
    """Missing answers without a plan leave few persons with the same set of items: say how many answers do not count."""
    answers = int(found.n_focal.sum() + found.n_reference.sum())
    lost = int(found.n_lost.sum())
    if not lost or lost < LOST_SHARE * answers:
        return []
    worst = int(np.argmax(found.n_lost))
    return [
        f"{lost:,} of {answers:,} answers ({100.0 * lost / answers:.0f} %) do not count, most of them to "
        f"{found.items[worst]} ({int(found.n_lost[worst]):,} persons): nobody of the other group answered the same items with "
        "the same raw score. Use --method lr, which takes any pattern of missing answers; or, if they were omitted, count "
        "them as wrong with --omitted."
    ]


def _by_score(answers: Answers, focal: int, options: dict[str, Any]) -> list[DifTable]:
    """The focal group against each of the others."""
    from tirek_engines.psychometrics.dif.logistic import logistic_regression
    from tirek_engines.psychometrics.dif.mantel_haenszel import mantel_haenszel

    compare = mantel_haenszel if options["method"] == "mh" else logistic_regression
    others = [g for g in range(len(answers.group_names)) if g != focal]
    return [compare(answers, focal, other, purify=options["purify"]) for other in others]


def _by_likelihood(answers: Answers, focal: int, options: dict[str, Any]) -> tuple[list[DifTable], list[GroupCurve]]:
    from tirek.assessment.commands.itemtable import read_item_choices
    from tirek_engines.psychometrics import Options
    from tirek_engines.psychometrics.dif.likelihood_ratio import likelihood_ratio

    settings = Options(
        model=options["model"],
        se="none",
        nodes=options["nodes"],
        half_range=options["half_range"],
        max_iterations=options["max_iterations"],
        persons=False,
    )
    models = read_item_choices(options["items"]).models
    found = likelihood_ratio(answers, focal, settings, models=models, purify=options["purify"])
    return [found.table], list(found.curves)


def dif_frame(found: DifTable) -> pl.DataFrame:
    """The rows of dif.csv of one comparison."""
    from tirek_engines.psychometrics.fit.scorefit import holm

    places = range(len(found.items))
    texts = {
        "favours": [found.favoured(j) for j in places],
        "verdict": [found.verdict(j) for j in places],
        "focal": [found.focal for _ in places],
        "reference": list(found.references),
    }
    columns: dict[str, Any] = {
        "item": [safe(i) for i in found.items],
        "effect": found.effect,
        "se": found.se,
        "p": found.p,
        "class": pl.Series([c or None for c in found.classes], dtype=pl.String),
    }
    columns |= {k: pl.Series([safe(v) if v else None for v in texts[k]], dtype=pl.String) for k in texts}
    columns |= {"x2": found.x2, "df": found.df, "p_adjusted": holm(found.p)}
    columns |= {
        "n_focal": found.n_focal,
        "n_reference": found.n_reference,
        "set_aside": found.set_aside.astype(np.int64),
    }
    if found.n_lost.size:
        columns["n_lost"] = found.n_lost
    return pl.DataFrame(columns | found.more).with_columns(pl.selectors.float().fill_nan(None))


def curve_frame(curves: list[GroupCurve]) -> pl.DataFrame:
    """dif_groups.csv: the curve of each item in each group when it is free there."""
    most = max(len(c.d) for c in curves)
    columns: dict[str, Any] = {
        "item": [safe(c.item) for c in curves],
        "group": [safe(c.group) for c in curves],
        "a": [c.a for c in curves],
        "b": [c.b for c in curves],
        "c": [c.c for c in curves],
    }
    columns |= {f"d{k + 1}": [c.d[k] if k < len(c.d) else None for c in curves] for k in range(most)}
    return pl.DataFrame(columns)


def write_dif(run: Run, compared: Compared) -> dict[str, object]:
    """Write all tables and dif.json; returns what the last holds."""
    for name, frame in compared.tables.items():
        write_csv(run.folder / name, frame)
    run.write_json("dif.json", compared.report)
    return compared.report


def summary(compared: Compared, out: Path) -> str:
    """What a person reads at the end."""
    r, frame = compared.report, compared.tables["dif.csv"]
    lines = [
        f"{r['n']:,} persons, {r['n_items']} items, focal group {r['focal']}: {METHODS[compared.method]}",
        f"{r['n_c']} large and {r['n_b']} moderate differences",
    ]
    large = frame.filter(pl.col("class") == "C")
    lines += [f"  {row['item']}: {row['verdict']}" for row in large.head(10).iter_rows(named=True)]
    if large.height > 10:
        lines.append(f"  and {large.height - 10} more")
    if not r["converged"]:
        lines.append("NOT CONVERGED: some models did not come to their optimum.")
    return "\n".join([*lines, f"Results: {out}"])
