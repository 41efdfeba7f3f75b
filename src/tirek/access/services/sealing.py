"""Seal the audit day by day: digests of its rows in files under their own digest, chained to the seal before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _

from tirek.access.models import AuditErasure, AuditSeal
from tirek.access.queries_sealed import Source, last_audit_seal, oldest_transaction, rows_of, sources
from tirek.access.queries_verification import erasure_facts, seal_digest
from tirek.access.scope import loading
from tirek.storage.sealed import seal_input
from tirek_engines.errors import Refusal

SEALING_LOCK = 7461731
MARGIN = dt.timedelta(minutes=10)
"""So long after a day it is sealed at the earliest: moments that the program writes come from its own clock."""

ERASURES = AuditErasure._meta.db_table


class ErasureRefused(Refusal):
    """An erasure in the audit that says too little."""

    code = "erasure_refused"
    http_status = 409


def seal_audit(*, now: dt.datetime) -> AuditSeal | None:
    """Seal all whole days since the last seal; None when there is none that is over.

    A day is over when no transaction that began in it is open: what it writes bears the day it began. Call it outside
    of `loading`, which does not see others' transactions. Whoever calls it twice gets nothing the second time.
    """
    open_since = oldest_transaction()
    settled = min(now - MARGIN, open_since or now)
    with loading(), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_xact_lock(%s)", [SEALING_LOCK])
        before, ends = last_audit_seal(), midnight(settled)
        if before is not None and ends <= before.ends:
            return None
        return _seal(before, ends, now)


def midnight(moment: dt.datetime) -> dt.datetime:
    """The midnight of the installation's time zone that a moment follows."""
    zone = ZoneInfo(settings.TIME_ZONE)
    return dt.datetime.combine(moment.astimezone(zone).date(), dt.time(), zone)


def record_erasure(
    *, table: str, act: str, now: dt.datetime, by: str, before: dt.date | None = None, numbers: Sequence[int] = ()
) -> AuditErasure:
    """Say which rows the law lets the database's owner erase, before he does: all before a day, or some by number."""
    if table not in sources():
        raise ErasureRefused(_("%(table)s is no table of the audit.") % {"table": table})
    if not act.strip():
        raise ErasureRefused(_("Name the act that asks for the erasure."))
    if (before is None) == (not numbers):
        raise ErasureRefused(_("Name either a day or the numbers of rows."))
    with loading():
        return AuditErasure.objects.create(
            table=table, before=before, numbers=sorted(set(numbers)), act=act.strip()[:300], at=now, by_name=by[:200]
        )


def _seal(before: AuditSeal | None, ends: dt.datetime, now: dt.datetime) -> AuditSeal:
    starts = before.ends if before else None
    floors = _sealed_when(starts)
    parts = [
        part for source in sources().values() for part in _parts(source, floors.get(source.table, 0), starts, ends)
    ]
    highest = dict(before.highest) if before else {}
    for part in parts:
        highest[part["table"]] = max(highest.get(part["table"], 0), part["last"])
    erasures = _new_erasures(before)
    highest[ERASURES] = max((one["id"] for one in erasures), default=highest.get(ERASURES, 0))
    zone = ZoneInfo(settings.TIME_ZONE)
    seal = AuditSeal(
        starts=starts, ends=ends, through=ends.astimezone(zone).date() - dt.timedelta(1), parts=parts, highest=highest,
        row_count=sum(part["rows"] for part in parts), erasures=erasures, at=now,
        previous_sha256=before.sha256 if before else "",
    )  # fmt: skip
    seal.sha256 = seal_digest(seal)
    seal.save(force_insert=True)
    return seal


def _sealed_when(starts: dt.datetime | None) -> dict[str, int]:
    """The highest numbers that were sealed when a time began: its own rows have higher ones."""
    if starts is None:
        return {}
    found = AuditSeal.objects.filter(at__lte=starts).order_by("-pk").first()
    return dict(found.highest) if found else {}


def _parts(source: Source, above: int, starts: dt.datetime | None, ends: dt.datetime) -> list[dict[str, Any]]:
    return [
        {
            "table": source.table,
            "columns": list(source.columns),
            "first": int(frame["number"][0]),
            "last": int(frame["number"][-1]),
            "rows": frame.height,
            "file": seal_input(frame).as_dict(),
        }
        for frame in rows_of(source, above=above, starts=starts, ends=ends)
    ]


def _new_erasures(before: AuditSeal | None) -> list[dict[str, Any]]:
    """Those that no seal holds yet."""
    sealed = before.highest.get(ERASURES, 0) if before else 0
    return [erasure_facts(one) for one in AuditErasure.objects.filter(pk__gt=sealed).order_by("pk")]
