"""One account's postings with the balance after each, read from the newest backwards without counting from the start."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection
from django.db.models import Sum

from tirek.ledger.models import Account, Posting, Transaction, Turnover

FIRST_DAY, LAST_DAY = dt.date(1900, 1, 1), dt.date(2999, 12, 31)
NEWEST = 2**63 - 1


@dataclass(frozen=True)
class Moved:
    """One posting as its account sees it: positive when money came. ``other`` is None where the asker may not see it."""

    posting_id: int
    transaction: Transaction
    booked_on: dt.date
    amount_tiyn: int
    balance_tiyn: int
    other: Account | None


@dataclass(frozen=True)
class Statement:
    """A page of postings, the newest first; ``older`` is where the next page begins (day, number), or None."""

    account: Account
    since: dt.date
    until: dt.date
    opening_tiyn: int
    in_tiyn: int
    out_tiyn: int
    rows: list[Moved]
    older: tuple[dt.date, int] | None

    @property
    def closing_tiyn(self) -> int:
        return self.opening_tiyn + self.in_tiyn - self.out_tiyn


PAGE = """
    select id, transaction_id, booked_on, amount_tiyn, other from (
        (select id, transaction_id, booked_on, amount_tiyn, source_id as other from ledger_posting
            where destination_id = %(account)s and booked_on >= %(since)s and (booked_on, id) < (%(day)s, %(id)s)
            order by booked_on desc, id desc limit %(limit)s)
        union all
        (select id, transaction_id, booked_on, -amount_tiyn, destination_id from ledger_posting
            where source_id = %(account)s and booked_on >= %(since)s and (booked_on, id) < (%(day)s, %(id)s)
            order by booked_on desc, id desc limit %(limit)s)
    ) both_sides order by booked_on desc, id desc limit %(limit)s
"""
LATER_THAT_DAY = """
    select coalesce(sum(amount_tiyn), 0) from (
        select amount_tiyn from ledger_posting where destination_id = %(account)s and booked_on = %(day)s and id >= %(id)s
        union all select -amount_tiyn from ledger_posting where source_id = %(account)s and booked_on = %(day)s and id >= %(id)s
    ) later
"""


def statement(
    account: Account,
    *,
    since: dt.date | None = None,
    until: dt.date | None = None,
    before: tuple[dt.date, int] | None = None,
    limit: int = 50,
) -> Statement:
    """A page of an account's postings between two days (both included), from ``before`` backwards."""
    first, last = since or FIRST_DAY, until or LAST_DAY
    opening, in_tiyn, out_tiyn = _sums(account, first, last)
    start = before or (last, NEWEST)
    found = _page(account, first, start, limit + 1)
    after = _balance_before(account, start)
    rows = _moved(found[:limit], after)
    older = (rows[-1].booked_on, rows[-1].posting_id) if len(found) > limit else None
    return Statement(account, first, last, opening, in_tiyn, out_tiyn, rows, older)


def statement_rows(account: Account, *, since: dt.date | None, until: dt.date | None) -> Iterator[Moved]:
    """All rows of a period, the newest first, for a file."""
    start: tuple[dt.date, int] | None = None
    while True:
        page = statement(account, since=since, until=until, before=start, limit=5_000)
        yield from page.rows
        if page.older is None:
            return
        start = page.older


def _sums(account: Account, first: dt.date, last: dt.date) -> tuple[int, int, int]:
    days = Turnover.objects.filter(account=account)
    before = days.filter(day__lt=first).aggregate(got=Sum("in_tiyn"), gave=Sum("out_tiyn"))
    within = days.filter(day__gte=first, day__lte=last).aggregate(got=Sum("in_tiyn"), gave=Sum("out_tiyn"))
    opening = int((before["got"] or 0) - (before["gave"] or 0))
    return opening, int(within["got"] or 0), int(within["gave"] or 0)


def _page(account: Account, since: dt.date, start: tuple[dt.date, int], limit: int) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(PAGE, {"account": account.pk, "since": since, "day": start[0], "id": start[1], "limit": limit})
        return cursor.fetchall()


def _balance_before(account: Account, start: tuple[dt.date, int]) -> int:
    """What the account held just before the posting ``start``: whole days from the sums, one day from its postings."""
    sums = Turnover.objects.filter(account=account, day__lte=start[0]).aggregate(
        got=Sum("in_tiyn"), gave=Sum("out_tiyn")
    )
    end_of_day = int((sums["got"] or 0) - (sums["gave"] or 0))
    if start[1] == NEWEST:
        return end_of_day
    with connection.cursor() as cursor:
        cursor.execute(LATER_THAT_DAY, {"account": account.pk, "day": start[0], "id": start[1]})
        (later,) = cursor.fetchone()
    return end_of_day - int(later)


def _moved(found: list[tuple], balance_tiyn: int) -> list[Moved]:
    transactions = Transaction.objects.in_bulk({row[1] for row in found})
    others = Account.objects.in_bulk({row[4] for row in found})
    rows = []
    for pk, transaction_id, booked_on, amount_tiyn, other in found:
        rows.append(Moved(pk, transactions[transaction_id], booked_on, amount_tiyn, balance_tiyn, others.get(other)))
        balance_tiyn -= amount_tiyn
    return rows


def postings_of(found: Transaction) -> list[Posting]:
    """The lines of a transaction that the asker sees."""
    return list(found.postings.order_by("line"))
