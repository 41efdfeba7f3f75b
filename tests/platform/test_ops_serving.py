"""What `tirek serve` is before its first page: who may reach it, what it forks from, what it says when it breaks."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import click
import pytest

from tirek.site.commands.demonstration import mind_strangers
from tirek.site.commands.serve import _tell_systemd

SRC = Path(__file__).resolve().parents[2] / "src"
FORK_AND_COUNT = """
import os, signal, sys
import tirek.site.commands.serve as command

class Web:
    signal_handler_interrupt = None

    def serve(self):
        child = os.fork()
        if child == 0:
            signal.alarm(60)
            import polars
            table = polars.DataFrame({"n": range(100_000)}).lazy()
            print("counted", table.group_by(polars.col("n") % 7).len().collect().height, flush=True)
            os._exit(0)
        print("status", os.waitpid(child, 0)[1], flush=True)

command._granian = lambda *arguments: Web()
command.serve.main(["--demonstration", "--port", "0"])
"""
FALL = """
import logging.config, sys, threading
from tirek.site.logging import log_uncaught, logging_config
logging.config.dictConfig(logging_config())
log_uncaught()
def fall():
    raise ValueError("IIN 990101300123 of Әлиева")
thread = threading.Thread(target=fall)
thread.start()
thread.join()
fall()
"""


def python(script: str, **environment: str) -> subprocess.CompletedProcess:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TIREK_", "DATABASE_", "DJANGO_"))}
    env = kept | {"PYTHONPATH": str(SRC)} | environment
    return subprocess.run(
        [sys.executable, "-c", script], env=env, capture_output=True, text=True, timeout=400, check=False
    )


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "tirek.example.kz"])
def test_a_demonstration_is_not_shown_to_others_unasked(monkeypatch, capsys, host):
    monkeypatch.setenv("TIREK_DEMO", "1")
    with pytest.raises(click.ClickException, match=r"whose passwords everybody knows.*--open-demonstration"):
        mind_strangers(host, is_open=False)
    mind_strangers(host, is_open=True)
    assert f"WARNING: everybody who reaches {host} may sign in" in capsys.readouterr().err


@pytest.mark.parametrize(("demonstration", "host"), [("1", "127.0.0.1"), ("1", "localhost"), ("1", "::1"), ("0", "::")])
def test_one_seen_by_this_machine_only_and_a_real_site_are_served_without_a_word(
    monkeypatch, capsys, demonstration, host
):
    monkeypatch.setenv("TIREK_DEMO", demonstration)
    mind_strangers(host, is_open=False)
    assert capsys.readouterr().err == ""


def test_the_command_refuses_before_it_makes_anything(tmp_path):
    script = "from tirek.site.commands.serve import serve; serve.main(['--demonstration', '--host', '0.0.0.0'])"
    refused = python(script, TIREK_HOME=str(tmp_path / "home"))
    assert refused.returncode == 1
    assert "--open-demonstration" in refused.stderr
    assert not (tmp_path / "home").exists()


def test_a_fork_of_the_demonstration_server_can_use_polars(tmp_path):
    """Polars waits for ever in a fork of a process in which it had begun, so nothing may use it before the fork."""
    done = python(FORK_AND_COUNT, TIREK_HOME=str(tmp_path / "home"))
    assert "counted 7" in done.stdout, done.stdout + done.stderr
    assert "status 0" in done.stdout


STOPPED_WHILE_LOADING = """
import sys
import tirek.site.commands.demonstration as demonstration
import tirek.site.commands.serve as command

def stop(stage):
    raise KeyboardInterrupt

demonstration._loaded = stop
command.serve.main(["--demonstration", "--port", "0"])
"""


def test_ctrl_c_during_the_first_load_says_what_stays_and_how_to_go_on(tmp_path):
    home = tmp_path / "home"
    stopped = python(STOPPED_WHILE_LOADING, TIREK_HOME=str(home))
    assert stopped.returncode == 130
    said = " ".join(stopped.stderr.split())
    assert "Aborted" not in said
    assert f"What was loaded whole stays in {home}" in said
    assert "The same command goes on from there" in said


def test_a_load_that_is_stopped_says_how_to_go_on(monkeypatch):
    from click.testing import CliRunner

    from tirek.site.commands import demo

    def stop(*_: object) -> dict:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "_load", stop)
    loud, quiet = (CliRunner().invoke(demo.demo, ["load", *more]) for more in ([], ["--quiet"]))
    assert (loud.exit_code, quiet.exit_code) == (130, 130)
    assert "tirek demo load goes on from there" in loud.output
    assert not quiet.output.strip()


@pytest.mark.parametrize("kind", ["path", "abstract"])
def test_systemd_is_told_that_pages_are_served(monkeypatch, tmp_path, kind):
    name = str(tmp_path / "notify") if kind == "path" else f"@tirek-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as service:
        service.bind(name.replace("@", "\0"))
        service.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", name)
        _tell_systemd()
        assert service.recv(100) == b"READY=1"
    _tell_systemd()  # nobody listens: the site is served all the same


def test_an_error_nobody_caught_is_logged_without_its_text():
    fallen = python(FALL, TIREK_LOG="json")
    assert fallen.returncode == 1
    lines = fallen.stderr.splitlines()
    assert len(lines) == 2
    assert all('"kind": "builtins.ValueError"' in line and '"critical"' in line for line in lines)
    assert "Әлиева" not in fallen.stderr
    assert "990101300123" not in fallen.stderr


def test_half_uploads_of_a_killed_server_are_deleted(settings, tmp_path):
    from tirek.site.commands.serve import _forget_half_uploads

    settings.FILE_UPLOAD_TEMP_DIR = tmp_path
    (tmp_path / "abc.upload.csv").write_text("010203500011;Алиева")
    _forget_half_uploads()
    assert not list(tmp_path.iterdir())
