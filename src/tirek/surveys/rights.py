"""Who may manage, invite and read: asked in one place."""

from __future__ import annotations

from django.utils.translation import gettext as _

from tirek.access.permissions import may
from tirek.access.scope import Scope, current_scope
from tirek.storage.database import LOADER
from tirek.surveys.refusals import SurveyRefused

WHOLE_COUNTRY = (0, 2_147_483_647)


def range_of(scope: Scope) -> tuple[int, int]:
    """The institutions of a scope, as a range."""
    if scope.is_country or scope.database_role == LOADER or scope.lo is None or scope.hi is None:
        return WHOLE_COUNTRY
    return scope.lo, scope.hi


def check_may_manage(lo: int, hi: int) -> Scope:
    """Raises `SurveyRefused` unless the asker manages questionnaires of this whole range."""
    scope = current_scope()
    if scope.database_role == LOADER:
        return scope
    if not scope.role or not may(scope.role, "surveys.manage"):
        raise SurveyRefused(
            _("Your role does not send out questionnaires. Ask the programme office or the department."),
            code="not_allowed",
        )
    if not (scope.covers(lo) and scope.covers(hi)):
        raise SurveyRefused(_("This questionnaire belongs to a wider territory than yours."), code="outside")
    return scope


def check_may_invite(org_no: int) -> Scope:
    """Raises `SurveyRefused` unless the asker hands out the questionnaire at this school."""
    scope = current_scope()
    if scope.database_role == LOADER:
        return scope
    if not scope.role or not (may(scope.role, "surveys.invite") or may(scope.role, "surveys.manage")):
        raise SurveyRefused(
            _("Your role does not hand out questionnaires. Ask the coordinator of the school."), code="not_allowed"
        )
    if scope.is_own or not scope.covers(org_no):
        raise SurveyRefused(_("This school is not yours."), code="outside")
    return scope
