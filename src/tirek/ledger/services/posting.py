"""Post and reverse: whole transactions, once, never edited."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.permissions import may
from tirek.access.scope import Scope, current_scope, loading
from tirek.ledger.models import Account, Transaction
from tirek.ledger.money import check_amount, tenge
from tirek.ledger.refusals import KeyTaken, LedgerRefused, NotEnoughMoney
from tirek.ledger.words import REVERSAL
from tirek.storage.database import LOADER

MANY = 5_000
"""Transactions a statement: an array of some megabytes, not of hundreds."""


@dataclass(frozen=True)
class Line:
    """One posting: from one account's code to another's, a positive number of tiyn."""

    source: str
    destination: str
    amount_tiyn: int


@dataclass(frozen=True)
class Entry:
    """One transaction to be posted.

    ``key`` says what it is for, once for ever (an outcome's id); ``code`` and ``parameters`` say why (tirek.ledger.words);
    ``booked_on`` is the day it counts for, today if not given; ``decision`` is the number of the decision behind it.
    """

    key: str
    code: str
    lines: tuple[Line, ...]
    parameters: Mapping[str, object] = field(default_factory=dict)
    booked_on: dt.date | None = None
    decision: str = ""
    note: str = ""


def post(*, entry: Entry, by: User | None, now: dt.datetime) -> Transaction:
    """Post one transaction; the same key with the same content gives the one already posted."""
    return post_many(entries=[entry], by=by, now=now)[0]


@transaction.atomic
def post_many(*, entries: Sequence[Entry], by: User | None, now: dt.datetime) -> list[Transaction]:
    """Post all or nothing, in the order given.

    Raises
    ------
    LedgerRefused
        No right; an account that is unknown, closed or outside the territory; an amount that is none; a day that is closed
        or still to come.
    KeyTaken
        A key stands for another content.
    NotEnoughMoney
        An account that may not be overdrawn would be.
    """
    asker = current_scope()
    _check_entries(entries, timezone.localdate(now))
    today = timezone.localdate(now)
    with _in_words(), loading():
        accounts = _accounts(entries, asker)
        rows = [_row(entry, accounts, today) for entry in entries]
        for start in range(0, len(rows), MANY):
            _insert(rows[start : start + MANY], by, now)
        return _posted(rows)


@transaction.atomic
def reverse(*, number: str, reason: str, by: User | None, now: dt.datetime, booked_on: dt.date | None = None):
    """Swap every posting of a transaction in a new one that names it. Never twice; a reversal is not reversed.

    Asked again for the same transaction with the same reason, it gives the reversal that is there.
    """
    asker = current_scope()
    if not reason.strip():
        raise LedgerRefused(_("Say why it is reversed: the reason stays beside the money for good."))
    with _in_words(), loading():
        found = _transaction(number)
        accounts = {a.pk: a for a in _of(found)}
        _check_right(asker, accounts.values())
        if found.reverses_id is not None:
            raise LedgerRefused(
                _("%(number)s is a reversal itself. Post the right transaction anew.") % {"number": number}
            )
        entry = Entry(
            key=f"reverse:{found.pk}", code=REVERSAL, decision=found.decision, booked_on=booked_on or timezone.localdate(now),
            parameters={"number": found.number, "reason": reason.strip(), "code": found.code} | {"of": found.parameters},
            lines=tuple(
                Line(accounts[p.destination_id].code, accounts[p.source_id].code, p.amount_tiyn)
                for p in found.postings.order_by("line")
            ),
        )  # fmt: skip
        before = Transaction.objects.filter(reverses=found).first()
        if before is not None and before.parameters.get("reason") != reason.strip():
            raise LedgerRefused(
                _("%(number)s was reversed already, by %(other)s. It is not reversed twice.")
                % {"number": number, "other": before.number},
                code="ledger_reversed",
            )
        if before is not None:
            return before
        _check_entries([entry], timezone.localdate(now))
        row = _row(entry, {a.code: a for a in accounts.values()}, timezone.localdate(now), reverses=found.pk)
        _insert([row], by, now)
        return _posted([row])[0]


def _transaction(number: str) -> Transaction:
    """Locked: two who reverse at once wait for each other."""
    pk = number.removeprefix("L-")
    found = Transaction.objects.filter(pk=int(pk)).first() if pk.isdecimal() and len(pk) < 19 else None
    if found is None:
        raise LedgerRefused(_("There is no transaction %(number)s.") % {"number": number}, code="ledger_absent")
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(7461731, %s)", [found.pk % 2_000_000_000])
    return found


def _of(found: Transaction) -> list[Account]:
    pairs = found.postings.values_list("source_id", "destination_id")
    return list(Account.objects.filter(pk__in={pk for pair in pairs for pk in pair}))


def _check_entries(entries: Sequence[Entry], today: dt.date) -> None:
    if not entries:
        raise LedgerRefused(_("There is nothing to post."))
    keys = set()
    for entry in entries:
        if not entry.key or len(entry.key) > 200:
            raise LedgerRefused(_("A transaction needs a key of at most 200 signs that says what it is for."))
        if entry.key in keys:
            raise KeyTaken(_("The key %(key)s stands twice in one list.") % {"key": entry.key})
        keys.add(entry.key)
        if not entry.lines:
            raise LedgerRefused(_("The transaction %(key)s moves nothing.") % {"key": entry.key})
        if entry.booked_on and entry.booked_on > today:
            raise LedgerRefused(
                _("%(day)s is still to come. Money is booked on a day that has come.") % {"day": entry.booked_on}
            )
        for line in entry.lines:
            check_amount(line.amount_tiyn)
            if line.source == line.destination:
                raise LedgerRefused(_("Money cannot go from the account %(code)s to itself.") % {"code": line.source})


def _accounts(entries: Sequence[Entry], asker: Scope) -> dict[str, Account]:
    codes = {code for entry in entries for line in entry.lines for code in (line.source, line.destination)}
    found = {account.code: account for account in Account.objects.filter(code__in=codes)}
    _check_right(asker, found.values())
    absent = sorted(codes - found.keys())
    if absent:
        raise LedgerRefused(
            _("There is no account %(code)s. Open it first.") % {"code": absent[0]},
            code="ledger_account_absent",
            codes=absent,
        )
    return found


def _check_right(asker: Scope, accounts) -> None:
    if asker.database_role == LOADER:  # a service above has checked
        return
    if not asker.role or not may(asker.role, "ledger.post"):
        raise LedgerRefused(_("Your role does not move money. Ask the programme office."), code="ledger_no_right")
    outside = [a.code for a in accounts if not (asker.covers(a.org_lo) and asker.covers(a.org_hi))]
    if outside:
        raise LedgerRefused(
            _("The account %(code)s lies outside your territory.") % {"code": outside[0]}, code="ledger_no_right"
        )


@dataclass(frozen=True)
class _Row:
    entry: Entry
    content_sha256: str
    booked_on: dt.date
    lines: tuple[tuple[int, int, int], ...]
    total_tiyn: int
    org: tuple[int, int]
    reverses: int | None


def _row(entry: Entry, accounts: Mapping[str, Account], today: dt.date, reverses: int | None = None) -> _Row:
    booked_on = entry.booked_on or today
    touched = [accounts[code] for line in entry.lines for code in (line.source, line.destination)]
    return _Row(
        entry, content_digest(entry), booked_on,
        tuple((accounts[line.source].pk, accounts[line.destination].pk, line.amount_tiyn) for line in entry.lines),
        sum(line.amount_tiyn for line in entry.lines),
        (min(a.org_lo for a in touched), max(a.org_hi for a in touched)), reverses,
    )  # fmt: skip


def content_digest(entry: Entry) -> str:
    """What a key stands for: reason, parameters, decision, lines; the day only where it was given."""
    content = {
        "code": entry.code, "parameters": dict(entry.parameters), "decision": entry.decision,
        "booked_on": entry.booked_on.isoformat() if entry.booked_on else None,
        "lines": [[line.source, line.destination, line.amount_tiyn] for line in entry.lines],
    }  # fmt: skip
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


INSERT = """
    insert into ledger_transaction (key, content_sha256, code, parameters, decision, note, booked_on, at, by_id, by_name,
        posting_count, total_tiyn, org_lo, org_hi, reverses_id)
    select key, sha, code, parameters::jsonb, decision, note, booked_on, %s, %s, %s, n, total, lo, hi, reverses
    from unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::date[], %s::int[], %s::bigint[],
        %s::int[], %s::int[], %s::bigint[])
        with ordinality as t (key, sha, code, parameters, decision, note, booked_on, n, total, lo, hi, reverses, place)
    order by place
    on conflict (key) do nothing
    returning id, key
