"""Roles given, invitations, sessions, traces of what was done, programs and their tokens: through real requests."""

from __future__ import annotations

import json

import pytest
from access_world import (
    DISTRICT,
    OTHER_DISTRICT,
    REGION,
    SCHOOL,
    World,
    administrator,
    build,
    sign_in,
    signed_in,
    user_with,
)
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tirek.access.models import AccountAction, Grant, PersonRead, User, UserEvent
from tirek.access.places import Place
from tirek.access.roles import Role, ScopeKind
from tirek.access.scope import Scope, acting_as, because, loading, signing_in
from tirek.access.services import accounts, grants, programs
from tirek.access.services.rights import NotYours

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_counted():
    cache.clear()


@pytest.fixture
def world() -> World:
    return build()


@pytest.fixture
def demonstration(settings):
    settings.DEMONSTRATION = True


# --- administering ---


def test_an_administrator_gives_no_more_than_he_has(world):
    user = user_with(Role.TEACHER, name="newcomer")
    today = timezone.localdate()
    give = lambda by, role, kind, place: grants.give_grant(  # noqa: E731
        by=by, user=user, role=role, kind=kind, place=place, starts=today, ends=None, reason="order 1"
    )
    region = Place(ScopeKind.REGION, "47", "region", *REGION)
    mine = Place(ScopeKind.DISTRICT, "471", "mine", *DISTRICT)
    other = Place(ScopeKind.DISTRICT, "472", "other", *OTHER_DISTRICT)
    country = Place(ScopeKind.COUNTRY, "KZ", "country", 0, 2_147_483_647)
    by = administrator(user_id=world.users[Role.ADMINISTRATOR].pk)
    with acting_as(by):
        for role, kind, place in (
            (Role.REGIONAL_OFFICER, ScopeKind.REGION, region),
            (Role.DISTRICT_OFFICER, ScopeKind.DISTRICT, other),
            (Role.MINISTRY_ANALYST, ScopeKind.COUNTRY, country),
            (Role.TEACHER, ScopeKind.DISTRICT, mine),
            (Role.DISTRICT_OFFICER, ScopeKind.COUNTRY, country),
        ):
            with pytest.raises(NotYours):
                give(by, role, kind, place)
        given = give(by, Role.DISTRICT_OFFICER, ScopeKind.DISTRICT, mine)
        assert Grant.objects.filter(pk=given.pk, given_by_id=by.user_id, reason="order 1").exists()
        grants.end_grant(by=by, grant=given, reason="left")
        assert Grant.objects.get(pk=given.pk).valid.isempty
    with signing_in():
        actions = list(AccountAction.objects.filter(subject=user).order_by("id").values_list("action", "reason"))
    assert actions == [("give", "order 1"), ("end", "left")]


def test_an_administrator_does_not_touch_himself_nor_wider_users(world):
    analyst = world.users[Role.MINISTRY_ANALYST]
    with loading():
        User.objects.filter(pk=analyst.pk).update(org_no=SCHOOL)  # administered here, but with a role over the country
    analyst.refresh = None
    by = administrator(user_id=world.users[Role.ADMINISTRATOR].pk)
    with acting_as(by):
        for user in (User.objects.get(pk=analyst.pk), world.users[Role.ADMINISTRATOR]):
            for action in (accounts.deactivate, accounts.reset_second_factor):
                with pytest.raises(NotYours):
                    action(by=by, user=user, reason="x")
            with pytest.raises(NotYours):
                accounts.invitation_link(by=by, user=user)


def test_the_same_service_refuses_another_role(world):
    by = Scope(lo=DISTRICT[0], hi=DISTRICT[1], user_id=1, role=Role.DISTRICT_OFFICER)
    with acting_as(by), pytest.raises(NotYours):
        accounts.deactivate(by=by, user=world.users[Role.TEACHER], reason="x")


