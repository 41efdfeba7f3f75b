"""Tests, what was answered, and what came of it."""

from tirek.assessment.models.bank import (
    AnswerKind,
    BankImport,
    BankImportState,
    BankItem,
    BankPicture,
    BankState,
    BankVersion,
)
from tirek.assessment.models.links import Link, LinkState, MatchedBy
from tirek.assessment.models.research import ResearchFile
from tirek.assessment.models.results import (
    Calibration,
    CalibrationState,
    Dimension,
    GroupResult,
    ItemEstimate,
    PersonResult,
    Release,
    ReleaseState,
    ReportGiven,
    Trend,
)
from tirek.assessment.models.seats import DoneBy, Seat, SeatAnswer, SeatDevice, SeatState, SittingNote
from tirek.assessment.models.sittings import (
    AnswerImport,
    AnswerSheet,
    ImportState,
    Sitting,
    SittingMode,
    SittingState,
)
from tirek.assessment.models.standards import LevelShare, Panel, PanelMethod, PanelRating, PanelState
from tirek.assessment.models.tests import Booklet, BookletItem, Item, Subject, Test, TestKind, TestState

__all__ = [
    "AnswerImport",
    "AnswerKind",
    "AnswerSheet",
    "BankImport",
    "BankImportState",
    "BankItem",
    "BankPicture",
    "BankState",
    "BankVersion",
    "Booklet",
    "BookletItem",
    "Calibration",
    "CalibrationState",
    "Dimension",
    "DoneBy",
    "GroupResult",
    "ImportState",
    "Item",
    "ItemEstimate",
    "LevelShare",
    "Link",
    "LinkState",
    "MatchedBy",
    "Panel",
    "PanelMethod",
    "PanelRating",
    "PanelState",
    "PersonResult",
    "Release",
    "ReleaseState",
    "ReportGiven",
    "ResearchFile",
    "Seat",
    "SeatAnswer",
    "SeatDevice",
    "SeatState",
    "Sitting",
    "SittingMode",
    "SittingNote",
    "SittingState",
    "Subject",
    "Test",
    "TestKind",
    "TestState",
    "Trend",
]
