"""`tirek calibrate --stream`: the table is read batch by batch, packed on disk, and calibrated from there."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from tirek.assessment.commands.answers import (
    GAP,
    HIGHEST_SCORE,
    AnswerSpec,
    Faults,
    _natural,
    _weights,
    choose_items,
    code_column,
)
from tirek.storage.tables import MISSING_TEXTS, BadTable, Fault, safe, shown
from tirek_engines.errors import Refusal

if TYPE_CHECKING:
    from tirek.storage.runs import Run
    from tirek_engines.psychometrics import Answers, Calibration, Fit, Options
    from tirek_engines.psychometrics.large.packedfile import PackedFile

ROWS = 65_536
HEAD = 10_000
LARGE_BYTES = 2_000_000_000
"""A file of this size is streamed without being asked."""
UNFIT = ("regress", "dimension", "replicates", "scheme", "jk_zone", "jk_rep")
"""Options that need all persons in memory."""


@dataclass(frozen=True)
class _Size:
    n_persons: int


@dataclass(frozen=True)
class StreamedTable:
    """What the outputs need of the input, without its rows; `folder` keeps the packed file until the end."""

    answers: _Size
    notes: tuple[str, ...]
    path: Path
    id_column: str | None
    file: PackedFile
    folder: tempfile.TemporaryDirectory[str]
    ids: tuple[str, ...] = ()
    codings: tuple[Any, ...] = ()


class _Shifted(Faults):
    """Faults of a batch, with rows counted from the beginning of the file."""

    before = 0

    def add(self, row: int | None, column: str, value: object, what: str, to_do: str) -> None:
        super().add(None if row is None else row + self.before, column, value, what, to_do)


def wants_stream(answers: Path, options: dict[str, Any]) -> bool:
    """Asked for, or so large that it is better."""
    if options.get("stream"):
        return True
    fits = options["model"] in ("rasch", "2pl", "pcm", "gpcm") and options["se"] in ("oakes", "louis", "none")
    return (
        fits and not any(options.get(k) for k in UNFIT) and answers.is_file() and answers.stat().st_size > LARGE_BYTES
    )


def calibrate_streamed(
    answers: Path,
    options: dict[str, Any],
    spec: AnswerSpec,
    settings: Options,
    progress: Callable[[int, float, float], None] | None,
) -> tuple[StreamedTable, Calibration]:
    """Pack the file, then calibrate the packed file."""
    from tirek.assessment.commands.itemtable import read_item_choices
    from tirek_engines.psychometrics.large.packedfile import write_packed
    from tirek_engines.psychometrics.large.streaming import calibrate_packed

    unfit = [k for k in UNFIT if options.get(k)]
    choices = read_item_choices(options["items"])
    if unfit or choices.known is not None:
        named = f"--{unfit[0].replace('_', '-')}" if unfit else "Fixed items"
        raise Refusal(
            f"{named} and --stream do not go together: it needs all persons in memory. Leave --stream out - a million persons "
            "take about a byte for each answer and eight for each covariate or replicate weight - or calibrate a sample of "
            "the persons, and put the others on its scale with tirek score.",
            code="not_streamed",
        )
    _refuse_equal_ids(answers, spec.id)
    head = next(_batches(answers, None, HEAD))
    columns, limits, notes = choose_items(answers, head, spec)
    groups = _group_names(answers, spec.group)
    folder = tempfile.TemporaryDirectory(prefix="tirek-packed-")
    file = write_packed(Path(folder.name) / "answers.packed", lambda: _blocks(answers, spec, columns, limits, groups))
    _refuse_gaps(answers, file)
    found = calibrate_packed(file, settings, models=choices.models, progress=progress)
    size = _Size(file.n_persons)
    return StreamedTable(size, tuple(notes), answers, spec.id, file, folder), found


def _scan(path: Path) -> pl.LazyFrame:
    from tirek.storage.tables import _separator

    if not path.is_file():
        raise BadTable([Fault(path.name, None, "", "", "The file does not exist.", "Check its name and folder.")])
    if path.suffix.lower() == ".parquet":
        return pl.scan_parquet(path)
    with path.open("rb") as file:
        separator = _separator(file.read(65_536))
    return pl.scan_csv(path, separator=separator, null_values=MISSING_TEXTS, infer_schema=False, encoding="utf8")


def _batches(path: Path, columns: list[str] | None, rows: int = ROWS) -> Iterator[pl.DataFrame]:
    """Batches of exactly `rows` rows, but the last, whatever the reader hands out."""
    scan = _scan(path)
    kept: list[pl.DataFrame] = []
    n = 0
    try:
        for batch in (scan if columns is None else scan.select(columns)).collect_batches(
            chunk_size=rows, maintain_order=True
        ):
            kept.append(batch)
            n += batch.height
            while n >= rows:
                whole = pl.concat(kept)
                yield whole.head(rows)
                kept, n = [whole.slice(rows)], n - rows
    except pl.exceptions.PolarsError as error:
        what = f"It cannot be read: {shown(error)}."
        raise BadTable([Fault(path.name, None, "", "", what, "Correct it, or write it again.")]) from None
    if n or rows == HEAD:
        yield pl.concat(kept)


def _group_names(path: Path, column: str | None) -> tuple[str, ...]:
    if column is None:
        return ("all",)
    found = _scan(path).select(pl.col(column).cast(pl.String)).unique().collect(engine="streaming")
    return tuple(sorted(found[column].drop_nulls().to_list(), key=_natural))


def _blocks(
    path: Path, spec: AnswerSpec, columns: list[str], limits: dict[str, int], groups: tuple[str, ...]
) -> Iterator[Answers]:
    from tirek_engines.psychometrics import Answers

    faults, place_of = _Shifted(path.name), {name: k for k, name in enumerate(groups)}
    wanted = list(dict.fromkeys([*columns, *(c for c in (spec.weight, spec.group) if c)]))
    for frame in _batches(path, wanted):
        codes = np.empty((frame.height, len(columns)), np.uint8)
        for place, name in enumerate(columns):
            codes[:, place] = code_column(frame[name], spec.policies, limits.get(name, HIGHEST_SCORE), faults)
        weights = _weights(frame, spec.weight, faults)
        numbers = None
        if spec.group:
            labels = frame[spec.group].cast(pl.String)
            for row in np.flatnonzero(labels.is_null().to_numpy()).tolist():
                faults.add(row + 2, spec.group, "", "The person has no group.", "Fill it in, or remove the row.")
            numbers = np.array([place_of.get(v, 0) for v in labels.to_list()], np.int64)
        faults.raise_if_any()
        yield Answers(codes, tuple(columns), weights, numbers, groups)
        faults.before += frame.height


def _refuse_gaps(path: Path, file: PackedFile) -> None:
    """As in `answers`: scores far above the others are undeclared codes."""
    faults = Faults(path.name)
    items = file.data.items
    for name, values in zip(items.names, items.values, strict=True):
        for low, high in pairwise(values):
            if high - low >= GAP:
                what = f"The score is outside the range 0 to {low}."
                to_do = f"If it means a missing answer, say --missing {high}; if it is a score, give the item's max."
                faults.add(None, name, high, what, to_do)
    faults.raise_if_any()


def _refuse_equal_ids(path: Path, column: str | None) -> None:
    """As in memory: every person has an id of his own. Eight bytes a person are kept, and only suspects looked at again."""
    if column is None:
        return
    faults, hashes, before = Faults(path.name), [], 0
    for frame in _batches(path, [column]):
        ids = frame[column].cast(pl.String)
        for row in np.flatnonzero(ids.is_null().to_numpy()).tolist():
            faults.add(before + row + 2, column, "", "The person has no id.", "Fill it in.")
        hashes.append(ids.hash(seed=1).to_numpy())
        before += frame.height
    faults.raise_if_any()
    found = np.concatenate(hashes)
    hashes.clear()
    found.sort()
    suspects = np.unique(found[1:][found[1:] == found[:-1]])
    if suspects.size:
        _tell_equal_ids(path, column, suspects, faults)


def _tell_equal_ids(path: Path, column: str, suspects: np.ndarray[Any, Any], faults: Faults) -> None:
    first: dict[str, int] = {}
    before = 0
    for frame in _batches(path, [column]):
        ids = frame[column].cast(pl.String)
        for row in np.flatnonzero(np.isin(ids.hash(seed=1).to_numpy(), suspects)).tolist():
            value = str(ids[row])
            if value in first:
                what = f"The id stands in row {first[value]} already."
                faults.add(before + row + 2, column, value, what, "Remove one of the rows or correct the id.")
            else:
                first[value] = before + row + 2
        before += frame.height
    faults.raise_if_any()


@dataclass
class _Spread:
    """Weighted sums of a score and of its squared errors; so reliabilities need no persons in memory."""

    weight: float = 0.0
    first: float = 0.0
    second: float = 0.0
    errors: float = 0.0

    def add(self, values: np.ndarray[Any, Any], errors: np.ndarray[Any, Any], weights: np.ndarray[Any, Any]) -> None:
        """The persons of a chunk that have a score."""
        known = (weights > 0) & np.isfinite(values) & np.isfinite(errors)
        w, v = weights[known], values[known]
        self.weight += float(w.sum())
        self.first += float(w @ v)
        self.second += float(w @ v**2)
        self.errors += float(w @ errors[known] ** 2)

    @property
    def variance(self) -> float:
        """Of the score."""
        return self.second / self.weight - (self.first / self.weight) ** 2

    @property
    def mean_error(self) -> float:
        """Mean squared error."""
        return self.errors / self.weight


def write_streamed(run: Run, table: StreamedTable, calibration: Calibration) -> dict[str, object]:
    """As `outputs.write_outputs`; persons are scored and written chunk by chunk, and give the reliabilities on the way."""
    from tirek.assessment.commands.outputs import write_outputs

    if calibration.options.persons:
        fit = _write_persons(run, table, calibration)
        calibration = replace(calibration, fit=fit)
    return write_outputs(run, replace(table), calibration)


def _write_persons(run: Run, table: StreamedTable, calibration: Calibration) -> Fit:
    from tirek_engines.psychometrics.large.streaming import scores_of_packed

    file = table.file
    batches = _batches(table.path, [table.id_column]) if table.id_column else None
    eap, wle, squares, before = _Spread(), _Spread(), 0.0, 0
    with (run.folder / "persons.csv").open("wb") as out:
        for k, part in enumerate(scores_of_packed(file, calibration)):
            weights = file.chunk(k).weights
            eap.add(part.eap, part.eap_se, weights)
            wle.add(part.wle, part.wle_se, weights)
            squares += float(weights @ weights)
            order = np.argsort(part.rows)
            numbers = [str(n) for n in range(before + 1, before + order.size + 1)]
            ids = next(batches)[table.id_column].cast(pl.String).to_list() if batches is not None else numbers
            columns: dict[str, Any] = {"id": [safe(str(i)) for i in ids]}
            columns |= {name: getattr(part, name)[order] for name in ("eap", "eap_se", "wle", "wle_se")}
            columns |= {name: values[order] for name, values in _raw(file, k).items()}
            frame = _flagged(pl.DataFrame(columns), part.wle[order], calibration.options.wle_bound)
            frame.write_csv(out, include_header=before == 0)
            before += order.size
    return replace(
        calibration.fit,
        n_effective=eap.weight**2 / squares,
        reliability_eap=eap.variance / (eap.variance + eap.mean_error),
        reliability_wle=1.0 - wle.mean_error / (wle.variance * wle.weight / (wle.weight - 1.0)),
    )


def _raw(file: PackedFile, k: int) -> dict[str, np.ndarray[Any, Any]]:
    """Raw score, number of answers and full score of the persons of a chunk."""
    from tirek_engines.psychometrics.data.prepared import score_table
    from tirek_engines.psychometrics.kernels import score as kernels

    chunk, data = file.chunk(k), file.data
    n_items = len(data.items.names)
    presented = np.unpackbits(data.run_masks[chunk.runs], axis=1, bitorder="little")[:, :n_items].astype(np.int64)
    sizes = np.diff(chunk.starts)
    return {
        "score": kernels.table_sums(chunk.packed, score_table(data.layout, np.ones(n_items))).astype(np.int64),
        "n_answered": np.repeat(presented.sum(axis=1), sizes),
        "full": np.repeat(presented @ data.items.n_steps, sizes),
    }


def _flagged(frame: pl.DataFrame, wle: np.ndarray[Any, Any], bound: float) -> pl.DataFrame:
    """With the column flag, as `scoring.FLAG_NAMES`."""
    score, bounded = pl.col("score"), pl.Series(np.abs(np.nan_to_num(wle)) >= bound)
    flag = (
        pl.when(pl.col("n_answered") == 0)
        .then(pl.lit("no-answers"))
        .when(bounded)
        .then(pl.lit("bounded"))
        .when((score == 0) | (score == pl.col("full")))
        .then(pl.lit("extreme"))
    )
    return frame.with_columns(flag.alias("flag")).drop("full").with_columns(pl.selectors.float().fill_nan(None))


def person_lines(table: StreamedTable, calibration: Calibration, spec: AnswerSpec, subject: str) -> list[str]:
    """How a person's scores came about, for `tirek explain`: the person's row is read and scored again by itself."""
    from tirek_engines.psychometrics import Answers, Groups, score_persons
    from tirek_engines.psychometrics.likelihood.model import Grid

    place = _row_of(table, subject)
    if place is None:
        return []
    items, groups = calibration.as_items(), calibration.groups
    frame = _scan(table.path).slice(place, 1).collect()
    faults = Faults(table.path.name)
    codes = np.array([[code_column(frame[name], spec.policies, 254, faults)[0] for name in items.names]], np.uint8)
    label = "all" if spec.group is None else str(frame[spec.group].cast(pl.String)[0])
    of = next(k for k, g in enumerate(groups) if g.group == label)
    known = Groups((label,), np.array([groups[of].mean]), np.array([groups[of].variance]))
    grid = Grid(calibration.options.nodes, calibration.options.half_range)
    answers = Answers(codes, items.names, None, None, (label,))
    lines = [
        f"Person {subject} (row {place + 2} of the file), group {label}: {int((codes != 255).sum())} calibrated items answered.",
        f"  before the answers: N({groups[of].mean:.4f}, {groups[of].variance:.4f})",
    ]
    for method in ("eap", "wle"):
        found = score_persons(items, known, answers, method, grid=grid, bound=calibration.options.wle_bound)
        lines.append(f"  {method.upper()} {found.theta[0]:.4f}, standard error {found.se[0]:.4f}")
    by_name = {i.item: i.b for i in calibration.items}
    lines.append("  answers:")
    pairs = zip(items.names, codes[0].tolist(), strict=True)
    return lines + [f"    {name}: {code} (b {by_name[name]:.3f})" for name, code in pairs if code != 255]


def _row_of(table: StreamedTable, subject: str) -> int | None:
    """Number of a person's row, from 0."""
    if table.id_column is None:
        return int(subject) - 1 if subject.isdigit() and 0 < int(subject) <= table.answers.n_persons else None
    before = 0
    for frame in _batches(table.path, [table.id_column]):
        hits = np.flatnonzero((frame[table.id_column].cast(pl.String) == subject).fill_null(False).to_numpy())
        if hits.size:
            return before + int(hits[0])
        before += frame.height
    return None
