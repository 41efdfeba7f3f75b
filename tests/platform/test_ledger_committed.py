"""The ledger against its owner, and against several who post at once: rows that are committed."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator

import pytest
from django.db import InternalError, ProgrammingError, connection, connections
from ledger_world import NOW, entry, move, open_all

from tirek.access.scope import loading
from tirek.ledger.models import Transaction
from tirek.ledger.queries import balance, balances
from tirek.ledger.queries.verification import differences, tampering
from tirek.ledger.refusals import KeyTaken, LedgerRefused
from tirek.ledger.services import post, post_many, reverse, seal_ledger
from tirek.storage.database import APP, OWNER, connection_settings, prepare
from tirek.storage.journals import take_rights_back


def run(statement: str, *parameters) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()


def test_rights_stay_away_when_the_database_is_prepared_again(committed_db):
    settings = connection_settings(OWNER) | {"NAME": "test_committed"}
    prepare(settings, create=False)
    assert run("select has_table_privilege(%s, 'ledger_posting', 'UPDATE')", APP) == [(True,)], "grants come back"
    take_rights_back(settings)
    for table in ("ledger_posting", "ledger_balance"):
        assert run("select has_table_privilege(%s, %s, 'UPDATE')", APP, table) == [(False,)]
    assert run("select has_table_privilege(%s, 'ledger_account', 'UPDATE')", APP) == [(True,)]


def test_even_the_owner_changes_nothing_while_the_triggers_stand(committed_db):
    open_all()
    move("a", ("sponsor", "fund", 10))
    owner = connections["owner"]
    for statement_ in (
        "update ledger_posting set amount_tiyn = 1",
        "delete from ledger_posting",
        "update ledger_transaction set note = 'x'",
        "update ledger_account set kind = 'outside'",
        "truncate ledger_balance",
    ):
        with pytest.raises((InternalError, ProgrammingError), match="Cannot"), owner.cursor() as cursor:
            cursor.execute(statement_)


def test_tampering_by_the_owner_is_found(committed_db):
    open_all()
    first = move("a", ("sponsor", "fund", 10))
    move("b", ("fund", "paid", 4), booked_on=dt.date(2025, 3, 3))
    with loading():
        made = seal_ledger(by=None, now=NOW)
        assert made.transaction_count == 2
        assert seal_ledger(by=None, now=NOW) is None
    move("c", ("sponsor", "fund", 1))
    with loading():
        assert seal_ledger(by=None, now=NOW).previous_sha256 == made.sha256
        assert differences() == tampering() == []
    with connections["owner"].cursor() as cursor:
        cursor.execute("set session_replication_role = replica")
        cursor.execute("update ledger_posting set amount_tiyn = 9 where transaction_id = %s", [first.pk])
        cursor.execute("update ledger_transaction set total_tiyn = 9 where id = %s", [first.pk])
        cursor.execute("update ledger_balance set balance_tiyn = balance_tiyn + 1 where account_id in"
                       " (select id from ledger_account where code = 'sponsor')")  # fmt: skip
        cursor.execute("update ledger_seal set total_tiyn = total_tiyn - 1 where id = %s", [made.pk])
        cursor.execute("set session_replication_role = origin")
    with loading():
        told = tampering()
        assert any(f"L-{first.pk}/1" in line and "was 10 and is 9" in line for line in told)
        assert any("does not follow" in line for line in told)
        assert any("All balances together" in line for line in differences())
        assert any("fund" in line and "10" in line for line in differences())
    connections["owner"].close()


def at_once(*acts) -> list[object]:
    """Run each in a thread with a connection of its own, begun together; what each gave, or its exception."""
    gate, given = threading.Barrier(len(acts)), [None] * len(acts)

    def one(place: int, act) -> None:
        try:
            gate.wait(20)
            with loading():
                given[place] = act()
        except Exception as error:
            given[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return given


def test_two_officers_at_once_do_not_overdraw(committed_db):
    open_all()
    move("in", ("sponsor", "fund", 100))
    given = at_once(
        *(lambda n=n: post(entry=entry(f"out{n}", ("fund", "paid", 60)), by=None, now=NOW) for n in range(4))
    )
    assert sorted(type(each).__name__ for each in given) == ["NotEnoughMoney"] * 3 + ["Transaction"]
    with loading():
        assert balances(codes=["fund", "paid"]) == {"fund": 40, "paid": 60}
        assert differences() == []


def test_the_same_button_pressed_at_once_posts_once(committed_db):
    open_all()
    given = at_once(*[lambda: post(entry=entry("same", ("sponsor", "fund", 5)), by=None, now=NOW)] * 4)
    assert len({each.pk for each in given}) == 1
    with loading():
        assert balance("fund") == 5


def test_the_same_key_with_another_content_at_once_posts_one_of_them(committed_db):
    open_all()
    given = at_once(
        *(lambda n=n: post(entry=entry("same", ("sponsor", "fund", 5 + n)), by=None, now=NOW) for n in range(3))
    )
    assert sum(isinstance(each, KeyTaken) for each in given) == 2


def test_two_who_reverse_at_once_reverse_once(committed_db):
    open_all()
    number = move("in", ("sponsor", "fund", 100)).number
    given = at_once(*(lambda n=n: reverse(number=number, reason=f"because {n}", by=None, now=NOW) for n in range(3)))
    assert sum(isinstance(each, LedgerRefused) for each in given) == 2
    with loading():
        assert balance("fund") == 0


def test_opposite_directions_at_once_do_not_deadlock(committed_db):
    open_all()
    move("in", ("sponsor", "fund", 10_000), ("sponsor", "earmark", 10_000))
    there = [entry(f"a{n}", ("fund", "earmark", 1)) for n in range(200)]
    back = [entry(f"b{n}", ("earmark", "fund", 1)) for n in range(200)]
    given = at_once(
        *(lambda part=part: post_many(entries=part, by=None, now=NOW) for part in (there[:100], back[:100])),
        *(lambda part=part: [post(entry=e, by=None, now=NOW) for e in part] for part in (there[100:], back[100:])),
    )
    assert not [each for each in given if isinstance(each, Exception)]
    with loading():
        assert balances(codes=["fund", "earmark"]) == {"fund": 10_000, "earmark": 10_000}
        assert differences() == []


def test_sealing_waits_for_who_is_posting(committed_db):
    """A transaction with a smaller number that is still on its way is under the seal, never behind it."""
    open_all()
    begun, may_end = threading.Event(), threading.Event()

    def slow() -> None:
        with loading():
            post(entry=entry("slow", ("sponsor", "fund", 1)), by=None, now=NOW)
            begun.set()
            may_end.wait(20)
        connection.close()

    poster = threading.Thread(target=slow)
    poster.start()
    assert begun.wait(20)
    sealed: list = []

    def seal() -> None:
        with loading():
            sealed.append(seal_ledger(by=None, now=NOW))
        connection.close()

    sealer = threading.Thread(target=seal)
    sealer.start()
    sealer.join(0.5)
    assert sealer.is_alive(), "it waits"
    assert not sealed
    may_end.set()
    poster.join(20)
    sealer.join(20)
    assert sealed[0].transaction_count == 1
    with loading():
        assert tampering() == []


POSTING = """
import os, sys
sys.path[:0] = {path!r}
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tirek.site.settings")
import django
django.setup()
from django.db import connection
from ledger_world import NOW, entry
from tirek.access.scope import loading
from tirek.ledger.services import post, post_many, reverse

