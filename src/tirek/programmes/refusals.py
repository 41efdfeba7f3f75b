"""What this app will not do, and what to do instead."""

from __future__ import annotations

from django.utils.translation import gettext as _

from tirek.access.permissions import may
from tirek.access.scope import current_scope
from tirek.storage.database import LOADER
from tirek_engines.errors import Refusal


class NotAllowed(Refusal):
    code = "not_allowed"
    http_status = 403


class NotThere(Refusal):
    code = "not_there"
    http_status = 404


class WrongState(Refusal):
    """Somebody was faster, or the step does not follow."""

    code = "wrong_state"
    http_status = 409


class BadInput(Refusal):
    """A field says what cannot be."""

    code = "bad_input"


def must(permission: str, *places: int) -> None:
    """Refuse unless the asker's role has the permission and the scope covers these institutions' numbers."""
    scope = current_scope()
    if scope.database_role == LOADER:
        return
    if not scope.role or not may(scope.role, permission):
        raise NotAllowed(_("Your role does not allow this. Ask the office of the programme."), permission=permission)
    if any(not scope.covers(place) for place in places):
        raise NotAllowed(_("This lies outside your territory. Ask the office of the programme."))
