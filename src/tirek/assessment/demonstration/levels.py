"""Levels for the demonstration: six made-up panellists set two cuts in two rounds, by the very steps of the pages."""

from __future__ import annotations

from datetime import datetime

from tirek.access.scope import loading
from tirek.assessment.models import Panel, PanelMethod, PanelState, Test, TestState
from tirek.assessment.reports import data
from tirek.assessment.reports import panel as feedback
from tirek.assessment.services import panels
from tirek_engines.errors import Refusal

LEVELS = (
    {"kk": "Базалықтан төмен", "ru": "Ниже базового", "en": "Below basic"},
    {"kk": "Базалық", "ru": "Базовый", "en": "Basic"},
    {"kk": "Жоғары", "ru": "Высокий", "en": "High"},
)
RESPONSE_PROBABILITY = 2 / 3
PLACES = (0.30, 0.72)
"""How far into the ordered booklet the two bookmarks lie."""
APART = ((-4, 3, -2, 5, 0, -3), (-1, 1, 0, 2, 0, -1))
"""By how many pages each panellist differs, in the first round and after the discussion."""


def demonstrate_levels(test: Test, now: datetime) -> Panel | None:
    """The panel with its levels; the one that is there is left as it is."""
    with loading():
        test.refresh_from_db()
        found = Panel.objects.filter(test=test).exclude(state=PanelState.DISCARDED).first()
        calibration = data.good_calibration(test)
        if found is not None or calibration is None or test.state != TestState.PUBLISHED:
            return found
        panel = panels.open_panel(
            test_id=test.pk, method=PanelMethod.BOOKMARK, levels=LEVELS, response_probability=RESPONSE_PROBABILITY, by=None,
            now=now,
        )  # fmt: skip
        n_pages = len(feedback.pages_of(panel, data.scaled_items(calibration)))
        for number, apart in enumerate(APART):
            if number:
                panels.next_round(panel_id=panel.pk)
            for person, pages in enumerate(apart, start=1):
                values = {
                    (cut, ""): float(min(max(round(place * n_pages) + pages, 1), n_pages))
                    for cut, place in enumerate(PLACES, start=1)
                }
                panels.judge(panel_id=panel.pk, panellist=f"P{person}", values=values)
        try:
            return panels.close_panel(panel_id=panel.pk, by=None, now=now)
        except Refusal:  # so few items that the two bookmarks meet
            panels.give_up(panel_id=panel.pk, now=now)
            return None
