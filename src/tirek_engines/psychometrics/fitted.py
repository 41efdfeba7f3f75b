"""A finished calibration without its answers: frozen, with the engine's version, and the same as text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tirek_engines import ENGINE_VERSION
from tirek_engines.errors import Refusal
from tirek_engines.psychometrics.calibration import Calibration
from tirek_engines.psychometrics.items import Items
from tirek_engines.psychometrics.likelihood.model import Grid
from tirek_engines.psychometrics.scoring import Groups

Floats = NDArray[np.float64]

RESULT_FORMAT = 1
"""Raised when the text of a `FittedScale` changes its meaning; older numbers stay readable."""


@dataclass(frozen=True)
class FittedScale:
    """A finished calibration without its answers: all that scoring, linking and publishing need.

    Attributes
    ----------
    items : Items
        Parameters of the items (a per logit; d in logits); see there for the formulas.
    groups : Groups
        Mean (logits) and variance of ability in each group; under a latent regression of the rest.
    group_sizes : tuple of int
        Persons of positive weight in each group.
    answers : tuple of int
        Answers to each item.
    covariates, effects : tuple of str, ndarray of float64, shape (covariates,)
        Latent regression (logits a unit).
    grid : Grid
        Quadrature nodes of the calibration.
    loglik : float
        Marginal log-likelihood, prior weights renormalised on the grid.
    n : int
        Persons who calibrated.
    n_effective : float
        (sum w)^2 / sum w^2 of their weights.
    reliability : float
        var(EAP) / (var(EAP) + mean posterior variance).
    converged : bool
        Whether both parameters and gradient had settled.
    version : str
        Of the engine that computed it.
    format : int
        Of the text that `to_json` writes.
    """

    items: Items
    groups: Groups
    group_sizes: tuple[int, ...]
    answers: tuple[int, ...]
    covariates: tuple[str, ...]
    effects: Floats
    grid: Grid
    loglik: float
    n: int
    n_effective: float
    reliability: float
    converged: bool
    version: str = ENGINE_VERSION
    format: int = field(default=RESULT_FORMAT)

    def to_json(self) -> str:
        """All of it as text; numbers keep every bit."""
        return json.dumps(_plain(asdict(self)), ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> FittedScale:
        """Back from text. Refused: a format that this engine does not know."""
        held = json.loads(text)
        if held.get("format") != RESULT_FORMAT:
            raise Refusal(
                f"This result has format {held.get('format')}; engine {ENGINE_VERSION} reads format {RESULT_FORMAT}.",
                code="unknown_format",
            )
        held |= {
            "items": _items(held["items"]),
            "groups": Groups(tuple(held["groups"]["names"]), *(np.array(held["groups"][k]) for k in MOMENTS)),
            "grid": Grid(**held["grid"]),
            "effects": np.array(held["effects"], dtype=np.float64),
        }
        for name in ("group_sizes", "answers", "covariates"):
            held[name] = tuple(held[name])
        return cls(**{f.name: held[f.name] for f in fields(cls)})


MOMENTS = ("means", "variances")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, np.ndarray):
        return value.tolist()
    return [_plain(v) for v in value] if isinstance(value, (tuple, list)) else value


def _items(held: Mapping[str, Any]) -> Items:
    n = len(held["names"])
    return Items(
        names=tuple(held["names"]),
        models=tuple(held["models"]),
        slopes=np.array(held["slopes"], dtype=np.float64),
        intercepts=np.array(held["intercepts"], dtype=np.float64).reshape(n, -1),
        guessing=np.array(held["guessing"], dtype=np.float64),
        n_steps=np.array(held["n_steps"], dtype=np.int64),
        values=tuple(tuple(v) for v in held["values"]),
        dimensions=np.array(held["dimensions"], dtype=np.int64),
    )


def fitted_scale(calibration: Calibration) -> FittedScale:
    """What a calibration found, without its answers."""
    groups, fit = calibration.groups, calibration.fit
    return FittedScale(
        items=calibration.as_items(),
        groups=Groups(
            tuple(g.group for g in groups),
            np.array([g.mean for g in groups]),
            np.array([g.variance for g in groups]),
        ),
        group_sizes=tuple(g.n for g in groups),
        answers=tuple(i.n for i in calibration.items),
        covariates=tuple(r.covariate for r in calibration.regression),
        effects=np.array([r.beta for r in calibration.regression]),
        grid=calibration.likelihood.grid,
        loglik=fit.loglik,
        n=fit.n,
        n_effective=fit.n_effective,
        reliability=fit.reliability_eap,
        converged=fit.converged,
    )
