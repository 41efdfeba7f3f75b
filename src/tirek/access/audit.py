"""Every change of a row, by trigger, so that bulk SQL is caught too."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pghistory
from django.db import models

from tirek.access.policies import RowScope


def audited(
    policy: str,
    *,
    org: str | None = "org_no",
    org_hi: str | None = None,
    own: str | None = None,
    user: str | None = None,
    exclude: Sequence[str] | None = None,
    many: bool = False,
) -> Callable:
    """Decorate a model: its inserts, updates and deletes are kept, append only, with who and in which request.

    ``policy`` names the row policy of the events' table; a change is seen by whoever may see the row. ``many`` is for
    tables that imports fill: a country's history passes two thousand million rows in a few hundred of them.
    """
    scope = RowScope(name=policy, org=org, org_hi=org_hi, own=own, user=user, sign_in=user is not None)
    return pghistory.track(
        pghistory.InsertEvent(),
        pghistory.UpdateEvent(),
        pghistory.DeleteEvent(),
        exclude=list(exclude or ()),
        append_only=True,
        level=pghistory.Statement,
        meta={"constraints": [scope]},
        attrs={"pgh_id": models.BigAutoField(primary_key=True)} if many else None,
    )
