"""OneRoster packages nobody here wrote come in with a true report, and go out as valid ones."""

import io
import os
import zipfile
from pathlib import Path

import oneroster_validator as standard
import polars as pl
import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from exchange_world import AS_OF, REGION, make_world, pupil, pupils

from tirek.access.scope import acting_as
from tirek.registry.exchange import services
from tirek.registry.exchange.oneroster.writing import package
from tirek.registry.models import Employment, Enrolment, Guardianship, ImportState, Institution, Person

pytestmark = pytest.mark.django_db
DATA = (
    Path(os.environ.get("TIREK_REFERENCE_DATA", Path(__file__).resolve().parents[3] / "shared" / "data")) / "standards"
)
needs_data = pytest.mark.skipif(not (DATA / "oneroster-1.2-csv").exists(), reason="not run: no reference data")
ZIPS = ["Test_minimal_data_set.zip", "Test_full_data_set.zip", "v1p2_full_dataset.zip"]


def folder(path: Path, **replaced: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for file in sorted(path.glob("*.csv")):
            archive.writestr(file.name, replaced.get(file.stem, file.read_text()))
    return buffer.getvalue()


def bring(data: bytes, source=None, apply=True):
    source = source or make_world("oneroster", code="roster")
    with acting_as(REGION):
        found = services.stage(import_id=services.upload(source=source, file_name="r.zip", data=data, as_of=AS_OF).pk)
        return services.apply(import_id=found.pk) if apply else found


def faults(found) -> set[tuple]:
    return set(services.faults_of(found).select("file", "row", "column", "code").iter_rows())


@needs_data
def test_each_defect_of_the_full_set_is_named():
    found = bring(folder(DATA / "oneroster-1.2-csv" / "full"))
    named = faults(found)
    for defect in [
        ("roles.csv", 1, "dataLastModified", "column_name"),
        ("users.csv", 1, "prefferedGivenName", "column_name"),
        ("users.csv", 1, "prefferedMiddleName", "column_name"),
        ("users.csv", 1, "prefferedFamilyName", "column_name"),
        ("roles.csv", 1, "", "unnamed_columns"),
        ("users.csv", 2, "dateLastModified", "moment"),
        ("users.csv", 7, "dateLastModified", "moment"),
        ("userprofiles.csv", None, "", "copy_of_another"),
        ("orgs.csv", 2, "parentSourcedId", "orphan"),
        ("orgs.csv", 2, "type", "department_as_school"),
        ("academicSessions.csv", 3, "parentSourcedId", "orphan"),
        ("academicSessions.csv", 4, "status", "status"),
        ("classes.csv", 2, "classType", "letter_case"),
        ("classes.csv", 2, "courseSourcedId", "orphan"),
        ("enrollments.csv", 3, "role", "role_differs"),
        ("manifest.csv", 21, "value", "manifest_value"),
        ("users.csv", None, "password", "password"),
    ]:
        assert defect in named, defect
    with acting_as(REGION):
        assert Institution.objects.get(code__startswith="roster-").code == "roster-org-sch-222-456"
        assert set(Person.objects.values_list("family_name", flat=True)) == {"Doe", "Jones", "Smith", "Brown"}
        assert (Enrolment.objects.count(), Employment.objects.count(), Guardianship.objects.count()) == (3, 3, 2)


@needs_data
@pytest.mark.parametrize("name", [*ZIPS, "full", "1.1"])
def test_what_came_in_goes_out_valid_and_loses_nothing_required(name):
    if name == "1.1":
        data = folder(DATA / "oneroster-1.1-csv")
    else:
        path = DATA / "oneroster-1.2-csv" / name
        data = folder(path) if name == "full" else path.read_bytes()
    source = make_world("oneroster", code="roster")
    assert bring(data, source).state == ImportState.APPLIED
    with acting_as(REGION):
        out = package(demographics=True)
    assert standard.problems(out) == []
    before, after = standard.read(data), standard.read(out)
    users = {row["sourcedId"]: row for row in after["users"]}
    for row in before["users"]:
        for column in ("givenName", "familyName", "username", "email", "phone"):
            assert (users[row["sourcedId"]][column] or "") == (row[column] or ""), column
    active = {r["sourcedId"] for r in before["classes"] if r["status"] in ("active", "")}
    assert active <= {r["sourcedId"] for r in after["classes"]}
    kept = {r["sourcedId"] for r in before["enrollments"] if r["classSourcedId"] in active}
    assert kept <= {r["sourcedId"] for r in after["enrollments"]}
    assert bring(out, make_again(source), apply=False).counts["errors"] == 0


def make_again(source):
    with acting_as(REGION):
        return type(source).objects.create(
            code="again", name="again", kind="oneroster", org_lo=source.org_lo, org_hi=source.org_hi,
            territory_code=source.territory_code, max_faulty_percent=100,
        )  # fmt: skip


@needs_data
def test_the_same_package_again_changes_nothing():
    source = make_world("oneroster", code="roster")
    data = (DATA / "oneroster-1.2-csv" / "v1p2_full_dataset.zip").read_bytes()
    bring(data, source)
    again = bring(data, source)
    assert {a for things in again.counts["things"].values() for a, n in things.items() if n} == {"unchanged"}


@needs_data
def test_undo_of_a_roster_leaves_no_trace():
    source = make_world("oneroster", code="roster")
    found = bring((DATA / "oneroster-1.2-csv" / "v1p2_full_dataset.zip").read_bytes(), source)
    with acting_as(REGION):
        services.take_back(import_id=found.pk)
        assert not Person.objects.exists()
        assert not Institution.objects.filter(code__startswith="roster-").exists()
        assert not source.external_ids.exists()


@needs_data
def test_to_be_deleted_ends_and_delta_asks_for_status():
    source = make_world("oneroster", code="roster")
    path = DATA / "oneroster-1.2-csv" / "full"
    roles = (path / "roles.csv").read_text().replace("2025-09-23", "2027-09-23")
    bring(folder(path, roles=roles), source)
    with acting_as(REGION):
        assert Enrolment.objects.filter(valid__upper_inf=True).count() == 3
    gone = roles.replace("rol-321-3211,active", "rol-321-3211,tobedeleted")
    manifest = (path / "manifest.csv").read_text().replace("file.roles,bulk", "file.roles,delta")
    bring(folder(path, roles=gone, manifest=manifest), source)
    with acting_as(REGION):
        assert Enrolment.objects.filter(valid__upper_inf=True).count() == 2
    empty = roles.replace("rol-321-3211,active", "rol-321-3211,")
    refused = bring(folder(path, roles=empty, manifest=manifest), source, apply=False)
    assert ("roles.csv", 7, "status", "required") in faults(refused)


@needs_data
def test_absent_files_touch_nothing_and_missing_ones_are_told():
    path = DATA / "oneroster-1.2-csv" / "full"
    manifest = (path / "manifest.csv").read_text()
    absent = bring(
        folder(path, manifest=manifest.replace("file.enrollments,bulk", "file.enrollments,absent")), apply=False
    )
    assert ("enrollments.csv", None, "", "file_not_announced") in faults(absent)
    missing = bring(folder(path, manifest=manifest.replace("file.courses,absent", "file.courses,bulk")),
                    absent.source, apply=False)  # fmt: skip
    assert missing.state == ImportState.REFUSED
    assert ("manifest.csv", None, "file.courses", "file_missing") in faults(missing)


def test_our_own_register_goes_out_valid():
    source = make_world()
    with acting_as(REGION):
        found = services.upload(
            source=source, file_name="p.csv", data=pupils(pupil(1), pupil(2, "Ким")), row_kind="learners", as_of=AS_OF
        )
        services.stage(import_id=found.pk)
        services.apply(import_id=found.pk)
        out = package(demographics=True)
    assert standard.problems(out) == []
    tables = standard.read(out)
    assert [r["title"] for r in tables["classes"]] == ["5Ә"]
    assert {r["birthDate"] for r in tables["demographics"]} == {"2012-03-04"}
    assert len(tables["enrollments"]) == 2
    with acting_as(REGION):
        assert pl.DataFrame(tables["orgs"])["type"].value_counts().height == 3


def test_a_parent_of_two_children_who_works_there_has_one_primary_role():
    source = make_world()
    with acting_as(REGION):
        found = services.upload(
            source=source, file_name="p.csv", data=pupils(pupil(1), pupil(2, "Ким"), pupil(3, "Ли")), row_kind="learners",
            as_of=AS_OF,
        )  # fmt: skip
        services.stage(import_id=found.pk)
        services.apply(import_id=found.pk)
        first, second, third = Person.objects.order_by("id")
        Guardianship.objects.bulk_create([
            Guardianship(guardian=third, child=child, org_no=child.org_no, kind="parent", valid=DateRange(AS_OF, None))
            for child in (first, second)
        ])  # fmt: skip
        out = package()
    assert standard.problems(out) == []
    roles = [
        (r["role"], r["roleType"]) for r in standard.read(out)["roles"] if r["userSourcedId"] == f"p-{third.public_id}"
    ]
    assert sorted(roles) == [("parent", "secondary"), ("parent", "secondary"), ("student", "primary")]


class TestCompleteness:
    """What the manifest calls bulk is complete: what it leaves out ends, once a person has confirmed how many."""

    SCHOOL = {"orgs": "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId\ns1,,,Мектеп,school,,\n"}
    YEAR = (
        "sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear\n"
        "y1,,,2026,schoolYear,2026-09-01,2027-05-25,,2027\n"
    )
    MOMENT = "active,2026-09-02T08:00:00.000Z"

    def roster(self, pupils: int, modes: str = "bulk", *, roles: str = "", manifest: bool = True) -> bytes:
        """A package of one school with so many pupils."""
        said = {"users": modes, "roles": roles or modes}
        stamp = {name: self.MOMENT if mode == "delta" else "," for name, mode in said.items()}
        users = ["sourcedId,status,dateLastModified,enabledUser,username,givenName,familyName"]
        users += [f"u{n},{stamp['users']},true,user{n},Аты{n},Тегі{n}" for n in range(pupils)]
        tied = ["sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId"]
        tied += [f"r{n},{stamp['roles']},u{n},primary,student,2026-09-01,,s1" for n in range(pupils)]
        files = {
            **self.SCHOOL,
            "academicSessions": self.YEAR,
            "users": "\n".join(users) + "\n",
            "roles": "\n".join(tied) + "\n",
        }
        modes_of = {name: said.get(name, "bulk") for name in files}
        lines = ["propertyName,value", "manifest.version,1.0", "oneroster.version,1.2"]
        lines += [f"file.{name},{mode}" for name, mode in modes_of.items()]
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, text in (({"manifest": "\n".join(lines) + "\n"} if manifest else {}) | files).items():
                archive.writestr(f"{name}.csv", text)
        return buffer.getvalue()

    def missing(self, data: bytes, source) -> int:
        return bring(data, source, apply=False).counts["endings"]

    @pytest.fixture
    def source(self):
        source = make_world("oneroster", code="roster")
        bring(self.roster(4), source)
        with acting_as(REGION):
            assert Enrolment.objects.filter(valid__upper_inf=True).count() == 4
        return source

    def test_bulk_ends_after_confirmation_only(self, source):
        found = bring(self.roster(3), source, apply=False)
        assert found.counts["endings"] == 1
        with acting_as(REGION):
            with pytest.raises(services.EndingsNotConfirmed):
                services.apply(import_id=found.pk)
            services.apply(import_id=found.pk, endings=1)
            assert Enrolment.objects.filter(valid__upper_inf=True).count() == 3
            services.take_back(import_id=found.pk)
            assert Enrolment.objects.filter(valid__upper_inf=True).count() == 4

    def test_delta_never_ends_anything(self, source):
        assert self.missing(self.roster(2, "delta"), source) == 0
        assert self.missing(self.roster(3, "bulk", roles="delta"), source) == 0
        with acting_as(REGION):
            type(source).objects.update(is_complete=True)
            source.refresh_from_db()
        assert self.missing(self.roster(1, "delta"), source) == 0

    def test_the_sources_setting_stands_above_the_manifest(self, source):
        assert self.missing(self.roster(3, manifest=False), source) == 0  # nothing is said to be complete
        with acting_as(REGION):
            type(source).objects.update(trusts_manifest=False)
            source.refresh_from_db()
        assert self.missing(self.roster(2), source) == 0
        with acting_as(REGION):
            type(source).objects.update(is_complete=True)
            source.refresh_from_db()
        assert self.missing(self.roster(1), source) == 3

    def test_a_file_cut_short_is_refused(self, source):
        with acting_as(REGION):
            type(source).objects.update(max_missing_percent=30)
            source.refresh_from_db()
        found = bring(self.roster(2), source, apply=False)
        assert found.state == ImportState.REFUSED
        assert "2" in found.refusal


class TestTheRegisterMovesOn:
    """Institutions that came by OneRoster go out as the register knows them today."""

    @needs_data
    def test_a_new_class_and_a_pupil_who_left_are_told(self):
        import datetime as dt

        from django.db.backends.postgresql.psycopg_any import DateRange

        from tirek.registry.models import ClassGroup, SchoolYear

        source = make_world("oneroster", code="roster")
        path = DATA / "oneroster-1.2-csv" / "full"
        bring(folder(path, roles=(path / "roles.csv").read_text().replace("2025-09-23", "2027-09-23")), source)
        with acting_as(REGION):
            before = standard.read(package())
            stays, leaves = Enrolment.objects.filter(valid__upper_inf=True).order_by("pk")[:2]
            group = ClassGroup.objects.create(
                institution_id=stays.institution_id, org_no=stays.org_no, school_year=SchoolYear.objects.get(), grade=9,
                letter="Ю", language="kk",
            )  # fmt: skip
            Enrolment.objects.filter(pk=stays.pk).update(class_group=group, grade=9)
            ended = DateRange(leaves.valid.lower, leaves.valid.lower + dt.timedelta(days=1))
            Enrolment.objects.filter(pk=leaves.pk).update(valid=ended)
            out = package()
        assert standard.problems(out) == []
        after = standard.read(out)
        schools = {row["sourcedId"] for row in before["orgs"]}
        made = next(row for row in after["classes"] if row["title"] == "9Ю")
        assert made["schoolSourcedId"] in schools
        assert not made["schoolSourcedId"].startswith("org-roster")
        assert [row["role"] for row in after["enrollments"] if row["classSourcedId"] == made["sourcedId"]] == [
            "student"
        ]
        names = {row["userSourcedId"] for row in before["roles"]} - {row["userSourcedId"] for row in after["roles"]}
        assert len(names) == 1
        assert not any(row["userSourcedId"] in names and row["role"] == "student" for row in after["enrollments"])
