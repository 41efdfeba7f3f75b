"""From answers to published results: the whole chain, its refusals, and what each role sees of it."""

import dataclasses
import datetime as dt

import pytest
from assessment_world import OFFICER, SECOND, SECOND_OFFICER, answers_csv, make_test, make_world
from django.db import DatabaseError, connection

from tirek.access.scope import Scope, acting_as, loading
from tirek.assessment.models import (
    Calibration,
    CalibrationState,
    GroupResult,
    ItemEstimate,
    PersonResult,
    Release,
    ReleaseState,
)
from tirek.assessment.refusals import NotAllowed, NotGoodEnough, WrongState
from tirek.assessment.services.answers import import_answers
from tirek.assessment.services.calibration import calibrate_test
from tirek.assessment.services.publication import publish_results, withdraw
from tirek.decisions.models import Decision
from tirek.decisions.services import verify
from tirek.indicators import definitions
from tirek.indicators import models as indicators_models
from tirek.indicators import queries as figures
from tirek.indicators import services as indicators
from tirek.indicators.models import Figure
from tirek.indicators.services.publishing import NothingDecided
from tirek.storage.database import OWN
from tirek.storage.sealed import path_of

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2025, 10, 1, 12, tzinfo=dt.UTC)


@pytest.fixture
def world(tmp_path, monkeypatch):
    monkeypatch.setattr("tirek.storage.sealed.folder", lambda: tmp_path / "sealed")
    return make_world()


@pytest.fixture
def test(world):
    return make_test(world)


@pytest.fixture
def calibrated(world, test):
    with acting_as(OFFICER):
        import_answers(test_id=test.pk, content=answers_csv(world, test), file_name="a.csv")
        return calibrate_test(test_id=test.pk, by=None, now=NOW)


@pytest.fixture
def release(calibrated):
    with acting_as(OFFICER):
        return publish_results(test_id=calibrated.test_id, by=None, now=NOW)


def group(release, dimension, code) -> GroupResult:
    return GroupResult.objects.get(release=release, dimension=dimension, code=code)


def test_the_chain_from_answers_to_figures(world, release):
    with acting_as(OFFICER):
        whole = group(release, "all", "all")
        assert (whole.mean, whole.n) == (500.0, 213)
        assert 0 < whole.se < 40
        gap = group(release, "gap", "settlement")
        assert gap.low < 50 < gap.high, "the answers were made with towns half a logit, about 45 points, ahead"
        assert {g.code for g in GroupResult.objects.filter(release=release, dimension="district")} == {
            d.code for d in world.districts
        }
        assert PersonResult.objects.filter(release=release).count() == 213
        assert ItemEstimate.objects.filter(calibration=release.calibration, difficulty__isnull=False).count() == 20


def test_the_figures_are_public_and_can_be_verified(release):
    with acting_as(Scope()):
        shown = Figure.objects.filter(release__number=release.figure_number)
        assert shown.get(level="region", settlement="").value == "500.0"
        assert {f.settlement for f in shown.filter(level="region")} == {"", "urban", "rural"}
    with acting_as(OFFICER):
        assert indicators.verify(release.figure_number, by="", now=NOW).agrees
        withdraw(test_id=release.test_id, by=None, now=NOW, because="A key was wrong.")
        assert Figure.objects.filter(release__number=release.figure_number, release__state="published").count() == 0


def test_small_groups_are_hidden_and_cannot_be_worked_out(world, release):
    with acting_as(OFFICER):
        schools = {g.code: g for g in GroupResult.objects.filter(release=release, dimension="school")}
        assert schools["S7"].suppressed == "small"
        assert (schools["S7"].mean, schools["S7"].n, schools["S7"].n_schools) == (None, None, None)
        neighbours = [schools[code] for code in ("S1", "S3", "S5")]
        protecting = [g.suppressed for g in neighbours].count("protects")
        assert 1 <= protecting < 3, "its district less the rest would give S7 away, and so would its kind of settlement"
        decision = Decision.objects.get(number=release.decision_number)
        with loading():
            row = decision.outcomes.get(subject_kind="school", subject="S7")
        assert "mean" not in row.numbers
        assert "pupils" not in row.numbers


