"""Who judges an application: experts without a conflict, drawn by lot so that nobody is given more than others."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

Entry = tuple[int, float, str]
"""Load, random number, code."""


@dataclass(frozen=True)
class Expert:
    """``school`` and ``district`` are numbers; ``rank`` that of the own category; ``load`` judgements already waiting; ``ties``
    other schools where the expert works, or worked lately, or which the expert answers for."""

    code: str
    school: int
    district: int
    rank: int
    load: int = 0
    ties: Collection[int] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Case:
    """An application that needs ``wanted`` more experts; ``not_again`` have judged it before, or belong to the other side;
    ``ties`` are other schools where the applicant works, or worked lately."""

    code: str
    school: int
    district: int
    rank: int
    wanted: int
    not_again: Collection[str] = field(default_factory=frozenset)
    ties: Collection[int] = field(default_factory=frozenset)


def conflict(case: Case, expert: Expert, lowest_rank: int) -> str:
    """Why an expert may not judge a case: ``same_school``, ``same_district``, ``rank_low``, ``before``; or nothing."""
    if not {expert.school, *expert.ties}.isdisjoint((case.school, *case.ties)):
        return "same_school"
    if expert.district == case.district:
        return "same_district"
    if expert.rank < max(lowest_rank, case.rank):
        return "rank_low"
    return "before" if expert.code in case.not_again else ""


def draw(
    cases: Sequence[Case], experts: Sequence[Expert], *, seed: int, lowest_rank: int
) -> Mapping[str, tuple[str, ...]]:
    """Experts of every case. A case for which too few are free of conflict is left out whole.

    Parameters
    ----------
    cases, experts : sequence
        The order given does not matter: both are sorted by code, then cases are shuffled by the seed.
    seed : int
        Kept with the draw, so that anybody can draw again and find the same.
    lowest_rank : int
        Rule: lowest rank of an expert; never lower than the category applied for.

    Notes
    -----
    A heap keeps the least loaded first; among equals a random number decides, drawn anew each time one is given a case.
    88,000 cases and 2,000 experts take a few seconds.
    """
    random = np.random.default_rng(seed)
    known = {expert.code: expert for expert in experts}
    heap = [(known[code].load, float(random.random()), code) for code in sorted(known)]
    heapq.heapify(heap)
    ordered = sorted(cases, key=lambda case: case.code)
    given: dict[str, tuple[str, ...]] = {}
    for place in random.permutation(len(ordered)):
        case = ordered[int(place)]
        chosen, passed = _take(heap, case, known, lowest_rank)
        enough = len(chosen) == case.wanted
        if enough:
            given[case.code] = tuple(sorted(code for _load, _number, code in chosen))
        for load, number, code in chosen:
            heapq.heappush(heap, (load + 1, float(random.random()), code) if enough else (load, number, code))
        for entry in passed:
            heapq.heappush(heap, entry)
    return given


def _take(
    heap: list[Entry], case: Case, known: Mapping[str, Expert], lowest_rank: int
) -> tuple[list[Entry], list[Entry]]:
    """The first free of conflict, and those that were passed over; all are off the heap."""
    chosen: list[Entry] = []
    passed: list[Entry] = []
    while heap and len(chosen) < case.wanted:
        entry = heapq.heappop(heap)
        (passed if conflict(case, known[entry[2]], lowest_rank) else chosen).append(entry)
    return chosen, passed
