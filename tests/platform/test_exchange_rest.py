"""The OneRoster provider: what a program's grant covers, asked and answered as the standard says."""

import pytest
from django.test import Client
from django.urls import reverse
from exchange_world import AS_OF, make_world, pupil, pupils

from tirek.access.models import User
from tirek.access.places import Place
from tirek.access.scope import Scope, acting_as, loading
from tirek.access.services import programs
from tirek.registry.exchange import services
from tirek.storage.database import COUNTRY

pytestmark = pytest.mark.django_db
BASE = "/ims/oneroster/rostering/v1p2/"
CORE = "https://purl.imsglobal.org/spec/or/v1p2/scope/roster-core.readonly"
DEMOGRAPHICS = "https://purl.imsglobal.org/spec/or/v1p2/scope/roster-demographics.readonly"


@pytest.fixture
def source():
    source = make_world()
    rows = [pupil(n, f"Аты{n}", school="A-1" if n < 4 else "A-2", grade=str(5 + n % 2)) for n in range(1, 6)]
    with acting_as(Scope(lo=10_000_000, hi=19_999_999, user_id=None, role="regional_officer")):
        found = services.upload(source=source, file_name="p.csv", data=pupils(*rows), row_kind="learners", as_of=AS_OF)
        services.stage(import_id=found.pk)
        services.apply(import_id=found.pk)
    return source


def token(place: Place, scopes: str = CORE, kind: str = "region", role: str = "regional_officer") -> str:
    with loading():
        by_user, _made = User.objects.get_or_create(username="admin", defaults={"full_name": "Admin"})
    by = Scope(lo=0, hi=2_147_483_647, user_id=by_user.pk, role="administrator", database_role=COUNTRY)
    with acting_as(by):
        machine, secret = programs.register_program(
            by=by, name="LMS", contact="a", role=role, kind=kind, place=place, ends=None, reason="test"
        )
    answer = Client().post(reverse("oauth_token"), {
        "grant_type": "client_credentials", "client_id": machine.client_id, "client_secret": secret, "scope": scopes,
    })  # fmt: skip
    assert answer.status_code == 200, answer.content
    return answer.json()["access_token"]


REGION = Place("region", "470000000", "Region", 10_000_000, 19_999_999)
OTHER = Place("region", "510000000", "Other", 20_000_000, 29_999_999)


@pytest.fixture
def ask(source):
    def ask(path: str, key: str | None = None, **query):
        return Client().get(BASE + path, query, headers={"Authorization": f"Bearer {key}"} if key else {})

    return ask


def test_collections_and_their_headers(ask):
    key = token(REGION)
    answer = ask("students", key, limit=2, offset=2, sort="familyName")
    assert answer.status_code == 200, answer.content
    assert answer["X-Total-Count"] == "5"
    assert [u["familyName"] for u in answer.json()["users"]] == ["Аты3", "Аты4"]
    assert 'rel="next"' in answer["Link"]
    assert 'rel="prev"' in answer["Link"]
    for name in ("orgs", "schools", "academicSessions", "terms", "gradingPeriods", "courses", "classes", "users", "teachers",
                 "enrollments"):  # fmt: skip
        answer = ask(name, key)
        assert answer.status_code == 200, (name, answer.content)
        assert int(answer["X-Total-Count"]) == len(next(iter(answer.json().values())))


def test_records_and_references_can_be_followed(ask):
    key = token(REGION)
    user = ask("students", key, limit=1).json()
    (user,) = next(iter(user.values()))
    one = ask(f"users/{user['sourcedId']}", key).json()["user"]
    assert one == user
    assert user["roles"][0]["role"] == "student"
    school = user["roles"][0]["org"]
    assert (
        Client()
        .get(school["href"].removeprefix("http://testserver"), headers={"Authorization": f"Bearer {key}"})
        .json()["org"]["sourcedId"]
        == school["sourcedId"]
    )
    enrolment = next(iter(ask("enrollments", key).json().values()))[0]
    for kind, path in (("class", "classes"), ("school", "schools"), ("user", "users")):
        assert ask(f"{path}/{enrolment[kind]['sourcedId']}", key).status_code == 200


def test_nested_collections(ask):
    key = token(REGION)
    assert ask("schools/org-A-1/students", key)["X-Total-Count"] == "3"
    assert ask("schools/org-A-1/classes", key)["X-Total-Count"] == "2"
    found = next(iter(ask("schools/org-A-1/classes", key).json().values()))[0]["sourcedId"]
    students = ask(f"classes/{found}/students", key)
    assert students["X-Total-Count"] == ask(f"schools/org-A-1/classes/{found}/students", key)["X-Total-Count"]
    student = next(iter(students.json().values()))[0]["sourcedId"]
    assert ask(f"students/{student}/classes", key)["X-Total-Count"] == "1"
    assert ask("terms/term-2026-2027/classes", key)["X-Total-Count"] == "4"
    assert ask("schools/org-A-1/terms", key)["X-Total-Count"] == "1"
    assert ask(f"schools/org-A-2/classes/{found}/students", key).status_code == 404


@pytest.mark.parametrize(
    ("filter_", "count"),
    [
        ("familyName='Аты1'", 1), ("familyName~'ТЫ'", 5), ("familyName='Аты1' OR familyName='Аты2'", 2),
        ("familyName~'аты' AND givenName='Айша'", 5), ("familyName!='Аты1'", 4), ("grades='06'", 3),
        ("familyName='x'' or 1=1 --'", 0), ("status='active'", 5), ("dateLastModified>'2020-01-01T00:00:00.000Z'", 5),
    ],
)  # fmt: skip
def test_filters(ask, filter_, count):
    answer = ask("students", token(REGION), filter=filter_)
    assert answer.status_code == 200, answer.content
    assert answer["X-Total-Count"] == str(count)


