"""A database that is frozen answers nothing and closes nothing: pages must notice it by themselves, and slow ones must not."""

from __future__ import annotations

import os
import socket
import threading
import time

import psycopg
import pytest
from django.db import connection
from django.test import Client
from psycopg_pool import ConnectionPool, PoolTimeout

from tirek.site.database_away import DatabaseAwayMiddleware, come_back
from tirek.storage import watched
from tirek.storage.watched import Patience, Unanswered, WatchedConnection, is_silence, somebody_waits


class Between:
    """Passes bytes between a client and the server until it is frozen; from then on connections open and nothing comes."""

    def __init__(self, folder, server: str):
        self.server, self.frozen = server, threading.Event()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(os.fspath(folder / ".s.PGSQL.5432"))
        self.listener.listen(8)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _address = self.listener.accept()
            except OSError:
                return
            upstream = socket.socket(socket.AF_UNIX)
            upstream.connect(self.server)
            for one, two in ((client, upstream), (upstream, client)):
                threading.Thread(target=self._pass, args=(one, two), daemon=True).start()

    def _pass(self, one, two):
        while data := one.recv(65536):
            if self.frozen.is_set():
                return  # the socket stays open
            two.sendall(data)


@pytest.fixture
def between(committed_db, tmp_path_factory, monkeypatch):
    monkeypatch.setattr(watched, "CONNECT_SECONDS", 2)
    folder = tmp_path_factory.mktemp("s")
    settings = connection.settings_dict
    between = Between(folder, os.path.join(settings["HOST"], ".s.PGSQL.5432"))
    opened = WatchedConnection.connect(host=os.fspath(folder), dbname=settings["NAME"], user=settings["USER"])
    yield between, opened
    opened.close()
    between.listener.close()


def test_a_slow_statement_is_waited_for(between):
    _between, opened = between
    with somebody_waits(Patience(0.3)):
        assert opened.execute("select pg_sleep(1.2), 7").fetchone()[1] == 7


def test_a_frozen_server_is_noticed_where_somebody_waits(between):
    frozen, opened = between
    opened.execute("select 1")
    frozen.frozen.set()
    began = time.monotonic()
    with somebody_waits(Patience(0.5)), pytest.raises(Unanswered) as raised:
        opened.execute("select 1")
    assert time.monotonic() - began < 5
    assert is_silence(raised.value)
    assert opened.closed
    with pytest.raises(psycopg.OperationalError):
        opened.execute("select 1")


def test_an_idle_connection_is_checked_before_it_is_used(between, monkeypatch):
    monkeypatch.setattr(watched, "CHECK_SECONDS", 0.3)
    frozen, opened = between
    ConnectionPool.check_connection(opened)
    frozen.frozen.set()
    began = time.monotonic()
    with pytest.raises(Unanswered):
        ConnectionPool.check_connection(opened)
    assert time.monotonic() - began < 2


def test_what_is_silence_and_what_is_not():
    assert is_silence(PoolTimeout("no connection after 6 s"))
    assert not is_silence(psycopg.OperationalError("connection refused"))
    assert not is_silence(None)
    wrapped = ValueError("no page")
    wrapped.__cause__ = PoolTimeout("no connection")
    assert is_silence(wrapped)


def test_while_it_keeps_silent_one_waits_and_the_others_are_told(committed_db, rf, monkeypatch):
    monkeypatch.setattr(DatabaseAwayMiddleware, "silent_at", float("-inf"))
    client = Client(headers={"accept-language": "en"})
    assert client.get("/help/").status_code == 200
    assert come_back(rf.get("/"), PoolTimeout("no connection")).status_code == 503
    told = client.get("/help/")
    assert (told.status_code, told.headers["Retry-After"]) == (503, "30")
    assert "It will be back soon" in told.content.decode()
    monkeypatch.setattr("tirek.site.database_away.SPARE_SECONDS", 0.0)
    assert client.get("/help/").status_code == 200, "soon somebody asks again, and it is back"


def test_what_was_sent_is_not_asked_for_again_by_itself(rf):
    reading, sending = (come_back(r).content.decode() for r in (rf.get("/tasks/?list=done"), rf.post("/tasks/1/")))
    assert 'http-equiv="refresh"' in reading
    assert "/tasks/?list=done" in reading
    assert "refresh" not in sending


def test_what_is_too_large_is_told_on_a_page_and_to_programs(committed_db):
    client = Client(headers={"accept-language": "en"})
    for path, media in (("/tasks/", "text/html; charset=utf-8"), ("/api/registry/institutions", "application/json")):
        answer = client.generic("POST", path, b"x", CONTENT_LENGTH="99000000000")
        assert (answer.status_code, answer.headers["Content-Type"]) == (413, media)
