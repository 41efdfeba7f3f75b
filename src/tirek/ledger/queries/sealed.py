"""Seals of the ledger, and what is under them."""

from __future__ import annotations

import polars as pl
from django.db import connection
from django.db.models import QuerySet

from tirek.ledger.models import Seal

COLUMNS = {
    "id": pl.Int64, "key": pl.String, "content_sha256": pl.String, "code": pl.String, "parameters": pl.String,
    "decision": pl.String, "note": pl.String, "booked_on": pl.Date, "at": pl.String, "by_id": pl.Int64,
    "by_name": pl.String, "reverses_id": pl.Int64, "posting_count": pl.Int64, "line": pl.Int64, "source": pl.String,
    "destination": pl.String, "amount_tiyn": pl.Int64,
}  # fmt: skip
ROWS = """
    select t.id, t.key, t.content_sha256, t.code, t.parameters::text, t.decision, t.note, t.booked_on,
        to_char(t.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), t.by_id, t.by_name, t.reverses_id,
        t.posting_count, p.line, s.kind || ' ' || s.code, d.kind || ' ' || d.code, p.amount_tiyn
    from ledger_transaction t left join ledger_posting p on p.transaction_id = t.id
    left join ledger_account s on s.id = p.source_id left join ledger_account d on d.id = p.destination_id
    where t.id between %s and %s order by t.id, p.line
"""


def frame_of(first: int, last: int) -> pl.DataFrame:
    """Every posting of these transactions with all that the ledger says of it, in the order of their numbers."""
    with connection.cursor() as cursor:
        cursor.execute(ROWS, [first, last])
        return pl.DataFrame(cursor.fetchall(), schema=COLUMNS, orient="row")


def last_seal() -> Seal | None:
    return Seal.objects.order_by("-pk").first()


def seals() -> QuerySet[Seal]:
    """The newest first."""
    return Seal.objects.order_by("-pk")
