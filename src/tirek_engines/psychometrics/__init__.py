"""Calibration and scoring of tests: Rasch, 2PL, 3PL, PCM, GPCM and graded items, also mixed.

>>> from tirek_engines.psychometrics import Answers, Options, calibrate
"""

from tirek_engines.psychometrics.calibration import (
    Calibration,
    Fit,
    Options,
    calibrate,
)
from tirek_engines.psychometrics.data.answers import NOT_ANSWERED, Answers
from tirek_engines.psychometrics.data.prepared import DroppedItem
from tirek_engines.psychometrics.estimation.estimates import GroupResult, ItemResult
from tirek_engines.psychometrics.estimators import ItemResponseModel, NotFitted
from tirek_engines.psychometrics.fitted import FittedScale
from tirek_engines.psychometrics.items import Items
from tirek_engines.psychometrics.linking.estimator import ScaleLink
from tirek_engines.psychometrics.scoring import FLAG_NAMES, Groups, PersonScores, Scores, score_persons

__all__ = [
    "FLAG_NAMES",
    "NOT_ANSWERED",
    "Answers",
    "Calibration",
    "DroppedItem",
    "Fit",
    "FittedScale",
    "GroupResult",
    "Groups",
    "ItemResponseModel",
    "ItemResult",
    "Items",
    "NotFitted",
    "Options",
    "PersonScores",
    "ScaleLink",
    "Scores",
    "calibrate",
    "score_persons",
]
