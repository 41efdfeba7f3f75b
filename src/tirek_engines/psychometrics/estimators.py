"""Calibrating, scoring and linking in the manner of scikit-learn, with results that are frozen and carry a version.

An estimator is made with options that it only keeps (`get_params`, `set_params`); `fit` reads data and returns the estimator;
what was found stands in attributes that end in an underscore. `result_` is a `FittedScale`: frozen, small, and as text the same
in later versions (`to_json`, `from_json`). scikit-learn itself is not needed, but its `clone` and `Pipeline` work.

>>> from tirek_engines.psychometrics import ItemResponseModel
>>> ItemResponseModel("2pl", nodes=61)
ItemResponseModel(model='2pl', nodes=61)
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tirek_engines import ENGINE_VERSION
from tirek_engines.errors import BrokenContract, Refusal
from tirek_engines.psychometrics.calibration import Calibration, calibrate
from tirek_engines.psychometrics.data.answers import Answers
from tirek_engines.psychometrics.items import Items
from tirek_engines.psychometrics.likelihood.model import Grid, Likelihood, Parameters
from tirek_engines.psychometrics.likelihood.regression import Covariates
from tirek_engines.psychometrics.linking.anchors import match_items, transform
from tirek_engines.psychometrics.linking.linkerror import LinkError, answer_noise, link_error
from tirek_engines.psychometrics.linking.methods import LinkOptions, Method, constants
from tirek_engines.psychometrics.options import ErrorKind, Model, Options
from tirek_engines.psychometrics.population.plausible import draw_values
from tirek_engines.psychometrics.scoring import Groups, KnownRegression, known_likelihood, score_units

Floats = NDArray[np.float64]
Transform = Literal["eap", "wle", "map", "pv"]

RESULT_FORMAT = 1
"""Raised when the text of a `FittedScale` changes its meaning; older numbers stay readable."""


class NotFitted(ValueError, AttributeError):
    """`fit` has not been called; scikit-learn's own error is a ValueError and an AttributeError too."""


