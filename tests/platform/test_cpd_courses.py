"""From a place in a course to the decision on who completed it, through services and as the program's own role."""

import datetime as dt
from decimal import Decimal

import pytest
from cpd_world import NOW, TODAY, World, after, build, course, enrol, mark, run, session, teacher

from tirek.access.scope import loading
from tirek.cpd.models import Participation, Score, Step
from tirek.cpd.queries import cohorts as queries
from tirek.cpd.services import attendance, scores
from tirek.cpd.services import cohorts as taking
from tirek.cpd.services import courses as services
from tirek.cpd.services.completion import complete_cohort
from tirek.decisions import queries as journal
from tirek.decisions import services as decisions
from tirek.storage.tables import BadTable
from tirek.tasks.models import Notification
from tirek_engines.errors import Refusal

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return build()


def refused(code: str):
    return pytest.raises(Refusal, check=lambda refusal: refusal.code == code)


def standing(name: str, world: World) -> str:
    with loading():
        return Participation.objects.filter(person=world.people[name]).latest("id").standing


def apply(world: World, name: str, cohort=None, now=NOW):
    with world.acting(name) as user:
        return taking.apply(cohort_id=(cohort or world.cohort).pk, by=user, now=now)


def test_a_teacher_applies_the_head_approves_and_hears_of_it(world):
    made = apply(world, "ana")
    assert made.standing == "applied"
    with world.acting("head") as head:
        assert [row.pk for row in queries.approvals(world.scopes["head"])] == [made.pk]
        assert Notification.objects.get(user_id=head.pk).kind == "growth_applied"
        taking.approve(participation_id=made.pk, by=head, now=NOW)
    assert standing("ana", world) == "enrolled"
    with world.acting("ana") as ana:
        assert Notification.objects.get(user_id=ana.pk).kind == "growth_enrolled"
        assert [step.standing for step in queries.steps(made)] == ["applied", "enrolled"]


def test_another_school_neither_sees_nor_approves(world):
    made = apply(world, "ana")
    with world.acting("other_head") as head:
        assert queries.approvals(world.scopes["other_head"]).count() == 0
        with refused("not_there"):
            taking.approve(participation_id=made.pk, by=head, now=NOW)
    with world.acting("bek") as bek, refused("not_allowed"):
        taking.cancel(participation_id=made.pk, reason="I want the place", by=bek, now=NOW)
    assert standing("ana", world) == "applied"


def test_a_head_who_declines_says_why(world):
    made = apply(world, "ana")
    with world.acting("head") as head:
        with refused("reason_missing"):
            taking.decline(participation_id=made.pk, reason=" ", by=head, now=NOW)
        taking.decline(participation_id=made.pk, reason="Exams in that week", by=head, now=NOW)
        with refused("wrong_state"):
            taking.approve(participation_id=made.pk, by=head, now=NOW)
    assert apply(world, "ana").standing == "applied", "who was declined may ask again"


def test_enrolment_by_need_fills_places_then_the_waiting_list(world):
    placed = enrol(world, "ana", "bek", "dana", need="N-7")
    assert [one.standing for one in placed] == ["enrolled", "enrolled", "waiting"]
    with world.acting("office") as office:
        assert {made.need_code for made in queries.of_need("N-7")} == {"N-7"}
        first = Participation.objects.get(person=world.people["ana"])
        taking.cancel(participation_id=first.pk, reason="Ill", by=office, now=NOW)
    assert standing("dana", world) == "enrolled", "who waits moves up"


def test_more_places_go_to_those_who_wait(world):
    enrol(world, "ana", "bek", "dana")
    cohort = world.cohort
    facts = {
        name: getattr(cohort, name) for name in ("starts_on", "ends_on", "apply_until", "venue", "place", "language")
    }
    with world.acting("office") as office:
        with refused("places_taken"):
            services.change_cohort(code=cohort.code, facts=facts | {"places": 1}, by=office, now=NOW)
        services.change_cohort(code=cohort.code, facts=facts | {"places": 3}, by=office, now=NOW)
    assert standing("dana", world) == "enrolled"


