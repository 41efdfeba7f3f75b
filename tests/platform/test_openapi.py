"""The API against its own description: whatever is asked, the answer is one that the description promises."""

from __future__ import annotations

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import CHECKS

from tirek.access.models import Grant, User
from tirek.access.roles import Role, ScopeKind
from tirek.access.scope import loading

EXAMPLES = 25
schemathesis.checks.load_all_checks()
# what a gate answers is the same for every address and is tested with the gates; a read needs no sign-in to be described
LEFT_OUT = {"ignored_auth", "missing_required_header", "unsupported_method"}


@pytest.fixture(autouse=True)
def one_connection():
    """Requests share the test's transaction, so they must not close its connection."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def api_schema(db):
    return schemathesis.openapi.from_wsgi("/api/openapi.json", get_wsgi_application())


@pytest.fixture(params=[Role.MINISTRY_ANALYST, Role.ADMINISTRATOR])
def cookies(db, monkeypatch, request) -> dict[str, str]:
    """Signed in with the widest scope, so that as much code as possible is reached; the administrator reaches users and audit."""
    monkeypatch.setattr("django.conf.settings.DEMONSTRATION", True)
    with loading():
        user = User.objects.create(username="fuzz", full_name="Fuzz", is_demonstration=True)
        Grant.objects.create(
            user=user, role=request.param, scope_kind=ScopeKind.COUNTRY, scope_label="KZ",
            valid=DateRange(timezone.localdate(), None),
        )  # fmt: skip
    client = Client()
    client.force_login(user, backend="tirek.access.backends.ScopedBackend")
    return {name: morsel.value for name, morsel in client.cookies.items()}


def fuzz(schema, check, examples: int) -> int:
    """Check what every operation answers to invented requests; gives the number of operations."""
    count = 0
    for found in schema.get_all_operations():
        operation = found.ok()
        strategy = operation.as_strategy()
        settings(CALM, max_examples=examples)(given(case=strategy)(check))()
        count += 1
    return count


CALM = settings(
    deadline=None, database=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)  # fmt: skip


def test_signed_in_every_answer_is_as_described(api_schema, cookies, request):
    checks = [check for check in CHECKS.get_all() if check.__name__ not in LEFT_OUT]

    def check(case) -> None:
        response = case.call(headers={"Host": "localhost"}, cookies=cookies)
        assert response.status_code != 401
        case.validate_response(response, checks=checks)

    if Role.ADMINISTRATOR in request.node.name:
        api_schema = api_schema.include(path_regex=r"/(users|audit|imports|sources)")
    assert fuzz(api_schema, check, EXAMPLES) > 5


def test_a_stranger_breaks_nothing(api_schema):
    def check(case) -> None:
        assert case.call(headers={"Host": "localhost"}).status_code < 500

    fuzz(api_schema, check, 6)


def test_the_description_is_complete(api_schema, client):
    """Every operation has a summary and an answer with a shape."""
    described = client.get("/api/openapi.json").json()
    assert described["openapi"].startswith("3.")
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            where = f"{method} {path}"
            assert operation.get("summary"), where
            assert any(code.startswith("2") for code in operation["responses"]), where
