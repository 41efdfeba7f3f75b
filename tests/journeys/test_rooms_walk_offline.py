"""A walk on a phone: a cold start without a connection, photographs, a killed browser; everything arrives exactly once."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image
from playwright.sync_api import expect
from test_sitting_offline import Wire

from conftest import CHROMIUM, FLAGS, session_of
from tirek.access.scope import loading
from tirek.facilities.models import Finding, Photograph, Walk

PICTURES = int(os.environ.get("TIREK_WALK_PICTURES", "6"))
"""As many as a walk through a whole school has when it is measured by hand: 50."""


@pytest.fixture
def wire(server) -> Iterator[Wire]:
    made = Wire(urlsplit(server).port)
    yield made
    made.cut()
    made.door.close()


@pytest.fixture
def phone(chromium, wire, tmp_path):
    """Opens a browser that keeps what it has on disk, and can be killed."""
    opened = []

    def open_phone():
        context = chromium.browser_type.launch_persistent_context(
            tmp_path / "phone", executable_path=CHROMIUM, args=FLAGS, viewport={"width": 360, "height": 740}, locale="en",
            base_url=wire.address, reduced_motion="reduce",
        )  # fmt: skip
        context.set_default_timeout(20_000)
        opened.append(context)
        return context, context.pages[0]

    yield open_phone, tmp_path / "phone"
    for context in opened:
        with contextlib.suppress(Exception):
            context.close()


def kill(folder: Path) -> None:
    """The browser of this folder, at once."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if f"--user-data-dir={folder}".encode() in (entry / "cmdline").read_bytes().split(b"\0"):
                    os.kill(int(entry.name), signal.SIGKILL)
    time.sleep(1)


def sign_in(context, wire, name: str) -> None:
    from django.conf import settings

    late = time.time() + 3600  # kept on disk, as a session's cookie is
    context.add_cookies([
        {"name": "language", "value": "en", "url": wire.address, "expires": late},
        {"name": settings.SESSION_COOKIE_NAME, "value": session_of(name), "url": wire.address, "expires": late},
    ])  # fmt: skip


def picture(number: int, folder: Path, *, broken: bool = False) -> Path:
    target = io.BytesIO()
    Image.effect_noise((4000, 3000), 60 + number).convert("RGB").save(target, "JPEG", quality=80)
    path = folder / f"{'broken' if broken else 'room'}-{number}.jpg"
    path.write_bytes(target.getvalue()[:4000] if broken else target.getvalue())
    return path


def until(check, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not check() and time.monotonic() < end:
        time.sleep(0.3)
    assert check()


def kept_worker(page) -> None:
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.wait_for_function("caches.keys().then((names) => names.some((name) => name.startsWith('tirek-walk-')))")
    page.wait_for_function("navigator.serviceWorker.controller !== null")


def test_a_walk_survives_no_connection_and_a_killed_browser(world, wire, phone, tmp_path):
    open_phone, folder = phone
    context, page = open_phone()
    sign_in(context, wire, "head")
    page.goto("/rooms/walk/")
    expect(page.locator(".walk-rooms a").first).to_be_visible()
    kept_worker(page)
    page.wait_for_timeout(500)
    context.close()

    wire.cut()
    context, page = open_phone()  # cold start without a connection
    page.goto("/rooms/walk/")
    expect(page.locator(".walk-rooms a").first).to_be_visible()
    expect(page.locator("#walk-state")).to_contain_text("No connection")
    page.locator(".walk-rooms a").first.click()
    page.get_by_role("radio", name="Poor").check()
    page.locator(".walk-item input").first.fill("3")
    page.get_by_label("Note").fill("The window does not close.")
    page.set_input_files(
        "#picture", [*(picture(n, tmp_path) for n in range(PICTURES)), picture(9, tmp_path, broken=True)]
    )
    expect(page.locator(".walk-pictures li")).to_have_count(PICTURES, timeout=20_000 + 3000 * PICTURES)
    expect(page.locator(".walk-fault")).to_contain_text("broken-9.jpg")
    expect(page.locator(".walk-photographs [role=status]")).not_to_contain_text("Preparing")
    expect(page.locator(".walk-pictures li")).to_have_count(PICTURES)
    expect(page.locator("#walk-state")).to_contain_text(f"0 of {PICTURES} photographs sent")
    page.get_by_role("button", name="Done, next room").click()
    page.locator(".walk-back").click()
    page.locator(".walk-rooms a").nth(1).click()
    page.get_by_role("radio", name="Good").check()  # begun, not done
    page.wait_for_timeout(600)
    kill(folder)

    context, page = open_phone()  # still no connection: nothing is lost
    page.goto("/rooms/walk/")
    expect(page.locator(".walk-rooms li").first).to_contain_text("waits to be sent")
    expect(page.locator(".walk-rooms li").nth(1)).to_contain_text("begun")
    with loading():
        assert not Walk.objects.exists()

    wire.mend()
    until(lambda: _count(Photograph) >= 2)
    kill(folder)  # in the midst of sending
    context, page = open_phone()
    page.goto("/rooms/walk/")
    until(lambda: _count(Photograph) == PICTURES, seconds=60 + 4 * PICTURES)
    expect(page.locator("#walk-state")).to_contain_text(f"{PICTURES} of {PICTURES} photographs sent", timeout=30_000)
    expect(page.locator("#walk-state")).to_contain_text("Everything is sent")
    with loading():
        finding = Finding.objects.get()
        assert (finding.condition, finding.note) == ("poor", "The window does not close.")
        assert 3 in finding.counts.values()
        assert all(max(one.width, one.height) == 1600 for one in Photograph.objects.all())
    page.locator(".walk-rooms a").nth(1).click()
    expect(page.get_by_role("radio", name="Good")).to_be_checked()
    page.get_by_role("button", name="Done, next room").click()
    until(lambda: _count(Finding) == 2)


def _count(model) -> int:
    with loading():
        return model.objects.count()
