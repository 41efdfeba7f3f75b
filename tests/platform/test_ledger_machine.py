"""The ledger's life as a state machine: posts, retries, reversals, closings, officers on two connections, crashes.

Beside the database lives the slow, obvious twin: a list of the transactions that stand, summed anew at every question.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest
from django.db import connection, connections, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from ledger_world import NOW, entry, open_all

from tirek.access.scope import loading
from tirek.ledger.models import Account, Transaction
from tirek.ledger.queries import balance, balances, statement_rows
from tirek.ledger.queries.verification import differences, tampering
from tirek.ledger.refusals import KeyTaken, LedgerRefused, NotEnoughMoney
from tirek.ledger.services import close_days, post, post_many, reverse, seal_ledger

CODES = ("sponsor", "fund", "earmark", "committed", "paid")
DAYS = [dt.date(2025, 9, 1) + dt.timedelta(days=n) for n in range(40)]
lines = st.lists(
    st.tuples(st.sampled_from(CODES), st.sampled_from(CODES), st.integers(1, 500)).filter(lambda x: x[0] != x[1]),
    min_size=1,
    max_size=4,
)
keys = st.sampled_from([f"key{n}" for n in range(12)])


class _Crash(Exception):
    """The program ends between two statements."""


class LedgerLife(RuleBasedStateMachine):
    """Rules call the services; the twin says what must come of it."""

    @initialize()
    def begin(self):
        with connections["owner"].cursor() as cursor:  # the owner alone can empty it, with triggers off
            cursor.execute("set session_replication_role = replica")
            for table in ("posting", "turnover", "balance", "seal", "transaction", "account"):
                cursor.execute(f"delete from ledger_{table}")
            cursor.execute("alter sequence ledger_transaction_id_seq restart")
            cursor.execute("set session_replication_role = origin")
        open_all()
        self.posted: dict[str, tuple] = {}  # key -> (lines, day)
        self.numbers: dict[str, str] = {}
        self.reversed: set[str] = set()
        self.closed: dt.date | None = None

    def sums(self, on: dt.date | None = None) -> Counter:
        held: Counter = Counter(dict.fromkeys(CODES, 0))
        for moved, day in self.posted.values():
            if on is None or day <= on:
                for source, destination, amount in moved:
                    held[source] -= amount
                    held[destination] += amount
        return held

    def expected(self, key: str, moved: list, day: dt.date) -> type[Exception] | None:
        if key in self.posted:
            return None if self.posted[key] == (moved, day) else KeyTaken
        if self.closed and day <= self.closed:
            return LedgerRefused
        after = self.sums()
        for source, destination, amount in moved:
            after[source] -= amount
            after[destination] += amount
        return NotEnoughMoney if any(after[c] < 0 for c in CODES if c != "sponsor") else None

    @rule(key=keys, moved=lines, day=st.sampled_from(DAYS))
    def post_one(self, key, moved, day):
        wrong = self.expected(key, moved, day)
        if wrong:
            with pytest.raises(wrong), loading():
                post(entry=entry(key, *moved, booked_on=day), by=None, now=NOW)
            return
        with loading():
            made = post(entry=entry(key, *moved, booked_on=day), by=None, now=NOW)
        assert self.numbers.setdefault(key, made.number) == made.number
        self.posted[key] = (moved, day)

    @rule(batch=st.lists(st.tuples(keys, st.integers(1, 400)), min_size=2, max_size=5, unique_by=lambda x: x[0]))
    def post_a_batch_of_gifts(self, batch):
        """New ones and retries in one list: all of it or nothing."""
        day = DAYS[-1]
        wanted = {key: [("sponsor", "fund", amount)] for key, amount in batch}
        expected = [self.expected(key, moved, day) for key, moved in wanted.items()]
        entries = [entry(key, *moved, booked_on=day) for key, moved in wanted.items()]
        if any(expected):
            with pytest.raises(LedgerRefused), loading():
                post_many(entries=entries, by=None, now=NOW)
            return
        with loading():
            for key, made in zip(wanted, post_many(entries=entries, by=None, now=NOW), strict=True):
                assert self.numbers.setdefault(key, made.number) == made.number
        self.posted |= {key: (moved, day) for key, moved in wanted.items()}

    @precondition(lambda self: self.numbers)
    @rule(data=st.data())
    def reverse_one(self, data):
        key = data.draw(st.sampled_from(sorted(k for k in self.numbers if not k.startswith("reverse"))))
        back = [(destination, source, amount) for source, destination, amount in self.posted[key][0]]
        day = NOW.date()
        again = f"reverse {key}"
        wrong = None if key in self.reversed else self.expected(again, back, day)
        if wrong:
            with pytest.raises(wrong), loading():
                reverse(number=self.numbers[key], reason="a mistake", by=None, now=NOW)
            return
        with loading():
            made = reverse(number=self.numbers[key], reason="a mistake", by=None, now=NOW)
            with pytest.raises(LedgerRefused), transaction.atomic():
                reverse(number=self.numbers[key], reason="another word", by=None, now=NOW)
        self.reversed.add(key)
        assert self.numbers.setdefault(again, made.number) == made.number
        self.posted[again] = (back, day)

    @rule(key=keys, moved=lines, stop=st.integers(1, 8))
    def crash(self, key, moved, stop):
        """The program ends before one of its statements: nothing of it is there."""
        count = 0

        def counting(execute, sql, params, many, context):
            nonlocal count
            count += 1
            if count == stop:
                raise _Crash
            return execute(sql, params, many, context)

        try:
            with loading(), connection.execute_wrapper(counting):
                post(entry=entry(f"crash {key}", *moved, booked_on=DAYS[-1]), by=None, now=NOW)
                raise _Crash
        except (_Crash, LedgerRefused):
            pass

    @rule(first=st.integers(1, 300), second=st.integers(1, 300))
    def two_officers(self, first, second):
        """The second waits for the first and is judged by what is left."""
        from test_ledger_committed import at_once

        tag = f"two {len(self.posted)}"
        given = at_once(
            *(
                lambda n=n, amount=amount: post(
                    entry=entry(f"{tag}.{n}", ("fund", "paid", amount), booked_on=DAYS[-1]), by=None, now=NOW
                )
                for n, amount in enumerate((first, second))
            )
        )
        for n, (amount, made) in enumerate(zip((first, second), given, strict=True)):
            if isinstance(made, Transaction):
                self.posted[f"{tag}.{n}"] = ([("fund", "paid", amount)], DAYS[-1])
                self.numbers[f"{tag}.{n}"] = made.number
            elif self.closed is None or DAYS[-1] > self.closed:
                assert isinstance(made, NotEnoughMoney)
        left = self.sums()["fund"]
        for amount, made in zip((first, second), given, strict=True):
            if isinstance(made, NotEnoughMoney):
                assert amount > left, "who was refused would not have fitted"

    @rule()
    def seal(self):
        with loading():
            seal_ledger(by=None, now=NOW)

    @rule(day=st.sampled_from(DAYS[:20]))
    def close(self, day):
        if self.closed and day <= self.closed:
            with pytest.raises(LedgerRefused), loading():
                close_days(through=day, by=None, now=NOW)
            return
        with loading():
            close_days(through=day, by=None, now=NOW)
        self.closed = day

    @invariant()
    def it_adds_up(self):
        if not hasattr(self, "posted"):
            return
        with loading():
            assert balances() == dict(self.sums())
            assert differences() == []
            assert Transaction.objects.count() == len(self.posted)

    @rule(day=st.sampled_from(DAYS), code=st.sampled_from(CODES))
    def look_back(self, day, code):
        with loading():
            assert balance(code, on=day) == self.sums(day)[code]
            rows = list(statement_rows(Account.objects.get(code=code), since=None, until=day))
            assert (rows[0].balance_tiyn if rows else 0) == self.sums(day)[code]

    def teardown(self):
        if hasattr(self, "posted"):
            with loading():
                assert tampering() == []


def test_a_ledgers_life(committed_db):
    run_state_machine_as_test(
        LedgerLife,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
