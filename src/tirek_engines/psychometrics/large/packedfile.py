"""Packed answers on disk: chunks of persons sorted by run, mapped into memory when they are read.

The file begins with `MAGIC`; then come the chunks, each the packed bytes of its persons, their weights (float64, if there are
any) and their places among the persons of the chunk (uint32); at the end a record in JSON of items, runs and chunks, its length
(8 bytes) and `MAGIC` again. What is written depends on the answers only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import numpy as np
from numpy.typing import NDArray

from tirek_engines.errors import Refusal
from tirek_engines.psychometrics.data.answers import Answers
from tirek_engines.psychometrics.data.prepared import (
    DroppedItem,
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
from tirek_engines.psychometrics.likelihood.tabulated import Chunk
from tirek_engines.psychometrics.parallel import in_order

T = TypeVar("T")
MAGIC = b"TIREKPK1"
ROWS = 65_536
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Place:
    """Where a chunk is: offset in the file, persons, runs in order of the rows, and where each starts."""

    offset: int
    n: int
    runs: Ints
    starts: Ints


@dataclass(frozen=True)
class PackedFile:
    """A file of packed answers that can be calibrated.

    Attributes
    ----------
    data : Prepared
        As in memory, but with one unit a run (its weight), and without packed answers and persons.
    weight_factor : float
        What the stored weights are multiplied by, so that they sum to the number of persons.
    sizes, positives : ndarray of int64, shape (runs,)
        Persons, and those of positive weight.
    n_persons, n_without_answers : int
    """

    path: Path
    data: Prepared
    places: tuple[Place, ...]
    sizes: Ints
    positives: Ints
    weighted: bool
    weight_factor: float
    n_persons: int
    n_without_answers: int

    def chunk(self, k: int) -> Chunk:
        """Chunk `k`; its packed bytes stay on disk until they are read."""
        place, n_bytes = self.places[k], self.data.layout.n_bytes
        packed = np.memmap(self.path, np.uint8, "r", place.offset, (place.n, n_bytes))
        if self.weighted:
            stored = np.memmap(self.path, np.float64, "r", place.offset + _padded(place.n * n_bytes), (place.n,))
            weights = np.asarray(stored) * self.weight_factor
        else:
            weights = np.ones(place.n)
        nobody = self.data.run_masks[place.runs].any(axis=1)
        for run in np.flatnonzero(~nobody).tolist():
            weights[place.starts[run] : place.starts[run + 1]] = 0.0
        return Chunk(np.asarray(packed), weights, place.runs, place.starts)

    def reduce(self, job: Callable[[Chunk], T], add: Callable[[T], None], threads: int) -> None:
        """Do the job on every chunk, by several threads; results are added in the order of the chunks."""
        for found in in_order(lambda k: job(self.chunk(k)), len(self.places), threads):
            add(found)

    def rows(self, k: int) -> Ints:
        """Which person of the input each row of chunk `k` is."""
        place, n_bytes = self.places[k], self.data.layout.n_bytes
        offset = place.offset + _padded(place.n * n_bytes) + (8 * place.n if self.weighted else 0)
        before = sum(p.n for p in self.places[:k])
        return before + np.memmap(self.path, np.uint32, "r", offset, (place.n,)).astype(np.int64)


def _padded(n: int) -> int:
    return (n + 7) // 8 * 8


@dataclass
class _Runs:
    """Runs found so far."""

    known: dict[tuple[int, bytes], int]
    sizes: list[int]
    weights: list[float]
    positives: list[int]

    def number(self, group: int, mask: bytes) -> int:
        """The run's number; a new one for what was not seen before."""
        key = (group, mask)
        if key not in self.known:
            self.known[key] = len(self.known)
            self.sizes.append(0)
            self.weights.append(0.0)
            self.positives.append(0)
        return self.known[key]


