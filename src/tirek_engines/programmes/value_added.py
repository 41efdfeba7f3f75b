"""What may be said of a school's value added: more or less than elsewhere, not to be told from chance, or nothing at all."""

from __future__ import annotations

from dataclasses import dataclass

NORMAL = 1.959963984540054
MORE, LESS, AS_ELSEWHERE = "more", "less", "as_elsewhere"
TOO_FEW, TOO_FEW_FOLLOWED = "too_few", "too_few_followed"


@dataclass(frozen=True)
class Bounds:
    """Where nothing is said.

    Attributes
    ----------
    fewest_pupils : int
        Pupils with both results that a school needs.
    least_followed : float
        Share of the pupils tested at the end whose earlier result in the same school must be known.
    """

    fewest_pupils: int
    least_followed: float


@dataclass(frozen=True)
class School:
    """A school's own numbers.

    Attributes
    ----------
    pupils, tested : int
        Pupils with both results; all that were tested at the end.
    effect, se : float
        Predicted effect and its comparative standard error, in points.
    """

    pupils: int
    tested: int
    effect: float
    se: float

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval against the average school."""
        return self.effect - NORMAL * self.se, self.effect + NORMAL * self.se


def judge_school(school: School, bounds: Bounds) -> str:
    """Reason code of one school. Nothing is said of few pupils, nor where most were not followed.

    Examples
    --------
    >>> judge_school(School(40, 44, 12.0, 4.0), Bounds(10, 0.6))
    'more'
    >>> judge_school(School(40, 90, 12.0, 4.0), Bounds(10, 0.6))
    'too_few_followed'
    """
    if school.pupils < bounds.fewest_pupils:
        return TOO_FEW
    if school.pupils < bounds.least_followed * school.tested:
        return TOO_FEW_FOLLOWED
    low, high = school.interval
    return MORE if low > 0.0 else LESS if high < 0.0 else AS_ELSEWHERE


def counted_share(pupils: int, between: float, within: float) -> float:
    """Share of a school's mean difference that is believed: n v / (n v + e); the rest may be the chance of few pupils."""
    return pupils * between / (pupils * between + within) if between > 0.0 else 0.0
