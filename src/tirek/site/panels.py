"""Home's panel of the register: how large one's scope is, and the way into it."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from tirek.access.roles import Role
from tirek.registry import panels
from tirek.registry.queries import counts, institutions, people, territories


def register() -> None:
    panels.register("home", "scope", 50, scope_panel)


def scope_panel(request: HttpRequest, scope) -> tuple[str, dict] | None:
    """A parent's children, a head's institution, an officer's territory."""
    if scope.role == Role.SPONSOR:
        return None  # has no pupils; what was given is a page of its own
    if scope.is_own:
        return _own(request, scope)
    if scope.lo is not None and scope.lo == scope.hi:
        return _institution(scope)
    if scope.is_country or scope.lo is not None:
        return _territory(scope)
    return None


def _own(request: HttpRequest, scope) -> tuple[str, dict] | None:
    on = timezone.localdate()
    found = list(people.pupils(scope, on=on)[:200])
    names = {} if not found else {row.org_no: institutions.state_by_org_no(row.org_no, on=on) for row in found[:1]}
    first = next(iter(names.values()), None)
    is_parent = scope.role == Role.PARENT
    return "site/home_own.html", {"rows": found, "is_parent": is_parent, "state": first}


def _institution(scope) -> tuple[str, dict] | None:
    state = institutions.state_by_org_no(scope.lo, on=timezone.localdate())
    if state is None:
        return None
    url = reverse("registry:institution", args=[state.institution.code])
    headcount = getattr(state.institution, "headcount", None)
    return "site/home_scope.html", {
        "name": territories.local_name(state),
        "url": url,
        "numbers": headcount,
        "state": state,
    }


def _territory(scope) -> tuple[str, dict] | None:
    found = territories.of_scope(scope)
    if found is None:
        return None
    numbers = counts.by_territory([found], on=timezone.localdate()).get(found.pk)
    url = reverse("registry:territory", args=[found.code])
    return "site/home_scope.html", {"name": territories.local_name(found), "url": url, "numbers": numbers}