def test_an_invitation_by_pages_from_account_to_first_sign_in(world, demonstration):
    with loading():
        User.objects.filter(username=Role.ADMINISTRATOR).update(org_no=DISTRICT[0])
        Grant.objects.filter(user__username=Role.ADMINISTRATOR).update(
            scope_kind="district", org_lo=DISTRICT[0], org_hi=DISTRICT[1]
        )
    admin = signed_in(world.users[Role.ADMINISTRATOR])
    form = {"full_name": "Әлия Сейтқали", "username": "alia", "language": "kk", "kind": "district"}
    assert admin.post(reverse("access:invite"), form | {"place_code": "472000000"}).status_code == 422
    unseen = {"full_name": "\u202e\u200b", "place_code": "471000000"}
    assert admin.post(reverse("access:invite"), form | unseen).status_code == 422, "a name that nobody sees is none"
    typed = {"full_name": " Әлия\u200b \u202eСейтқали ", "place_code": "471000000"}
    opened = admin.post(reverse("access:invite"), form | typed)
    assert opened.status_code == 302
    with signing_in():
        new = User.objects.get(username="alia")
    assert new.full_name == "Әлия Сейтқали", "marks that turn what stands beside them are not kept"
    assert new.org_no == DISTRICT[0]
    role = {"role": "school_head", "kind": "institution", "place_code": f"S{SCHOOL}", "starts": "2026-01-01"}
    assert admin.post(reverse("access:give", args=[new.pk]), role).status_code == 422, "a reason is needed"
    assert admin.post(reverse("access:give", args=[new.pk]), role | {"reason": "order 7"}).status_code == 302
    page = admin.post(reverse("access:link", args=[new.pk]))
    link = page.context["link"].removeprefix("http://testserver")
    assert page["Cache-Control"] == "no-store"
    newcomer = Client()
    step = newcomer.get(link, follow=True)
    path = step.redirect_chain[-1][0]
    done = newcomer.post(path, {"password1": "a long new password", "password2": "a long new password"})
    assert done.status_code == 302
    assert sign_in(newcomer, "alia", "a long new password").status_code == 302
    assert "token" not in Client().get(link, follow=True).redirect_chain, "used up"
    assert Client().get(link).status_code == 200, "a used link says so and offers no form"


def test_sign_out_everywhere_else(world, demonstration):
    here, there = signed_in(world.users[Role.PARENT]), signed_in(world.users[Role.PARENT])
    here.post(reverse("access:end_sessions"))
    assert here.get("/home/").status_code == 200
    assert there.get("/home/").status_code == 302


# --- traces ---


def test_a_change_keeps_who_where_and_which_request(world, demonstration):
    client = signed_in(world.users[Role.PARENT])
    client.post(reverse("access:account_language"), {"language": "ru"}, headers={"X-Request-ID": "abcd-1234-abcd"})
    with loading():
        event = UserEvent.objects.filter(pgh_obj=world.users[Role.PARENT], pgh_label="update").latest("pgh_id")
        about = event.pgh_context.metadata
    assert event.language == "ru"
    assert about["user"] == world.users[Role.PARENT].pk
    assert (about["url"], about["request"]) == ("access:account_language", "abcd-1234-abcd")


def test_a_job_and_a_command_are_named_too(world):
    with because(job=7), acting_as(administrator(user_id=world.users[Role.ADMINISTRATOR].pk)):
        User.objects.filter(username=Role.TEACHER).update(language="en")
    with loading():
        event = UserEvent.objects.filter(pgh_obj=world.users[Role.TEACHER], language="en").latest("pgh_id")
        assert event.pgh_context.metadata["job"] == 7


def test_the_audit_page_shows_differences_in_the_auditors_range(world, demonstration):
    with acting_as(administrator(user_id=world.users[Role.ADMINISTRATOR].pk)):
        User.objects.filter(username=Role.TEACHER).update(full_name="New Name")
    page = signed_in(world.users[Role.AUDITOR]).get(reverse("access:audit"), {"table": "access.user"})
    assert page.status_code == 200
    change = page.context["changes"][0]
    assert [(d.before, d.after) for d in change.differences] == [("teacher own", "New Name")]
    ids = {c.object_id for c in page.context["changes"]}
    assert world.users[Role.MINISTRY_ANALYST].pk not in ids
    for name in ("access:audit", "access:reads"):
        answer = signed_in(world.users[Role.AUDITOR]).get(reverse(name), {"download": "csv"})
        assert answer["Content-Type"].startswith("text/csv")
    with loading():
        assert PersonRead.objects.filter(kind="export").count() == 2


