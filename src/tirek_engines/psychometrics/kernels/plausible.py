"""Compiled loops that draw abilities from posteriors whose logarithm is linear between nodes.

Such a density has the mass h (f1 - f0) / log(f1 / f0) in a cell and an inverse in closed form, and its variance is that of
the posterior up to the order of h^4; a density that is constant or linear in a cell adds h^2/12 or h^2/6.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tirek_engines._jit import kernel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NEGLIGIBLE = 1e-12
FLAT = 1e-6


@kernel
def invert(masses: Floats, rises: Floats, low: int, high: int, start: float, width: float, uniform: float) -> float:
    """The point below which a share `uniform` lies; `masses` cumulates the cells from `low` to `high` - 1."""
    left = uniform * masses[high - 1]
    a = low
    b = high - 1
    while a < b:
        middle = (a + b) // 2
        if masses[middle] < left:
            a = middle + 1
        else:
            b = middle
    before = masses[a - 1] if a > low else 0.0
    share = (left - before) / (masses[a] - before)
    if abs(rises[a]) > FLAT:
        share = np.log1p(share * np.expm1(rises[a])) / rises[a]
    place: float = start + width * (a + min(max(share, 0.0), 1.0))
    return place


@kernel
def draw_by_score(
    scores: Floats, runs: Ints, bases: Floats, theta: Floats, uniforms: Floats, persons: Ints, out: Floats
) -> None:
    """Draws for units whose log posterior is score * theta + bases[run]; fills out[:, persons[u]].

    From the highest node outwards with two multiplications a node, as in the E-step.
    """
    n_nodes = theta.shape[0]
    width = theta[1] - theta[0]
    ratios = np.empty(n_nodes)
    density = np.empty(n_nodes)
    masses = np.empty(n_nodes)
    rises = np.empty(n_nodes)
    last = -1
    mode = n_nodes // 2
    for u in range(scores.shape[0]):
        run = runs[u]
        if run != last:
            last = run
            for q in range(n_nodes - 1):
                ratios[q] = np.exp(bases[run, q + 1] - bases[run, q])
        growth = np.exp(scores[u] * width)
        while mode > 0 and growth * ratios[mode - 1] < 1.0:
            mode -= 1
        while mode < n_nodes - 1 and growth * ratios[mode] > 1.0:
            mode += 1
        density[mode] = 1.0
        low = mode
        while low > 0 and density[low] > NEGLIGIBLE:
            density[low - 1] = density[low] / (growth * ratios[low - 1])
            low -= 1
        high = mode
        while high < n_nodes - 1 and density[high] > NEGLIGIBLE:
            density[high + 1] = density[high] * growth * ratios[high]
            high += 1
        total = 0.0
        for q in range(low, high):
            rise = scores[u] * width + bases[run, q + 1] - bases[run, q]
            rises[q] = rise
            if abs(rise) > FLAT:
                total += (density[q + 1] - density[q]) / rise
            else:
                total += 0.5 * (density[q + 1] + density[q])
            masses[q] = total
        for m in range(uniforms.shape[1]):
            out[m, persons[u]] = invert(masses, rises, low, high, theta[0], width, uniforms[u, m])


@kernel
def draw_by_table(joint: Floats, theta: Floats, uniforms: Floats, persons: Ints, out: Floats) -> None:
    """Draws for units whose log posterior at every node is given, shape (units, nodes)."""
    n_nodes = theta.shape[0]
    width = theta[1] - theta[0]
    masses = np.empty(n_nodes)
    rises = np.empty(n_nodes)
    for u in range(joint.shape[0]):
        top = joint[u, 0]
        for q in range(1, n_nodes):
            top = max(top, joint[u, q])
        low = 0
        while low < n_nodes - 2 and joint[u, low + 1] - top < -28.0:
            low += 1
        high = n_nodes - 1
        while high > low + 1 and joint[u, high - 1] - top < -28.0:
            high -= 1
        total = 0.0
        here = np.exp(joint[u, low] - top)
        for q in range(low, high):
            after = np.exp(joint[u, q + 1] - top)
            rise = joint[u, q + 1] - joint[u, q]
            rises[q] = rise
            total += (after - here) / rise if abs(rise) > FLAT else 0.5 * (after + here)
            masses[q] = total
            here = after
        for m in range(uniforms.shape[1]):
            out[m, persons[u]] = invert(masses, rises, low, high, theta[0], width, uniforms[u, m])
