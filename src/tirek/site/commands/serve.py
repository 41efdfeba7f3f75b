"""tirek serve"""

from __future__ import annotations

import contextlib
import functools
import http.client
import os
import shutil
import signal
import socket
import threading
from collections.abc import Iterator

import click

from tirek.site.commands import demonstration as demo
from tirek.site.commands.beside import Database, Worker, kept
from tirek.site.logging import logging_config
from tirek.storage.database import home
from tirek.storage.setup import PARENT, close_connections

TRIED_PORTS = 50
WARM_REQUESTS = 4


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 chooses a free one.")
@click.option("--strict-port", is_flag=True, help="Fail when the port is taken instead of choosing the next free one.")
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Processes.")
@click.option("--threads", type=click.IntRange(1, 64), default=2, show_default=True, help="Threads in each process.")
@click.option("--with-worker/--without-worker", default=False, help="Also run a background worker, as make run does.")
@click.option("--demonstration", is_flag=True, help="Load the demonstration region, and run its worker too.")
@click.option(
    "--open-demonstration",
    is_flag=True,
    help="Let other machines reach a demonstration, although everybody knows its passwords.",
)
def serve(
    host: str,
    port: int,
    strict_port: bool,
    workers: int,
    threads: int,
    with_worker: bool,
    demonstration: bool,
    open_demonstration: bool,
) -> None:
    """Serve the site until Ctrl-C.

    Example: tirek serve --host 0.0.0.0 --port 8000 --strict-port
    """
    from tirek.storage.setup import django_ready

    if demonstration:
        demo.choose_settings()
    demo.mind_strangers(host, open_demonstration)
    chosen = _choose_port(host, port, strict_port)
    if demonstration:
        os.environ.setdefault("TIREK_ADDRESS", f"http://{_reachable(host)}:{chosen}")
    _metrics_folder()
    django_ready()
    _forget_half_uploads()
    is_more = demo.load_first_stage() if demonstration else False
    _collect_static()
    parts = [Database(), *([Worker()] if with_worker or demonstration else []), *([demo.Rest()] if is_more else [])]

    def announce(ending: threading.Event) -> None:
        if _answers(host, chosen, ending):
            if demonstration:
                click.echo(demo.welcome_text())
            _announce(host, port, chosen)
            _tell_systemd()

    close_connections()
    os.environ[PARENT] = str(os.getpid())  # the server's processes end with us, even when we are killed
    web = _granian(host, chosen, workers, threads)
    web.signal_handler_reload = web.signal_handler_interrupt  # a closed terminal ends the server, like Ctrl-C
    with _terminal_signals(), kept(*parts, after=announce):
        web.serve()
    click.echo("Tirek has stopped.")


def _forget_half_uploads() -> None:
    """Uploads that were on their way when an earlier server was killed lie here in the clear."""
    from django.conf import settings

    for left in settings.FILE_UPLOAD_TEMP_DIR.iterdir():
        left.unlink(missing_ok=True)


def _granian(host: str, port: int, workers: int, threads: int):
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    return Granian(
        "tirek.site.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=10,
        log_level=LogLevels.warning,
        log_dictconfig=_granian_log(),
    )


def _granian_log() -> dict:
    """Granian's own lines in the shape of ours."""
    ours = logging_config()
    handlers = {"console": ours["handlers"]["stderr"], "access": ours["handlers"]["stderr"]}
    return {"formatters": ours["formatters"], "handlers": handlers}


def _choose_port(host: str, port: int, strict: bool) -> int:
    for candidate in [port] if strict or port == 0 else range(port, min(port + TRIED_PORTS, 65536)):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, candidate))
            except PermissionError:
                raise click.ClickException(f"Port {candidate} needs root. Choose one above 1023 with --port.") from None
            except OSError:
                continue
            return probe.getsockname()[1]
    raise click.ClickException(f"Port {port} on {host} is taken. Choose another with --port.")


def _metrics_folder() -> None:
    """Where the server's processes add up their counts; emptied, because old processes count no longer."""
    folder = home() / "metrics"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


def _collect_static() -> None:
    """Copy, fingerprint and compress static files; only what changed is written again."""
    from django.conf import settings
    from django.core.management import call_command

    if settings.STORAGES["staticfiles"]["BACKEND"].startswith("whitenoise"):
        call_command("collectstatic", interactive=False, verbosity=0)


def _answers(host: str, port: int, ending: threading.Event) -> bool:
    """Wait until the server answers, and let each process make a page once: the first is slow."""
    connection = functools.partial(http.client.HTTPConnection, _reachable(host).strip("[]"), port, timeout=30)
    asked = ["/health", *["/accounts/login/"] * WARM_REQUESTS]
    while asked and not ending.is_set():
        try:
            link = connection()
            link.request("GET", asked[0], headers=_as_through_the_proxy())
            link.getresponse().read()
            link.close()
            asked.pop(0)
        except (OSError, http.client.HTTPException):
            ending.wait(0.1)
    return not ending.is_set()


def _as_through_the_proxy() -> dict[str, str]:
    """Headers with which our own request gets the page, and no redirect to HTTPS or refusal of the host's name."""
    from django.conf import settings

    names = [name.lstrip(".") for name in settings.ALLOWED_HOSTS if name.lstrip(".*")]
    return ({"Host": names[0]} if names else {}) | (
        {"X-Forwarded-Proto": "https"} if settings.SECURE_SSL_REDIRECT else {}
    )


def _reachable(host: str) -> str:
    """The address under which this machine reaches itself."""
    if host in ("0.0.0.0", "127.0.0.1", "::", "::1"):  # noqa: S104
        return "localhost"
    return f"[{host}]" if ":" in host else host


@contextlib.contextmanager
def _terminal_signals() -> Iterator[None]:
    """Until the web server has its own handlers, a closed terminal and a stop order end us like Ctrl-C."""

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    before = {s: signal.getsignal(s) for s in (signal.SIGHUP, signal.SIGTERM)}
    for number in before:
        signal.signal(number, end)
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _announce(host: str, asked: int, port: int) -> None:
    if asked and port != asked:
        click.echo(f"Port {asked} is taken by another program, so Tirek uses {port}.")
    click.echo(f"Tirek is at http://{_reachable(host)}:{port}/   (Ctrl-C stops it)")


def _tell_systemd() -> None:
    """A unit of Type=notify counts as started now: what comes after it finds the database running."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as service, contextlib.suppress(OSError):
            service.sendto(b"READY=1", "\0" + address[1:] if address.startswith("@") else address)
