"""One institution: what it is on a day, its rooms, its classes, its people, its history."""

from __future__ import annotations

import datetime as dt
from collections import Counter

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from tirek.access import queries_audit
from tirek.access.gates import gate
from tirek.access.services.reads import record_many_read
from tirek.registry import kind_words, pages
from tirek.registry.panels import panels, tab_of, tabs
from tirek.registry.queries import counts, institutions, people, territories
from tirek.registry.recorded import recorded

PLACE_TABLES = frozenset({"registry.building", "registry.room", "registry.classgroup"})
CHANGE_ROWS = 25
CLASS_ROWS = 60  # a class at once; only a group that is none needs pages
ROOM_ROWS = 100


def frame(request: HttpRequest, code: str, here: str, *, with_people: bool = False) -> dict:
    """What every page of an institution shows: its state on the day, its trail, its tabs; how many learn there, if asked."""
    on = pages.day_of(request)
    state = institutions.state_by_code(code, on=on)
    is_open = state is not None
    if state is None:
        known = institutions.by_code(code)
        state = institutions.last_state(known.pk) if known else None
    if state is None:
        raise Http404
    if is_open and with_people:
        counts.with_headcounts([state], on)
    path = territories.path_of(state.org_no, on=on)
    then = next((t for t in path if t.pk == state.territory_id), None)  # as it was called on the day
    state.territory = then or territories.as_on([state.territory], on)[0]
    path = path or [state.territory]
    return {
        "state": state,
        "institution": state.institution,
        "headcount": getattr(state.institution, "headcount", None),
        "name": territories.local_name(state),
        "is_open": is_open,
        "went_into": [] if is_open else _named_both([s for s in successions_of(state) if s.date <= on]),
        "on": on,
        "today": timezone.localdate(),
        "trail": pages.trail(path, on),
        "said": kind_words.words_of(state.institution.kind),
        "tabs": _tabs(request, state, on, here),
        "in_scope": request.scope.covers(state.org_no) and not request.scope.is_own,
    }


def successions_of(state) -> list:
    """What an institution went into, newest first."""
    return [row for row in institutions.successions(state.institution_id) if row.before_id == state.institution_id]


def _named_both(rows: list) -> list:
    """Successions with both institutions by the names they had on that day, else by the last ones."""
    for row in rows:
        row.before_name, row.after_name = (_last_name(i.pk, row.date) for i in (row.before, row.after))
    return rows


def _last_name(institution_id: int, on: dt.date) -> str:
    state = institutions.state_of(institution_id, on=on) or institutions.last_state(institution_id)
    return territories.local_name(state) if state else ""


def _tabs(request: HttpRequest, state, on: dt.date, here: str) -> list[tuple[str, str, bool]]:
    """The register's own tabs among those of the apps above; which there are costs no question."""
    code = state.institution.code
    names = [
        (0, _("Overview"), "institution"),
        (40, _("Rooms"), "rooms"),
        (50, str(kind_words.words_of(state.institution.kind).groups), "classes"),
        (60, _("Staff"), "staff"),
        (90, _("History"), "history"),
    ]
    found = [(order, label, pages.institution_url(code, on, page), page == here) for order, label, page in names]
    for tab in tabs("institution", request, state):
        url = pages.with_day(reverse("registry:institution_tab", args=[code, tab.slug]), on)
        found.append((tab.order, str(tab.label), url, tab.slug == here))
    return [tuple(row[1:]) for row in sorted(found, key=lambda row: row[0])]


@gate()
@require_GET
def institution(request: HttpRequest, code: str) -> HttpResponse:
    """What is this institution, what is asked of it, and how does it stand?"""
    context = frame(request, code, "institution", with_people=True)
    context["panels"] = _panels(request, context)
    context["facts"] = _facts(context["state"])
    context["rooms"] = _room_summary(context["institution"].pk, context["on"])
    return render(request, "registry/institution.html", context)


def _panels(request: HttpRequest, context: dict, slug: str = "") -> list[tuple[str, dict]]:
    is_past = context["on"] < context["today"]
    return panels("institution", request, context["state"], slug, is_past=is_past)


@gate()
@require_GET
def tab(request: HttpRequest, code: str, slug: str) -> HttpResponse:
    """One subject of an institution; only its questions are asked."""
    found = tab_of("institution", slug)
    if found is None:
        raise Http404
    context = frame(request, code, slug)
    if not found.is_for(request, context["state"]):
        raise PermissionDenied
    shown = _panels(request, context, slug)
    return render(request, "registry/institution_tab.html", context | {"tab": found, "panels": shown})