def posted(stop):
    count = 0
    def counting(execute, sql, params, many, context):
        nonlocal count
        count += 1
        if count == stop:
            os._exit(9)
        return execute(sql, params, many, context)
    with connection.execute_wrapper(counting), loading():
        post_many(entries=[entry("a", ("sponsor", "fund", 5)), entry("b", ("fund", "paid", 2), ("fund", "earmark", 1))], by=None, now=NOW)

for line in sys.stdin:  # a process for each, without loading everything anew
    child = os.fork()
    if child == 0:
        posted(int(line))
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture
def killed(committed_db) -> Iterator[Callable[[int], int]]:
    """Posts in a process of its own that dies before the n-th statement (0: never); gives its exit code."""
    environment = os.environ | {"TIREK_DATABASE": "test_committed", "PYTHONWARNINGS": "ignore"}
    code = textwrap.dedent(POSTING).format(path=[os.path.dirname(__file__)])
    with subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout

        def one(stop: int) -> int:
            process.stdin.write(f"{stop}\n")
            process.stdin.flush()
            return int(process.stdout.readline())

        yield one
        process.stdin.close()


def test_killed_at_any_statement_leaves_all_or_nothing_and_a_retry_posts_once(killed):
    open_all()
    stop, ended = 1, killed(1)
    seen = []
    while ended == 9:
        with loading():
            seen.append(Transaction.objects.count())
            assert Transaction.objects.count() == 0
            assert set(balances().values()) == {0}
            assert differences() == []
        stop += 1
        ended = killed(stop)
    assert ended == 0
    assert len(seen) >= 3, "there were statements to be killed at"
    assert killed(0) == 0
    with loading():
        assert Transaction.objects.count() == 2
        assert balances(codes=["fund", "paid"]) == {"fund": 2, "paid": 2}
        assert differences() == []
