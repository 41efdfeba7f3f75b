"""Who sees a sponsor's rows: officers of their territory, and the sponsor's own users, wherever they are."""

from __future__ import annotations

from typing import Any

from tirek.storage.database import APP, OWN
from tirek.storage.policies import RowScope

SIGNED_IN = "nullif(current_setting('app.user_id', true), '') is not null"


class SponsorScope(RowScope):
    """As `RowScope`; besides, a user of the sponsor sees its rows. Which sponsors those are is read once a query.

    An officer sees rows of ``programmes_sponsoruser`` in the own territory and would pass here for these sponsors' rows
    everywhere; therefore the asker's own row is asked for by its number.
    """

    def __init__(self, *, column: str = "sponsor_id", **options: Any):
        super().__init__(**options)
        self.column = column

    def policies(self) -> dict[str, str]:
        mine = "user_id = nullif(current_setting('app.user_id', true), '')::bigint"
        own = f"{self.column} in (select sponsor_id from programmes_sponsoruser where {mine})"  # noqa: S608 (our own names)
        return super().policies() | {
            f"{self.name}_sponsor": f"for select to {APP}, {OWN} using ({SIGNED_IN} and {own})"
        }

    def deconstruct(self):
        path, args, kwargs = super().deconstruct()
        return path, args, kwargs | ({"column": self.column} if self.column != "sponsor_id" else {})
