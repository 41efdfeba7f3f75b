"""What this app will not do, and what to do instead."""

from __future__ import annotations

from django.utils.translation import gettext as _

from tirek.access.permissions import may
from tirek.access.scope import current_scope
from tirek.storage.database import LOADER
from tirek.storage.pictures import BadPhotograph
from tirek_engines.errors import Refusal


class NotAllowed(Refusal):
    code = "not_allowed"
    http_status = 403


class NotFound(Refusal):
    code = "not_found"
    http_status = 404


class WrongState(Refusal):
    """The step does not follow from where the work or the walk stands."""

    code = "wrong_state"
    http_status = 409


class BadFinding(Refusal):
    """What was sent about a room says nothing, or something that cannot be."""

    code = "bad_finding"


class Incomplete(Refusal):
    """Something is still to be decided or given before this step."""

    code = "incomplete"
    http_status = 409


def must(permission: str, *org_nos: int) -> None:
    """Refuse unless the role has the permission here; bulk loading has been checked by whoever started it."""
    scope = current_scope()
    if scope.database_role == LOADER:
        return
    if not scope.role or scope.is_own or not may(scope.role, permission):
        raise NotAllowed(
            _("Your role does not allow this. Ask the head of the institution or the department."),
            permission=permission,
        )
    if not all(scope.covers(org_no) for org_no in org_nos):
        raise NotAllowed(_("The institution lies outside your territory. Ask the department that answers for it."))


__all__ = ["BadFinding", "BadPhotograph", "Incomplete", "NotAllowed", "NotFound", "WrongState", "must"]
