"""Tests, what was answered, and what came of it."""

from tirek.assessment.models.bank import AnswerKind, BankItem, BankPicture, BankState, BankVersion
from tirek.assessment.models.links import Link, LinkState
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
from tirek.assessment.models.seats import Seat, SeatAnswer, SeatState
from tirek.assessment.models.sittings import (
    AnswerImport,
    AnswerSheet,
    ImportState,
    Sitting,
    SittingMode,
    SittingState,
)
from tirek.assessment.models.standards import Panel, PanelMethod, PanelRating, PanelState
from tirek.assessment.models.tests import Booklet, BookletItem, Item, Subject, Test, TestKind, TestState

__all__ = [
    "AnswerImport",
    "AnswerKind",
    "AnswerSheet",
    "BankItem",
    "BankPicture",
    "BankState",
    "BankVersion",
    "Booklet",
    "BookletItem",
    "Calibration",
    "CalibrationState",
    "Dimension",
    "GroupResult",
    "ImportState",
    "Item",
    "ItemEstimate",
    "Link",
    "LinkState",
    "Panel",
    "PanelMethod",
    "PanelRating",
    "PanelState",
    "PersonResult",
    "Release",
    "ReleaseState",
    "Seat",
    "SeatAnswer",
    "SeatState",
    "Sitting",
    "SittingMode",
    "SittingState",
    "Subject",
    "Test",
    "TestKind",
    "TestState",
]
