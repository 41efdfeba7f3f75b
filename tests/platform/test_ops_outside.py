"""A PostgreSQL from outside: our own binaries as a server by itself, set up word for word as docs/deploy.md says."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import psycopg
import pytest

from tirek.storage.embedded import binary
from tirek.storage.outside import ServerNotFit, check_server, version_fault
from tirek.storage.unprivileged import runner

ROOT = Path(__file__).resolve().parents[2]
PASSWORDS = {"tirek_owner": "п'ароль/1", "tirek_app": "app@2"}


class Cluster:
    """A server that answers on a port of its own and asks for passwords."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.who = folder, runner()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    def start(self) -> None:
        self.folder.mkdir()
        self.who.own(self.folder)
        (self.folder / "password").write_text("administrator")
        self.who.own(self.folder / "password")
        self._run("initdb", "-D", self.folder / "data", "-U", "postgres", "-A", "scram-sha-256", "-E", "UTF8",
                  "--locale=C", f"--pwfile={self.folder / 'password'}")  # fmt: skip
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''"
        self._run("pg_ctl", "-D", self.folder / "data", "-w", "-l", self.folder / "log", "-o", options, "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", self.folder / "data", "-m", "immediate", "stop")

    def _run(self, program: str, *arguments: object) -> None:
        command = self.who.command([str(binary(program)), *map(str, arguments)])
        quiet = subprocess.DEVNULL  # not a pipe: the server would keep it open
        subprocess.run(command, check=True, stdout=quiet, stderr=quiet, cwd="/", timeout=120)

    def administrator(self, database: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user="postgres",
            password="administrator",
            dbname=database,
            autocommit=True,
        )

    def settings(self, role: str, database: str, **other: str) -> dict:
        found = {"HOST": "127.0.0.1", "PORT": str(self.port), "NAME": database, "USER": role}
        return found | {"PASSWORD": PASSWORDS[role]} | other

    def url(self, role: str, database: str) -> str:
        from urllib.parse import quote

        return f"postgresql://{role}:{quote(PASSWORDS[role], safe='')}@127.0.0.1:{self.port}/{database}"


def written_in_the_docs() -> list[str]:
    """The statements of docs/deploy.md, with these passwords."""
    text = (ROOT / "docs" / "deploy.md").read_text()
    block = re.search(r"```sql\n(.*?)```", text, re.DOTALL)
    assert block
    lines = [line.strip() for line in block[1].split(";") if line.strip()]
    return [
        line.replace("'…'", "'" + PASSWORDS[role].replace("'", "''") + "'")
        for line in lines
        for role in ["tirek_app" if "role tirek_app" in line else "tirek_owner"]
    ]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    made = Cluster(tmp_path_factory.mktemp("outside") / "server")
    made.start()
    try:
        with made.administrator() as connection:
            for statement in written_in_the_docs():
                connection.execute(statement)
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("installation")


def environment(cluster: Cluster, home: Path, database: str = "tirek") -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TIREK_", "DATABASE_", "DJANGO_"))}
    return kept | {
        "TIREK_HOME": str(home),
        "PYTHONPATH": str(ROOT / "src"),
        "DATABASE_URL": cluster.url("tirek_app", database),
        "DATABASE_OWNER_URL": cluster.url("tirek_owner", database),
    }


def tirek(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "tirek.site", *arguments]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=300)


def done(env: dict[str, str], *arguments: str) -> str:
    finished = tirek(env, *arguments)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def found_bad(env: dict[str, str]) -> list[dict]:
    findings = json.loads(tirek(env, "doctor", "--json").stdout)["findings"]
    return [finding for finding in findings if finding["state"] == "bad"]


