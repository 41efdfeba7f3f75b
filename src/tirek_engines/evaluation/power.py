"""What a programme could find before it starts: the smallest effect that it would detect."""

from __future__ import annotations

import numpy as np
from scipy.stats import t

from tirek_engines.errors import Refusal


def mdes(
    schools: int, pupils: float, *, treated_share: float = 0.5, rho: float = 0.2, explained_between: float = 0.0,
    explained_within: float = 0.0, school_covariates: int = 0, alpha: float = 0.05, power: float = 0.8,
    two_sided: bool = True,
) -> float:  # fmt: skip
    """Minimum detectable effect size, in standard deviations of pupils' outcomes, when whole schools are treated.

    Bloom (1995, Eval. Rev. 19), with Dong & Maynard (2013, J. Res. Educ. Eff. 6, model CRA2_2r):

        M sqrt(rho (1 - R2b) / (P (1 - P) J) + (1 - rho) (1 - R2w) / (P (1 - P) J n)),

    M the sum of the t quantiles of 1 - alpha/2 and of the power at J - g - 2 degrees of freedom.

    Parameters
    ----------
    schools : int
        J, treated and comparison schools together.
    pupils : float
        n, (harmonic) mean number of pupils a school.
    treated_share : float
        P, share of treated schools.
    rho : float
        Share of the variance that lies between schools.
    explained_between, explained_within : float
        Shares of the variance between and within schools that covariates explain.
    school_covariates : int
        g, number of covariates of schools.
    alpha, power : float
        Risk of finding an effect that is not there; chance of finding one that is.
    two_sided : bool
        Whether effects of both signs count.
    """
    for name, value, low, high in (
        ("treated share", treated_share, 0.0, 1.0), ("alpha", alpha, 0.0, 1.0), ("power", power, 0.0, 1.0),
    ):  # fmt: skip
        if not low < value < high:
            raise Refusal(f"The {name} has to be between 0 and 1, not {value:g}.", code="out_of_range", name=name)
    for name, value in (("rho", rho), ("R2 between", explained_between), ("R2 within", explained_within)):
        if not 0.0 <= value <= 1.0:
            raise Refusal(f"{name} has to be between 0 and 1, not {value:g}.", code="out_of_range", name=name)
    if not (pupils > 0 and np.isfinite(pupils)):
        raise Refusal("There has to be at least one pupil a school.", code="out_of_range", name="pupils")
    freedom = schools - school_covariates - 2
    if freedom < 1:
        raise Refusal(
            f"{schools} schools with {school_covariates} covariates leave no degrees of freedom. Plan more schools.",
            code="too_few_schools",
        )
    multiplier = t.ppf(1.0 - alpha / (2.0 if two_sided else 1.0), freedom) + t.ppf(power, freedom)
    split = treated_share * (1.0 - treated_share) * schools
    between = rho * (1.0 - explained_between) / split
    within = (1.0 - rho) * (1.0 - explained_within) / (split * pupils)
    return float(multiplier * np.sqrt(between + within))


def schools_needed(effect: float, pupils: float, *, most: int = 20_000, **design: float) -> int:
    """The smallest number of schools at which `effect` is detectable; see `mdes`."""
    if not (effect > 0 and np.isfinite(effect)):
        raise Refusal(f"An effect is a number above zero, not {effect:g}.", code="out_of_range", name="effect")
    low, high = int(design.get("school_covariates", 0)) + 3, most
    if mdes(most, pupils, **design) > effect:  # type: ignore[arg-type]
        raise Refusal(
            f"Not even {most:,} schools would show an effect of {effect:g}. Plan for a larger effect or better covariates.",
            code="out_of_reach",
        )
    while low < high:
        middle = (low + high) // 2
        if mdes(middle, pupils, **design) <= effect:  # type: ignore[arg-type]
            high = middle
        else:
            low = middle + 1
    return low
