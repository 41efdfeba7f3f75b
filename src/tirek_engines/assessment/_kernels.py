"""Compiled loops of the population model."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tirek_engines._jit import kernel

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


NEGLIGIBLE = 1e-8


@kernel
def draw_abilities(
    scores: Floats, runs: Ints, ratios: Floats, theta: Floats, means: Floats, sd: float, uniforms: Floats
) -> Floats:
    """One draw a person from L(theta) N(theta; mean, sd^2) by inverting its distribution function.

    The likelihood is L = exp(s theta + base(theta)), and ratios[run, q] = exp(base[q + 1] - base[q]); so the step
    of the density from node to node is a product of three known factors and costs no exponential. Between two nodes
    the density is taken as linear: a step function would inflate the variance by width^2 / 12 for nothing.
    """
    n_nodes = theta.shape[0]
    width = theta[1] - theta[0]
    precision = 1.0 / (sd * sd)
    steps = np.exp(-(theta * width + 0.5 * width * width) * precision)
    density = np.zeros(n_nodes)
    out = np.empty(scores.shape[0])
    mode = n_nodes // 2
    for i in range(scores.shape[0]):
        run = runs[i]
        growth = np.exp(width * (scores[i] + means[i] * precision))
        while mode > 0 and growth * steps[mode - 1] * ratios[run, mode - 1] < 1.0:
            mode -= 1
        while mode < n_nodes - 1 and growth * steps[mode] * ratios[run, mode] > 1.0:
            mode += 1
        low = mode
        density[mode] = 1.0
        while low > 0 and density[low] > NEGLIGIBLE:
            low -= 1
            density[low] = density[low + 1] / (growth * steps[low] * ratios[run, low])
        high = mode
        while high < n_nodes - 1 and density[high] > NEGLIGIBLE:
            density[high + 1] = density[high] * growth * steps[high] * ratios[run, high]
            high += 1
        out[i] = _invert(density, low, high, theta[low], width, uniforms[i])
    return out


@kernel
def _invert(density: Floats, low: int, high: int, start: float, width: float, uniform: float) -> float:
    """The point below which a share `uniform` of a piecewise linear density lies."""
    total = 0.0
    for q in range(low, high):
        total += 0.5 * (density[q] + density[q + 1])
    left = uniform * total
    for q in range(low, high):
        area = 0.5 * (density[q] + density[q + 1])
        if left <= area or q == high - 1:
            rise = density[q + 1] - density[q]
            if abs(rise) < 1e-12 * (density[q] + density[q + 1]):
                share = left / area
            else:
                root = density[q] * density[q] + 2.0 * rise * left
                share = (np.sqrt(max(root, 0.0)) - density[q]) / rise
            return float(start + width * (q - low + min(max(share, 0.0), 1.0)))
        left -= area
    return start
