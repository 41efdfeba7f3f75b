"""Finding a person, and a person's page with everything that ties the person to institutions and people."""

from __future__ import annotations

import datetime as dt
import uuid

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from tirek.access.gates import gate
from tirek.access.permissions import may
from tirek.access.services.reads import record_many_read, record_read
from tirek.registry import identifiers, kind_words, pages, words
from tirek.registry.forms import PeopleFilter
from tirek.registry.panels import panels, tab_of, tabs
from tirek.registry.queries import labels, people
from tirek.registry.queries import search as searching
from tirek.storage import secrets

LIMIT = 50


@gate(permission="people.search")
@require_GET
@never_cache
def search(request: HttpRequest) -> HttpResponse:
    """Where is this person now?"""
    form = PeopleFilter(request.GET or None)
    asked = form.cleaned_data["q"].strip() if form.is_bound and form.is_valid() else ""
    found = searching.people(request.scope, asked, limit=LIMIT) if asked else []
    if found:
        record_many_read(request, rows=len(found), query="search")
    context = {"form": form, "asked": asked, "rows": rows_of(found), "limit": LIMIT, "too_many": len(found) >= LIMIT}
    return render(request, "registry/people.html", context)


def rows_of(found: list) -> list[dict]:
    """People with the institution that answers for them, two queries for all."""
    names = labels.names_by_org_no([p.org_no for p in found if p.org_no], on=timezone.localdate())
    return [{"person": p, "institution": names.get(p.org_no, ""), "age": age_of(p.birth_date)} for p in found]


def age_of(born: dt.date | None, on: dt.date | None = None) -> int | None:
    """In years, today or on a day; nothing before the birth."""
    on = on or timezone.localdate()
    if born is None or on < born:
        return None
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def _frame(request: HttpRequest, public_id: uuid.UUID, here: str = "") -> dict:
    """What every page of a person shows. Each look at one of them is kept."""
    on = pages.day_of(request)
    found = people.person(request.scope, public_id)
    if found is None:
        raise Http404
    record_read(request, found)
    history = people.history(request.scope, found.pk, only_places=bool(here))
    names = labels.names_by_org_no([row.org_no for row in (*history.enrolments, *history.employments)], on=on)
    return {
        "person": found,
        "on": on,
        "today": timezone.localdate(),
        "now": _now(history, names, on, is_whole=not here),
        "tabs": _tabs(request, found, on, here),
        "history": history,
        "names": names,
    }


def _tabs(request: HttpRequest, found, on: dt.date, here: str) -> list[tuple[str, str, bool]]:
    """None where there would be one alone."""
    url = pages.with_day(reverse("registry:person", args=[found.public_id]), on)
    shown = [(_("Overview"), url, not here)]
    for one in tabs("person", request, found):
        url = pages.with_day(reverse("registry:person_tab", args=[found.public_id, one.slug]), on)
        shown.append((str(one.label), url, one.slug == here))
    return shown if len(shown) > 1 else []


@gate(permission="people.read")
@require_GET
@never_cache
def person(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Who is this, where now or on a day, and what came before?"""
    context = _frame(request, public_id)
    found, on, history, names = (context[name] for name in ("person", "on", "history", "names"))
    context |= {
        "panels": _panels(request, context),
        "iin": shown_iin(found),
        "may_see_iin": bool(found.iin_encrypted) and may(request.scope.role, "people.see_iin"),
        "age": age_of(found.birth_date, on),
        "enrolments": [_tie(row, names, on) for row in history.enrolments],
        "employments": [_tie(row, names, on) for row in history.employments],
        "learns_now": any(_holds(row.valid, on) for row in history.enrolments),
        "guardians": [row for row in history.guardians if _holds(row.valid, on)],
        "wards": [row for row in history.wards if _holds(row.valid, on)],
        "teachings": [row for row in history.teachings if _holds(row.valid, on)],
    }
    return render(request, "registry/person.html", context)


@gate(permission="people.read")
@require_GET
@never_cache
def tab(request: HttpRequest, public_id: uuid.UUID, slug: str) -> HttpResponse:
    """One subject of a person; only its questions are asked."""
    found = tab_of("person", slug)
    if found is None:
        raise Http404
    context = _frame(request, public_id, slug)
    if not found.is_for(request, context["person"]):
        raise PermissionDenied
    shown = _panels(request, context, slug)
    return render(request, "registry/person_tab.html", context | {"tab": found, "panels": shown})


def _panels(request: HttpRequest, context: dict, slug: str = "") -> list[tuple[str, dict]]:
    return panels("person", request, context["person"], slug, is_past=context["on"] < context["today"])


def shown_iin(person) -> str:
    """The number's mask; in full only by views_iin, with a reason."""
    return identifiers.mask_iin(secrets.decrypt(person.iin_encrypted)) if person.iin_encrypted else ""


def _tie(row, names: dict[int, str], on: dt.date) -> dict:
    return {
        "row": row,
        "holds": _holds(row.valid, on),
        "institution": names.get(row.org_no) or row.institution.code,
        "url": pages.institution_url(row.institution.code, timezone.localdate()),
        "period": pages.period_words(row.valid),
        "group": _group(row),
    }


def _group(row) -> str:
    """The class or group of an enrolment with its school year; nothing for an employment."""
    group = getattr(row, "class_group", None)
    if group is None:
        return ""
    return f"{kind_words.words_of(row.institution.kind).group_named % {'group': group}}, {group.school_year}"


def _now(history, names: dict[int, str], on: dt.date, *, is_whole: bool = True) -> str:
    """One sentence: where the person is on the day; nothing where not all was asked and none of it says."""
    for row in history.enrolments:
        if _holds(row.valid, on):
            place = {"place": names.get(row.org_no, ""), "group": str(row.class_group or "")}
            if not place["group"]:
                return _("Learns at %(place)s.") % place
            return kind_words.words_of(row.institution.kind).learns % place
    for row in history.employments:
        if _holds(row.valid, on):
            return _("Works at %(place)s as %(position)s.") % {
                "place": names.get(row.org_no, ""),
                "position": words.position(row.position),
            }
    if any(_holds(row.valid, on) for row in history.wards):
        return _("A parent or guardian.")
    return _("Neither learns nor works anywhere that you can see.") if is_whole else ""


def _holds(period, on: dt.date) -> bool:
    return period is not None and on in period
