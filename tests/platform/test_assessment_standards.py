"""Panels on standards: rounds, refusals, the decision, and what it shows of groups."""

import datetime as dt

import numpy as np
import pytest
from access_world import user_with
from assessment_world import OFFICER, answers_csv, make_test, make_world
from django.test import Client
from django.utils import timezone

from tirek.access.roles import Role, ScopeKind
from tirek.access.scope import acting_as, loading
from tirek.assessment.models import LevelShare, Panel, PanelState, PersonResult
from tirek.assessment.queries import results as queries
from tirek.assessment.refusals import NotAllowed, NotGoodEnough, WrongState
from tirek.assessment.reports import data
from tirek.assessment.services import panels
from tirek.assessment.services.answers import import_answers
from tirek.assessment.services.calibration import calibrate_test
from tirek.assessment.services.publication import publish_results
from tirek.decisions import queries as journal
from tirek.decisions import services as decisions
from tirek.storage import jobs
from tirek.storage.models import Job

pytestmark = pytest.mark.django_db
LEVELS = [{"kk": f"{n}-деңгей", "ru": f"Уровень {n}", "en": f"Level {n}"} for n in (1, 2, 3)]
NOW = timezone.now()


@pytest.fixture(autouse=True)
def demonstration(settings, tmp_path, monkeypatch):
    settings.DEMONSTRATION = True
    monkeypatch.setattr("tirek.storage.sealed.folder", lambda: tmp_path / "sealed")


@pytest.fixture
def world():
    return make_world()


@pytest.fixture
def published(world):
    test = make_test(world)
    with acting_as(OFFICER):
        import_answers(test_id=test.pk, content=answers_csv(world, test), file_name="a.csv")
        calibrate_test(test_id=test.pk, by=None, now=NOW)
        publish_results(test_id=test.pk, by=None, now=NOW)
    return test


def opened(test, method="bookmark") -> Panel:
    return panels.open_panel(test_id=test.pk, method=method, levels=LEVELS, response_probability=0.67, by=None, now=NOW)


def bookmarks(panel: Panel, places: list[tuple[int, int]]) -> None:
    for number, (one, two) in enumerate(places, start=1):
        panels.judge(panel_id=panel.pk, panellist=f"P{number}", values={(1, ""): one, (2, ""): two})


FIRST, SECOND = [(4, 13), (7, 16), (5, 12), (9, 18), (6, 15)], [(5, 14), (7, 15), (6, 14), (7, 16), (6, 15)]


def closed(test) -> Panel:
    panel = opened(test)
    bookmarks(panel, FIRST)
    panels.next_round(panel_id=panel.pk)
    bookmarks(panel, SECOND)
    return panels.close_panel(panel_id=panel.pk, by=None, now=NOW)


def test_bookmarks_in_two_rounds_set_levels_that_can_be_recomputed(published):
    with acting_as(OFFICER):
        panel = closed(published)
        assert panel.state == PanelState.CLOSED
        assert [cut["logits"] for cut in panel.cuts] == sorted(cut["logits"] for cut in panel.cuts)
        assert all(0 < cut["error"] < 0.5 for cut in panel.cuts)
        booklet = journal.table(journal.decision(panel.decision_number), "scale").height
        assert booklet == 20
        assert decisions.verify(panel.decision_number, now=NOW).agrees
        told = journal.explain(panel.decision_number, "1", "cut")
    assert "5 panellists" in told.text


def test_shares_fall_with_the_level_and_small_groups_stay_hidden(published):
    with acting_as(OFFICER):
        panel = closed(published)
    whole = list(panel.shares.filter(dimension="all").order_by("cut"))
    assert whole[0].share > whole[1].share
    assert all(row.low < row.share < row.high for row in whole)
    with loading():
        estimates = np.array(PersonResult.objects.values_list("eap", flat=True))
    assert abs((estimates >= panel.cuts[0]["logits"]).mean() - whole[0].share) < 0.08, (
        "plausible values, near the scores"
    )
    small = LevelShare.objects.filter(panel=panel, dimension="school", code="S7")
    assert {row.suppressed for row in small} == {"small"}
    assert all(row.share is None for row in small)


@pytest.mark.parametrize(
    ("rounds", "places", "code"),
    [
        (1, FIRST, "too_few_rounds"),
        (2, FIRST[:4], "too_few_panellists"),
        (2, [(1, 5), (20, 20), (2, 9), (18, 20), (5, 20)], "panel_disagrees"),
        (2, [(5, 5)] * 5, "levels_meet"),
    ],
)
def test_cut_scores_that_would_not_be_honest_are_refused(published, rounds, places, code):
    with acting_as(OFFICER):
        panel = opened(published)
        for number in range(rounds):
            bookmarks(panel, places)
            if number + 1 < rounds:
                panels.next_round(panel_id=panel.pk)
        with pytest.raises(NotGoodEnough) as refused:
            panels.close_panel(panel_id=panel.pk, by=None, now=NOW)
    assert refused.value.code == code


def test_a_missing_judgement_is_named(published):
    with acting_as(OFFICER):
        panel = opened(published)
        bookmarks(panel, FIRST)
        panels.next_round(panel_id=panel.pk)
        bookmarks(panel, SECOND[:4])
        with pytest.raises(NotGoodEnough, match=r"P5.*round 2"):
            panels.close_panel(panel_id=panel.pk, by=None, now=NOW)
        panels.leave_out(panel_id=panel.pk, panellist="P5")
        with pytest.raises(NotGoodEnough, match="too few"):
            panels.close_panel(panel_id=panel.pk, by=None, now=NOW)


