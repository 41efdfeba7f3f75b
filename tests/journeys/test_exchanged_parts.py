"""Where the keyboard is, and what is said aloud, when a part of the page is exchanged."""

from __future__ import annotations

from playwright.sync_api import expect
from region_world import SCHOOL

from tirek.access.scope import loading
from tirek.storage.models import Job, JobState

NEXT = f"/institutions/{SCHOOL}/"


def _job(world) -> Job:
    with loading():
        return Job.objects.create(
            work="nothing:at_all",
            title="Checking a file",
            state=JobState.QUEUED,
            created_by=world["officer"].pk,
            language="en",
        )


def _end(job: Job, **fields) -> None:
    with loading():
        Job.objects.filter(pk=job.pk).update(state=JobState.DONE, message="The file was checked.", **fields)


def test_the_end_of_long_work_is_said_and_the_focus_goes_to_its_result(visit, world):
    job = _job(world)
    page = visit("officer")
    page.goto(f"/jobs/{job.pk}/")
    page.get_by_role("button", name="Cancel").focus()
    with page.expect_response("**/part/"):
        pass
    page.wait_for_timeout(200)
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()
    _end(job, result={"next": NEXT})
    expect(page.locator("h1")).to_be_focused()
    expect(page.locator("#said")).to_have_text("done. The file was checked.")
    assert page.url.endswith(NEXT)
    kept = page.evaluate("window.sessionStorage.getItem('htmx-history-cache')")
    assert not kept, "no page with persons in it is kept by the browser"


def test_who_writes_on_the_page_is_not_led_away(visit, world):
    job = _job(world)
    page = visit("officer")
    page.goto(f"/jobs/{job.pk}/")
    page.evaluate("document.querySelector('h1').outerHTML += '<textarea></textarea>'")
    page.locator("main textarea").fill("half a sentence")
    _end(job, result={"next": NEXT})
    expect(page.get_by_role("link", name="See the result")).to_be_visible()
    page.wait_for_timeout(1200)
    expect(page.locator("main textarea")).to_have_value("half a sentence")


def test_the_menu_of_a_telephone_still_opens_after_an_exchange(visit, world):
    job = _job(world)
    page = visit("officer", size="phone")
    page.goto(f"/jobs/{job.pk}/")
    _end(job, result={"next": NEXT})
    expect(page.locator("h1")).to_be_focused()
    page.locator(".menu-link").click()
    expect(page.locator(".menu-link")).to_have_attribute("aria-expanded", "true")


def test_faults_of_a_form_have_the_focus(visit):
    page = visit("officer")
    page.goto(f"{NEXT}change/")
    page.locator("[name=name_kk]").evaluate("field => { field.required = false; field.value = ''; }")
    page.locator("form:has([name=name_kk]) button").last.click()
    expect(page.locator(".error-summary")).to_be_focused()
