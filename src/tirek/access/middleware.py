"""One request, one transaction, one scope."""

from __future__ import annotations

from django.db import transaction

from tirek.access.queries import scope_of
from tirek.access.scope import acting_as


class ScopeMiddleware:
    """Wrap the request in a transaction that knows who asks; an unexpected error rolls it back."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        with transaction.atomic(), acting_as(scope_of(request)) as scope:
            request.scope = scope
            return self.get_response(request)

    def process_exception(self, request, exception):
        transaction.set_rollback(True)
