"""What runs beside the web server: the background worker, and a watch over the embedded database."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Protocol

import click

from tirek.storage.database import embedded
from tirek.storage.setup import PARENT
from tirek.storage.unprivileged import EmbeddedError

LOOK_SECONDS = 1.0
STOP_SECONDS = 12.0


def start(*arguments: str, gently: bool = False) -> subprocess.Popen:
    """Start a command of ours in a session of its own, so that Ctrl-C reaches it once, from us."""
    command = [sys.executable, "-m", "tirek.site", *arguments]
    environment = os.environ | {PARENT: str(os.getpid())}
    process = subprocess.Popen(command, env=environment, start_new_session=True)  # noqa: S603
    if gently:
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process.pid, 10)
    return process


def end(process: subprocess.Popen | None) -> None:
    """Ask it to end; kill it when it does not."""
    if process is None or process.poll() is not None:
        return
    process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Worker:
    """A background worker in its own process, started anew when it ends by itself."""

    def __init__(self) -> None:
        self.process: subprocess.Popen | None = None

    def keep(self) -> None:
        if self.process is None or self.process.poll() is not None:
            self.process = start("worker")

    def stop(self) -> None:
        end(self.process)


class Database:
    """The embedded server, started anew when it was killed. Another server is looked after by others."""

    def __init__(self) -> None:
        self.server = embedded()

    def keep(self) -> None:
        if self.server and not self.server.alive():
            click.echo("The embedded database had ended; it is started again.", err=True)
            with contextlib.suppress(EmbeddedError):
                self.server.ensure()

    def stop(self) -> None:
        """Whoever lets go of it last stops it."""


class Part(Protocol):
    """Something that is kept running."""

    def keep(self) -> None: ...

    def stop(self) -> None: ...


@contextlib.contextmanager
def kept(*parts: Part, after: Callable[[threading.Event], None]) -> Iterator[None]:
    """Keep parts running while the block runs, looking once a second; begin when ``after`` returns."""
    ending = threading.Event()

    def watch() -> None:
        after(ending)
        while not ending.is_set():
            for part in parts:
                part.keep()
            ending.wait(LOOK_SECONDS)

    watcher = threading.Thread(target=watch, name="watch", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ending.set()
        watcher.join(STOP_SECONDS)
        for part in parts:
            part.stop()
