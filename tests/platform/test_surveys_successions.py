"""A school merged while a questionnaire is out: posters work, answers count once, for the school that goes on."""

import datetime as dt

import pytest
from django.test import Client
from survey_world import NEIGHBOUR, NOW, OFFICE, SCHOOL, TODAY, answer_all, make

from tirek.access.roles import Role
from tirek.access.scope import Scope, acting_as, loading
from tirek.decisions import queries as decisions
from tirek.decisions import services as decision_services
from tirek.registry.models import Institution
from tirek.registry.services import succession
from tirek.surveys.models import AccessCode, Response, RoundSchool, RoundStep
from tirek.surveys.queries.successors import going_on_in
from tirek.surveys.services import results, rounds, successions

pytestmark = pytest.mark.django_db
ALL = Scope(lo=0, hi=2_147_483_647, role=Role.ADMINISTRATOR)


def pk(org_no: int) -> int:
    with loading():
        return Institution.objects.get(org_no=org_no).pk


def merge(before: int = SCHOOL, after: int = NEIGHBOUR, on: dt.date = TODAY) -> None:
    with acting_as(ALL):
        succession.merge(before_ids=[pk(before)], after_id=pk(after), on=on, act="", by=ALL, now=NOW)


def follow(now=NOW) -> int:
    return successions.follow_successions(by=None, now=now)


def published(world):
    office = world.user(Role.PROGRAMME_OFFICE)
    with acting_as(OFFICE):
        rounds.close_round(round_id=world.round.pk, by=office, now=NOW)
        found = results.publish_results(round_id=world.round.pk, by=office, now=NOW)
    with loading():
        return decisions.decision(found.result_number)


def test_a_school_that_is_not_in_the_round_takes_the_place_with_its_links():
    world = make(teachers=((SCHOOL, 12),))
    slips, poster = world.slips(6), world.poster()
    for code in slips[:5]:
        answer_all(world, code)
    merge()
    assert follow() == 1
    assert follow() == 0
    with loading():
        row = RoundSchool.objects.get()
        assert row.org_no == NEIGHBOUR
        assert set(AccessCode.objects.values_list("org_no", flat=True)) == {NEIGHBOUR}
        assert RoundStep.objects.filter(kind="succession").count() == 1
    assert Client().get(poster).status_code == 200  # the poster on the wall opens it still
    answer_all(world, slips[5])
    with loading():
        assert set(Response.objects.values_list("org_no", flat=True)) == {SCHOOL, NEIGHBOUR}
    decision = published(world)
    with loading():
        frame = decisions.table(decision, "frame")
        assert frame.select("org_no", "frame", "invited").rows() == [(NEIGHBOUR, 12, 12)]
        outcomes = decisions.outcome_rows(decisions.table(decision, "outcomes"))
        assert [o["numbers"]["finished"] for o in outcomes if o["subject_kind"] == "school"] == [6]
        assert decision_services.verify(decision.number, by="test", now=NOW).agrees


def test_two_schools_of_the_round_are_counted_together():
    world = make()
    for org_no in (SCHOOL, NEIGHBOUR):
        for code in world.slips(5, org_no):
            answer_all(world, code)
    merge()
    assert follow() == 0
    assert Client().get(world.poster(SCHOOL)).status_code == 200
    decision = published(world)
    with loading():
        assert decisions.table(decision, "frame").select("org_no", "frame", "invited").rows() == [(NEIGHBOUR, 24, 24)]


def test_a_planned_round_asks_the_school_that_takes_over_once():
    world = make(open_it=False)
    merge()
    assert follow() == 1
    office = world.user(Role.PROGRAMME_OFFICE)
    with acting_as(OFFICE):
        rounds.open_round(round_id=world.round.pk, by=office, now=NOW)
    with loading():
        assert [(row.org_no, row.invited) for row in RoundSchool.objects.all()] == [(NEIGHBOUR, 24)]


def test_a_merger_after_the_closing_day_changes_nothing():
    world = make()
    for code in world.slips(5):
        answer_all(world, code)
    merge(on=TODAY + dt.timedelta(days=2))
    decision = published(world)
    with loading():
        assert sorted(decisions.table(decision, "frame")["org_no"].to_list()) == [SCHOOL, NEIGHBOUR]


def test_a_chain_ends_and_a_circle_too():
    make()
    merge()
    with loading():
        assert going_on_in([SCHOOL, NEIGHBOUR], TODAY) == {SCHOOL: NEIGHBOUR, NEIGHBOUR: NEIGHBOUR}
        assert going_on_in([SCHOOL], TODAY - dt.timedelta(days=1)) == {SCHOOL: SCHOOL}
