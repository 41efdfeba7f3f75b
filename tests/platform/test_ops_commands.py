"""Serve, worker, migrate and doctor as processes of their own, with a home of their own."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tirek.storage.embedded import Embedded

SRC = Path(__file__).resolve().parents[2] / "src"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A migrated installation."""
    folder = tmp_path_factory.mktemp("installation")
    done = tirek(folder, "migrate", "--quiet")
    assert done.returncode == 0, done.stderr
    return folder


def environment(home: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TIREK_", "DATABASE_", "DJANGO_"))}
    return kept | {"TIREK_HOME": str(home), "PYTHONPATH": str(SRC), "TIREK_LOG": "json"}


def tirek(home: Path, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "tirek.site", *arguments]
    return subprocess.run(command, env=environment(home), capture_output=True, text=True, check=False, timeout=300)


def serve(home: Path, *arguments: str) -> tuple[subprocess.Popen, int, list[str]]:
    """A server, its port, and what it said until it answered."""
    command = [sys.executable, "-m", "tirek.site", "serve", *arguments]
    process = subprocess.Popen(
        command, env=environment(home), stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    said = []
    assert process.stdout
    for line in process.stdout:
        said.append(line)
        if found := re.match(r"Tirek is at http://localhost:(\d+)/", line):
            return process, int(found[1]), said
    raise AssertionError("".join(said))


def get(port: int, path: str) -> tuple[int, str]:
    with urllib.request.urlopen(f"http://localhost:{port}{path}", timeout=30) as response:
        return response.status, response.read().decode()


def wait_until(done, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def family(pid: int) -> list[int]:
    """Living processes whose session or group this one began, and those of its children."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid=,stat="], capture_output=True, text=True, check=True).stdout
    rows = [line.split()[:3] for line in listed.splitlines()]
    children = [int(p) for p, parent, state in rows if int(parent) == pid and "Z" not in state]
    return [pid, *(q for child in children for q in family(child))]


def is_alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_serves_and_a_signal_ends_everything(home, number):
    process, port, _ = serve(home, "--port", "0", "--with-worker")
    assert get(port, "/health") == (200, '{"state": "good"}')
    wait_until(lambda: len(family(process.pid)) >= 4)  # two servers, a worker, this one
    everybody = family(process.pid)
    os.kill(process.pid, number)
    assert process.wait(40) == 0
    wait_until(lambda: not any(map(is_alive, everybody)))
    wait_until(lambda: not Embedded(home).alive())


def test_the_worker_signs_on_and_ready_says_so(home):
    process, port, _ = serve(home, "--port", "0", "--with-worker")
    try:
        wait_until(lambda: '"worker": "good"' in get(port, "/ready")[1])
        assert 'tirek_requests_total{method="GET",route="account_login",status="200"}' in get(port, "/metrics")[1]
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(40)


def test_a_killed_server_leaves_nothing_at_work_and_the_next_one_starts(home):
    process, _, _ = serve(home, "--port", "0", "--with-worker")
    wait_until(lambda: len(family(process.pid)) >= 4)
    children = family(process.pid)[1:]
    process.kill()
    process.wait()
    wait_until(lambda: not any(map(is_alive, children)))
    process, port, _ = serve(home, "--port", "0")
    assert get(port, "/accounts/login/")[0] == 200
    process.send_signal(signal.SIGINT)
    assert process.wait(40) == 0


def test_a_killed_database_comes_back(home):
    process, port, _ = serve(home, "--port", "0")
    try:
        os.kill(Embedded(home).pid(), signal.SIGKILL)
        wait_until(lambda: not Embedded(home).ready())
        wait_until(Embedded(home).ready)
        time.sleep(0.5)
        for _ in range(8):
            assert get(port, "/accounts/login/")[0] == 200
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(40)


def test_a_taken_port_is_passed_over_and_said(home):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = tirek(home, "serve", "--port", str(port), "--strict-port")
        assert refused.returncode == 1
        assert f"Port {port} on 127.0.0.1 is taken" in refused.stderr
        process, chosen, said = serve(home, "--port", str(port))
    process.send_signal(signal.SIGINT)
    process.wait(40)
    assert chosen > port
    assert f"Port {port} is taken by another program, so Tirek uses {chosen}." in "".join(said)


def test_doctor_finds_nothing_in_a_fresh_installation(home):
    done = tirek(home, "doctor", "--json")
    found = json.loads(done.stdout)
    assert [f for f in found["findings"] if f["state"] == "bad"] == []
    assert done.returncode == 0
    assert {"python", "database", "roles", "migrations", "row security", "keys"} <= {
        f["subject"] for f in found["findings"]
    }


def test_doctor_finds_what_is_broken(home):
    key, sealed = home / "secrets" / "django", home / "sealed" / "ab" / ("ab" + "0" * 62)
    key.chmod(0o644)
    sealed.parent.mkdir(parents=True)
    sealed.write_bytes(b"changed")
    try:
        done = tirek(home, "doctor")
        assert done.returncode == 1
        assert f"Run: chmod 600 {key}" in done.stdout
        assert "1 of 1 changed" in done.stdout
        assert "2 to mend." in done.stdout
    finally:
        key.chmod(0o600)
        sealed.unlink()


def test_migrate_may_be_repeated(home):
    done = tirek(home, "migrate")
    assert done.returncode == 0
    assert "No migrations to apply." in done.stdout


def test_a_home_that_cannot_be_made_is_said_in_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    done = tirek(tmp_path / "file" / "home", "migrate")
    assert done.returncode == 1
    assert "TIREK_HOME" in done.stderr
    assert "Traceback" not in done.stderr
