"""What this app will not do, and what to do instead. Codes and fields for programs; sentences for people."""

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
    """It does not exist, or the asker may not see it."""

    code = "not_there"
    http_status = 404


class WrongState(Refusal):
    """The step does not follow from where the thing stands."""

    code = "wrong_state"
    http_status = 409


class BadValue(Refusal):
    """Something typed cannot be right; ``field`` says which."""

    code = "bad_value"


def must(permission: str) -> None:
    """Refuse unless the asker's role has the permission; bulk loading has been checked by whoever started it."""
    scope = current_scope()
    if scope.database_role == LOADER or (scope.role and may(scope.role, permission)):
        return
    raise NotAllowed(_("Your role does not allow this. Ask the office that holds the course."), permission=permission)


def must_cover(org_lo: int, org_hi: int) -> None:
    """Refuse unless the whole range lies in the asker's territory."""
    scope = current_scope()
    if scope.database_role == LOADER or (not scope.is_own and scope.covers(org_lo) and scope.covers(org_hi)):
        return
    raise NotAllowed(_("This belongs to another territory. Ask the office that holds it."))


def may_here(permission: str, org_lo: int, org_hi: int) -> bool:
    """Whether the asker's role and territory allow it: for pages that offer the act only then."""
    scope = current_scope()
    covers = not scope.is_own and scope.covers(org_lo) and scope.covers(org_hi)
    return bool(scope.role and may(scope.role, permission) and covers)


def own_range() -> tuple[int, int]:
    """Numbers of the asker's territory; the whole country for who holds it."""
    scope = current_scope()
    if scope.lo is None or scope.hi is None:
        return 0, 2_147_483_647
    return scope.lo, scope.hi
