"""Results of a round by group: shares, means, scales, with small groups hidden."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tirek_engines.disclosure import SHOWN
from tirek_engines.disclosure.lines import suppress_lines
from tirek_engines.errors import BrokenContract
from tirek_engines.surveys.estimates import Estimate, weighted_mean
from tirek_engines.surveys.reliability import Reliability, reliability
from tirek_engines.surveys.scales import scale_scores, turned

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

ALL, DISTRICT, SCHOOL = "all", "district", "school"


@dataclass(frozen=True)
class Schools:
    """The schools of a round: their codes, districts, persons by the register.

    ``classes`` are those drawn in each school (0: not drawn by class); ``likeness`` is how much answers of a class resemble
    each other.
    """

    code: tuple[str, ...]
    district: tuple[str, ...]
    frame: Ints
    classes: Ints | None = None
    likeness: float = 0.0

    def mean(self, values: Floats, weights: Floats, school: Ints) -> Estimate:
        """The weighted mean of some answers, with its error."""
        return weighted_mean(values, weights, school, self.frame, classes=self.classes, likeness=self.likeness)


@dataclass(frozen=True)
class Question:
    """One question with its answers.

    Attributes
    ----------
    code : str
    choices : tuple of str
        What could be chosen; empty for numbers.
    chosen : ndarray of bool, shape (answers, choices)
        Who chose what.
    value : ndarray of float, shape (answers,)
        The answer as a number; NaN where it is none or was not given.
    answered : ndarray of bool, shape (answers,)
    """

    code: str
    choices: tuple[str, ...]
    chosen: Bools
    value: Floats
    answered: Bools


@dataclass(frozen=True)
class Scale:
    """Questions that together measure one thing. More is better once the reversed ones are turned."""

    code: str
    questions: tuple[str, ...]
    reverse: tuple[bool, ...]
    lowest: tuple[float, ...]
    highest: tuple[float, ...]


@dataclass(frozen=True)
class Group:
    """A group of schools: everybody, a district or a school, and the answers in it."""

    kind: str
    code: str
    rows: Ints
    parent: int
    schools: Ints


@dataclass(frozen=True)
class Cell:
    """One published number: of a group, about a question, one of its choices, or a scale."""

    group: int
    about: str
    choice: str
    estimate: Estimate
    low_share: float = float("nan")


@dataclass(frozen=True)
class Results:
    """``state`` of each group: 0 shown, 1 too small, 2 hidden to protect another."""

    groups: tuple[Group, ...]
    state: NDArray[np.uint8]
    questions: tuple[Cell, ...]
    scales: tuple[Cell, ...]
    reliability: Mapping[str, Reliability] = field(default_factory=dict)


@dataclass(frozen=True)
class _Hiding:
    """The smallest number of answers shown, and whether hidden groups are audited against all sums at once."""

    minimum: int
    all_sums_together: bool


def results_by_group(
    schools: Schools,
    school: Ints,
    weights: Floats,
    questions: Sequence[Question],
    scales: Sequence[Scale],
    *,
    minimum: int,
    share_answered: float,
    low_below: float,
    all_sums_together: bool = True,
) -> Results:
    """Everything that is published of a round.

    Parameters
    ----------
    schools : Schools
        The schools of the round.
    school : ndarray of int, shape (answers,)
        Place of each answer's school.
    weights : ndarray of float, shape (answers,)
        Persons that each answer stands for.
    questions : sequence of Question
        With the answers to them.
    scales : sequence of Scale
        Over questions that are among `questions`.
    minimum : int
        Smallest number of answers that a number may rest on.
    share_answered : float
        Smallest share of a scale's questions with which a person has a score.
    low_below : float
        A person's score below this place of the scale's span (0 lowest, 1 highest) counts as low.
    all_sums_together : bool
        Audit hidden groups against all sums at once (`tirek_engines.disclosure.lines`). Results from before November 2026
        were decided without it.

    Notes
    -----
    Groups nest: everybody, districts, schools. A group with fewer than `minimum` answers is hidden, and further groups of the
    same parent are hidden until none follows from what is shown. The same is done again for each question and scale, with
    those who answered it.
    """
    if school.shape != weights.shape:
        raise BrokenContract("weights", weights.shape, school.shape)
    groups = groups_of(schools, school)
    hiding = _Hiding(minimum, all_sums_together)
    everybody = np.ones(school.shape[0], np.bool_)
    state = _states(groups, everybody, hiding, None)
    by_code = {question.code: question for question in questions}
    cells = [
        cell
        for question in questions
        for cell in _question_cells(question, groups, state, schools, school, weights, hiding)
    ]
    scale_cells, found = [], {}
    for scale in scales:
        score, answers = _scored(scale, by_code, share_answered)
        found[scale.code] = reliability(answers)
        cut = _cut(scale, low_below)
        scale_cells += _scale_cells(scale.code, score, cut, groups, state, schools, school, weights, hiding)
    if int((state == SHOWN)[0]) == 0:  # nobody may be told anything: neither may the reliability
        found = {}
    return Results(tuple(groups), state, tuple(cells), tuple(scale_cells), found)


def groups_of(schools: Schools, school: Ints) -> list[Group]:
    """Everybody, then each district followed by its schools."""
    places = np.arange(len(schools.code), dtype=np.int64)
    districts = np.asarray(schools.district)
    groups = [Group(ALL, ALL, np.arange(school.shape[0], dtype=np.int64), -1, places)]
    for district in sorted(set(schools.district)):
        inside = places[districts == district]
        parent = len(groups)
        groups.append(Group(DISTRICT, district, np.flatnonzero(np.isin(school, inside)), 0, inside))
        groups += [
            Group(SCHOOL, schools.code[one], np.flatnonzero(school == one), parent, np.array([one])) for one in inside
        ]
    return groups


def _states(
    groups: Sequence[Group], counted: Bools, hiding: _Hiding, before: NDArray[np.uint8] | None
) -> NDArray[np.uint8]:
    counts = np.array([[int(counted[group.rows].sum())] for group in groups], dtype=np.int64)
    parts: dict[int, list[int]] = {}
    for place, group in enumerate(groups):
        if group.parent >= 0:
            parts.setdefault(group.parent, []).append(place)
    lines = [[parent, *children] for parent, children in parts.items()]
    for place, group in enumerate(groups):  # a district of one school is that school
        if group.kind == DISTRICT and len(parts.get(place, ())) == 1:
            lines.append([place, parts[place][0]])
    hidden = None if before is None else before != SHOWN
    return suppress_lines(
        counts, lines, minimum=hiding.minimum, hidden=hidden, all_sums_together=hiding.all_sums_together
    )


def _question_cells(
    question: Question,
    groups: Sequence[Group],
    state: NDArray[np.uint8],
    schools: Schools,
    school: Ints,
    weights: Floats,
    hiding: _Hiding,
) -> list[Cell]:
    own = _states(groups, question.answered, hiding, state)
    cells = []
    for place, group in enumerate(groups):
        rows = group.rows
        n = int(question.answered[rows].sum())
        if own[place] != SHOWN or n < hiding.minimum:
            continue
        for index, choice in enumerate(question.choices):
            value = np.where(question.answered[rows], question.chosen[rows, index].astype(np.float64), np.nan)
            cells.append(Cell(place, question.code, choice, schools.mean(value, weights[rows], school[rows])))
        if not np.isnan(question.value[rows]).all():
            estimate = schools.mean(question.value[rows], weights[rows], school[rows])
            if estimate.n >= hiding.minimum:
                cells.append(Cell(place, question.code, "", estimate))
    return cells


def _scored(scale: Scale, by_code: Mapping[str, Question], share_answered: float) -> tuple[Floats, Floats]:
    missing = [code for code in scale.questions if code not in by_code]
    if missing:
        raise BrokenContract("scale.questions", missing, "questions of the form")
    raw = np.column_stack([by_code[code].value for code in scale.questions])
    answers = turned(raw, np.array(scale.reverse), np.array(scale.lowest), np.array(scale.highest))
    return scale_scores(answers, share_answered=share_answered), answers


def _cut(scale: Scale, low_below: float) -> float:
    low, high = float(np.mean(scale.lowest)), float(np.mean(scale.highest))
    return low + low_below * (high - low)


def _scale_cells(
    code: str,
    score: Floats,
    cut: float,
    groups: Sequence[Group],
    state: NDArray[np.uint8],
    schools: Schools,
    school: Ints,
    weights: Floats,
    hiding: _Hiding,
) -> list[Cell]:
    known = ~np.isnan(score)
    own = _states(groups, known, hiding, state)
    cells = []
    for place, group in enumerate(groups):
        rows = group.rows
        if own[place] != SHOWN or int(known[rows].sum()) < hiding.minimum:
            continue
        estimate = schools.mean(score[rows], weights[rows], school[rows])
        low = np.where(known[rows], (score[rows] < cut).astype(np.float64), np.nan)
        share = schools.mean(low, weights[rows], school[rows])
        cells.append(Cell(place, code, "", estimate, share.mean))
    return cells
