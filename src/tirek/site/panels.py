"""Home's panel of the register: how large one's scope is, and the way into it."""

from __future__ import annotations

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.access.roles import Role
from tirek.registry import kind_words, pages, panels
from tirek.registry.queries import counts, labels, people, territories
from tirek.site.queries import place_of

MOST_PUPILS = 400


def register() -> None:
    panels.register("home", "scope", 50, scope_panel)


def scope_panel(request: HttpRequest, scope) -> tuple[str, dict] | None:
    """A parent's children, a head's institution, an officer's territory."""
    if scope.role == Role.SPONSOR:
        return None
    if scope.is_own:
        return _own(request, scope)
    if scope.lo is not None and scope.lo == scope.hi:
        return _institution(request)
    if scope.is_country or scope.lo is not None:
        return _territory(scope)
    return None


def _own(request: HttpRequest, scope) -> tuple[str, dict] | None:
    """A parent's children with their institution, or a teacher's pupils, class by class."""
    on = timezone.localdate()
    found = list(people.pupils(scope, on=on).select_related("institution")[:MOST_PUPILS])
    is_parent = scope.role == Role.PARENT
    names = labels.names_by_org_no([row.org_no for row in found], on=on) if is_parent else {}
    groups: dict[str, list] = {}
    for row in sorted(found, key=lambda row: (row.grade or 0, str(row.class_group or ""))):
        groups.setdefault(_group_name(row), []).append(row)
    return "site/home_own.html", {
        "rows": [{"row": r, "group": _group_name(r), "place": names.get(r.org_no, "")} for r in found],
        "groups": [{"name": name, "rows": rows, "of": rows[0]} for name, rows in groups.items()],
        "is_parent": is_parent,
        "is_whole": len(found) < MOST_PUPILS,
    }


def _group_name(row) -> str:
    if row.class_group is None:
        return _("In no class")
    return str(kind_words.words_of(row.institution.kind).group_named) % {"group": row.class_group}


def _institution(request: HttpRequest) -> tuple[str, dict] | None:
    state = pages.own_state(request)
    if state is None:
        return None
    url = reverse("registry:institution", args=[state.institution.code])
    headcount = getattr(state.institution, "headcount", None)
    return "site/home_scope.html", {
        "name": territories.local_name(state),
        "url": url,
        "said": kind_words.words_of(state.institution.kind),
        "numbers": headcount,
        "state": state,
    }


def _territory(scope) -> tuple[str, dict] | None:
    numbers = counts.of_scope(scope, on=timezone.localdate())
    if not numbers["institutions"]:
        return None
    return "site/home_scope.html", {"name": place_of(scope), "url": reverse("registry:here"), "numbers": numbers}
