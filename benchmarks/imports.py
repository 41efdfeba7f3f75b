"""How fast is an import? A million pupils from CSV, read, checked, encrypted, merged into a table of four million, audited.

Compared with a bare COPY of the same rows into the same indexed tables (no checks, no encryption, no audit), and with
django-import-export doing the same work on ten thousand rows (imports_peer.py).

    python benchmarks/imports.py [--pupils 1000000] [--table 4000000] [--peer-rows 10000] [--quick]

Seconds on the wall are what is promised. Beside them stand the processor seconds of both sides, the program's and those of its
connection to the database, which say more on a machine that others use, too. ``--quick`` takes 20,000 into 50,000 and 1,000
rows for the peer, whose time grows by the row. Makes databases of its own beside yours and drops them afterwards; needs
about 15 GB of disk for the full size.
"""

from __future__ import annotations

import argparse
import datetime as dt
import io
import json
import os
import resource
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tirek.site.settings")
DATABASE, CLONE = "bench_imports", "bench_imports_copy"
SCHOOLS = 2_000
SMALL = 10_000
FAMILIES = ["Әлиев", "Серіков", "Нұрланов", "Қасымов", "Жұмабаев", "Оспанов", "Тілеубаев", "Ким", "Иванов", "Сапаров"]
GIVEN = ["Айша", "Алихан", "Дана", "Ерасыл", "Инкар", "Мирас", "Нұрай", "Санжар", "Томирис", "Әмір"]
PEOPLE_COLUMNS = "id, public_id, iin_encrypted, iin_hash, family_name, given_name, patronymic, birth_date, sex, sort_key," \
                 " name_grams, org_no"  # fmt: skip
TIE_COLUMNS = (
    "person_id, institution_id, class_group_id, org_no, person_name, sort_key, grade, valid, entry_reason, exit_reason"
)


class Clock:
    """Seconds on the wall, and of the processor: this process and the database's for one connection."""

    def __init__(self, backend: int):
        self.backend = backend
        self.began = self._now()

    def read(self) -> dict[str, float]:
        wall, cpu = (now - then for now, then in zip(self._now(), self.began, strict=True))
        return {"wall": round(wall, 3), "cpu": round(cpu, 3)}

    def _now(self) -> tuple[float, float]:
        theirs = Path(f"/proc/{self.backend}/schedstat")  # Linux; elsewhere the program's own seconds only
        nanoseconds = int(theirs.read_text().split()[0]) if theirs.exists() else 0
        return time.perf_counter(), time.process_time() + nanoseconds / 1e9


@contextmanager
def timed(what: str, into: dict):
    started = time.perf_counter()
    yield
    into[what] = round(time.perf_counter() - started, 2)
    print(f"  {what}: {into[what]} s", flush=True)


def owner(database: str = "postgres"):
    import psycopg

    from tirek.storage.database import OWNER, connection_settings

    settings = connection_settings(OWNER)
    return psycopg.connect(host=settings["HOST"], user=settings["USER"], dbname=database, autocommit=True)


def drop(name: str) -> None:
    with owner() as connection:
        connection.execute(f"drop database if exists {name} with (force)")


def prepare(rows: int) -> None:
    """The migrated database with ``rows`` enrolled pupils, generated in SQL with the indexes away."""
    from django.core.management import call_command

    from tirek.storage import database, schema

    drop(DATABASE)
    settings = database.connection_settings(database.OWNER) | {"NAME": DATABASE}
    database.prepare(settings)
    use(DATABASE)
    schema.load_snapshot(settings)
    call_command("migrate", database="owner", verbosity=0)
    places()
    with owner(DATABASE) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute("set maintenance_work_mem = '1GB'")
        name_pool(connection)
        indexes = connection.execute(
            "select indexname, indexdef from pg_indexes where tablename in ('registry_person', 'registry_enrolment')"
            " and indexname not like '%_pkey'"
        ).fetchall()
        for table in ("registry_person", "registry_enrolment"):
            for name, kind in connection.execute(
                f"select conname, contype from pg_constraint where conrelid = '{table}'::regclass and contype = 'u'"
            ).fetchall():
                assert kind
                connection.execute(f"alter table {table} drop constraint {name}")
        for name, _definition in indexes:
            connection.execute(f"drop index if exists {name}")
        connection.execute(
            f"insert into registry_person ({PEOPLE_COLUMNS}) select i, gen_random_uuid(),"
            " decode(md5(i::text) || md5((i + 1)::text) || md5((i + 2)::text), 'hex'),"
            " decode(md5((-i)::text) || md5((-i - 1)::text), 'hex'), n.family, n.given, '', date '2008-01-01' + i % 3600,"
            " case when i % 2 = 0 then 'f' else 'm' end, n.sort_key, n.grams, 10000010 + 10 * (i / 2000)"
            f" from generate_series(1, {rows}) i join bench_names n on n.no = i % 100"
        )
        connection.execute(
            f"insert into registry_enrolment ({TIE_COLUMNS}) select p.id, s.id, null, p.org_no, p.family_name || ' ' ||"
            " p.given_name, p.sort_key, 5, daterange(date '2025-09-01', null), '', '' from registry_person p"
            " join registry_institution s on s.org_no = p.org_no order by p.id"
        )
        connection.execute(f"select setval('registry_person_id_seq', {rows})")
        for name, definition in indexes:
            connection.execute(definition)
            assert name
        connection.execute("vacuum analyze registry_person")
        connection.execute("vacuum analyze registry_enrolment")


