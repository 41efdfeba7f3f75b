"""Questions to the ledger."""

from tirek.ledger.queries.balances import Held, accounts_in, balance, balances, trial_balance
from tirek.ledger.queries.sealed import last_seal, seals
from tirek.ledger.queries.statements import Moved, Statement, statement, statement_rows
from tirek.ledger.queries.transactions import Shown, account, transaction_of, transactions_by_key

__all__ = [
    "Held",
    "Moved",
    "Shown",
    "Statement",
    "account",
    "accounts_in",
    "balance",
    "balances",
    "last_seal",
    "seals",
    "statement",
    "statement_rows",
    "transaction_of",
    "transactions_by_key",
    "trial_balance",
]
