"""Calibration and scoring of tests: Rasch, 2PL, partial credit and generalised partial credit.

>>> from tirek_engines.psychometrics import Answers, Options, calibrate
"""

from tirek_engines.psychometrics.answers import NOT_ANSWERED, Answers
from tirek_engines.psychometrics.calibration import (
    Calibration,
    Fit,
    Options,
    calibrate,
)
from tirek_engines.psychometrics.estimates import GroupResult, ItemResult
from tirek_engines.psychometrics.prepared import DroppedItem
from tirek_engines.psychometrics.scoring import FLAG_NAMES, PersonScores

__all__ = [
    "FLAG_NAMES",
    "NOT_ANSWERED",
    "Answers",
    "Calibration",
    "DroppedItem",
    "Fit",
    "GroupResult",
    "ItemResult",
    "Options",
    "PersonScores",
    "calibrate",
]
