"""Is the audit what it was? Every fault in a sentence that names day, table and row.

Reads everything: call it as the loader, after the right has been checked.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import polars as pl
from django.utils.translation import gettext as _

from tirek.access.models import AuditErasure, AuditSeal
from tirek.access.queries_sealed import (
    Source,
    columns_gone,
    count_before,
    last_audit_seal,
    rows_between,
    rows_of,
    sources,
)
from tirek.storage.chains import ALTERED, PUT_IN, TAKEN_OUT, Changed, broken, changed_rows
from tirek.storage.sealed import SealBroken, Sealed, digest_of, unseal

MOST_TOLD = 100


def seal_digest(seal: AuditSeal) -> str:
    """Everything a seal says, the digest before it included."""
    return digest_of(
        {
            "starts": seal.starts.astimezone(dt.UTC) if seal.starts else None,
            "ends": seal.ends.astimezone(dt.UTC),
            "through": seal.through,
            "rows": seal.row_count,
            "parts": seal.parts,
            "highest": seal.highest,
            "erasures": seal.erasures,
            "previous": seal.previous_sha256,
        }
    )


@dataclass
class _Found:
    """What was found so far: rows sealed and rows taken out of each table, and the numbers sealed by part."""

    sealed: Counter[str] = field(default_factory=Counter)
    gone: Counter[str] = field(default_factory=Counter)
    parts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


def audit_tampering() -> Iterator[str]:
    """The chain of seals, each sealed file, each sealed row, and rows that were put in among them."""
    found, known = _Found(), sources()
    for seal, is_broken in broken(AuditSeal.objects.order_by("pk").iterator(chunk_size=50), seal_digest, _follows):
        if is_broken:
            yield _("The seal through %(day)s does not follow from the one before it: one was changed, taken out or put in.") % {
                "day": seal.through
            }  # fmt: skip
        yield from _erasures_changed(seal)
        for part in seal.parts:
            if part["table"] in known:
                yield from _part(known[part["table"]], part, found, seal.through)
            else:
                yield _("The table %(table)s of the audit is gone.") % {"table": part["table"]}
    last = last_audit_seal()
    if last is not None:
        for source in known.values():
            yield from _put_in(source, found, last.ends)


def _follows(before: AuditSeal | None, seal: AuditSeal) -> bool:
    return seal.starts == (before.ends if before else None)


def _erasures_changed(seal: AuditSeal) -> Iterator[str]:
    stand = {one.pk: erasure_facts(one) for one in AuditErasure.objects.filter(pk__in=[e["id"] for e in seal.erasures])}
    for was in seal.erasures:
        if stand.get(was["id"]) != was:
            yield _("The erasure %(number)s of the seal through %(day)s was altered or taken out.") % {
                "number": was["id"], "day": seal.through,
            }  # fmt: skip


def erasure_facts(one: AuditErasure) -> dict[str, Any]:
    return {
        "id": one.pk, "table": one.table, "before": one.before.isoformat() if one.before else None, "numbers": one.numbers,
        "act": one.act, "at": one.at.astimezone(dt.UTC).isoformat(), "by": one.by_name,
    }  # fmt: skip


def _part(source: Source, part: dict[str, Any], found: _Found, through: dt.date) -> Iterator[str]:
    found.sealed[source.table] += part["rows"]
    found.parts.setdefault(source.table, []).append(part)
    try:
        was = unseal(Sealed.from_dict(part["file"]))
    except SealBroken as error:
        yield _("Seal through %(day)s, %(table)s: %(fault)s") % {
            "day": through, "table": source.table, "fault": error.message,
        }  # fmt: skip
        return
    if gone := columns_gone(source, part["columns"]):
        yield _("Seal through %(day)s, %(table)s: the columns %(columns)s that were sealed are gone. Rows cannot be compared.") % {
            "day": through, "table": source.table, "columns": ", ".join(gone),
        }  # fmt: skip
        return
    stands = rows_between(source, part["columns"], part["first"], part["last"]).sort("number")
    stands = stands.join(was.select("number"), on="number", how="semi")
    found.gone[source.table] += was.height - stands.height
    allowed = _erased(source.table, was)
    days = dict(was.select("number", "day").iter_rows()) if not was.equals(stands) else {}
    rows = changed_rows(was.select("number", "digest"), stands.select("number", "digest"), ["number"], MOST_TOLD)
    yield from (_sentence(source.table, row, days[row.key[0]]) for row in rows if row.key[0] not in allowed)


def _erased(table: str, was: pl.DataFrame) -> set[int]:
    """Rows that a recorded act lets be erased."""
    allowed: set[int] = set()
    for one in AuditErasure.objects.filter(table=table):
        chosen = pl.col("number").is_in(one.numbers) if one.before is None else pl.col("day") < one.before
        allowed |= set(was.filter(chosen)["number"])
    return allowed


def _put_in(source: Source, found: _Found, ends: dt.datetime) -> Iterator[str]:
    """Rows that say they are of a sealed day and are in no seal. Looked for one by one only where the count says so."""
    if count_before(source, ends) == found.sealed[source.table] - found.gone[source.table]:
        return
    told = 0
    for frame in rows_of(source, above=0, starts=None, ends=ends):
        low, high = int(frame["number"][0]), int(frame["number"][-1])
        for part in found.parts.get(source.table, ()):
            if part["first"] <= high and part["last"] >= low:
                frame = frame.join(_numbers(part), on="number", how="anti")
        for number, day in frame.select("number", "day").head(MOST_TOLD - told).iter_rows():
            told += 1
            yield _sentence(source.table, Changed(PUT_IN, (number,)), day)


def _numbers(part: dict[str, Any]) -> pl.DataFrame:
    try:
        return unseal(Sealed.from_dict(part["file"])).select("number")
    except SealBroken:
        return pl.DataFrame(schema={"number": pl.Int64})  # said already


def _sentence(table: str, row: Changed, day: dt.date) -> str:
    sentences = {
        TAKEN_OUT: _("%(day)s, %(table)s: row %(number)s was taken out."),
        PUT_IN: _("%(day)s, %(table)s: row %(number)s was put in after its day was sealed."),
        ALTERED: _("%(day)s, %(table)s: row %(number)s, or who made it, was altered."),
    }
    return sentences[row.what] % {"day": day, "table": table, "number": row.key[0]}


def erasures() -> list[str]:
    """Every erasure with its act: they are told with each verification, so that none goes unseen."""
    by_day = _("%(table)s: rows before %(day)s may be erased. %(act)s (recorded on %(at)s by %(by)s)")
    by_number = _("%(table)s: the rows %(numbers)s may be erased. %(act)s (recorded on %(at)s by %(by)s)")
    return [
        (by_day if one.before else by_number)
        % {
            "table": one.table,
            "day": one.before,
            "numbers": ", ".join(map(str, one.numbers)),
            "act": one.act,
            "at": one.at.date(),
            "by": one.by_name or "–",
        }
        for one in AuditErasure.objects.order_by("pk")
    ]
