"""Who is admitted to the leaders' reserve: independent marks, weights and minimum marks of the stages, ties by rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tirek_engines.cpd.eligibility import rank_of
from tirek_engines.errors import BrokenContract

STAGES = ("application", "test", "defence", "interview")
HIGHEST = 100


@dataclass(frozen=True)
class StageRule:
    """``minimum``: mean mark below which a candidate leaves; ``tie_place``: 1 for the stage that settles ties first."""

    code: str
    weight: int
    minimum: int
    tie_place: int


@dataclass(frozen=True)
class Entrant:
    """A candidate: marks from 0 to 100 of each commissioner by stage, and the first requirement that is not met."""

    code: str
    years: int
    marks: Mapping[str, Sequence[int]] = field(default_factory=dict)
    lacks: str = ""


@dataclass(frozen=True)
class Place:
    """Where a candidate stands and why. ``rank`` is None for who left before the ranking."""

    code: str
    is_in: bool
    reason: str
    rank: int | None
    numbers: Mapping[str, int]


def lacking(
    *, years: int, category: str, is_employed: bool, years_wanted: int, category_wanted: int
) -> list[tuple[str, dict[str, int]]]:
    """Every requirement that an applicant does not meet, with the numbers that say so.

    Parameters
    ----------
    years : int
        Whole years of work in schools.
    category : str
        Category held; ranks count from 0 (teacher) to 4 (master).
    is_employed : bool
        Works in the territory today.
    years_wanted, category_wanted : int
        Rules: fewest years; lowest rank of the category.
    """
    found: list[tuple[str, dict[str, int]]] = []
    if not is_employed:
        found.append(("not_employed", {}))
    if years < years_wanted:
        found.append(("years_few", {"found": years, "wanted": years_wanted}))
    if rank_of(category) < category_wanted:
        found.append(("category_low", {"found": rank_of(category), "wanted": category_wanted}))
    return found


def admit(
    entrants: Sequence[Entrant], stages: Sequence[StageRule], *, places: int, fewest_marks: int
) -> list[Place]:  # fmt: skip
    """Who takes the places of the reserve, and why everybody else does not.

    Parameters
    ----------
    entrants : sequence of Entrant
        In any order; outcomes come in order of the codes.
    stages : sequence of StageRule
        Those that this competition holds, in the order held. Weights need not sum to anything: their shares count.
    places : int
        Places in the reserve, at least 1.
    fewest_marks : int
        Rule: fewest commissioners who must have marked a candidate in a stage.

    Returns
    -------
    list of Place
        ``points`` are hundredths of the weighted mean (10,000 at most, halves up). Stages are looked at in their order: who
        misses the minimum of one leaves there, and later marks do not matter. Equal points are settled by the mean marks of
        the stages in the order of ``tie_place``, then by years of work; who is still equal shares the rank, and when such a
        group reaches the last place, all of it is admitted.
    """
    _check(stages, places, fewest_marks)
    out: list[Place] = []
    ranked: list[tuple[tuple[int, ...], Entrant, dict[str, int]]] = []
    order = sorted(stages, key=lambda stage: stage.tie_place)
    for entrant in sorted(entrants, key=lambda one: one.code):
        reason, numbers = _left(entrant, stages, fewest_marks)
        if reason:
            out.append(Place(entrant.code, False, reason, None, numbers))
            continue
        means = {stage.code: _mean(entrant.marks[stage.code]) for stage in stages}
        points = _halves_up(
            sum(s.weight * means[s.code] for s in stages), sum(s.weight for s in stages)
        )  # fmt: skip
        key = (-points, *(-means[stage.code] for stage in order), -entrant.years)
        ranked.append((key, entrant, {"points": points, "apart": _apart(entrant, stages)}))
    return sorted(out + _ranked(ranked, places), key=lambda place: place.code)


def _ranked(ranked: list[tuple[tuple[int, ...], Entrant, dict[str, int]]], places: int) -> list[Place]:
    ranked.sort(key=lambda row: (row[0], row[1].code))
    ranks: list[int] = []
    for place, (key, _entrant, _numbers) in enumerate(ranked, start=1):
        ranks.append(ranks[-1] if place > 1 and ranked[place - 2][0] == key else place)
    last = min((row[2]["points"] for row, rank in zip(ranked, ranks, strict=True) if rank <= places), default=0)
    out = []
    for place, ((_key, entrant, own), rank) in enumerate(zip(ranked, ranks, strict=True), start=1):
        numbers = own | {"rank": rank, "places": places, "last_points": last}
        if rank <= places:
            reason = "admitted" if place <= places else "admitted_tied"
        else:
            reason = "tie_lost" if own["points"] == last else "places_over"
        out.append(Place(entrant.code, rank <= places, reason, rank, numbers))
    return out


def _left(entrant: Entrant, stages: Sequence[StageRule], fewest: int) -> tuple[str, dict[str, int]]:
    """Why somebody is not ranked at all; nothing for who is."""
    if entrant.lacks:
        return "not_eligible", {}
    for stage in stages:
        marks = entrant.marks.get(stage.code, ())
        if any(not 0 <= mark <= HIGHEST for mark in marks):
            raise BrokenContract("marks", list(marks), "marks from 0 to 100")
        if len(marks) < fewest:
            return f"unmarked_{stage.code}", {"marks": len(marks), "marks_wanted": fewest}
        if sum(marks) < stage.minimum * len(marks):
            numbers = {"mark": _mean(marks), "wanted": stage.minimum * 100, "apart": max(marks) - min(marks)}
            return f"minimum_{stage.code}", numbers
    return "", {}


def _mean(marks: Sequence[int]) -> int:
    """In hundredths of a mark."""
    return _halves_up(100 * sum(marks), len(marks))


def _halves_up(part: int, whole: int) -> int:
    return (2 * part + whole) // (2 * whole)


def _apart(entrant: Entrant, stages: Sequence[StageRule]) -> int:
    """The largest difference of two commissioners in any stage."""
    return max(max(entrant.marks[stage.code]) - min(entrant.marks[stage.code]) for stage in stages)


def _check(stages: Sequence[StageRule], places: int, fewest_marks: int) -> None:
    codes = [stage.code for stage in stages]
    if not codes or len(set(codes)) < len(codes) or set(codes) - set(STAGES):
        raise BrokenContract("stages", codes, f"some of {STAGES}, each once")
    if any(stage.weight < 1 for stage in stages):
        raise BrokenContract("stages", [stage.weight for stage in stages], "weights of at least 1")
    if places < 1 or fewest_marks < 1:
        raise BrokenContract("places and fewest_marks", [places, fewest_marks], "at least 1")


def stage_rules(values: Mapping[str, object], stages: Sequence[str]) -> list[StageRule]:
    """From the values of ``cpd.reserve``, in the order in which stages are held."""
    return [
        StageRule(
            code,
            int(str(values[f"weight_{code}"])),
            int(str(values[f"minimum_{code}"])),
            int(str(values[f"tie_{code}"])),
        )
        for code in STAGES
        if code in stages
    ]
