"""Probes are answered when the database is down; logs and metrics say nothing about a person."""

from __future__ import annotations

import io
import json
import logging

import psycopg
import pytest
from django.db import IntegrityError, connection
from django.http import HttpResponse
from django.test import Client, RequestFactory

from tirek.site import health
from tirek.site.checks import BAD, GOOD, LOOK
from tirek.site.logging import JsonFormatter, RequestLogMiddleware, TextFormatter, logging_config
from tirek.site.metrics import may_read


@pytest.fixture
def written(monkeypatch):
    """What the log says, as the JSON handler writes it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    for name in ("tirek.request", "django.request", "tirek"):
        logger = logging.getLogger(name)
        monkeypatch.setattr(logger, "level", logging.DEBUG)
        monkeypatch.setattr(logger, "propagate", False)
        monkeypatch.setattr(logger, "handlers", [handler])
    return stream


def test_health_needs_no_database_and_names_no_host(client):
    response = client.get("/health", headers={"Host": "10.1.2.3"})
    assert response.json() == {"state": "good"}
    assert response.headers["Cache-Control"] == "no-store"
    assert client.post("/health").status_code == 405


@pytest.mark.django_db
def test_ready_says_so_and_warns_without_a_worker():
    response = health.Readiness()(RequestFactory().get("/ready"))
    assert response.status_code == 200
    assert json.loads(response.content) == {"state": GOOD, "database": GOOD, "worker": LOOK, "migrations": GOOD}


@pytest.mark.django_db
def test_not_ready_when_a_migration_is_missing():
    with connection.cursor() as cursor:
        cursor.execute("delete from django_migrations where app = 'registry'")
    response = health.Readiness()(RequestFactory().get("/ready"))
    assert response.status_code == 503
    assert json.loads(response.content)["migrations"] == BAD


@pytest.mark.django_db
def test_not_ready_without_a_database(monkeypatch):
    def refuse(*_):
        raise psycopg.OperationalError("connection to host db.secret.example refused")

    monkeypatch.setattr("tirek.site.checks_database.row", refuse)
    response = health.Readiness()(RequestFactory().get("/ready"))
    assert response.status_code == 503
    assert json.loads(response.content)["database"] == BAD
    assert b"secret" not in response.content


@pytest.mark.django_db
def test_ready_is_asked_as_often_as_one_likes(django_assert_num_queries):
    ready = health.Readiness()
    ready(RequestFactory().get("/ready"))
    with django_assert_num_queries(0):
        ready(RequestFactory().get("/ready"))


@pytest.mark.parametrize(
    ("token", "request_headers", "address", "may"),
    [
        (None, {}, "127.0.0.1", True),
        (None, {}, "::1", True),
        (None, {}, "10.0.0.7", False),
        (None, {"X-Forwarded-For": "10.0.0.7"}, "127.0.0.1", False),
        (None, {}, "", False),
        ("t0ken", {}, "127.0.0.1", False),
        ("t0ken", {"Authorization": "Bearer t0ken"}, "10.0.0.7", True),
        ("t0ken", {"Authorization": "Bearer t0kenn"}, "10.0.0.7", False),
    ],
)
def test_who_may_read_metrics(monkeypatch, token, request_headers, address, may):
    monkeypatch.delenv("TIREK_METRICS_TOKEN", raising=False)
    if token:
        monkeypatch.setenv("TIREK_METRICS_TOKEN", token)
    request = RequestFactory().get("/metrics", headers=request_headers, REMOTE_ADDR=address)
    assert may_read(request) is may


@pytest.mark.django_db
def test_metrics_count_by_route_not_by_path(client):
    client.get("/accounts/login/?next=/people/990101300123/")
    client.get("/990101300123/")
    text = client.get("/metrics").content.decode()
    assert 'tirek_requests_total{method="GET",route="account_login",status="200"}' in text
    assert 'route="unmatched",status="404"' in text
    assert "tirek_database_up 1.0" in text
    assert "990101300123" not in text


def test_a_line_a_request_with_the_route_and_no_path(written):
    middleware = RequestLogMiddleware(lambda request: HttpResponse("Әлиева"))
    response = middleware(
        RequestFactory().get("/people/990101300123/?name=Әлиева", headers={"X-Request-Id": "abcd-1234"})
    )
    line = json.loads(written.getvalue())
    assert response.headers["X-Request-Id"] == line["request"] == "abcd-1234"
    assert (line["route"], line["status"], line["method"]) == ("unmatched", 200, "GET")
    assert "Әлиева" not in written.getvalue()
    assert "9901" not in written.getvalue()


def test_a_strange_request_number_is_not_believed(written):
    RequestLogMiddleware(lambda request: HttpResponse())(
        RequestFactory().get("/", headers={"X-Request-Id": 'x"} {"level": "info'})
    )
    assert json.loads(written.getvalue())["request"].isalnum()


@pytest.mark.django_db
def test_an_error_is_logged_without_what_it_says(written):
    try:
        with connection.cursor() as cursor:
            cursor.execute("create temporary table person (name text constraint name_once unique)")
            cursor.execute("insert into person values ('Әлиева'), ('Әлиева')")
    except IntegrityError:
        logging.getLogger("tirek").exception("The import failed.")
    line = json.loads(written.getvalue())
    assert line["error"]["kind"] == "django.db.utils.IntegrityError"
    assert (line["error"]["sqlstate"], line["error"]["constraint"]) == ("23505", "name_once")
    assert any("test_ops_health.py" in place for place in line["error"]["where"])
    assert "Әлиева" not in written.getvalue()


@pytest.mark.django_db
def test_djangos_own_lines_lose_their_paths(written, settings, monkeypatch):
    monkeypatch.setattr("tirek.site.views.front", None)
    client = Client(raise_request_exception=False)
    monkeypatch.setattr("django.core.handlers.base.BaseHandler.resolve_request", lambda *_: 1 / 0)
    client.get("/people/990101300123/")
    assert "ZeroDivisionError" in written.getvalue()
    assert "990101300123" not in written.getvalue()


def test_a_terminal_gets_lines_for_people(monkeypatch):
    monkeypatch.setenv("TIREK_LOG", "text")
    assert logging_config()["handlers"]["stderr"]["formatter"] == "text"
    record = logging.LogRecord("tirek.x", logging.WARNING, __file__, 1, "The disk is nearly full.", (), None)
    assert TextFormatter().format(record).endswith("warning tirek.x: The disk is nearly full.")
