"""Results: hidden below five, weighed, joined over versions, recomputed; open answers with names covered."""

import numpy as np
import pytest
from survey_world import HEAD, NEIGHBOUR, NOW, OFFICE, SCHOOL, TODAY, answer_all, make, small_form

from tirek.access.roles import Role
from tirek.access.scope import acting_as, loading
from tirek.decisions import queries as decision_queries
from tirek.decisions import services as decisions
from tirek.storage import sealed
from tirek.surveys.forms.definition import read_definition
from tirek.surveys.forms.joining import joined
from tirek.surveys.forms.reading import read_form
from tirek.surveys.models import Round
from tirek.surveys.queries.results import scale_results
from tirek.surveys.queries.texts import COVER, covered
from tirek.surveys.refusals import SurveyRefused
from tirek.surveys.services import results, rounds
from tirek.surveys.views.shown import share_span

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _demonstration(settings):
    settings.DEMONSTRATION = True  # its users sign in without a second factor


def answered(first: int, second: int, **more):
    world = make()
    for org_no, n, value in ((SCHOOL, first, "2"), (NEIGHBOUR, second, "4")):
        for code in world.slips(n, org_no) if n else ():
            answer_all(world, code, s=value, **more)
    return world


def publish(world) -> Round:
    office = world.user(Role.PROGRAMME_OFFICE)
    with acting_as(OFFICE):
        rounds.close_round(round_id=world.round.pk, by=office, now=NOW)
        return results.publish_results(round_id=world.round.pk, by=office, now=NOW)


def test_no_result_before_the_round_is_closed():
    world = answered(6, 6)
    with pytest.raises(SurveyRefused), acting_as(OFFICE):
        results.publish_results(round_id=world.round.pk, by=world.user(Role.PROGRAMME_OFFICE), now=NOW)
    page = world.client(Role.PROGRAMME_OFFICE).get("/surveys/rounds/small-1/results/").content.decode()
    assert "There are no results yet" in page


def test_results_are_given_by_school_and_recomputed():
    world = answered(5, 8)
    found = publish(world)
    with acting_as(OFFICE):
        rows = scale_results([SCHOOL, NEIGHBOUR], TODAY)
    # two statements of 2 and a reversed one of 2, which counts as 4
    assert [(r.org_no, round(r.mean, 3), r.n, r.invited) for r in rows] == [
        (SCHOOL, 2.667, 5, 12),
        (NEIGHBOUR, 3.333, 8, 12),
    ]
    assert [r.low_share for r in rows] == [1.0, 0.0]
    with loading():
        assert decisions.verify(found.result_number, by="test", now=NOW).agrees
    with acting_as(HEAD):
        assert [r.org_no for r in scale_results([SCHOOL, NEIGHBOUR], TODAY)] == [SCHOOL]


def test_four_answers_are_shown_to_nobody():
    world = answered(4, 8)
    found = publish(world)
    with acting_as(OFFICE):
        assert SCHOOL not in {r.org_no for r in scale_results([SCHOOL, NEIGHBOUR], TODAY)}
    page = world.client(Role.SCHOOL_HEAD).get(f"/surveys/rounds/{found.code}/results/")
    assert "Fewer than 5 have answered here" in page.content.decode()
    with loading():
        decision = decision_queries.decision(found.result_number)
        for name in ("questions", "scales", "weights"):
            assert str(SCHOOL) not in str(decision_queries.table(decision, name).to_dicts())


def test_sealed_answers_cannot_be_read_as_they_lie():
    found = publish(answered(5, 5, said="OPEN-WORDS"))
    with loading():
        decision = decision_queries.decision(found.result_number)
    data = sealed.read(decision.inputs["responses"]["sha256"])
    assert not data.startswith(b"PAR1")
    assert b"OPEN-WORDS" not in data


def test_a_withdrawn_result_is_given_to_nobody():
    world = answered(5, 8)
    found = publish(world)
    with loading():
        decisions.withdraw(found.result_number, by=None, now=NOW, because="wrong schools")
    with acting_as(OFFICE):
        assert scale_results([SCHOOL, NEIGHBOUR], TODAY) == []


def test_computed_again_it_supersedes():
    world = answered(5, 8)
    first = publish(world).result_number
    with acting_as(OFFICE):
        second = results.publish_results(round_id=world.round.pk, by=world.user(Role.PROGRAMME_OFFICE), now=NOW)
        assert decision_queries.decision(first).state == "superseded"
        assert {r.org_no for r in scale_results([SCHOOL, NEIGHBOUR], TODAY)} == {SCHOOL, NEIGHBOUR}
    assert second.result_number != first


