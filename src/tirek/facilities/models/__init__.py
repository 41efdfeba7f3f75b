"""Rooms as they were found, and what is done about them."""

from tirek.facilities.models.carried import CarriedRoom
from tirek.facilities.models.inventory import InventoryItem, WriteOff
from tirek.facilities.models.photographs import Photograph, Stage
from tirek.facilities.models.walks import Finding, Proposal, ProposalKind, ProposalState, Walk
from tirek.facilities.models.works import Acceptance, Document, Work, WorkItem, WorkState, WorkStep

__all__ = [
    "Acceptance", "CarriedRoom", "Document", "Finding", "InventoryItem", "Photograph", "Proposal", "ProposalKind", "ProposalState", "Stage",
    "Walk", "Work", "WorkItem", "WorkState", "WorkStep", "WriteOff",
]  # fmt: skip
