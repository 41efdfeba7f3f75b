"""Panels that apps lay on other apps' pages say what is theirs, whatever the page around them holds."""

from datetime import UTC, date, datetime, timedelta

import indicator_world
import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from django.urls import reverse
from django.utils import timezone

from tirek.access.models import Grant, User
from tirek.access.roles import Role
from tirek.access.scope import Scope, acting_as, loading
from tirek.indicators import services as indicators
from tirek.storage import sealed
from tirek.storage.database import COUNTRY
from tirek.tasks import services as tasks

pytestmark = pytest.mark.django_db
LO, HI, SCHOOL = 10_000_000, 19_999_999, 10_100_010


@pytest.fixture(autouse=True)
def world(tmp_path, monkeypatch, settings):
    settings.DEMONSTRATION = True  # no second factor to set up
    monkeypatch.setattr(sealed, "folder", lambda: tmp_path / "sealed")
    indicator_world.build()


def user(role: str, lo: int, hi: int, kind: str) -> User:
    with loading():
        found = User.objects.create(username=role, full_name=role.title(), language="en", is_demonstration=True)
        Grant.objects.create(
            user=found, role=role, scope_kind=kind, org_lo=lo, org_hi=hi, valid=DateRange(date(2020, 1, 1), None)
        )
    return found


def page(client, of: User, url: str) -> str:
    client.force_login(of)
    client.cookies["language"] = "en"
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def test_tasks_stand_on_home_and_on_the_schools_page(client):
    officer = user(Role.REGIONAL_OFFICER, LO, HI, "region")
    head = user(Role.SCHOOL_HEAD, SCHOOL, SCHOOL, "institution")
    assert "Nothing waits for you" in page(client, head, reverse("home"))
    due = timezone.localdate() + timedelta(days=3)
    with acting_as(Scope(lo=LO, hi=HI, user_id=officer.pk, role=Role.REGIONAL_OFFICER)):
        tasks.ask(by=officer, now=timezone.now(), org_nos=[SCHOOL], title="Confirm the delivery", due_date=due)
    home = page(client, head, reverse("home"))
    assert "Confirm the delivery" in home
    assert "1 task waits for you." in home
    assert "1 new notification" in home
    assert "Nothing waits for you" not in home
    assert "Confirm the delivery" in page(client, officer, reverse("registry:institution", args=["I0"]))
    assert "Nothing is asked" in page(client, officer, reverse("registry:institution", args=["I1"]))


def test_published_figures_stand_on_a_territorys_page(client):
    officer = user(Role.REGIONAL_OFFICER, LO, HI, "region")
    with acting_as(Scope(COUNTRY, role=Role.MINISTRY_ANALYST)):
        now = datetime(2025, 10, 5, 9, tzinfo=UTC)
        release = indicators.publish("schools.pupils", as_of=indicator_world.AS_OF, by=None, now=now)
    text = page(client, officer, reverse("registry:territory", args=["100000000"]))
    assert "Published figures" in text
    assert reverse("indicators:release", args=[release.number]) + "?territory=100000000" in text
