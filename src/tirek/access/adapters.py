"""How allauth does its work here: nobody registers himself, and secrets are sealed."""

from __future__ import annotations

import base64
import time

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings

from tirek.access.addresses import client_address
from tirek.access.roles import SECOND_FACTOR
from tirek.storage import secrets


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request) -> bool:
        return False

    def is_reauthentication_required(self, *, app: str, **kwargs) -> bool:
        """Not for whoever signed in, or proved himself again, a few minutes ago."""
        records = get_authentication_records(context.request, context.request.user)
        last = max((record["at"] for record in records), default=0)
        return time.time() - last > settings.ACCOUNT_REAUTHENTICATION_TIMEOUT

    def get_client_ip(self, request) -> str:
        return client_address(request) or "0.0.0.0"  # noqa: S104 - no address is known, not a binding


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    def is_open_for_signup(self, request, sociallogin) -> bool:
        return False

    def is_auto_signup_allowed(self, request, sociallogin) -> bool:
        return False


class SecondFactorAdapter(DefaultMFAAdapter):
    def get_totp_issuer(self) -> str:
        return "Tirek"

    def _get_site_name(self) -> str:
        return "Tirek"

    def encrypt(self, text: str) -> str:
        return base64.b64encode(secrets.encrypt(text)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return secrets.decrypt(base64.b64decode(encrypted_text))

    def can_delete_authenticator(self, authenticator) -> bool:
        """The last second factor of somebody who must have one is replaced, not removed."""
        from allauth.mfa.models import Authenticator

        from tirek.access.queries import grants_of

        if not any(grant.role in SECOND_FACTOR for grant in grants_of(authenticator.user)):
            return True
        kinds = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
        others = Authenticator.objects.filter(user=authenticator.user, type__in=kinds).exclude(pk=authenticator.pk)
        return authenticator.type not in kinds or others.exists()
