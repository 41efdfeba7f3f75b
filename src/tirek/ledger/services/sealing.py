"""Seal what was posted: a file under its own digest, chained to the seal before. Close days for good."""

from __future__ import annotations

import datetime as dt

from django.db import connection, transaction
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.permissions import may
from tirek.access.scope import current_scope, loading
from tirek.ledger.models import Seal, Transaction
from tirek.ledger.queries.sealed import frame_of, last_seal
from tirek.ledger.queries.verification import seal_digest
from tirek.ledger.refusals import LedgerRefused
from tirek.storage.database import LOADER
from tirek.storage.sealed import seal_input

SEALING_LOCK = 7461730
"""Taken alone here and shared by every posting (migration 0002): no smaller number can appear behind a seal."""


@transaction.atomic
def seal_ledger(*, by: User | None, now: dt.datetime, closed_through: dt.date | None = None) -> Seal | None:
    """Seal every transaction since the last seal; None when there is nothing new and no day to close.

    Runs by the clock each night, and whenever an officer closes days. Posting waits while the rows are read.
    """
    asker = current_scope()
    if asker.database_role != LOADER and not (asker.role and may(asker.role, "ledger.close")):
        raise LedgerRefused(_("Your role does not seal the ledger."), code="ledger_no_right")
    with loading():
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_xact_lock(%s)", [SEALING_LOCK])
        before = last_seal()
        first = before.last_id + 1 if before else 1
        found = Transaction.objects.filter(pk__gte=first).order_by("-pk").first()
        if found is None and closed_through is None:
            return None
        return _seal(before, first, found.pk if found else first - 1, closed_through, by, now)


def close_days(*, through: dt.date, by: User | None, now: dt.datetime) -> Seal:
    """Nothing is booked on this day or before it any more: what was said of these days stays what it was."""
    if through >= now.date():
        raise LedgerRefused(_("Only days that are over are closed. Choose a day before today."))
    before = last_closed_day()
    if before and through <= before:
        raise LedgerRefused(_("The ledger is closed through %(day)s already.") % {"day": before})
    made = seal_ledger(by=by, now=now, closed_through=through)
    assert made is not None  # a day to close always makes a seal
    return made


def last_closed_day() -> dt.date | None:
    found = Seal.objects.exclude(closed_through=None).order_by("-closed_through").first()
    return found.closed_through if found else None


def _seal(
    before: Seal | None, first: int, last: int, closed: dt.date | None, by: User | None, now: dt.datetime
) -> Seal:
    frame = frame_of(first, last)
    file = seal_input(frame)
    previous = before.sha256 if before else ""
    seal = Seal(
        first_id=first, last_id=last, transaction_count=frame["id"].n_unique(), total_tiyn=int(frame["amount_tiyn"].sum()),
        file=file.as_dict(), previous_sha256=previous, closed_through=closed, at=now, by_id=by.pk if by else None,
        by_name=str(by or ""),
    )  # fmt: skip
    seal.sha256 = seal_digest(seal)
    seal.save(force_insert=True)
    return seal
