"""Plausible values: draws of every person's ability from the posterior under all that is known of the person.

A mean of single estimates understates every difference between groups, because each estimate is drawn towards the mean of
all. Draws from a posterior that holds the groups do not (Mislevy 1991, Psychometrika 56, eq. 2-5). So the calibration must
hold, as groups or covariates, whatever is analysed later.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tirek_engines.errors import BrokenContract
from tirek_engines.psychometrics.kernels import plausible as kernels
from tirek_engines.psychometrics.likelihood.model import Likelihood, Parameters
from tirek_engines.psychometrics.likelihood.posteriors import ScoreKernel
from tirek_engines.psychometrics.parallel import in_order, slices
from tirek_engines.psychometrics.parameters import Grid
from tirek_engines.psychometrics.scoring import prior_of_units

Floats = NDArray[np.float64]

TABLE_CHUNK = 4_096
FINEST = 0.1
"""Distance of nodes (logits) up to which a density that is log-linear between nodes is as good as exact."""
REACH = 6.0
"""Standard deviations of every person's prior that the grid holds."""


def fine_grid(likelihood: Likelihood, p: Parameters) -> Grid:
    """The grid of the calibration, made wide enough for every prior and with nodes at most `FINEST` apart."""
    means, sds = prior_of_units(likelihood, p)
    grid = likelihood.grid
    low = min(grid.centre - grid.half_range, float((means - REACH * sds).min()))
    high = max(grid.centre + grid.half_range, float((means + REACH * sds).max()))
    n_nodes = int(np.ceil((high - low) / FINEST - 1e-9)) + 1
    return replace(grid, n_nodes=n_nodes, half_range=0.5 * (high - low), centre=0.5 * (high + low))


def draw_values(likelihood: Likelihood, p: Parameters, *, m: int, seed: int) -> Floats:
    """`m` independent draws from every person's posterior, logits, shape (m, persons).

    Parameters
    ----------
    likelihood, p : Likelihood, Parameters
        Answers and prior; for instance those of `scoring.known_likelihood`, or of a finished calibration whose units
        are persons.
    m : int
        How many draws a person.
    seed : int
        Draws come from the generator Philox, one stream for each 65,536 persons: the same seed and answers give the same
        bits whatever the number of threads.

    Returns
    -------
    ndarray of float64
        A person without answers is drawn from the prior.
    """
    data = likelihood.data
    if data.unit_scores is not None or data.unit_weight.shape[0] != data.unit_of_person.shape[0]:
        raise BrokenContract("likelihood", "units that stand for several persons", "a unit a person")
    fine = likelihood.on(fine_grid(likelihood, p))
    persons = np.argsort(data.unit_of_person, kind="stable").astype(np.int64)
    out = np.empty((m, persons.shape[0]))
    draw = _by_score(fine, p) if isinstance(fine.kernel, ScoreKernel) else _by_table(fine, p)
    places = slices(persons.shape[0])

    def part(number: int) -> None:
        units = places[number]
        draw(units, stream(seed, number).random((units.stop - units.start, m)), persons, out)

    for _ in in_order(part, len(places), likelihood.threads):
        pass
    return out


class _by_score:
    """Draws by weighted scores."""

    def __init__(self, likelihood: Likelihood, p: Parameters) -> None:
        kernel, prior = likelihood.kernel, likelihood.population.prior(p)
        assert isinstance(kernel, ScoreKernel)
        self.scores = kernel.scores(p) + prior.tilts if prior.tilts.size else kernel.scores(p)
        self.bases = kernel.bases(p, prior)
        self.runs, self.theta = likelihood.data.unit_run, likelihood.theta

    def __call__(self, units: slice, uniforms: Floats, persons: NDArray[np.int64], out: Floats) -> None:
        kernels.draw_by_score(
            self.scores[units], self.runs[units], self.bases, self.theta, uniforms, persons[units], out
        )


class _by_table:
    """Draws by products of likelihood tables."""

    def __init__(self, likelihood: Likelihood, p: Parameters) -> None:
        self.likelihood, self.p = likelihood, p

    def __call__(self, units: slice, uniforms: Floats, persons: NDArray[np.int64], out: Floats) -> None:
        for start in range(units.start, units.stop, TABLE_CHUNK):
            part = slice(start, min(start + TABLE_CHUNK, units.stop))
            joint = self.likelihood.log_joint(self.p, part)
            own = uniforms[part.start - units.start : part.stop - units.start]
            kernels.draw_by_table(np.ascontiguousarray(joint), self.likelihood.theta, own, persons[part], out)


def stream(seed: int, number: int) -> np.random.Generator:
    """An independent stream of random numbers for each number."""
    return np.random.Generator(np.random.Philox(key=seed, counter=[0, 0, 0, number]))