def test_every_refusal_says_why(world):
    teacher(world, "psy", "A", position="psychologist")
    clash = run(world, starts=TODAY + dt.timedelta(days=12))
    enrol(world, "ana")
    with loading():
        Participation.objects.filter(person=world.people["bek"]).delete()
        done = run(world, starts=TODAY - dt.timedelta(days=90))
        Participation.objects.create(
            cohort=done, person=world.people["bek"], org_no=1, person_name="x", sort_key="x", standing="completed",
            applied_at=NOW, completed_on=TODAY - dt.timedelta(days=80),
        )  # fmt: skip
    assert [one.code for one in enrol(world, "psy", "ana", "bek")] == [
        "other_audience",
        "there_already",
        "passed_already",
    ]
    assert [one.code for one in enrol(world, "ana", cohort=clash)] == ["dates_clash"]
    with world.acting("office") as office:
        (unknown,) = taking.enrol(cohort_id=clash.pk, person_ids=[999_999], need_code="", by=office, now=NOW)
        assert (unknown.code, unknown.standing) == ("not_employed", "")
    with refused("too_late"):
        apply(world, "dana", now=NOW + dt.timedelta(days=11))


def test_a_cancelled_cohort_tells_everybody_and_takes_nobody(world):
    enrol(world, "ana")
    with world.acting("office") as office:
        services.cancel_cohort(code=world.cohort.code, because="The trainer is ill", by=office, now=NOW)
        with refused("wrong_state"):
            taking.enrol(
                cohort_id=world.cohort.pk, person_ids=[world.people["bek"].pk], need_code="", by=office, now=NOW
            )
    with loading():
        made = Participation.objects.get(person=world.people["ana"])
        assert (made.standing, made.reason) == ("cancelled", "The trainer is ill")


def test_a_school_does_not_hold_courses(world):
    with world.acting("head") as head, refused("not_allowed"):
        services.cancel_cohort(code=world.cohort.code, because="No", by=head, now=NOW)


def test_attendance_is_marked_by_the_trainer_or_the_office_only(world):
    enrol(world, "ana", "bek")
    with loading():
        world.cohort.trainer_id = world.users["dana"].pk
        world.cohort.save(update_fields=["trainer_id"])
        ana = Participation.objects.get(person=world.people["ana"])
    found = session(world, world.cohort)
    held = dt.datetime.combine(found.day, dt.time(18), tzinfo=dt.UTC)
    with world.acting("bek") as bek, refused("not_allowed"):
        attendance.mark(session_id=found.pk, present=[ana.pk], by=bek, now=held)
    with world.acting("dana") as trainer:
        with refused("not_held_yet"):
            attendance.mark(session_id=found.pk, present=[ana.pk], by=trainer, now=NOW)
        assert attendance.mark(session_id=found.pk, present=[ana.pk], by=trainer, now=held) == (1, 2)
        with refused("stranger"):
            attendance.mark(session_id=found.pk, present=[999], by=trainer, now=held)
    with world.acting("ana"):
        assert list(queries.attendance_counts(world.cohort).values()) == [(1, 1)], "a teacher sees only the own"


def ready(world: World):
    """Ana was there always, Bek half the time."""
    enrol(world, "ana", "bek")
    with loading():
        ana = Participation.objects.get(person=world.people["ana"])
        bek = Participation.objects.get(person=world.people["bek"])
    first, second = session(world, world.cohort), session(world, world.cohort, hour=14)
    mark(world, first, [ana.pk, bek.pk])
    return ana, bek, second


