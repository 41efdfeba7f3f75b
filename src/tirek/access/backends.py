"""Who signs in is read in the sign-in scope: nobody's own scope is known yet."""

from __future__ import annotations

from allauth.account.auth_backends import AuthenticationBackend

from tirek.access.queries import user_with_grants
from tirek.access.scope import signing_in


class ScopedBackend(AuthenticationBackend):
    def authenticate(self, request, **credentials):
        with signing_in():
            return super().authenticate(request, **credentials)

    def get_user(self, user_id):
        """The user with the grants in force and whether there is a second factor, in one query; None when shut."""
        user = user_with_grants(user_id)
        return user if user is not None and user.is_active else None
