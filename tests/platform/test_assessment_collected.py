"""Are all answers there? What is amiss refuses a calibration as a decision, and every refusal is explained."""

import datetime as dt

import pytest
from assessment_world import OFFICER, answers_csv, make_test, make_world
from rules_world import set_rule
from sitting_world import make_sitting

from tirek.access.scope import acting_as, loading
from tirek.assessment.models import (
    AnswerSheet,
    Booklet,
    Calibration,
    DoneBy,
    Item,
    ItemEstimate,
    Seat,
    SeatAnswer,
    SeatState,
    Sitting,
)
from tirek.assessment.refusals import NotGoodEnough
from tirek.assessment.services.answers import import_answers
from tirek.assessment.services.calibration import calibrate_test
from tirek.assessment.services.handing_in import finish, score_answer
from tirek.assessment.services.publication import publish_results
from tirek.assessment.services.seats import deal_all_seats
from tirek.assessment.services.supervision import close_sitting
from tirek.decisions.commands.numbers import explain_number
from tirek.decisions.services import verify

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2025, 10, 1, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def sealed_apart(tmp_path, monkeypatch):
    monkeypatch.setattr("tirek.storage.sealed.folder", lambda: tmp_path / "sealed")
    monkeypatch.setattr("tirek.decisions.commands.numbers.ready", lambda: None)


@pytest.fixture
def world():
    return make_world()


@pytest.fixture
def test(world):
    test = make_test(world)
    with acting_as(OFFICER):
        import_answers(test_id=test.pk, content=answers_csv(world, test), file_name="a.csv")
    return test


def calibrated(test) -> Calibration:
    with acting_as(OFFICER):
        return calibrate_test(test_id=test.pk, by=None, now=NOW)


def failed(calibration: Calibration) -> set[str]:
    return {check["code"] for check in calibration.checks if check["blocking"] and not check["passed"]}


def is_refused_and_explained(calibration: Calibration, code: str, *words: str) -> None:
    assert calibration.state == "refused"
    assert code in failed(calibration)
    with acting_as(OFFICER):
        assert verify(calibration.decision_number, now=NOW).agrees
        with pytest.raises(NotGoodEnough):
            publish_results(test_id=calibration.test_id, by=None, now=NOW)
    lines, exit_code = explain_number(calibration.decision_number, calibration.test.code)
    told = dict(line.split(": ", 1) for line in lines if line[:4] in ("kk: ", "ru: ", "en: "))
    assert exit_code == 0
    assert set(told) == {"kk", "ru", "en"}
    assert len(set(told.values())) == 3, told
    assert all("%(" not in text for text in told.values())
    for word in words:
        assert word in told["en"]


def open_seats(test, n: int = 2) -> list[Seat]:
    """A sitting on computers beside the papers, with some pupils still at work."""
    with acting_as(OFFICER):
        deal_all_seats(test_id=test.pk)
    with loading():
        sitting = Sitting.objects.filter(test=test).order_by("pk").first()
        sitting.mode = "computer"
        sitting.save(update_fields=["mode"])
        seats = list(Seat.objects.filter(sitting=sitting).order_by("number"))
        Seat.objects.filter(pk__in=[s.pk for s in seats[n:]]).update(state=SeatState.DONE)
        Seat.objects.filter(pk__in=[s.pk for s in seats[:n]]).update(state=SeatState.WORKING, began_at=NOW)
        same_booklets(test)
        return list(Seat.objects.filter(sitting=sitting).order_by("number"))


def same_booklets(test) -> None:
    """Dealt as they were answered."""
    for person, booklet in AnswerSheet.objects.filter(test=test).values_list("person_id", "booklet_id"):
        Seat.objects.filter(sitting__test=test, person=person).update(booklet=booklet)


def test_a_sitting_that_still_runs(test):
    seats = open_seats(test)
    found = calibrated(test)
    is_refused_and_explained(found, "sittings_closed", "1 sittings on computers")
    with acting_as(OFFICER):
        close_sitting(sitting_id=seats[0].sitting_id, now=NOW)
    assert calibrated(test).state == "good"


def test_the_rules_may_only_warn_of_a_sitting_that_still_runs(test):
    open_seats(test)
    set_rule("assessment.calibration", "open_sittings", "warn")
    found = calibrated(test)
    assert found.state == "good"
    check = next(c for c in found.checks if c["code"] == "sittings_closed")
    assert (check["passed"], check["blocking"], check["found"]) == (False, False, 1.0)


def waiting_answer(test) -> SeatAnswer:
    seats = open_seats(test, 1)
    with acting_as(OFFICER):
        close_sitting(sitting_id=seats[0].sitting_id, now=NOW)
    with loading():
        item = Item.objects.get(test=test, code="M10")
        return SeatAnswer.objects.create(
            seat=seats[0], item=item, org_no=seats[0].org_no, person=seats[0].person, value="Себебі…", answered_at=NOW,
            received_at=NOW,
        )  # fmt: skip


