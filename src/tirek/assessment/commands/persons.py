"""Read a table of persons with scores or plausible values, weights and replicate weights. No Django, no database."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from tirek.assessment.commands.answers import Faults
from tirek.storage.tables import BadTable, Fault, read_table, shown
from tirek_engines.errors import Refusal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tirek_engines.assessment.cells import Column
    from tirek_engines.assessment.replication import Replication

    Floats = NDArray[np.float64]

PLAUSIBLE = re.compile(r"pv\d+", re.IGNORECASE)
SCORES = ("theta", "wle", "eap", "score")
LEAST_CORRELATION = 0.3
"""Plausible values of one ability correlate far above this; columns of different things may not."""
LEAST_TOTAL, MOST_TOTAL = 0.5, 2.0
"""Replicate weights whose sum leaves this range of the weights' sum are factors, not weights."""


@dataclass(frozen=True)
class PersonTable:
    """Persons with values and weights, ready for the engine; only those with a value.

    `values` has shape (plausible values, persons).
    """

    values: Floats
    names: tuple[str, ...]
    weights: Floats
    columns: tuple[Column, ...]
    replication: Replication
    n_rows: int
    notes: tuple[str, ...]


def listed(text: str | None) -> list[str]:
    """The parts of a list that an option gives, separated by commas."""
    return [part.strip() for part in (text or "").split(",") if part.strip()]


def read_persons(path: Path, options: Mapping[str, Any]) -> PersonTable:
    """Read, check and arrange a file of persons. Raises `BadTable` with every fault found."""
    by = listed(options["by"])
    frame = read_table(path, text_columns=[*by, *listed(options["cluster"])])
    value_names = value_columns(path, frame, options["values"])
    replicate_names = matching(path, frame, options["replicates"], "--replicates") if options["replicates"] else []
    singles = [options[k] for k in ("weight", "jk_zone", "jk_rep", "cluster") if options[k]]
    _exist(path, frame, [*by, *singles])
    faults, notes = Faults(path.name), []
    values = np.stack([numbers(frame, name, faults, required=False) for name in value_names])
    kept = np.isfinite(values).all(axis=0)
    if not kept.all():
        notes.append(f"{int((~kept).sum()):,} of {frame.height:,} persons have no value and are left out.")
    weights = _weights(frame, options["weight"], faults)
    zones = {k: numbers(frame, options[k], faults) for k in ("jk_zone", "jk_rep") if options[k]}
    replicates = np.stack([_weights(frame, n, faults) for n in replicate_names]) if replicate_names else None
    faults.raise_if_any()
    if not (weights[kept] > 0).any():
        raise Refusal("No person has both a value and a positive weight.", code="nobody")
    notes += value_notes(values[:, kept], value_names)
    codes = _codes(frame, options["cluster"], kept) if options["cluster"] else None
    zoned = {k: v[kept].astype(np.int64) for k, v in zones.items()}
    chosen = None if replicates is None else replicates[:, kept]
    replication, said = replication_of(options, weights[kept], chosen, zoned, codes)
    columns = tuple(_column(frame, name, kept) for name in by)
    return PersonTable(
        np.ascontiguousarray(values[:, kept]),
        tuple(value_names),
        np.ascontiguousarray(weights[kept]),
        columns,
        replication,
        frame.height,
        (*notes, *said),
    )


def value_columns(path: Path, frame: pl.DataFrame, wanted: str | None) -> list[str]:
    """Columns of plausible values or the one column of scores."""
    if wanted:
        return matching(path, frame, wanted, "--values")
    found = [c for c in frame.columns if PLAUSIBLE.fullmatch(c)]
    found = found or [c for c in SCORES if c in frame.columns][:1]
    if not found:
        what = "No column is named pv1, pv2, …, theta, wle, eap or score."
        raise BadTable([Fault(path.name, 1, "", shown(", ".join(frame.columns)), what, "Name it with --values.")])
    return found


def matching(path: Path, frame: pl.DataFrame, wanted: str, option: str) -> list[str]:
    """Columns by name or glob, in the order of the file within each."""
    found: list[str] = []
    faults = []
    for part in listed(wanted):
        hits = [c for c in frame.columns if c == part or fnmatchcase(c, part)]
        found += [c for c in hits if c not in found]
        if not hits:
            known = shown(", ".join(frame.columns))
            faults.append(Fault(path.name, 1, part, part, f"No column matches {option} {part}.", f"It has: {known}."))
    if faults:
        raise BadTable(faults)
    return found


def _exist(path: Path, frame: pl.DataFrame, names: list[str]) -> None:
    known = shown(", ".join(frame.columns))
    absent = [n for n in names if n not in frame.columns]
    if absent:
        what = "There is no such column."
        raise BadTable([Fault(path.name, 1, n, n, what, f"The file has: {known}.") for n in absent])


def numbers(frame: pl.DataFrame, name: str, faults: Faults, *, required: bool = True) -> Floats:
    """A column as numbers; NaN where empty. What is no number is a fault."""
    column = frame[name]
    if column.dtype == pl.String:
        column = column.str.strip_chars().str.replace(",", ".", literal=True).replace("", None)
    found = column.cast(pl.Float64, strict=False)
    broken = (found.is_null() & column.is_not_null()) | found.is_infinite().fill_null(False)
    for place in np.flatnonzero(broken.to_numpy()).tolist():
        faults.add(place + 2, name, frame[name][place], "This is no number.", "Correct it or leave the cell empty.")
    if required:
        for place in np.flatnonzero((found.is_null() & ~broken).to_numpy()).tolist():
            faults.add(place + 2, name, "", "The cell is empty.", "Fill it in, or remove the row.")
    return found.fill_null(np.nan).to_numpy().astype(np.float64)


