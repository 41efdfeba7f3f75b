"""Tests, what was answered, and what came of it."""

from tirek.assessment.models.results import (
    Calibration,
    CalibrationState,
    Dimension,
    GroupResult,
    ItemEstimate,
    PersonResult,
    Release,
    ReleaseState,
)
from tirek.assessment.models.sittings import (
    AnswerImport,
    AnswerSheet,
    ImportState,
    Sitting,
    SittingMode,
    SittingState,
)
from tirek.assessment.models.tests import Booklet, BookletItem, Item, Subject, Test, TestKind, TestState

__all__ = [
    "AnswerImport",
    "AnswerSheet",
    "Booklet",
    "BookletItem",
    "Calibration",
    "CalibrationState",
    "Dimension",
    "GroupResult",
    "ImportState",
    "Item",
    "ItemEstimate",
    "PersonResult",
    "Release",
    "ReleaseState",
    "Sitting",
    "SittingMode",
    "SittingState",
    "Subject",
    "Test",
    "TestKind",
    "TestState",
]
