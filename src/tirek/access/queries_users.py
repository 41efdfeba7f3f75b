"""Questions about users, for their administrators and for themselves."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.db.models import Q, QuerySet
from django.utils import timezone

from tirek.access import places
from tirek.access.models import AccountAction, Grant, Session, User
from tirek.access.queries import names_of
from tirek.access.scope import Scope, signing_in


def users(scope: Scope, asked: dict) -> QuerySet[User]:
    """Users whom the administrator administers, by name. The row policy draws the same line."""
    found = scope.limit(User.objects.order_by("full_name", "id"))
    if words := asked.get("q", "").strip():
        found = found.filter(Q(full_name__icontains=words) | Q(username__icontains=words))
    if role := asked.get("role"):
        today = timezone.localdate()
        found = found.filter(pk__in=Grant.objects.filter(role=role, valid__contains=today).values("user_id"))
    return found.filter(
        {
            "active": Q(is_active=True),
            "shut": Q(is_active=False),
            "invited": Q(last_login=None, is_machine=False),
        }.get(asked.get("state", ""), Q())
    )


def add_grants(page: list[User]) -> None:
    """Give each user of a page its ``shown_grants`` of today, each with the name of its place: three queries."""
    by_user: dict[int, list[Grant]] = {}
    in_force = Grant.objects.filter(user__in=[u.pk for u in page], valid__contains=timezone.localdate())
    grants = list(in_force.order_by("id"))
    places.name_all(grants)
    for found in grants:
        by_user.setdefault(found.user_id, []).append(found)
    for user in page:
        user.shown_grants = by_user.get(user.pk, [])


def user(scope: Scope, pk: int) -> User | None:
    return scope.limit(User.objects.filter(pk=pk)).first()


def grant(scope: Scope, pk: int) -> Grant | None:
    """A grant that the administrator may end; those of wider territories are not there for him."""
    return Grant.objects.select_related("user").filter(pk=pk).first()


def about_user(scope: Scope, user: User) -> dict:
    """Grants of all times, what was done to the account, second factor, sessions."""
    grants = list(Grant.objects.filter(user=user).order_by("-id"))
    with signing_in():
        actions = list(AccountAction.objects.filter(subject=user).order_by("-id")[:50])
        factors = list(Authenticator.objects.filter(user_id=user.pk).values_list("type", flat=True))
        sessions = Session.objects.filter(user_id=user.pk, expire_date__gt=timezone.now()).count()
    places.name_all(grants)
    names = names_of([g.given_by_id for g in grants] + [a.by_id for a in actions])
    today = timezone.localdate()
    for found in grants:
        found.by_name = names.get(found.given_by_id, "")
        found.in_force = not found.valid.isempty and today in found.valid
        found.may_end = not found.valid.isempty and (found.valid.upper is None or found.valid.upper > today)
    for action in actions:
        action.by_name = names.get(action.by_id, "")
    return {"grants_given": grants, "history": actions, "factors": factors, "session_count": sessions}


def sessions_of(user_id: int) -> list[Session]:
    """One's own browsers that are signed in."""
    with signing_in():
        found = Session.objects.filter(user_id=user_id, expire_date__gt=timezone.now())
        return list(found.order_by("-started_at"))
