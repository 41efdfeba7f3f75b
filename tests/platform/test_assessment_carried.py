"""Levels set on a test hold on every test that is linked to it, and what was printed before is revoked."""

import math

import polars as pl
import pytest
from assessment_world import OFFICER, make_world
from linked_world import NOW, base_of, later_of
from test_assessment_standards import FIRST, SECOND, bookmarks, opened

from tirek.access.scope import acting_as, loading
from tirek.assessment.models import LevelShare, Panel, PanelState, PersonResult, Release, ReportGiven
from tirek.assessment.refusals import WrongState
from tirek.assessment.reports import data
from tirek.assessment.reports.sections import Report
from tirek.assessment.services import panels
from tirek.assessment.services.linking import link_test
from tirek.assessment.services.publication import publish_results, withdraw
from tirek.assessment.services.reports import give_out
from tirek.decisions import queries as journal
from tirek.decisions.models import Decision
from tirek.decisions.services import verify
from tirek.documents.models import Document

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def sealed_apart(tmp_path, monkeypatch):
    monkeypatch.setattr("tirek.storage.sealed.folder", lambda: tmp_path / "sealed")


@pytest.fixture
def world():
    return make_world()


def levels_on(test, second=SECOND) -> Panel:
    panel = opened(test)
    bookmarks(panel, FIRST)
    panels.next_round(panel_id=panel.pk)
    bookmarks(panel, second)
    return panels.close_panel(panel_id=panel.pk, by=None, now=NOW)


def linked(base, test) -> Release:
    link_test(test_id=test.pk, base_id=base.pk, matched_by="code", by=None, now=NOW)
    return publish_results(test_id=test.pk, by=None, now=NOW)


def printed(release: Release) -> Document:
    org_no = release.org_lo + 100_010
    report = Report("Title", "Subtitle", "500", "", [])
    return give_out(report, base_address="https://x", by=None, now=NOW, org_no=org_no, release=release)


def test_levels_hold_on_the_linked_test_and_the_decision_says_so(world):
    base, test = base_of(world), later_of(world)
    with acting_as(OFFICER):
        origin = levels_on(base)
        release = linked(base, test)
        carried = Panel.objects.get(test=test)
        assert (carried.method, carried.carried_from_id, carried.state) == ("carried", origin.pk, PanelState.CLOSED)
        link, theta = release.link, (origin.cuts[0]["logits"] - release.link.intercept) / release.link.slope
        assert carried.cuts[0]["logits"] == pytest.approx(theta, abs=1e-4)
        assert carried.cuts[0]["error"] == pytest.approx(
            math.hypot(origin.cuts[0]["error"], at(link, theta)) / link.slope, rel=0.02
        )
        assert verify(carried.decision_number, now=NOW).agrees
        told = journal.explain(carried.decision_number, "1", "cut")
        assert "carried over by the common items" in told.texts["en"]
        assert len(set(told.texts.values())) == 3
        decision = journal.decision(carried.decision_number)
        assert decision.parameters["carried_from"] == origin.decision_number
        assert decision.parameters["link"] == link.decision_number
        shares = [LevelShare.objects.get(panel=p, dimension="all", cut=1).share for p in (origin, carried)]
        assert shares[1] > shares[0] + 0.05, "half a logit of growth: more of them reach the level"
        standards = data.standards_of(release)
        assert standards is not None
        with loading():
            reached = pl.Series(list(PersonResult.objects.filter(release=release).values_list("eap", flat=True)))
        assert (reached >= standards.cuts[0]).mean() == pytest.approx(shares[1], abs=0.1)


def at(link, theta: float) -> float:
    """Error of the link at a place, from its covariance where it was jackknifed."""
    if link.slope_se is None or not link.slope_se:
        return link.error
    return math.sqrt((link.slope_se * theta) ** 2 + 2 * theta * (link.covariance or 0.0) + link.intercept_se**2)


def test_levels_set_after_the_link_are_carried_over_and_replace_those_before(world):
    base, test = base_of(world), later_of(world)
    with acting_as(OFFICER):
        first = levels_on(base)
        release = linked(base, test)
        before, document = Panel.objects.get(test=test), printed(release)
        base_document = printed(Release.objects.get(test=base))
        second = levels_on(base, second=[(a + 1, b + 1) for a, b in SECOND])
        states = dict(Panel.objects.values_list("pk", "state"))
        assert states[first.pk] == states[before.pk] == PanelState.SUPERSEDED
        after = Panel.objects.get(test=test, state=PanelState.CLOSED)
        assert after.carried_from_id == second.pk
        assert Decision.objects.get(number=before.decision_number).state == "superseded"
        assert data.standards_of(release).panel.pk == after.pk
        for shown, panel in ((document, after), (base_document, second)):
            shown.refresh_from_db()
            assert shown.revoked_at is not None
            assert panel.decision_number in shown.revoked_reason


def test_a_panel_of_the_tests_own_is_not_replaced_by_a_carried_one(world):
    base, test = base_of(world), later_of(world)
    with acting_as(OFFICER):
        link_test(test_id=test.pk, base_id=base.pk, matched_by="code", by=None, now=NOW)
        own = levels_on(test)
        levels_on(base)
        release = publish_results(test_id=test.pk, by=None, now=NOW)
        assert data.standards_of(release).panel.pk == own.pk
        assert not Panel.objects.filter(method="carried").exists()
        with pytest.raises(WrongState):
            panels.open_panel(
                test_id=test.pk, method="carried", levels=own.levels, response_probability=0.67, by=None, now=NOW
            )


def test_withdrawn_results_take_their_levels_and_printed_reports_with_them(world):
    base, test = base_of(world), later_of(world)
    with acting_as(OFFICER):
        levels_on(base)
        release = linked(base, test)
        document, panel = printed(release), Panel.objects.get(test=test)
        withdraw(test_id=test.pk, by=None, now=NOW, because="A key was wrong.")
        panel.refresh_from_db()
        document.refresh_from_db()
        assert panel.state == PanelState.WITHDRAWN
        assert Decision.objects.get(number=panel.decision_number).state == "withdrawn"
        assert "A key was wrong." in document.revoked_reason
        assert ReportGiven.objects.get(document=document).has_levels
        assert data.standards_of(Release.objects.get(test=base)) is not None, "the base's own levels stand"
