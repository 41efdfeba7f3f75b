"""Who sees money: accounts by territory or as their reader, and with an account whatever moved on it."""

from __future__ import annotations

from typing import Any

from tirek.storage.database import APP, OWN
from tirek.storage.policies import RowScope

IS_READER = "nullif(current_setting('app.user_id', true), '')::bigint = any(user_ids)"
SIGNED_IN = "nullif(current_setting('app.user_id', true), '') is not null"


class AccountScope(RowScope):
    """The range of its territory, and the users named on it (a sponsor's)."""

    def policies(self) -> dict[str, str]:
        return super().policies() | {f"{self.name}_readers": f"for select to {APP}, {OWN} using ({IS_READER})"}


class OfSeenAccounts(RowScope):
    """Rows of the accounts that the asker sees. The list of those is read once a query, not once a row."""

    def __init__(self, *, columns: tuple[str, ...] = ("account_id",), **options: Any):
        super().__init__(**options)
        self.columns = tuple(columns)

    def policies(self) -> dict[str, str]:
        seen = " or ".join(f"{column} in (select id from ledger_account)" for column in self.columns)  # noqa: S608
        return super().policies() | {
            f"{self.name}_accounts": f"for select to {APP}, {OWN} using ({SIGNED_IN} and ({seen}))"
        }

    def deconstruct(self):
        path, args, kwargs = super().deconstruct()
        return path, args, kwargs | {"columns": self.columns}


class TransactionScope(RowScope):
    """The range that covers all its accounts, and whoever sees one of its postings."""

    def policies(self) -> dict[str, str]:
        posting = "select from ledger_posting p where p.transaction_id = ledger_transaction.id"
        return super().policies() | {
            f"{self.name}_postings": f"for select to {APP}, {OWN} using ({SIGNED_IN} and exists ({posting}))"
        }
