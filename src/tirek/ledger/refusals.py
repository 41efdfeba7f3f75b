"""What the ledger will not do, and what to do instead."""

from __future__ import annotations

from tirek_engines.errors import Refusal


class LedgerRefused(Refusal):
    code = "ledger_refused"
    http_status = 409


class NotEnoughMoney(LedgerRefused):
    """An account would fall below zero. ``lacking`` gives the tiyn that each account lacks."""

    code = "ledger_not_enough"

    def __init__(self, message: str, lacking: dict[str, int]) -> None:
        super().__init__(message, lacking=lacking)
        self.lacking = lacking


class KeyTaken(LedgerRefused):
    """The same key was posted before with another content."""

    code = "ledger_key_taken"
