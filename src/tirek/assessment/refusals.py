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


class BadDesign(Refusal):
    """Items and booklets that do not fit together."""

    code = "bad_design"


class WrongState(Refusal):
    """The step does not follow from where the test stands."""

    code = "wrong_state"
    http_status = 409


class InputsMoved(Refusal):
    """Something changed between what was shown and what was confirmed."""

    code = "inputs_moved"
    http_status = 409


class NotGoodEnough(Refusal):
    """A quality check failed: a figure would not be honest."""

    code = "not_good_enough"
    http_status = 409


def must(permission: str) -> None:
    """Refuse unless the asker's role has the permission; bulk loading has been checked by whoever started it."""
    scope = current_scope()
    if scope.database_role == LOADER or (scope.role and may(scope.role, permission)):
        return
    raise NotAllowed(_("Your role does not allow this. Ask the office that holds the test."), permission=permission)
