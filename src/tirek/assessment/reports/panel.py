"""What a panel is shown between rounds: how it judged, and what its cuts would mean for pupils."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from django.utils.translation import gettext as _

from tirek.access.scope import loading
from tirek.assessment.models import Calibration, Panel, PanelMethod, PanelRating
from tirek.assessment.reports import data
from tirek.assessment.reports.sections import decimal, dots, percent
from tirek.decisions import queries as journal
from tirek_engines.assessment.standards import Page, ordered_booklet, theta_of_raw
from tirek_engines.errors import Refusal


@dataclass(frozen=True)
class Round:
    """One round in words and rows."""

    number: int
    rows: list[list[str]]
    columns: list[str]
    charts: list[dict]
    impact: list[tuple[str, str]]


def pages_of(panel: Panel, scaled: data.Scaled) -> list[dict]:
    """The ordered item booklet: easiest first, one page a step."""
    booklet = ordered_booklet(scaled.items, response_probability=panel.response_probability)
    tasks = {task.code: task for task in scaled.tasks}
    return [
        {"page": n, "code": page.item, "step": page.step if tasks[page.item].max_score > 1 else None,
         "location": decimal(page.location), "area": tasks[page.item].area, "words": tasks[page.item].words_for_holder}
        for n, page in enumerate(booklet, start=1)
    ]  # fmt: skip


def rounds_of(panel: Panel, scaled: data.Scaled, calibration: Calibration) -> list[Round]:
    """Every round in which somebody has judged, the latest first."""
    booklet = ordered_booklet(scaled.items, response_probability=panel.response_probability)
    found: dict[int, dict[str, dict]] = {}
    for row in PanelRating.objects.filter(panel=panel).select_related("item").order_by("panellist"):
        own = found.setdefault(row.round, {}).setdefault(row.panellist, {})
        own[row.cut, row.item.code if row.item else ""] = row.value
    bands = _bands(calibration)
    return [_round(panel, number, found[number], booklet, scaled, bands) for number in sorted(found, reverse=True)]


def _round(panel: Panel, number: int, judged: dict, booklet: tuple[Page, ...], scaled: data.Scaled, bands) -> Round:
    names = data.level_names(panel)[1:]
    cuts = {person: _cuts_of(panel, values, booklet, scaled) for person, values in judged.items()}
    rows = [[person, *(decimal(cut) for cut in own)] for person, own in cuts.items()]
    table = np.array(list(cuts.values()), dtype=np.float64)
    take = np.nanmedian if panel.method == PanelMethod.BOOKMARK else np.nanmean
    middle = [float(take(table[:, k])) if np.isfinite(table[:, k]).any() else float("nan") for k in range(len(names))]
    rows.append([_("The panel"), *(decimal(cut) for cut in middle)])
    charts = [
        dots(
            _("Round %(round)s: %(level)s") % {"round": number, "level": level},
            _("Each dot is one panellist’s cut, in logits; the mark is the panel’s."),
            [{"label": person, "value": own[k]} for person, own in cuts.items() if np.isfinite(own[k])],
            _("Panellist"), _("Cut, logits"), decimals=2, tick_decimals=2,
            reference={"value": middle[k], "label": _("the panel")},
        )
        for k, level in enumerate(names) if np.isfinite(table[:, k]).any()
    ]  # fmt: skip
    impact = [
        (_("%(level)s or higher") % {"level": level}, percent(_above(bands, middle[k])))
        for k, level in enumerate(names)
    ]
    return Round(number, rows, [_("Panellist"), *names], charts, impact)


def _cuts_of(panel: Panel, values: dict, booklet: tuple[Page, ...], scaled: data.Scaled) -> list[float]:
    out = []
    for cut in range(1, len(panel.levels)):
        try:
            if panel.method == PanelMethod.BOOKMARK:
                out.append(booklet[int(values[cut, ""]) - 1].location)
            else:
                out.append(theta_of_raw(scaled.items, sum(values[cut, name] for name in scaled.items.names)))
        except (KeyError, IndexError, Refusal):
            out.append(float("nan"))
    return out


def _bands(calibration: Calibration) -> tuple[pl.DataFrame, dict]:
    """Shares of pupils in bands of points, and the scale, from the results that the calibration gives."""
    with loading():
        decision = journal.decision(calibration.results_number)
        return journal.table(decision, "distribution"), decision.summary["scale"]


def _above(bands: tuple[pl.DataFrame, dict], cut: float) -> float:
    """Share of pupils at or above a cut, evenly spread within each band: near enough to talk about."""
    table, scale = bands
    if not np.isfinite(cut) or table.is_empty():
        return float("nan")
    points = scale["centre"] + scale["spread"] * (cut - scale["origin"]) / scale["unit"]
    low = table["from"].to_numpy().astype(np.float64)
    width = float(np.diff(low).min()) if low.size > 1 else 20.0
    shares = table["share"].to_numpy()
    return float((shares * np.clip((low + width - points) / width, 0.0, 1.0)).sum() / shares.sum())
