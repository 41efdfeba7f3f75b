"""The pages of tests and results: who sees what, in which words, with how many queries."""

import io

import polars as pl
import pytest
from access_world import user_with
from assessment_world import OFFICER, answers_csv, make_test, make_world
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tirek.access.models import PersonRead
from tirek.access.roles import Role, ScopeKind
from tirek.access.scope import acting_as, loading
from tirek.assessment import work
from tirek.assessment.decided.pseudonyms import pseudonyms
from tirek.assessment.models import AnswerSheet, Release
from tirek.assessment.services.answers import import_answers
from tirek.assessment.services.calibration import calibrate_test
from tirek.assessment.services.publication import publish_results
from tirek.registry.models import Guardianship, Person
from tirek.storage import jobs
from tirek.storage.models import Job

pytestmark = pytest.mark.django_db
MOST_QUERIES = 12
HOUSEKEEPING = ("SAVEPOINT", "RELEASE", "set_config", "django_session", "access_user", "access_grant")


@pytest.fixture(autouse=True)
def demonstration(settings, tmp_path, monkeypatch):
    settings.DEMONSTRATION = True
    monkeypatch.setattr("tirek.storage.sealed.folder", lambda: tmp_path / "sealed")


@pytest.fixture
def world():
    return make_world()


@pytest.fixture
def test(world):
    return make_test(world)


@pytest.fixture
def answered(world, test):
    with acting_as(OFFICER):
        import_answers(test_id=test.pk, content=answers_csv(world, test), file_name="a.csv")
    return test


@pytest.fixture
def published(answered):
    with acting_as(OFFICER):
        calibrate_test(test_id=answered.pk, by=None, now=timezone.now())
        publish_results(test_id=answered.pk, by=None, now=timezone.now())
    return answered


def client_of(role: str, kind: str | None = None, language: str = "en", **facts) -> Client:
    user = user_with(role, kind, name=f"{role}-{language}", **facts)
    client = Client(headers={"accept-language": language})
    client.force_login(user, backend="tirek.access.backends.ScopedBackend")
    return client


def officer(language: str = "en") -> Client:
    return client_of(Role.REGIONAL_OFFICER, ScopeKind.REGION, language)


def text_of(response) -> str:
    assert response.status_code == 200, response.content[-2000:]
    return response.content.decode()


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_the_officer_reads_what_came_out(published, language):
    client = officer(language)
    assert "M4-2025" in text_of(client.get("/assessment/"))
    page = text_of(client.get("/assessment/M4-2025/"))
    assert "<svg" in page
    assert page.count("M0") > 5, "items with their difficulties"


def test_small_schools_are_named_without_numbers(published):
    page = text_of(officer().get("/assessment/M4-2025/"))
    row = page[page.index("School 7") :].split("</tr>")[0]
    assert "too few pupils to say" in row


def test_the_head_of_a_school_sees_its_own_school_only(published):
    page = text_of(client_of(Role.SCHOOL_HEAD).get("/assessment/M4-2025/"))
    assert "School 0" in page
    assert "School 1" not in page
    assert 'id="items"' not in page, "the items are a secret of those who hold the test"
    head = client_of(Role.SCHOOL_HEAD, language="ru")
    assert head.get("/assessment/M4-2025/calibration/").status_code == 403
    assert head.post("/assessment/M4-2025/publish/", {"confirm": "yes"}).status_code == 403


@pytest.mark.parametrize("form", ["csv", "xlsx", "parquet"])
def test_results_and_answers_can_be_downloaded(published, form):
    client = officer()
    for path in ("/assessment/M4-2025/", "/assessment/M4-2025/data/"):
        response = client.get(path, {"download": form})
        assert response.status_code == 200
        assert f".{form}" in response["Content-Disposition"]
    if form == "parquet":
        frame = pl.read_parquet(io.BytesIO(response.content))
        assert frame.height == 213
        assert not {"person", "name", "iin"} & set(frame.columns)