def test_angoff_gives_cuts_where_the_expected_scores_say(published):
    with acting_as(OFFICER):
        panel = opened(published, "angoff")
        scaled = data.scaled_items(data.good_calibration(published))
        rng = np.random.default_rng(4)
        for number in (1, 2):
            for person in range(6):
                values = {}
                for cut, theta in ((1, -0.5), (2, 0.8)):
                    own = scaled.items.expected(np.array([theta + rng.normal(0, 0.1)]))[:, 0]
                    values |= {(cut, name): float(own[j]) for j, name in enumerate(scaled.items.names)}
                panels.judge(panel_id=panel.pk, panellist=f"P{person}", values=values)
            if number == 1:
                panels.next_round(panel_id=panel.pk)
        done = panels.close_panel(panel_id=panel.pk, by=None, now=NOW)
    assert done.cuts[0]["logits"] == pytest.approx(-0.5, abs=0.15)
    assert done.cuts[1]["logits"] == pytest.approx(0.8, abs=0.15)


def test_one_panel_at_a_time_and_none_without_a_calibration(world, published):
    with acting_as(OFFICER):
        opened(published)
        with pytest.raises(WrongState):
            opened(published)
        with pytest.raises(WrongState):
            opened(make_test(world, code="M4-OTHER"))


def test_levels_of_another_calibration_do_not_count(published):
    with acting_as(OFFICER):
        panel = closed(published)
        release = queries.published(published)
        assert data.standards_of(release) is not None
        release.calibration.decision_number = "D-2026-999999"
        assert data.standards_of(release) is None
        assert panel.decision_number


def client_of(role: str, kind: str | None = None, **facts) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user_with(role, kind, **facts), backend="tirek.access.backends.ScopedBackend")
    return client


def text_of(response) -> str:
    assert response.status_code == 200, response.content[-2000:]
    return response.content.decode()


def test_a_panel_by_hand(published):
    client = client_of(Role.REGIONAL_OFFICER, ScopeKind.REGION)
    where = "/assessment/M4-2025/standards/"
    assert "Open a panel" in text_of(client.get(where))
    levels = "\n".join(";".join(level.values()) for level in LEVELS)
    wrong = client.post(where, {"method": "bookmark", "levels": "one;two", "response_probability": "0.67"})
    assert "in three languages" in text_of(wrong)
    client.post(where, {"method": "bookmark", "levels": levels, "response_probability": "0.67"})
    for round_of in (FIRST, SECOND):
        for number, (one, two) in enumerate(round_of, start=1):
            text_of(client.post(where, {"panellist": f"P{number}", "v1_0": one, "v2_1": two}, follow=True))
        page = text_of(client.get(where))
        assert "What these cuts would mean" in page
        assert "of the pupils" in page
        if round_of is FIRST:
            client.post(where + "step/", {"do": "next"})
    assert "How the panel judged in round 1" in page
    assert "page" in text_of(client.get(where + "booklet/")).lower()
    assert "Tick the box" in text_of(client.post(where + "close/", follow=True))
    assert "The levels are set by decision D-" in text_of(
        client.post(where + "close/", {"confirm": "yes"}, follow=True)
    )
    school = text_of(client.get("/assessment/M4-2025/school/10100010/"))
    assert "Which levels do they reach?" in school
    assert "Level 2 or higher" in school
    assert "Level 3 or higher" in text_of(client.get("/assessment/M4-2025/compare/"))


def test_whoever_left_the_page_still_learns_why_the_levels_were_not_set(published, monkeypatch):
    monkeypatch.setattr("tirek.assessment.work.MANY_SHEETS", 10)
    client = client_of(Role.REGIONAL_OFFICER, ScopeKind.REGION)
    where = "/assessment/M4-2025/standards/"
    assert "carried over" not in text_of(client.get(where)), "levels are carried by a publication, not by a panel"
    assert (
        client.post(where, {"method": "carried", "levels": "a;b;c\nd;e;f", "response_probability": "0.67"})
        .context["form"]
        .errors
    )
    levels = "\n".join(";".join(level.values()) for level in LEVELS)
    client.post(where, {"method": "bookmark", "levels": levels, "response_probability": "0.67"})
    for _round in (1, 2):
        for number in (1, 2):
            client.post(where, {"panellist": f"P{number}", "v1_0": 4, "v2_1": 12})
        if _round == 1:
            client.post(where + "step/", {"do": "next"})
    with jobs.inline():
        client.post(where + "close/", {"confirm": "yes"})
    for page in (where, "/assessment/M4-2025/link/", "/assessment/M4-2025/calibration/"):
        assert "too few" in text_of(client.get(page)), page
    with loading():
        Job.objects.update(created_at=timezone.now() - dt.timedelta(days=2))
    assert "too few" not in text_of(client.get(where)), "an old failure is no news"


def test_panels_are_for_those_who_hold_the_test(published):
    assert client_of(Role.SCHOOL_HEAD).get("/assessment/M4-2025/standards/").status_code == 403
    with acting_as(OFFICER.__class__(lo=10_100_010, hi=10_100_010, role="school_head")), pytest.raises(NotAllowed):
        opened(published)