class Estimator:
    """Options that are only kept: what scikit-learn asks of every estimator."""

    @classmethod
    def _names(cls) -> tuple[str, ...]:
        return tuple(name for name in inspect.signature(cls.__init__).parameters if name != "self")

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The options by name. `deep` is there for scikit-learn: no option is an estimator."""
        return {name: getattr(self, name) for name in self._names()}

    def set_params(self, **params: Any) -> Self:
        """Change options; what was fitted before stays until `fit`."""
        for name, value in params.items():
            if name not in self._names():
                raise BrokenContract("set_params", name, " | ".join(self._names()))
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        """The options that differ from their defaults."""
        given = inspect.signature(type(self).__init__).parameters
        parts = [f"{n}={v!r}" for n, v in self.get_params().items() if v != given[n].default]
        return f"{type(self).__name__}({', '.join(parts)})"

    def _fitted(self, name: str) -> Any:
        if name not in self.__dict__:
            raise NotFitted(f"This {type(self).__name__} has no {name} yet: call fit first.")
        return self.__dict__[name]


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


class ItemResponseModel(Estimator):
    """Calibrates a test, and scores persons on it.

    Parameters
    ----------
    model : {"rasch", "pcm", "2pl", "gpcm", "3pl", "graded"}
        Of all items that `models` gives none.
    method : {"wle", "eap", "map", "pv"}
        What `transform` gives: Warm's weighted likelihood estimate (Warm 1989, Psychometrika 54, eq. 7-9), posterior mean or
        mode, or plausible values (Mislevy 1991, Psychometrika 56, eq. 2-5).
    m, seed : int
        Plausible values a person, and their seed.
    se : {"oakes", "louis", "sandwich", "crossprod", "none"}
        Standard errors of the parameters.
    models : mapping of str to str, optional
        Models of single items.
    nodes, half_range : int, float
        Quadrature: equally spaced nodes on +-half_range logits.
    guessing_prior : tuple of float
        Mean and standard deviation of the prior on logit c (3PL).
    max_iterations, threads : int
        As in `Options`; the results do not depend on `threads`.

    Attributes
    ----------
    result_ : FittedScale
        Frozen, with version.
    calibration_ : Calibration
        Everything, with standard errors, fit and packed answers.
    items_ : Items
    n_features_in_, feature_names_in_ : int, ndarray of str
        Columns of X.

    Examples
    --------
    >>> import numpy as np
    >>> from tirek_engines.psychometrics import ItemResponseModel
    >>> x = np.array([[1, 1, 0], [1, 0, 0], [0, 1, 1], [1, 1, 1], [0, 0, 0], [1, 0, 1]])
    >>> rasch = ItemResponseModel().fit(np.repeat(x, 50, axis=0))
    >>> rasch.transform(x).shape, rasch.result_.converged
    ((6, 1), True)
    """

    def __init__(
        self,
        model: Model = "rasch",
        *,
        method: Transform = "wle",
        m: int = 10,
        seed: int = 1,
        se: ErrorKind = "oakes",
        models: Mapping[str, str] | None = None,
        nodes: int = 41,
        half_range: float = 6.0,
        guessing_prior: tuple[float, float] = (-1.5, 0.5),
        max_iterations: int = 1000,
        threads: int = 0,
    ) -> None:
        self.model = model
        self.method = method
        self.m = m
        self.seed = seed
        self.se = se
        self.models = models
        self.nodes = nodes
        self.half_range = half_range
        self.guessing_prior = guessing_prior
        self.max_iterations = max_iterations
        self.threads = threads

    def fit(
        self,
        X: Any,
        y: object = None,
        *,
        weights: ArrayLike | None = None,
        groups: Sequence[object] | NDArray[np.generic] | None = None,
        covariates: ArrayLike | None = None,
        known: Items | None = None,
    ) -> Self:
        """Estimate items and population by marginal maximum likelihood (Bock & Aitkin 1981, Psychometrika 46, eq. 12-15).

        Parameters
        ----------
        X : array, data frame or Answers, shape (persons, items)
            Scores 0, 1, 2, …; NaN, null or a negative number where there is no answer. Columns of a frame name the items.
        y : object
            Not read; scikit-learn passes it.
        weights : array, shape (persons,), optional
            Case weights, zero or more.
        groups : array, shape (persons,), optional
            Each group has a mean and a variance; the first that occurs has mean 0.
        covariates : array, shape (persons, covariates), optional
            Latent regression on them.
        known : Items, optional
            Items that keep their parameters and so give the scale.
        """
        answers = answers_of(X, weights, groups)
        found = calibrate(
            answers,
            Options(
                model=self.model,
                se=self.se,
                nodes=self.nodes,
                half_range=self.half_range,
                guessing_prior=self.guessing_prior,
                max_iterations=self.max_iterations,
                persons=False,
                threads=self.threads,
            ),
            models=self.models,
            known=known,
            covariates=_covariates(covariates),
        )
        self.calibration_ = found
        self.result_ = fitted_scale(found)
        self.items_ = self.result_.items
        self.n_features_in_ = answers.n_items
        self.feature_names_in_ = np.array(answers.items, dtype=object)
        return self

    def transform(
        self,
        X: Any,
        *,
        groups: Sequence[object] | NDArray[np.generic] | None = None,
        covariates: ArrayLike | None = None,
    ) -> Floats:
        """Ability of each person in logits by `method`, shape (persons, 1), with ``pv`` (persons, m).

        Parameters
        ----------
        X : array, data frame or Answers
            As for `fit`; a matrix without names has the columns of `fit`. Items that were not calibrated are not read.
        groups, covariates
            As for `fit`, of the same kind; needed where it had them.
        """
        likelihood, p = self._known(X, groups, covariates)
        if self.method == "pv":
            return np.ascontiguousarray(draw_values(likelihood, p, m=self.m, seed=self.seed).T)
        return score_units(likelihood, p, self.method).theta[:, None]

    def fit_transform(self, X: Any, y: object = None, **given: Any) -> Floats:
        """`fit`, then `transform` of the same persons."""
        self.fit(X, y, **given)
        return self.transform(X, **{k: v for k, v in given.items() if k in ("groups", "covariates")})

    def score(
        self,
        X: Any,
        y: object = None,
        *,
        groups: Sequence[object] | NDArray[np.generic] | None = None,
        covariates: ArrayLike | None = None,
    ) -> float:
        """Mean log-likelihood a person under the fitted model (higher is better), of the same or of other persons."""
        likelihood, p = self._known(X, groups, covariates)
        return likelihood.evaluate(p).loglik / float(likelihood.data.unit_weight.sum())

    def errors(self, X: Any, **given: Any) -> Floats:
        """Standard errors that go with `transform` (logits), shape (persons, 1); not with ``pv``."""
        if self.method == "pv":
            raise Refusal("Plausible values have no error of their own: they spread by it.", code="no_errors")
        likelihood, p = self._known(X, given.get("groups"), given.get("covariates"))
        return score_units(likelihood, p, self.method).se[:, None]

    def get_feature_names_out(self, input_features: object = None) -> NDArray[np.object_]:
        """Names of the columns that `transform` gives."""
        names = [f"pv{k + 1}" for k in range(self.m)] if self.method == "pv" else [self.method]
        return np.array(names, dtype=object)

    def _known(self, X: Any, groups: Any, covariates: ArrayLike | None) -> tuple[Likelihood, Parameters]:
        scale: FittedScale = self._fitted("result_")
        answers = answers_of(X, None, groups, tuple(self._fitted("feature_names_in_").tolist()))
        if groups is None and len(scale.groups.names) == 1:
            answers = Answers(answers.codes, answers.items, None, None, scale.groups.names)
        given, regression = _covariates(covariates), None
        if bool(scale.covariates) != (given is not None):
            raise BrokenContract("covariates", "none" if given is None else "some", "as fit had them")
        if given is not None:
            if len(given.names) != len(scale.covariates):
                raise BrokenContract("covariates", len(given.names), f"{len(scale.covariates)} columns")
            regression = KnownRegression(scale.effects, given)
        return known_likelihood(scale.items, scale.groups, answers, scale.grid, regression)


def answers_of(
    X: Any,
    weights: ArrayLike | None = None,
    groups: Sequence[object] | NDArray[np.generic] | None = None,
    names: tuple[str, ...] | None = None,
) -> Answers:
    """A matrix or a data frame (polars, pandas) as answers; `Answers` as they are."""
    if isinstance(X, Answers):
        return X
    columns = getattr(X, "columns", None)
    items = [str(c) for c in columns] if columns is not None else None
    matrix = np.asarray(X.to_numpy() if hasattr(X, "to_numpy") else X)
    if matrix.dtype == object:
        matrix = np.array([[np.nan if v is None else v for v in row] for row in matrix.tolist()], dtype=np.float64)
    if items is None and names is not None and matrix.ndim == 2 and len(names) == matrix.shape[1]:
        items = list(names)
    case = None if weights is None else np.asarray(weights, dtype=np.float64)
    return Answers.from_matrix(matrix, items, weights=case, groups=groups)


def _covariates(given: ArrayLike | None) -> Covariates | None:
    if given is None:
        return None
    columns = getattr(given, "columns", None)
    values = np.asarray(given.to_numpy() if hasattr(given, "to_numpy") else given, dtype=np.float64)
    if values.ndim == 1:
        values = values[:, None]
    names = [str(c) for c in columns] if columns is not None else [f"x{k + 1}" for k in range(values.shape[1])]
    return Covariates(tuple(names), np.ascontiguousarray(values))


class ScaleLink(Estimator):
    """Puts a new calibration on the scale of a base: theta_base = slope * theta_new + intercept.

    Parameters
    ----------
    method : {"haebara", "stocking-lord", "mean-sigma", "mean-mean", "mean-geometric", "haberman"}
        Kolen & Brennan (2014, Test Equating, Scaling, and Linking, ch. 6).
    slope : {"auto", "fixed", "free"}
        ``auto`` keeps it at 1 where all slopes are 1.
    direction : {"one", "symmetric"}
        Of the comparison of curves.
    drop : sequence of str
        Items that are not to link although both tests have them.

    Attributes
    ----------
    slope_, intercept_ : float
        The link (logits).
    anchors_ : tuple of str
        Items that the link was made with.
    error_ : LinkError
        `error`: of the new persons' mean; `trend`: what a trend adds to errors from plausible values (logits of the base).
    version_ : str
        Of the engine.
    """

    def __init__(
        self,
        method: Method = "haebara",
        *,
        slope: Literal["auto", "fixed", "free"] = "auto",
        direction: Literal["one", "symmetric"] = "one",
        drop: Sequence[str] = (),
    ) -> None:
        self.method = method
        self.slope = slope
        self.direction = direction
        self.drop = drop

    def fit(self, X: FittedScale | ItemResponseModel, y: FittedScale | ItemResponseModel) -> Self:
        """Find the link of two calibrations through the items that both have.

        Parameters
        ----------
        X : FittedScale or ItemResponseModel
            The new test.
        y : FittedScale or ItemResponseModel
            The base, whose scale stays.
        """
        new, base = _scale(X), _scale(y)
        options = LinkOptions(self.method, self.slope, self.direction)
        anchors = match_items(base.items, new.items, drop=self.drop)
        found = constants(anchors, options)
        at = float(np.average(new.groups.means, weights=new.group_sizes))
        noise = _noise(base, anchors.base), _noise(new, anchors.new)
        self.slope_, self.intercept_ = found.slope, found.intercept
        self.anchors_ = anchors.base.names
        self.error_: LinkError = link_error(anchors, found, options, at=at, noise=noise)
        self.items_ = transform(new.items, found.slope, found.intercept)
        self.version_ = ENGINE_VERSION
        return self

    def transform(self, X: ArrayLike) -> Floats:
        """Abilities of the new scale (any shape) on that of the base, logits."""
        slope, intercept = self._fitted("slope_"), self._fitted("intercept_")
        return np.asarray(slope * np.asarray(X, dtype=np.float64) + intercept)

    def inverse_transform(self, X: ArrayLike) -> Floats:
        """Abilities of the base's scale on the new one."""
        slope, intercept = self._fitted("slope_"), self._fitted("intercept_")
        return np.asarray((np.asarray(X, dtype=np.float64) - intercept) / slope)


def _scale(given: FittedScale | ItemResponseModel) -> FittedScale:
    return given if isinstance(given, FittedScale) else given._fitted("result_")


def _noise(scale: FittedScale, anchors: Items) -> Any:
    sizes = np.array(scale.group_sizes, dtype=np.float64)
    answers = dict(zip(scale.items.names, scale.answers, strict=True))
    share = scale.n_effective / scale.n
    n = np.array([answers[name] * share for name in anchors.names])
    return answer_noise(anchors, n, scale.groups, sizes / sizes.sum(), len(scale.items))
