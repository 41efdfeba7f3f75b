"""Every address says who may open it; one that says nothing is closed to all (ScopeMiddleware).

Our own views carry ``@gate(...)``. Views of other people's packages stand in the table below, each with its reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tirek.access.permissions import PERMISSIONS


@dataclass(frozen=True)
class Gate:
    """``public``: anybody. ``permission``: roles that have it. Neither: whoever is signed in and has a role.

    account
        Also open to who has no role in force, or still lacks the second factor: one's own account, signing out.
    keys
        Runs in the sign-in scope (users, grants, sessions, second factors), not in the asker's.
    program
        Also open to programs that show a token (tirek.access.machines); other addresses are for people only.
    bare
        Touches neither session nor database: is the program alive, style sheets.
    """

    public: bool = False
    permission: str | None = None
    account: bool = False
    keys: bool = False
    program: bool = False
    bare: bool = False
    reason: str = field(default="", compare=False)


def gate(
    *,
    public: bool = False,
    permission: str | None = None,
    account: bool = False,
    program: bool = False,
    bare: bool = False,
) -> Callable:
    """Mark a view: ``@gate(public=True)``, ``@gate()`` (signed in) or ``@gate(permission="people.read")``."""
    _known(permission)

    def mark(view: Callable) -> Callable:
        view.gate = Gate(public=public or bare, permission=permission, account=account, program=program, bare=bare)
        return view

    return mark


_declared: dict[str, Gate] = {}


def declare(name: str, door: Gate) -> None:
    """Give a gate to addresses whose views are not ours: by full name (``account_login``) or namespace (``api:*``)."""
    _known(door.permission)
    if not door.reason:
        raise ValueError(f"The gate of {name} needs a reason.")
    _declared[name] = door


def door_of(match) -> Gate | None:
    """The gate of a resolved address, or None: then it is closed."""
    own = getattr(match.func, "gate", None)
    if own is not None:
        return own
    names = [match.view_name, *(f"{':'.join(match.namespaces[: i + 1])}:*" for i in range(len(match.namespaces)))]
    return next((_declared[name] for name in names if name in _declared), None)


def _known(permission: str | None) -> None:
    if permission is not None and permission not in PERMISSIONS:
        raise ValueError(f"There is no permission {permission!r}. Add it to tirek/access/permissions.py.")


_ENTER = "signing in, before it is known who asks"
_RESET = "a forgotten password or an invitation; the link is the key"
_OWN_KEYS = "one's own password and second factor; reads keys, not records"
_PROVIDER = "coming back from the identity provider; sign-up is closed"
_CLOSED = "answers only that sign-up is closed"

_ALLAUTH: dict[str, tuple[bool, str]] = {
    "account_login": (True, _ENTER),
    "account_inactive": (True, _ENTER),
    "account_confirm_login_code": (True, _ENTER),
    "account_reauthenticate": (False, _OWN_KEYS),
    "account_logout": (True, "signing out; harmless when already out"),
    "account_signup": (True, _CLOSED),
    "account_email": (False, _OWN_KEYS),
    "account_email_verification_sent": (True, _ENTER),
    "account_confirm_email": (True, _RESET),
    "account_change_password": (False, _OWN_KEYS),
    "account_set_password": (False, _OWN_KEYS),
    "account_reset_password": (True, _RESET),
    "account_reset_password_done": (True, _RESET),
    "account_reset_password_from_key": (True, _RESET),
    "account_reset_password_from_key_done": (True, _RESET),
    "mfa_authenticate": (True, _ENTER),
    "mfa_index": (False, _OWN_KEYS),
    "mfa_reauthenticate": (False, _OWN_KEYS),
    "mfa_activate_totp": (False, _OWN_KEYS),
    "mfa_deactivate_totp": (False, _OWN_KEYS),
    "mfa_view_recovery_codes": (False, _OWN_KEYS),
    "mfa_generate_recovery_codes": (False, _OWN_KEYS),
    "mfa_download_recovery_codes": (False, _OWN_KEYS),
    "mfa_list_webauthn": (False, _OWN_KEYS),
    "mfa_add_webauthn": (False, _OWN_KEYS),
    "mfa_reauthenticate_webauthn": (False, _OWN_KEYS),
    "mfa_remove_webauthn": (False, _OWN_KEYS),
    "mfa_edit_webauthn": (False, _OWN_KEYS),
    "socialaccount_login_cancelled": (True, _PROVIDER),
    "socialaccount_login_error": (True, _PROVIDER),
    "socialaccount_signup": (True, _CLOSED),
    "socialaccount_connections": (False, _OWN_KEYS),
    "openid_connect_login": (True, _PROVIDER),
    "openid_connect_callback": (True, _PROVIDER),
}
for _name, (_public, _reason) in _ALLAUTH.items():
    declare(_name, Gate(public=_public, account=True, keys=True, reason=_reason))
declare("django.views.generic.base.RedirectView", Gate(public=True, bare=True, reason="only sends elsewhere"))
declare("oauth_token", Gate(public=True, keys=True, reason="a program shows its secret and gets a token"))
declare("oauth_revoke", Gate(public=True, keys=True, reason="a program gives a token back; its secret is checked"))