def test_a_head_sees_the_own_school_beside_the_region_and_no_neighbour():
    world = answered(6, 8)
    found = publish(world)
    client = world.client(Role.SCHOOL_HEAD)
    page = client.get(f"/surveys/rounds/{found.code}/results/").content.decode()
    assert "answered: 6 of 12 invited" in page
    for group in ("school:x", f"school:{NEIGHBOUR}"):
        assert client.get(f"/surveys/rounds/{found.code}/results/?group={group}").status_code == 404
    assert client.get(f"/surveys/rounds/{found.code}/texts/").status_code == 403
    assert client.get(f"/surveys/rounds/{found.code}/answers/").status_code == 403


def test_anonymous_answers_name_no_small_school():
    world = answered(4, 8, said="OPEN-WORDS")
    found = publish(world)
    answer = world.client(Role.PROGRAMME_OFFICE).get(f"/surveys/rounds/{found.code}/answers/?download=csv")
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert len(lines) == 13
    assert "OPEN-WORDS" not in answer.content.decode()
    named = {line.split(",")[0] for line in lines[1:]}
    assert named == {""}  # the small school's, and the other's, from which it would follow


def test_open_answers_are_searched_and_names_are_covered():
    world = answered(5, 5, said="Сұлтанбеков10100010 мырза, 8 701 555 44 33, проектор жоқ")
    found = publish(world)
    client = world.client(Role.PROGRAMME_OFFICE)
    page = client.get(f"/surveys/rounds/{found.code}/texts/?q=ПРОЕКТОР").content.decode()
    assert "проектор жоқ" in page
    assert "555" not in page
    assert "Сұлтанбеков" not in page
    assert "проектор" not in client.get(f"/surveys/rounds/{found.code}/texts/?q=жоқбол").content.decode()


def test_names_with_other_endings_are_covered_and_plain_words_are_not():
    stems = frozenset({"серік", "ахмет"})
    assert covered("Серікке айттым, Ахметов келді, серік бол", stems) == f"{COVER} айттым, {COVER} келді, серік бол"


def test_questions_that_kept_name_and_kind_are_one_and_others_stand_apart():
    first = read_definition(read_form(small_form(), "s.xlsx").xform)
    changed = [{"type": "select_one agree", "name": "mood", "label::English (en)": "Mood"}]
    second = read_definition(read_form(small_form(version="2", extra=changed), "s.xlsx").xform)
    other = [{"type": "integer", "name": "mood", "label::English (en)": "Mood"}]
    third = read_definition(read_form(small_form(version="3", extra=other), "s.xlsx").xform)
    items = {item.key: item.versions for item in joined({1: first, 2: second, 3: third})}
    assert items["s1"] == (1, 2, 3)
    assert items["mood@2"] == (2,)
    assert items["mood@3"] == (3,)


def test_a_part_of_a_larger_group_is_not_read_by_itself():
    """An officer of a district reads no open answers of "all schools": the rest would be a hidden school's."""
    world = make(teachers=((SCHOOL, 12), (NEIGHBOUR, 12)))
    for org_no, n in ((SCHOOL, 5), (NEIGHBOUR, 6)):
        for code in world.slips(n, org_no):
            answer_all(world, code, said="Тақта керек")
    publish(world)
    page = world.client(Role.DISTRICT_OFFICER).get("/surveys/rounds/small-1/texts/").content.decode()
    assert "all:all" not in page
    assert "all:all" in world.client(Role.PROGRAMME_OFFICE).get("/surveys/rounds/small-1/texts/").content.decode()


def test_intervals_of_shares_say_what_is_not_known():
    row = {"value": 0.0, "error": 0.0, "effective": 10.0}
    low, high = share_span(row, is_whole=False)
    assert (low, round(high, 1)) == (0.0, 27.8)  # Wilson, 0 of 10
    assert share_span(row, is_whole=True) is None
    assert share_span({"value": 0.5, "error": 0.0, "effective": 10.0}, is_whole=False) is None
    low, high = share_span({"value": 0.5, "error": 0.1, "effective": 10.0}, is_whole=False)
    assert (round(low, 1), round(high, 1)) == (31.8, 68.2)  # as 25 independent answers


def test_classes_drawn_widen_the_intervals():
    from tirek_engines.surveys.estimates import weighted_mean

    values, ones = np.array([1.0, 2, 3, 4, 5, 1, 2, 3]), np.ones(8)
    place, frame = np.repeat([0, 1], 4), np.array([40, 40])
    plain = weighted_mean(values, ones, place, frame)
    drawn = weighted_mean(values, ones, place, frame, classes=np.array([1, 1]), likeness=0.1)
    assert drawn.mean == plain.mean
    assert drawn.error / plain.error == pytest.approx(1.3**0.5)  # Kish: 1 + (4 - 1) 0.1
    assert plain.effective / drawn.effective == pytest.approx(1.3)
