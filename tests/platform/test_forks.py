"""A forked process never speaks on its parent's connection."""

import os

from django.db import connection, connections

from tirek.storage.setup import close_connections, forget_connections


def backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        return cursor.fetchone()[0]


def test_a_child_takes_a_connection_of_its_own(committed_db):
    ours = backend()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        forget_connections()
        try:
            os.write(writing, str(backend()).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 20).decode() not in ("", str(ours))
    assert backend() == ours


def test_connections_are_closed_before_the_server_begins(committed_db):
    backend()
    close_connections()
    assert connections["default"].connection is None
    assert not connections["default"]._connection_pools
