"""What a second attack got through: each must be held."""

from __future__ import annotations

import io
import json
import zipfile
from unittest.mock import patch

import pytest
from access_world import SCHOOL, build
from django.conf import settings as site
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from exchange_world import AS_OF, OTHER, REGION, iin, make_world, pupil, pupils

from tirek.access.models import PersonRead
from tirek.access.permissions import may
from tirek.access.roles import Role
from tirek.access.scope import acting_as, loading
from tirek.registry.exchange import services
from tirek.registry.exchange.oneroster.rows import without_iins
from tirek.registry.exchange.oneroster.writing import package
from tirek.registry.models import Enrolment, ExternalId, Person, Source
from tirek.storage import jobs, secrets
from tirek.storage.models import Job, JobState
from tirek.tasks.models import Task

pytestmark = pytest.mark.django_db
NUMBER = iin(5)


@pytest.fixture
def world(settings):
    settings.DEMONSTRATION = True
    return build()


def signed_in(user) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user, backend="tirek.access.backends.ScopedBackend")
    return client


# --- IINs in plain text


def roster(sourced_id: str = "u1") -> bytes:
    users = f'{sourced_id},,,true,{NUMBER},"{{IIN:{NUMBER}}},{{LDAP:u1}}",Айша,Әлиева,,{NUMBER},,,,,,,{NUMBER},,,,A-1,'
    files = {
        "manifest.csv": "propertyName,value\nmanifest.version,1.0\noneroster.version,1.2\n"
        + "".join(f"file.{n},bulk\n" for n in ("orgs", "users", "roles")),
        "orgs.csv": "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId\nA-1,,,A-1,school,A-1,\n",
        "users.csv": "sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,middleName,"
        "identifier,email,sms,phone,agentSourcedIds,grades,password,userMasterIdentifier,preferredGivenName,"
        f"preferredMiddleName,preferredFamilyName,primaryOrgSourcedId,pronouns\n{users}\n",
        "roles.csv": "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,"
        f"userProfileSourcedId\nr1,,,{sourced_id},primary,student,2026-09-01,,A-1,\n",
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def bring(source, data: bytes, kind: str = "", name: str = "r.zip", scope=REGION):
    with acting_as(scope):
        found = services.upload(source=source, file_name=name, data=data, row_kind=kind, as_of=AS_OF)
        found = services.stage(import_id=found.pk)
        return services.apply(import_id=found.pk) if found.state == "staged" else found


def test_a_oneroster_record_keeps_no_iin_and_gives_none_out():
    found = bring(make_world("oneroster", code="roster"), roster())
    assert found.state == "applied", services.faults_of(found).to_dicts()
    with loading():
        kept = json.dumps([*ExternalId.objects.values_list("metadata", flat=True)])
    assert NUMBER not in kept
    assert "LDAP:u1" in kept
    with acting_as(REGION), zipfile.ZipFile(io.BytesIO(package())) as archive:
        given = b"".join(archive.read(name) for name in archive.namelist())
    assert b"LDAP:u1" in given
    assert NUMBER.encode() not in given


def test_a_package_that_names_people_by_their_iins_is_refused():
    found = bring(make_world("oneroster", code="roster"), roster(NUMBER))
    assert found.state == "refused"
    assert "iin_as_identifier" in services.faults_of(found)["code"].to_list()
    with loading():
        assert not Person.objects.exists()


def test_other_numbers_of_twelve_digits_are_kept():
    wrong = NUMBER[:11] + str((int(NUMBER[11]) + 1) % 10)
    record = {"identifier": wrong, "_extra": {"note": f"see {NUMBER}", "n": "7"}, "grades": "05,06"}
    assert without_iins(record) == {"identifier": wrong, "_extra": {"n": "7"}, "grades": "05,06"}


# --- taking a record over by its IIN


@pytest.fixture
def neighbour():
    """The source of another region, beside a region with a pupil."""
    assert bring(make_world(), pupils(pupil(1)), "learners", "p.csv").state == "applied"
    with loading():
        return Source.objects.create(
            code="other", name="other", kind="table", org_lo=OTHER.lo, org_hi=OTHER.hi, territory_code="510000000",
            max_faulty_percent=100, max_missing_percent=100,
        )  # fmt: skip


def known() -> Person:
    return Person.objects.get(iin_hash=secrets.keyed_hash(iin(1)))


def test_a_past_enrolment_elsewhere_is_put_on_nobody_of_another_region(neighbour):
    row = pupil(1, "Чужой", school="B-1", begin="01.09.2024", end="01.06.2025")
    found = bring(neighbour, pupils(row), "learners", "f.csv", OTHER)
    assert services.faults_of(found)["code"].to_list() == ["belongs_elsewhere"]
    with loading():
        assert Enrolment.objects.filter(person=known()).count() == 1
        assert (known().org_no, known().family_name) == (10_100_010, "Әлиева")


def test_somebody_without_an_enrolment_is_not_taken_over_until_let_go(neighbour):
    with loading():
        Enrolment.objects.all().delete()
    found = bring(neighbour, pupils(pupil(1, "Чужой", school="B-1")), "learners", "f.csv", OTHER)
    assert services.faults_of(found)["code"].to_list() == ["belongs_elsewhere"]
    with loading():
        assert known().org_no == 10_100_010


def test_a_pupil_whom_the_other_region_has_let_go_is_taken_in(neighbour):
    with loading():
        enrolment = Enrolment.objects.get()
        enrolment.valid = type(enrolment.valid)(enrolment.valid.lower, timezone.datetime(2026, 10, 1).date())
        enrolment.save()
    found = bring(neighbour, pupils(pupil(1, school="B-1", begin="02.10.2026")), "learners", "f.csv", OTHER)
    assert found.state == "applied", services.faults_of(found).to_dicts()
    with loading():
        assert known().org_no == 20_000_010


# --- tests of another region


def foreign_test():
    from tirek.assessment.models import Test
    from tirek.registry.models import SchoolYear, Territory

    with loading():
        year = SchoolYear.objects.get_or_create(
            code="2026-2027", defaults={"starts_on": "2026-09-01", "ends_on": "2027-05-25"}
        )[0]
        return Test.objects.create(
            code="FOREIGN", title_kk="T", title_ru="T", title_en="T", subject="maths", grade=4, school_year=year,
            kind="monitoring", territory=Territory.objects.order_by("pk").first(), org_lo=900_000_000, org_hi=909_999_999,
        )  # fmt: skip


@pytest.mark.parametrize("door", ["open_sittings", "publish", "withdraw", "start"])
def test_another_regions_test_is_not_there_to_change(world, door):
    test = foreign_test()
    address = reverse(f"assessment:{door}", args=[test.code])
    data = {"date": "2026-10-01", "confirm": "yes", "because": "x"}
    client = signed_in(world.users[Role.REGIONAL_OFFICER])
    assert client.post(address, data).status_code == 404


def test_the_data_of_a_test_without_answers_is_an_empty_table(world):
    test = foreign_test()
    answer = signed_in(world.users[Role.MINISTRY_ANALYST]).get(reverse("assessment:data", args=[test.code]))
    assert answer.status_code == 200
    assert answer.content.decode("utf-8-sig").splitlines() == ["subject"]


# --- floods, memory, counting


def nothing(job, **_arguments):
    return {}


def test_pressing_twice_starts_one_job(world):
    work = jobs.work(nothing)
    user = world.users[Role.SCHOOL_HEAD]
    with acting_as(REGION), patch("procrastinate.contrib.django.app.configure_task"):
        first = jobs.start_once(work, title="x", number="F-1")
        assert jobs.start_once(work, title="x", number="F-1").pk == first.pk
        assert jobs.start_once(work, title="x", number="F-2").pk != first.pk
        Job.objects.filter(pk=first.pk).update(state=JobState.DONE)
        assert jobs.start_once(work, title="x", number="F-1").pk != first.pk
    assert signed_in(user).post(reverse("indicators:verify", args=["F-2026-000001"])).status_code == 404


def test_who_works_in_no_office_starts_no_recomputation(world):
    answer = signed_in(world.users[Role.TEACHER]).post(reverse("indicators:verify", args=["F-2026-000001"]))
    assert answer.status_code == 403


def test_a_file_that_is_too_large_is_not_read(world):
    with loading():
        task = Task.objects.create(title="Confirm", org_no=SCHOOL, roles=[Role.SCHOOL_HEAD], asked_at=timezone.now())
    data = {"note": "Done", "files": SimpleUploadedFile("a.txt", b"12345")}
    with patch("tirek.tasks.services.MAX_EVIDENCE_BYTES", 4), patch("tirek.tasks.services.submit") as submit:
        answer = signed_in(world.users[Role.SCHOOL_HEAD]).post(reverse("tasks:answer", args=[task.pk]), data)
    assert (answer.status_code, submit.called) == (422, False)


def test_a_request_has_a_limit_on_its_queries(world, settings):
    settings.STATEMENT_SECONDS = 17
    signed_in(world.users[Role.SCHOOL_HEAD]).get(reverse("tasks:mine"))
    with connection.cursor() as cursor:
        cursor.execute("show statement_timeout")
        assert cursor.fetchone()[0] == "17s"


def test_attempts_are_counted_for_all_processes_together():
    from tirek.site import settings as written

    assert written.CACHES["default"]["BACKEND"].endswith("FileBasedCache")
    assert str(written.CACHES["default"]["LOCATION"]).startswith(str(written.HOME))


# --- the rest


def test_the_auditor_asks_and_judges_nothing(world):
    assert not may(Role.AUDITOR, "tasks.assign")
    assert signed_in(world.users[Role.AUDITOR]).get(reverse("tasks:ask")).status_code == 403


def test_a_stranger_makes_us_write_to_nobody(client):
    client.post(reverse("account_reset_password"), {"email": "nobody@example.org"})
    assert mail.outbox == []
    assert site.ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS is False


def breaks(job):
    raise ValueError("Әлиева Айша 120304600017")


def test_a_job_that_breaks_keeps_no_names():
    with acting_as(REGION), jobs.inline():
        job = jobs.start(jobs.work(breaks), title="x")
        assert (job.state, job.error) == (JobState.FAILED, "ValueError")


@pytest.mark.parametrize("address", ["/tasks/ask/", "/accounts/login/"])
def test_a_zero_character_in_a_form_is_refused(world, address):
    client = signed_in(world.users[Role.DISTRICT_OFFICER])
    assert client.post(address, {"title": "a\x00b", "login": "a\x00"}).status_code == 400


def test_a_given_document_leaves_a_look(world):
    from tirek.documents.models import Document

    user = world.users[Role.SCHOOL_HEAD]
    made = Document(number="D-1", pdf_sha256="0" * 64)
    with (
        patch("tirek.documents.views.queries.document", return_value=made),
        patch("tirek.documents.views.sealed.read", return_value=b"%PDF"),
    ):
        assert signed_in(user).get(reverse("documents:download", args=["D-1"])).status_code == 200
    with loading():
        assert PersonRead.objects.filter(user_id=user.pk, query="document D-1").count() == 1


# --- differencing across figures


@pytest.fixture
def figures(db, tmp_path, monkeypatch):
    import indicator_world

    from tirek.indicators import services as indicators
    from tirek.storage import sealed

    monkeypatch.setattr(sealed, "folder", lambda: tmp_path / "sealed")
    indicator_world.build()

    def draft(code: str) -> dict:
        now = timezone.datetime(2025, 10, 5, tzinfo=timezone.get_current_timezone())
        return {c.key: c for c in indicators.draft(code, as_of=indicator_world.AS_OF, by="", now=now).cells}

    return draft


def test_what_is_left_of_a_shown_whole_is_never_a_small_group(figures):
    """In the town of region 1, 60 of 63 pupils learn in a support school: three do not."""
    with loading():
        small = Enrolment.objects.filter(institution__code="I3", valid__upper_inf=True).order_by("pk")
        Enrolment.objects.filter(pk__in=[e.pk for e in small[3:]]).delete()
    whole, part = figures("schools.pupils"), figures("support_schools.pupils")
    for key, cell in whole.items():
        assert cell.suppressed == part[key].suppressed, key
        if not cell.suppressed:
            rest = cell.numerator - part[key].numerator
            assert rest == 0 or rest >= 10, key
    assert whole["region", "100000000", "urban", ""].suppressed


def test_a_count_hidden_in_one_figure_is_shown_by_no_other(figures):
    hidden = {key for key, cell in figures("schools.pupils").items() if cell.suppressed}
    assert hidden
    for code in ("schools.pupils_per_school", "schools.pupils_per_teacher", "schools.rural_pupils_share"):
        cells = figures(code)
        assert all(cells[key].suppressed for key in hidden & set(cells)), code
    shares = figures("schools.rural_pupils_share")
    split = {(level, place) for level, place, settlement, _kind in hidden if settlement}
    assert split
    assert all(shares[level, place, "", ""].suppressed for level, place in split)