def places() -> None:
    from django.db.backends.postgresql.psycopg_any import DateRange

    from tirek.access.scope import loading
    from tirek.registry.models import Institution, InstitutionState, SchoolYear, Source, Territory

    always = DateRange(dt.date(1990, 1, 1), None)
    with loading():
        region = Territory.objects.create(
            code="470000000", level="region", name_kk="r", name_ru="r", name_en="r", org_lo=10_000_000, org_hi=19_999_999,
            valid=always,
        )  # fmt: skip
        schools = Institution.objects.bulk_create(
            Institution(code=f"S{n}", org_no=10_000_010 + 10 * n, kind="school", open_period=always)
            for n in range(SCHOOLS + 1)
        )
        InstitutionState.objects.bulk_create(
            InstitutionState(institution=s, org_no=s.org_no, valid=always, name_kk=s.code, territory=region,
                             settlement_kind="urban", languages=["kk"]) for s in schools
        )  # fmt: skip
        SchoolYear.objects.create(code="2026-2027", starts_on=dt.date(2026, 9, 1), ends_on=dt.date(2027, 5, 25))
        Source.objects.create(code="bench", name="bench", kind="table", org_lo=10_000_000, org_hi=19_999_999)


def name_pool(connection) -> None:
    from tirek.registry import names

    connection.execute("create table bench_names (no int, family text, given text, sort_key text, grams int[])")
    for n in range(100):
        family, given = FAMILIES[n % 10], GIVEN[n // 10]
        full = f"{family} {given}"
        connection.execute("insert into bench_names values (%s, %s, %s, %s, %s)",
                           [n, family, given, names.person_sort_key(family, given), names.grams(full)])  # fmt: skip


def use(name: str) -> None:
    from django.conf import settings
    from django.db import connections

    for alias in ("default", "owner"):
        connections[alias].close()
        if alias == "default":
            connections[alias].close_pool()
        settings.DATABASES[alias]["NAME"] = name
        connections[alias].settings_dict["NAME"] = name


def make_file(path: Path, rows: int, changed: float = 0.0, skip: int = 0) -> None:
    """A CSV of pupils with valid IINs; of ``changed``, the family name differs; without the first ``skip`` numbers."""
    import numpy as np
    import polars as pl

    from tirek.registry.identifiers import check_digits

    n = np.arange(int((skip + rows) * 1.12) + 100)
    day = n // 2500
    month, date, year = day % 12 + 1, day // 12 % 28 + 1, 8 + day // 336
    eleven = (year * 10_000 + month * 100 + date) * 100_000 + (5 + n % 2) * 10_000 + n // 2 % 10_000
    digits = (eleven[:, None] // 10 ** np.arange(10, -1, -1)) % 10
    check = check_digits(digits.astype(np.uint8))
    keep = np.flatnonzero(check >= 0)[skip : skip + rows]
    assert len(keep) == rows
    iin = pl.Series(eleven[keep] * 10 + check[keep]).cast(pl.String).str.zfill(12)
    k = np.arange(rows)
    family = [FAMILIES[i] for i in k % 10]
    if changed:
        family = [f + "ов" if i % 100 < changed * 100 else f for i, f in zip(k, family, strict=True)]
    pl.DataFrame({
        "ИИН": iin, "Фамилия": family, "Имя": [GIVEN[i] for i in k // 10 % 10],
        "Дата рождения": pl.Series(
            [f"{d:02d}.{m:02d}.{2000 + y}" for d, m, y in zip(date[keep], month[keep], year[keep], strict=True)]
        ),
        "Пол": ["жен" if i % 2 else "муж" for i in n[keep]], "Код организации": [f"S{i}" for i in k // 500 % SCHOOLS],
        "Класс": k // 25 % 20 % 11 + 1, "Литера": [("А", "Ә", "Б", "В")[i] for i in k // 25 % 4],
        "Дата зачисления": ["01.09.2026"] * rows,
    }).write_csv(path, separator=";")  # fmt: skip


def import_file(path: str) -> None:
    """In a process of its own, so that its memory is its own."""
    import django

    django.setup()
    use(DATABASE)
    from django.db import connection

    from tirek.access.scope import Scope, acting_as
    from tirek.registry.exchange import services
    from tirek.registry.models import Source

    scope = Scope(lo=10_000_000, hi=19_999_999, user_id=1, role="regional_officer")
    with acting_as(scope):  # the pool hands out this one connection again and again
        source = Source.objects.get()
        clock = Clock(backend_of(connection))
        day = dt.date(2026, 9, 1)
        found = services.upload(
            source=source, file_name="pupils.csv", data=Path(path).read_bytes(), row_kind="learners", as_of=day
        )
    measured = {"upload": clock.read()}
    clock = Clock(clock.backend)
    with acting_as(scope):
        found = services.stage(import_id=found.pk)
        assert backend_of(connection) == clock.backend
    measured["check and compare"] = clock.read()
    assert not found.refusal, found.refusal
    assert found.counts["errors"] == 0, services.faults_of(found).head()
    clock = Clock(clock.backend)
    with acting_as(scope):
        services.apply(import_id=found.pk)
        assert backend_of(connection) == clock.backend
    measured["apply"] = clock.read()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"steps": measured, "memory_mb": memory, "counts": found.counts["things"]}))


def backend_of(connection) -> int:
    """The process of the database's that serves a connection of Django's."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        return cursor.fetchone()[0]


def together(steps: dict[str, dict[str, float]]) -> dict[str, float]:
    return {kind: sum(step[kind] for step in steps.values()) for kind in ("wall", "cpu")}


def run_import(path: Path) -> dict:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", __file__, "--import-file", str(path)], capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    return json.loads(done.stdout.strip().splitlines()[-1])


def bare_copy(last_id: int) -> dict[str, float]:
    """The rows that the import added, out of its database, and by COPY into a copy of the database from before."""
    with owner(DATABASE) as source:
        rows = {}
        for table, columns, condition in (("registry_person", PEOPLE_COLUMNS, f"id > {last_id}"),
                                          ("registry_enrolment", TIE_COLUMNS, f"person_id > {last_id}")):  # fmt: skip
            buffer = io.BytesIO()
            with source.cursor().copy(
                f"copy (select {columns} from {table} where {condition} order by id) to stdout"
            ) as copy:
                for part in copy:
                    buffer.write(part)
            rows[table, columns] = buffer.getvalue()
    with owner(CLONE) as target:
        target.execute("set session_replication_role = replica")  # no audit, no foreign keys
        clock = Clock(target.info.backend_pid)
        with target.transaction():
            for (table, columns), data in rows.items():
                with target.cursor().copy(f"copy {table} ({columns}) from stdin") as copy:
                    for start in range(0, len(data), 1 << 20):
                        copy.write(data[start : start + (1 << 20)])
        return clock.read()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pupils", type=int, default=1_000_000)
    parser.add_argument("--table", type=int, default=4_000_000)
    parser.add_argument("--peer-rows", type=int, default=10_000)
    parser.add_argument("--quick", action="store_true", help="small: 20,000 into 50,000, and 1,000 for the peer")
    parser.add_argument("--import-file", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.pupils, arguments.table, arguments.peer_rows = 20_000, 50_000, 1_000
    from contextlib import nullcontext

    from tirek.storage.database import embedded

    if arguments.import_file:
        import_file(arguments.import_file)
        return
    import django

    server = embedded()
    with server.running() if server else nullcontext():
        django.setup()
        try:
            measure(arguments)
        finally:
            use("postgres")
            drop(DATABASE)
            drop(CLONE)


def measure(arguments) -> None:
    import tempfile

    figures: dict = {}
    with tempfile.TemporaryDirectory() as folder:
        path, second = Path(folder) / "new.csv", Path(folder) / "again.csv"
        with timed("prepare", figures):
            prepare(arguments.table)
            make_file(path, arguments.pupils)
            make_file(second, arguments.pupils, changed=0.2)
        use("postgres")
        drop(CLONE)  # of a run that was killed
        with timed("clone", figures), owner() as connection:
            connection.execute(f"create database {CLONE} template {DATABASE}")
        figures["all new"] = run_import(path)
        figures["copy"] = bare_copy(arguments.table)
        with owner(DATABASE) as connection:
            connection.execute("vacuum analyze registry_person")
        figures["again, 20 % changed"] = run_import(second)
        if arguments.peer_rows:
            figures |= peers(arguments, Path(folder))
    report(arguments, figures)


def peers(arguments, folder: Path) -> dict:
    """Ours and django-import-export, each with as many other new pupils, one after another into the same database."""
    try:
        import imports_peer
    except ImportError:
        print("django-import-export is not installed: uv sync --group bench")
        return {}
    rows, paths = arguments.peer_rows, [folder / f"{n}.csv" for n in range(3)]
    ours = SMALL if arguments.quick else rows  # the peer's time grows by the row, ours has a part that does not
    sizes = (ours, rows, rows)
    for place, path in enumerate(paths):
        make_file(path, sizes[place], skip=arguments.pupils + sum(sizes[:place]))
    found = {"small": run_import(paths[0]) | {"rows": ours}}
    use(DATABASE)
    for path, name, in_bulk in ((paths[1], "by rows", False), (paths[2], "in bulk", True)):
        found[name] = {"steps": imports_peer.measure(path.read_text(), in_bulk=in_bulk), "rows": rows}
    with owner(DATABASE) as connection:  # that it did the work
        done = connection.execute("select count(*) from registry_enrolment e join registry_person p on p.id = e.person_id"
                                  " where p.id > %s and p.iin_encrypted is not null", [arguments.table]).fetchone()[0]  # fmt: skip
        assert done == arguments.pupils + sum(sizes), done
    use("postgres")
    return found


def report(arguments, figures: dict) -> None:
    print(json.dumps(figures, ensure_ascii=False))
    ours, copied = together(figures["all new"]["steps"]), figures["copy"]
    print(f"\n{arguments.pupils:,} pupils into {arguments.table:,}; load average {os.getloadavg()[0]:.1f} on {os.cpu_count()}"
          " processors; rows a second")  # fmt: skip
    print("| what | on the wall | a processor second | ours against it, on the wall | by processor seconds | goal |")
    print("|---|---|---|---|---|---|")
    line("Tirek: upload, check, compare, apply", arguments.pupils, ours)
    line("bare COPY of the finished rows", arguments.pupils, copied, ours, arguments.pupils, "0.25")
    line(
        "Tirek, the same file again, 20 % changed", arguments.pupils, together(figures["again, 20 % changed"]["steps"])
    )
    if "small" in figures:
        small = figures["small"]
        mine = together(small["steps"])
        line(f"Tirek, {small['rows']:,} rows", small["rows"], mine)
        for way, goal in (("by rows", "100"), ("in bulk", "")):
            theirs = figures[way]
            line(f"django-import-export {way}, {theirs['rows']:,} rows", theirs["rows"], together(theirs["steps"]), mine,
                 small["rows"], goal)  # fmt: skip
    print(f"memory {figures['all new']['memory_mb']} MB (goal 1500)")


def line(what: str, rows: int, took: dict, ours: dict | None = None, our_rows: int = 0, goal: str = "") -> None:
    """One line of the table: rates, and how many times ours is theirs."""
    cells = [f"{rows / took[kind]:,.0f}" for kind in ("wall", "cpu")]
    ratios = [f"{our_rows / ours[kind] / (rows / took[kind]):,.2f}" if ours else "" for kind in ("wall", "cpu")]
    print(f"| {what} | {' | '.join([*cells, *ratios, goal])} |")


if __name__ == "__main__":
    main()
