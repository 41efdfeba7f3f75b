"""Questions about users and grants."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef
from django.db.models.functions import JSONObject
from django.utils import timezone

from tirek.access.granted import scope_of_grant
from tirek.access.machines import scope_of_token
from tirek.access.models import Grant, User
from tirek.access.roles import SECOND_FACTOR
from tirek.access.scope import NOBODY, Scope, signing_in

ACTIVE_GRANT = "active_grant"
GRANT_FIELDS = ("id", "user_id", "role", "scope_kind", "scope_code", "scope_label", "org_lo", "org_hi")


def user_with_grants(user_id) -> User | None:
    """The user, with ``active_grants`` (those in force today) and ``has_second_factor``: one query."""
    today = timezone.localdate()
    grants = Grant.objects.filter(user_id=OuterRef("pk"), valid__contains=today).order_by("id")
    with signing_in():
        user = (
            User.objects.filter(pk=user_id)
            .annotate(
                grant_rows=ArraySubquery(grants.values(row=JSONObject(**{name: name for name in GRANT_FIELDS}))),
                has_second_factor=Exists(
                    Authenticator.objects.filter(user_id=OuterRef("pk"), type__in=["totp", "webauthn"])
                ),
            )
            .first()
        )
    if user is not None:
        user.active_grants = [Grant(**row) for row in user.grant_rows]
    return user


def grants_of(user) -> list[Grant]:
    """The user's grants in force today."""
    known = getattr(user, "active_grants", None)
    if known is None:
        found = user_with_grants(user.pk)
        known = found.active_grants if found else []
    return known


def user_by_name(username: str) -> User | None:
    """An open account by its sign-in name, however its letters are cased."""
    with signing_in():
        return User.objects.filter(username__iexact=username, is_active=True).first()


def needs_second_factor(user) -> bool:
    """Whether a grant in force asks for a second factor that the user has not set up."""
    if getattr(user, "has_second_factor", False):
        return False
    return any(grant.role in SECOND_FACTOR for grant in grants_of(user))


def scope_of(request) -> Scope:
    """The scope of the request: a program's token, else the grant chosen in the session, else the first in force."""
    if request.headers.get("Authorization", "").startswith("Bearer "):
        return scope_of_token(request)
    user = request.user
    if not user.is_authenticated:
        return NOBODY
    request.grants = grants_of(user)
    if not request.grants:
        return Scope(user_id=user.pk)
    chosen = request.session.get(ACTIVE_GRANT)
    grant = next((g for g in request.grants if g.pk == chosen), request.grants[0])
    request.grant = grant
    return scope_of_grant(grant, user.person_id)


def names_of(user_ids) -> dict[int, str]:
    """Names of users, to say who did something; nothing else about them."""
    with signing_in():
        return dict(User.objects.filter(pk__in={i for i in user_ids if i}).values_list("pk", "full_name"))