def test_a_teacher_and_a_parent_see_their_own_only(world, release):
    child, other = world.everybody[0], world.everybody[40]
    with acting_as(Scope(OWN, person_ids=(child.pk,), role="parent")):
        assert [r.person_id for r in PersonResult.objects.all()] == [child.pk]
        assert GroupResult.objects.filter(release=release, dimension="all").exists(), "figures are public"
        assert not Calibration.objects.exists()
    with acting_as(Scope(OWN, person_ids=(child.pk, other.pk), role="teacher")):
        assert {r.person_id for r in PersonResult.objects.all()} == {child.pk, other.pk}
    school = world.schools[0]
    with acting_as(Scope(lo=school.org_no, hi=school.org_no, role="school_head")):
        assert PersonResult.objects.count() == 30
        assert not ItemEstimate.objects.exists(), "the items are a secret of those who hold the test"
    with acting_as(Scope(role="sponsor")):
        assert PersonResult.objects.count() == 0


def test_both_decisions_can_be_verified(release):
    with acting_as(OFFICER):
        for number in (release.calibration.decision_number, release.decision_number):
            found = verify(number, now=NOW)
            assert found.agrees, found.differences


def test_tampering_is_found(release):
    with loading():
        decision = Decision.objects.get(number=release.decision_number)
    path = path_of(decision.inputs["answers"]["sha256"])
    path.write_bytes(path.read_bytes()[:-9] + b"tampered!")
    with acting_as(OFFICER):
        assert not verify(release.decision_number, now=NOW).agrees


def test_the_journal_cannot_be_edited(release):
    with pytest.raises(DatabaseError, match="never changed"), loading(), connection.cursor() as cursor:
        cursor.execute("update decisions_outcome set reason = 'published' where reason = 'too_few'")


def test_pressing_twice_gives_one_calibration_and_one_release(world, test, calibrated):
    with acting_as(OFFICER):
        assert calibrate_test(test_id=test.pk, by=None, now=NOW).pk == calibrated.pk
        first = publish_results(test_id=test.pk, by=None, now=NOW)
        assert publish_results(test_id=test.pk, by=None, now=NOW).pk == first.pk
        assert Release.objects.count() == 1
        with pytest.raises(WrongState):
            calibrate_test(test_id=test.pk, by=None, now=NOW)


def test_answers_that_changed_ask_for_a_new_calibration(world, test, calibrated):
    with acting_as(OFFICER):
        import_answers(test_id=test.pk, content=answers_csv(world, test, seed=8), file_name="b.csv")
        with pytest.raises(WrongState):
            publish_results(test_id=test.pk, by=None, now=NOW)
        again = calibrate_test(test_id=test.pk, by=None, now=NOW)
        assert again.pk != calibrated.pk
        assert Calibration.objects.get(pk=calibrated.pk).state == CalibrationState.SUPERSEDED


def test_withdrawn_results_are_shown_no_longer_and_may_be_made_anew(test, release):
    with acting_as(OFFICER):
        with pytest.raises(WrongState):
            withdraw(test_id=test.pk, by=None, now=NOW, because=" ")
        taken = withdraw(test_id=test.pk, by=None, now=NOW, because="A key was wrong.")
        assert taken.state == ReleaseState.WITHDRAWN
        again = calibrate_test(test_id=test.pk, by=None, now=NOW)
        assert again.decision_number != release.calibration.decision_number
        second = publish_results(test_id=test.pk, by=None, now=NOW)
        assert second.pk != release.pk


def test_who_may_not_is_refused(test, calibrated):
    for role in ("teacher", "parent", "school_head", "auditor"):
        with acting_as(Scope(lo=OFFICER.lo, hi=OFFICER.hi, role=role)):
            with pytest.raises(NotAllowed):
                calibrate_test(test_id=test.pk, by=None, now=NOW)
            with pytest.raises(NotAllowed):
                publish_results(test_id=test.pk, by=None, now=NOW)


