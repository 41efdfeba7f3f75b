"""Putting a test on an earlier one's scale: what comes out, what is refused, and how the journal follows."""

import pytest
from assessment_world import OFFICER, make_world
from linked_world import DRIFTING, GROWTH, NOW, answers, base_of, bring, later_of

from tirek.access.scope import Scope, acting_as, loading
from tirek.assessment.models import Calibration, GroupResult, ItemEstimate, Link, LinkState, Release, Trend
from tirek.assessment.queries import links
from tirek.assessment.refusals import NotAllowed, NotGoodEnough, WrongState
from tirek.assessment.services.calibration import calibrate_test
from tirek.assessment.services.linking import current_link, link_test, unlink
from tirek.assessment.services.publication import publish_results, withdraw
from tirek.assessment.trends import LinkFacts
from tirek.decisions import queries as journal
from tirek.decisions.models import Decision
from tirek.decisions.services import verify

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(tmp_path, monkeypatch):
    monkeypatch.setattr("tirek.storage.sealed.folder", lambda: tmp_path / "sealed")
    return make_world(sizes=(60, 60, 60, 60, 60, 60, 60, 3))


def link(test, base, **more):
    with acting_as(OFFICER):
        return link_test(test_id=test.pk, base_id=base.pk, matched_by="code", by=None, now=NOW, **more)


def publish(test) -> Release:
    with acting_as(OFFICER):
        return publish_results(test_id=test.pk, by=None, now=NOW)


def test_known_growth_comes_back_with_an_interval_that_holds_it(world):
    base = base_of(world)
    test = later_of(world, drift={DRIFTING: 0.9})
    first = link(test, base)
    assert first.state == LinkState.GOOD
    assert [row["item"] for row in first.anchors if row["flagged"]] == [DRIFTING]
    second = link(test, base, removed={DRIFTING: "The picture was printed smaller this year."})
    assert (second.n_anchors, second.slope, second.method) == (11, 1.0, "mean-mean")
    assert second.error < first.error
    release = publish(test)
    with loading():
        unit = Release.objects.get(test=base).distribution["scale"]["unit"]
        whole = Trend.objects.get(release=release, dimension="all")
        told = journal.decision(second.decision_number).summary
    truth = GROWTH * 100 / unit
    assert whole.low < truth < whole.high
    assert whole.low > 0
    assert whole.se > whole.link_se
    assert told["error"] == second.error, "by the error that others publish a link is judged"
    assert 0 < told["error_trend"] < second.error, "plausible values hold a part of it already"
    assert whole.link_se == pytest.approx(told["error_trend"] * 100 / unit, abs=0.06)


def test_a_link_from_before_keeps_the_whole_error_in_a_change():
    sealed = {
        "slope": 1.0, "intercept": 0.2, "error": 0.08, "slope_se": 0.0, "intercept_se": 0.08, "covariance": 0.0,
        "error_method": "drift", "n_anchors": 12, "scale": {"centre": 500.0, "spread": 100.0, "origin": 0.0, "unit": 1.0},
    }  # fmt: skip
    assert LinkFacts.of(sealed).of_mean(0.3) == pytest.approx(8.0)
    held = sealed | {"held": 0.0015, "excess": 0.0004}
    assert LinkFacts.of(held).of_mean(0.3) == pytest.approx(100 * (0.08**2 - 0.0015 + 0.0004) ** 0.5)
    assert LinkFacts.of(held | {"error": 0.01}).of_mean(0.3) == pytest.approx(100 * 0.0004**0.5), (
        "never below zero drift"
    )
    by_place = held | {"error_method": "jackknife", "slope_se": 0.1, "covariance": 0.001}
    wanted = (0.1 * 0.3) ** 2 + 2 * 0.3 * 0.001 + 0.08**2 - 0.0015 + 0.0004
    assert LinkFacts.of(by_place).of_mean(0.3) == pytest.approx(100 * wanted**0.5)


def test_a_head_who_does_not_see_the_link_still_knows_which_results_can_be_compared(world):
    base = base_of(world)
    test = later_of(world)
    link(test, base)
    release = publish(test)
    tiny = world.schools[-1]
    for school in (world.schools[0], tiny):
        with acting_as(Scope(lo=school.org_no, hi=school.org_no, role="school_head", user_id=None)):
            assert not Link.objects.exists()
            assert links.scale_root(Release.objects.get(pk=release.pk)) == base.pk
    with loading():
        assert links.scale_root(release) == links.scale_root(Release.objects.get(test=base)) == base.pk
        Trend.objects.filter(release=release).delete()
    with acting_as(Scope(lo=tiny.org_no, hi=tiny.org_no, role="school_head", user_id=None)):
        assert links.scale_root(Release.objects.get(pk=release.pk)) == test.pk, (
            "without either: its own scale, compared with none"
        )


