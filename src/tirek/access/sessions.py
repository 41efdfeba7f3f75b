"""Sessions in the database, read and written in the sign-in scope, with the user's id beside the sealed data."""

from __future__ import annotations

from datetime import datetime

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.http import HttpRequest
from django.utils import timezone

from tirek.access.addresses import client_address
from tirek.access.scope import signing_in

STARTED, ADDRESS, PROGRAM = "started_at", "address", "program"


class SessionStore(DatabaseStore):
    """``SESSION_ENGINE``; Django looks for this name."""

    @classmethod
    def get_model_class(cls):
        from tirek.access.models import Session

        return Session

    def create_model_instance(self, data):
        row = super().create_model_instance(data)
        user_id = data.get("_auth_user_id")
        row.user_id = int(user_id) if user_id else None
        row.started_at = datetime.fromisoformat(data[STARTED]) if STARTED in data else None
        row.address = data.get(ADDRESS)
        row.program = data.get(PROGRAM, "")
        return row

    def _get_session_from_db(self):
        with signing_in():
            return super()._get_session_from_db()

    def exists(self, session_key):
        with signing_in():
            return super().exists(session_key)

    def save(self, must_create=False):
        with signing_in():
            super().save(must_create)

    def delete(self, session_key=None):
        with signing_in():
            super().delete(session_key)

    @classmethod
    def clear_expired(cls):
        with signing_in():
            super().clear_expired()


def describe(request: HttpRequest) -> None:
    """Keep, in the session that begins, when, from where and with what program it was begun."""
    request.session[STARTED] = timezone.now().isoformat()
    request.session[ADDRESS] = client_address(request)
    request.session[PROGRAM] = request.headers.get("User-Agent", "")[:200]
