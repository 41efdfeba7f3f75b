"""The distribution of ability given schools and other groups, and plausible values from it.

A pupil's own estimate is shrunk towards the mean of all, so that means of such estimates understate every difference
between groups. Plausible values drawn under a model that holds the groups do not (Mislevy 1991, Psychometrika 56,
eq. 2-5). The model here: theta = effects of factors (flat priors) + school effect + normal rest. School effects are

- *random* (normal, variance estimated): spreads and sampling errors of large groups are then right, but the mean of a
  single school is drawn towards that of its district;
- *fixed* (flat priors): the mean of a single school is then its own, but its spread over schools is too wide.

Results of schools are taken from the second, everything else from the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tirek_engines.assessment._kernels import draw_abilities
from tirek_engines.errors import BrokenContract
from tirek_engines.psychometrics.calibration import Calibration
from tirek_engines.psychometrics.data.prepared import score_table
from tirek_engines.psychometrics.kernels import score as kernels
from tirek_engines.psychometrics.likelihood.model import Grid
from tirek_engines.psychometrics.population import gibbs
from tirek_engines.psychometrics.population.schooled import table_rows

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FEWEST_RANDOM = 4
GRID_STEP = 0.1
GRID_RANGE = 9.0


@dataclass(frozen=True)
class PlausibleValues:
    """Draws of ability, logits.

    Attributes
    ----------
    draws : ndarray of float64, shape (m, persons)
        NaN for persons without answers.
    residual_sd : ndarray of float64, shape (m,)
        Spread within schools and factors at each draw.
    """

    draws: Floats
    residual_sd: Floats


def draw_plausible_values(
    calibration: Calibration,
    school: Ints,
    factors: Mapping[str, Ints] | None = None,
    *,
    m: int = 20,
    seed: int,
    school_effects: Literal["random", "fixed"] = "random",
    small_school: int = 8,
) -> PlausibleValues:
    """Draw `m` plausible values a person, conditional on school and on further factors.

    Gibbs sampling (item parameters fixed at their estimates): abilities from their exact posterior on a grid of 0.1
    logits with a density that is linear within a cell; then factor effects, school effects and the residual variance
    from their conditional distributions (flat priors).

    Parameters
    ----------
    calibration : Calibration
        Item parameters, and the answers of all persons.
    school : ndarray of int64, shape (persons,)
        School number of each person, 0 and up.
    factors : mapping of str to ndarray of int64, shape (persons,)
        Further groupings that will be reported: district, settlement, language, sex. What is constant within every
        school is already in the school's effect; it still tells small schools apart.
    m : int
        Draws kept.
    seed : int
        The same seed and the same order of persons give the same draws.
    school_effects : {"random", "fixed"}
        Fewer than four schools cannot tell a variance: their effects are then fixed.
    small_school : int
        Fixed effects only: schools with fewer answered pupils share one effect with others of the same levels.

    Returns
    -------
    PlausibleValues
    """
    data = calibration.prepared
    n = data.unit_of_person.shape[0]
    for name, column in {"school": school, **(factors or {})}.items():
        if column.shape != (n,):
            raise BrokenContract(name, column.shape, (n,))
    known = np.flatnonzero(data.n_answered > 0)
    known_factors = [f[known] for f in (factors or {}).values()]
    fixed = school_effects == "fixed" or np.unique(school[known]).size < FEWEST_RANDOM
    cell = _cells(school[known], known_factors, small_school if fixed else 0)
    weights = data.weights[known]
    weights = np.where(weights > 0, weights, weights[weights > 0].min())
    sampler = gibbs.Sampler(
        rows=_rows(calibration, known),
        cell=cell,
        design=_design(known_factors, known.size),
        weights=weights / weights.mean(),
        random=not fixed,
    )
    draws, sds = gibbs.run(sampler, m, np.random.default_rng(seed))
    everybody = np.full((m, n), np.nan)
    everybody[:, known] = draws
    return PlausibleValues(everybody, sds)


@dataclass(frozen=True)
class Rows:
    """Likelihood of each person on the fine grid, as its ratio from node to node."""

    scores: Floats
    runs: Ints
    ratios: Floats
    theta: Floats

    @property
    def n(self) -> int:
        """Number of persons."""
        return int(self.scores.shape[0])

    def draw(self, means: Floats, sd: float, uniforms: Floats) -> Floats:
        """One draw a person."""
        return draw_abilities(self.scores, self.runs, self.ratios, self.theta, means, sd, uniforms)


def _rows(calibration: Calibration, known: Ints) -> gibbs.Rows:
    """The likelihood of each person who answered: by score where that says all, else at every node."""
    data, p = calibration.prepared, calibration.parameters
    n_nodes = round(2 * GRID_RANGE / GRID_STEP) + 1
    if not calibration.shape.in_score_family:
        return table_rows(calibration.likelihood.on(Grid(n_nodes, GRID_RANGE)), p, known)
    theta = np.linspace(-GRID_RANGE, GRID_RANGE, n_nodes)
    log_z = kernels.log_normalisers(p.slopes, p.intercepts, data.items.n_steps, theta)
    if data.unit_scores is not None:
        scores = data.unit_scores
    else:
        assert data.packed is not None
        scores = kernels.table_sums(data.packed, score_table(data.layout, p.slopes))
    unit = data.unit_of_person[known]
    bases = -kernels.design_sums(data.run_masks, log_z)
    ratios = np.exp(np.diff(bases, axis=1, append=bases[:, -1:]))
    return Rows(scores[unit], data.unit_run[unit], ratios, theta)


def _cells(school: Ints, factors: list[Ints], small: int) -> Ints:
    """Number of the school effect of each person; small schools of equal levels share one."""
    _, cell = np.unique(school, return_inverse=True)
    size = np.bincount(cell)
    key = np.where(size[cell] < small, -1, cell)
    together = np.column_stack([key, *[np.where(key < 0, f, 0) for f in factors]])
    _, number = np.unique(together, axis=0, return_inverse=True)
    return np.asarray(number, dtype=np.int64)


def _design(factors: list[Ints], n: int) -> Floats:
    """Dummy columns of every level but the first of each factor."""
    columns = [(f == level).astype(np.float64) for f in factors for level in np.unique(f)[1:]]
    return np.column_stack(columns) if columns else np.zeros((n, 0))
