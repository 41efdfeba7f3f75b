"""Connections that notice when the server no longer answers, so that a page need not wait for a frozen one.

The server itself ends statements that take too long; one that is frozen, or a machine that is gone, ends nothing. Where
somebody waits for a page, silence is therefore questioned: if a second connection is answered, the statement is merely
slow and is waited for; if not, the page is told. Work in the background waits as long as it takes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import NamedTuple

import psycopg
from psycopg import errors
from psycopg_pool import PoolTimeout

ASK_SECONDS = 5.0  # silence after which a page asks whether the server is there at all
CHECK_SECONDS = 2.0  # what an idle connection has to answer in before it is used again
CONNECT_SECONDS = 3
POOL_SECONDS = 6.0  # how long a request waits for a connection


class Patience(NamedTuple):
    """How long silence is borne, and whether the server is asked before it is believed."""

    seconds: float
    asks: bool = True


PAGE = Patience(ASK_SECONDS)
_patience: ContextVar[Patience | None] = ContextVar("patience", default=None)


class Unanswered(psycopg.OperationalError):
    """The server takes no connection and does not answer on this one."""


class WatchedConnection(psycopg.Connection):
    """A connection whose silence is questioned while `somebody_waits`."""

    def wait(self, gen, interval=0.1, timeout=None):
        patience = _patience.get() if timeout is None else None
        if patience is None:
            return super().wait(gen, interval=interval, timeout=timeout)
        while True:
            try:
                return super().wait(gen, interval=interval, timeout=patience.seconds)
            except errors._WaitTimeout:
                if not (patience.asks and self._server_answers()):
                    self.pgconn.finish()
                    raise Unanswered("The database server does not answer.") from None

    def execute(self, query, params=None, **options):
        """The empty query is how a pool asks an idle connection whether it is of use still."""
        if query != "":
            return super().execute(query, params, **options)
        with somebody_waits(Patience(CHECK_SECONDS, asks=False)):
            return super().execute(query, params, **options)

    def _server_answers(self) -> bool:
        """Whether a connection can be had. A refusal is an answer, too."""
        arguments = self.info.get_parameters() | {"password": self.info.password, "connect_timeout": CONNECT_SECONDS}
        try:
            psycopg.connect(**arguments).close()
        except errors.ConnectionTimeout:
            return False
        except psycopg.Error:
            return True
        return True


@contextlib.contextmanager
def somebody_waits(patience: Patience = PAGE) -> Iterator[None]:
    token = _patience.set(patience)
    try:
        yield
    finally:
        _patience.reset(token)


def is_silence(error: BaseException | None) -> bool:
    """Whether it, or what it came from, says that time ran out: the next who ask would wait as long for nothing."""
    while error is not None:
        if isinstance(error, Unanswered | PoolTimeout | errors.ConnectionTimeout):
            return True
        error = error.__cause__ or error.__context__
    return False
