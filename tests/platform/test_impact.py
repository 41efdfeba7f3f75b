"""Did it work: from published results to a sealed result, and what may be said when the design breaks."""

from __future__ import annotations

import datetime as dt

import pytest
from assessment_world import OFFICER
from impact_region import BEGINS, CHOSEN, MATHEMATICS, MAY, exit_test, make_region

from tirek.access.scope import acting_as
from tirek.decisions import queries as journal
from tirek.decisions.services import verify
from tirek.programmes.queries import impact as queries
from tirek.programmes.services.impact import choose_comparison, estimate_impact, publish_impact

pytestmark = pytest.mark.django_db


def chosen(programme, now=CHOSEN, publish=True):
    with acting_as(OFFICER):
        made = choose_comparison(
            slug=programme.slug, outcome=MATHEMATICS, begins=BEGINS, question="Does it raise results?", by=None, now=now
        )
        return publish_impact(slug=programme.slug, number=made.number, by=None, now=now) if publish else made


def estimated(programme, publish=True):
    with acting_as(OFFICER):
        made = estimate_impact(slug=programme.slug, outcome=MATHEMATICS, by=None, now=MAY)
        return publish_impact(slug=programme.slug, number=made.number, by=None, now=MAY) if publish else made


def reasons(decision) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in queries.school_outcomes(decision):
        found[row["reason"]] = found.get(row["reason"], 0) + 1
    return found


class TestFromChoiceToResult:
    def test_the_known_effect_lies_inside_the_interval(self):
        world, programme = make_region()
        choice = chosen(programme)
        assert choice.summary["treated"] == 8
        assert sum(reasons(choice).values()) == len(world.schools)
        exit_test(world, programme)
        result = estimated(programme)
        facts = result.summary
        assert facts["low"] < facts["high"]
        assert facts["low"] > 20  # an effect of one logit is far from nothing
        assert facts["waves_apart"] == 0
        waves = queries.table(result, "waves")
        assert waves["linked"].to_list() == [False, False, True, True]
        assert waves["link_se"][3] > 0
        assert facts["low"] <= facts["low_without_link"]
        assert facts["chosen_before"] == (dt.date(2026, 5, 10) - dt.date(2025, 11, 1)).days
        counted = reasons(result)
        assert counted["counted"] == choice.summary["matched"]
        assert sum(counted.values()) == len(world.schools)
        for number in (choice.number, result.number):
            assert verify(number, now=MAY).agrees
        school = next(row for row in queries.school_outcomes(result) if row["reason"] == "counted")
        with acting_as(OFFICER):
            told = journal.explain(result.number, school["subject"])
        assert "Took part: from" in told.text
