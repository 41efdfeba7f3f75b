"""Pages of figures and decisions, through HTTP, as the public and as officers."""

from __future__ import annotations

from datetime import UTC, date, datetime

import indicator_world
import pytest
import toy_decisions
from django.db.backends.postgresql.psycopg_any import DateRange
from django.urls import reverse
from indicator_world import AS_OF
from toy_decisions import children, toy_kind

from tirek.access.models import Grant, User
from tirek.access.roles import Role, ScopeKind
from tirek.access.scope import Scope, acting_as, loading
from tirek.decisions import kinds
from tirek.decisions import services as decision_services
from tirek.indicators import demonstration, services
from tirek.storage import jobs, sealed
from tirek.storage.database import COUNTRY

NOW = datetime(2025, 10, 5, 9, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def world(tmp_path, monkeypatch, settings):
    settings.DEMONSTRATION = True  # no second factor to set up
    monkeypatch.setattr(sealed, "folder", lambda: tmp_path / "sealed")
    indicator_world.build()


@pytest.fixture
def release():
    with acting_as(Scope(COUNTRY, role=Role.MINISTRY_ANALYST)):
        return services.publish("schools.pupils", as_of=AS_OF, by=None, now=NOW)


def signed_in(client, role: str, kind: str = ScopeKind.COUNTRY, lo=None, hi=None):
    with loading():
        user = User.objects.create(username=role, full_name=role.title(), language="en", is_demonstration=True)
        Grant.objects.create(
            user=user, role=role, scope_kind=kind, org_lo=lo, org_hi=hi, valid=DateRange(date(2020, 1, 1), None)
        )
    client.force_login(user)
    client.cookies["language"] = "en"
    return client


def test_the_public_reads_a_figure_and_where_it_comes_from(client, release):
    client.cookies["language"] = "en"
    page = client.get(reverse("indicators:figure", args=["schools.pupils"])).content.decode()
    assert "310" in page
    assert release.snapshot.sha256 in page
    assert "too few to say" not in page
    district = client.get(reverse("indicators:figure", args=["schools.pupils"]), {"territory": "202000000"})
    assert "too few to say" in district.content.decode()
    assert reverse("indicators:verify", args=[release.number]) not in page


def test_every_address_of_the_lists_answers(client, release):
    for name in ("indicators:public", "indicators:claims", "decisions:where"):
        assert client.get(reverse(name)).status_code == 200
    assert client.get(reverse("indicators:figure", args=["schools.count"])).status_code == 200  # not published yet
    assert client.get(reverse("indicators:figure", args=["nothing.such"])).status_code == 404
    assert client.get(reverse("indicators:release", args=["F-1900-000001"])).status_code == 404


@pytest.mark.parametrize("form", ["xlsx", "csv", "parquet"])
def test_downloads(client, release, form):
    answer = client.get(reverse("indicators:release", args=[release.number]), {"download": form})
    assert answer.status_code == 200
    assert len(answer.content) > 200


def test_claims_are_shown_with_their_contradictions(client):
    demonstration.load_claims(now=NOW)
    demonstration.load_claims(now=NOW)
    client.cookies["language"] = "en"
    page = client.get(reverse("indicators:claims")).content.decode()
    assert page.count("These do not agree") == 2
    assert "In truth 5.0 times, not 3" in page
    assert page.count("<tr>") == 2 + 4


def test_an_officer_publishes_and_verifies(client):
    signed_in(client, Role.MINISTRY_ANALYST)
    with jobs.inline():
        answer = client.post(reverse("indicators:publish", args=["schools.count"]), {"as_of": "2025-10-01"})
        assert answer.status_code == 302, answer.content[:500]
        page = client.get(reverse("indicators:figure", args=["schools.count"])).content.decode()
        assert "F-20" in page
        client.post(reverse("indicators:verify", args=[services.publishing.Release.objects.get().number]))
    page = client.get(reverse("indicators:figure", args=["schools.count"])).content.decode()
    assert "the sealed snapshot gives the same numbers" in page


def test_a_changed_seal_is_told_in_the_readers_language(client, release):
    digest = next(iter(release.snapshot.tables.values()))["sha256"]
    file = next(path for path in sealed.folder().rglob(f"*{digest}*") if path.is_file())
    file.chmod(0o600)
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    signed_in(client, Role.MINISTRY_ANALYST)
    with jobs.inline():
        client.post(reverse("indicators:verify", args=[release.number]))
    url = reverse("indicators:release", args=[release.number])
    client.cookies["language"] = "ru"
    page = client.get(url).content.decode()
    assert "Опечатанный файл уже не тот" in page
    assert digest in page


def test_a_teacher_does_not_publish(client):
    signed_in(client, Role.TEACHER, ScopeKind.OWN)
    assert client.post(reverse("indicators:publish", args=["schools.count"])).status_code == 403


class TestDecisionPages:
    @pytest.fixture(autouse=True)
    def toy(self):
        kinds.register(toy_kind())
        toy_decisions.FRESH["children"] = children()
        yield
        kinds.unregister("toy.places")

    def record(self):
        return decision_services.record(
            kind="toy.places", inputs={"children": children()}, parameters={"seats": 2}, org=(0, 99), by=None, now=NOW
        )

    def test_publish_explain_verify_download(self, client):
        decision = self.record()
        signed_in(client, Role.MINISTRY_ANALYST)
        assert decision.number in client.get(reverse("decisions:runs")).content.decode()
        client.post(reverse("decisions:publish", args=[decision.number]))
        page = client.get(reverse("decisions:run", args=[decision.number])).content.decode()
        assert decision.inputs["children"]["sha256"] in page
        why = client.get(reverse("decisions:why", args=[decision.number, "C1"])).content.decode()
        assert "You have 10 points, fewer than the line of 30." in why
        assert "tests/platform/toy_decisions.py" in why
        with jobs.inline():
            client.post(reverse("decisions:verify", args=[decision.number]))
        assert "agrees" in client.get(reverse("decisions:run", args=[decision.number])).content.decode()
        answer = client.get(reverse("decisions:file", args=[decision.number, "children"]))
        assert answer.content[:4] == b"PAR1"

    def test_sealed_files_are_for_those_who_hold_the_whole(self, client):
        decision = self.record()
        with loading():
            decision_services.publish(decision.number, by=None, now=NOW)
        signed_in(client, Role.SCHOOL_HEAD, ScopeKind.INSTITUTION, 5, 5)
        page = client.get(reverse("decisions:run", args=[decision.number]))
        assert page.status_code == 200
        assert reverse("decisions:file", args=[decision.number, "children"]) not in page.content.decode()
        assert client.get(reverse("decisions:file", args=[decision.number, "children"])).status_code == 403
        assert client.post(reverse("decisions:verify", args=[decision.number])).status_code == 403
        assert client.get(reverse("decisions:why", args=[decision.number, "C0"])).status_code == 200
        assert client.get(reverse("decisions:why", args=[decision.number, "C1"])).status_code == 404

    def test_the_public_sees_no_decision_that_is_not_open(self, client):
        decision = self.record()
        with loading():
            decision_services.publish(decision.number, by=None, now=NOW)
        assert client.get(reverse("decisions:run", args=[decision.number])).status_code == 404
        assert client.get(reverse("decisions:why", args=[decision.number, "C0"])).status_code in (302, 403)

    def test_where_it_is_decided(self, client):
        client.cookies["language"] = "en"
        page = client.get(reverse("decisions:where")).content.decode()
        assert "toy_decisions.py:" in page
        assert "src/tirek_engines/assessment/rules/publication.yaml" in page


class TestApi:
    def test_a_publication_with_its_source(self, client, release):
        answer = client.get("/api/indicators/schools.pupils/latest", {"territory": "202000000"}).json()
        assert answer["snapshot_sha256"] == release.snapshot.sha256
        hidden = [cell for cell in answer["cells"] if cell["suppressed"]]
        assert hidden
        assert {(cell["value"], cell["numerator"]) for cell in hidden} == {("", None)}

    def test_an_address_with_a_zero_byte_goes_no_further(self, client):
        assert client.get("/api/indicators/%00").status_code == 400

    @pytest.mark.parametrize(
        ("path", "status"),
        [
            ("/api/openapi.json", 200),
            ("/api/indicators", 200),
            ("/api/indicators/schools.pupils", 200),
            ("/api/indicators/no.such", 404),
            ("/api/releases/F-2025-000009", 404),
            ("/api/releases/1", 422),
            ("/api/claims", 200),
            ("/api/kinds", 200),
        ],
    )
    def test_answers(self, client, path, status):
        answer = client.get(path)
        assert answer.status_code == status
        if status >= 400:
            assert set(answer.json()) == {"code", "message"}

    def test_the_journal_needs_the_right(self, client):
        assert client.get("/api/decisions").status_code in (302, 401, 403)
        signed_in(client, Role.MINISTRY_ANALYST)
        assert client.get("/api/decisions").json() == []
