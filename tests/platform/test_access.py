"""Signing in, second factors, lock-out, roles, sessions, invitations, programs: through real requests."""

from __future__ import annotations

import datetime
import json
import re
import time

import pytest
from access_world import ALWAYS, DISTRICT, OTHER_DISTRICT, PASSWORD, REGION, SCHOOL, World, build, user_with
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tirek.access.models import AccountAction, Grant, PersonRead, Session, User, UserEvent
from tirek.access.places import Place
from tirek.access.roles import Role, ScopeKind
from tirek.access.scope import Scope, acting_as, because, loading, signing_in
from tirek.access.services import accounts, grants, programs
from tirek.access.services.rights import NotYours

pytestmark = pytest.mark.django_db
BACKEND = "tirek.access.backends.ScopedBackend"


@pytest.fixture(autouse=True)
def nothing_counted():
    cache.clear()


@pytest.fixture
def world() -> World:
    return build()


@pytest.fixture
def demonstration(settings):
    settings.DEMONSTRATION = True


def sign_in(client: Client, username: str, password: str = PASSWORD, **extra):
    return client.post(reverse("account_login"), {"login": username, "password": password}, **extra)


def signed_in(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user, backend=BACKEND)
    return client


def administrator(lo_hi=DISTRICT, user_id=1) -> Scope:
    return Scope(lo=lo_hi[0], hi=lo_hi[1], user_id=user_id, role=Role.ADMINISTRATOR)


# --- signing in ---


def test_a_password_signs_in_and_the_session_is_new(client, world, demonstration):
    assert client.get(reverse("account_login")).status_code == 200
    before = client.cookies.get("session")
    assert sign_in(client, Role.PARENT).status_code == 302
    assert client.cookies["session"].value != (before.value if before else None)
    assert client.get("/home/").status_code == 200
    with signing_in():
        assert Session.objects.get(user_id=world.users[Role.PARENT].pk).address == "127.0.0.1"
        assert User.objects.get(username=Role.PARENT).last_login is not None


def test_five_wrong_passwords_lock_name_and_address(client, world):
    for _ in range(4):
        assert sign_in(client, Role.PARENT, "wrong").status_code == 200
    assert sign_in(client, Role.PARENT, "wrong").status_code == 429
    locked = sign_in(client, Role.PARENT)
    assert locked.status_code == 429
    assert "15" in locked.content.decode()
    elsewhere = sign_in(client, Role.PARENT, REMOTE_ADDR="10.0.0.9")
    assert elsewhere.status_code == 302, "another address is not locked out by a stranger's attempts"


def test_an_unknown_name_is_answered_as_a_wrong_password(client, world):
    unknown, known = sign_in(client, "nobody-here", "wrong"), sign_in(client, Role.PARENT, "wrong")

    def strip(page):
        return re.sub(r'csrfmiddlewaretoken" value="[^"]+"|value="(nobody-here|parent)"|nonce="[^"]+"', "", page)

    assert strip(unknown.content.decode()) == strip(known.content.decode())


def test_nobody_registers_himself(client):
    count = lambda: User.objects.count()  # noqa: E731
    client.post("/accounts/signup/", {"username": "me", "password1": PASSWORD, "password2": PASSWORD})
    with signing_in():
        assert count() == 0


def test_a_shut_account_is_out_at_once(world, demonstration):
    client = signed_in(world.users[Role.PARENT])
    assert client.get("/home/").status_code == 200
    with loading():
        User.objects.filter(username=Role.PARENT).update(is_active=False)
    assert client.get("/home/").status_code == 302


# --- second factor ---


def test_an_officer_without_second_factor_is_led_to_set_it_up(world, settings):
    settings.DEMONSTRATION = False
    client = signed_in(world.users[Role.DISTRICT_OFFICER])
    answer = client.get("/home/")
    assert (answer.status_code, answer["Location"]) == (302, reverse("mfa_activate_totp"))
    part = client.get("/home/", headers={"HX-Request": "true"})
    assert part["HX-Redirect"] == reverse("mfa_activate_totp")
    assert client.get(reverse("access:account")).status_code == 200
    parent = signed_in(world.users[Role.PARENT])
    assert parent.get("/home/").status_code == 200


