"""The slow, obvious twin of the calibration: everything person by person, node by node, in plain NumPy."""

import numpy as np


def probabilities(a, d, theta):
    """P(x = k | theta), k = 0 … K, of one item: shape (K + 1, nodes)."""
    k = np.arange(len(d) + 1)[:, None]
    z = a * k * theta[None, :] + np.concatenate([[0.0], d])[:, None]
    e = np.exp(z - z.max(axis=0))
    return e / e.sum(axis=0)


def prior(mean, sd, theta):
    """Normal weights renormalised on the grid."""
    w = np.exp(-0.5 * ((theta - mean) / sd) ** 2)
    return w / w.sum()


def posteriors(x, groups, a, d, means, sds, theta):
    """Joint of answers and ability for each person (persons, nodes); x holds -1 where there is no answer."""
    joint = np.empty((x.shape[0], len(theta)))
    for i, row in enumerate(x):
        p = prior(means[groups[i]], sds[groups[i]], theta)
        for j, k in enumerate(row):
            if k >= 0:
                p = p * probabilities(a[j], d[j], theta)[k]
        joint[i] = p
    return joint


def loglik(x, groups, weights, a, d, means, sds, theta):
    """Weighted marginal log-likelihood."""
    return float(weights @ np.log(posteriors(x, groups, a, d, means, sds, theta).sum(axis=1)))


def fit_rasch(x, theta, rounds=3000):
    """Textbook EM for dichotomous Rasch, mean 0 and free variance; one Newton step an item and round."""
    n_items = x.shape[1]
    d, sd = np.zeros(n_items), 1.0
    groups = np.zeros(len(x), int)
    for _ in range(rounds):
        joint = posteriors(x, groups, np.ones(n_items), d[:, None], [0.0], [sd], theta)
        post = joint / joint.sum(axis=1, keepdims=True)
        new = d.copy()
        for j in range(n_items):
            seen = x[:, j] >= 0
            p = probabilities(1.0, d[j : j + 1], theta)[1]
            counts = post[seen].sum(axis=0)
            new[j] += ((x[seen, j] == 1).sum() - counts @ p) / (counts @ (p * (1 - p)))
        new_sd = float(np.sqrt((post @ theta**2).mean()))
        moved = max(np.abs(new - d).max(), abs(new_sd - sd))
        d, sd = new, new_sd
        if moved < 1e-9:
            break
    return d, sd


def curves(models, a, d, logit_c, n_steps, theta):
    """P(x = k | theta) of items of any model, a list of (K + 1, nodes)."""
    found = []
    for j, model in enumerate(models):
        steps = d[j][: n_steps[j]]
        if model == "3pl":
            c = 1 / (1 + np.exp(-logit_c[j]))
            right = c + (1 - c) / (1 + np.exp(-(a[j] * theta + steps[0])))
            found.append(np.array([1 - right, right]))
        elif model == "graded":
            above = [np.ones_like(theta), *(1 / (1 + np.exp(-(a[j] * theta + s))) for s in steps), 0 * theta]
            found.append(np.array([above[k] - above[k + 1] for k in range(len(steps) + 1)]))
        else:
            found.append(probabilities(a[j], steps, theta))
    return found
