"""Results of groups - schools, districts, kinds of settlement, languages - with errors that hold.

The error of a mean has two parts: which schools and pupils happened to be there (clustered by school, as if drawn from
many more), and that abilities are not seen but inferred from few answers. Plausible values carry the second, Rubin's
rules join both (Rubin 1987, eq. 3.1.2-3.1.5).
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from tirek_engines.assessment.hiding import States, hide_groups
from tirek_engines.assessment.population import PlausibleValues, draw_plausible_values
from tirek_engines.disclosure import SHOWN, suppress_nested, suppress_table
from tirek_engines.errors import BrokenContract
from tirek_engines.psychometrics import Calibration
from tirek_engines.rules import REPUBLIC, RuleBook

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

UNKNOWN = -1
BETWEEN_SCHOOLS, BETWEEN_PUPILS = "between schools", "between pupils"


@dataclass(frozen=True)
class Grouping:
    """One way of dividing the persons.

    Parameters
    ----------
    labels : tuple of str
        Names of the groups.
    codes : ndarray of int64, shape (persons,)
        Index into `labels`; -1 where it is not known.
    parents : tuple of int, optional
        For each label, the label of the grouping `parent` it belongs to (a school's district).
    parent : str, optional
        Name of that grouping.
    """

    labels: tuple[str, ...]
    codes: Ints
    parents: tuple[int, ...] | None = None
    parent: str | None = None


@dataclass(frozen=True)
class PublicationRules:
    """The numbers that the dated rules set for results; see assessment/rules."""

    minimal_group: int
    minimal_schools: int
    small_school: int
    plausible_values: int
    decimals: int
    centre: Decimal
    spread: Decimal
    all_sums_together: bool = True

    @classmethod
    def at(cls, book: RuleBook, date: datetime.date, territory: str | Sequence[str] = REPUBLIC) -> PublicationRules:
        """Look all of them up for a day and a territory.

        Rules sealed before hidden groups were audited have no such rule: results are computed again without it.
        """
        audited = "assessment.publication.all_sums_together"

        def whole(name: str) -> int:
            return book[f"assessment.{name}"].integer(date, territory)

        return cls(
            minimal_group=whole("publication.minimal_group"),
            minimal_schools=whole("publication.minimal_schools"),
            small_school=whole("calibration.small_school"),
            plausible_values=whole("calibration.plausible_values"),
            decimals=whole("publication.decimals"),
            centre=book["assessment.scale.centre"].decimal(date, territory),
            spread=book["assessment.scale.spread"].decimal(date, territory),
            all_sums_together=audited in book.rules and bool(book[audited].at(date, territory)),
        )


@dataclass(frozen=True)
class Scale:
    """points = centre + spread (theta - origin) / unit; origin and unit are fixed by the first cycle (logits)."""

    centre: float
    spread: float
    origin: float
    unit: float

    def points(self, theta: float) -> float:
        """A place on the reporting scale."""
        return self.centre + self.length(theta - self.origin)

    def length(self, logits: float) -> float:
        """A distance on the reporting scale."""
        return self.spread * logits / self.unit


@dataclass(frozen=True)
class Estimate:
    """Mean of a group, or difference of two, in logits.

    Attributes
    ----------
    n, n_schools : int
        Persons with answers, and their schools.
    se : float
        sqrt(sampling variance + (1 + 1/m) variance between plausible values).
    se_sampling, se_measurement : float
        Its two parts.
    method : str
        Whether the sampling error was taken between schools or, within one school, between pupils.
    freedom : int
        Degrees of freedom of the sampling error.
    """

    mean: float
    se: float
    se_sampling: float
    se_measurement: float
    sd: float
    n: int
    n_schools: int
    method: str
    freedom: int

    @property
    def half_width(self) -> float:
        """Half of the 95 % interval (Student's t)."""
        return float(stdtrit(max(self.freedom, 1), 0.975)) * self.se


@dataclass(frozen=True)
class GroupRow:
    """A group's result: the estimate for checks within the house, and what may be published.

    `hidden` is 0 shown, 1 small group, 2 hidden to protect another. Published numbers are decimals on the reporting
    scale, rounded by rule, None when hidden.
    """

    grouping: str
    group: str
    estimate: Estimate | None
    hidden: int
    n: int | None
    mean: Decimal | None
    se: Decimal | None
    low: Decimal | None
    high: Decimal | None
    sd: Decimal | None

    def published(self) -> dict[str, object]:
        """The row as texts and integers, ready for bytes that a later run must reproduce."""
        numbers = {k: getattr(self, k) for k in ("mean", "se", "low", "high", "sd")}
        texts = {k: None if v is None else str(v) for k, v in numbers.items()}
        return {"grouping": self.grouping, "group": self.group, "hidden": self.hidden, "n": self.n, **texts}


@dataclass(frozen=True)
class GroupResults:
    """All rows (total first), differences between the two groups of each two-fold grouping, and how they were made.

    `values` are the plausible values behind everything but the rows of single schools, `school_values` those behind
    these (None where no grouping is as fine as schools).
    """

    rows: tuple[GroupRow, ...]
    gaps: tuple[GroupRow, ...]
    scale: Scale
    values: PlausibleValues
    school_values: PlausibleValues | None
    seed: int


def results_by_group(
    calibration: Calibration,
    groupings: Mapping[str, Grouping],
    school: Ints,
    *,
    rules: PublicationRules,
    seed: int,
    scale: Scale | None = None,
) -> GroupResults:
    """Mean, spread and error of every group, small groups hidden.

    Parameters
    ----------
    calibration : Calibration
        Its persons are those of the other arguments, in the same order (sort them: the draws depend on the order).
    groupings : mapping of str to Grouping
        What to report by. Groups that are unions of schools, and levels of the groupings themselves, keep their means
        unshrunk.
    school : ndarray of int64, shape (persons,)
        School number of each person, the cluster of the sampling error.
    rules : PublicationRules
        Numbers set by the dated rules.
    seed : int
        Of the plausible values.
    scale : Scale, optional
        The published scale of the first cycle. By default this calibration sets it: all persons have mean `centre` and
        standard deviation `spread`.

    Returns
    -------
    GroupResults
    """
    n = calibration.prepared.unit_of_person.shape[0]
    for name, g in groupings.items():
        if g.codes.shape != (n,) or (g.codes.size and int(g.codes.max()) >= len(g.labels)):
            raise BrokenContract(name, g.codes.shape, f"({n},) with indices below {len(g.labels)}")
    coarse = {name: g.codes for name, g in groupings.items() if not _within_schools(g.codes, school)}
    known = calibration.prepared.n_answered > 0

    def drawn(effects: Literal["random", "fixed"]) -> tuple[PlausibleValues, _Sample]:
        values = draw_plausible_values(
            calibration,
            school,
            coarse,
            m=rules.plausible_values,
            seed=seed,
            school_effects=effects,
            small_school=rules.small_school,
        )
        weights = calibration.prepared.weights[known]
        return values, _Sample(values.draws[:, known], weights, school[known], rules.minimal_schools)

    values, sample = drawn("random")
    school_values, school_sample = drawn("fixed") if len(coarse) < len(groupings) else (None, sample)
    everybody = sample.mean(np.ones(int(known.sum()), dtype=bool))
    scale = scale or Scale(float(rules.centre), float(rules.spread), everybody.mean, everybody.sd)
    hide = hide_groups if rules.all_sums_together else _hide_one_by_one
    all_hidden, hidden = hide(groupings, known, rules.minimal_group)
    rows = [_row("all", "all", everybody, all_hidden, scale, rules)]
    for name, g in _parents_first(groupings):
        codes = g.codes[known]
        counts = np.bincount(codes[codes >= 0], minlength=len(g.labels))
        for k, label in enumerate(g.labels):
            chosen = sample if name in coarse else school_sample
            found = chosen.mean(codes == k) if counts[k] else None
            rows.append(_row(name, label, found, int(hidden[name][k]), scale, rules))
    gaps = tuple(
        _gap_row(name, g, sample, known, hidden[name], scale, rules)
        for name, g in groupings.items()
        if len(g.labels) == 2 and name in coarse
    )
    return GroupResults(tuple(rows), gaps, scale, values, school_values, seed)


def _within_schools(codes: Ints, school: Ints) -> bool:
    """Whether every group lies within one school (the schools themselves, or their classes)."""
    placed = codes >= 0
    pairs = np.unique(np.column_stack([codes[placed], school[placed]]), axis=0)
    return bool(pairs.shape[0] == np.unique(pairs[:, 0]).size) and np.unique(school).size > 1


def _parents_first(groupings: Mapping[str, Grouping]) -> list[tuple[str, Grouping]]:
    return sorted(groupings.items(), key=lambda item: item[1].parent is not None)


def _hide_one_by_one(groupings: Mapping[str, Grouping], known: Bools, minimum: int) -> tuple[int, States]:
    """Each grouping by itself and within its parent: what results from before November 2026 are verified by."""
    hidden: States = {}
    for name, g in _parents_first(groupings):
        codes = g.codes[known]
        counts = np.bincount(codes[codes >= 0], minlength=len(g.labels))
        if g.parents is None:
            hidden[name] = suppress_table(counts, minimum=minimum)
            continue
        above = hidden.get(g.parent or "", np.zeros(0, np.uint8))
        parents = np.flatnonzero(above != SHOWN)
        hidden[name] = suppress_nested(counts, g.parents, minimum=minimum, hidden_parents=parents)
    return 0 if int(known.sum()) >= minimum else 1, hidden


@dataclass(frozen=True)
class _Sample:
    """Plausible values of the persons with answers, with weights and schools."""

    draws: Floats
    weights: Floats
    school: Ints
    minimal_schools: int

    def mean(self, chosen: Bools) -> Estimate:
        """Weighted mean of the chosen persons by Rubin's rules."""
        w, x, school = self.weights[chosen], self.draws[:, chosen], self.school[chosen]
        if not float(w.sum()) > 0:
            w = np.ones(w.shape[0])
        means = x @ w / w.sum()
        away = x - means[:, None]
        sds = np.sqrt(away**2 @ w / w.sum())
        return self._joined(means, away * (w / w.sum()), school, float(sds.mean()))

    def difference(self, one: Bools, other: Bools) -> Estimate:
        """Mean of `one` minus mean of `other`; a school with persons in both counts once, with its sign."""
        means = np.zeros(self.draws.shape[0])
        pulls = np.zeros_like(self.draws)
        for chosen, sign in ((one, 1.0), (other, -1.0)):
            w = np.where(chosen, self.weights, 0.0)
            mean = self.draws @ w / w.sum()
            means += sign * mean
            pulls += sign * (self.draws - mean[:, None]) * (w / w.sum())
        both = one | other
        return self._joined(means, pulls[:, both], self.school[both], float("nan"))

    def _joined(self, means: Floats, pulls: Floats, school: Ints, sd: float) -> Estimate:
        m = means.shape[0]
        names, cluster = np.unique(school, return_inverse=True)
        method, units = BETWEEN_SCHOOLS, names.size
        if names.size >= max(self.minimal_schools, 2):
            pulls = np.stack([np.bincount(cluster, row, minlength=names.size) for row in pulls]).astype(np.float64)
        else:
            method, units = BETWEEN_PUPILS, school.size
        factor = units / (units - 1) if units > 1 else np.nan
        sampling = float(factor * (pulls**2).sum(axis=1).mean())
        measurement = float((1 + 1 / m) * means.var(ddof=1))
        return Estimate(
            mean=float(means.mean()),
            se=float(np.sqrt(sampling + measurement)),
            se_sampling=float(np.sqrt(sampling)),
            se_measurement=float(np.sqrt(measurement)),
            sd=sd,
            n=int(school.size),
            n_schools=int(names.size),
            method=method,
            freedom=int(units) - 1,
        )


def rounded(value: float, decimals: int) -> Decimal | None:
    """A number as it is published: rounded half up from its shortest decimal digits; None for NaN."""
    if not np.isfinite(value):
        return None
    return Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def _row(
    grouping: str, group: str, found: Estimate | None, hidden: int, scale: Scale, rules: PublicationRules
) -> GroupRow:
    if found is None or hidden:
        n = 0 if found is None else None
        return GroupRow(grouping, group, found, hidden, n, None, None, None, None, None)
    half = scale.length(found.half_width)
    mean = scale.points(found.mean)
    numbers = (mean, scale.length(found.se), mean - half, mean + half, scale.length(found.sd))
    return GroupRow(grouping, group, found, hidden, found.n, *(rounded(v, rules.decimals) for v in numbers))


def _gap_row(
    name: str,
    grouping: Grouping,
    sample: _Sample,
    known: Bools,
    hidden: NDArray[np.uint8],
    scale: Scale,
    rules: PublicationRules,
) -> GroupRow:
    codes = grouping.codes[known]
    label = f"{grouping.labels[0]} - {grouping.labels[1]}"
    state = int(hidden.max())
    if not ((codes == 0).any() and (codes == 1).any()):
        return GroupRow(name, label, None, state, 0, None, None, None, None, None)
    found = sample.difference(codes == 0, codes == 1)
    if state:
        return GroupRow(name, label, found, state, None, None, None, None, None, None)
    half, gap = scale.length(found.half_width), scale.length(found.mean)
    numbers = (gap, scale.length(found.se), gap - half, gap + half, float("nan"))
    return GroupRow(name, label, found, state, found.n, *(rounded(v, rules.decimals) for v in numbers))
