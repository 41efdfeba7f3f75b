"""When the database is away the visitor reads so, and is not told that the program is broken."""

from __future__ import annotations

import pytest
from django.db import InterfaceError, OperationalError
from django.test import Client

from tirek.site.database_away import is_away


@pytest.fixture
def away(committed_db, monkeypatch):
    """The pool can give no connection, as after the server has stopped."""
    from django.db import connection

    def no_connection(*args, **kwargs):
        raise OperationalError("connection refused")

    connection.close()
    monkeypatch.setattr(connection, "connect", no_connection)


@pytest.mark.parametrize("path", ["/", "/home/", "/institutions/", "/accounts/login/"])
def test_pages_say_that_it_will_be_back(away, path):
    client = Client(raise_request_exception=False, headers={"accept-language": "en"})
    client.cookies["sessionid"] = "anything"
    response = client.get(path)
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "30"
    assert "It will be back soon" in response.content.decode()


def test_the_api_says_it_to_programs_and_health_stays(away):
    client = Client(raise_request_exception=False, headers={"accept-language": "en"})
    response = client.get("/api/registry/institutions", headers={"authorization": "Bearer x"})
    assert (response.status_code, response.json()["code"]) == (503, "unavailable")
    assert client.get("/health").status_code == 200
    assert client.get("/ready").status_code == 503


def caused_by(state: str | None) -> OperationalError:
    cause = Exception()
    cause.sqlstate = state
    error = OperationalError("x")
    error.__cause__ = cause
    return error


def test_a_deadlock_is_not_an_absence():
    assert not is_away(caused_by("40P01"))
    assert not is_away(caused_by("55P03"))
    assert not is_away(ValueError())
    assert is_away(caused_by("57P01"))
    assert is_away(caused_by(None))
    assert is_away(InterfaceError("the connection is closed"))
