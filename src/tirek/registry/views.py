"""Territories and the list of institutions, as of a day."""

from __future__ import annotations

import datetime as dt
from itertools import islice

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tirek.access.gates import gate
from tirek.registry import downloads, pages
from tirek.registry.forms import InstitutionFilter
from tirek.registry.panels import panels
from tirek.registry.queries import counts, institutions, territories

ORDERS = {
    "name": ("sort_key", "id"),
    "pupils": ("institution__headcount__pupils", "id"),
    "kind": ("institution__kind", "sort_key", "id"),
}


@gate()
@require_GET
def here(request: HttpRequest) -> HttpResponse:
    """The territory of the asker's scope."""
    found = territories.of_scope(request.scope)
    if found is None:
        return render(request, "registry/nothing_yet.html")
    return redirect("registry:territory", code=found.code)


@gate()
@require_GET
def territory(request: HttpRequest, code: str) -> HttpResponse:
    """How many learn here, and how it looks one step further down."""
    on = pages.day_of(request)
    found = territories.by_code(
        code, on=timezone.localdate()
    )  # under the name of today; its family gives that of the day
    if found is None:
        raise Http404
    path, children = territories.with_family(found, on=on)
    numbers = counts.by_territory([found, *children], on=on)
    rows = [_child(child, numbers.get(child.pk), on) for child in children]
    context = {
        "territory": found,
        "name": territories.local_name(found),
        "in_scope": request.scope.covers(found.org_lo) and request.scope.covers(found.org_hi),
        "trail": pages.trail(path[:-1], on),
        "on": on,
        "today": timezone.localdate(),
        "counts": numbers[found.pk],
        "kinds": _kinds(counts.kinds(found, on=on), found, on),
        "list_url": _list_url(found, on),
        "rows": rows,
        "directly": counts.left_over(numbers[found.pk], (row["numbers"] for row in rows)) if rows else None,
        "rows_are_regions": found.level == "country",
        "iso": next((t.iso_3166_2 for t in reversed(path) if t.iso_3166_2), ""),
        "panels": panels("region", request, found, is_past=on < timezone.localdate()),
    }
    return render(request, "registry/territory.html", context)


def _child(child, numbers, on: dt.date) -> dict:
    return {
        "name": territories.local_name(child),
        "url": pages.territory_url(child, on),
        "iso": child.iso_3166_2,
        "longitude": child.longitude,
        "latitude": child.latitude,
        "is_urban": child.settlement_kind == "urban",
        "numbers": numbers,
    }


def _list_url(territory, on: dt.date) -> str:
    """The territory's institutions as of the same day."""
    day = "" if on == timezone.localdate() else f"&on={on.isoformat()}"
    return f"{reverse('registry:institutions')}?territory={territory.code}{day}"


def _kinds(found: dict[str, int], territory, on: dt.date) -> list[dict]:
    names = dict(InstitutionFilter.base_fields["kind"].choices)
    url = _list_url(territory, on)
    rows = [{"name": names.get(k, k), "n": n, "url": f"{url}&kind={k}"} for k, n in found.items()]
    return sorted(rows, key=lambda row: -row["n"])


@gate()
@require_GET
def institution_list(request: HttpRequest) -> HttpResponse:
    """Which institutions are there? Facets narrow, every row leads on, the whole list can be taken along."""
    on = pages.day_of(request)
    home = territories.of_scope(request.scope)
    below = territories.districts(home, on=on) if home else []
    territories.as_on([home] if home else [], on)
    form = InstitutionFilter(request.GET or None, territories=_choices(home, below))
    chosen = form.cleaned_data if form.is_bound and form.is_valid() else {}
    found = _found(request, chosen, on)
    if form_of_file := request.GET.get("download"):
        return _download(found, form_of_file, on)
    page = pages.paged(request, _ordered(found, request.GET.get("sort", "name")))
    page.object_list = counts.with_headcounts(territories.places_on(page.object_list, on), on)
    context = {
        "form": form, "on": on, "today": timezone.localdate(), "sort": request.GET.get("sort", "name"),
        "page": page, "filtered": any(chosen.values()),
        "may_open": request.scope.is_country or request.scope.lo != request.scope.hi,
        "kind_names": dict(form.fields["kind"].choices), "settlement_names": dict(form.fields["settlement"].choices),
    }  # fmt: skip
    return render(request, "registry/institutions.html", context)


def _choices(home, below) -> list[tuple[str, str]]:
    known = [(t.code, territories.local_name(t)) for t in below]
    return known if home is None else [(home.code, territories.local_name(home)), *known]


def _found(request: HttpRequest, chosen: dict, on: dt.date):
    territory = territories.by_code(chosen["territory"]) if chosen.get("territory") else None
    return institutions.listed(
        request.scope,
        on=on,
        territory=territory,
        kind=chosen.get("kind", ""),
        settlement=chosen.get("settlement", ""),
        language=chosen.get("language", ""),
        is_support_school=True if chosen.get("support") else None,
        text=chosen.get("q", ""),
    )


def _ordered(found, sort: str):
    order = ORDERS.get(sort.removeprefix("-"), ORDERS["name"])
    return found.order_by(*[f"-{column}" for column in order] if sort.startswith("-") else order)


def _download(found, form: str, on: dt.date) -> HttpResponse:
    columns = [
        ("code", _("Code")), ("bin", _("BIN")), ("kind", _("Kind")), ("name_kk", _("Name in Kazakh")),
        ("name_ru", _("Name in Russian")), ("name_en", _("Name in English")), ("territory_kato", _("KATO code")),
        ("territory", _("District or city")), ("settlement", _("Settlement")), ("languages", _("Languages")),
        ("support_school", _("Support school")), ("pupils", _("Pupils")), ("teachers", _("Teachers")),
        ("capacity", _("Places")), ("longitude", _("Longitude")), ("latitude", _("Latitude")),
    ]  # fmt: skip
    return downloads.respond(
        "institutions", form, columns, (_file_row(state) for state in _on_the_day(found.iterator(2000), on))
    )


def _on_the_day(states, on: dt.date):
    """With names and people of the day; a question for each thousand."""
    waiting = territories.places_on(states, on)
    while some := list(islice(waiting, 1000)):
        yield from counts.with_headcounts(some, on)


def _file_row(state) -> list:
    institution, headcount = state.institution, getattr(state.institution, "headcount", None)
    return [
        institution.code, institution.bin, institution.kind, state.name_kk, state.name_ru, state.name_en,
        state.territory.code, territories.local_name(state.territory), state.settlement_kind, " ".join(state.languages),
        int(state.is_support_school), headcount.pupils if headcount else None, headcount.teachers if headcount else None,
        state.capacity, state.longitude, state.latitude,
    ]  # fmt: skip