@pytest.mark.parametrize(
    ("query", "minor"),
    [
        ({"filter": "nonsense"}, "invalid_filter_field"), ({"filter": "password='x'"}, "invalid_filter_field"),
        ({"filter": "familyName='a' XOR familyName='b'"}, "invalid_filter_field"), ({"sort": "shoeSize"}, "invalid_sort_field"),
        ({"limit": "0"}, "invaliddata"), ({"offset": "-1"}, "invaliddata"), ({"fields": "shoeSize"}, "invalid_selection_field"),
        ({"sort": "familyName", "orderBy": "up"}, "invaliddata"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_said_in_the_standards_way(ask, query, minor):
    answer = ask("users", token(REGION), **query)
    assert answer.status_code == 400
    payload = answer.json()
    assert payload["imsx_codeMajor"] == "failure"
    assert payload["imsx_CodeMinor"]["imsx_codeMinorField"][0]["imsx_codeMinorFieldValue"] == minor


def test_fields(ask):
    (user, *_rest) = next(iter(ask("users", token(REGION), fields="sourcedId,familyName").json().values()))
    assert set(user) == {"sourcedId", "familyName"}


def test_no_token_wrong_token_wrong_scope_unknown_things(ask):
    for answer, status in (
        (ask("users"), 401), (ask("users", "nonsense"), 401), (ask("users", token(REGION, DEMOGRAPHICS)), 403),
        (ask("demographics", token(REGION)), 403), (ask("users/nobody", token(REGION)), 404), (ask("shoes", token(REGION)), 404),
    ):  # fmt: skip
        assert answer.status_code == status, answer.content
        assert "imsx_CodeMinor" in answer.json()
    demographics = next(iter(ask("demographics", token(REGION, DEMOGRAPHICS)).json().values()))
    assert {d["sex"] for d in demographics} == {"female"}


def test_a_program_sees_only_its_territory(ask):
    key = token(OTHER)
    assert ask("users", key)["X-Total-Count"] == "0"
    assert ask("enrollments", key)["X-Total-Count"] == "0"
    assert ask("schools", key)["X-Total-Count"] == "1"
    assert ask("schools/org-A-1", key).status_code == 404
    inside = Place("institution", "A-2", "A-2", 10_100_020, 10_100_020)
    assert ask("students", token(inside, kind="institution", role="school_head"))["X-Total-Count"] == "2"


class TestWhoHasLeft:
    """The standard: a record that is over is told as tobedeleted, so that whoever asks for changes learns of it."""

    @pytest.fixture
    def left(self, source):
        """One left three days ago, another long ago."""
        from datetime import date, timedelta

        from django.db.backends.postgresql.psycopg_any import DateRange

        from tirek.registry.models import Enrolment

        today = date.today()
        with loading():
            lately, long_ago = Enrolment.objects.order_by("pk")[:2]
            for enrolment, end in ((lately, today - timedelta(days=3)), (long_ago, today - timedelta(days=900))):
                Enrolment.objects.filter(pk=enrolment.pk).update(valid=DateRange(end - timedelta(days=30), end))
        return lately, long_ago, (today - timedelta(days=3)).isoformat()

    def test_an_ended_enrolment_is_to_be_deleted_with_the_moment_it_ended(self, ask, left):
        lately, long_ago, day = left
        found = ask("enrollments", token(REGION)).json()["enrollments"]
        by_id = {row["sourcedId"]: row for row in found}
        gone = by_id[f"enr-{lately.pk}"]
        assert (gone["status"], gone["endDate"]) == ("tobedeleted", day)
        assert gone["dateLastModified"] >= f"{day}T00:00:00.000Z"
        assert f"enr-{long_ago.pk}" not in by_id
        assert [row["status"] for row in found].count("active") == 3

    def test_who_asks_for_changes_since_then_learns_of_it(self, ask, left):
        lately, _long_ago, day = left
        changed = ask("enrollments", token(REGION), filter=f"dateLastModified>='{day}' AND status='tobedeleted'").json()
        assert [row["sourcedId"] for row in changed["enrollments"]] == [f"enr-{lately.pk}"]
        users = ask("users", token(REGION), filter="status='tobedeleted'").json()["users"]
        assert [user["familyName"] for user in users] == ["Аты1"]
        assert len(ask("students", token(REGION)).json()["users"]) == 3

    def test_bulk_files_leave_it_out_and_stay_valid(self, left):
        import oneroster_validator as standard

        from tirek.registry.exchange.oneroster.writing import package

        with acting_as(Scope(lo=10_000_000, hi=19_999_999, user_id=None, role="regional_officer")):
            out = package(demographics=True)
        assert standard.problems(out) == []
        tables = standard.read(out)
        assert len(tables["enrollments"]) == 3
        assert len(tables["users"]) == 3

    def test_a_delta_package_tells_it(self, left):
        import oneroster_validator as standard

        from tirek.registry.exchange.oneroster.writing import package

        lately, _long_ago, day = left
        with acting_as(Scope(lo=10_000_000, hi=19_999_999, user_id=None, role="regional_officer")):
            out = package(demographics=True, since=f"{day}T00:00:00.000Z")
        assert standard.problems(out, "delta") == []
        rows = {row["sourcedId"]: row for row in standard.read(out)["enrollments"]}
        assert rows[f"enr-{lately.pk}"]["status"] == "tobedeleted"
        assert all(row["dateLastModified"] >= day for row in rows.values())
