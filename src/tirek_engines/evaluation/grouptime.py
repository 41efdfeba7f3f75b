"""Effects by the wave in which units entered and by wave, and their summaries.

Callaway & Sant'Anna (2021, J. Econom. 225): ATT(g, t), eq. 2.4-2.6, with units never treated (or not yet) as comparison;
summaries of their table 1, with the influence of the estimated shares of the groups. Two-way fixed effects are not used
where entry is staggered: they compare late with early entrants.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tirek_engines.errors import BrokenContract, Refusal
from tirek_engines.evaluation.doublyrobust import Difference, difference

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Control = Literal["never", "not-yet"]

NEVER = np.inf
SUMMARIES = ("att_simple", "att_dynamic", "att_group", "att_calendar")


@dataclass(frozen=True)
class Panel:
    """Outcomes of units by wave.

    Attributes
    ----------
    outcome : ndarray of float64, shape (units, waves)
        Without gaps.
    waves : ndarray of float64, shape (waves,)
        Ascending.
    entry : ndarray of float64, shape (units,)
        Wave of first treatment; `NEVER` for comparison units. None is at or before the first wave.
    weights : ndarray of float64, shape (units,)
        With mean one.
    covariates : ndarray of float64, shape (units, columns)
        Known before treatment; may have no column.
    """

    outcome: Floats
    waves: Floats
    entry: Floats
    weights: Floats
    covariates: Floats

    def __post_init__(self) -> None:
        n, waves = self.outcome.shape
        if self.waves.shape != (waves,) or self.entry.shape != (n,) or self.weights.shape != (n,):
            raise BrokenContract("outcome", self.outcome.shape, "(units, waves) like entry, weights and waves")
        if np.any(self.entry <= self.waves[0]):
            raise BrokenContract("entry", "treated at the first wave", "units with a wave before treatment")

    @property
    def n(self) -> int:
        """Number of units."""
        return int(self.outcome.shape[0])

    @property
    def groups(self) -> Floats:
        """Waves of entry, ascending."""
        return np.unique(self.entry[np.isfinite(self.entry)])


@dataclass(frozen=True)
class Cell:
    """ATT(g, t): the effect at wave `time` on those who entered at wave `group`."""

    group: float
    time: float
    estimate: float
    influence: Floats
    n_treated: int
    n_comparison: int

    @property
    def is_after(self) -> bool:
        """At or after entry."""
        return self.time >= self.group


@dataclass(frozen=True)
class Effect:
    """A summary with its influence function, shape (units,)."""

    estimand: str
    at: float
    estimate: float
    influence: Floats


def att_cells(panel: Panel, control: Control = "never") -> list[Cell]:
    """Every ATT(g, t) that has a comparison; waves before entry against the wave before them, for the pre-trends.

    With ``not-yet`` everybody is compared with who enters later than both waves of the comparison, of whatever group.

    Raises
    ------
    Refusal
        ``nobody_treated``, ``nobody_to_compare``.
    """
    if panel.groups.size == 0:
        raise Refusal("No unit is treated, so there is no effect to estimate.", code="nobody_treated")
    found = []
    for group in panel.groups:
        for k in range(1, panel.waves.size):
            cell = _cell(panel, float(group), k, control)
            if cell is not None:
                found.append(cell)
    if not found:
        raise Refusal(
            "Every unit is treated, so there is nobody to compare with: what happened can be told as a change, not as "
            "an effect. Add units that never took part.",
            code="nobody_to_compare",
        )
    return found


def _cell(panel: Panel, group: float, k: int, control: Control) -> Cell | None:
    time = float(panel.waves[k])
    base = k - 1 if time < group else int(np.searchsorted(panel.waves, group)) - 1
    treated = panel.entry == group
    latest = max(time, float(panel.waves[base]))
    compared = ~np.isfinite(panel.entry)
    if control == "not-yet":
        compared |= (panel.entry > latest) & ~treated
    if not compared.any():
        return None
    used = treated | compared
    change = panel.outcome[used, k] - panel.outcome[used, base]
    x = np.column_stack([np.ones(int(used.sum())), panel.covariates[used]])
    found: Difference = difference(change, treated[used], x, panel.weights[used])
    influence = np.zeros(panel.n)
    influence[used] = found.influence * (panel.n / int(used.sum()))
    return Cell(group, time, found.estimate, influence, int(treated.sum()), int(compared.sum()))


def summaries(panel: Panel, cells: list[Cell]) -> list[Effect]:
    """Overall effects: by all cells, by time since entry, by group, by wave."""
    after = [c for c in cells if c.is_after]
    if not after:
        return []
    by_time = event_study(panel, after)
    by_group = [_mean(f"att_group_{g:g}", float(g), [c for c in after if c.group == g]) for g in panel.groups
                if any(c.group == g for c in after)]  # fmt: skip
    by_wave = _weighted_by(panel, after, lambda c: c.time, "att_wave")
    return [
        _by_shares(panel, "att_simple", np.nan, after),
        _plain("att_dynamic", by_time),
        _over_groups(panel, by_group),
        _plain("att_calendar", by_wave),
        *by_group,
    ]


def event_study(panel: Panel, cells: list[Cell]) -> list[Effect]:
    """Effects by time since entry (negative: before it)."""
    return _weighted_by(panel, cells, lambda c: c.time - c.group, "event")


def before_entry(cells: list[Cell]) -> list[Cell]:
    """The cells that should be zero if trends were parallel."""
    return [c for c in cells if not c.is_after]


def _weighted_by(panel: Panel, cells: list[Cell], key: Callable[[Cell], float], name: str) -> list[Effect]:
    places = sorted({key(c) for c in cells})
    return [_by_shares(panel, name, place, [c for c in cells if key(c) == place]) for place in places]


def _share(panel: Panel, group: float) -> tuple[float, Floats]:
    member = panel.weights * (panel.entry == group)
    share = float(member.mean())
    return share, member - share


def _by_shares(panel: Panel, name: str, at: float, cells: list[Cell]) -> Effect:
    """Mean of cells weighted by the share of their groups; the shares are estimates too."""
    shares, moves = zip(*(_share(panel, c.group) for c in cells), strict=True)
    total = float(sum(shares))
    weights = np.array(shares) / total
    estimates = np.array([c.estimate for c in cells])
    estimate = float(weights @ estimates)
    influence = sum(w * c.influence for w, c in zip(weights, cells, strict=True))
    influence = influence + sum((e - estimate) / total * move for e, move in zip(estimates, moves, strict=True))
    return Effect(name, at, estimate, np.asarray(influence))


def _mean(name: str, at: float, cells: list[Cell]) -> Effect:
    return Effect(name, at, float(np.mean([c.estimate for c in cells])), np.mean([c.influence for c in cells], axis=0))


def _plain(name: str, effects: list[Effect]) -> Effect:
    return Effect(
        name, np.nan, float(np.mean([e.estimate for e in effects])), np.mean([e.influence for e in effects], axis=0)
    )


def _over_groups(panel: Panel, groups: list[Effect]) -> Effect:
    cells = [Cell(e.at, e.at, e.estimate, e.influence, 0, 0) for e in groups]
    return _by_shares(panel, "att_group", np.nan, cells)