def write_packed(path: Path, blocks: Callable[[], Iterable[Answers]]) -> PackedFile:
    """Pack answers that come block by block.

    Parameters
    ----------
    path : Path
        File to write.
    blocks : callable
        Gives the blocks from the first, each an `Answers` with the same items and names of groups; it is called twice:
        once to see which scores there are, once to pack. A block should hold about 65,536 persons: it becomes a chunk.

    Raises
    ------
    Refusal
        ``nothing_to_calibrate``, ``nobody_to_calibrate``.
    """
    counts, names, groups, weighted = _counted(blocks())
    items = table_of_counts(names, counts)
    layout = lay_out(items.n_steps + 1)
    runs, places, sums = _Runs({}, [], [], []), [], np.zeros((layout.n_bytes, 256))
    with path.open("wb") as file:
        file.write(MAGIC)
        for block in blocks():
            for start in range(0, block.n_persons, ROWS):
                part = slice(start, min(start + ROWS, block.n_persons))
                places.append(_write_chunk(file, block, part, items, layout, runs, sums, weighted))
        record = _record(items, layout, runs, places, sums, groups, weighted)
        text = json.dumps(record, ensure_ascii=False).encode()
        file.write(text + len(text).to_bytes(8, "little") + MAGIC)
    return open_packed(path)


def _counted(blocks: Iterable[Answers]) -> tuple[Ints, tuple[str, ...], tuple[str, ...], bool]:
    counts: Ints | None = None
    names: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    weighted = False
    for block in blocks:
        codes = block.codes
        if block.weights is not None:
            weighted = True
            codes = codes[block.weights > 0]
        found = count_codes(np.ascontiguousarray(codes))
        counts = found if counts is None else counts + found
        names, groups = block.items, block.group_names
    if counts is None:
        raise Refusal("There is nobody in the answers, so there is nothing to calibrate.", code="nobody_to_calibrate")
    return counts, names, groups, weighted


def _write_chunk(
    file: BinaryIO,
    block: Answers,
    part: slice,
    items: ItemTable,
    layout: Layout,
    runs: _Runs,
    sums: Floats,
    weighted: bool,
) -> dict[str, Any]:
    packed, masks = pack_answers(np.ascontiguousarray(block.codes[part]), items, layout)
    group = block.groups[part] if block.groups is not None else np.zeros(packed.shape[0], np.int64)
    local, first = packing.number_rows(masks, np.ascontiguousarray(group))
    numbers = np.array([runs.number(int(group[f]), masks[f].tobytes()) for f in first], np.int64)
    of_row = numbers[local]
    order = np.argsort(of_row, kind="stable")
    present, starts = np.unique(of_row[order], return_index=True)
    weights = block.weights[part] if block.weights is not None else np.ones(packed.shape[0])
    for run, low, high in zip(present.tolist(), starts.tolist(), [*starts[1:].tolist(), len(order)], strict=True):
        runs.sizes[run] += high - low
        runs.weights[run] += float(weights[order[low:high]].sum())
        runs.positives[run] += int(np.count_nonzero(weights[order[low:high]] > 0))
    sums += kernels.byte_sums(packed, np.where(masks.any(axis=1), weights, 0.0))
    offset, body = file.tell(), packed[order].tobytes()
    file.write(body + b"\0" * (_padded(len(body)) - len(body)))
    if weighted:
        file.write(weights[order].astype("<f8").tobytes())
    file.write(order.astype("<u4").tobytes())
    file.write(b"\0" * (-file.tell() % 8))
    return {
        "offset": offset,
        "n": len(order),
        "runs": present.tolist(),
        "starts": [*starts.tolist(), len(order)],
    }


def _record(
    items: ItemTable,
    layout: Layout,
    runs: _Runs,
    places: list[dict[str, Any]],
    sums: Floats,
    groups: tuple[str, ...],
    weighted: bool,
) -> dict[str, Any]:
    return {
        "items": list(items.names),
        "columns": items.columns.tolist(),
        "values": [list(v) for v in items.values],
        "dropped": [[d.item, d.reason, d.n] for d in items.dropped],
        "warnings": list(items.warnings),
        "counts": [{str(c): int(row[c]) for c in np.flatnonzero(row)} for row in items.counts],
        "steps": step_counts_of(layout, items, sums).tolist(),
        "groups": list(groups),
        "runs": [[group, mask.hex()] for group, mask in runs.known],
        "sizes": runs.sizes,
        "weights": runs.weights,
        "positives": runs.positives,
        "weighted": weighted,
        "chunks": places,
    }