def _facts(state) -> list[tuple[str, str]]:
    languages = dict(state._meta.get_field("languages").base_field.choices)
    return [
        (_("Kind"), state.institution.get_kind_display()),
        (_("District or city"), territories.local_name(state.territory)),
        (_("Settlement"), state.get_settlement_kind_display()),
        (_("Languages of instruction"), ", ".join(str(languages.get(code, code)) for code in state.languages)),
        (_("Owner"), _("state-owned") if state.is_public else _("private")),
        (_("Address"), state.address),
        (_("Internet"), _internet(state)),
        (_("Heating"), state.get_heating_display()),
        (_("Code"), state.institution.code),
        (_("BIN"), state.institution.bin),
        (_("Open"), pages.period_words(state.institution.open_period)),
    ]


def _internet(state) -> str:
    if not state.connectivity:
        return ""
    if not state.speed_mbps:
        return state.get_connectivity_display()
    return _("%(kind)s, %(speed)s Mbit/s") % {
        "kind": state.get_connectivity_display(),
        "speed": f"{state.speed_mbps:g}",
    }


def _room_summary(institution_id: int, on: dt.date) -> dict:
    found = institutions.room_counts(institution_id, on=on)
    by_condition: Counter[str] = Counter()
    for _purpose, condition, number in found:
        by_condition[condition] += number
    return {"all": sum(by_condition.values()), "bad": by_condition["poor"] + by_condition["unusable"]}


@gate()
@require_GET
def rooms(request: HttpRequest, code: str) -> HttpResponse:
    """Which rooms are there, and in what condition?"""
    context = frame(request, code, "rooms")
    counted = _room_summary(context["institution"].pk, context["on"])
    found = institutions.rooms(context["institution"].pk, on=context["on"])
    page = pages.paged(request, found, ROOM_ROWS, count=counted["all"])
    buildings = list(institutions.buildings(context["institution"].pk, on=context["on"]))
    context |= {"page": page, "buildings": _by_building(page, buildings), "counts": counted}
    context["panels"] = _panels(request, context, "rooms")
    return render(request, "registry/rooms.html", context)


def _by_building(page, buildings: list) -> list[dict]:
    """The page's rooms under their buildings; a building without any rooms comes on the last page."""
    on_page = {b.pk: [room for room in page if room.building_id == b.pk] for b in buildings}
    if page.paginator.num_pages == 1:
        return [{"building": b, "rooms": on_page[b.pk]} for b in buildings]
    filled = set(page.paginator.object_list.order_by().values_list("building_id", flat=True))
    last = not page.has_next()
    return [
        {"building": b, "rooms": on_page[b.pk]} for b in buildings if on_page[b.pk] or (last and b.pk not in filled)
    ]


@gate()
@require_GET
def room(request: HttpRequest, code: str, building: str, number: str) -> HttpResponse:
    """What is this room for, and how is it?"""
    context = frame(request, code, "rooms")
    found = institutions.rooms(context["institution"].pk, on=context["on"])
    context["room"] = found.filter(building__code=building, number=number).first()
    if context["room"] is None:
        raise Http404
    context["panels"] = panels("room", request, context["room"])
    return render(request, "registry/room.html", context)


@gate()
@require_GET
def classes(request: HttpRequest, code: str) -> HttpResponse:
    """Which classes are there, and how many learn in each?"""
    context = frame(request, code, "classes")
    year = people.school_year(on=context["on"])
    context["year"] = year
    if year:
        groups = _begun(list(people.class_groups(context["institution"].pk, year=year)), context)
        sizes = _sizes(request, context)
        context["groups"] = [{"group": g, "n": sizes.get(g.pk, 0)} for g in groups]
        context["grades"] = _grade_chart(context["groups"], context["said"])
    return render(request, "registry/classes.html", context)


def _begun(groups: list, context: dict) -> list:
    """On a past day, without the classes in which the first learner began later: they came with a merger, or in autumn."""
    if context["on"] >= context["today"]:
        return groups
    first = counts.first_days(context["institution"].pk, [group.pk for group in groups])
    return [group for group in groups if first.get(group.pk, context["on"]) <= context["on"]]


def _sizes(request: HttpRequest, context: dict) -> Counter:
    found = people.pupils(request.scope, on=context["on"], org_no=context["state"].org_no).order_by()
    return Counter(found.values_list("class_group_id", flat=True))


