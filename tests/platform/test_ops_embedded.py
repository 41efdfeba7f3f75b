"""The embedded PostgreSQL is broken on purpose: killed, raced, moved to bad places, run by the wrong people."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest

from tirek.storage import embedded, unprivileged
from tirek.storage.embedded import OWNER, Embedded, EmbeddedError
from tirek.storage.guard import settle

SRC = Path(__file__).resolve().parents[2] / "src"
HOLD = """
import os, sys, time
from pathlib import Path
from tirek.storage.embedded import Embedded
with Embedded(Path(sys.argv[1])).running():
    print("up", flush=True)
    {then}
    sys.stdin.readline()
"""
as_root = pytest.mark.skipif(os.getuid() != 0, reason="not run: needs root")


@pytest.fixture
def server(tmp_path):
    made = Embedded(tmp_path / "home")
    yield made
    made.stop()


def connect(server: Embedded, dbname: str = "postgres") -> psycopg.Connection:
    return psycopg.connect(host=str(server.socket), user=OWNER, dbname=dbname, autocommit=True)


def holder(home: Path, prefix: tuple[str, ...] = (), then: str = "", **environment: str) -> subprocess.Popen:
    """Another process that holds the server until a line is sent to it."""
    env = {"PYTHONPATH": str(SRC), "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"} | environment
    return subprocess.Popen(
        [*prefix, sys.executable, "-c", HOLD.replace("{then}", then.replace("\n", "\n    ")), str(home)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env, cwd="/",
    )  # fmt: skip


def wait_until_up(process: subprocess.Popen) -> None:
    assert process.stdout
    if process.stdout.readline() != "up\n":
        raise AssertionError(process.communicate()[1])


def kill(process: subprocess.Popen) -> None:
    process.kill()
    process.wait()


def guards(server: Embedded) -> list[int]:
    """Living guards of this server."""
    listed = subprocess.run(["ps", "-ww", "-eo", "pid=,stat=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()]
    return [int(p) for p, state, args in rows if f"guard.py {server.folder}" in args and "Z" not in state]


def let_go(process: subprocess.Popen) -> None:
    _, said = process.communicate("\n", timeout=60)
    assert process.returncode == 0, said


def test_it_starts_knows_kazakh_letters_and_stops(server):
    with server.running(), connect(server) as connection:
        assert connection.execute("select lower('ӘҒҚҢӨҰҮҺІ')").fetchone() == ("әғқңөұүһі",)
        assert connection.execute("show fsync").fetchone() == ("on",)
        assert connection.execute("show listen_addresses").fetchone() == ("",)
    assert not server.alive()
    assert not server.ready()


def test_its_log_keeps_no_values_of_a_refused_statement(server):
    with server.running(), connect(server) as connection:
        connection.execute("create table person (name text unique check (name <> 'Оспанов'))")
        for statement in (
            "insert into person values ('Әлиева'), ('Әлиева')",
            "insert into person values ('Оспанов')",
            "select 'Серікова'::int",
        ):
            with pytest.raises(psycopg.Error):
                connection.execute(statement)
        with pytest.raises(psycopg.Error):
            connection.execute("select %s::text::int", ["Ахметов"])
    log = server.log.read_text()
    assert "database system is ready" in log
    assert not [name for name in ("Әлиева", "Оспанов", "Серікова", "Ахметов", "insert") if name in log]


def test_many_starters_at_once_make_one_server(server):
    starters = [holder(server.home) for _ in range(4)]
    for starter in starters:
        wait_until_up(starter)
    assert server.log.read_text().count("starting PostgreSQL") == 1
    for starter in starters[:-1]:
        let_go(starter)
        assert server.ready(), "somebody still uses the server"
    let_go(starters[-1])
    assert not server.alive()


def test_a_killed_holder_lets_go_and_the_guard_stops_the_server(server):
    first, second = holder(server.home), holder(server.home)
    wait_until_up(first)
    wait_until_up(second)
    kill(first)
    time.sleep(0.5)
    assert server.ready(), "somebody still uses the server"
    kill(second)
    assert settle(lambda: not server.alive(), 30)
    assert settle(lambda: not guards(server), 10)
    assert "database system is shut down" in server.log.read_text(), "stopped cleanly, not killed"


def test_a_fork_of_a_killed_holder_keeps_the_server_until_it_ends(server):
    process = holder(server.home, then="if os.fork(): time.sleep(60)\nprint(os.getpid(), flush=True); time.sleep(60)")
    wait_until_up(process)
    child = int(process.stdout.readline())
    kill(process)
    time.sleep(0.5)
    assert server.ready()
    os.kill(child, signal.SIGKILL)
    assert settle(lambda: not server.alive(), 30)


def test_a_holder_killed_while_the_server_starts_leaves_nothing(server):
    for delay in (0.02, 0.05, 0.1, 0.2):
        starter = holder(server.home)
        assert settle(lambda: (server.folder / "server.lock").exists(), 30)
        assert settle(server.alive, 30)
        time.sleep(delay)
        kill(starter)
        assert settle(lambda: not server.alive(), 30)


def test_a_killed_guard_is_replaced_by_the_next_user_and_missed_by_nobody(server):
    first = holder(server.home)
    wait_until_up(first)
    assert len(guards(server)) == 1
    os.kill(guards(server)[0], signal.SIGKILL)
    second = holder(server.home)
    wait_until_up(second)
    assert settle(lambda: len(guards(server)) == 1, 10)
    let_go(second)
    let_go(first)
    assert not server.alive()


def test_a_user_who_comes_while_the_guard_stops_the_server_gets_a_new_one(server):
    for _ in range(5):
        first = holder(server.home)
        wait_until_up(first)
        kill(first)
        second = holder(server.home)
        wait_until_up(second)
        assert server.ready()
        assert settle(lambda: len(guards(server)) == 1, 10)
        let_go(second)
        assert not server.alive()


def test_killed_under_load_it_keeps_exactly_what_it_acknowledged(server):
    server.ensure()
    with connect(server) as connection:
        connection.execute("create table line (id int primary key)")
    acknowledged: list[int] = []

    def write() -> None:
        with connect(server) as connection:
            for number in range(1_000_000):
                connection.execute("insert into line values (%s)", [number])
                acknowledged.append(number)

    def try_write() -> None:
        try:
            write()
        except psycopg.Error:
            return

    writer = threading.Thread(target=try_write)
    writer.start()
    while len(acknowledged) < 200:
        time.sleep(0.01)
    os.kill(server.pid(), signal.SIGKILL)
    writer.join(30)
    server.ensure()
    with connect(server) as connection:
        kept = [row[0] for row in connection.execute("select id from line order by id")]
    # the one in flight may have been kept without its writer being told
    assert kept in (acknowledged, [*acknowledged, len(acknowledged)])


def test_a_server_that_lost_one_process_is_waited_for(server):
    server.ensure()
    with connect(server) as connection:
        os.kill(connection.info.backend_pid, signal.SIGKILL)
        with pytest.raises(psycopg.Error):
            connection.execute("select 1")
    server.ensure()
    with connect(server) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_a_stale_pid_file_harms_no_innocent_process(server):
    server.ensure()
    server.stop()
    innocent = subprocess.Popen(["sleep", "60"])
    try:
        (server.data / "postmaster.pid").write_text(f"{innocent.pid}\n{server.data}\n")
        server.stop()
        assert innocent.poll() is None
        server.ensure()
        assert server.ready()
        server.stop()
        assert innocent.poll() is None
    finally:
        innocent.kill()
        innocent.wait()


def test_killed_while_it_creates_the_data_the_next_one_starts_clean(server):
    starter = holder(server.home)
    while not (server.folder / "data.new").exists():
        time.sleep(0.002)
    starter.kill()
    starter.wait()
    assert not server.data.exists()
    with server.running(), connect(server) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


@pytest.mark.parametrize(
    "name", ["with spaces and 'quotes'", 'comma, and "double"', "ұзын-" * 20], ids=["spaces", "comma", "long"]
)
def test_strange_places(tmp_path, name):
    server = Embedded(tmp_path / name / "home")
    elsewhere = holder(server.home, TMPDIR=str(tmp_path))
    wait_until_up(elsewhere)
    with server.running(), connect(server) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    let_go(elsewhere)
    assert not server.alive()


@as_root
def test_a_private_parent_of_root_stays_as_it_is(tmp_path):
    parent = tmp_path / "private"
    parent.mkdir(mode=0o700)
    server = Embedded(parent / "home")
    with server.running():
        assert server.ready()
        assert os.stat(f"/proc/{server.pid()}").st_uid != 0
    assert parent.stat().st_mode & 0o777 == 0o700
    assert parent.stat().st_uid == 0


@as_root
def test_programs_in_a_private_folder_of_root_run(tmp_path, server, monkeypatch):
    """A clone under /root: nobody but root may even look into the folders above."""
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    package = embedded.binary("postgres").parents[2]
    for folder in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(folder, private / folder.name)
    programs = private / package.name / embedded.binary("postgres").relative_to(package).parent
    monkeypatch.setattr(embedded, "binary", lambda name: programs / name)
    with server.running(), connect(server) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
        status = Path(f"/proc/{server.pid()}/status").read_text()
    held = dict(line.split(":\t") for line in status.splitlines() if line.startswith("Cap"))
    assert held["CapEff"] == held["CapPrm"] == "0000000000000002", "the right to pass through folders and no other"


def ordinary(name: str) -> tuple[str, ...]:
    """Become an ordinary user; only the right to read is kept, because the test's Python may be root's own."""
    return ("setpriv", f"--reuid={name}", "--regid=nogroup", "--clear-groups",
            "--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search")  # fmt: skip


@as_root
def test_an_ordinary_user_without_a_home_runs_it_and_strangers_stay_out(tmp_path):
    home = Path("/tmp") / f"tirek-test-{os.getpid()}"
    home.mkdir()
    shutil.chown(home, "nobody")
    try:
        process = holder(home, ordinary("nobody"))
        wait_until_up(process)
        server = Embedded(home)
        stranger = subprocess.run(
            [*ordinary("daemon"), sys.executable, "-c",
             "import psycopg, sys; psycopg.connect(host=sys.argv[1], user='tirek_owner', dbname='postgres')",
             str(server.socket)],
            capture_output=True, text=True, check=False, cwd="/",
        )  # fmt: skip
        assert "Permission denied" in stranger.stderr
        let_go(process)
        assert not server.alive()
    finally:
        shutil.rmtree(home)


@as_root
def test_another_users_folder_is_refused_in_plain_words(tmp_path):
    home = Path("/tmp") / f"tirek-test-{os.getpid()}"
    Embedded(home)._make_folder()
    try:
        bare = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--inh-caps=-all,+dac_read_search",
                "--ambient-caps=-all,+dac_read_search")  # fmt: skip
        process = holder(home, bare)
        _, said = process.communicate(timeout=60)
        assert "belongs to another user" in said
    finally:
        shutil.rmtree(home)


@as_root
def test_without_setpriv_it_says_what_to_do(server, monkeypatch):
    monkeypatch.setattr(unprivileged.shutil, "which", lambda *_, **__: None)
    with pytest.raises(EmbeddedError, match=r"setpriv \(Debian package util-linux\).*DATABASE_URL"):
        server.ensure()


@as_root
def test_a_root_that_may_not_become_another_is_told_so(server):
    process = holder(server.home, ("setpriv", "--bounding-set=-setuid,-setgid"))
    _, said = process.communicate(timeout=60)
    assert "may not become" in said
    assert "DATABASE_URL" in said


def test_a_user_without_a_name_is_told_so(monkeypatch):
    monkeypatch.setattr(unprivileged.os, "getuid", lambda: 3_999_999)
    with pytest.raises(EmbeddedError, match="no name on this machine"):
        unprivileged.user_name()


def test_data_of_another_version_are_not_touched(server):
    server.ensure()
    server.stop()
    version = server.data / "PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(EmbeddedError, match="made by PostgreSQL 17"):
        server.ensure()


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EmbeddedError, match="cannot be made"):
        Embedded(tmp_path / "file" / "home").ensure()