def open_packed(path: Path) -> PackedFile:
    """Open a file that `write_packed` wrote."""
    with path.open("rb") as file:
        start = file.read(len(MAGIC))
        file.seek(0, 2)
        size = file.tell()
        file.seek(max(size - 16, 0))
        tail = file.read(16)
        if start != MAGIC or tail[8:] != MAGIC:
            raise Refusal(
                f"{path.name} is no finished file of packed answers. Pack the answers again.", code="bad_file"
            )
        length = int.from_bytes(tail[:8], "little")
        file.seek(size - 16 - length)
        record = json.loads(file.read(length))
    return _opened(path, record)


def _opened(path: Path, record: dict[str, Any]) -> PackedFile:
    keys = [(group, bytes.fromhex(mask)) for group, mask in record["runs"]]
    data, factor = prepared_of_runs(
        _items(record),
        keys,
        np.array(record["weights"]),
        np.array(record["steps"]),
        tuple(record["groups"]),
        positives=np.array(record["positives"], np.int64),
    )
    places = tuple(
        Place(c["offset"], c["n"], np.array(c["runs"], np.int64), np.array(c["starts"], np.int64))
        for c in record["chunks"]
    )
    sizes = np.array(record["sizes"], np.int64)
    without = int(sizes[~data.run_masks.any(axis=1)].sum())
    factor = factor if record["weighted"] else 1.0
    positives = np.array(record["positives"], np.int64)
    return PackedFile(path, data, places, sizes, positives, record["weighted"], factor, int(sizes.sum()), without)


def prepared_of_runs(
    items: ItemTable,
    keys: Sequence[tuple[int, bytes]],
    weights: Floats,
    step_counts: Floats,
    groups: tuple[str, ...],
    *,
    positives: Ints,
) -> tuple[Prepared, float]:
    """What the likelihood must know of persons who are elsewhere, and the factor that normalises their weights.

    `keys` are group and mask of each run, `weights` its weight, `positives` its persons of positive weight.
    """
    masks = np.array([list(mask) for _, mask in keys], np.uint8)
    weights = np.where(masks.any(axis=1), weights, 0.0)
    positive = int(positives[masks.any(axis=1)].sum())
    if positive == 0:
        raise Refusal(
            "No person has both an answer and a positive weight, so there is nothing to calibrate.",
            code="nobody_to_calibrate",
        )
    factor = positive / float(weights.sum())
    n_runs, nothing = masks.shape[0], np.zeros(0, np.int64)
    data = Prepared(
        items=items,
        layout=lay_out(items.n_steps + 1),
        unit_weight=weights * factor,
        unit_run=np.arange(n_runs),
        run_starts=np.arange(n_runs + 1),
        run_group=np.array([group for group, _ in keys], np.int64),
        run_masks=masks,
        unit_of_person=nothing,
        unit_scores=None,
        packed=None,
        step_counts=step_counts * factor,
        raw_scores=nothing,
        n_answered=nothing,
        weights=np.zeros(0),
        group_names=groups,
        n_calibrating=positive,
    )
    return data, factor


def _items(record: dict[str, Any]) -> ItemTable:
    counts = np.zeros((len(record["items"]), 256), np.int64)
    for row, found in zip(counts, record["counts"], strict=True):
        for code, n in found.items():
            row[int(code)] = n
    table = table_of_counts(record["items"], counts)
    return replace(
        table,
        columns=np.array(record["columns"], np.int64),
        dropped=tuple(DroppedItem(*d) for d in record["dropped"]),
        warnings=tuple(record["warnings"]),
    )
