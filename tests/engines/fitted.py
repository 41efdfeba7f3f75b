"""Known items of five models and answers simulated from them."""

import numpy as np

from tirek_engines.psychometrics import Answers, Groups, Items
from tirek_engines.psychometrics.likelihood.model import Grid
from tirek_engines.psychometrics.scoring import known_likelihood

MODELS = ("2pl", "gpcm", "3pl", "graded", "rasch")


def items(n_of_each=1):
    slopes, steps, c = [1.4, 0.8, 1.2, 1.1, 1.0], [1, 2, 1, 2, 1], [0, 0, 0.2, 0, 0]
    d = np.array([[0.5, 0], [0.4, -0.3], [-0.2, 0], [0.9, -0.6], [-0.8, 0]])
    n = n_of_each * 5
    return Items(
        names=tuple(f"M{j}" for j in range(n)),
        models=MODELS * n_of_each,
        slopes=np.tile(slopes, n_of_each),
        intercepts=np.tile(d, (n_of_each, 1)),
        guessing=np.tile(c, n_of_each).astype(float),
        n_steps=np.tile(steps, n_of_each).astype(np.int64),
        values=tuple(tuple(range(s + 1)) for s in steps * n_of_each),
        dimensions=np.zeros(n, np.int64),
    )


def simulated(found, n, seed, missing=0.0, mean=0.0):
    rng = np.random.default_rng(seed)
    theta = mean + rng.standard_normal(n)
    p = found.probabilities(theta)
    above = rng.random((len(found), n))
    x = (above[:, None, :] > p.cumsum(axis=1)).sum(axis=1).T.astype(np.uint8)
    x[rng.random(x.shape) < missing] = 255
    return x, theta


def placed(found, codes, weights=None, groups=None, nodes=41):
    names = ("all",) if groups is None else ("a", "b")
    answers = Answers(codes, found.names, weights, groups, names)
    known = Groups(names, np.arange(len(names)) * 0.5, np.ones(len(names)))
    return known_likelihood(found, known, answers, Grid(nodes))
