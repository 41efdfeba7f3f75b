"""What several pages share: refusals beside their field, the address of the installation, pages of lists."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.utils import timezone

from tirek.access.permissions import may
from tirek_engines.errors import Refusal

PAGE = 50


def tell(form, refusal: Refusal) -> None:
    """A refusal at the field it is about, else above the form."""
    field = str(refusal.fields.get("field", ""))
    form.add_error(field if field in form.fields else None, refusal.message)


def attempt(request, service, *, done: str = "", **arguments):
    """Run a service for the asker and say how it went; what it gave, or None after a refusal."""
    try:
        found = service(by=request.user, now=timezone.now(), **arguments)
    except Refusal as refusal:
        messages.error(request, refusal.message)
        return None
    if done:
        messages.success(request, done)
    return found if found is not None else True


def keeps(request, form, service, *, done: str = "", **arguments):
    """Run a service with what a form holds. What it gave; or None, and then the form says at its fields what is wrong."""
    if not form.is_valid():
        return None
    try:
        found = service(by=request.user, now=timezone.now(), **arguments, **form.cleaned_data)
    except Refusal as refusal:
        tell(form, refusal)
        return None
    if done:
        messages.success(request, done)
    return found if found is not None else True


def base_address(request) -> str:
    return f"{request.scheme}://{request.get_host()}"


def paged(request, found, size: int = PAGE):
    return Paginator(found, size).get_page(request.GET.get("page"))


def asked(form) -> dict:
    """What filters ask for; nothing when they are not filled in rightly."""
    return form.cleaned_data if form.is_bound and form.is_valid() else {}


def can(request, permission: str) -> bool:
    return bool(request.scope.role) and may(request.scope.role, permission)