@pytest.mark.prove  # a minute and a half: it migrates step by step, there is no snapshot for servers of one's own
def test_every_command_works_on_it(cluster, home, tmp_path):
    env = environment(cluster, home)
    assert {finding["subject"] for finding in found_bad(env)} >= {"migrations"}
    done(env, "demo", "load", "--scale", "tiny", "--quiet")  # migrates first
    assert found_bad(env) == []
    done(env, "worker", "--until-empty")
    done(env, "backup", str(tmp_path / "saved"), "--secrets", str(tmp_path / "keys"), "--quiet")
    with cluster.administrator() as connection:
        made = next(line for line in written_in_the_docs() if line.startswith("create database"))
        connection.execute(made.replace("database tirek", "database restored"))
    elsewhere = environment(cluster, tmp_path / "elsewhere", "restored")
    done(elsewhere, "restore", str(tmp_path / "saved"), "--secrets", str(tmp_path / "keys"))
    assert found_bad(elsewhere) == []
    assert not (home / "pg").exists(), "no embedded server was made"
    with cluster.administrator("tirek") as ours, cluster.administrator("restored") as theirs:
        count = "select count(*) from registry_person"
        assert ours.execute(count).fetchone() == theirs.execute(count).fetchone() != (0,)


@pytest.mark.prove  # on the database that the test before has filled
def test_it_is_served_from(cluster, home):
    command = [sys.executable, "-m", "tirek.site", "serve", "--port", "0", "--with-worker"]
    env = environment(cluster, home)
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            assert process.stdout
            address = next(f for line in process.stdout if (f := re.match(r"Tirek is at (http://\S+)", line)))[1]
            with urllib.request.urlopen(address + "accounts/login/", timeout=30) as response:
                assert response.status == 200
        finally:
            process.terminate()
            process.wait(40)


def test_a_server_that_cannot_be_reached_is_said_in_one_line(cluster, home):
    env = environment(cluster, home) | {
        "DATABASE_OWNER_URL": f"postgresql://tirek_owner:x@127.0.0.1:{cluster.port}/tirek"
    }
    refused = tirek(env, "migrate")
    assert refused.returncode == 1
    assert "cannot be reached as tirek_owner at 127.0.0.1, database tirek: " in refused.stderr
    assert "password authentication failed" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("encoding 'SQL_ASCII' locale 'C'", "encoding SQL_ASCII"),
        ("encoding 'UTF8' locale_provider libc locale 'C'", "small Kazakh letters"),
    ],
)
def test_a_database_that_cannot_hold_kazakh_is_refused(cluster, how, said):
    with cluster.administrator() as connection:
        connection.execute("drop database if exists poor")
        connection.execute(f"create database poor owner tirek_owner template template0 {how}")
    with pytest.raises(ServerNotFit, match=said):
        check_server(cluster.settings("tirek_owner", "poor"))


def test_migrations_are_not_begun_as_the_program(cluster):
    with pytest.raises(ServerNotFit, match=r"DATABASE_OWNER_URL.*Nothing was changed"):
        check_server(cluster.settings("tirek_app", "tirek"))


def test_an_owner_who_may_not_make_the_roles_is_refused_while_they_are_missing(tmp_path):
    bare = Cluster(tmp_path / "bare")
    bare.start()
    try:
        with bare.administrator() as connection:
            password = PASSWORDS["tirek_owner"].replace("'", "''")
            connection.execute(f"create role tirek_owner login password '{password}'")
            connection.execute(
                "create database tirek owner tirek_owner template template0 encoding 'UTF8' locale_provider builtin"
                " builtin_locale 'C.UTF-8' locale 'C'"
            )
        with pytest.raises(ServerNotFit, match="tirek_country, tirek_loader"):
            check_server(bare.settings("tirek_owner", "tirek"))
    finally:
        bare.stop()


@pytest.mark.parametrize(("number", "fits"), [(140013, False), (150000, True), (180001, True)])
def test_too_old_a_server_is_named(number, fits):
    said = version_fault(number)
    assert (said == "") is fits
    assert fits or said.startswith("The server is PostgreSQL 14; Tirek needs 15 or newer.")
