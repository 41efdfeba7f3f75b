"""Which schools a programme takes: points by published criteria, places by district, a share for rural schools.

The procedure, in the order of its steps:

1. *Points.* Each criterion gives 0 to 100 points; a school's sum is the sum of points times weight.
2. *Districts.* A district's places go to its best schools.
3. *Open places.* Places that a district cannot fill go to the best remaining schools of all districts, if the rules say so.
4. *Rural share.* While too few rural schools are in, the rural school and the urban school of one district change places
   whose difference in points is smallest.

Step 4 takes the cheapest exchange first. Within a district the costs of successive exchanges never fall, so that the sum of
points lost is the smallest possible with these places for each district (a sum of convex functions, greedily).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tirek_engines.errors import BrokenContract

FULL = 100
IN_BY_POINTS, IN_BY_OPEN_PLACE, IN_BY_RURAL_SHARE = "in_by_points", "in_by_open_place", "in_by_rural_share"
OUT_BY_POINTS, OUT_BY_TIE, OUT_FOR_RURAL_SHARE, OUT_NO_PLACES = (
    "out_by_points", "out_by_tie", "out_for_rural_share", "out_no_places",
)  # fmt: skip
ADMITTED = frozenset({IN_BY_POINTS, IN_BY_OPEN_PLACE, IN_BY_RURAL_SHARE})


@dataclass(frozen=True)
class Criteria:
    """Weights and the values at which a criterion gives nothing or everything.

    Attributes
    ----------
    weights : mapping of str to int
        ``application``, ``size``, ``rooms``, ``result``: they add up to 100.
    size_full : int
        Pupils from which a school has all points for its size.
    result_none, result_full : int
        Mean results (whole points of the reporting scale) that give no points and all of them: a low result is support
        that is needed.
    points_unknown : int
        Points where the register knows nothing (no result, no surveyed rooms).
    """

    weights: Mapping[str, int]
    size_full: int
    result_none: int
    result_full: int
    points_unknown: int

    def __post_init__(self) -> None:
        if sum(self.weights.values()) != FULL or min(self.weights.values(), default=0) < 0:
            raise BrokenContract("weights", dict(self.weights), "whole numbers from 0 that add up to 100")
        if self.size_full < 1:
            raise BrokenContract("size_full", self.size_full, "at least 1 pupil")
        if self.result_none <= self.result_full:
            raise BrokenContract("result_none", self.result_none, f"above {self.result_full}, which gives all points")


@dataclass(frozen=True)
class Limits:
    """Which schools may be chosen at all."""

    smallest: int
    largest: int
    application_from: int


@dataclass(frozen=True)
class Candidate:
    """One school as the register and its application know it on the day; ``None`` where nothing is known."""

    code: str
    district: str
    is_rural: bool
    is_public: bool
    pupils: int
    rooms: int
    bad_rooms: int
    result: int | None
    application: int | None
    takes_part: bool = False
    in_round: bool = True


@dataclass(frozen=True)
class Places:
    """How many schools, and where: ``of_district`` holds each district's places, ``rural_percent`` the least rural share."""

    of_district: Mapping[str, int]
    rural_percent: int
    fill_open: bool

    @property
    def total(self) -> int:
        return sum(self.of_district.values())


@dataclass(frozen=True)
class Chosen:
    """What came out for one candidate: the reason and the numbers that settled it."""

    code: str
    reason: str
    numbers: Mapping[str, int]

    @property
    def admitted(self) -> bool:
        return self.reason in ADMITTED


@dataclass(frozen=True)
class Outcome:
    """The whole choice. ``rural_wanted`` above ``rural`` says that there were not enough rural schools."""

    chosen: tuple[Chosen, ...]
    admitted: int
    rural: int
    rural_wanted: int
    open_places: int


@dataclass
class _State:
    """The working state: codes in, in the order of ranks, and by which step."""

    inside: dict[str, str] = field(default_factory=dict)
    first: dict[str, str] = field(default_factory=dict)  # as the places were filled, before the rural share