def test_closing_decides_on_everybody_with_a_reason_that_verifies(world):
    ana, bek, second = ready(world)
    cohort, now = world.cohort, after(world.cohort)
    with world.acting("office") as office, pytest.raises(Refusal, match="not marked"):
        complete_cohort(code=cohort.code, by=office, now=now)
    mark(world, second, [ana.pk])
    with world.acting("office") as office:
        with pytest.raises(Refusal, match="lasts until"):
            complete_cohort(code=cohort.code, by=office, now=NOW)
        scores.save_scores(
            code=cohort.code, when="after", highest=Decimal(20), points={ana.pk: Decimal("15.5")}, by=office, now=now
        )
        decision = complete_cohort(code=cohort.code, by=office, now=now)
        with refused("wrong_state"):
            complete_cohort(code=cohort.code, by=office, now=now)
        assert decisions.verify(decision.number, now=now).agrees
    with world.acting("ana"):
        why = journal.explain(decision.number, str(world.people["ana"].public_id))
        assert (why.reason, why.result["hours"]) == ("completed", 72)
        assert "100 per cent" in why.texts["en"]
        with pytest.raises(Refusal):
            journal.explain(decision.number, str(world.people["bek"].public_id))
    with loading():
        bek.refresh_from_db()
        assert (bek.standing, bek.hours, bek.completed_on) == ("not_completed", 0, None)
        assert Step.objects.filter(participation=bek).latest("id").reason == decision.number
    assert b"Anaova" not in journal.sealed_bytes(decision, "participants")[0]


def test_without_its_test_a_course_is_not_completed(world):
    ana, _bek, second = ready(world)
    mark(world, second, [ana.pk])
    with world.acting("office") as office:
        decision = complete_cohort(code=world.cohort.code, by=office, now=after(world.cohort))
        assert journal.explain(decision.number, str(world.people["ana"].public_id)).reason == "test_missing"


def test_scores_from_a_file_all_or_none_with_faults_by_row(world):
    enrol(world, "ana", "bek")
    with loading():
        pks = list(Participation.objects.order_by("pk").values_list("pk", flat=True))
    bad = f"number,name,points\n{pks[0]},x,12\n{pks[1]},y,abc\n999,z,5\n{pks[0]},x,3\n".encode()
    given = {"code": world.cohort.code, "when": "before", "highest": Decimal(20), "name": "s.csv", "now": NOW}
    with world.acting("office") as office:
        with pytest.raises(BadTable) as caught:
            scores.import_scores(content=bad, by=office, **given)
        assert [(fault.row, fault.column) for fault in caught.value.faults] == [
            (3, "points"),
            (4, "number"),
            (5, "number"),
        ]
        assert Score.objects.count() == 0
        for broken in (b"", b"a,b\n1,2\n", b"PK\x03\x04 not a zip", b"number,points\n"):
            with pytest.raises(BadTable):
                scores.import_scores(content=broken, by=office, **given)
        good = f"number;points\n{pks[0]};12,5\n{pks[1]};\n".encode()
        assert scores.import_scores(content=good, by=office, **given) == 1
        assert Score.objects.get().points == 1250
        with refused("score_outside"):
            scores.save_scores(
                code=world.cohort.code,
                when="before",
                highest=Decimal(20),
                points={pks[0]: Decimal(21)},
                by=office,
                now=NOW,
            )


def test_the_gain_of_few_is_not_shown(world):
    for number in range(6):
        teacher(world, f"t{number}", "B")
    course(world, "more")
    cohort = run(world, "more", places=10)
    enrol(world, *(f"t{number}" for number in range(6)), cohort=cohort)
    with loading():
        pks = list(Participation.objects.filter(cohort=cohort).order_by("pk").values_list("pk", flat=True))
    with world.acting("office") as office:
        for when, start in (("before", 5), ("after", 8)):
            points = {pk: Decimal(start + place % 3) for place, pk in enumerate(pks[:4])}
            scores.save_scores(code=cohort.code, when=when, highest=Decimal(20), points=points, by=office, now=NOW)
        assert queries.gain_of(cohort).found is None
        for when, start in (("before", 5), ("after", 9)):
            points = {pk: Decimal(start + place) for place, pk in enumerate(pks[4:])}
            scores.save_scores(code=cohort.code, when=when, highest=Decimal(20), points=points, by=office, now=NOW)
        found = queries.gain_of(cohort).found
    assert found.n == 6
    assert found.mean == pytest.approx((4 * 15 + 2 * 20) / 6)
    assert found.low < found.mean < found.high
