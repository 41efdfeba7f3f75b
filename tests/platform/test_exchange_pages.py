"""The exchange pages, walked through as an officer does, and closed to everybody else."""

import csv
import datetime as dt
import io

import pytest
import python_calamine
from access_world import DISTRICT, SCHOOL, build
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from exchange_world import pupil, pupils

from tirek.access.roles import Role
from tirek.access.scope import loading
from tirek.registry.models import Import, ImportState, MappingProfile, Person, SchoolYear, Source
from tirek.storage import jobs

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(settings):
    settings.DEMONSTRATION = True
    world = build()
    with loading():
        SchoolYear.objects.create(code="2026-2027", starts_on=dt.date(2026, 9, 1), ends_on=dt.date(2027, 5, 25))
        Source.objects.create(
            code="nedb", name="NEDB", kind="table", org_lo=DISTRICT[0], org_hi=DISTRICT[1], max_faulty_percent=90
        )
    return world


@pytest.fixture
def officer(client, world):
    client.force_login(world.users[Role.DISTRICT_OFFICER], backend="tirek.access.backends.ScopedBackend")
    return client


def send(client, data: bytes, name="pupils.csv"):
    file = SimpleUploadedFile(name, data)
    with jobs.inline():
        return client.post(
            reverse("exchange:source", args=["nedb"]),
            {"file": file, "row_kind": "learners", "as_of": "2026-09-01"},
            follow=True,
        )


def school(row: str) -> str:
    return row.replace(";A-1;", f";S{SCHOOL};")


def test_from_upload_to_undo(officer):
    page = send(officer, pupils(school(pupil(1, "Нұрова")), school(pupil(2, number="120304500012"))))
    assert page.status_code == 200, page.content[:500]
    assert "Нұрова" in page.content.decode()
    found = Import.objects.none()
    with loading():
        found = Import.objects.get()
        assert found.state == ImportState.STAGED, found.refusal
    faults = officer.get(reverse("exchange:import", args=[found.pk]) + "?tab=faults").content.decode()
    assert "120304500012" in faults
    apply = reverse("exchange:act", args=[found.pk, "apply"])
    asked = officer.post(apply)
    assert asked.status_code == 200
    with loading():
        assert not Person.objects.filter(family_name="Нұрова").exists(), "it asks first"
    with jobs.inline():
        assert officer.post(apply, {"confirmed": "yes"}).status_code == 302
    with loading():
        assert Person.objects.filter(family_name="Нұрова").exists()
    with jobs.inline():
        officer.post(reverse("exchange:act", args=[found.pk, "undo"]), {"confirmed": "yes"})
    with loading():
        assert not Person.objects.filter(family_name="Нұрова").exists()
        found.refresh_from_db()
        assert found.state == ImportState.UNDONE
    history = officer.get(reverse("exchange:import", args=[found.pk]) + "?tab=history")
    assert found.sha256 in history.content.decode()


def test_faults_come_as_a_table_and_as_a_marked_spreadsheet(officer):
    send(officer, pupils(school(pupil(1)), school(pupil(2, begin="31.02.2026"))))
    with loading():
        found = Import.objects.get()
    answer = officer.get(reverse("exchange:faults", args=[found.pk, "csv"]))
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert list(rows[0])[:6] == ["file", "row", "column", "value", "what", "what_to_do"]
    assert (rows[0]["row"], rows[0]["column"], rows[0]["value"]) == ("3", "Дата зачисления", "31.02.2026")
    answer = officer.get(reverse("exchange:faults", args=[found.pk, "xlsx"]))
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
    sheet = book.get_sheet_by_name("pupils.csv").to_python()
    assert "31.02.2026" in sheet[2]
    import zipfile

    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert any("comments" in name for name in archive.namelist())


def test_errors_of_headings_are_told_apart_from_rows(officer):
    send(officer, pupils(school(pupil(1)), school(pupil(2, begin="31.02.2026"))))
    with loading():
        found = Import.objects.get()
    english = {"accept-language": "en"}
    page = officer.get(reverse("exchange:import", args=[found.pk]), headers=english).content.decode()
    assert "of a whole file" not in page
    send(officer, f"Код организации;Класс\nS{SCHOOL};x\n".encode(), "headless.csv")
    with loading():
        counts = (headless := Import.objects.latest("pk")).counts
    answer = officer.get(reverse("exchange:import", args=[headless.pk]), headers=english)
    page = " ".join(answer.content.decode().split())
    assert counts["heading_errors"] > 1
    assert f"{counts['heading_errors']} of them are of headings or of whole files, not of rows." in page


def test_a_mapping_is_saved_as_versions(officer):
    address = reverse("exchange:mapping", args=["nedb", "learners"])
    assert officer.get(address).status_code == 200
    data = {
        "family_name-column": "Тегі",
        "sex-column": "Ж",
        "sex-values": "қ = f\nұ = m",
        "iin-column": "ЖСН",
        "iin-repair": "yes",
    }
    officer.post(address, data)
    officer.post(address, data)
    officer.post(address, data | {"given_name-column": "Аты"})
    with loading():
        first, second = MappingProfile.objects.order_by("version")
    assert first.columns["sex"] == {"column": "Ж", "values": {"қ": "f", "ұ": "m"}}
    assert first.columns["iin"]["repair"] is True
    assert second.columns["given_name"] == {"column": "Аты"}
    assert "Тегі" in officer.get(address).content.decode()


