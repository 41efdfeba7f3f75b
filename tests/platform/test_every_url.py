"""Every address of the site against every role: who may not open it, does not; nobody finds an error."""

from __future__ import annotations

import re

import pytest
from access_world import SCHOOL, World, build
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve

from tirek.access.gates import Gate, door_of
from tirek.access.permissions import may
from tirek.access.roles import Role

pytestmark = pytest.mark.django_db

# an address whose parameter is none of these gets "1": then 404 is as good an answer as a page
PARAMETERS = {"uuid": "00000000-0000-4000-8000-000000000000", "int": "1", "slug": "x", "str": "x", "path": "x"}


def every_pattern(patterns=None, prefix: str = "", namespace: str = "", seen=()):
    """Full names and paths of all addresses, included ones too."""
    for item in patterns if patterns is not None else get_resolver().url_patterns:
        if isinstance(item, URLResolver):
            inner = ":".join(filter(None, [namespace, item.namespace]))
            yield from every_pattern(item.url_patterns, prefix + str(item.pattern), inner)
        elif isinstance(item, URLPattern):
            name = ":".join(filter(None, [namespace, item.name]))
            yield name or prefix + str(item.pattern), prefix + str(item.pattern), item


GROUPS = {"uidb36": "1", "key": "abc", "provider_id": "oidc"}


def example(route: str) -> str:
    """A path that the route matches."""
    path = re.sub(r"\(\?P<(\w+)>[^)]*\)", lambda m: GROUPS[m.group(1)], route)
    path = re.sub(r"<(?:(\w+):)?\w+>", lambda m: PARAMETERS.get(m.group(1) or "str", "1"), path)
    return "/" + path.replace("^", "").replace("$", "").replace("\\Z", "")


ADDRESSES = sorted({(name, example(route)) for name, route, _ in every_pattern()})


def gate_at(path: str) -> Gate | None:
    return door_of(resolve(path))


@pytest.mark.parametrize(("name", "path"), ADDRESSES)
def test_every_address_has_a_gate(name, path):
    assert gate_at(path) is not None, (
        f"{name} ({path}) has no gate and is closed to all. Put @gate(...) on its view, or declare() it with a reason."
    )


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    """Made once for the module, in a transaction that is taken back at the end."""
    from django.db import transaction

    with django_db_blocker.unblock():
        atomic = transaction.atomic()
        atomic.__enter__()
        try:
            yield build()
        finally:
            transaction.set_rollback(True)
            atomic.__exit__(None, None, None)


def signed_in(world: World, role: str) -> Client:
    client = Client(raise_request_exception=False, headers={"accept-language": "en"})
    client.force_login(world.users[role], backend="tirek.access.backends.ScopedBackend")
    return client


# forms are sent as these: one of each way to be let in or kept out; the others only look
SENDERS = {None, Role.PARENT, Role.SCHOOL_HEAD, Role.ADMINISTRATOR}


@pytest.mark.parametrize("role", [*Role, None])
def test_each_role_opens_what_its_permissions_say(world, role, settings):
    settings.DEMONSTRATION = True
    client = signed_in(world, role) if role else Client(raise_request_exception=False)
    wrong = []
    for name, path in ADDRESSES:
        if name == "account_logout":
            continue
        door = gate_at(path)
        for method in ("get", "post") if role in SENDERS else ("get",):
            answer = getattr(client, method)(path)
            if role and not door.public and answer.get("Location", "").startswith("/accounts/login/"):
                wrong.append(f"{method} {path} ({name}) signed {role} out")
            elif fault := _fault(door, role, method, answer.status_code):
                wrong.append(f"{method} {path} ({name}) as {role}: {answer.status_code}, {fault}")
    assert not wrong, "\n".join(wrong)


def _fault(door: Gate, role: str | None, method: str, status: int) -> str:
    if status >= 500:
        return "an error"
    if door.public:
        return ""
    if role is None:
        return "" if status in (302, 401) else "should have asked to sign in"
    if door.permission and not may(role, door.permission):
        return "" if status == 403 else "should have been closed"
    return "should have been open" if method == "get" and status == 403 else ""


def test_an_address_without_a_gate_is_closed(world, client, settings):
    settings.ROOT_URLCONF = "urls_without_gate"
    client.force_login(world.users[Role.ADMINISTRATOR], backend="tirek.access.backends.ScopedBackend")
    assert client.get("/forgotten/").status_code == 403


def test_a_path_outside_the_scope_answers_as_one_that_does_not_exist(world, settings):
    settings.DEMONSTRATION = True
    client = signed_in(world, Role.ADMINISTRATOR)
    outside = world.users[Role.MINISTRY_ANALYST].pk
    for number in (outside, 999_999):
        assert client.get(f"/access/users/{number}/").status_code == 404
        assert client.post(f"/access/users/{number}/deactivate/", {"reason": "x"}).status_code == 404
    assert SCHOOL  # the administrator's own
