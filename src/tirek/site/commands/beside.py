"""What runs beside the web server: the background worker, and a watch over the embedded database."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections.abc import Iterator

import click

from tirek.storage.database import embedded
from tirek.storage.unprivileged import EmbeddedError

LOOK_SECONDS = 1.0
STOP_SECONDS = 12.0


class Worker:
    """A background worker in its own process, started anew when it ends by itself."""

    def __init__(self) -> None:
        self.process: subprocess.Popen | None = None

    def keep(self) -> None:
        if self.process is None or self.process.poll() is not None:
            command = [sys.executable, "-m", "tirek.site", "worker"]
            # a session of its own: Ctrl-C reaches it once, from us
            self.process = subprocess.Popen(command, start_new_session=True)  # noqa: S603

    def stop(self) -> None:
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


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


@contextlib.contextmanager
def kept(*parts: Worker | Database) -> Iterator[None]:
    """Keep parts running while the block runs, looking once a second."""
    ending = threading.Event()

    def watch() -> None:
        while not ending.wait(LOOK_SECONDS):
            for part in parts:
                part.keep()

    for part in parts:
        part.keep()
    watcher = threading.Thread(target=watch, name="watch", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ending.set()
        watcher.join(5)
        for part in parts:
            part.stop()
