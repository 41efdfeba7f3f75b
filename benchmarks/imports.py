"""How fast is an import? A million pupils from CSV, read, checked, encrypted, merged into a table of four million, audited.

Compared with a bare COPY of the same rows into the same indexed tables (no checks, no encryption, no audit), and with
django-import-export doing the same work on ten thousand rows (imports_peer.py).

    python benchmarks/imports.py [--pupils 1000000] [--table 4000000] [--peer-rows 10000]

Makes databases of its own beside yours and drops them afterwards. Needs about 15 GB of disk for the full size.
"""

from __future__ import annotations

import argparse
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
FAMILIES = ["Әлиев", "Серіков", "Нұрланов", "Қасымов", "Жұмабаев", "Оспанов", "Тілеубаев", "Ким", "Иванов", "Сапаров"]
GIVEN = ["Айша", "Алихан", "Дана", "Ерасыл", "Инкар", "Мирас", "Нұрай", "Санжар", "Томирис", "Әмір"]
PEOPLE_COLUMNS = "id, public_id, iin_encrypted, iin_hash, family_name, given_name, patronymic, birth_date, sex, sort_key," \
                 " name_grams, org_no"  # fmt: skip
TIE_COLUMNS = (
    "person_id, institution_id, class_group_id, org_no, person_name, sort_key, grade, valid, entry_reason, exit_reason"
)


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

    from tirek.storage import database

    drop(DATABASE)
    database.prepare(database.connection_settings(database.OWNER) | {"NAME": DATABASE})
    use(DATABASE)
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
    import datetime as dt

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
    from tirek.access.scope import Scope, acting_as
    from tirek.registry.exchange import services
    from tirek.registry.models import Source

    measured: dict = {}
    scope = Scope(lo=10_000_000, hi=19_999_999, user_id=1, role="regional_officer")
    with acting_as(scope):
        started = time.perf_counter()
        found = services.upload(source=Source.objects.get(), file_name="pupils.csv", data=Path(path).read_bytes(), row_kind="learners",
                                as_of=__import__("datetime").date(2026, 9, 1))  # fmt: skip
        measured["upload"] = round(time.perf_counter() - started, 2)
    with acting_as(scope):
        started = time.perf_counter()
        found = services.stage(import_id=found.pk)
        measured["check and compare"] = round(time.perf_counter() - started, 2)
    assert not found.refusal, found.refusal
    assert found.counts["errors"] == 0, services.faults_of(found).head()
    with acting_as(scope):
        started = time.perf_counter()
        services.apply(import_id=found.pk)
    measured["apply"] = round(time.perf_counter() - started, 2)
    measured["memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    measured["counts"] = found.counts["things"]
    print(json.dumps(measured))


def run_import(path: Path) -> dict:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", __file__, "--import-file", str(path)], capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    return json.loads(done.stdout.strip().splitlines()[-1])


def bare_copy(last_id: int) -> float:
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
        started = time.perf_counter()
        with target.transaction():
            for (table, columns), data in rows.items():
                with target.cursor().copy(f"copy {table} ({columns}) from stdin") as copy:
                    for start in range(0, len(data), 1 << 20):
                        copy.write(data[start : start + (1 << 20)])
        return round(time.perf_counter() - started, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pupils", type=int, default=1_000_000)
    parser.add_argument("--table", type=int, default=4_000_000)
    parser.add_argument("--peer-rows", type=int, default=10_000)
    parser.add_argument("--import-file", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
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
    for place, path in enumerate(paths):
        make_file(path, rows, skip=arguments.pupils + place * rows)
    found = {"small": run_import(paths[0])}
    use(DATABASE)
    for path, name, in_bulk in ((paths[1], "peer by rows", False), (paths[2], "peer in bulk", True)):
        found[name] = imports_peer.measure(path.read_text(), in_bulk=in_bulk)
    with owner(DATABASE) as connection:  # that it did the work
        done = connection.execute("select count(*) from registry_enrolment e join registry_person p on p.id = e.person_id"
                                  " where p.id > %s and p.iin_encrypted is not null", [arguments.table]).fetchone()[0]  # fmt: skip
        assert done == arguments.pupils + 3 * rows, done
    use("postgres")
    return found


def report(arguments, figures: dict) -> None:
    new = figures["all new"]
    seconds = new["check and compare"] + new["apply"]
    rate, copied = arguments.pupils / seconds, arguments.pupils / figures["copy"]
    print(json.dumps(figures, ensure_ascii=False, indent=2))
    print(f"import {rate:,.0f} rows/s, bare COPY {copied:,.0f} rows/s: {rate / copied:.2f} of it (goal 0.25)")
    if "small" in figures:
        small = figures["small"]["check and compare"] + figures["small"]["apply"]
        print(f"{arguments.peer_rows} rows: ours {arguments.peer_rows / small:,.0f} rows/s")
        for name in ("peer by rows", "peer in bulk"):
            other = sum(figures[name].values())
            print(
                f"  django-import-export, {name}: {arguments.peer_rows / other:,.0f} rows/s; ours {other / small:,.0f} times (goal 100)"
            )
    print(f"memory {new['memory_mb']} MB (goal 1500)")


if __name__ == "__main__":
    main()