def test_only_demonstration_accounts_are_let_off(world, settings):
    settings.DEMONSTRATION = True
    assert signed_in(world.users[Role.DISTRICT_OFFICER]).get("/home/").status_code == 200
    with loading():
        User.objects.filter(username=Role.DISTRICT_OFFICER).update(is_demonstration=False)
    assert signed_in(world.users[Role.DISTRICT_OFFICER]).get("/home/").status_code == 302


def code(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30))


def test_a_second_factor_is_set_up_sealed_and_asked_for(client, world, settings):
    settings.DEMONSTRATION = False
    sign_in(client, Role.DISTRICT_OFFICER)
    page = client.get(reverse("mfa_activate_totp"))
    assert page.status_code == 200, page["Location"]
    secret = page.context["form"].secret
    assert client.post(reverse("mfa_activate_totp"), {"code": code(secret)}).status_code == 302
    assert client.get("/home/").status_code == 200
    with signing_in():
        stored = Authenticator.objects.get(user=world.users[Role.DISTRICT_OFFICER], type="totp").data["secret"]
        recovery = Authenticator.objects.filter(user=world.users[Role.DISTRICT_OFFICER], type="recovery_codes").exists()
    assert secret not in stored
    assert recovery
    other = Client()
    assert sign_in(other, Role.DISTRICT_OFFICER)["Location"] == reverse("mfa_authenticate")
    assert other.get("/home/").status_code == 302, "a password alone opens nothing"
    assert other.post(reverse("mfa_authenticate"), {"code": "000000"}).status_code == 200
    with signing_in():
        keys = Authenticator.objects.get(user=world.users[Role.DISTRICT_OFFICER], type="recovery_codes")
        spare = keys.wrap().get_unused_codes()[0]
    assert other.post(reverse("mfa_authenticate"), {"code": spare}).status_code == 302
    assert other.get("/home/").status_code == 200


# --- scope ---


def test_a_forged_choice_of_grant_is_not_taken(world, demonstration):
    client = signed_in(world.users[Role.PARENT])
    session = client.session
    with signing_in():
        session["active_grant"] = Grant.objects.get(user=world.users[Role.MINISTRY_ANALYST]).pk
    session.save()
    answer = client.get("/home/")
    assert answer.wsgi_request.scope.role == Role.PARENT
    assert client.post(reverse("choose_role"), {"grant": session["active_grant"]}).status_code == 404


def test_a_forged_cookie_is_nobody(client, world):
    client.cookies["session"] = "x" * 32
    assert client.get("/home/").status_code == 302


def test_a_grant_holds_only_in_its_period(world, demonstration):
    today = timezone.localdate()
    with loading():
        for grant in Grant.objects.filter(user=world.users[Role.PARENT]):
            Grant.objects.filter(pk=grant.pk).update(valid=DateRange(ALWAYS.lower, today))
    assert signed_in(world.users[Role.PARENT]).get("/home/").status_code == 403
    with loading():
        Grant.objects.filter(user=world.users[Role.PARENT]).update(
            valid=DateRange(today, today + datetime.timedelta(1))
        )
    assert signed_in(world.users[Role.PARENT]).get("/home/").status_code == 200


def test_a_request_spends_few_queries_on_who_asks(world, demonstration):
    client = signed_in(world.users[Role.DISTRICT_OFFICER])
    client.get(reverse("access:users"))
    with CaptureQueriesContext(
        connection,
    ) as seen:
        client.get(reverse("access:users"))  # closed to this role: nothing but the asking is left
    asked = [q["sql"] for q in seen if not re.match(r"(RELEASE )?SAVEPOINT|ROLLBACK", q["sql"])]
    tables = [sql for sql in asked if "set_config" not in sql and "access_" in sql]
    assert len(tables) == 2, tables
    assert len([sql for sql in asked if "set_config" in sql]) <= 3


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
    opened = admin.post(reverse("access:invite"), form | {"place_code": "471000000"})
    assert opened.status_code == 302
    with signing_in():
        new = User.objects.get(username="alia")
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


