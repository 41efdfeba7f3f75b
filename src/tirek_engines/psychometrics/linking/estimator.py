"""Linking two calibrations in scikit-learn's manner; see `estimators`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tirek_engines import ENGINE_VERSION
from tirek_engines.psychometrics.estimators import Estimator, ItemResponseModel
from tirek_engines.psychometrics.fitted import FittedScale
from tirek_engines.psychometrics.items import Items
from tirek_engines.psychometrics.linking.anchors import match_items, transform
from tirek_engines.psychometrics.linking.linkerror import AnswerNoise, LinkError, answer_noise, link_error
from tirek_engines.psychometrics.linking.methods import LinkOptions, Method, constants

Floats = NDArray[np.float64]


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


def _noise(scale: FittedScale, anchors: Items) -> AnswerNoise:
    sizes = np.array(scale.group_sizes, dtype=np.float64)
    answers = dict(zip(scale.items.names, scale.answers, strict=True))
    share = scale.n_effective / scale.n
    n = np.array([answers[name] * share for name in anchors.names])
    return answer_noise(anchors, n, scale.groups, sizes / sizes.sum(), len(scale.items))
