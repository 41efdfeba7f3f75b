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
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tirek_engines.errors import BrokenContract, Refusal
from tirek_engines.psychometrics.calibration import calibrate
from tirek_engines.psychometrics.data.answers import Answers
from tirek_engines.psychometrics.fitted import FittedScale, fitted_scale
from tirek_engines.psychometrics.items import Items
from tirek_engines.psychometrics.likelihood.model import Likelihood, Parameters
from tirek_engines.psychometrics.likelihood.regression import Covariates
from tirek_engines.psychometrics.options import ErrorKind, Model, Options
from tirek_engines.psychometrics.population.plausible import draw_values
from tirek_engines.psychometrics.scoring import KnownRegression, known_likelihood, score_units

Floats = NDArray[np.float64]
Transform = Literal["eap", "wle", "map", "pv"]


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