def criterion_points(candidate: Candidate, criteria: Criteria) -> dict[str, int]:
    """Points of each criterion, 0 to 100, whole numbers rounded down.

    Parameters
    ----------
    candidate : Candidate
        The school.
    criteria : Criteria
        The rules.

    Returns
    -------
    dict of str to int
        ``application`` as rated; ``size`` = 100 min(pupils, full) / full; ``rooms`` = share of rooms in poor condition or
        unusable; ``result`` = how far the mean result lies below ``result_none`` on the way to ``result_full``.
    """
    unknown = criteria.points_unknown
    span = criteria.result_none - criteria.result_full
    below = None if candidate.result is None else criteria.result_none - candidate.result
    return {
        "application": candidate.application if candidate.application is not None else 0,
        "size": FULL * min(candidate.pupils, criteria.size_full) // criteria.size_full,
        "rooms": FULL * candidate.bad_rooms // candidate.rooms if candidate.rooms else unknown,
        "result": unknown if below is None else FULL * min(max(below, 0), span) // span,
    }


def total_points(points: Mapping[str, int], weights: Mapping[str, int]) -> int:
    """Sum of points times weight: 0 to 10,000."""
    return sum(points[name] * weight for name, weight in weights.items())


def excluded_because(candidate: Candidate, limits: Limits) -> str | None:
    """The first condition that a school does not meet, or None."""
    if candidate.takes_part:
        return "takes_part"
    if not candidate.in_round:
        return "outside_round"
    if not candidate.is_public:
        return "not_state_owned"
    if candidate.pupils < limits.smallest:
        return "too_small"
    if candidate.pupils > limits.largest:
        return "too_large"
    if candidate.application is None:
        return "not_applied"
    if candidate.application < limits.application_from:
        return "application_weak"
    return None


def lot(code: str, seed: str) -> str:
    """The last word between equals: the digest of the programme's name and the school's code, the lower first."""
    return hashlib.sha256(f"{seed}:{code}".encode()).hexdigest()


