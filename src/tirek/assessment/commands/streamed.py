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
    from tirek_engines.psychometrics import Answers, Calibration, Options
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
        raise Refusal(f"{named} and --stream do not go together in this version. Leave one out.", code="not_streamed")
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


def write_streamed(run: Run, table: StreamedTable, calibration: Calibration) -> dict[str, object]:
    """As `outputs.write_outputs`; persons are scored and written chunk by chunk."""
    from tirek.assessment.commands.outputs import write_outputs
    from tirek_engines.psychometrics.large.streaming import scores_of_packed

    if calibration.options.persons:
        columns = [table.id_column] if table.id_column else None
        before = 0
        with (run.folder / "persons.csv").open("wb") as out:
            batches = _batches(table.path, columns) if columns else None
            for part in scores_of_packed(table.file, calibration):
                order = np.argsort(part.rows)
                numbers = [str(n) for n in range(before + 1, before + order.size + 1)]
                ids = next(batches)[table.id_column].cast(pl.String).to_list() if batches is not None else numbers
                frame = pl.DataFrame(
                    {
                        "id": [safe(str(i)) for i in ids],
                        "eap": part.eap[order],
                        "eap_se": part.eap_se[order],
                        "wle": part.wle[order],
                        "wle_se": part.wle_se[order],
                    }
                )
                frame.with_columns(pl.selectors.float().fill_nan(None)).write_csv(out, include_header=before == 0)
                before += order.size
    return write_outputs(run, replace(table), calibration)
