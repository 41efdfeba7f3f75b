"""From where a request comes. A proxy's word is believed only when the installation says how many proxies there are."""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str | None:
    """The asker's address; None when the server did not tell one (a test, a socket)."""
    found = request.META.get("REMOTE_ADDR") or ""
    proxies = settings.TRUSTED_PROXIES
    if proxies:
        forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
        if len(forwarded) >= proxies:
            found = forwarded[-proxies]
    try:
        return str(ipaddress.ip_address(found))
    except ValueError:
        return None
