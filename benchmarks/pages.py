"""Pages on the country's register: 16 clients, row security on and off, beside a constant page.

    python benchmarks/pages.py                    # loads the country once (long), then measures
    python benchmarks/pages.py --scale tiny --quick   # a look that everything works
    python benchmarks/pages.py --json

Server (2 processes x 2 threads), database and load generator share the processors. The asker is an officer scoped to one
region. Rounds with row security on and off alternate on the same server, so that both meet the same machine; it is
switched on again whatever happens. Queries are counted and timed in a process of its own, one page at a time.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from load import Load, ask

ROOT = Path(__file__).resolve().parents[1]
CLIENTS, SECONDS, ROUNDS, INSTITUTIONS, ASKINGS = 16, 5.0, 3, 200, 5
GOAL_SECURITY, GOAL_LIST, GOAL_QUERY_MS, GOAL_QUERIES = 1.3, 4.0, 50.0, 12
ASKED_NAMES = ("Самалов", "Теңізов Айша", "Қыранов Ілияс", "Орманова", "Маржанова Дана", "Талов Асан")
MISTYPED_NAMES = ("Самолов", "Тенгизов", "Теңзов Айша", "Орменова", "Маржонова Дана", "Оспаноав Санжар")


def prepare(scale: str) -> None:
    """The register of a size, loaded once into this benchmark's own home."""
    os.environ.setdefault("TIREK_HOME", str(ROOT / ".tirek" / "bench"))
    os.environ.update(TIREK_DEMO="1", TIREK_LOG="text", TIREK_LOG_LEVEL="ERROR")
    from tirek.storage.setup import django_ready, migrate_database

    django_ready()
    migrate_database(verbosity=0)
    from django.core.management import call_command

    call_command("collectstatic", interactive=False, verbosity=0)
    from tirek.site.demo.stages import load_stages

    done = load_stages(scale=scale, progress=lambda n, total, what: print(f"\r  {what}: {n:,} of {total:,}", end=""))
    print(f"\r  register of scale {done['scale']} is there" + " " * 30)