def test_pages_open_and_exports_come(officer):
    for name in ("overview", "new_source", "export"):
        assert officer.get(reverse(f"exchange:{name}")).status_code == 200, name
    assert officer.get(reverse("exchange:source", args=["nedb"])).status_code == 200
    for kind in ("institutions", "learners", "staff", "guardianships", "rooms"):
        for ending in ("csv", "xlsx", "parquet"):
            answer = officer.get(reverse("exchange:export_file"), {"rows": kind, "format": ending, "bom": "yes"})
            assert answer.status_code == 200, (kind, ending)
    text = officer.get(reverse("exchange:export_file"), {"rows": "learners", "format": "csv", "bom": "yes"}).content
    assert text.startswith(b"\xef\xbb\xbf")
    assert "Child" in text.decode()
    assert "Far" not in text.decode()
    assert officer.get(reverse("exchange:export_file"), {"rows": "oneroster"}).content[:2] == b"PK"


def test_a_new_source_stays_inside_ones_territory(officer):
    facts = {"code": "x", "name": "X", "kind": "table", "max_faulty_percent": 5, "max_missing_percent": 5}
    new = reverse("exchange:new_source")
    assert f'value="{DISTRICT[0]}-{DISTRICT[1]}"' in officer.get(new).content.decode()
    assert officer.post(new, facts | {"place": "0-99"}).status_code == 200
    assert officer.post(new, facts | {"place": f"{DISTRICT[0]}-{DISTRICT[1]}"}).status_code == 302
    with loading():
        made = Source.objects.get(code="x")
    assert (made.org_lo, made.org_hi) == DISTRICT


@pytest.mark.parametrize("role", [Role.PARENT, Role.TEACHER, Role.SPONSOR])
def test_others_are_kept_out(client, world, role):
    client.force_login(world.users[role], backend="tirek.access.backends.ScopedBackend")
    for name in ("overview", "new_source", "export", "export_file"):
        assert client.get(reverse(f"exchange:{name}")).status_code == 403


def test_a_reader_may_not_import(client, world):
    client.force_login(world.users[Role.AUDITOR], backend="tirek.access.backends.ScopedBackend")
    assert client.get(reverse("exchange:source", args=["nedb"])).status_code == 200
    assert send(client, pupils(pupil(1))).status_code == 403


def test_the_same_file_twice_is_told(officer):
    send(officer, pupils(school(pupil(1))))
    page = send(officer, pupils(school(pupil(1))))
    assert page.status_code == 200
    with loading():
        assert Import.objects.count() == 1
        assert str(Import.objects.get().pk) in page.content.decode()


def applied(officer, data: bytes) -> None:
    send(officer, data)
    with loading():
        found = Import.objects.latest("pk")
    with jobs.inline():
        officer.post(reverse("exchange:act", args=[found.pk, "apply"]), {"confirmed": "yes"})


def test_possible_duplicates_are_shown_side_by_side_and_decided(officer):
    applied(officer, pupils(*(school(pupil(n, f"Тегі{n}", number="")) for n in (1, 2))))
    page = send(officer, pupils(*(school(pupil(n, f"Тегі{n}", grade="6")) for n in (1, 2)))).content.decode()
    assert page.count('type="radio"') == 6
    assert "badge warn" in page  # the class differs
    with loading():
        found, twin, before = (
            Import.objects.latest("pk"),
            Person.objects.get(family_name="Тегі1"),
            Person.objects.count(),
        )
    decide = reverse("exchange:decide", args=[found.pk])
    with jobs.inline():
        officer.post(decide, {"choice-pupils.csv:2": str(twin.pk), "choice-pupils.csv:3": ""})
    left = officer.get(reverse("exchange:import", args=[found.pk])).content.decode()
    assert left.count('type="radio"') == 3
    with jobs.inline():
        officer.post(decide, {"all": "new"})
        officer.post(reverse("exchange:act", args=[found.pk, "apply"]), {"confirmed": "yes"})
    with loading():
        assert Person.objects.count() == before + 1
        assert Person.objects.get(pk=twin.pk).iin_hash is not None


def test_who_ends_is_confirmed_by_number(officer):
    applied(officer, pupils(school(pupil(1)), school(pupil(2))))
    with loading():
        Source.objects.update(is_complete=True, max_missing_percent=100)
    send(officer, pupils(school(pupil(1))))
    with loading():
        found = Import.objects.latest("pk")
        ending = str(found.counts["endings"])
    assert int(ending) >= 1
    apply = reverse("exchange:act", args=[found.pk, "apply"])
    assert f'name="endings" value="{ending}"' in officer.post(apply).content.decode()
    with jobs.inline():
        assert "alert" in officer.post(apply, {"confirmed": "yes"}).content.decode()
        assert officer.post(apply, {"confirmed": "yes", "endings": ending}).status_code == 302
    with loading():
        assert Import.objects.get(pk=found.pk).state == ImportState.APPLIED
