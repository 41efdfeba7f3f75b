"""The design system, shown with its own components and made-up numbers."""

from __future__ import annotations

import datetime as dt

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from tirek.access.gates import gate

COLOURS = (
    "ground", "ground-soft", "line", "line-strong", "ink", "ink-soft", "action", "sky", "look", "bad", "good", "chart-1",
    "chart-2", "chart-3", "chart-4", "chart-5", "chart-grey",
)  # fmt: skip


class Sample(forms.Form):
    name = forms.CharField(label=_("Name of the room"), help_text=_("As it is written on the door."))
    kind = forms.ChoiceField(label=_("Purpose"), choices=[("a", _("laboratory")), ("b", _("library"))])
    seen = forms.DateField(label=_("Seen on"), widget=forms.DateInput({"type": "date"}), required=False)
    shift = forms.ChoiceField(
        label=_("Shift"), choices=[("1", _("first")), ("2", _("second"))], widget=forms.RadioSelect
    )
    sure = forms.BooleanField(label=_("I have been in the room myself"), required=False)


@gate(public=True)
@require_GET
def design(request: HttpRequest) -> HttpResponse:
    """Every component, with its empty, loading, error, forbidden and too-few states."""
    wrong = Sample({"name": "", "kind": "a", "shift": "1"}, auto_id="wrong_%s")
    context = {
        "colours": COLOURS,
        "form": Sample(auto_id="sample_%s"),
        "wrong": wrong,
        "page": Paginator(range(240), 20).page(3),
        "charts": _charts(),
        "few": {"kind": "bars", "title": _("Nothing to draw yet"), "rows": [{"label": _("School A"), "few": True}]},
        "trail": [(_("Kazakhstan"), "#"), (_("Mangystau Region"), "#")],
        "tabs": [(_("Overview"), "#", True), (_("Rooms"), "#", False), (_("History"), "#", False)],
        "steps": [(_("File"), "done"), (_("Columns"), "now"), (_("Differences"), "later"), (_("Apply"), "later")],
        "events": [
            {"when": "1.04.2024", "what": _("Became a support school"), "who": _("order No. 12"), "now": True},
            {"when": "1.09.2019", "what": _("First known state"), "who": ""},
        ],
        "facts": [(_("Kind"), _("school")), (_("Address"), "")],
        "today": dt.date(2026, 11, 20),
        "day": dt.date(2024, 9, 1),
    }
    return render(request, "site/design.html", context)


def _charts() -> list[dict]:
    places = [("Ақтау", 512, 6, 1840), ("Жаңаөзен", 497, 7, 1210), ("Бейнеу", 481, 9, 640), ("Мұнайлы", 489, 8, 910)]
    bars = [{"label": a, "value": v, "low": v - e, "high": v + e, "n": n} for a, v, e, n in places]
    bars.append({"label": "Түпқараған", "few": True})
    return [
        {
            "kind": "dots", "title": _("Mean result by district"), "rows": bars, "reference": {"value": 500, "label": _("region")},
            "words": _("Aktau is above the region's mean; the other differences lie within the margin of error."),
            "source": _("made-up numbers"), "download": "#",
        },
        {
            "kind": "bars", "title": _("Rooms ready, of those planned"), "unit": "%", "rows": [
                {"label": a, "value": v, "low": v - 6, "high": v + 5} for a, v in (("Ақтау", 72), ("Бейнеу", 41), ("Қарақия", 18))
            ],
        },
        {
            "kind": "distribution", "title": _("How the results are spread"), "x_label": _("points"),
            "bins": [{"from": 300 + 20 * i, "to": 320 + 20 * i, "count": n} for i, n in enumerate((4, 9, 22, 51, 88, 130, 171, 190, 182, 140, 101, 66, 38, 19, 8, 3))],
            "marks": [{"value": 489, "label": _("this school 489")}, {"value": 500, "label": _("region 500")}],
        },
        {
            "kind": "lines", "title": _("Urban and rural over the years"), "series": [
                {"label": _("urban"), "points": [{"label": str(y), "value": v, "low": v - 4, "high": v + 4} for y, v in ((2023, 504), (2024, 508), (2025, 511), (2026, 514))]},
                {"label": _("rural"), "points": [{"label": str(y), "value": v, "low": v - 5, "high": v + 5} for y, v in ((2023, 478), (2024, 479), (2025, 487), (2026, 493))]},
            ],
        },
        {
            "kind": "item_map", "title": _("Pupils and questions on one scale"), "x_label": _("logits"), "decimals": 1,
            "bins": [{"from": -3 + 0.5 * i, "to": -2.5 + 0.5 * i, "count": n} for i, n in enumerate((2, 6, 14, 30, 44, 52, 47, 33, 20, 9, 4, 1))],
            "items": [{"label": f"M{i:02d}", "value": v} for i, v in enumerate((-2.1, -1.6, -1.2, -1.1, -0.7, -0.4, -0.4, 0, 0.1, 0.4, 0.8, 0.9, 1.3, 1.9))],
        },
        {
            "kind": "strip", "title": _("How sure the league is"), "rows": [
                {"label": _("College A"), "parts": [{"label": "I", "share": 0.81}, {"label": "II", "share": 0.17}, {"label": "III", "share": 0.02}]},
                {"label": _("College B"), "parts": [{"label": "I", "share": 0.24}, {"label": "II", "share": 0.58}, {"label": "III", "share": 0.18}]},
            ],
        },
    ]  # fmt: skip