def test_a_test_that_measures_nothing_is_not_published(world, test):
    """Answers by the toss of a coin: every check but reliability may pass; publishing is refused."""
    import random

    rng = random.Random(3)
    lines = answers_csv(world, test).decode().split("\n")
    noise = [lines[0]] + [
        ",".join([*line.split(",")[:2], *[c and str(rng.randint(0, 1)) for c in line.split(",")[2:]]])
        for line in lines[1:]
    ]
    with acting_as(OFFICER):
        import_answers(test_id=test.pk, content="\n".join(noise).encode(), file_name="a.csv")
        calibration = calibrate_test(test_id=test.pk, by=None, now=NOW)
        assert calibration.state == CalibrationState.REFUSED
        failed = {check["code"] for check in calibration.checks if not check["passed"] and check["blocking"]}
        assert "reliable" in failed
        with pytest.raises(NotGoodEnough):
            publish_results(test_id=test.pk, by=None, now=NOW)
        assert not PersonResult.objects.exists()


def test_booklets_that_share_no_item_are_not_put_on_one_scale(world):
    from tirek.assessment.services.sittings import open_all_sittings
    from tirek.assessment.services.tests import ItemSpec, create_test

    with acting_as(OFFICER):
        codes = [f"M{j:02}" for j in range(1, 21)]
        test = create_test(
            code="SPLIT", titles={"kk": "x", "ru": "x", "en": "x"}, subject="mathematics", grade=4,
            school_year=world.year, kind="entrance", territory=world.region, items=[ItemSpec(c) for c in codes],
            booklets={"A": codes[:10], "B": codes[10:]},
        )  # fmt: skip
        open_all_sittings(test_id=test.pk, date=dt.date(2025, 9, 20))
        import_answers(test_id=test.pk, content=answers_csv(world, test), file_name="a.csv")
        calibration = calibrate_test(test_id=test.pk, by=None, now=NOW)
        assert calibration.state == CalibrationState.REFUSED
        assert next(c["code"] for c in calibration.checks if not c["passed"] and c["blocking"]) == "connected"


def test_items_without_enough_answers_are_left_out_with_a_reason(world, test):
    lines = answers_csv(world, test).decode().split("\n")
    place = lines[0].split(",").index("M10")
    kept = [lines[0]]
    for i, line in enumerate(lines[1:]):
        cells = line.split(",")
        if i >= 50:
            cells[place] = "n"
        kept.append(",".join(cells))
    with acting_as(OFFICER):
        import_answers(test_id=test.pk, content="\n".join(kept).encode(), file_name="a.csv")
        calibration = calibrate_test(test_id=test.pk, by=None, now=NOW)
        dropped = ItemEstimate.objects.get(calibration=calibration, item__code="M10")
        assert (dropped.dropped_because, dropped.difficulty, dropped.n) == ("item_few", None, 50)


def published(world, test, scope=OFFICER, *, seed: int = 7):
    with acting_as(scope):
        import_answers(test_id=test.pk, content=answers_csv(world, test, seed=seed), file_name="a.csv")
        calibrate_test(test_id=test.pk, by=None, now=NOW)
        return publish_results(test_id=test.pk, by=None, now=NOW)


def states_of_figures() -> dict[str, str]:
    return dict(indicators_models.Release.objects.values_list("number", "state"))


def test_two_regions_of_one_day_stand_side_by_side(world, test):
    first = published(world, test)
    there = make_world(place=SECOND, kato="61")
    second = published(there, make_test(there, code="M4-61", by=SECOND_OFFICER), SECOND_OFFICER, seed=8)
    assert states_of_figures() == {first.figure_number: "published", second.figure_number: "published"}
    with acting_as(Scope()):
        for release, place in ((first, world.region), (second, there.region)):
            assert Figure.objects.get(release__number=release.figure_number, territory=place.code, settlement="").value
            found = figures.latest("assessment.mathematics.4", territory=place.code)
            assert (found.number, found.decision_number) == (release.figure_number, release.decision_number)
            assert indicators.verify(release.figure_number, now=NOW).agrees
        assert [other.number for other in figures.others(figures.release(first.figure_number))] == [
            second.figure_number
        ]


