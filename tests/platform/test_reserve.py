"""The leaders' reserve: marks, the decision and its proof, appointment, mentoring, who sees whom."""

import datetime as dt

import pytest
from cpd_world import NOW, SCHOOLS, World, client_of
from practice_world import LATER, VISIT, decided, held, mark, marked, offer, practice, publish, refused, state_of

from tirek.access.scope import acting_as, loading
from tirek.cpd.models import Candidate, Mark
from tirek.cpd.queries import reserve as reserves
from tirek.cpd.services import reserve, reserve_following, visits
from tirek.decisions import queries as journal
from tirek.decisions import services as decisions
from tirek.registry.models import Employment

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def without_second_factor(settings):
    settings.DEMONSTRATION = True


@pytest.fixture
def world() -> World:
    return practice()


@pytest.fixture
def competition(world) -> World:
    return held(world)


def test_the_decision_admits_explains_and_can_be_verified(competition):
    decision = decided(competition)
    assert {n: state_of(competition, n) for n in ("kem", "lena", "mira", "ana")} == {
        "kem": "reserve", "lena": "not_admitted", "mira": "not_admitted", "ana": "not_eligible",
    }  # fmt: skip
    with competition.acting("region"):
        rows = {row["subject"]: row for row in journal.outcome_rows(journal.table(decision, "outcomes"))}
        codes = {n: Candidate.objects.get(person=competition.people[n]).code for n in ("kem", "lena", "mira", "ana")}
        assert {n: rows[code]["reason"] for n, code in codes.items()} == {
            "kem": "admitted", "lena": "places_over", "mira": "minimum_defence", "ana": "not_eligible",
        } or rows[codes["mira"]]["reason"] == "minimum_application"  # fmt: skip
        assert rows[codes["kem"]]["numbers"]["points"] == 8500
        assert rows[codes["lena"]]["numbers"]["last_points"] == 8500
        assert decisions.verify(decision.number, by=None, now=LATER).agrees
    with competition.acting("first") as first, refused("decided"):
        reserve.give_mark(
            candidate=codes["kem"], stage="defence", points=1, reason="Too late for it.", by=first, now=LATER
        )


def test_a_mark_changed_after_the_draft_stops_the_publication(competition):
    marked(competition, {"kem": (90, 80), "lena": (70, 75), "mira": (95, 90)})
    with competition.acting("office") as office:
        draft = reserve.prepare(code="leaders", by=office, now=LATER)
    mark(competition, "first", "lena", "defence", 100)
    with competition.acting("region") as region, pytest.raises(decisions.InputsMoved):
        reserve.publish(number=draft.number, by=region, now=LATER)
    assert state_of(competition, "mira") == "applied"


def test_commissioners_judge_independently_and_never_a_colleague(competition):
    mark(competition, "first", "kem", "defence", 90)
    with competition.acting("second"):
        me = reserves.my_commissions(competition.users["second"].pk)[0]
        assert all(m is None for row in reserves.to_mark(me) for _s, _t, m in row["stages"])
    with competition.acting("kem"):
        assert not Mark.objects.exists()
    page = client_of(competition, "second").get("/growth/reserve/marks/leaders/").content.decode()
    assert "Clear and can be done." not in page
    with competition.acting("lena") as lena, refused("not_there"):
        reserve.give_mark(candidate="K-1", stage="defence", points=9, reason="I am no judge.", by=lena, now=NOW)
    with loading():
        from tirek.cpd.models import Commissioner

        Commissioner.objects.filter(user_id=competition.users["first"].pk).update(school_no=SCHOOLS["A"])
    with refused("same_school"):
        mark(competition, "first", "kem", "application", 99)


def test_appointment_changes_the_register_with_its_period_and_mentoring_goes_its_way(competition):
    decided(competition)
    with loading():
        code = Candidate.objects.get(person=competition.people["kem"]).code
        other = Candidate.objects.get(person=competition.people["lena"]).code
    day = LATER.date()
    given = {"institution_code": "S-B", "position": "head", "from_date": day, "act": "No. 5", "now": LATER}
    with competition.acting("region") as region:
        with refused("not_in_reserve"):
            reserve_following.appoint(code=other, by=region, **given)
        made = reserve_following.appoint(code=code, by=region, **given)
    with loading():
        works = Employment.objects.filter(person=competition.people["kem"]).order_by("valid")
        assert [(w.org_no, w.position, w.valid.lower, w.valid.upper) for w in works] == [
            (SCHOOLS["A"], "teacher", dt.date(2010, 8, 25), day), (SCHOOLS["B"], "head", day, None),
        ]  # fmt: skip
        assert made.employment_id == works[1].pk
    assert state_of(competition, "kem") == "appointed"
    with competition.acting("office") as office:
        reserve_following.begin_mentoring(
            code=code, username="dana", plan="A meeting each month, one visit each quarter.", starts_on=day, by=office,
            now=LATER,
        )  # fmt: skip
    with competition.acting("dana") as dana:
        with refused("no_meeting"):
            reserve_following.close_mentoring(code=code, note="It went well, the team grew.", by=dana, now=LATER)
        reserve_following.record_meeting(code=code, day=day, note="The timetable and the team.", by=dana, now=LATER)
        reserve_following.close_mentoring(code=code, note="It went well, the team grew.", by=dana, now=LATER)
    with competition.acting("erik") as erik, refused("not_there"):
        reserve_following.record_meeting(code=code, day=day, note="Nothing to do with me.", by=erik, now=LATER)


def test_every_page_opens_for_who_may_and_files_come_out(competition):
    lesson = publish(competition, offer(competition))
    again = offer(competition, "bek")
    with competition.acting("head") as head:
        visit = visits.announce(facts=VISIT, by=head, now=NOW)
    decided(competition)
    with loading():
        code = Candidate.objects.get(person=competition.people["kem"]).code
    paths = {
        "office": ["lessons/", "lessons/?subject=mathematics&grade=5&topic=mathematics", "lessons/?download=xlsx",
                   "lessons/reviews/", f"lessons/reviews/{again.code}/", f"lessons/{lesson.code}/", "resources/new/",
                   "resources/import/", "resources/import/template.xlsx", "reserve/", "reserve/new/", "reserve/?download=csv",
                   "reserve/competitions/leaders/", f"reserve/candidates/{code}/", "awards/", "awards/kinds/new/",
                   f"open-lessons/{visit.code}/"],
        "ana": ["lessons/mine/", "lessons/offer/", f"lessons/{lesson.code}/new-version/", "open-lessons/",
                "open-lessons/?past=on", f"open-lessons/{visit.code}/", "reserve/", "reserve/mentoring/", "mine/",
                f"lessons/{lesson.code}/versions/1/"],
        "head": ["open-lessons/new/", "awards/nominate/", f"open-lessons/{visit.code}/", "open-lessons/?near=on"],
        "region": ["reserve/competitions/leaders/", f"reserve/candidates/{code}/"],
        "first": ["reserve/marks/"],
    }  # fmt: skip
    for name, found in paths.items():
        client = client_of(competition, name)
        for path in found:
            assert client.get(f"/growth/{path}").status_code == 200, (name, path)
    assert client_of(competition, "erik").get(f"/growth/reserve/candidates/{code}/").status_code == 404
    page = client_of(competition, "kem").get(f"/growth/reserve/candidates/{code}/").content.decode()
    assert "Admitted to the reserve: rank 1" in page


def test_the_database_keeps_a_stranger_out_of_candidates(competition):
    with acting_as(competition.scopes["other_head"]):
        assert {c.org_no for c in Candidate.objects.all()} <= {SCHOOLS["C"]}
