"""A test from the bank in two steps: choose items, then lay them out in booklets."""

from __future__ import annotations

from collections import defaultdict

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from tirek.access.gates import gate
from tirek.assessment.bank.design import proposed
from tirek.assessment.content_areas import area_name
from tirek.assessment.forms.bank import BankTestForm, DesignForm, PickFilter
from tirek.assessment.pages import bank as pages
from tirek.assessment.queries import bank as queries
from tirek.assessment.queries.results import title_of
from tirek.assessment.services.bank_tests import anchor_ids, chosen_items, create_test_from_bank, wanted_anchors
from tirek_engines.errors import Refusal

ROWS = 100
SUBJECT = "mathematics"


@gate(permission="assessment.manage")
@require_GET
def pick(request: HttpRequest) -> HttpResponse:
    """Tick items; what they add up to is shown by content area."""
    given = request.GET.copy()
    given.setdefault("subject", SUBJECT)
    bases = queries.bases_for(request.scope, given["subject"])
    base = next((test for test in bases if test.code == given.get("base")), None)
    ids = _ids(given)
    if given.get("do") == "anchors" and base:
        ids |= set(anchor_ids(request.scope, base))
    chosen = chosen_items(request.scope, sorted(ids), base)
    form = PickFilter(
        given, areas=queries.areas_in(request.scope), bases=[(test.code, title_of(test)) for test in bases]
    )
    page = Paginator(_offered(request, form, ids), ROWS).get_page(given.get("page"))
    in_base = queries.versions_in(base) if base else {}
    rows = pages.list_rows(page, pages.language_of(request))
    for row in rows:
        row["anchor"] = _anchor(row["item"], in_base)
    return render(request, "assessment/bank/pick.html", {
        "form": form, "page": page, "rows": rows, "tabs": pages.tabs("bank_pick"), "trail": pages.trail()[:1],
        "summary": summary(chosen), "chosen": chosen, "base": base, "wanted": wanted_anchors(request.scope, timezone.localdate()),
        "n_anchors": sum(item.is_anchor for item in chosen),
    })  # fmt: skip


def _ids(data) -> set[int]:
    return {int(pk) for pk in data.getlist("item") if pk.isdigit() and len(pk) < 19}


def _offered(request: HttpRequest, form: PickFilter, ids: set[int]):
    """Ready items that fit the filter and are not chosen yet."""
    narrowed = form.cleaned_data if form.is_valid() else {}
    narrowed = {name: narrowed.get(name) for name in ("words", "subject", "grade", "content_area")}
    return queries.items_in(request.scope, narrowed | {"state": "ready"}).exclude(pk__in=ids)


def _anchor(item, in_base: dict) -> str:
    if item.pk not in in_base:
        return ""
    return "yes" if in_base[item.pk] == item.version_id else "reworded"


def summary(chosen) -> list[dict]:
    """Count, minutes and points by content area, and altogether."""
    areas: dict[str, dict] = defaultdict(lambda: {"n": 0, "minutes": 0.0, "points": 0})
    for item in chosen:
        for name in (item.content_area, None):
            areas[name]["n"] += 1
            areas[name]["minutes"] += item.minutes
            areas[name]["points"] += item.max_score
    order = sorted((name for name in areas if name is not None), key=area_name) + ([None] if areas else [])
    return [
        {"area": _("Altogether") if name is None else area_name(name) or _("without an area"), **areas[name]}
        for name in order
    ]


@gate(permission="assessment.manage")
@require_http_methods(["GET", "POST"])
def lay_out(request: HttpRequest) -> HttpResponse:
    """Blocks and booklets for the chosen items; shown first, then made."""
    given = request.POST if request.method == "POST" else request.GET
    bases = queries.bases_for(request.scope, given.get("subject") or SUBJECT)
    base = next((test for test in bases if test.code == given.get("base")), None)
    chosen = chosen_items(request.scope, sorted(_ids(given)), base)
    if not chosen:
        messages.error(request, _("Choose items first."))
        return redirect("assessment:bank_pick")
    is_made = given.get("do") == "create"
    form = BankTestForm(given if is_made else None, initial=_first(given), scope=request.scope)
    plan, refused = _plan(given, chosen)
    if is_made and form.is_valid():
        try:
            made = _made(form.cleaned_data, chosen, base, given.get("subject") or SUBJECT)
        except Refusal as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, _("The test is there with its booklets. Look at them before you open sittings."))
            return redirect("assessment:booklets", code=made.code)
    return render(request, "assessment/bank/lay_out.html", {
        "form": form, "plan": plan, "refused": refused, "chosen": chosen, "base": base, "trail": pages.trail(),
        "summary": summary(chosen), "wanted": wanted_anchors(request.scope, timezone.localdate()), "subject": given.get("subject") or SUBJECT,
        "n_anchors": sum(item.is_anchor for item in chosen), "minutes": _minutes(given),
    })  # fmt: skip


def _first(given) -> dict:
    """What the form begins with: what was asked for in the step before."""
    names = [*BankTestForm.base_fields]
    return {name: given[name] for name in names if given.get(name)} or {"grade": given.get("grade")}


def _minutes(given) -> int:
    text = given.get("sitting_minutes", "")
    return int(text) if text.isdigit() and len(text) < 4 else 75


def _plan(given, chosen):
    """The booklets asked for, or why they cannot be."""
    data = {name: given.get(name) or DesignForm.base_fields[name].initial for name in DesignForm.base_fields}
    form = DesignForm(data)
    if not form.is_valid():
        return None, _("Blocks, blocks in a booklet, minutes and seed are whole numbers within their bounds.")
    numbers = form.cleaned_data
    try:
        plan = proposed(chosen, blocks=numbers["blocks"], per_booklet=numbers["per_booklet"], seed=numbers["seed"])
    except Refusal as refusal:
        return None, refusal.message
    return plan, ""


def _made(data: dict, chosen, base, subject: str):
    data = dict(data)
    titles = {language: data.pop(f"title_{language}") for language in ("kk", "ru", "en")}
    return create_test_from_bank(
        item_ids=[item.pk for item in chosen], titles=titles, subject=subject, base=base, **data
    )
