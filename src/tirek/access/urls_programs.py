"""Where programs get and give back their tokens. Nothing else of django-oauth-toolkit is served."""

from django.urls import path
from oauth2_provider.views import RevokeTokenView, TokenView

urlpatterns = [
    path("token", TokenView.as_view(), name="oauth_token"),
    path("revoke", RevokeTokenView.as_view(), name="oauth_revoke"),
]