# --- what the browser is told ---


def test_headers_are_strict(client):
    answer = client.get(reverse("account_login"))
    policy = answer["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert re.search(r"<script(?![^>]*(src|nonce|application/json))", answer.content.decode()) is None
    assert ' style="' not in answer.content.decode()
    assert client.cookies["csrf"]["httponly"]


def test_an_identification_number_is_shown_with_a_reason_only(world, demonstration):
    from tirek.storage import secrets

    child = world.people["Child"]
    with loading():
        type(child).objects.filter(pk=child.pk).update(
            iin_encrypted=secrets.encrypt("050101500011"), iin_hash=secrets.keyed_hash("050101500011")
        )
    person = reverse("registry:person", args=[child.public_id])
    show = reverse("registry:show_iin", args=[child.public_id])
    auditor, head = signed_in(world.users[Role.AUDITOR]), signed_in(world.users[Role.SCHOOL_HEAD])
    for client in (auditor, head):
        page = client.get(person).content.decode()
        assert "050101500011" not in page
        assert "••••••••0011" in page
    assert auditor.post(show, {"reason": ""}).status_code == 422
    assert head.post(show, {"reason": "I am curious"}).status_code == 403
    assert "050101500011" in auditor.post(show, {"reason": "letter 5 of the court"}).content.decode()
    far = reverse("registry:show_iin", args=[world.people["Far"].public_id])
    assert auditor.post(far, {"reason": "letter 5 of the court"}).status_code == 404
    with loading():
        looks = list(PersonRead.objects.filter(person_id=child.pk).order_by("id").values_list("kind", "role", "reason"))
    assert looks == [
        ("record", "auditor", ""),
        ("record", "school_head", ""),
        ("iin", "auditor", "letter 5 of the court"),
    ]


def test_public_lookups_are_counted_by_address():
    from tirek.access.limits import count

    assert [count("x", "10.0.0.1", 60) for _ in range(3)] == [1, 2, 3]
    assert count("x", "10.0.0.2", 60) == 1
    assert count("x", "10.0.0.1", 60) == 4


# --- an identity provider ---


def identity(request, email: str, verified: bool):
    from allauth.account.models import EmailAddress
    from allauth.socialaccount.adapter import get_adapter
    from allauth.socialaccount.models import SocialAccount, SocialLogin

    account = SocialAccount(provider="oidc", uid=f"uid-{email}", extra_data={"email_verified": verified})
    return SocialLogin(
        user=User(email=email),
        account=account,
        email_addresses=[EmailAddress(email=email, verified=verified)],
        provider=get_adapter().get_provider(request, "oidc"),
    )


@pytest.mark.parametrize(
    ("email", "verified", "known"),
    [("alia@example.kz", True, True), ("alia@example.kz", False, False), ("x@y.kz", True, False)],
)
def test_an_identity_joins_only_an_account_that_exists(world, settings, rf, email, verified, known):
    from allauth.core import context
    from allauth.socialaccount.adapter import get_adapter

    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {
            "APPS": [
                {
                    "provider_id": "oidc",
                    "name": "x",
                    "client_id": "c",
                    "secret": "s",
                    "settings": {"server_url": "https://i"},
                }
            ]
        }
    }
    by = administrator(user_id=world.users[Role.ADMINISTRATOR].pk)
    with acting_as(by):
        accounts.invite_user(
            by=by, username="alia", full_name="Әлия", email="alia@example.kz", language="kk",
            home=Place("district", "471", "district", *DISTRICT),
        )  # fmt: skip
    request = rf.get("/")
    found = identity(request, email, verified)
    with signing_in(), context.request_context(request):
        found.lookup()
        assert bool(found.user and found.user.pk) is known
        assert not get_adapter().is_open_for_signup(request, found)


def test_an_operator_opens_a_lock(client, world):
    from django.core.management import call_command

    for _ in range(5):
        sign_in(client, Role.PARENT, "wrong")
    assert sign_in(client, Role.PARENT).status_code == 429
    call_command("axes_reset_username", "parent", verbosity=0)
    assert sign_in(client, Role.PARENT).status_code == 302
