"""What every page shows: place, roles, navigation, language, appearance, version."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.utils.translation import gettext as _

from tirek.access.roles import Role
from tirek.site import navigation
from tirek.site.queries import is_synthetic, place_of
from tirek.site.templatetags.tirek import stylesheets

THEMES = ("light", "dark")
LANGUAGES = [("kk", "Қазақша"), ("ru", "Русский"), ("en", "English")]

try:
    VERSION = version("tirek")
except PackageNotFoundError:
    VERSION = "0.1.0"


def demonstration_accounts() -> dict | None:
    """Who may be tried out, and the password of all; asked for by the sign-in page of a demonstration alone."""
    if not settings.DEMONSTRATION:
        return None
    from tirek.site.demo.users import ACCOUNTS, PASSWORD

    return {"password": PASSWORD, "each": [(account.username, Role(account.role).label) for account in ACCOUNTS]}


def _address(request) -> str:
    """Where a printed page can be found again."""
    try:
        return request.build_absolute_uri()
    except DisallowedHost:
        return request.path


def everywhere(request):
    scope = getattr(request, "scope", None)
    role = scope.role if scope else ""
    user = getattr(request, "user", None)
    signed_in = bool(user and user.is_authenticated)
    theme = request.COOKIES.get("theme", "")
    return {
        "place": place_of(scope) if scope else "",
        "role_name": request.grant.get_role_display() if getattr(request, "grant", None) else "",
        "grants": getattr(request, "grants", []),
        "navigation": navigation.links(navigation.ENTRIES, role, request.path) if signed_in else [],
        "footer_links": navigation.links(navigation.FOOTER, role),
        "account_links": navigation.links(navigation.ACCOUNT, role) if signed_in else [],
        "stylesheets": stylesheets(),
        "languages": LANGUAGES,
        "themes": [("", _("As the device")), ("light", _("Light")), ("dark", _("Dark"))],
        "theme": theme if theme in THEMES else "",
        "synthetic": is_synthetic(),
        "demonstration": settings.DEMONSTRATION,
        "demonstration_accounts": demonstration_accounts,
        "address": _address(request),
        "tirek_version": VERSION,
        "html_language": settings.LANGUAGE_CODE,
    }
