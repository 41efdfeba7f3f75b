"""The ledger: 12,000 entries posted at once, balances among a million postings; beside Beancount on the same entries.

    python benchmarks/ledger.py [--quick]

Processor seconds of this process and the database's server together, and seconds on the wall. The peer, Beancount (PyPI), keeps
ledgers in memory: it checks and sums the same entries, without storing, without a second writer, without a crash to survive.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import random
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

ENTRIES = 12_000
DAYS = 700
NOW = dt.datetime(2025, 12, 1, 9, tzinfo=dt.UTC)
PROMISED_SECONDS = 1.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="100,000 postings instead of a million")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tirek-ledger-") as folder:
        os.environ["TIREK_HOME"] = folder
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tirek.site.settings")
        from tirek.storage.setup import django_ready, migrate_database

        django_ready()
        migrate_database(verbosity=0)
        measure(100_000 if chosen.quick else 1_000_000)


def measure(postings: int) -> None:
    from tirek.access.scope import loading
    from tirek.ledger.queries import account, balance, statement, trial_balance
    from tirek.ledger.queries.verification import differences

    open_accounts()
    fill(postings)
    with loading():
        batch = entries(ENTRIES, "batch")
        began, busy = time.perf_counter(), processor()
        post(batch)
        wall, cpu = time.perf_counter() - began, processor() - busy
        verdict = "kept" if wall <= PROMISED_SECONDS else "NOT kept"
        print(
            f"post {ENTRIES:,} entries upon {postings:,} postings: {wall:.2f} s, {cpu:.2f} s of processors (≤ 1.5 s: {verdict})"
        )
        began = time.perf_counter()
        post(batch)
        print(f"the same again, which posts nothing: {time.perf_counter() - began:.2f} s")
        hot, day = account("budget"), NOW.date() - dt.timedelta(days=100)
        took("balance now", lambda: balance("budget"))
        took("balance of a day", lambda: balance("budget", on=day))
        took("page of 50 of the account that all touch", lambda: statement(hot, until=day))
        from tirek.access.scope import current_scope

        took("trial balance of 2,001 accounts of a day", lambda: trial_balance(current_scope(), on=day), 3)
        plain(day)
        began = time.perf_counter()
        assert differences() == []
        print(f"every balance and turnover against all postings (verify): {time.perf_counter() - began:.2f} s")
    beancount(batch)


def open_accounts() -> None:
    from tirek.access.scope import loading
    from tirek.ledger import services
    from tirek.ledger.services.accounts import NewAccount

    accounts = [
        NewAccount("treasury", "outside", "т", "т", "t", (0, 10)),
        NewAccount("budget", "budget", "б", "б", "b", (0, 10)),
    ]
    accounts += [NewAccount(f"owed:{n}", "payable", "к", "к", "k", (n, n)) for n in range(1, 2_000)]
    with loading():
        services.open_accounts(accounts=accounts, by=None, now=NOW)


def entries(count: int, name: str) -> list:
    from tirek.ledger.services import Entry, Line

    chance = random.Random(f"{name} {count}")
    return [
        Entry(
            key=f"{name}:{n}", code="ledger.by_hand", parameters={"reason": "settled"},
            booked_on=NOW.date() - dt.timedelta(days=chance.randrange(DAYS)),
            lines=(Line("budget", f"owed:{chance.randrange(1, 2_000)}", chance.randrange(1, 10**7)),),
        )
        for n in range(count)
    ]  # fmt: skip


def post(batch: list) -> None:
    from tirek.ledger.services import post_many

    post_many(entries=batch, by=None, now=NOW)


def fill(postings: int) -> None:
    from tirek.access.scope import loading
    from tirek.ledger.services import Entry, Line

    began = time.perf_counter()
    with loading():
        first = dt.date(2020, 1, 1)
        post([Entry(key="budget", code="ledger.by_hand", booked_on=first, lines=(Line("treasury", "budget", 10**15),))])
    for start in range(0, postings, 20_000):
        with loading():
            post(entries(20_000, f"fill{start}"))
    print(f"{postings:,} postings put in, in batches of 20,000: {time.perf_counter() - began:.0f} s", flush=True)
    from django.db import connections

    with connections["owner"].cursor() as cursor:
        for table in ("transaction", "posting", "turnover", "balance", "account"):
            cursor.execute(f"vacuum analyze ledger_{table}")


def processor() -> float:
    """Processor seconds of this process and of the database's processes."""
    total = time.process_time()
    ticks = os.sysconf("SC_CLK_TCK")
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _bracket, rest = status.read_text().rpartition(")")
        except OSError:
            continue
        if "postgres" in name:
            fields = rest.split()
            total += (int(fields[11]) + int(fields[12])) / ticks
    return total


def took(what: str, act, times: int = 20) -> None:
    spent = []
    for _ in range(times):
        began = time.perf_counter()
        act()
        spent.append(time.perf_counter() - began)
    print(f"{what}: {sorted(spent)[len(spent) // 2] * 1000:.1f} ms")


def plain(day: dt.date) -> None:
    """The plain way: sum the postings at each question."""
    from django.db import connection

    query = (
        "select account, sum(amount) from (select destination_id as account, amount_tiyn as amount from ledger_posting"
        " where booked_on <= %s union all select source_id, -amount_tiyn from ledger_posting where booked_on <= %s) x group by 1"
    )

    def ask() -> None:
        with connection.cursor() as cursor:
            cursor.execute(query, [day, day])
            cursor.fetchall()

    took("  the same by summing all postings in SQL", ask, 3)


def beancount(batch: list) -> None:
    try:
        from beancount import loader
    except ModuleNotFoundError:
        print("peer: beancount is not installed (make setup-bench)")
        return
    names = {line.source for e in batch for line in e.lines} | {line.destination for e in batch for line in e.lines}
    called = {name: "Assets:" + name.replace(":", "-").capitalize() for name in names}
    lines = [f"2000-01-01 open {account} KZT" for account in called.values()]
    for e in batch:
        lines.append(f'{e.booked_on} * "{e.key}"')
        for line in e.lines:
            sum_ = Decimal(line.amount_tiyn) / 100
            lines += [f"  {called[line.source]}  -{sum_} KZT", f"  {called[line.destination]}  {sum_} KZT"]
    began, busy = time.perf_counter(), time.process_time()
    found, errors, _options = loader.load_string("\n".join(lines) + "\n")
    wall, cpu = time.perf_counter() - began, time.process_time() - busy
    if errors:
        sys.exit(f"beancount found errors: {errors[:2]}")
    print(
        f"peer: Beancount reads and checks the same {ENTRIES:,} entries in memory: {wall:.2f} s, {cpu:.2f} s of processor"
    )
    assert len(found) >= ENTRIES


if __name__ == "__main__":
    main()
