"""A real server over a tiny region, and Debian's chromium to walk through it."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
RESULTS = HERE.parents[1] / "test-results"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
SIZES = {"phone": (360, 740), "tablet": (768, 1024), "desk": (1440, 900)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in Path(item.fspath).parents:
            item.add_marker(pytest.mark.journey)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """The region and its server stay until the end; tests of other folders get their own database back before."""
    if nextitem is None or HERE not in nextitem.path.parents:
        _parent(item.config).use_database("test_tirek")


def _parent(config: pytest.Config):
    """The conftest one folder up: it knows how to clone a database."""
    path = str(HERE.parent / "conftest.py")
    return next(p for p in config.pluginmanager.get_plugins() if getattr(p, "__file__", "") == path)


@pytest.fixture(scope="session")
def beside_playwright() -> Iterator[None]:
    """Playwright keeps a loop in this thread; Django then asks to be told that it is used on purpose."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    yield
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="session")
def world(request, beside_playwright, django_db_setup, database_template, django_db_blocker) -> Iterator[dict]:
    """The region's users, committed in a database of the journeys' own."""
    from region_world import load

    above = _parent(request.config)
    with django_db_blocker.unblock():
        above.clone("test_journeys", database_template)
        above.use_database("test_journeys")
        yield load()
        above.use_database("test_tirek")
        with above.owner_connection() as connection:
            connection.execute("drop database if exists test_journeys with (force)")


@pytest.fixture(scope="session")
def server(world) -> Iterator[str]:
    """The address of the site, served from this process, connected as the program's own role."""
    from django.conf import settings
    from django.contrib.staticfiles.handlers import StaticFilesHandler
    from django.test.testcases import LiveServerThread

    settings.ALLOWED_HOSTS = ["localhost", "testserver"]
    thread = LiveServerThread("localhost", StaticFilesHandler, connections_override={})
    thread.daemon = True
    thread.start()
    thread.is_ready.wait()
    if thread.error:
        raise thread.error
    yield f"http://localhost:{thread.port}"
    thread.terminate()


@pytest.fixture(scope="session")
def chromium(beside_playwright) -> Iterator:
    if not CHROMIUM:
        pytest.skip("not run: no chromium (apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Visitor:
    """Opens pages as somebody, in a language, on a screen; fails on an error in the page's console."""

    def __init__(self, browser, server: str):
        self.browser, self.server, self.contexts, self.faults = browser, server, [], []

    def page(
        self, name: str = "", *, language: str = "en", size: str = "desk", theme: str = "light", script: bool = True
    ):
        from django.conf import settings

        width, height = SIZES[size]
        context = self.browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=theme, java_script_enabled=script, locale=language,
            base_url=self.server, reduced_motion="reduce",
        )  # fmt: skip
        self.contexts.append(context)
        cookies = [{"name": "language", "value": language, "url": self.server}]
        if name:
            cookies.append({"name": settings.SESSION_COOKIE_NAME, "value": session_of(name), "url": self.server})
        context.add_cookies(cookies)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        return page

    def _listen(self, message) -> None:
        if message.type == "error" and not _expected(message.text):
            self.faults.append(f"{message.text} {message.location.get('url', '')}")

    def close(self) -> None:
        for context in self.contexts:
            context.close()


def _expected(text: str) -> bool:
    """The browser's own note of a 403 or 404 that a journey asked for."""
    return bool(re.search(r"status of 40[34]", text))


@pytest.fixture
def visit(chromium, server) -> Iterator[Callable]:
    visitor = Visitor(chromium, server)
    yield visitor.page
    visitor.close()
    assert not visitor.faults, visitor.faults


def session_of(name: str) -> str:
    """A session as signing in makes it; the sign-in form itself has a journey of its own."""
    from django.conf import settings
    from django.test import Client

    from tirek.access.models import User
    from tirek.access.scope import signing_in

    with signing_in():
        user = User.objects.get(username=name)
    client = Client()
    client.force_login(user, backend="tirek.access.backends.ScopedBackend")
    return client.cookies[settings.SESSION_COOKIE_NAME].value


@pytest.fixture
def picture() -> Callable:
    """Keep what the page looks like, whole, for eyes."""

    def take(page, name: str) -> None:
        RESULTS.mkdir(exist_ok=True)
        page.screenshot(path=RESULTS / f"{name}.png", full_page=True)

    return take