def test_secrets_never_reach_the_audit(world, demonstration):
    from tirek.access import queries_audit
    from tirek.storage import secrets

    with loading():
        row = world.people["Child"]
        row.iin_encrypted, row.iin_hash = secrets.encrypt("050101500011"), secrets.keyed_hash("050101500011")
        row.save()
    with acting_as(Scope(lo=0, hi=2_000_000_000, user_id=1, role=Role.AUDITOR)):
        found = queries_audit.changes(queries_audit.Filter(table="registry.person"), offset=0, limit=50)
    assert found
    assert "0501015" not in json.dumps([[vars(d) for d in c.differences] for c in found], default=str)


# --- programs ---


@pytest.fixture
def program(world):
    by = administrator(user_id=world.users[Role.ADMINISTRATOR].pk)
    with acting_as(by):
        return programs.register_program(
            by=by, name="School system", contact="IT", role=Role.DISTRICT_OFFICER, kind=ScopeKind.DISTRICT,
            place=Place("district", "471", "district", *DISTRICT), ends=None, reason="contract",
        )  # fmt: skip


def token(machine, secret: str, scope: str = "https://purl.imsglobal.org/spec/or/v1p2/scope/roster.readonly"):
    data = {"grant_type": "client_credentials", "client_id": machine.client_id, "client_secret": secret, "scope": scope}
    return Client().post(reverse("oauth_token"), data)


def test_a_program_gets_a_token_and_its_grants_scope(world, program, rf):
    from tirek.access.machines import scope_of_token
    from tirek.registry.models import Person

    machine, secret = program
    answer = token(machine, secret)
    assert answer.status_code == 200, answer.content
    access = answer.json()["access_token"]
    with connection.cursor() as cursor, signing_in():
        cursor.execute("select token, client_secret from oauth2_provider_accesstoken, oauth2_provider_application")
        assert not {access, secret} & {text for row in cursor.fetchall() for text in row}
    request = rf.get("/x", headers={"Authorization": f"Bearer {access}"})
    scope = scope_of_token(request)
    assert (scope.lo, scope.hi) == DISTRICT
    assert any("roster.readonly" in name for name in request.token_scopes)
    with acting_as(scope):
        assert set(Person.objects.values_list("family_name", flat=True)) == {"Child", "Parent"}
    page = Client().get("/home/", headers={"Authorization": f"Bearer {access}"})
    assert page.status_code == 403, "pages are for people"


def test_a_token_for_rosters_does_not_open_the_api(world, program):
    machine, secret = program
    answers = {}
    for scope in (None, "tirek.api"):
        more = {} if scope is None else {"scope": scope}
        access = token(machine, secret, **more).json()["access_token"]
        answers[scope] = Client().get("/api/institutions", headers={"Authorization": f"Bearer {access}"})
    assert (answers[None].status_code, answers["tirek.api"].status_code) == (403, 200)
    assert b"tirek.api" in answers[None].content


def test_rotation_and_revocation_end_old_tokens_at_once(world, program, rf):
    from tirek.access.machines import scope_of_token

    machine, secret = program
    access = token(machine, secret).json()["access_token"]
    request = rf.get("/x", headers={"Authorization": f"Bearer {access}"})
    by = administrator(user_id=world.users[Role.ADMINISTRATOR].pk)
    with acting_as(by):
        fresh = programs.rotate_secret(by=by, machine=machine)
    assert scope_of_token(request).user_id is None
    assert token(machine, secret).status_code == 401
    assert token(machine, fresh).status_code == 200
    with acting_as(by):
        programs.revoke_program(by=by, machine=machine)
    assert token(machine, fresh).status_code == 401


def test_a_wrong_token_is_told_so(client):
    answer = client.get("/home/", headers={"Authorization": "Bearer nonsense"})
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")


def test_the_first_administrator_may_have_an_email_address(client, db):
    """As the manual's example says it; making the link writes the address among the keys."""
    from tirek.access.services.first import open_first_administrator

    path = open_first_administrator(username="aigul", full_name="Айгүл Серікова", email="aigul@example.kz")
    assert client.get(path, follow=True).status_code == 200
