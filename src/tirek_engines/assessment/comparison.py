"""Which of several groups can be told apart, when all are compared with all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from tirek_engines.errors import BrokenContract

Floats = NDArray[np.float64]


def pairwise(means: Floats, errors: Floats, *, level: float = 0.05) -> NDArray[np.int8]:
    """Whether each group is clearly above (1) or below (-1) each other, or cannot be told apart (0). Shape (groups, groups).

    Parameters
    ----------
    means, errors : ndarray of float64, shape (groups,)
        Of groups without a common member; NaN where a mean is not shown: it is told apart from nobody.
    level : float
        Chance that even one pair of equal groups is called different (Holm 1979, Scand. J. Stat. 6, 65-70).
    """
    if means.shape != errors.shape or means.ndim != 1:
        raise BrokenContract("errors", errors.shape, str(means.shape))
    out = np.zeros((means.size, means.size), dtype=np.int8)
    known = np.flatnonzero(np.isfinite(means) & np.isfinite(errors) & (errors > 0.0))
    one, other = np.triu_indices(known.size, 1)
    one, other = known[one], known[other]
    away = means[one] - means[other]
    p = 2.0 * norm.sf(np.abs(away) / np.hypot(errors[one], errors[other]))
    order = np.argsort(p, kind="stable")
    sure = p[order] <= level / np.arange(order.size, 0, -1)
    stop = order.size if sure.all() else int(np.argmin(sure))
    for pair in order[:stop]:
        sign = 1 if away[pair] > 0 else -1
        out[one[pair], other[pair]], out[other[pair], one[pair]] = sign, -sign
    return out
