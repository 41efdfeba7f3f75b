"""Signing in, second factors, lock-out, identity providers, headers, a request's scope: through real requests."""

from __future__ import annotations

import datetime
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from access_world import (
    ALWAYS,
    DISTRICT,
    PASSWORD,
    World,
    administrator,
    build,
    sign_in,
    signed_in,
)
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core.cache import cache
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tirek.access.models import Grant, PersonRead, Session, User
from tirek.access.places import Place
from tirek.access.roles import Role
from tirek.access.scope import NOBODY, acting_as, loading, signing_in
from tirek.access.services import accounts

pytestmark = pytest.mark.django_db
SOURCE = Path(__file__).resolve().parents[2] / "src"


@pytest.fixture(autouse=True)
def nothing_counted():
    cache.clear()


@pytest.fixture
def world() -> World:
    return build()


@pytest.fixture
def demonstration(settings):
    settings.DEMONSTRATION = True


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


def test_without_second_factor_a_page_for_everybody_shows_what_everybody_sees(world, settings):
    address = reverse("indicators:public")
    settings.DEMONSTRATION = False
    seen = signed_in(world.users[Role.DISTRICT_OFFICER]).get(address)
    assert (seen.status_code, seen.wsgi_request.scope, seen.wsgi_request.grant) == (200, NOBODY, None)
    settings.DEMONSTRATION = True
    assert signed_in(world.users[Role.DISTRICT_OFFICER]).get(address).wsgi_request.scope != NOBODY


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
    [
        ("alia@example.kz", True, True),
        ("ALIA@example.KZ", True, True),
        ("alia@example.kz", False, False),
        ("x@y.kz", True, False),
    ],
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
            by=by, username="alia", full_name="Әлия", email="Alia@Example.kz", language="kk",
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


FORMS_GO_TO = """
from django.http import HttpResponse
from csp.middleware import CSPMiddleware
from django.test import RequestFactory
answer = CSPMiddleware(lambda request: HttpResponse("x"))(RequestFactory().get("/"))
print([part.strip() for part in answer["Content-Security-Policy"].split(";") if "form-action" in part])
"""


@pytest.mark.parametrize(
    ("server", "allowed"),
    [
        ("", "form-action 'self'"),
        ("https://id.example.kz/realms/tirek", "form-action 'self' https://id.example.kz"),
        ("https://id.example.kz:8443/realms/tirek/", "form-action 'self' https://id.example.kz:8443"),
        ("http://localhost:9000", "form-action 'self' http://localhost:9000"),
    ],
)
def test_forms_go_to_us_and_to_the_provider_and_nowhere_else(tmp_path, server, allowed):
    """Sign-in through an organisation begins with our form, which the provider's address answers: browsers ask form-action."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TIREK_", "DATABASE_"))}
    env = kept | {
        "TIREK_HOME": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "tirek.site.settings",
        "PYTHONPATH": str(SOURCE),
    }
    env |= {"TIREK_OIDC_SERVER": server, "TIREK_OIDC_CLIENT": "tirek", "TIREK_OIDC_SECRET": "x"} if server else {}
    done = subprocess.run(
        [sys.executable, "-c", FORMS_GO_TO], env=env, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout.strip() == str([allowed]), done.stderr


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