def test_from_a_file_to_published_results_by_hand(world, test):
    client = officer()
    assert "Answers are in from 0 of 8 sittings" in text_of(client.get("/assessment/M4-2025/"))
    upload = SimpleUploadedFile("a.csv", answers_csv(world, test))
    response = client.post("/assessment/M4-2025/answers/", {"file": upload}, follow=True)
    assert "Apply 213 sheets" in text_of(response)
    path = response.request["PATH_INFO"]
    assert "213 answer sheets are in." in text_of(client.post(path, {"do": "apply"}, follow=True))
    with jobs.inline():
        page = text_of(client.post("/assessment/M4-2025/calibration/start/", follow=True))
    assert "What would be published" in page
    assert "Tick the box" in text_of(client.post("/assessment/M4-2025/publish/", follow=True))
    assert "The results are published." in text_of(
        client.post("/assessment/M4-2025/publish/", {"confirm": "yes"}, follow=True)
    )
    withdrawn = client.post("/assessment/M4-2025/withdraw/", {"because": "A key was wrong."}, follow=True)
    assert "The results are withdrawn." in text_of(withdrawn)
    assert "A key was wrong." in text_of(client.get("/assessment/M4-2025/"))


def test_faults_are_shown_and_can_be_downloaded(world, test):
    client = officer()
    content = answers_csv(world, test).decode().split("\n")
    content[3] = content[3].replace(",1", ",9", 1)
    upload = SimpleUploadedFile("дерек.csv", "\n".join(content).encode())
    response = client.post("/assessment/M4-2025/answers/", {"file": upload}, follow=True)
    page = text_of(response)
    assert "none of the scores 0 to 1" in page
    path = response.request["PATH_INFO"]
    listed = client.get(f"{path}faults/").content.decode("utf-8-sig").splitlines()
    assert listed[0].startswith("file,row,column,value,what,what_to_do")
    assert listed[1].split(",")[1] == "4"
    assert client.get(f"{path}faults/?download=xlsx").content[:2] == b"PK"
    client.post(path, {"do": "discard"})
    with loading():
        assert AnswerSheet.objects.count() == 0


def test_the_template_comes_back_filled_in(world, test):
    client = officer()
    content = client.get("/assessment/M4-2025/answers/template/?download=csv").content
    frame = pl.read_csv(content, infer_schema_length=0)
    assert frame.height == 213
    assert frame.columns[:4] == ["pupil", "booklet", "#class", "#name"]
    filled = frame.with_columns(pl.lit("A").alias("booklet"), pl.lit("1").alias("M01"))
    upload = SimpleUploadedFile("t.csv", filled.write_csv().encode())
    assert "Apply 213 sheets" in text_of(client.post("/assessment/M4-2025/answers/", {"file": upload}, follow=True))


def test_a_test_is_made_from_a_form(world):
    client = officer()
    form = {
        "code": "R4-2025", "title_kk": "Оқу", "title_ru": "Чтение", "title_en": "Reading", "subject": "reading", "grade": "4",
        "kind": "entrance", "school_year": world.year.pk, "territory": world.region.pk,
        "items": "R01; 1; B; text\nR02; 2\nR03", "booklets": "A: R01 R02\nB: R02 R03",
    }  # fmt: skip
    assert "no booklet" not in text_of(client.get("/assessment/new/"))
    assert "names items that the test lacks" in text_of(client.post("/assessment/new/", form | {"booklets": "A: R09"}))
    assert "Open its sittings next" in text_of(client.post("/assessment/new/", form, follow=True))
    opened = client.post("/assessment/R4-2025/sittings/open/", {"date": "2025-09-21", "mode": "paper"}, follow=True)
    assert "8 sittings were opened." in text_of(opened)


@pytest.mark.parametrize(
    ("role", "kind", "shown"),
    [
        ("regional_officer", "region", {"compare", "technical", "research"}),
        ("district_officer", "district", {"compare"}),
    ],
)
def test_results_lead_to_the_further_pages_that_the_asker_may_open(published, role, kind, shown):
    text = text_of(client_of(role, kind).get(reverse("assessment:test", args=[published.code])))
    for name in ("compare", "technical", "research"):
        assert (reverse(f"assessment:{name}", args=[published.code]) in text) is (name in shown)


