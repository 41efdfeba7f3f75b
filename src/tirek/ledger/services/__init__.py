"""What changes the ledger: open accounts, post, reverse, seal."""

from tirek.ledger.services.accounts import close_account, move_account, open_account, open_accounts, set_readers
from tirek.ledger.services.posting import Entry, Line, post, post_many, reverse
from tirek.ledger.services.sealing import close_days, seal_ledger

__all__ = [
    "Entry",
    "Line",
    "close_account",
    "close_days",
    "move_account",
    "open_account",
    "open_accounts",
    "post",
    "post_many",
    "reverse",
    "seal_ledger",
    "set_readers",
]
