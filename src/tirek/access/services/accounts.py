"""Opening, shutting and mending accounts."""

from __future__ import annotations

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from tirek.access.models import AccountAction, Session, User
from tirek.access.places import Place
from tirek.access.scope import Scope, current_scope, signing_in
from tirek.access.services.rights import NotYours, check_administrator, check_subject, inside, note
from tirek.storage.unseen import clean
from tirek_engines.errors import Refusal

Action = AccountAction.Action


class NameTaken(Refusal):
    """Somebody else signs in with this name."""

    code = "name_taken"
    http_status = 409


def invite_user(*, by: Scope, username: str, full_name: str, email: str, language: str, home: Place) -> User:
    """Open an account without a password. Its owner sets one through :func:`invitation_link`."""
    check_administrator(by)
    if not inside(by, home.lo, home.hi):
        raise NotYours(_("{place} does not lie inside your own territory.").format(place=home.label))
    email = email.strip().lower()  # as sign-in and the resetting of passwords look it up
    with signing_in():  # two accounts of one address: an identity provider's sign-in might open the other one
        if email and (
            User.objects.filter(email__iexact=email).exists()
            or EmailAddress.objects.filter(email__iexact=email).exists()
        ):
            raise NameTaken(
                _("Somebody already has this e-mail address. Leave it empty, or give another."), code="email_taken"
            )
    user = User(username=username.strip(), full_name=clean(full_name), email=email, language=language)
    user.org_no, user.password = home.lo, make_password(None)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
    except IntegrityError as error:
        raise NameTaken(_("Somebody already signs in with this name. Choose another.")) from error
    if user.email:
        with signing_in():
            # the administrator vouches for the address: an identity provider's sign-in is joined by it
            EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    note(by, user, Action.INVITE, "")
    return user


def invitation_link(*, by: Scope, user: User) -> str:
    """A link that sets the password once. It dies when used, and after three days."""
    check_subject(by, user)
    with signing_in():
        fresh = User.objects.get(pk=user.pk)
    key = default_token_generator.make_token(fresh)
    return reverse("account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(fresh), "key": key})


def deactivate(*, by: Scope, user: User, reason: str) -> None:
    """Shut the account; whoever is signed in with it is out at the next click."""
    check_subject(by, user)
    _set_active(user, False)
    _end_sessions(user.pk)
    note(by, user, Action.DEACTIVATE, reason)


def reactivate(*, by: Scope, user: User, reason: str) -> None:
    check_subject(by, user)
    _set_active(user, True)
    note(by, user, Action.REACTIVATE, reason)


def reset_second_factor(*, by: Scope, user: User, reason: str) -> None:
    """For a lost telephone: the user sets up a new second factor at the next sign-in."""
    check_subject(by, user)
    with signing_in():
        Authenticator.objects.filter(user_id=user.pk).delete()
    _end_sessions(user.pk)
    note(by, user, Action.RESET_SECOND_FACTOR, reason)


def sign_out_everywhere(*, user_id: int, but: str | None = None) -> int:
    """End the sessions of one's own account, but the one in use. Gives how many ended."""
    if current_scope().user_id != user_id:
        raise NotYours(_("Only one's own sessions are ended here."))
    return _end_sessions(user_id, but)


def set_language(*, user_id: int, language: str) -> None:
    with signing_in():
        User.objects.filter(pk=user_id).update(language=language)


def _set_active(user: User, active: bool) -> None:
    with signing_in():
        User.objects.filter(pk=user.pk).update(is_active=active)
    user.is_active = active


def _end_sessions(user_id: int, but: str | None = None) -> int:
    with signing_in():
        return Session.objects.filter(user_id=user_id).exclude(session_key=but or "").delete()[0]
