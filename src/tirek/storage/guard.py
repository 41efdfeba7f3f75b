"""The guard of the embedded server: a small process that stops it when nobody uses it any more.

Whoever leaves last stops the server. But a process that is killed leaves without a word, and so does a forked one that
the web server ends. The guard waits for ``users.lock``, which the kernel frees when the last user is gone, however it
went. It runs as a script of its own, so it uses the standard library only: ``python -IS guard.py FOLDER``.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

STOP_SECONDS = 60
LEAVING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def take(file: IO, kind: int) -> bool:
    """Take a lock if it is free. When it is not, a lock that was held before is lost."""
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def settle(done: Callable[[], bool], seconds: float) -> bool:
    """Wait until something is so; False when it is not in time."""
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def is_alive(folder: Path) -> bool:
    """Whether any process of the server in the folder still lives, answering or not."""
    if not (folder / "server.lock").exists():
        return False
    with open(folder / "server.lock", "a") as file:
        return not take(file, fcntl.LOCK_SH)  # shared: two who ask at once do not mistake each other for a server


def server_pid(folder: Path) -> int | None:
    """The server's process id; None when the file is a dead server's and the number may be somebody else's."""
    try:
        pid = int((folder / "data" / "postmaster.pid").read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None
    return pid if is_alive(folder) else None


def stop(folder: Path, number: int = signal.SIGINT) -> bool:
    """Stop the server at once but cleanly; False when it still lives after a minute."""
    told: set[int] = set()

    def is_gone() -> bool:
        pid = server_pid(folder)  # one that is just starting writes its number a little later
        if pid is not None and pid not in told:
            told.add(pid)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        return not is_alive(folder)

    return settle(is_gone, STOP_SECONDS)


def post(folder: Path) -> None:
    """Post a guard unless there is one. Who calls it holds ``users.lock``, or the guard would leave at once."""
    with open(folder / "guard.lock", "a") as lock:
        if not take(lock, fcntl.LOCK_EX):
            return
    command = [sys.executable, "-IS", str(Path(__file__).resolve()), str(folder)]
    nothing = subprocess.DEVNULL
    subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True, cwd="/")  # noqa: S603


def stand(folder: Path) -> None:
    """Wait until nobody uses the server, and stop it. While it stops, newcomers wait for ``users.lock``."""
    for number in LEAVING:
        signal.signal(number, signal.SIG_IGN)  # it leaves when its work is done, whatever the terminal says
    # closed in the other order: the next user, who waits for users.lock, finds the post free
    with open(folder / "users.lock", "a") as users, open(folder / "guard.lock", "a") as guard:
        if not take(guard, fcntl.LOCK_EX):
            return
        fcntl.flock(users, fcntl.LOCK_EX)
        if not stop(folder):
            stop(folder, signal.SIGQUIT)


if __name__ == "__main__":
    stand(Path(sys.argv[1]))
