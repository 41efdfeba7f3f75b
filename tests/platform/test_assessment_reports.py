"""Reports of schools, classes and pupils: what they say, to whom, and on paper."""

import datetime as dt
import io

import polars as pl
import pytest
from access_world import user_with
from assessment_world import OFFICER, answers_csv, make_test, make_world
from django.test import Client
from django.utils import timezone
from psycopg.types.range import DateRange
from pypdf import PdfReader

from tirek.access.roles import Role, ScopeKind
from tirek.access.scope import acting_as, loading
from tirek.assessment.models import Test
from tirek.assessment.services.answers import import_answers
from tirek.assessment.services.calibration import calibrate_test
from tirek.assessment.services.publication import publish_results
from tirek.registry.models import ClassGroup, Enrolment, Guardianship, Person, Teaching

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def demonstration(settings, tmp_path, monkeypatch):
    settings.DEMONSTRATION = True
    monkeypatch.setattr("tirek.storage.sealed.folder", lambda: tmp_path / "sealed")


@pytest.fixture
def world():
    """The last school is too small to be shown, and one of 29 is hidden with it; the first, of 30, is not."""
    return make_world((30, 29, 29, 29, 29, 29, 29, 3))


def weakened(world, content: bytes) -> bytes:
    """The first school was never taught the task M04: nearly nobody there solves it."""
    own = {str(person.public_id) for person in world.pupils[world.schools[0].pk]}
    lines = content.decode().split("\n")
    at = lines[0].split(",").index("M04")
    for i, line in enumerate(lines):
        cells = line.split(",")
        if cells[0] in own and cells[at]:
            cells[at] = "0"
            lines[i] = ",".join(cells)
    return "\n".join(lines).encode()


@pytest.fixture
def published(world):
    test = make_test(world, two_booklets=False)
    with loading():
        for item in test.items.all():
            item.content_area = "number" if item.position % 2 else "geometry"
            item.wording_en = item.wording_kk = item.wording_ru = f"Task about {item.code}: √2 − 1 ≥ 0 漢"
            item.save()
    with acting_as(OFFICER):
        import_answers(test_id=test.pk, content=weakened(world, answers_csv(world, test)), file_name="a.csv")
        calibrate_test(test_id=test.pk, by=None, now=timezone.now())
        publish_results(test_id=test.pk, by=None, now=timezone.now())
    return test


def client_of(role: str, kind: str | None = None, language: str = "en", **facts) -> Client:
    user = user_with(role, kind, name=f"{role}-{language}-{len(facts)}", **facts)
    client = Client(headers={"accept-language": language})
    client.force_login(user, backend="tirek.access.backends.ScopedBackend")
    return client


def text_of(response) -> str:
    assert response.status_code == 200, response.content[-2000:]
    return response.content.decode()


def pdf_of(client: Client, address: str) -> str:
    answer = client.post(address, follow=True)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/pdf"
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages)


def address(world, number: int) -> str:
    return f"/assessment/M4-2025/school/{world.schools[number].org_no}/"


def test_the_head_reads_how_the_school_did_and_what_to_work_on(world, published):
    head = client_of(Role.SCHOOL_HEAD)
    page = text_of(head.get(address(world, 0)))
    assert "30 pupils have a result." in page
    assert "most likely between" in page
    work = page[page.index('id="work"') :].split("</section>")[0]
    assert "clearly worse than pupils with the same results" in work
    assert "Task about M04" not in work, "the wording of a task is secret until the test says that it is open"
    with loading():
        Test.objects.filter(pk=published.pk).update(tasks_open_on=dt.date(2025, 1, 1))
    page = text_of(head.get(address(world, 0)))
    assert "Task about M04" in page[page.index('id="work"') :].split("</section>")[0]
    assert work.count("<tr>") == 2, "one task, not more"


def test_a_school_without_a_weakness_is_told_so(world, published):
    page = text_of(client_of(Role.REGIONAL_OFFICER, ScopeKind.REGION).get(address(world, 4)))
    assert "Nothing stands out" in page


def test_the_small_school_gets_no_mean_and_no_tasks(world, published):
    page = text_of(client_of(Role.REGIONAL_OFFICER, ScopeKind.REGION).get(address(world, 7)))
    assert "Too few pupils to say" in page
    assert "Too few pupils answered each task" in page


def test_the_head_does_not_read_other_schools_nor_parents_any(world, published):
    assert client_of(Role.SCHOOL_HEAD).get(address(world, 1)).status_code == 404
    parent = client_of(Role.PARENT)
    assert parent.get(address(world, 0)).status_code == 403
    assert parent.post(address(world, 0) + "print/").status_code == 403


def test_the_department_reads_its_district_only(world, published):
    district = client_of(Role.DISTRICT_OFFICER, ScopeKind.DISTRICT)
    assert district.get(address(world, 0)).status_code == 200
    assert district.get(address(world, 1)).status_code == 404


@pytest.fixture
def two_classes(world, published):
    """Half of the first school's pupils are in another class, which a teacher teaches."""
    school, pupils = world.schools[0], world.pupils[world.schools[0].pk]
    with loading():
        group = ClassGroup.objects.create(
            institution=school, org_no=school.org_no, school_year=world.year, grade=4, letter="Б", language="kk"
        )
        Enrolment.objects.filter(person__in=pupils[:15]).update(class_group=group)
        teacher = Person.objects.create(family_name="Ұстаз", given_name="Б", sort_key="u", org_no=school.org_no)
        Teaching.objects.create(
            person=teacher, class_group=group, org_no=school.org_no, subject="mathematics", valid=DateRange(None, None)
        )
    return group, teacher


