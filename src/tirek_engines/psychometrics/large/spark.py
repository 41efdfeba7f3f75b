"""Calibrate answers that lie on a Spark cluster: the sums of `tabulated` as a map-reduce (extra `spark`).

The table is packed once, partition by partition, and kept on the executors. Each pass sends the plan out, adds the chunks of
a partition where they are, and the partitions on the driver, both in a fixed order; the M-step is the driver's.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from tirek_engines.psychometrics.calibration import Calibration
from tirek_engines.psychometrics.data.prepared import (
    ItemTable,
    Layout,
    Prepared,
    count_codes,
    lay_out,
    pack_answers,
    step_counts_of,
    table_of_counts,
)
from tirek_engines.psychometrics.kernels import packing
from tirek_engines.psychometrics.kernels import score as kernels
from tirek_engines.psychometrics.large.packedfile import prepared_of_runs
from tirek_engines.psychometrics.large.streaming import calibrate_source
from tirek_engines.psychometrics.likelihood.tabulated import Chunk
from tirek_engines.psychometrics.options import Options

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Ints = NDArray[np.int64]
T = TypeVar("T")

SCHEMA = "part int, number int, content binary"
RESULT = "part int, content binary"


@dataclass(frozen=True)
class _Packed:
    """A chunk as an executor keeps it, its runs still named by group and mask."""

    packed: NDArray[np.uint8]
    weights: NDArray[np.float64]
    keys: tuple[tuple[int, bytes], ...]
    starts: Ints


@dataclass(frozen=True)
class SparkSource:
    """Persons on a cluster: a kept table of chunks, and the number of each run."""

    frame: Any
    numbers: dict[tuple[int, bytes], int]
    sizes: Ints
    positives: Ints
    factor: float

    def reduce(self, job: Callable[[Chunk], T], add: Callable[[T], None], threads: int) -> None:
        """Do the job on every chunk; lists of results come back from each partition and are added in order."""
        sent = self.frame.sparkSession.sparkContext.broadcast(pickle.dumps((job, self.numbers, self.factor)))

        def work(batches: Iterable[Any]) -> Iterator[Any]:
            task, numbers, factor = pickle.loads(sent.value)  # noqa: S301 (written by the driver a moment ago)
            for part, number, content in _rows(batches):
                found = task(_chunk(pickle.loads(content), numbers, factor))  # noqa: S301
                yield _batch({"part": [part * 1_000_000 + number], "content": [pickle.dumps(found)]})

        done = self.frame.mapInArrow(work, RESULT).collect()
        for row in sorted(done, key=lambda row: int(row["part"])):
            add(pickle.loads(bytes(row["content"])))  # noqa: S301
        sent.destroy()


def _rows(batches: Iterable[Any]) -> Iterator[tuple[int, int, bytes]]:
    for batch in batches:
        columns = batch.to_pydict()
        yield from zip(columns["part"], columns["number"], columns["content"], strict=True)


def _batch(columns: dict[str, list[Any]]) -> Any:
    import pyarrow as pa

    types = {"part": pa.int32(), "number": pa.int32(), "content": pa.binary()}
    return pa.RecordBatch.from_arrays([pa.array(v, types[k]) for k, v in columns.items()], list(columns))


def _chunk(found: _Packed, numbers: dict[tuple[int, bytes], int], factor: float) -> Chunk:
    weights = found.weights * factor
    for k, (_, mask) in enumerate(found.keys):
        if not any(mask):
            weights[found.starts[k] : found.starts[k + 1]] = 0.0
    runs = np.array([numbers[key] for key in found.keys], np.int64)
    return Chunk(found.packed, weights, runs, found.starts)


def _codes(batch: Any, columns: Sequence[str]) -> NDArray[np.uint8]:
    """Scores of a batch, 255 where there is none."""
    found = np.empty((batch.num_rows, len(columns)), np.uint8)
    for place, name in enumerate(columns):
        found[:, place] = batch.column(name).fill_null(255).to_numpy(zero_copy_only=False)
    return found


def _count(columns: Sequence[str], weight: str | None) -> Callable[[Iterable[Any]], Iterator[Any]]:
    def work(batches: Iterable[Any]) -> Iterator[Any]:
        counts = np.zeros((len(columns), 256), np.int64)
        for batch in batches:
            codes = _codes(batch, columns)
            if weight:
                codes = codes[batch.column(weight).to_numpy(zero_copy_only=False) > 0]
            counts += count_codes(np.ascontiguousarray(codes), 1)
        yield _batch({"part": [0], "content": [counts.tobytes()]})

    return work


def _pack(
    columns: Sequence[str],
    weight: str | None,
    group: str | None,
    groups: Sequence[str],
    items: ItemTable,
    layout: Layout,
) -> Callable[[Iterable[Any]], Iterator[Any]]:
    place_of = {name: number for number, name in enumerate(groups)}

    def work(batches: Iterable[Any]) -> Iterator[Any]:
        from pyspark import TaskContext

        context = TaskContext.get()
        part = context.partitionId() if context is not None else 0
        for number, batch in enumerate(batches):
            n = batch.num_rows
            weights = (
                np.ones(n) if weight is None else batch.column(weight).to_numpy(zero_copy_only=False).astype(float)
            )
            labels = np.zeros(n, np.int64)
            if group:
                labels = np.array([place_of[str(v)] for v in batch.column(group).to_pylist()], np.int64)
            found = _packed(_codes(batch, columns), weights, labels, items, layout)
            yield _batch({"part": [part], "number": [number], "content": [pickle.dumps(found)]})

    return work


def _packed(
    codes: NDArray[np.uint8], weights: NDArray[np.float64], labels: Ints, items: ItemTable, layout: Layout
) -> _Packed:
    packed, masks = pack_answers(np.ascontiguousarray(codes), items, layout, 1)
    of_row, first = packing.number_rows(masks, labels)
    order = np.argsort(of_row, kind="stable")
    starts = np.searchsorted(of_row[order], np.arange(first.size + 1)).astype(np.int64)
    keys = tuple((int(labels[f]), masks[f].tobytes()) for f in first)
    return _Packed(packed[order], weights[order], keys, starts)


def _summary(batches: Iterable[Any]) -> Iterator[Any]:
    """Of each chunk: size and weight of its runs, persons that calibrate, sums by byte and value."""
    for part, number, content in _rows(batches):
        found: _Packed = pickle.loads(content)  # noqa: S301
        chunk = _chunk(found, {key: k for k, key in enumerate(found.keys)}, 1.0)
        pairs = list(zip(found.starts[:-1], found.starts[1:], strict=True))
        weights = [float(chunk.weights[a:b].sum()) for a, b in pairs]
        sums = kernels.byte_sums(found.packed, chunk.weights)
        kept = (
            found.keys,
            np.diff(found.starts),
            weights,
            [int(np.count_nonzero(found.weights[a:b] > 0)) for a, b in pairs],
            sums,
        )
        yield _batch({"part": [part * 1_000_000 + number], "content": [pickle.dumps(kept)]})


def pack_frame(
    frame: DataFrame, items: Sequence[str], *, weight: str | None = None, group: str | None = None
) -> tuple[Prepared, SparkSource]:
    """Pack a Spark table of answers: one row a person, a column of scores an item (null where there is no answer).

    Parameters
    ----------
    frame : pyspark.sql.DataFrame
        One row a person.
    items : sequence of str
        Item columns: whole numbers from 0 to 254.
    weight, group : str, optional
        Columns of case weights and of groups; the first group in order of its name has mean 0.

    Returns
    -------
    Prepared, SparkSource
        What `streaming.calibrate_source` takes.
    """
    columns = list(items)
    chosen = frame.select(*columns, *(c for c in (weight, group) if c))
    groups = sorted(str(row[0]) for row in frame.select(group).distinct().collect()) if group else ["all"]
    counted = chosen.mapInArrow(_count(columns, weight), RESULT).collect()
    counts = np.sum([np.frombuffer(row["content"], np.int64).reshape(-1, 256) for row in counted], axis=0)
    table = table_of_counts(columns, counts)
    layout = lay_out(table.n_steps + 1)
    kept = chosen.mapInArrow(_pack(columns, weight, group, groups, table, layout), SCHEMA).persist()
    rows = sorted(kept.mapInArrow(_summary, RESULT).collect(), key=lambda row: int(row["part"]))
    numbers: dict[tuple[int, bytes], int] = {}
    sizes: list[int] = []
    weights: list[float] = []
    positives: list[int] = []
    sums = np.zeros((layout.n_bytes, 256))
    for row in rows:
        keys, n, amounts, n_positive, part = pickle.loads(bytes(row["content"]))  # noqa: S301
        for key, size, amount, positive in zip(keys, n.tolist(), amounts, n_positive, strict=True):
            if key not in numbers:
                numbers[key] = len(numbers)
                sizes.append(0)
                weights.append(0.0)
                positives.append(0)
            sizes[numbers[key]] += size
            weights[numbers[key]] += amount
            positives[numbers[key]] += positive
        sums += part
    steps = step_counts_of(layout, table, sums)
    counted_positive = np.array(positives, np.int64)
    data, factor = prepared_of_runs(
        table, list(numbers), np.array(weights), steps, tuple(groups), positives=counted_positive
    )
    return data, SparkSource(kept, numbers, np.array(sizes, np.int64), counted_positive, factor)


def calibrate_frame(
    frame: DataFrame,
    items: Sequence[str],
    options: Options,
    *,
    weight: str | None = None,
    group: str | None = None,
) -> Calibration:
    """Calibrate a Spark table of answers; see `pack_frame` and `streaming.calibrate_source`."""
    data, source = pack_frame(frame, items, weight=weight, group=group)
    try:
        empty = ~data.run_masks.any(axis=1)
        without = int(source.sizes[empty].sum())
        n_persons = int(source.sizes.sum())
        return calibrate_source(data, source, options, n_persons=n_persons, n_without_answers=without)
    finally:
        source.frame.unpersist()
