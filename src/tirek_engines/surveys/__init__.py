"""Samples of persons or classes, weights for those who did not answer, reliability of scales, results by group.

>>> from tirek_engines.surveys import cronbach_alpha
"""

from tirek_engines.surveys.reliability import Reliability, cronbach_alpha, mcdonald_omega, reliability
from tirek_engines.surveys.sampling import draw
from tirek_engines.surveys.scales import scale_scores
from tirek_engines.surveys.weighting import Weights, effective_number, response_weights

__all__ = [
    "Reliability",
    "Weights",
    "cronbach_alpha",
    "draw",
    "effective_number",
    "mcdonald_omega",
    "reliability",
    "response_weights",
    "scale_scores",
]