def test_the_head_sees_classes_beside_each_other(world, two_classes):
    page = text_of(client_of(Role.SCHOOL_HEAD).get(address(world, 0)))
    classes = page[page.index('id="classes"') :].split("</section>")[0]
    assert "4Б" in classes
    assert "4А" in classes


def test_a_teacher_sees_the_own_class_only(world, two_classes):
    _group, teacher = two_classes
    client = client_of(Role.TEACHER, person_id=teacher.pk)
    page = text_of(client.get(address(world, 0)))
    assert "class 4Б" in page
    assert "15 pupils have a result." in page
    assert "4А" not in page
    other = ClassGroup.objects.get(institution=world.schools[0], letter="А")
    assert client.get(address(world, 0), {"group": other.pk}).status_code == 404
    assert client.get(address(world, 1)).status_code == 404
    assert "4Б" in pdf_of(client, address(world, 0) + "print/")


def test_teachers_and_heads_find_the_report_of_their_pupils_from_the_first_page(world, two_classes):
    _group, teacher = two_classes
    for client in (client_of(Role.TEACHER, person_id=teacher.pk), client_of(Role.SCHOOL_HEAD)):
        for page in ("/home/", "/assessment/M4-2025/", f"/institutions/{world.schools[0].code}/results/"):
            assert f'href="{address(world, 0)}"' in text_of(client.get(page)), page
    assert address(world, 0) not in text_of(client_of(Role.REGIONAL_OFFICER, ScopeKind.REGION).get("/home/"))


def test_a_teacher_of_another_grade_is_told_that_none_of_the_own_pupils_sat_the_test(world, published):
    school = world.schools[0]
    with loading():
        group = ClassGroup.objects.create(
            institution=school, org_no=school.org_no, school_year=world.year, grade=9, letter="Б", language="kk"
        )
        teacher = Person.objects.create(family_name="Ұстаз", given_name="В", sort_key="u", org_no=school.org_no)
        Teaching.objects.create(
            person=teacher, class_group=group, org_no=school.org_no, subject="mathematics", valid=DateRange(None, None)
        )
    client = client_of(Role.TEACHER, person_id=teacher.pk)
    assert "None of your pupils has a result in this test" in text_of(client.get(address(world, 0)))
    for page in ("/home/", "/assessment/M4-2025/", f"/institutions/{school.code}/results/"):
        assert address(world, 0) not in text_of(client.get(page)), "no way that leads to nothing"
    assert client.get(address(world, 1)).status_code == 404


@pytest.mark.parametrize(("language", "words"), [("kk", "оқушы"), ("ru", "наши ученики"), ("en", "our pupils")])
def test_the_school_report_prints(world, published, language, words):
    text = pdf_of(client_of(Role.SCHOOL_HEAD, language=language), address(world, 0) + "print/")
    assert words in text.lower()
    assert "DOC-" in text
    assert "M04" in text


@pytest.fixture
def family(world, published):
    child, other = world.pupils[world.schools[0].pk][:2]
    with loading():
        parent = Person.objects.create(family_name="А", given_name="А", sort_key="a", org_no=child.org_no)
        Guardianship.objects.create(guardian=parent, child=child, org_no=child.org_no, valid=DateRange(None, None))
    return parent, child, other


def test_parents_read_their_own_child_without_a_rank(family):
    parent, child, other = family
    client = client_of(Role.PARENT, person_id=parent.pk)
    where = f"/assessment/M4-2025/pupil/{child.public_id}/"
    page = text_of(client.get(where))
    assert "most likely between" in page
    assert "What does it not say?" in page
    assert "too short to speak of separately" in page, "ten tasks an area measure one pupil too loosely"
    assert "rank" not in page.lower().split("<main")[1].replace("nobody is ranked", "")
    assert client.get(f"/assessment/M4-2025/pupil/{other.public_id}/").status_code == 404
    assert str(child) in pdf_of(client, where + "print/")


def test_districts_stand_beside_each_other_with_care(world, published):
    client = client_of(Role.REGIONAL_OFFICER, ScopeKind.REGION)
    page = text_of(client.get("/assessment/M4-2025/compare/"))
    assert "Of 1 pairs of districts" in page
    assert "towns ahead of villages" in page
    for form in ("csv", "xlsx", "parquet"):
        answer = client.get("/assessment/M4-2025/compare/", {"download": form})
        assert answer.status_code == 200
    assert pl.read_parquet(io.BytesIO(answer.content)).height == 2


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_the_technical_report_tells_everything_an_accreditor_asks(world, published, language):
    client = client_of(Role.REGIONAL_OFFICER, ScopeKind.REGION, language)
    page = text_of(client.get("/assessment/M4-2025/technical/"))
    release = published.releases.get()
    with loading():
        calibration = release.calibration.decision_number
    assert page.count("<section") >= 13
    for told in (release.decision_number, calibration, "M20", "omitted_counts_as"):
        assert told in page
    if language == "en":
        assert "207 (100\xa0%)" in page, "response against the register"
    text = pdf_of(client, "/assessment/M4-2025/technical/print/")
    assert release.decision_number in text
    assert client_of(Role.SCHOOL_HEAD, language=language).get("/assessment/M4-2025/technical/").status_code == 403
