"""The item bank: its list, an item with its versions and uses, its key and its pictures."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tirek.access.gates import gate
from tirek.access.services.reads import record_many_read
from tirek.assessment.bank import packages
from tirek.assessment.content_areas import area_name
from tirek.assessment.forms.bank import BankFilter
from tirek.assessment.pages import bank as pages
from tirek.assessment.queries import bank as queries
from tirek.assessment.services.bank import move_item
from tirek.registry import downloads
from tirek.storage import sealed
from tirek_engines.errors import Refusal

ROWS = 25
MOST_EXPORTED = 500
MOST_TOLD = 10
PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


@gate(permission="assessment.manage")
@require_GET
def bank(request: HttpRequest) -> HttpResponse:
    """Which items are there, how often were they used, how hard are they?"""
    form = BankFilter(request.GET or None, areas=queries.areas_in(request.scope))
    chosen = form.cleaned_data if form.is_bound and form.is_valid() else {}
    found = queries.items_in(request.scope, chosen)
    language = pages.language_of(request)
    if kind := request.GET.get("download"):
        return _downloaded(request, found, kind, language)
    page = Paginator(found, ROWS).get_page(request.GET.get("page"))
    return render(request, "assessment/bank/list.html", {
        "form": form, "page": page, "rows": pages.list_rows(page, language), "tabs": pages.tabs("bank"),
        "trail": pages.trail()[:1], "filtered": any(chosen.values()), "filter_query": request.GET.urlencode(),
    })  # fmt: skip


def _downloaded(request: HttpRequest, found, kind: str, language: str) -> HttpResponse:
    if kind == "qti":
        return _package(request, found)
    columns = [
        ("code", _("Code")), ("subject", _("Subject")), ("grade", _("Grade")), ("area", _("Content area")),
        ("kind", _("Kind of answer")), ("state", _("State")), ("version", _("Version")), ("max_score", _("Highest score")),
        ("minutes", _("Minutes")), ("languages", _("Languages")), ("stem", _("Task")), ("tests", _("Tests")),
        ("sheets", _("Answer sheets")), ("last_used", _("Last used")), ("difficulty", _("Difficulty, logits")),
        ("error", _("Standard error")),
    ]  # fmt: skip
    rows = [
        (
            row["item"].code, row["item"].get_subject_display(), row["item"].grade, area_name(row["item"].content_area),
            row["item"].get_kind_display(), row["item"].get_state_display(), row["item"].version_number,
            row["item"].max_score, float(row["item"].minutes), " ".join(row["languages"]), row["stem"],
            row["use"].n_tests, row["use"].n_sheets, row["use"].last.isoformat() if row["use"].last else "",
            row["use"].difficulty, row["use"].difficulty_se,
        )
        for row in pages.list_rows(found, language)
    ]  # fmt: skip
    return downloads.respond("item-bank", kind, columns, rows)


def _package(request: HttpRequest, found) -> HttpResponse:
    """The chosen items (all that are listed, when none is ticked) as QTI 3, with their keys."""
    ticked = [int(pk) for pk in request.GET.getlist("item") if pk.isdigit()]
    items = list((found.filter(pk__in=ticked) if ticked else found)[: MOST_EXPORTED + 1])
    if not items or len(items) > MOST_EXPORTED:
        words = (
            _("No item to take along was found.") if not items else _("At most 500 items fit a package. Choose fewer.")
        )
        messages.error(request, words)
        return redirect("assessment:bank")
    record_many_read(request, rows=len(items), query="items of the bank with their keys, as QTI", export=True)
    versions = queries.versions_by_id(item.version_id for item in items)
    content = packages.package((item, versions[item.version_id]) for item in items)
    response = HttpResponse(content, content_type="application/zip")
    response["Content-Disposition"] = 'attachment; filename="items-qti3.zip"'
    return response


@gate(permission="assessment.manage")
@require_GET
def item(request: HttpRequest, pk: int) -> HttpResponse:
    """An item in three languages, where it was used, and how it came to be so."""
    return _item_page(request, pages.item_or_404(request, pk))


@gate(permission="assessment.manage")
@require_http_methods(["GET", "POST"])
def key(request: HttpRequest, pk: int) -> HttpResponse:
    """The same page with the key; who looked is written down. Coming back to the address shows no key."""
    found = pages.item_or_404(request, pk)
    if request.method == "GET":
        return redirect("assessment:bank_item", pk=pk)
    record_many_read(request, rows=1, query=f"key of the bank's item {found.code}")
    return _item_page(request, found, shows_key=True)


def _item_page(request: HttpRequest, found, *, shows_key: bool = False) -> HttpResponse:
    versions = queries.versions_of(found)
    shown = next((v for v in versions if str(v.number) == request.GET.get("version")), versions[0])
    uses = queries.uses_of(found)
    return render(request, "assessment/bank/item.html", {
        "item": found, "shown": shown, "latest": versions[0], "sides": pages.side_by_side(shown),
        "missing": pages.missing(found, versions[0]), "history": pages.history(versions), "uses": uses,
        "numbers": {version.pk: version.number for version in versions}, "exposure": queries.exposures([found.pk]).get(found.pk),
        "shows_key": shows_key, "may_change": pages.may_change(request, found), "trail": pages.trail(),
        "key_url": reverse("assessment:bank_key", args=[found.pk]),
        "can_do": [(pages.LANGUAGE_NAMES[c], getattr(found, f"can_do_{c}")) for c in pages.LANGUAGES],
    })  # fmt: skip


@gate(permission="assessment.manage")
@require_POST
def move(request: HttpRequest, pk: int) -> HttpResponse:
    """Ready for tests, back to being written, retired, restored."""
    found = pages.item_or_404(request, pk)
    state = request.POST.get("state", "")
    words = {
        "ready": _("The item is ready for tests."),
        "draft": _("The item is being written again."),
        "retired": _("The item is retired. No new test can take it."),
    }
    if state not in words:
        raise Http404
    try:
        move_item(item_id=found.pk, state=state, because=request.POST.get("because", ""))
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, words[state])
    return redirect("assessment:bank_item", pk=found.pk)


@gate(permission="assessment.manage")
@require_POST
def move_all(request: HttpRequest) -> HttpResponse:
    """The same step for all items that are ticked, or for all that the filter finds; what cannot take it is named."""
    state, given = request.POST.get("state", ""), QueryDict(request.POST.get("filter", ""))
    if state not in ("ready", "draft", "retired"):
        raise Http404
    back = reverse("assessment:bank") + (f"?{given.urlencode()}" if given else "")
    items, because = _ticked(request, given), request.POST.get("because", "")
    if state == "retired" and not because.strip():
        messages.error(request, _("Say why the items are retired: those after you will ask."))
        return redirect(back)
    if not items or len(items) > MOST_EXPORTED:
        words = _("Tick items first.") if not items else _("At most 500 items at once. Narrow the list first.")
        messages.error(request, words)
        return redirect(back)
    moved, refused = 0, []
    for found in items:
        try:
            move_item(item_id=found.pk, state=state, because=because)
            moved += 1
        except Refusal as refusal:
            refused.append(f"{found.code}: {refusal.message}")
    if moved:
        words = {"ready": ngettext("%(n)s item is ready for tests.", "%(n)s items are ready for tests.", moved),
                 "draft": ngettext("%(n)s item is being written again.", "%(n)s items are being written again.", moved),
                 "retired": ngettext("%(n)s item is retired.", "%(n)s items are retired.", moved)}  # fmt: skip
        messages.success(request, words[state] % {"n": moved})
    for words in refused[:MOST_TOLD]:
        messages.error(request, words)
    if len(refused) > MOST_TOLD:
        n = len(refused) - MOST_TOLD
        messages.error(
            request, ngettext("%(n)s more item stays as it was.", "%(n)s more items stay as they were.", n) % {"n": n}
        )
    return redirect(back)


def _ticked(request: HttpRequest, given: QueryDict) -> list:
    """Items of the asker's bank: those ticked, or all that his filter finds and that are not in the state already."""
    form = BankFilter(given or None, areas=queries.areas_in(request.scope))
    chosen = form.cleaned_data if form.is_bound and form.is_valid() else {}
    if request.POST.get("all") == "yes":
        return list(queries.items_in(request.scope, chosen).exclude(state=request.POST["state"])[: MOST_EXPORTED + 1])
    ids = [int(pk) for pk in request.POST.getlist("item") if pk.isdigit() and len(pk) < 19]
    return list(queries.items_in(request.scope).filter(pk__in=ids)[: MOST_EXPORTED + 1])


@gate(permission="assessment.manage")
@require_GET
def picture(request: HttpRequest, pk: int, picture_id: int) -> HttpResponse:
    """A picture of an item, to those who may see the item."""
    pages.item_or_404(request, pk)
    found = queries.picture(pk, picture_id)
    if found is None:
        raise Http404
    response = HttpResponse(sealed.read(found.sha256), content_type=found.media_type)
    response["Content-Security-Policy"] = PICTURE_POLICY
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, max-age=3600"
    return response