def test_two_tests_of_one_region_and_day_stand_side_by_side(world, test):
    first = published(world, test)
    second = published(world, make_test(world, code="M4-2025-again"), seed=9)
    assert set(states_of_figures().values()) == {"published"}
    assert first.figure_number != second.figure_number
    with acting_as(Scope()):
        shown = [
            f for f in figures.of_territory(world.region.code) if f.release.indicator == "assessment.mathematics.4"
        ]
        assert {f.release.about for f in shown} == {"M4-2025", "M4-2025-again"}
        assert figures.latest("assessment.mathematics.4", about="M4-2025").number == first.figure_number


def test_a_figure_follows_its_own_test_only(world, test):
    """Withdrawn and made anew after a correction, it is another publication; the other test's stays as it is."""
    first = published(world, test)
    other = published(world, make_test(world, code="M4-2025-again"), seed=9)
    with acting_as(OFFICER):
        withdraw(test_id=test.pk, by=None, now=NOW, because="a school sent corrections")
    again = published(world, test, seed=11)
    assert states_of_figures() == {
        first.figure_number: "withdrawn", other.figure_number: "published", again.figure_number: "published",
    }  # fmt: skip


def test_published_anew_by_hand_it_is_superseded(world, release):
    """The same decision published under a changed definition: the earlier publication is closed and names the later one."""
    with acting_as(OFFICER), pytest.raises(indicators.AlreadyPublished):
        indicators.publish("assessment.mathematics.4", as_of=NOW.date(), by=None, now=NOW)
    shown = definitions.indicator_of("assessment.mathematics.4")
    try:
        definitions._indicators[shown.code] = dataclasses.replace(shown, version=2)
        with acting_as(OFFICER):
            again = indicators.publish(shown.code, as_of=NOW.date(), by=None, now=NOW)
    finally:
        definitions._indicators[shown.code] = shown
    assert states_of_figures() == {release.figure_number: "superseded", again.number: "published"}


def test_no_figure_is_made_of_another_regions_decision(world, release):
    there = make_world(place=SECOND, kato="61")
    assert there.region
    with acting_as(SECOND_OFFICER), pytest.raises(NothingDecided, match="your territory has none"):
        indicators.publish("assessment.mathematics.4", as_of=NOW.date(), by=None, now=NOW)
    with acting_as(SECOND_OFFICER), pytest.raises(indicators.NotAllowed):
        indicators.publish(
            "assessment.mathematics.4", as_of=NOW.date(), by=None, now=NOW, decision=release.decision_number
        )
    number = release.calibration.decision_number
    with acting_as(OFFICER), pytest.raises(NothingDecided, match="no decision that the figure"):
        indicators.publish("assessment.mathematics.4", as_of=NOW.date(), by=None, now=NOW, decision=number)
    with acting_as(OFFICER), pytest.raises(NothingDecided, match="no decision that the figure"):
        indicators.publish("assessment.reading.4", as_of=NOW.date(), by=None, now=NOW, decision=release.decision_number)


@pytest.mark.parametrize("harm", ["a byte", "gone"])
def test_every_sealed_file_of_a_decision_is_watched(release, harm):
    """Each input, output and rule file in turn: one byte changed, or the file gone; verify names the file."""
    with loading():
        decision = Decision.objects.get(number=release.decision_number)
    for name, seal in {**decision.inputs, **decision.outputs, "rule": decision.rule_seal}.items():
        path = path_of(seal["sha256"])
        whole = path.read_bytes()
        path.unlink()
        if harm == "a byte":
            path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        checked = verify(decision.number, now=NOW)
        assert [(d["what"], d["where"]) for d in checked.differences] == [("seal", name)]
        assert not indicators.verify(release.figure_number, now=NOW).agrees
        path.unlink(missing_ok=True)
        path.write_bytes(whole)
    assert verify(decision.number, now=NOW).agrees