@contextlib.contextmanager
def server() -> Iterator[int]:
    """The server as in production, with the yardstick's pages added; gives its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "bench_settings",
        "PYTHONPATH": f"{ROOT / 'benchmarks'}:{ROOT / 'src'}",
    }
    command = [sys.executable, "-m", "tirek.site", "serve", "--port", str(port), "--strict-port"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        for _ in range(600):
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2):
                break
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def signed_in():
    """A client of Django's, signed in as the region's officer, and its cookie."""
    from django.test import Client

    from tirek.access.models import User
    from tirek.access.scope import loading

    client = Client(headers={"host": "localhost"})
    with loading():
        user = User.objects.get(username="region")
    client.force_login(user, backend="tirek.access.backends.ScopedBackend")
    return client, "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())


def pages() -> dict[str, list[str]]:
    """The measured pages; an institution's page is asked for many institutions."""
    from tirek.access.models import Grant
    from tirek.access.scope import loading
    from tirek.registry.models import Institution

    with loading():
        grant = Grant.objects.get(user__username="region")
        found = Institution.objects.filter(org_no__gte=grant.org_lo, org_no__lte=grant.org_hi).order_by("org_no")
        codes = list(found.values_list("code", flat=True))
    step = max(1, len(codes) // INSTITUTIONS)
    return {
        "home": ["/home/"],
        "institution list": ["/institutions/"],
        "institution": [f"/institutions/{code}/" for code in codes[::step]],
        "person search": [f"/people/?q={quote(name)}" for name in ASKED_NAMES + MISTYPED_NAMES],
    }


@dataclass(frozen=True)
class Queries:
    """Most queries on a page, and the slowest of all: milliseconds on the wall and of the database's processor."""

    most: int = 0
    slowest: float = 0.0
    slowest_cpu: float = 0.0


def count_queries(client, paths: list[str]) -> Queries:
    """Each page is asked once before, then several times; of each query's times the median counts."""
    most, slowest, slowest_cpu = 0, 0.0, 0.0
    for path in paths[:12]:
        client.get(path)
        askings = [timed_queries(client, path) for _ in range(ASKINGS)]
        most = max(most, *map(len, askings))
        for times in zip(*askings, strict=False):
            slowest = max(slowest, statistics.median(wall for wall, _cpu in times))
            slowest_cpu = max(slowest_cpu, statistics.median(cpu for _wall, cpu in times))
    return Queries(most, slowest, slowest_cpu)


def timed_queries(client, path: str) -> list[tuple[float, float]]:
    """Milliseconds of each query of a page."""
    from django.db import connection

    took: list[tuple[float, float]] = []

    def watch(execute, sql, params, many, context):
        spent = Path(f"/proc/{context['connection'].connection.info.backend_pid}/schedstat")  # Linux
        before, began = processor(spent), time.perf_counter()
        result = execute(sql, params, many, context)
        if not sql.startswith(("SAVEPOINT", "RELEASE")):
            took.append(((time.perf_counter() - began) * 1000, (processor(spent) - before) / 1e6))
        return result

    connection.ensure_connection()
    with connection.execute_wrapper(watch):
        response = client.get(path)
    assert response.status_code == 200, f"{path}: {response.status_code}"
    return took


def processor(schedstat: Path) -> int:
    """Nanoseconds that a process has had."""
    return int(schedstat.read_text().split()[0]) if schedstat.exists() else 0


def secured_tables() -> list[str]:
    from django.db import connections

    with connections["owner"].cursor() as cursor:
        cursor.execute("select relname from pg_class where relkind = 'r' and relrowsecurity order by 1")
        return [name for (name,) in cursor.fetchall()]


def set_security(tables: list[str], on: bool) -> None:
    from django.db import connections

    with connections["owner"].cursor() as cursor:
        for table in tables:
            cursor.execute(f'alter table "{table}" {"enable" if on else "disable"} row level security')


def measure(
    port: int, cookie: str, wanted: dict[str, list[str]], rounds: int, seconds: float
) -> dict[str, dict[bool, list[Load]]]:
    """Rounds of load for each page, row security on and off in turn."""
    tables = secured_tables()
    found: dict[str, dict[bool, list[Load]]] = {name: {True: [], False: []} for name in wanted}
    try:
        for _ in range(rounds):
            for is_on in (True, False):
                set_security(tables, is_on)
                for name, paths in wanted.items():
                    ask(port, paths, cookie, clients=CLIENTS, seconds=0.7)  # new plans after the switch
                    found[name][is_on].append(ask(port, paths, cookie, clients=CLIENTS, seconds=seconds))
    finally:
        set_security(tables, True)
    return found


def middle(loads: list[Load], share: float) -> float:
    """Median over the rounds of a quantile."""
    return statistics.median(load.quantile(share) for load in loads)


def report(found: dict[str, dict[bool, list[Load]]], queries: dict[str, Queries]) -> list[dict]:
    constant = middle(found["constant page"][True], 0.5)
    rows = []
    for name, loads in found.items():
        on, off = loads[True], loads[False]
        asked = queries.get(name, Queries())
        rows.append({
            "page": name, "p50": middle(on, 0.5), "p95": middle(on, 0.95), "p99": middle(on, 0.99),
            "rate": statistics.median(load.rate for load in on), "p95_off": middle(off, 0.95),
            "ratio_security": statistics.median(a.quantile(0.95) / b.quantile(0.95) for a, b in zip(on, off, strict=True)),
            "ratio_constant": middle(on, 0.5) / constant, "queries": asked.most,
            "slowest_ms": asked.slowest, "slowest_cpu_ms": asked.slowest_cpu,
            "failed": sum(load.failed for load in on + off),
        })  # fmt: skip
    return rows


def show(rows: list[dict]) -> None:
    print(
        "| page | p50 ms | p95 | p99 | requests/s | p95 without row security | ratio [1.3] | of constant page | queries | slowest, ms | its processor ms |"
    )
    print("|" + "---|" * 11)
    for r in rows:
        print(
            f"| {r['page']} | {r['p50']:.0f} | {r['p95']:.0f} | {r['p99']:.0f} | {r['rate']:.0f} | {r['p95_off']:.0f}"
            f" | {r['ratio_security']:.2f} | {r['ratio_constant']:.1f} | {r['queries']} | {r['slowest_ms']:.1f} | {r['slowest_cpu_ms']:.1f} |"
        )


def missed(rows: list[dict]) -> list[str]:
    """Goals that were not reached."""
    found = []
    for row in rows:
        if row["failed"]:
            found.append(f"{row['page']}: {row['failed']} requests failed")
        if row["page"] in ("constant page", "bare page"):
            continue
        if row["ratio_security"] > GOAL_SECURITY:
            found.append(f"{row['page']}: row security costs {row['ratio_security']:.2f} of p95 [{GOAL_SECURITY}]")
        if row["queries"] > GOAL_QUERIES or row["slowest_ms"] > GOAL_QUERY_MS:
            found.append(f"{row['page']}: {row['queries']} queries, slowest {row['slowest_ms']:.0f} ms [12, 50 ms]")
        if row["page"] == "institution list" and row["ratio_constant"] > GOAL_LIST:
            found.append(f"the list takes {row['ratio_constant']:.1f} x a constant page [{GOAL_LIST:.0f}]")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", default="country", choices=["tiny", "mangystau", "turkestan", "country"])
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.rounds, chosen.seconds = 1, 2.0
    prepare(chosen.scale)
    client, cookie = signed_in()
    wanted = pages()
    queries = {name: count_queries(client, paths) for name, paths in wanted.items()}
    with server() as port:
        wanted |= {"constant page": ["/constant/"], "bare page": ["/bare/"]}
        found = measure(port, cookie, wanted, chosen.rounds, chosen.seconds)
    rows = report(found, queries)
    print(
        f"Pages, scale {chosen.scale}, {CLIENTS} clients, {datetime.datetime.now(datetime.UTC).date()}, {platform.machine()},"
        f" {os.cpu_count()} CPUs, load average {os.getloadavg()[0]:.1f} (16 clients make some of it)"
    )
    print(json.dumps(rows)) if chosen.json else show(rows)
    for line in missed(rows):
        print("missed:", line)


if __name__ == "__main__":
    main()
