"""From answers to what the kernels read: kept items, packed bytes, runs of equal design, sufficient units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tirek_engines.errors import Refusal
from tirek_engines.psychometrics.data.answers import NOT_ANSWERED, Answers
from tirek_engines.psychometrics.kernels import packing, points
from tirek_engines.psychometrics.kernels import score as kernels
from tirek_engines.psychometrics.parallel import each_slice, in_order, slices

DENSE_CELLS = 8_000_000
"""Up to so many (run, score) cells are counted in a plain table; beyond, by sorting."""


@dataclass(frozen=True)
class DroppedItem:
    """An item that cannot be calibrated, and why."""

    item: str
    reason: str
    n: int


@dataclass(frozen=True)
class ItemTable:
    """The items kept, and how their codes become categories 0, 1, …

    `recode[j, code]` is the category or 255; `n_steps[j]` the highest category; `values[j]` the original codes.
    """

    names: tuple[str, ...]
    columns: NDArray[np.int64]
    recode: NDArray[np.uint8]
    n_steps: NDArray[np.int64]
    values: tuple[tuple[int, ...], ...]
    dropped: tuple[DroppedItem, ...]
    warnings: tuple[str, ...]
    counts: NDArray[np.int64]

    @property
    def max_steps(self) -> int:
        """Most steps of any item."""
        return int(self.n_steps.max())


@dataclass(frozen=True)
class Layout:
    """Where each item sits in the packed bytes: byte, multiplier, number of states."""

    byte_of: NDArray[np.int64]
    step_of: NDArray[np.int64]
    states: NDArray[np.int64]
    n_bytes: int

    @cached_property
    def digit_bytes(self) -> NDArray[np.uint8]:
        """Category of every item for each of the 256 values of its byte, shape (items, 256)."""
        values = np.arange(256, dtype=np.int64) // self.step_of[:, None] % self.states[:, None]
        return np.asarray(values, dtype=np.uint8)

    @cached_property
    def digit_table(self) -> NDArray[np.float64]:
        """`digit_bytes` to calculate with."""
        return self.digit_bytes.astype(np.float64)

    def digits(self, item: int) -> NDArray[np.int64]:
        """Category of `item` for each of the 256 values of its byte."""
        return np.asarray(self.digit_bytes[item], dtype=np.int64)


@dataclass(frozen=True)
class Prepared:
    """Everything that stays the same from one iteration to the next.

    A *run* is a set of persons of one group who answered the same items. A *unit* is what shares one posterior:
    under Rasch all persons of a run with one raw score; otherwise one person. Units are sorted by run.

    Attributes
    ----------
    unit_weight, unit_run : ndarray, shape (units,)
    run_starts : ndarray, shape (runs + 1,)
    unit_of_person : ndarray, shape (persons,)
    unit_scores : ndarray or None
        Raw scores of the units under Rasch.
    packed : ndarray or None
        Packed answers of the units where a unit is a person.
    step_counts : ndarray, shape (items, steps)
        Weighted number of answers in each category from 1 up.
    """

    items: ItemTable
    layout: Layout
    unit_weight: NDArray[np.float64]
    unit_run: NDArray[np.int64]
    run_starts: NDArray[np.int64]
    run_group: NDArray[np.int64]
    run_masks: NDArray[np.uint8]
    unit_of_person: NDArray[np.int64]
    unit_scores: NDArray[np.float64] | None
    packed: NDArray[np.uint8] | None
    step_counts: NDArray[np.float64]
    raw_scores: NDArray[np.int64]
    n_answered: NDArray[np.int64]
    weights: NDArray[np.float64]
    group_names: tuple[str, ...]
    n_calibrating: int

    @property
    def total_weight(self) -> float:
        """Sum of the calibrating weights: the number of calibrating persons."""
        return float(self.n_calibrating)


def item_table(answers: Answers, known: Mapping[str, tuple[int, ...]] | None = None, threads: int = 0) -> ItemTable:
    """Choose the items that can be calibrated; number the categories of each without gaps.

    An item nobody answered, or on which everybody has the same score, carries no information and is dropped.
    A category that nobody has is closed up (0, 2 become 0, 1), with a warning. Items whose parameters are `known`
    (name to the score of each category) keep their categories, and stay even when all have one score.
    """
    seen = answers.codes
    if answers.weights is not None and bool(np.any(answers.weights == 0)):
        seen = seen[answers.weights > 0]
    return table_of_counts(answers.items, count_codes(np.ascontiguousarray(seen), threads), known)


def count_codes(codes: NDArray[np.uint8], threads: int = 0) -> NDArray[np.int64]:
    """How often each code occurs in each column, shape (columns, 256)."""
    places = slices(codes.shape[0])
    counts = np.zeros((codes.shape[1], 256), np.int64)
    for part in in_order(lambda k: packing.count_codes(codes[places[k]]), len(places), threads):
        counts += part
    return counts


def table_of_counts(
    item_names: Sequence[str], counts: NDArray[np.int64], known: Mapping[str, tuple[int, ...]] | None = None
) -> ItemTable:
    """`item_table` when it is known how often each code occurs."""
    known = known or {}
    columns: list[int] = []
    values: list[tuple[int, ...]] = []
    dropped: list[DroppedItem] = []
    warnings: list[str] = []
    renumbered: dict[tuple[int, ...], list[str]] = {}
    answered = counts[:, :NOT_ANSWERED].sum(axis=1).tolist()
    for j, (name, n, found) in enumerate(zip(item_names, answered, _codes_found(counts), strict=True)):
        if name in known and found:
            _check_known(name, found, known[name])
            columns.append(j)
            values.append(known[name])
            continue
        if len(found) < 2:
            reason = f"all {n} answers are {found[0]}" if found else "nobody answered it"
            dropped.append(DroppedItem(name, reason, n))
            warnings.append(f"Item {name} is left out: {reason}.")
            continue
        if found != tuple(range(len(found))):
            renumbered.setdefault(found, []).append(name)
        columns.append(j)
        values.append(found)
    if not columns:
        raise Refusal(
            "No item has answers that differ, so there is nothing to calibrate. Check which columns are items "
            "and how missing answers are coded.",
            code="nothing_to_calibrate",
            dropped=[d.item for d in dropped],
        )
    warnings += [_renumbered(names, found) for found, names in renumbered.items()]
    recode = np.full((len(columns), 256), NOT_ANSWERED, np.uint8)
    for kind in set(values):
        alike = [j for j, found in enumerate(values) if found == kind]
        recode[np.ix_(alike, kind)] = np.arange(len(kind), dtype=np.uint8)
    return ItemTable(
        names=tuple(item_names[j] for j in columns),
        columns=np.array(columns, dtype=np.int64),
        recode=recode,
        n_steps=np.array([len(found) - 1 for found in values], dtype=np.int64),
        values=tuple(values),
        dropped=tuple(dropped),
        warnings=tuple(warnings),
        counts=np.ascontiguousarray(counts[columns]),
    )


def _codes_found(counts: NDArray[np.int64]) -> list[tuple[int, ...]]:
    """The codes that occur in each column; most columns have the same."""
    known: dict[bytes, tuple[int, ...]] = {}
    found = []
    for row in counts[:, :NOT_ANSWERED] > 0:
        key = row.tobytes()
        if key not in known:
            known[key] = tuple(np.flatnonzero(row).tolist())
        found.append(known[key])
    return found


def _check_known(name: str, found: tuple[int, ...], known: tuple[int, ...]) -> None:
    strange = sorted(set(found) - set(known))
    if strange:
        raise Refusal(
            f"Item {name} has the score {strange[0]}, which its known parameters do not have: they are for "
            f"{', '.join(map(str, known))}. Correct the answers, or calibrate the item anew.",
            code="unknown_score",
            item=name,
        )


def _renumbered(names: list[str], found: tuple[int, ...]) -> str:
    old = ", ".join(map(str, found))
    new = ", ".join(map(str, range(len(found))))
    return f"The scores {old} are calibrated as {new}: {', '.join(names)}."


def lay_out(states: NDArray[np.int64]) -> Layout:
    """Put as many items into a byte as their numbers of states allow (their product stays within 256)."""
    byte_of = np.zeros(states.shape[0], np.int64)
    step_of = np.ones(states.shape[0], np.int64)
    byte, used = 0, 1
    for j, n in enumerate(states.tolist()):
        if used * n > 256:
            byte, used = byte + 1, 1
        byte_of[j], step_of[j] = byte, used
        used *= n
    return Layout(byte_of, step_of, states.astype(np.int64), byte + 1)


def prepare(
    answers: Answers,
    *,
    collapse_scores: bool,
    known: Mapping[str, tuple[int, ...]] | None = None,
    threads: int = 0,
) -> Prepared:
    """Pack the answers and sort the persons into runs and units.

    Parameters
    ----------
    answers : Answers
        Persons by items.
    collapse_scores : bool
        True when all slopes are 1 (Rasch, PCM): the raw score is then sufficient within a run.
    known : mapping of str to tuple of int, optional
        Items whose parameters are known: the score of each category.
    threads : int
        0: one a processor.
    """
    items = item_table(answers, known, threads)
    layout = lay_out(items.n_steps + 1)
    codes = np.ascontiguousarray(answers.codes)
    packed, masks = pack_answers(codes, items, layout, threads)
    groups = answers.groups if answers.groups is not None else np.zeros(answers.n_persons, np.int64)
    run_of, first = packing.number_rows(masks, np.ascontiguousarray(groups))
    run_masks = masks[first]
    answered_in_run = np.bitwise_count(run_masks).sum(axis=1).astype(np.int64)
    n_answered = answered_in_run[run_of]
    weights, n_calibrating = _normalised(answers, n_answered)
    raw = kernels.table_sums(packed, score_table(layout, np.ones(len(items.names)))).astype(np.int64)
    units = _by_score(run_of, raw, weights) if collapse_scores else _by_person(run_of, raw, weights)
    unit_run, unit_scores, unit_weight, unit_of_person, order = units
    return Prepared(
        items=items,
        layout=layout,
        unit_weight=unit_weight,
        unit_run=unit_run,
        run_starts=np.searchsorted(unit_run, np.arange(len(first) + 1)).astype(np.int64),
        run_group=np.ascontiguousarray(groups[first]).astype(np.int64),
        run_masks=run_masks,
        unit_of_person=unit_of_person,
        unit_scores=unit_scores if collapse_scores else None,
        packed=None if collapse_scores else packed[order],
        step_counts=step_counts_of(layout, items, byte_sums_of(packed, weights, threads)),
        raw_scores=raw,
        n_answered=n_answered,
        weights=weights,
        group_names=answers.group_names,
        n_calibrating=n_calibrating,
    )


def pack_answers(
    codes: NDArray[np.uint8], items: ItemTable, layout: Layout, threads: int = 0
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Packed categories (persons, bytes), and bits of the items answered (persons, bytes)."""
    packed = np.zeros((codes.shape[0], layout.n_bytes), np.uint8)
    masks = np.zeros((codes.shape[0], (items.columns.shape[0] + 7) // 8), np.uint8)
    places = slices(codes.shape[0])

    def part(k: int) -> None:
        own = places[k]
        packing.pack_into(
            codes[own], items.columns, items.recode, layout.byte_of, layout.step_of, packed[own], masks[own]
        )

    for _ in in_order(part, len(places), threads):
        pass
    return packed, masks


def _normalised(answers: Answers, n_answered: NDArray[np.int64]) -> tuple[NDArray[np.float64], int]:
    """Weights that sum to the number of persons who calibrate; zero for rows without any answer."""
    given = answers.weights if answers.weights is not None else np.ones(answers.n_persons)
    weights = np.where(n_answered > 0, given, 0.0)
    n = int(np.count_nonzero(weights > 0))
    if n == 0:
        raise Refusal(
            "No person has both an answer and a positive weight, so there is nothing to calibrate.",
            code="nobody_to_calibrate",
        )
    if answers.weights is not None:
        weights = weights * (n / weights.sum())
    return weights, n


def score_table(layout: Layout, slopes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Partial score sum a_j x_j of each value of each byte, shape (bytes, 256)."""
    return points.partial_scores(layout.byte_of, layout.digit_bytes, slopes, layout.n_bytes)


def step_counts_of(layout: Layout, items: ItemTable, sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weighted number of answers of each item in each category from 1 up."""
    by_item = sums[layout.byte_of]
    counts = [(by_item * (layout.digit_bytes == step)).sum(axis=1) for step in range(1, items.max_steps + 1)]
    return np.column_stack(counts)


def byte_sums_of(packed: NDArray[np.uint8], amounts: NDArray[np.float64], threads: int = 0) -> NDArray[np.float64]:
    """Sums of `amounts` by byte and value, shape (bytes, 256)."""
    sums = np.zeros((packed.shape[1], 256))
    for part in each_slice(lambda own: kernels.byte_sums(packed[own], amounts[own]), packed.shape[0], threads):
        sums += part
    return sums


def item_moments_of(layout: Layout, n_items: int, sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """sum_i x_ij y_i of each item, from sums of y by byte and value."""
    return points.item_moments(layout.byte_of, layout.digit_bytes, sums, n_items)


Units = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]


def _by_score(run_of: NDArray[np.int64], raw: NDArray[np.int64], weights: NDArray[np.float64]) -> Units:
    """Units = distinct (run, raw score) pairs, in that order."""
    span = int(raw.max()) + 1
    key = run_of * span + raw
    cells = (int(run_of.max()) + 1) * span
    if cells <= DENSE_CELLS:
        present = np.flatnonzero(np.bincount(key, minlength=cells))
        place = np.full(cells, -1, np.int64)
        place[present] = np.arange(present.shape[0])
        unit_of_person: NDArray[np.int64] = place[key]
    else:
        present, inverse = np.unique(key, return_inverse=True)
        unit_of_person = inverse.astype(np.int64)
    weight = np.bincount(unit_of_person, weights, minlength=present.shape[0]).astype(np.float64)
    scores = (present % span).astype(np.float64)
    empty = np.zeros(0, np.int64)
    return (present // span).astype(np.int64), scores, weight, unit_of_person, empty


def _by_person(run_of: NDArray[np.int64], raw: NDArray[np.int64], weights: NDArray[np.float64]) -> Units:
    """Units = persons, sorted by run."""
    order = np.argsort(run_of, kind="stable").astype(np.int64)
    unit_of_person = np.empty_like(order)
    unit_of_person[order] = np.arange(order.shape[0])
    return run_of[order], raw[order].astype(np.float64), weights[order], unit_of_person, order
