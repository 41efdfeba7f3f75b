"""One transaction, one account."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tirek.ledger.models import Account, Transaction
from tirek.ledger.words import reason_of, say


@dataclass(frozen=True)
class ShownLine:
    """``source`` and ``destination`` are None where the asker may not see the account."""

    source: Account | None
    destination: Account | None
    amount_tiyn: int


@dataclass(frozen=True)
class Shown:
    """A transaction as its page shows it."""

    transaction: Transaction
    lines: list[ShownLine]
    hidden_lines: int
    says: str
    link: str
    reverses: Transaction | None
    reversed_by: Transaction | None


def account(code: str) -> Account | None:
    """The account if the asker may see it."""
    return Account.objects.filter(code=code).first()


def transaction_of(number: str) -> Shown | None:
    """The transaction with what is to be seen of it, or None."""
    pk = number.removeprefix("L-")
    if not pk.isdecimal() or len(pk) > 18:
        return None
    found = Transaction.objects.filter(pk=int(pk)).first()
    if found is None:
        return None
    postings = list(found.postings.order_by("line"))
    accounts = Account.objects.in_bulk({p for x in postings for p in (x.source_id, x.destination_id)})
    lines = [ShownLine(accounts.get(p.source_id), accounts.get(p.destination_id), p.amount_tiyn) for p in postings]
    reason = reason_of(found.code)
    return Shown(
        found, lines, found.posting_count - len(lines), say(found.code, found.parameters),
        reason.link(found.parameters) if reason and reason.link else "",
        Transaction.objects.filter(pk=found.reverses_id).first() if found.reverses_id else None,
        Transaction.objects.filter(reverses=found).first(),
    )  # fmt: skip


def transactions_by_key(keys: Iterable[str]) -> dict[str, Transaction]:
    """The transactions posted under these keys, as far as the asker sees them."""
    return {found.key: found for found in Transaction.objects.filter(key__in=list(keys))}
