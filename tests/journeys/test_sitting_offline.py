"""A pupil whose connection is cut in the middle: every answer arrives exactly once, and the test is handed in."""

from __future__ import annotations

import contextlib
import datetime as dt
import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tirek.access.scope import loading
from tirek.assessment.demonstration.sittings import demonstrate_sittings
from tirek.assessment.models import Seat, SeatAnswer, Sitting
from tirek.assessment.queries.seats import trial_code
from tirek.assessment.sitting.access_codes import shown_code
from tirek.registry.models import ClassGroup, Enrolment, SchoolYear


@pytest.fixture(scope="module")
def sitting(world) -> Sitting:
    """A class of the fourth grade out of whoever the journeys' school has, and the demonstration's sitting in it."""
    with loading():
        year = SchoolYear.objects.order_by("-starts_on").first()
        enrolled = Enrolment.objects.exclude(class_group=None).first()
        group, _new = ClassGroup.objects.get_or_create(
            institution=enrolled.institution, school_year=year, grade=4, letter="Т",
            defaults={"org_no": enrolled.org_no, "language": "kk"},
        )  # fmt: skip
        Enrolment.objects.filter(institution=enrolled.institution).update(class_group=group, grade=4)
    test = demonstrate_sittings(now=dt.datetime.now(dt.UTC))
    with loading():
        return Sitting.objects.get(test=test)


class Wire:
    """A connection to the server that can be cut: also for the worker, which a browser's own offline switch spares."""

    def __init__(self, port: int):
        self.port, self.is_cut, self.open = port, False, set()
        self.door = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://localhost:{self.door.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _address = self.door.accept()
                if self.is_cut:
                    near.close()
                    continue
                far = socket.create_connection(("localhost", self.port))
                self.open |= {near, far}
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(source, target), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while (data := source.recv(65536)) and not self.is_cut:
                target.sendall(data)
        for one in (source, target):
            one.close()

    def cut(self) -> None:
        self.is_cut = True
        for one in self.open:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self.open.clear()

    def mend(self) -> None:
        self.is_cut = False


@pytest.fixture
def wire(server) -> Iterator[Wire]:
    made = Wire(urlsplit(server).port)
    yield made
    made.cut()
    made.door.close()


@pytest.fixture
def phone(chromium, wire):
    context = chromium.new_context(
        viewport={"width": 360, "height": 740}, locale="en", base_url=wire.address, reduced_motion="reduce"
    )
    context.add_cookies([{"name": "language", "value": "en", "url": wire.address}])
    context.set_default_timeout(10_000)
    yield context
    context.close()


def code(sitting: Sitting, number: int) -> str:
    return shown_code(trial_code(sitting.pk, number))


def open_page(page) -> None:
    """The page in English; without a choice it speaks the sitting's language."""
    page.set_default_timeout(30_000)
    page.goto("/sit/")
    page.get_by_role("button", name="English").click()


def sit_down(page, typed: str) -> None:
    open_page(page)
    page.get_by_label("Code").fill(typed)
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Yes, begin").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Task 1 of 12")


def answer(page, place: int) -> None:
    """Something for whatever kind of task stands there."""
    page.get_by_role("button", name=f"Task {place},").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Task {place} of 12")
    option = page.locator(".sit-option input").first
    if option.count():
        option.check()
    else:
        page.locator("#answer").fill(str(place))


def arrived(sitting: Sitting, number: int) -> dict[str, tuple[str, int]]:
    with loading():
        found = SeatAnswer.objects.filter(seat__sitting=sitting, seat__number=number)
        return {
            code: (value, sequence) for code, value, sequence in found.values_list("item__code", "value", "sequence")
        }


def until(page, script: str, seconds: float = 15) -> None:
    """Wait until a script says yes. Playwright's own waiting evaluates text in the page, which its policy forbids."""
    end = time.monotonic() + seconds
    while not page.evaluate(script):
        assert time.monotonic() < end, f"never came true: {script}"
        page.wait_for_timeout(50)