def select_schools(
    candidates: Sequence[Candidate], criteria: Criteria, limits: Limits, places: Places, *, seed: str
) -> Outcome:
    """Choose the schools of a programme and say why of every candidate.

    Parameters
    ----------
    candidates : sequence of Candidate
        Every school that might be meant, also those that may not be chosen.
    criteria, limits, places
        The rules.
    seed : str
        Part of the lot between equals: the programme's name.

    Returns
    -------
    Outcome
        One `Chosen` for each candidate, in the candidates' order. Equal sums are settled by the points for the application,
        then for the rooms, then a rural school comes first, then the lot.

    Examples
    --------
    >>> rules = Criteria({"application": 100, "size": 0, "rooms": 0, "result": 0}, 500, 500, 400, 50)
    >>> a = Candidate("A", "d", False, True, 300, 0, 0, None, 80)
    >>> b = Candidate("B", "d", True, True, 300, 0, 0, None, 90)
    >>> out = select_schools([a, b], rules, Limits(50, 2000, 0), Places({"d": 1}, 0, True), seed="x")
    >>> [(c.code, c.reason) for c in out.chosen]
    [('A', 'out_by_points'), ('B', 'in_by_points')]
    """
    _check(candidates)
    points = {c.code: criterion_points(c, criteria) for c in candidates}
    sums = {c.code: total_points(points[c.code], criteria.weights) for c in candidates}
    barred = {c.code: because for c in candidates if (because := excluded_because(c, limits)) is not None}
    open_to = [c for c in candidates if c.code not in barred]
    order = sorted(open_to, key=lambda c: _rank_key(c, points[c.code], sums[c.code], seed))
    state = _State()
    _fill_districts(order, places, state)
    if places.fill_open:
        _fill_open(order, places, state)
    state.first = dict(state.inside)
    wanted = min(-(-places.rural_percent * places.total // FULL), sum(c.is_rural for c in order))
    _reach_rural_share(order, sums, wanted, state)
    told = _Telling(order, sums, points, places, limits, state)
    chosen = tuple(told.of(c, barred.get(c.code)) for c in candidates)
    rural = sum(c.is_rural for c in order if c.code in state.inside)
    return Outcome(
        chosen,
        len(state.inside),
        rural,
        -(-places.rural_percent * places.total // FULL),
        places.total - len(state.inside),
    )


def _check(candidates: Sequence[Candidate]) -> None:
    codes = [c.code for c in candidates]
    if len(set(codes)) < len(codes):
        raise BrokenContract("candidates", "two of one code", "each school once")
    for c in candidates:
        if c.pupils < 0 or not 0 <= c.bad_rooms <= c.rooms:
            raise BrokenContract("candidates", f"{c.code}: {c.bad_rooms} of {c.rooms} rooms", "0 to all rooms")
        if c.application is not None and not 0 <= c.application <= FULL:
            raise BrokenContract("candidates.application", c.application, "0 to 100")


def _rank_key(c: Candidate, points: Mapping[str, int], total: int, seed: str) -> tuple[int | str | bool, ...]:
    return (-total, *tie_key(c, points, seed))


def tie_key(c: Candidate, points: Mapping[str, int], seed: str) -> tuple[int | str | bool, ...]:
    """The order between equal sums."""
    return (-points["application"], -points["rooms"], not c.is_rural, lot(c.code, seed))


def _fill_districts(order: Sequence[Candidate], places: Places, state: _State) -> None:
    left = dict(places.of_district)
    for c in order:
        if left.get(c.district, 0) > 0:
            left[c.district] -= 1
            state.inside[c.code] = IN_BY_POINTS


def _fill_open(order: Sequence[Candidate], places: Places, state: _State) -> None:
    left = places.total - len(state.inside)
    for c in order:
        if left and c.code not in state.inside:
            left -= 1
            state.inside[c.code] = IN_BY_OPEN_PLACE


def _reach_rural_share(order: Sequence[Candidate], sums: Mapping[str, int], wanted: int, state: _State) -> None:
    """One exchange after the other, each the cheapest of all districts; equal costs by the order of ranks."""
    place = {c.code: n for n, c in enumerate(order)}
    rural = sum(c.is_rural for c in order if c.code in state.inside)
    while rural < wanted:
        options = []
        for district in sorted({c.district for c in order}):
            urban = [c for c in order if c.district == district and c.code in state.inside and not c.is_rural]
            country = [c for c in order if c.district == district and c.code not in state.inside and c.is_rural]
            if urban and country:
                out, into = urban[-1], country[0]
                options.append((sums[out.code] - sums[into.code], place[into.code], out.code, into.code))
        if not options:
            return
        _cost, _place, out_code, into_code = min(options)
        del state.inside[out_code]
        state.inside[into_code] = IN_BY_RURAL_SHARE
        rural += 1


class _Telling:
    """Reasons and numbers of each candidate once all is settled."""

    def __init__(
        self,
        order: Sequence[Candidate],
        sums: Mapping[str, int],
        points: Mapping[str, Mapping[str, int]],
        places: Places,
        limits: Limits,
        state: _State,
    ) -> None:
        self.sums, self.points, self.places, self.limits, self.state = sums, points, places, limits, state
        self.position: dict[str, int] = {}
        self.candidates: dict[str, int] = {}
        self.last: dict[str, int] = {}
        for c in order:
            self.candidates[c.district] = self.candidates.get(c.district, 0) + 1
            self.position[c.code] = self.candidates[c.district]
            if state.first.get(c.code) == IN_BY_POINTS:
                self.last[c.district] = sums[c.code]
        inside = [sums[code] for code, by in state.first.items() if by == IN_BY_OPEN_PLACE]
        self.last_open = min(inside) if inside else None

    def of(self, c: Candidate, barred: str | None) -> Chosen:
        own = {f"points_{name}": value for name, value in self.points[c.code].items()}
        own |= {"pupils": c.pupils, "points": self.sums[c.code]}
        if barred is not None:
            return Chosen(c.code, barred, own | self._limits(c, barred))
        own |= {
            "position": self.position[c.code],
            "candidates": self.candidates[c.district],
            "places": self.places.of_district.get(c.district, 0),
        }
        if (last := self._threshold(c)) is not None:
            own["last"] = last
        return Chosen(c.code, self._reason(c), own)

    def _limits(self, c: Candidate, barred: str) -> dict[str, int]:
        if barred == "application_weak":
            return {"wanted": self.limits.application_from}
        wanted = {"too_small": self.limits.smallest, "too_large": self.limits.largest}
        return {"wanted": wanted[barred]} if barred in wanted else {}

    def _threshold(self, c: Candidate) -> int | None:
        """Points down to which the places reach: the district's, and the open ones where these decided."""
        if self.state.first.get(c.code) == IN_BY_OPEN_PLACE:
            return self.last_open
        if self.state.first.get(c.code) == IN_BY_POINTS:
            return self.last[c.district]
        known = [last for last in (self.last.get(c.district), self.last_open) if last is not None]
        return min(known) if known else None

    def _reason(self, c: Candidate) -> str:
        if c.code in self.state.inside:
            return self.state.inside[c.code]
        if c.code in self.state.first:
            return OUT_FOR_RURAL_SHARE
        last = self._threshold(c)
        if last is None:
            return OUT_NO_PLACES
        return OUT_BY_TIE if self.sums[c.code] == last else OUT_BY_POINTS