"""
POSTINGS = """
    insert into ledger_posting (transaction_id, line, source_id, destination_id, amount_tiyn, booked_on)
    select * from unnest(%s::bigint[], %s::int[], %s::bigint[], %s::bigint[], %s::bigint[], %s::date[])
"""


def _insert(rows: Sequence[_Row], by: User | None, now: dt.datetime) -> None:
    """Transactions that are not there yet, and their postings, in one statement each."""
    entries = [row.entry for row in rows]
    columns: list[list] = [
        [e.key for e in entries], [row.content_sha256 for row in rows], [e.code for e in entries],
        [json.dumps(dict(e.parameters), ensure_ascii=False) for e in entries], [e.decision for e in entries],
        [e.note[:500] for e in entries], [row.booked_on for row in rows], [len(row.lines) for row in rows],
        [row.total_tiyn for row in rows], [row.org[0] for row in rows], [row.org[1] for row in rows],
        [row.reverses for row in rows],
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [now, by.pk if by else None, str(by or ""), *columns])
        new = {key: pk for pk, key in cursor.fetchall()}
        lines = [
            (new[row.entry.key], number, *line, row.booked_on)
            for row in rows
            if row.entry.key in new
            for number, line in enumerate(row.lines, start=1)
        ]
        if lines:
            cursor.execute(POSTINGS, [list(column) for column in zip(*lines, strict=True)])


def _posted(rows: Sequence[_Row]) -> list[Transaction]:
    """The transactions of these keys; one whose content is another is refused."""
    found = {t.key: t for t in Transaction.objects.filter(key__in=[row.entry.key for row in rows])}
    for row in rows:
        before = found[row.entry.key]
        if before.content_sha256 != row.content_sha256:
            raise KeyTaken(
                _(
                    "%(key)s was posted before as %(number)s with another content. Reverse that first, or post under another key."
                )
                % {"key": row.entry.key, "number": before.number},
                number=before.number,
            )
    return [found[row.entry.key] for row in rows]


@contextlib.contextmanager
def _in_words() -> Iterator[None]:
    """What the database refuses, in words; whoever opened the savepoint has rolled it back."""
    try:
        yield
    except IntegrityError as error:
        diag = getattr(error.__cause__, "diag", None)
        name, detail = getattr(diag, "constraint_name", ""), getattr(diag, "message_detail", "") or ""
        if name == "ledger_balance_floor":
            raise _short(detail) from error
        if name == "ledger_closed_account":
            raise LedgerRefused(_("The account %(code)s is closed.") % {"code": detail}, code=name) from error
        if name == "ledger_closed_days":
            said = _("The ledger is closed through %(day)s. Book on a later day.") % {"day": detail}
            raise LedgerRefused(said, code=name) from error
        raise


def _short(detail: str) -> NotEnoughMoney:
    lacking = {code: int(tiyn) for code, _equals, tiyn in (part.rpartition("=") for part in detail.split(", "))}
    code, tiyn = next(iter(lacking.items()))
    return NotEnoughMoney(
        _(
            "The account %(code)s holds too little: %(amount)s are missing. Choose a smaller amount, or wait for money to come."
        )
        % {"code": code, "amount": tenge(tiyn)},
        lacking,
    )
