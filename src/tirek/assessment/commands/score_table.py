"""Read answers that are to be scored on a calibration: the same columns and codes, known categories only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tirek.assessment.commands.answers import AnswerSpec, AnswerTable, Faults, read_answers
from tirek.assessment.commands.calibrations import SavedCalibration, read_calibration
from tirek.assessment.commands.covariates import Coding, encode
from tirek.storage.tables import BadTable, Fault, read_table, shown
from tirek_engines.errors import Refusal

if TYPE_CHECKING:
    from tirek_engines.psychometrics import Answers
    from tirek_engines.psychometrics.likelihood.regression import Covariates

SHOWN_NAMES = 8


@dataclass(frozen=True)
class ToScore:
    """Answers, what is known of the persons, and the calibration to score them with.

    `answers.group_names` are groups of the calibration; `schools` numbers the schools where --school names them.
    """

    saved: SavedCalibration
    table: AnswerTable
    answers: Answers
    covariates: Covariates | None
    schools: np.ndarray[Any, np.dtype[np.int64]] | None
    notes: tuple[str, ...]


def read_for_scoring(path: Path, options: dict[str, Any], *, several: bool = False) -> ToScore:
    """Read everything; refuse what the calibration does not know. Raises `BadTable` with every fault found.

    Calibrations of several dimensions are refused unless `several`.
    """
    saved = read_calibration(Path(options["calibration"]))
    if saved.fit.get("dimensions") and not several:
        raise Refusal(
            f"{saved.folder} has several dimensions. Calibrate the items of each dimension by themselves, and name that "
            "folder.",
            code="several_dimensions",
        )
    codings = tuple(Coding.read(c) for c in saved.fit.get("covariates", ()))
    header = read_table(path).columns
    columns, notes = _item_columns(path, header, saved, options["items"])
    spec = _specification(saved, options, header, codings, columns)
    table = read_answers(path, spec)
    faults = Faults(path.name)
    _known_scores(table, saved, faults)
    answers = _known_groups(table, saved, spec.group, faults)
    faults.raise_if_any()
    covariates = encode(table.others, codings, faults) if codings else None
    schools = _schools(table, options["school"], faults)
    return ToScore(saved, table, answers, covariates, schools, (*saved.notes, *notes, *table.notes))


def _item_columns(
    path: Path, header: list[str], saved: SavedCalibration, globs: str | None
) -> tuple[dict[str, int], list[str]]:
    """Calibrated items of the file with their highest score; what was left out is said."""
    highest = {name: max(values) for name, values in zip(saved.items.names, saved.items.values, strict=True)}
    chosen, notes = [c for c in header if c in highest], []
    wanted = globs or saved.arguments.get("items")
    if wanted and not wanted.lower().endswith((".csv", ".parquet")):
        patterns = [g.strip() for g in wanted.split(",") if g.strip()]
        matched = [c for c in header if any(fnmatchcase(c, g) for g in patterns)]
        chosen = [c for c in matched if c in highest]
        unknown = [c for c in matched if c not in highest]
        if unknown:
            notes.append(f"Not in the calibration, so not scored: {_listed(unknown)}.")
    if not chosen:
        what = "No column is an item of the calibration."
        to_do = f"Its items are: {shown(', '.join(saved.items.names))}."
        raise BadTable([Fault(path.name, 1, "", shown(", ".join(header)), what, to_do)])
    absent = [name for name in saved.items.names if name not in chosen]
    if absent:
        notes.append(f"{len(absent)} of {len(saved.items)} calibrated items are not in the file: {_listed(absent)}.")
    return {c: highest[c] for c in chosen}, notes


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
    return ", ".join(names[:SHOWN_NAMES]) + more


def _specification(
    saved: SavedCalibration,
    options: dict[str, Any],
    header: list[str],
    codings: tuple[Coding, ...],
    columns: dict[str, int],
) -> AnswerSpec:
    from tirek.assessment.commands.calibrate import specification

    before = saved.arguments

    def default(name: str) -> Any:
        return options[name] if options[name] is not None else before.get(name)

    names = {k: default(k) for k in ("missing", "omitted", "not_reached", "id_column", "weight", "group")}
    if options["weight"] is None and names["weight"] not in header:
        names["weight"] = None
    spec = specification({**names, "items": None})
    others = [c.column for c in codings]
    if options["school"] and options["school"] not in others:
        others.append(options["school"])
    texts = [c.column for c in codings if c.levels] + ([options["school"]] if options["school"] else [])
    return replace(spec, others=tuple(others), texts=tuple(texts), chosen=columns)


def _known_scores(table: AnswerTable, saved: SavedCalibration, faults: Faults) -> None:
    """A score below the highest that the item did not have is a fault too (0 and 2 were calibrated, here is 1)."""
    place = {name: j for j, name in enumerate(saved.items.names)}
    for column, name in enumerate(table.answers.items):
        values = saved.items.values[place[name]]
        codes = table.answers.codes[:, column]
        strange = (codes != 255) & ~np.isin(codes, values)
        for row in np.flatnonzero(strange).tolist():
            known = ", ".join(map(str, values))
            faults.add(row + 2, name, int(codes[row]), "The calibration has no such score.", f"It has: {known}.")


def _known_groups(table: AnswerTable, saved: SavedCalibration, column: str | None, faults: Faults) -> Answers:
    """The answers with groups of the calibration only; without a column there must be one group."""
    from tirek_engines.psychometrics import Answers

    known = list(dict.fromkeys(g.group for g in saved.groups))
    found = table.answers
    if column is None:
        if len(known) > 1:
            raise Refusal(
                f"The calibration has {len(known)} groups, and without --group a person's group is not known. "
                "Name the column.",
                code="group_needed",
            )
        return Answers(found.codes, found.items, found.weights, None, tuple(known))
    for name in found.group_names:
        if name not in known:
            what = "The calibration has no such group."
            faults.add(None, column, name, what, f"Its groups are: {', '.join(known)}.")
    return found


def _schools(table: AnswerTable, column: str | None, faults: Faults) -> np.ndarray[Any, np.dtype[np.int64]] | None:
    if column is None:
        return None
    texts = table.others[column]
    for row in np.flatnonzero(texts.is_null().to_numpy()).tolist():
        faults.add(row + 2, column, "", "The person has no school.", "Fill it in, or remove the row.")
    faults.raise_if_any()
    _, numbers = np.unique(np.array(texts.to_list(), dtype=object).astype(str), return_inverse=True)
    return np.asarray(numbers, dtype=np.int64)
