"""From a need to a certificate: teachers sent to a course because of a need, and what the end of the course says of it."""

import datetime as dt

import pytest
from cpd_world import ADDRESS, NOW, SCHOOLS, World, after, build, client_of, course, enrol, mark, run, session
from django.urls import reverse

from tirek.access.scope import loading
from tirek.cpd import completed
from tirek.cpd.models import Certificate, Participation
from tirek.cpd.services import certificates
from tirek.cpd.services.completion import complete_cohort
from tirek.programmes.models import Need, NeedKind, NeedState
from tirek.programmes.services import answering

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def without_second_factor(settings):
    """So that the accounts of officers open pages."""
    settings.DEMONSTRATION = True


@pytest.fixture
def world() -> World:
    world = build(cohort=False)
    course(world, has_test=False)
    world.cohort = run(world)
    return world


@pytest.fixture
def need() -> Need:
    """An accepted need of professional development, written down by a person."""
    return need_of(7)


def need_of(number: int) -> Need:
    with loading():
        return Need.objects.create(
            number=number, org_no=SCHOOLS["A"], kind=NeedKind.PROFESSIONAL, subject=f"topic:{number}", topic="mathematics",
            title="Tasks that make pupils think", state=NeedState.ACCEPTED, made_on=NOW.date(), decided_on=NOW.date(),
        )  # fmt: skip


def send(world: World, need: Need, *names: str, cohort=None):
    with world.acting("office") as office:
        people = {need.pk: [world.people[name].pk for name in names]}
        return answering.fill_cohort(cohort_id=(cohort or world.cohort).pk, sent=people, by=office, now=NOW)


def close(world: World, *there: str, cohort=None):
    """The course is held: who was there completes, nobody else."""
    cohort = cohort or world.cohort
    with loading():
        people = [world.people[name].pk for name in there]
        present = list(Participation.objects.filter(cohort=cohort, person__in=people).values_list("pk", flat=True))
    mark(world, session(world, cohort), present)
    with world.acting("office") as office:
        return complete_cohort(code=cohort.code, by=office, now=after(cohort))


def now(need: Need) -> Need:
    with loading():
        need.refresh_from_db()
        return need


def test_a_need_is_met_when_everybody_who_was_sent_has_completed(world, need):
    send(world, need, "ana", "bek")
    decision = close(world, "ana", "bek")
    found = now(need)
    assert (found.state, found.met_on) == (NeedState.MET, world.cohort.ends_on)
    assert found.evidence == [
        {"kind": "course", "ref": world.cohort.code, "decision": decision.number, "numbers": {"completed": 2, "sent": 2}}
    ]  # fmt: skip
    with loading():
        step = need.steps.order_by("-id")[0]
        assert (step.kind, "2/2" in step.note) == ("met", True)
    with world.acting("office") as office:
        made = certificates.issue_for_cohort(
            code=world.cohort.code, base_address=ADDRESS, by=office, now=after(world.cohort)
        )
        assert made == 2
    with loading():
        assert {c.decision_number for c in Certificate.objects.all()} == {decision.number}
    page = client_of(world, "office").get(reverse("programmes:need", args=[7])).content.decode()
    assert "completed by 2 of the 2 people who were sent" in page
    assert decision.number in page


def test_a_need_stands_while_somebody_who_was_sent_has_not_completed(world, need):
    send(world, need, "ana", "bek")
    close(world, "ana")
    assert now(need).state == NeedState.ACCEPTED
    assert need.evidence[-1]["numbers"] == {"completed": 1, "sent": 2}
    again = run(world, starts=dt.date(2026, 5, 4))
    send(world, need, "bek", cohort=again)
    close(world, "bek", cohort=again)
    assert (now(need).state, need.met_on) == (NeedState.MET, again.ends_on)
    assert [row["numbers"] for row in need.evidence] == [{"completed": 1, "sent": 2}, {"completed": 1, "sent": 1}]


def test_who_never_got_a_place_still_needs_the_course(world, need):
    enrol(world, "dana")
    answers = send(world, need, "ana", "bek")
    assert [answer.standing for answer in answers] == ["enrolled", "waiting"]
    close(world, "ana", "dana")
    assert now(need).state == NeedState.ACCEPTED
    assert need.evidence[-1]["numbers"] == {"completed": 1, "sent": 2}


def test_nobody_completed_so_nothing_is_met(world, need):
    send(world, need, "ana")
    close(world)
    assert now(need).state == NeedState.ACCEPTED


def test_who_came_without_a_need_tells_nobody(world, need):
    heard: list[completed.Ended] = []
    completed.register(heard.append)
    try:
        enrol(world, "ana")
        close(world, "ana")
    finally:
        completed.unregister(heard.append)
    assert heard == []
    assert now(need).evidence == []


def test_a_need_that_a_person_decided_meanwhile_is_left_alone(world, need):
    send(world, need, "ana")
    with loading():
        Need.objects.filter(pk=need.pk).update(state=NeedState.REJECTED)
    close(world, "ana")
    assert now(need).state == NeedState.REJECTED
    assert need.evidence == []