def _grade_chart(groups: list[dict], said: kind_words.KindWords) -> dict | None:
    by_grade: Counter[int] = Counter()
    for row in groups:
        if row["group"].grade is not None:
            by_grade[row["group"].grade] += row["n"]
    if not sum(by_grade.values()):
        return None
    rows = [{"label": said.grade_named % {"grade": grade}, "value": n} for grade, n in sorted(by_grade.items())]
    return {
        "kind": "bars",
        "title": str(said.by_grade),
        "rows": rows,
        "value_head": str(said.learners),
        "label_head": str(said.grade),
    }


@gate()
@require_GET
@never_cache
def class_page(request: HttpRequest, code: str, group: int) -> HttpResponse:
    """Who learns in this class, and who teaches it?"""
    context = frame(request, code, "classes")
    year = people.school_year(on=context["on"])
    groups = people.class_groups(context["institution"].pk, year=year) if year else None
    context["group"] = groups.filter(pk=group).first() if groups is not None else None
    if context["group"] is None:
        raise Http404
    context["group_name"] = context["said"].group_named % {"group": context["group"]}
    found = people.pupils(request.scope, on=context["on"], class_group_id=group)
    context["page"] = pages.paged(request, found, CLASS_ROWS)
    context["teachings"] = list(people.teachings(request.scope, on=context["on"], class_group_id=group))
    if context["page"].object_list:
        record_many_read(request, rows=len(context["page"].object_list), query=f"class {group}")
    context["trail"] = [*context["trail"], (context["name"], pages.institution_url(code, context["on"], "classes"))]
    return render(request, "registry/class.html", context)


@gate()
@require_GET
@never_cache
def staff(request: HttpRequest, code: str) -> HttpResponse:
    """Who works here?"""
    context = frame(request, code, "staff")
    found = people.staff(request.scope, on=context["on"], org_no=context["state"].org_no)
    context["page"] = pages.paged(request, found, 100)
    if context["page"].object_list:
        record_many_read(request, rows=len(context["page"].object_list), query=f"staff {code}")
    return render(request, "registry/staff.html", context)


@gate()
@require_GET
def history(request: HttpRequest, code: str) -> HttpResponse:
    """What has changed, when, and by whom?"""
    context = frame(request, code, "history")
    pk = context["institution"].pk
    states = list(institutions.history(pk))
    by_state = recorded(pk)
    pairs = zip(states, [*states[1:], None], strict=True)
    context["items"] = [_state_item(new, old, code) | {"recorded": by_state.get(new.pk, [])} for new, old in pairs]
    context["audit_url"] = f"{reverse('access:audit')}?org_no={context['state'].org_no}"
    context["successions"] = _named_both(list(institutions.successions(pk)))
    context |= _place_changes(request, context)
    return render(request, "registry/history.html", context)


def _place_changes(request: HttpRequest, context: dict) -> dict:
    """A page of who changed the buildings, rooms and classes, and how; empty outside the asker's scope."""
    if not context["in_scope"] or request.scope.is_own:
        return {}
    number = min(max(int(text), 1), 200) if (text := request.GET.get("page", "1")[:4]).isdecimal() else 1
    asked = queries_audit.Filter(org_no=context["state"].org_no, tables=PLACE_TABLES)
    found = queries_audit.changes(asked, offset=(number - 1) * CHANGE_ROWS, limit=CHANGE_ROWS + 1)
    names = queries_audit.names(found)
    for change in found:
        change.who = names.get(change.user_id) or _("the program")
    return {
        "changes": found[:CHANGE_ROWS],
        "newer": number - 1 if number > 1 else None,
        "older": number + 1 if len(found) > CHANGE_ROWS else None,
    }


def _state_item(new, old, code: str) -> dict:
    """One step of the history: the day, and which facts became what."""
    if old is None:
        what = [_("First known state")]
    else:
        before = dict(_state_facts(old))
        what = [
            f"{label}: {before[label] or '—'} → {value or '—'}"
            for label, value in _state_facts(new)
            if before[label] != value
        ]
    start = new.valid.lower
    return {
        "when": date_format(start, "DATE_FORMAT") if start else _("from the beginning"),
        "what": "; ".join(what) or _("Confirmed without change"),
        "url": f"{pages.institution_url(code, timezone.localdate())}?on={start.isoformat()}" if start else "",
        "now": new.valid.upper is None,
    }


def _state_facts(state) -> list[tuple[str, str]]:
    kept = {_("Code"), _("BIN"), _("Open"), _("Kind")}
    names = [
        (pgettext("of an institution", "Name"), territories.local_name(state)),
        (_("Places"), str(state.capacity or "")),
    ]
    support = [(_("Support school"), _("yes") if state.is_support_school else _("no"))]
    return names + support + [(label, str(value)) for label, value in _facts(state) if label not in kept]
