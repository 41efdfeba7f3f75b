"""How to calibrate: the options, checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tirek_engines.errors import BrokenContract, Refusal
from tirek_engines.psychometrics.likelihood.model import GuessingPrior

Model = Literal["rasch", "pcm", "2pl", "gpcm", "3pl", "graded"]
ErrorKind = Literal["oakes", "louis", "sandwich", "crossprod", "none"]

MODELS: tuple[str, ...] = ("rasch", "pcm", "2pl", "gpcm", "3pl", "graded")
ERROR_KINDS: tuple[str, ...] = ("oakes", "louis", "sandwich", "crossprod", "none")
STARTS_3PL = 3
MOST_NODES = 2001
GRID_TOLERANCE = 0.01
"""Change of the log-likelihood, on a wider or a finer grid, above which the grid is called too small."""


@dataclass(frozen=True)
class Options:
    """How to calibrate.

    Parameters
    ----------
    model : {"rasch", "pcm", "2pl", "gpcm", "3pl", "graded"}
        The model of all items that are given none of their own. ``rasch`` and ``pcm`` are one model (slopes 1,
        variance free), as are ``2pl`` and ``gpcm`` (slopes free, group 0 is N(0, 1)): an item's number of categories
        decides its kind. Under ``3pl`` items with several steps are GPCM; a graded item with two categories is 2PL.
    se : {"oakes", "louis", "sandwich", "crossprod", "none"}
        Standard errors; see `information`.
    nodes, half_range : int, float
        Quadrature: equally spaced nodes on +-half_range logits, normal weights renormalised.
    guessing_prior : tuple of float
        Mean and standard deviation of the normal prior on logit c (3PL).
    starts : int
        Starting points, the best optimum is taken; 0 means 3 under 3PL, else 1.
    tolerance, gradient_tolerance : float
        Convergence: largest EM step (logits), largest derivative (standard errors).
    persons : bool
        Whether to score persons (EAP and WLE).
    wle_bound : float
        Weighted likelihood estimates are kept within +-wle_bound logits, and flagged there.
    force_tables : bool
        Use the table kernel even where the score kernel would do.
    threads : int
        0 means one for each processor; the results do not depend on it, to the last bit.
    """

    model: Model = "rasch"
    se: ErrorKind = "oakes"
    nodes: int = 41
    half_range: float = 6.0
    guessing_prior: tuple[float, float] = (-1.5, 0.5)
    starts: int = 0
    tolerance: float = 1e-6
    gradient_tolerance: float = 1e-4
    max_iterations: int = 1000
    persons: bool = True
    wle_bound: float = 10.0
    force_tables: bool = False
    threads: int = 0

    def __post_init__(self) -> None:
        if self.model not in MODELS:
            raise BrokenContract("model", self.model, " | ".join(MODELS))
        if self.se not in ERROR_KINDS:
            raise BrokenContract("se", self.se, " | ".join(ERROR_KINDS))
        if not self.guessing_prior[1] > 0:
            raise Refusal(
                f"The prior on guessing has a standard deviation of {self.guessing_prior[1]}: it must be above 0 "
                "(-1.5,0.5 is usual).",
                code="bad_prior",
            )
        if self.nodes > MOST_NODES:
            raise Refusal(
                f"{self.nodes} nodes are more than any distribution needs. Use at most {MOST_NODES} (41 are usual).",
                code="grid_too_large",
            )
        if self.nodes < 5 or not self.half_range > 0:
            raise Refusal(
                f"A grid of {self.nodes} nodes on ±{self.half_range} cannot carry a distribution: "
                "use at least 5 nodes and a range above 0 (41 on ±6 is usual).",
                code="grid_too_small",
            )

    @property
    def prior(self) -> GuessingPrior:
        """The prior on logit c."""
        return GuessingPrior(*self.guessing_prior)
