"""What the pages of programmes share: finding the programme, trails, acting and saying what came of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.access.permissions import may
from tirek.programmes.queries import programmes as queries
from tirek.programmes.queries.programmes import Programme
from tirek.registry.queries import territories
from tirek.registry.queries.territories import local_name
from tirek.tasks.services import File
from tirek_engines.errors import Refusal


def programme_or_404(slug: str) -> Programme:
    found = queries.by_slug(slug)
    if found is None:
        raise Http404
    return found


def trail(programme: Programme | None = None) -> list[tuple[str, str]]:
    found = [(_("Programmes"), reverse("programmes:programmes"))]
    if programme is not None:
        found.append((local_name(programme), reverse("programmes:programme", args=[programme.slug])))
    return found


def tabs(request: HttpRequest, programme: Programme, here: str) -> list[tuple[str, str, bool]]:
    """Parts of a programme."""
    parts = [("programme", _("Overview"))]
    if programme.places:
        parts += [("board", _("Board")), ("selection", _("Choice of schools")), ("needs", _("Needs"))]
    parts.append(("measures", _("Plan of measures")))
    if programme.places and not programme.is_sister:
        parts.append(("impact", _("Did it work?")))
    if not programme.is_sister:
        parts.append(("iati", _("IATI file")))
    if programme.parent_id or programme.has_children:
        parts.append(("comparison", _("Sister programmes")))
    return [(label, reverse(f"programmes:{name}", args=[programme.slug]), name == here) for name, label in parts]


def page(request: HttpRequest, programme: Programme, here: str, **context: Any) -> dict[str, Any]:
    """What each page of a programme begins with."""
    return {
        "programme": programme, "name": local_name(programme), "trail": trail(programme),
        "tabs": tabs(request, programme, here), "today": timezone.localdate(),
        "may_manage": may_manage(request, programme),
    } | context  # fmt: skip


def may_manage(request: HttpRequest, programme: Programme) -> bool:
    scope = request.scope
    return may(scope.role, "programmes.manage") and scope.covers(programme.org_lo) and scope.covers(programme.org_hi)


def act(request: HttpRequest, service: Callable, form=None, done: str = "", **arguments: Any) -> Any:
    """Run a service; what it refuses stands at its field or at the top. Gives its result, or None when refused."""
    try:
        result = service(by=request.user, now=timezone.now(), **arguments)
    except Refusal as refusal:
        if form is not None:
            field = refusal.fields.get("field")
            form.add_error(field if field in form.fields else None, refusal.message)
        else:
            messages.error(request, refusal.message)
        return None
    if done:
        messages.success(request, done)
    return result if result is not None else True


def file_of(upload) -> File | None:
    return File(upload.name, upload.content_type or "", upload.read()) if upload else None


def districts(request: HttpRequest, programme: Programme) -> list[tuple[str, str]]:
    """Districts and cities of the programme that lie in the asker's scope."""
    scope, today = request.scope, timezone.localdate()
    found = territories.districts(programme.territory, on=today)
    if programme.territory.level == "district":
        found = [programme.territory]
    if scope.is_country or scope.lo is None:
        return [(d.code, local_name(d)) for d in found]
    return [(d.code, local_name(d)) for d in found if d.org_lo <= scope.hi and d.org_hi >= scope.lo]


def numbers(values: list[str]) -> list[int]:
    """Whole numbers that a form sent; anything else is left out."""
    return [int(value) for value in values if value.isascii() and value.isdecimal() and len(value) < 19]
