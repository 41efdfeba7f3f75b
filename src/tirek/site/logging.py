"""Logs: one JSON line an event, without personal data.

What a person typed, a row's contents and the text of an exception may name somebody, so none of them is written: a
request is its route and numbers, an error its kind and the lines of code it passed. Who did what is in the audit, which
the database keeps and guards.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import threading
import time
import traceback
import uuid
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

request_id: ContextVar[str] = ContextVar("tirek_request_id", default="")
log = logging.getLogger("tirek.request")

PLAIN_ID = re.compile(r"[A-Za-z0-9-]{8,36}")
FRAMES = 12
ROOT = str(Path(__file__).resolve().parents[2]) + os.sep
# these put a path, a host or a name that somebody typed into their message
ONLY_THE_EVENT = ("django.request", "django.security", "django.server", "django.template")


class JsonFormatter(logging.Formatter):
    """A line that a program reads."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps(describe(record), ensure_ascii=False, default=str)


class TextFormatter(logging.Formatter):
    """The same for a person at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        said = describe(record)
        head = f"{said.pop('time')[11:19]} {said.pop('level'):<7} {said.pop('logger')}: {said.pop('event')}"
        error = said.pop("error", None)
        tail = "".join(f" {key}={value}" for key, value in said.items())
        if error:
            tail += f"\n  {error['kind']} at " + "\n    from ".join(reversed(error["where"]))
        return head + tail


def describe(record: logging.LogRecord) -> dict[str, Any]:
    """What may be said about an event."""
    moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    said: dict[str, Any] = {"time": moment, "level": record.levelname.lower(), "logger": record.name}
    said["event"] = _event(record)
    if request_id.get():
        said["request"] = request_id.get()
    said |= getattr(record, "facts", {})
    if record.exc_info and record.exc_info[1]:
        said["error"] = describe_error(record.exc_info[1])
    return said


def _event(record: logging.LogRecord) -> str:
    if record.name.startswith(ONLY_THE_EVENT):
        return str(record.msg).split("%", 1)[0].strip(" :") or "see the facts"
    return record.getMessage()


def describe_error(error: BaseException) -> dict[str, Any]:
    """Kind and place of an error, never its text; for the database's also its state and the constraint's name."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    said: dict[str, Any] = {
        "kind": f"{type(error).__module__}.{type(error).__qualname__}",
        "where": [f"{frame.filename.removeprefix(ROOT)}:{frame.lineno} {frame.name}" for frame in frames],
    }
    cause = error.__cause__ or error
    if state := getattr(cause, "sqlstate", None):
        said["sqlstate"] = state
        said["constraint"] = getattr(getattr(cause, "diag", None), "constraint_name", None)
    if code := getattr(error, "code", None):
        said["code"] = code
    return said


def log_uncaught() -> None:
    """For servers: an error that nobody caught is a line of the log like every other, not a traceback with its text."""

    def tell(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            return
        logging.getLogger("tirek").critical("ended by an error", exc_info=(kind, error or kind(), trace))

    sys.excepthook = tell
    threading.excepthook = lambda args: tell(args.exc_type, args.exc_value, args.exc_traceback)


class RequestLogMiddleware:
    """One line a request: route, method, status, milliseconds, the user's number. First in the list."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        given = request.headers.get("X-Request-Id", "")
        number = given if PLAIN_ID.fullmatch(given) else uuid.uuid4().hex[:16]
        request.META["HTTP_X_REQUEST_ID"] = number  # the audit keeps the same one
        token = request_id.set(number)
        began = time.perf_counter()
        try:
            response = self.get_response(request)
            response.headers["X-Request-Id"] = number
            self._tell(request, response.status_code, began)
            return response
        finally:
            request_id.reset(token)

    def _tell(self, request, status: int, began: float) -> None:
        from tirek.site.metrics import count_request

        seconds = time.perf_counter() - began
        route = route_of(request)
        count_request(route, request.method, status, seconds)
        user = getattr(request, "_cached_user", None)
        facts = {
            "route": route,
            "method": request.method,
            "status": status,
            "ms": round(seconds * 1000, 1),
            "user": getattr(user, "pk", None),
        }
        log.log(logging.WARNING if status >= 500 else logging.INFO, "request", extra={"facts": facts})


def route_of(request) -> str:
    """The name of an address, so that no number or name in a path is kept."""
    match = getattr(request, "resolver_match", None)
    return (match.view_name or match.route) if match else "unmatched"


def logging_config() -> dict[str, Any]:
    """Django's LOGGING. ``TIREK_LOG`` is json or text; ``TIREK_LOG_LEVEL`` is the least that is written."""
    shape = os.environ.get("TIREK_LOG") or ("text" if sys.stderr.isatty() else "json")
    level = os.environ.get("TIREK_LOG_LEVEL", "INFO").upper()
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {"()": "tirek.site.logging.JsonFormatter"},
            "text": {"()": "tirek.site.logging.TextFormatter"},
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "text" if shape == "text" else "json"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.request": {"level": "ERROR"},  # 4xx are lines of tirek.request
            "django.server": {"handlers": [], "level": "ERROR", "propagate": True},
            "axes": {"level": "CRITICAL"},  # names people; refused sign-ins are in the audit
            "allauth": {"level": "WARNING"},
            "procrastinate": {"level": "WARNING"},
            "psycopg.pool": {"level": "ERROR"},
            "fontTools": {"level": "ERROR"},
        },
    }