def test_results_stand_on_the_scale_of_the_base(world):
    base = base_of(world)
    test = later_of(world)
    link(test, base)
    release = publish(test)
    with loading():
        whole = GroupResult.objects.get(release=release, dimension="all")
        before = GroupResult.objects.get(release__test=base, dimension="all")
        trends = set(Trend.objects.filter(release=release).values_list("dimension", flat=True))
        tiny = Trend.objects.filter(release=release, code="S7")
        assert not tiny.exists(), "a school that is too small to show has no change to show"
    assert before.mean == 500.0
    assert whole.mean > 520
    assert {"all", "district", "school", "settlement", "gap"} <= trends
    with acting_as(Scope()):
        assert Trend.objects.filter(release=release, dimension="all").exists(), "a published change is public"


def test_slopes_are_linked_by_curves(world, monkeypatch):
    monkeypatch.setattr("tirek.assessment.decided.tests.model_of", lambda rules, parameters: "2pl")
    base = base_of(world, slopes=True)
    test = later_of(world, slopes=True)
    found = link(test, base)
    assert found.method == "haebara"
    assert found.slope != 1.0
    with loading():
        estimate = ItemEstimate.objects.get(calibration=found.calibration, item__code="A12")
        assert (estimate.model, estimate.slope_se is not None) == ("2pl", True)
    assert verify(found.decision_number, now=NOW).agrees


def test_all_decisions_of_the_chain_are_explained_and_verified(world):
    base = base_of(world)
    test = later_of(world, drift={DRIFTING: 0.9})
    found = link(test, base)
    release = publish(test)
    with acting_as(OFFICER):
        for number in (release.calibration.decision_number, found.decision_number, release.decision_number):
            checked = verify(number, now=NOW)
            assert checked.agrees, checked.details
        assert "drifted" in journal.explain(found.decision_number, DRIFTING).texts["en"]
        assert "12" in journal.explain(found.decision_number, test.code, "test").texts["en"]
        assert "change of" in journal.explain(release.decision_number, "all", "trend_all").texts["en"]
        states = set(Decision.objects.filter(number__in=[found.decision_number]).values_list("state", flat=True))
    assert states == {"published"}


def test_taking_an_anchor_out_supersedes_and_asks_for_a_reason(world):
    base = base_of(world)
    test = later_of(world, drift={DRIFTING: 0.9})
    first = link(test, base)
    assert link(test, base).pk == first.pk, "asked twice, linked once"
    with pytest.raises(WrongState, match="Say why"):
        link(test, base, removed={DRIFTING: " "})
    with pytest.raises(WrongState, match="no common items"):
        link(test, base, removed={"X01": "not there"})
    second = link(test, base, removed={DRIFTING: "Printed smaller."})
    with loading():
        first.refresh_from_db()
    assert first.state == LinkState.SUPERSEDED
    with acting_as(OFFICER):
        decision = journal.decision(second.decision_number)
        assert decision.supersedes.number == first.decision_number
        assert journal.explain(second.decision_number, DRIFTING).result["because"] == "Printed smaller."
        assert current_link(test).pk == second.pk


def failed(found: Link) -> set[str]:
    return {check["code"] for check in found.checks if check["blocking"] and not check["passed"]}


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"n_anchors": 4}, "anchors_enough"),
        ({"n_anchors": 2}, "anchors_enough"),
        ({"drift": {f"A{j:02}": 1.5 * (-1) ** j for j in (1, 4, 6, 9, 12)}}, "link_error"),
    ],
)
def test_a_link_that_would_not_be_honest_is_refused_and_the_test_keeps_its_own_scale(world, options, code):
    base = base_of(world)
    test = later_of(world, **options)
    found = link(test, base)
    assert found.state == LinkState.REFUSED
    assert code in failed(found)
    assert verify(found.decision_number, now=NOW).agrees
    release = publish(test)
    with loading():
        assert release.link is None
        assert GroupResult.objects.get(release=release, dimension="all").mean == 500.0
        assert not Trend.objects.exists()