def test_a_cut_connection_loses_nothing(phone, wire, sitting, picture):
    context = phone
    page = context.new_page()
    sit_down(page, code(sitting, 1))
    until(page, "navigator.serviceWorker.controller !== null")
    answer(page, 1)
    answer(page, 2)
    expect(page.locator("#sit-state")).to_have_text("Saved and sent")
    assert len(arrived(sitting, 1)) == 2

    wire.cut()
    context.set_offline(True)
    for place in (3, 4, 5):
        answer(page, place)
    expect(page.locator("#sit-state")).to_contain_text("No connection")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Task 5 of 12")
    expect(page.get_by_role("button", name="Task 4, answered")).to_be_visible()
    page.close()
    page = context.new_page()
    page.goto("/sit/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Task 5 of 12")
    for place in (6, 1):
        answer(page, place)
    if page.locator(".sit-option input").count():
        page.locator(".sit-option input").nth(1).check()
    picture(page, "sitting-offline-360-en")
    page.get_by_role("button", name="Task 12,").click()
    page.get_by_role("button", name="To the end").click()
    page.get_by_role("button", name="Hand in").click()
    expect(page.locator("main").get_by_text("There is no connection. Leave this page open")).to_be_visible()
    assert len(arrived(sitting, 1)) == 2, "nothing can have arrived"

    wire.mend()
    context.set_offline(False)
    expect(page.locator("main").get_by_text("All answers have arrived.")).to_be_visible(timeout=40_000)
    assert len(arrived(sitting, 1)) == 6
    with loading():
        seat = Seat.objects.get(sitting=sitting, number=1)
    assert (seat.state, seat.done_by) == ("done", "pupil")


def test_the_next_pupil_at_the_same_device_sees_nothing_of_the_one_before(visit, sitting):
    page = visit(language="en")
    sit_down(page, code(sitting, 2))
    answer(page, 1)
    page.get_by_role("button", name="Task 12,").click()
    page.get_by_role("button", name="To the end").click()
    page.get_by_role("button", name="Hand in").click()
    expect(page.locator("main").get_by_text("All answers have arrived.")).to_be_visible()
    page.get_by_role("button", name="Next pupil").click()
    expect(page.get_by_role("heading", name="Enter your code")).to_be_visible()
    until(page, "Object.keys(localStorage).every((key) => !key.includes('seat') && !key.includes('token'))")


def test_by_keyboard_alone(visit, sitting):
    page = visit(language="en")
    open_page(page)
    page.keyboard.type(code(sitting, 3).lower())
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Is this you?")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Task 1 of 12")
    page.keyboard.press("PageDown")
    expect(page.get_by_role("heading", level=1)).to_have_text("Task 2 of 12")
    page.keyboard.press("PageUp")
    expect(page.get_by_role("heading", level=1)).to_have_text("Task 1 of 12")


def faults_of(page) -> list[str]:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {rule['help']} {[node['target'] for node in rule['nodes'][:3]]}" for rule in found]


@pytest.mark.parametrize(("theme", "number"), [("light", 4), ("dark", 5)])
def test_axe_finds_nothing_on_the_pupils_page(visit, sitting, theme, number):
    page = visit(language="en", theme=theme, size="phone")
    open_page(page)
    page.get_by_label("Code").fill("K7M-4PX-2A")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("This is not a whole code.").first).to_be_visible()
    assert faults_of(page) == []
    sit_down(page, code(sitting, number))
    for place in (1, 2, 3, 12):
        page.get_by_role("button", name=f"Task {place},").click()
        assert faults_of(page) == []
    page.get_by_role("button", name="To the end").click()
    assert faults_of(page) == []


def test_axe_finds_nothing_on_the_supervisors_pages(visit, sitting):
    page = visit("officer", language="en", size="phone")
    for path in (
        "sittings/",
        f"sittings/{sitting.pk}/",
        f"{sitting.test.code}/scanned/",
        f"{sitting.test.code}/scoring/",
    ):
        page.goto(f"/assessment/{path}")
        assert faults_of(page) == [], path
    page.goto(f"/assessment/sittings/{sitting.pk}/")
    page.locator("#live tbody a").first.click()
    page.wait_for_url("**/seats/**")
    assert faults_of(page) == []
    page.goto(f"/assessment/sittings/{sitting.pk}/")
    page.get_by_role("button", name="Issue codes").click()
    expect(page.get_by_role("heading", name="Access codes")).to_be_visible()
    assert faults_of(page) == []


def test_the_demonstration_is_made_once(sitting):
    with loading():
        before = Seat.objects.count()
    assert demonstrate_sittings().pk == sitting.test_id
    with loading():
        assert Seat.objects.count() == before
