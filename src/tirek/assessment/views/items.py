"""How single items behave, whether they are fair, and where the test measures."""

from __future__ import annotations

from typing import Any

import polars as pl
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tirek.access.gates import gate
from tirek.assessment import leaving_out
from tirek.assessment.pages import item_charts, present
from tirek.assessment.queries import items as item_queries
from tirek.assessment.queries import results as queries
from tirek.assessment.services.calibration import calibration_job, check_removed
from tirek.assessment.views.tests import held_or_404, tabs, trail
from tirek.registry import downloads
from tirek.storage import jobs
from tirek_engines.errors import Refusal


def _page(request: HttpRequest, code: str) -> tuple[Any, Any, dict]:
    """The test, its calibration, and what every page here shows; nobody but those who hold the test sees its items."""
    found = held_or_404(request, code)
    calibration = queries.current_calibration(found)
    steps = [*trail(found), (_("Calibration"), reverse("assessment:calibration", args=[code]))]
    return found, calibration, {
        "test": found, "title": queries.title_of(found), "trail": steps, "tabs": tabs(found, request, "calibration"),
    }  # fmt: skip


@gate(permission="assessment.manage")
@require_GET
def item(request: HttpRequest, code: str, item: str) -> HttpResponse:
    """One item: its curves with what was observed on them, its parameters, fit, options and fairness."""
    found, calibration, context = _page(request, code)
    estimate = item_queries.estimate_of(calibration, item) if calibration else None
    if calibration is None or estimate is None:
        raise Http404
    before, after = item_queries.neighbours(calibration, item)
    context |= {"estimate": estimate, "item": estimate.item, "before": before, "after": after,
                "why": present.dropped_words(estimate.dropped_because),
                "may_remove": found.state != "published"}  # fmt: skip
    if not estimate.dropped_because:
        tables = item_queries.tables_of(calibration)
        context |= _drawn(tables, item) | {"options": item_queries.options_of(found, calibration, estimate)}
    return render(request, "assessment/items/item.html", context)


def _drawn(tables: item_queries.Tables, item: str) -> dict:
    row = tables.parameters.filter(pl.col("item") == item).to_dicts()[0]
    steps = tables.items.take([tables.items.names.index(item)]).difficulties[0]
    return {
        "curves": item_charts.item_curves(tables, item),
        "information": item_charts.item_information(tables, item),
        "row": row,
        "steps": [{"step": k, "difficulty": float(d)} for k, d in enumerate(steps, start=1) if d == d],
        "dif": [_dif_row(r) for r in tables.dif.filter(pl.col("item") == item).to_dicts()],
    }


def _dif_row(row: dict) -> dict:
    known = row["effect"] is not None and row["effect"] == row["effect"]
    return row | {
        "focal_name": item_charts.group_name(row["by"], row["focal"]),
        "reference_name": item_charts.group_name(row["by"], row["reference"]),
        "known": known and bool(row["class"]),
        "words": present.dif_words(row["class"]),
    }


@gate(permission="assessment.manage")
@require_GET
def fairness(request: HttpRequest, code: str) -> HttpResponse:
    """Is any item easier for one group than for another of the same ability?"""
    found, calibration, context = _page(request, code)
    if calibration is None or not calibration.fit.get("n_items"):
        return redirect("assessment:calibration", code=code)
    table = item_queries.tables_of(calibration).dif
    if request.GET.get("download"):
        columns = [
            ("by", _("By")), ("focal", _("First group")), ("reference", _("Second group")), ("item", _("Item")),
            ("effect", _("Difference, ETS delta")), ("se", _("Standard error")), ("p", "p"), ("class", _("Class")),
            ("n_focal", _("Pupils of the first group")), ("n_reference", _("Pupils of the second group")),
        ]  # fmt: skip
        rows = [tuple(None if v != v else v for v in row) for row in table.iter_rows()]
        return downloads.respond(f"{found.code}-fairness", request.GET["download"], columns, rows)
    parts = []
    for (by, focal), part in table.group_by(["by", "focal"], maintain_order=True):
        rows = part.to_dicts()
        large = [_dif_row(row) for row in rows if row["class"] == item_charts.C]
        parts.append({"name": item_charts.by_names()[str(by)], "chart": item_charts.differences(rows, str(by)),
                      "large": large, "id": f"{by}-{focal}"})  # fmt: skip
    return render(request, "assessment/items/fairness.html", context | {"parts": parts})


@gate(permission="assessment.manage")
@require_GET
def information(request: HttpRequest, code: str) -> HttpResponse:
    """Where on the scale does the test measure well, and are the pupils there?"""
    found, calibration, context = _page(request, code)
    if calibration is None or not calibration.fit.get("n_items"):
        return redirect("assessment:calibration", code=code)
    tables = item_queries.tables_of(calibration)
    booklets = item_queries.booklet_places(found, tables)
    chart = item_charts.test_information(tables, item_queries.abilities(calibration), booklets)
    pairs = tables.dependence.head(20).to_dicts()
    return render(request, "assessment/items/information.html", context | {"chart": chart, "pairs": pairs})


@gate(permission="assessment.manage")
@require_POST
def remove(request: HttpRequest, code: str) -> HttpResponse:
    """Take an item out, or put it back: the test is calibrated anew without it."""
    found = held_or_404(request, code)
    current = queries.current_calibration(found)
    out = {row["item"]: row["because"] for row in current.removed} if current else {}
    chosen = request.POST.get("item", "")
    if request.POST.get("do") == "back":
        out.pop(chosen, None)
    else:
        out[chosen] = leaving_out.told(request.POST.get("reason", ""), request.POST.get("because", ""))
    try:
        kept = check_removed(test_id=found.pk, removed=out)
        title = _("Calibration of %(test)s") % {"test": queries.title_of(found)}
        jobs.start_once(calibration_job, title=title, test_id=found.pk, removed=kept)
    except Refusal as refusal:
        messages.error(request, refusal.message)
    return redirect("assessment:calibration", code=code)