def _weights(frame: pl.DataFrame, name: str | None, faults: Faults) -> Floats:
    if name is None:
        return np.ones(frame.height)
    found = numbers(frame, name, faults)
    for place in np.flatnonzero(found < 0).tolist():
        faults.add(place + 2, name, frame[name][place], "A weight is a number of zero or more.", "Correct it.")
    return found


def _column(frame: pl.DataFrame, name: str, kept: NDArray[np.bool_]) -> Column:
    from tirek.assessment.commands.answers import _natural
    from tirek_engines.assessment.cells import Column

    texts = frame[name].cast(pl.String).filter(pl.Series(kept))
    labels = sorted(texts.drop_nulls().unique().to_list(), key=_natural)
    place = {label: number for number, label in enumerate(labels)}
    codes = np.array([-1 if t is None else place[t] for t in texts.to_list()], dtype=np.int64)
    return Column(name, tuple(labels), codes)


def _codes(frame: pl.DataFrame, name: str, kept: NDArray[np.bool_]) -> NDArray[np.int64]:
    column = _column(frame, name, kept)
    if (column.codes < 0).any():
        raise Refusal(f"Some persons have no {name}: fill it in, or remove the rows.", code="no_cluster")
    return column.codes


def value_notes(values: Floats, names: list[str]) -> list[str]:
    """What the reader should know about the values."""
    if len(names) == 1:
        return [f"One score a person ({names[0]}): the errors hold sampling only, not measurement."]
    with np.errstate(invalid="ignore", divide="ignore"):
        lowest = float(np.nanmin(np.corrcoef(values)))
    if lowest < LEAST_CORRELATION:
        return [f"The columns {', '.join(names)} correlate only {lowest:.2f}: are they plausible values of one thing?"]
    return []


def replication_of(
    options: Mapping[str, Any],
    weights: Floats,
    replicates: Floats | None,
    zones: Mapping[str, NDArray[np.int64]],
    clusters: NDArray[np.int64] | None,
) -> tuple[Replication, list[str]]:
    """The replicate weights that the options ask for, and what to tell."""
    from tirek_engines.assessment import replication as made

    scheme, halves = options["scheme"], 2 if options["jk_halves"] == "both" else 1
    asked = [name for name, there in _ways(options).items() if there]
    if len(asked) > 1:
        raise Refusal(f"Choose one of {', '.join(asked)}: each is a way to the sampling error.", code="two_ways")
    if bool(options["jk_zone"]) != bool(options["jk_rep"]):
        raise Refusal("--jk-zone and --jk-rep belong together: name both columns.", code="half_a_zone")
    if replicates is not None:
        if scheme is None:
            raise Refusal("Say with --scheme how the replicate weights were made: jk1, jk2, brr or fay.", code="scheme")
        _refuse_factors(weights, replicates)
        return made.from_columns(replicates, scheme, fay=options["fay_k"], halves=halves), []
    if zones:
        if scheme not in (None, "jk2"):
            raise Refusal(f"Jackknife zones are scheme jk2, not {scheme}.", code="scheme")
        return made.by_zones(weights, zones["jk_zone"], zones["jk_rep"], halves=halves), _lone_halves(zones)
    if clusters is not None:
        if scheme not in (None, "jk1"):
            raise Refusal(f"With --cluster the scheme is jk1, not {scheme}.", code="scheme")
        return made.by_clusters(weights, clusters), []
    if scheme is not None:
        raise Refusal(f"--scheme {scheme} needs --replicates, --jk-zone and --jk-rep, or --cluster.", code="scheme")
    said = "No replicate weights, zones or clusters are named: persons are taken for a simple random sample, and where "
    return made.by_persons(weights), [said + "schools were drawn the errors are too small."]


def _lone_halves(zones: Mapping[str, NDArray[np.int64]]) -> list[str]:
    """Zones of one half only add the whole zone to the error, not a contrast of two schools."""
    lone = [z for z in np.unique(zones["jk_zone"]) if np.unique(zones["jk_rep"][zones["jk_zone"] == z]).size < 2]
    if not lone:
        return []
    shown = ", ".join(str(z) for z in lone[:5])
    return [f"{len(lone)} jackknife zones have one half only ({shown}): their part of the error is too large."]


def _ways(options: Mapping[str, Any]) -> dict[str, bool]:
    return {
        "--replicates": bool(options["replicates"]),
        "--jk-zone with --jk-rep": bool(options["jk_zone"] or options["jk_rep"]),
        "--cluster": bool(options["cluster"]),
    }


def _refuse_factors(weights: Floats, replicates: Floats) -> None:
    ratio = float(np.median(replicates.sum(axis=1)) / weights.sum())
    if not LEAST_TOTAL <= ratio <= MOST_TOTAL:
        raise Refusal(
            f"The replicate weights sum to {ratio:.3g} times the weights. They must be full weights, not factors: "
            "multiply them with the weight first, or name the right --weight.",
            code="replicate_factors",
            ratio=ratio,
        )
