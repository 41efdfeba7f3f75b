"""Is the ledger what it was, and does it add up? Every fault in a sentence; no fault is the answer hoped for.

Reads everything: call it as the loader, after the right has been checked.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
from django.db import connection
from django.utils.translation import gettext as _

from tirek.ledger.models import Account, Seal
from tirek.ledger.queries.sealed import frame_of
from tirek.storage.chains import ALTERED, PUT_IN, TAKEN_OUT, broken, changed_rows
from tirek.storage.sealed import SealBroken, Sealed, digest_of, unseal

MOST_TOLD = 100


def differences() -> list[str]:
    """What is kept beside the postings against the postings themselves, by the database's own function, in one pass."""
    with connection.cursor() as cursor:
        cursor.execute("select what, subject, kept, summed from ledger_differences() limit %s", [MOST_TOLD])
        found = cursor.fetchall()
    codes = dict(Account.objects.filter(pk__in=[row[1] for row in found if row[1]]).values_list("pk", "code"))
    return [
        _difference(what, codes.get(subject, f"L-{subject}"), kept, summed) for what, subject, kept, summed in found
    ]


def _difference(what: str, subject: str, kept: object, summed: object) -> str:
    sentences = {
        "balance": _("The balance of %(subject)s is kept as %(kept)s tiyn; its postings sum to %(summed)s."),
        "turnover": _("The turnover of a day of %(subject)s is kept as %(kept)s tiyn; its postings sum to %(summed)s."),
        "floor": _("The account %(subject)s holds %(kept)s tiyn, less than nothing."),
        "zero": _("All balances together make %(summed)s tiyn instead of zero."),
        "transaction": _("The transaction %(subject)s announces %(kept)s tiyn; its postings sum to %(summed)s."),
    }
    return sentences[what] % {"subject": subject, "kept": kept, "summed": summed}


def tampering() -> list[str]:
    """The chain of seals, each sealed file, and every sealed row against the row that stands in the database."""
    return list(_tampering())


def _tampering() -> Iterator[str]:
    for seal, is_broken in broken(Seal.objects.order_by("pk"), seal_digest, _follows):
        name = _("Seal %(first)s–%(last)s") % {"first": seal.first_id, "last": seal.last_id}
        if is_broken:
            yield _("%(seal)s does not follow from the seal before it: a seal was changed, taken out or put in.") % {
                "seal": name
            }
        try:
            was = unseal(Sealed.from_dict(seal.file))
        except SealBroken as error:
            yield f"{name}: {error.message}"
            continue
        yield from _changed(name, was, frame_of(seal.first_id, seal.last_id))


def _follows(before: Seal | None, seal: Seal) -> bool:
    return seal.first_id == (before.last_id + 1 if before else 1)


def seal_digest(seal: Seal) -> str:
    """Everything a seal says, the digest before it included: changing an old one breaks all that follow."""
    return digest_of(
        {
            "first": seal.first_id,
            "last": seal.last_id,
            "transactions": seal.transaction_count,
            "total": seal.total_tiyn,
            "file": seal.file["sha256"],
            "previous": seal.previous_sha256,
            "closed": seal.closed_through,
        }
    )


def _changed(name: str, was: pl.DataFrame, stands: pl.DataFrame) -> Iterator[str]:
    sentences = {
        TAKEN_OUT: _("%(seal)s: the posting %(number)s was taken out."),
        PUT_IN: _("%(seal)s: the posting %(number)s was put in after it was sealed."),
        ALTERED: _("%(seal)s: in the posting %(number)s, %(column)s was %(before)s and is %(after)s."),
    }
    for row in changed_rows(was, stands, ["id", "line"], MOST_TOLD):
        pk, line = row.key
        yield sentences[row.what] % {
            "seal": name, "number": f"L-{pk}/{line}", "column": row.column, "before": row.before, "after": row.after,
        }  # fmt: skip
