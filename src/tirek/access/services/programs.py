"""Registering programs, giving them new secrets, ending them."""

from __future__ import annotations

import datetime
import secrets

from django.contrib.auth.hashers import make_password
from django.utils import timezone
from django.utils.translation import gettext as _
from oauth2_provider.generators import generate_client_secret
from oauth2_provider.models import AccessToken, Application

from tirek.access.models import Machine, User
from tirek.access.places import Place
from tirek.access.scope import Scope, signing_in
from tirek.access.services.accounts import deactivate
from tirek.access.services.grants import give_grant
from tirek.access.services.rights import NotYours, check_administrator, inside
from tirek.storage.unseen import clean


def register_program(
    *,
    by: Scope,
    name: str,
    contact: str,
    role: str,
    kind: str,
    place: Place,
    ends: datetime.date | None,
    reason: str,
) -> tuple[Machine, str]:
    """A program with a user, a grant and an OAuth client of its own. The secret is given once and kept hashed."""
    check_administrator(by)
    if not inside(by, place.lo, place.hi):
        raise NotYours(_("{place} does not lie inside your own territory.").format(place=place.label))
    user = User.objects.create(
        username=f"program-{secrets.token_hex(6)}", full_name=clean(name), org_no=place.lo, is_machine=True,
        password=make_password(None), language="en",
    )  # fmt: skip
    grant = give_grant(
        by=by, user=user, role=role, kind=kind, place=place, starts=timezone.localdate(), ends=ends, reason=reason
    )
    secret = generate_client_secret()
    with signing_in():
        client = Application.objects.create(
            name=name,
            client_secret=secret,
            client_type=Application.CLIENT_CONFIDENTIAL,
            authorization_grant_type=Application.GRANT_CLIENT_CREDENTIALS,
        )
    machine = Machine.objects.create(
        application_id=client.pk, client_id=client.client_id, grant=grant, name=name, contact=contact,
        org_no=place.lo, created_by_id=by.user_id,
    )  # fmt: skip
    return machine, secret


def rotate_secret(*, by: Scope, machine: Machine) -> str:
    """A new secret; the old one and the tokens it got are dead at once."""
    _check(by, machine)
    secret = generate_client_secret()
    with signing_in():
        client = Application.objects.get(pk=machine.application_id)
        client.client_secret = secret
        client.save(update_fields=["client_secret"])
        AccessToken.objects.filter(application_id=client.pk).delete()
    Machine.objects.filter(pk=machine.pk).update(rotated_at=timezone.now())
    return secret


def revoke_program(*, by: Scope, machine: Machine) -> None:
    _check(by, machine)
    with signing_in():
        AccessToken.objects.filter(application_id=machine.application_id).delete()
        client = Application.objects.get(pk=machine.application_id)
        client.client_secret = generate_client_secret()
        client.save(update_fields=["client_secret"])
    Machine.objects.filter(pk=machine.pk).update(revoked_at=timezone.now())
    deactivate(by=by, user=machine.grant.user, reason=str(_("the program's access was ended")))


def _check(by: Scope, machine: Machine) -> None:
    check_administrator(by)
    if not inside(by, machine.grant.org_lo, machine.grant.org_hi):
        raise NotYours(_("This program belongs to a wider or another territory than yours."))