def test_drift_in_more_than_a_third_is_refused(world):
    base = base_of(world)
    test = later_of(world, drift={f"A{j:02}": 2.5 for j in (2, 4, 6, 8, 10)})
    found = link(test, base)
    assert {"drift_share"} <= failed(found)
    with acting_as(OFFICER):
        assert "Not linked" in journal.explain(found.decision_number, test.code, "test").texts["en"]


def test_nothing_is_linked_to_what_is_not_published_or_not_alike(world):
    base = base_of(world, publish=False)
    test = later_of(world)
    with pytest.raises(WrongState, match="not published"):
        link(test, base)
    with pytest.raises(WrongState, match="Choose an earlier test"):
        link(test, test)
    with acting_as(OFFICER):
        Calibration.objects.filter(test=test).update(state="refused")
    with pytest.raises(NotGoodEnough):
        link(test, base)
    for role in ("teacher", "auditor", "school_head"):
        with acting_as(Scope(lo=OFFICER.lo, hi=OFFICER.hi, role=role)), pytest.raises(NotAllowed):
            link_test(test_id=test.pk, base_id=base.pk, matched_by="code", by=None, now=NOW)


def test_a_base_is_not_withdrawn_from_under_a_linked_test(world):
    base = base_of(world)
    test = later_of(world)
    link(test, base)
    publish(test)
    with acting_as(OFFICER):
        with pytest.raises(WrongState, match="EXIT"):
            withdraw(test_id=base.pk, by=None, now=NOW, because="A key was wrong.")
        withdraw(test_id=test.pk, by=None, now=NOW, because="A key was wrong.")
        withdraw(test_id=base.pk, by=None, now=NOW, because="A key was wrong.")


def test_a_base_withdrawn_before_publishing_stops_the_publication(world):
    base = base_of(world)
    test = later_of(world)
    link(test, base)
    with acting_as(OFFICER):
        withdraw(test_id=base.pk, by=None, now=NOW, because="A key was wrong.")
        with pytest.raises(Exception, match="changed since"):
            publish_results(test_id=test.pk, by=None, now=NOW)
        unlink(test_id=test.pk, by=None, now=NOW)
        assert publish_results(test_id=test.pk, by=None, now=NOW).link is None


def test_an_item_taken_out_gives_a_superseding_calibration_and_a_new_link(world):
    base = base_of(world)
    test = later_of(world)
    before = link(test, base)
    with acting_as(OFFICER):
        with pytest.raises(WrongState, match="Say why"):
            calibrate_test(test_id=test.pk, by=None, now=NOW, removed={"A03": ""})
        again = calibrate_test(test_id=test.pk, by=None, now=NOW, removed={"A03": "Two options were right."})
        assert again.removed == [{"item": "A03", "because": "Two options were right."}]
        out = ItemEstimate.objects.get(calibration=again, item__code="A03")
        assert (out.dropped_because, out.removed_because) == ("item_removed", "Two options were right.")
        assert journal.decision(again.decision_number).supersedes.number == before.calibration.decision_number
        renewed = current_link(test)
        assert (renewed.pk != before.pk, renewed.n_anchors, renewed.calibration_id) == (True, 11, again.pk)
        assert calibrate_test(test_id=test.pk, by=None, now=NOW).pk == again.pk, "what is out stays out"
        assert verify(again.decision_number, now=NOW).agrees


def test_a_wrong_key_is_seen_and_forbids_publishing_under_slopes(world, monkeypatch):
    monkeypatch.setattr("tirek.assessment.decided.tests.model_of", lambda rules, parameters: "2pl")
    test = later_of(world, slopes=True)
    rows = [line.split(",") for line in answers(world, "X", slopes=True, seed=6).decode().split("\n")]
    place = rows[0].index("A08")
    for row in rows[1:]:
        row[place] = str(1 - int(row[place]))
    calibration = bring(test, "\n".join(",".join(row) for row in rows).encode())
    assert calibration.state == "refused"
    assert "slopes" in {c["code"] for c in calibration.checks if not c["passed"] and c["blocking"]}
    with acting_as(OFFICER):
        assert ItemEstimate.objects.get(calibration=calibration, item__code="A08").is_misfit
        mended = calibrate_test(test_id=test.pk, by=None, now=NOW, removed={"A08": "The key is wrong."})
        assert mended.state == "good"