def test_answers_that_nobody_has_scored(test):
    answer = waiting_answer(test)
    is_refused_and_explained(calibrated(test), "all_scored", "1 open answers still wait")
    with acting_as(OFFICER):
        score_answer(answer_id=answer.pk, score=1)
    assert calibrated(test).state == "good"


def test_the_rules_may_only_warn_of_answers_that_nobody_has_scored(test):
    waiting_answer(test)
    set_rule("assessment.calibration", "waiting_answers", "warn")
    assert calibrated(test).state == "good"


def test_pupils_in_another_booklet_than_they_were_dealt(test):
    with acting_as(OFFICER):
        deal_all_seats(test_id=test.pk)
    with loading():
        same_booklets(test)
    assert calibrated(test).state == "good"
    with loading():
        one, other = Booklet.objects.filter(test=test).order_by("code")
        wrong = list(Seat.objects.filter(sitting__test=test, booklet=one).values_list("pk", flat=True)[:20])
        Seat.objects.filter(pk__in=wrong).update(booklet=other)
    is_refused_and_explained(calibrated(test), "right_booklets", "another booklet", "0.02")


def test_too_few_answers_are_refused_with_a_reason_for_every_item(world):
    test = make_test(world)
    few = {p.pk for p in world.everybody[:40]}
    with acting_as(OFFICER):
        import_answers(test_id=test.pk, content=answers_csv(world, test, only=few), file_name="a.csv")
    found = calibrated(test)
    is_refused_and_explained(found, "enough_answers", "0 items have answers enough", "3")
    with acting_as(OFFICER):
        reasons = set(ItemEstimate.objects.filter(calibration=found).values_list("dropped_because", flat=True))
    assert reasons == {"item_few"}


def test_iterations_that_do_not_settle_are_refused(test):
    set_rule("assessment.calibration", "step_tolerance", 0.0)
    set_rule("assessment.calibration", "gradient_tolerance", 0.0)
    is_refused_and_explained(calibrated(test), "converged", "did not settle")


def test_distractors_and_exposure_come_from_what_pupils_chose_on_computers():
    """A class of forty chooses on computers; the table of options holds their letters, and the item knows who saw it."""
    from tirek.assessment.queries.bank import exposures
    from tirek.assessment.queries.items import options_of

    sat = make_sitting(make_world((120, 30)), with_open=False)
    with loading():
        item = Item.objects.select_related("version__item").get(test=sat.test, code="C1")
        Item.objects.filter(pk=item.pk).update(key="B")
        item.refresh_from_db()
        places = {
            b.pk: [p.item_id for p in b.places.order_by("position")] for b in Booklet.objects.filter(test=sat.test)
        }
        codes = dict(Item.objects.filter(test=sat.test).values_list("pk", "code"))
        right = {"C1": "B", "C2": "A,C", "C3": "3,5", "C4": "әже", "C5": "A"}
        wrong = {"C1": "D", "C2": "A", "C3": "9", "C4": "жоқ", "C5": "C"}
        seats = list(Seat.objects.filter(sitting=sat.sitting).select_related("sitting__test").order_by("number"))
        for n, seat in enumerate(seats):
            seat.began_at, seat.state = NOW, SeatState.WORKING
            seat.save(update_fields=["began_at", "state"])
            if n >= 110:
                continue
            able = n / 110
            SeatAnswer.objects.bulk_create(
                SeatAnswer(
                    seat=seat, item_id=pk, org_no=seat.org_no, person_id=seat.person_id, answered_at=NOW, received_at=NOW,
                    value=(right if (n * 7 + place * 13) % 100 / 100 < 0.2 + 0.6 * able else wrong)[codes[pk]],
                )
                for place, pk in enumerate(places[seat.booklet_id])
            )  # fmt: skip
            finish(seat, by=DoneBy.PUPIL, now=NOW)
    with acting_as(OFFICER):
        close_sitting(sitting_id=sat.sitting.pk, now=NOW)
        set_rule("assessment.calibration", "lowest_reliability", 0.0)
        calibration = calibrate_test(test_id=sat.test.pk, by=None, now=NOW)
        estimate = ItemEstimate.objects.select_related("item").get(calibration=calibration, item__code="C1")
        rows = {row.option: row for row in options_of(sat.test, calibration, estimate)}
        assert set(rows) >= {"B", "D"}
        assert rows["B"].n + rows["D"].n == 110
        chosen = SeatAnswer.objects.filter(item=item, value="B").count()
        assert rows["B"].n == chosen
        found = exposures([item.version.item_id])[item.version.item_id]
        assert (found.n_tests, found.n_sheets, found.n_screens) == (1, 110, 120)
