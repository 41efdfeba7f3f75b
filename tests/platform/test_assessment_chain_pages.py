"""The pages of items, fairness, precision and links, as those who hold the test see and use them."""

import pytest
from access_world import user_with
from assessment_world import OFFICER, make_world
from django.test import Client
from django.urls import reverse
from linked_world import DRIFTING, base_of, later_of

from tirek.access.models import Grant
from tirek.access.roles import Role, ScopeKind
from tirek.access.scope import acting_as, loading
from tirek.assessment.models import Calibration, LinkState
from tirek.assessment.services.linking import current_link
from tirek.storage import jobs
from tirek.storage.models import Job

pytestmark = pytest.mark.django_db
PAGES = ("items/A03/", "fairness/", "information/", "link/", "calibration/")


@pytest.fixture
def world(settings, tmp_path, monkeypatch):
    settings.DEMONSTRATION = True
    monkeypatch.setattr("tirek.storage.sealed.folder", lambda: tmp_path / "sealed")
    return make_world(sizes=(60, 60, 60, 60, 60, 60, 60, 3))


@pytest.fixture
def pair(world):
    return base_of(world), later_of(world, drift={DRIFTING: 0.9})


def client_of(role: str, kind: str | None = None, language: str = "en") -> Client:
    user = user_with(role, kind, name=f"{role}-{language}")
    client = Client(headers={"accept-language": language})
    client.force_login(user, backend="tirek.access.backends.ScopedBackend")
    return client


def officer(language: str = "en") -> Client:
    return client_of(Role.REGIONAL_OFFICER, ScopeKind.REGION, language)


def text_of(response) -> str:
    assert response.status_code == 200, response.content[-2000:]
    return response.content.decode()


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_every_page_is_shown_in_every_language(pair, language):
    client = officer(language)
    for page in PAGES:
        shown = text_of(client.get(f"/assessment/EXIT/{page}"))
        assert f'lang="{language}"' in shown
        if page != "calibration/" and page != "link/":
            assert "<svg" in shown


def test_from_choosing_a_base_to_a_published_change(pair):
    _base, test = pair
    client = officer()
    shown = text_of(client.get("/assessment/EXIT/link/"))
    assert "12 common items, known by the same code" in shown
    client.post("/assessment/EXIT/link/make/", {"base": "ENTRANCE:code"})
    shown = text_of(client.get("/assessment/EXIT/link/"))
    assert "Years can be compared" in shown
    assert f"These have drifted: {DRIFTING}." in shown
    answer = client.post("/assessment/EXIT/link/anchor/", {"item": DRIFTING, "because": "", "do": "out"}, follow=True)
    assert "Say why the item is taken out." in text_of(answer)
    client.post("/assessment/EXIT/link/anchor/", {"item": DRIFTING, "because": "Printed smaller.", "do": "out"})
    shown = text_of(client.get("/assessment/EXIT/link/"))
    assert "taken out: Printed smaller." in shown
    table = client.get("/assessment/EXIT/link/?download=csv").content.decode()
    assert "Printed smaller." in table
    client.post("/assessment/EXIT/publish/", {"confirm": "yes"})
    shown = text_of(client.get("/assessment/EXIT/"))
    assert "What has changed since" in shown
    assert "The two tests share 11 items" in shown
    assert "years can be compared" in shown
    public = text_of(client_of("school_head").get("/assessment/EXIT/"))
    for words in ("years can be compared", "The tests share items.", "An item response model"):
        assert words in public, (
            "a head sees neither the link nor the calibration, and is told the same without their numbers"
        )
    assert "a change of" in text_of(client.get(reverse("registry:territory", args=[test.territory.code])))
    assert "change" in text_of(client.get(reverse("registry:institution", args=["S0"])))


def test_leaving_the_earlier_scale(pair):
    _base, test = pair
    client = officer()
    client.post("/assessment/EXIT/link/make/", {"base": "ENTRANCE:code"})
    client.post("/assessment/EXIT/link/undo/")
    with acting_as(OFFICER):
        assert current_link(test) is None
    assert "a scale of its own" in text_of(client.get("/assessment/EXIT/link/"))
    client.post("/assessment/EXIT/link/make/", {"base": "NOT-THERE:code"})
    with acting_as(OFFICER):
        assert current_link(test) is None


def test_an_item_is_taken_out_and_put_back_on_its_page(pair):
    _base, test = pair
    client = officer()
    client.post("/assessment/EXIT/link/make/", {"base": "ENTRANCE:code"})
    refused = client.post("/assessment/EXIT/items/remove/", {"item": "X02", "because": "", "do": "out"}, follow=True)
    assert "Say why the item is taken out." in text_of(refused)
    with jobs.inline():
        client.post("/assessment/EXIT/items/remove/", {"item": "X02", "because": "Two keys.", "do": "out"})
    assert "Two keys." in text_of(client.get("/assessment/EXIT/items/X02/"))
    with acting_as(OFFICER):
        assert current_link(test).state == LinkState.GOOD, "the link is made anew"
    with jobs.inline():
        client.post("/assessment/EXIT/items/remove/", {"item": "X02", "do": "back"})
    with acting_as(OFFICER):
        assert Calibration.objects.get(test=test, state="good").removed == []
    assert client.get("/assessment/EXIT/items/NONE/").status_code == 404


def test_taking_an_item_out_runs_behind_the_page_and_can_be_cancelled(pair):
    _base, test = pair
    client = officer()
    remove = {"item": "X02", "because": "Two keys.", "do": "out"}
    shown = text_of(client.post("/assessment/EXIT/items/remove/", remove, follow=True))
    assert "Cancel" in shown
    client.post("/assessment/EXIT/items/remove/", remove)
    with loading():
        job = Job.objects.get(work__contains="calibration_job")
        assert job.arguments["removed"] == {"X02": "Two keys."}
        jobs.cancel(job)
        assert job.state == "cancelled"
        assert Calibration.objects.get(test=test, state="good").removed == []


def test_large_tests_are_linked_behind_the_page(pair, monkeypatch):
    _base, test = pair
    monkeypatch.setattr("tirek.assessment.work.MANY_SHEETS", 10)
    client = officer()
    with jobs.inline():
        client.post("/assessment/EXIT/link/make/", {"base": "ENTRANCE:code"})
    with acting_as(OFFICER):
        assert current_link(test).state == LinkState.GOOD
    with jobs.inline():
        client.post("/assessment/EXIT/link/undo/")
    with acting_as(OFFICER):
        assert current_link(test) is None
    with loading():
        assert {job.state for job in Job.objects.all()} == {"done"}


def test_items_are_for_those_who_hold_the_test(pair):
    for role, kind in ((Role.TEACHER, None), (Role.AUDITOR, None)):
        client = client_of(role, kind)
        for page in PAGES:
            assert client.get(f"/assessment/EXIT/{page}").status_code in (403, 404), (role, page)
    other = Client()
    user = user_with(Role.REGIONAL_OFFICER, ScopeKind.REGION, name="far")
    with loading():
        Grant.objects.filter(user=user).update(org_lo=20_000_000, org_hi=29_999_999)
    other.force_login(user, backend="tirek.access.backends.ScopedBackend")
    for page in PAGES[:4]:
        assert other.get(f"/assessment/EXIT/{page}").status_code == 404


def test_fairness_can_be_taken_along(pair):
    rows = officer().get("/assessment/EXIT/fairness/?download=csv").content.decode("utf-8-sig").splitlines()
    assert rows[0].startswith("by,focal,reference,item,effect")
    assert len(rows) == 1 + 2 * 20, "by language and by settlement; nobody's sex is known here"
