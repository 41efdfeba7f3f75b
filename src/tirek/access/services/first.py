"""The first administrator, opened by whoever runs the machine; all others are invited by an administrator."""

from __future__ import annotations

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.contrib.auth.hashers import make_password
from django.db.backends.postgresql.psycopg_any import DateRange
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.access.models import AccountAction, Grant, User
from tirek.access.places import COUNTRY
from tirek.access.roles import Role, ScopeKind
from tirek.access.scope import loading, signing_in
from tirek_engines.errors import Refusal

Action = AccountAction.Action


class AlreadyAdministered(Refusal):
    """Somebody already administers the whole country."""

    code = "already_administered"
    http_status = 409


def open_first_administrator(*, username: str, full_name: str, email: str) -> str:
    """Open the account; gives the address under which its owner sets the password once, within three days."""
    with loading():
        if _administrators().exclude(user__username=username).exists():
            raise AlreadyAdministered(_("There is an administrator already, who can invite others."))
        user, is_new = User.objects.get_or_create(
            username=username,
            defaults={"full_name": full_name, "email": email, "org_no": COUNTRY.lo, "password": make_password(None)},
        )
        if not _administrators().filter(user=user).exists():
            Grant.objects.create(
                user=user, role=Role.ADMINISTRATOR, scope_kind=ScopeKind.COUNTRY, scope_code=COUNTRY.code,
                scope_label=COUNTRY.label, valid=DateRange(timezone.localdate(), None), reason="first administrator",
            )  # fmt: skip
        if is_new:
            AccountAction.objects.create(
                subject=user, action=Action.INVITE, reason="on the machine", org_no=user.org_no
            )
    with signing_in():  # the token's making notes the e-mail address among the keys, which only signing in may touch
        key = default_token_generator.make_token(user)
        return reverse("account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(user), "key": key})


def _administrators():
    today = timezone.localdate()
    kinds = {"role": Role.ADMINISTRATOR, "scope_kind": ScopeKind.COUNTRY}
    return Grant.objects.filter(**kinds, valid__contains=today, user__is_active=True, user__is_demonstration=False)