def test_a_parent_reads_the_childs_result_in_words(world, published):
    with loading():
        parent = Person.objects.create(family_name="Ата", given_name="Ана", sort_key="z", org_no=0)
        child, other = world.everybody[0], world.everybody[1]
        Guardianship.objects.create(guardian=parent, child=child, org_no=child.org_no, valid=("2020-01-01", None))
    client = client_of(Role.PARENT, person_id=parent.pk)
    page = text_of(client.get(f"/people/{child.public_id}/"))
    assert "most likely between" in page
    assert client.get(f"/people/{other.public_id}/").status_code == 404
    with loading():
        assert PersonRead.objects.filter(person_id=child.pk).count() == 1
    why = client.get(f"/assessment/M4-2025/why/{child.public_id}/")
    assert "points of the test, weighed by difficulty" in text_of(why)
    assert pseudonyms(published, [child.pk])[0] not in why.content.decode()
    assert client.get(f"/assessment/M4-2025/why/{other.public_id}/").status_code == 404
    with loading():
        assert PersonRead.objects.filter(person_id=child.pk).count() == 2
        assert not PersonRead.objects.filter(person_id=other.pk).exists()


def test_the_schools_page_shows_its_results(world, published):
    page = text_of(client_of(Role.SCHOOL_HEAD).get("/institutions/S0/"))
    assert "Results of tests" in page


@pytest.mark.parametrize(
    "path",
    [
        "/assessment/",
        "/assessment/M4-2025/",
        "/assessment/M4-2025/answers/",
        "/assessment/M4-2025/calibration/",
        "/assessment/new/",
    ],
)
def test_pages_ask_few_questions(published, path):
    client = officer()
    client.get(path)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        client.get(path)
    queries = [q["sql"] for q in asked if not any(word in q["sql"] for word in HOUSEKEEPING)]
    assert len(queries) <= MOST_QUERIES, "\n".join(queries)


def test_one_release_per_test(published):
    with loading():
        assert Release.objects.count() == 1


def test_a_large_file_is_checked_and_applied_behind_the_page(world, test, monkeypatch):
    monkeypatch.setattr(work, "LARGE_FILE", 100)
    monkeypatch.setattr(work, "MANY_SHEETS", 100)
    client, upload = officer(), SimpleUploadedFile("a.csv", answers_csv(world, test))
    with jobs.inline():
        response = client.post("/assessment/M4-2025/answers/", {"file": upload}, follow=True)
        assert "Apply 213 sheets" in text_of(response)
        path = response.request["PATH_INFO"]
        assert "Applied on" in text_of(client.post(path, {"do": "apply"}, follow=True))
        client.post("/assessment/M4-2025/calibration/start/")
        client.post("/assessment/M4-2025/publish/", {"confirm": "yes"})
    with loading():
        assert AnswerSheet.objects.count() == 213
        assert [job.state for job in Job.objects.order_by("id")] == ["done"] * 4
    assert "Towns" in text_of(client.get("/assessment/M4-2025/"))


def test_a_check_that_was_cancelled_leaves_the_file_to_be_checked_again(world, test, monkeypatch):
    monkeypatch.setattr(work, "LARGE_FILE", 100)
    client, upload = officer(), SimpleUploadedFile("a.csv", answers_csv(world, test))
    with monkeypatch.context() as stopped, jobs.inline():
        stopped.setattr(jobs.Running, "advance", _cancelled)
        response = client.post("/assessment/M4-2025/answers/", {"file": upload}, follow=True)
    assert "has not been checked to its end" in text_of(response)
    path = response.request["PATH_INFO"]
    with loading():
        assert Job.objects.get().state == "cancelled"
    assert "not checked yet" in text_of(client.post(path, {"do": "apply"}, follow=True))
    with jobs.inline():
        assert "Apply 213 sheets" in text_of(client.post(path, {"do": "check"}, follow=True))


def _cancelled(job, done, total, message=""):
    raise jobs.Cancelled
