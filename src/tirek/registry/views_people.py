"""Finding a person, and a person's page with everything that ties the person to institutions and people."""

from __future__ import annotations

import datetime as dt
import uuid

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from tirek.access.gates import gate
from tirek.access.permissions import may
from tirek.access.services.reads import record_many_read, record_read
from tirek.registry import identifiers, kind_words, pages, words
from tirek.registry.forms import PeopleFilter
from tirek.registry.panels import panels
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


@gate(permission="people.read")
@require_GET
@never_cache
def person(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Who is this, where now or on a day, and what came before? Each look at this page is kept."""
    on = pages.day_of(request)
    found = people.person(request.scope, public_id)
    if found is None:
        raise Http404
    record_read(request, found)
    history = people.history(request.scope, found.pk)
    names = labels.names_by_org_no([row.org_no for row in (*history.enrolments, *history.employments)], on=on)
    context = {
        "person": found,
        "on": on,
        "today": timezone.localdate(),
        "iin": shown_iin(found),
        "may_see_iin": bool(found.iin_encrypted) and may(request.scope.role, "people.see_iin"),
        "age": age_of(found.birth_date, on),
        "now": _now(history, names, on),
        "enrolments": [_tie(row, names, on) for row in history.enrolments],
        "employments": [_tie(row, names, on) for row in history.employments],
        "learns_now": any(_holds(row.valid, on) for row in history.enrolments),
        "guardians": [row for row in history.guardians if _holds(row.valid, on)],
        "wards": [row for row in history.wards if _holds(row.valid, on)],
        "teachings": [row for row in history.teachings if _holds(row.valid, on)],
        "panels": panels("person", request, found),
    }
    return render(request, "registry/person.html", context)


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


def _now(history, names: dict[int, str], on: dt.date) -> str:
    """One sentence: where the person is on the day."""
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
    return _("Neither learns nor works anywhere that you can see.")


def _holds(period, on: dt.date) -> bool:
    return period is not None and on in period
