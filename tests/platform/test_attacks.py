"""What was tried against the whole platform, and got through before: each must be held."""

from __future__ import annotations

import datetime as dt
from unittest.mock import patch

import pytest
from access_world import DISTRICT, SCHOOL, World, build, user_with
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tirek.access.models import Grant, PersonRead
from tirek.access.places import Place
from tirek.access.roles import Role
from tirek.access.scope import Scope, acting_as, loading
from tirek.access.services import accounts
from tirek.access.services.rights import NotYours
from tirek.storage import sealed
from tirek.tasks.models import Task, TaskState

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def world(settings) -> World:
    settings.DEMONSTRATION = True
    return build()


def signed_in(user) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user, backend="tirek.access.backends.ScopedBackend")
    return client


@pytest.mark.parametrize(
    "address",
    ["/search/?q=%00", "/decisions/?kind=%00", "/documents/D-1%00.pdf", f"/institutions/S{SCHOOL}/rooms/%00/1/"],
)
def test_a_zero_character_is_refused_and_breaks_nothing(world, address):
    assert signed_in(world.users[Role.SCHOOL_HEAD]).get(address).status_code == 400


def test_a_slash_in_a_check_code_breaks_nothing(world):
    assert (
        Client(raise_request_exception=False).get("/documents/check/", {"code": "A/B"}, follow=True).status_code == 404
    )


def test_who_has_not_signed_in_fills_no_disk(world):
    data = {"file": b"x"}
    with patch("tirek.access.middleware.MOST_BYTES", 10):
        assert Client().post(reverse("documents:check"), data).status_code == 413
        assert Client().post(reverse("account_login"), data).status_code == 413
        assert signed_in(world.users[Role.SCHOOL_HEAD]).post(reverse("documents:check"), data).status_code == 422


def test_a_wider_role_that_begins_tomorrow_keeps_its_user_from_a_narrower_administrator(world):
    """Whoever sets the password today would work in that role tomorrow."""
    user = user_with(Role.TEACHER, name="soon")
    with loading():
        Grant.objects.create(
            user=user, role=Role.MINISTRY_ANALYST, scope_kind="country",
            valid=DateRange(timezone.localdate() + dt.timedelta(days=1), None),
        )  # fmt: skip
    by = Scope(lo=DISTRICT[0], hi=DISTRICT[1], user_id=999, role=Role.ADMINISTRATOR)
    with acting_as(by), pytest.raises(NotYours):
        accounts.invitation_link(by=by, user=user)


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.DISTRICT_OFFICER, Role.KINDERGARTEN_DIRECTOR])
def test_who_only_sees_a_task_does_not_answer_it(world, role):
    with loading():
        task = Task.objects.create(title="Confirm", org_no=SCHOOL, roles=[Role.SCHOOL_HEAD], asked_at=NOW)
    answer = signed_in(world.users[role]).post(reverse("tasks:answer", args=[task.pk]), {"note": "Done"})
    assert answer.status_code == 422
    with loading():
        assert Task.objects.get(pk=task.pk).state == TaskState.OPEN
    signed_in(world.users[Role.SCHOOL_HEAD]).post(reverse("tasks:answer", args=[task.pk]), {"note": "Done"})
    with loading():
        assert Task.objects.get(pk=task.pk).state == TaskState.SUBMITTED


@pytest.mark.parametrize("query", ["rows=learners&format=csv", "rows=staff&format=xlsx", "rows=oneroster"])
def test_every_export_of_people_is_kept(world, query):
    user = world.users[Role.SCHOOL_HEAD]
    assert signed_in(user).get(f"{reverse('exchange:export_file')}?{query}").status_code == 200
    with loading():
        assert PersonRead.objects.filter(user_id=user.pk, kind=PersonRead.Kind.EXPORT).count() == 1


def test_numbers_that_are_no_numbers_break_nothing(world):
    client = signed_in(world.users[Role.DISTRICT_OFFICER])
    assert client.post(reverse("tasks:remind"), {"task": ["²", "9" * 30]}).status_code == 302


@pytest.mark.parametrize("email", ["head@school.kz", "HEAD@school.kz"])
def test_two_accounts_never_share_an_address(world, email):
    """A sign-in with an identity provider is joined by the address, so it must mean one account."""
    by = Scope(lo=DISTRICT[0], hi=DISTRICT[1], user_id=999, role=Role.ADMINISTRATOR)
    given = {"by": by, "full_name": "X", "language": "kk", "home": Place("district", "1", "D", *DISTRICT)}
    with acting_as(by), patch("tirek.access.services.accounts.note"):
        accounts.invite_user(username="one", email="head@school.kz", **given)
        with pytest.raises(accounts.NameTaken):
            accounts.invite_user(username="two", email=email, **given)


def test_nobody_else_on_the_machine_lists_the_sealed_files(tmp_path, monkeypatch):
    monkeypatch.setattr(sealed, "home", lambda: tmp_path / "home")
    path = sealed.path_of(sealed.seal(b"answers"))
    assert [oct(p.stat().st_mode & 0o777) for p in (path.parent.parent, path.parent, path)] == [
        "0o700",
        "0o700",
        "0o600",
    ]
