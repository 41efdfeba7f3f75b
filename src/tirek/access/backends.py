"""Who signs in is read under the sign-in role: nobody's scope is known yet."""

from __future__ import annotations

from allauth.account.auth_backends import AuthenticationBackend

from tirek.access.scope import signing_in


class ScopedBackend(AuthenticationBackend):
    def authenticate(self, request, **credentials):
        with signing_in():
            return super().authenticate(request, **credentials)

    def get_user(self, user_id):
        with signing_in():
            return super().get_user(user_id)
