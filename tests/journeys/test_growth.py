"""One teacher: from joining a course to a certificate that a stranger checks."""

from __future__ import annotations

from decimal import Decimal

from django.utils import timezone
from playwright.sync_api import expect

from tirek.access.scope import Scope, acting_as, loading
from tirek.cpd.models import Certificate, Participation
from tirek.cpd.services import certificates, courses
from tirek.cpd.services.completion import complete_cohort
from tirek.registry.models import Territory


def test_from_joining_to_a_certificate_checked_without_an_account(visit, world, server, picture):
    officer = world["officer"]
    scope = _region(officer)
    code, session = _run(scope, officer)
    teacher = visit("teacher", size="phone")
    teacher.goto("/growth/")
    teacher.get_by_role("link", name="Course of the journey").click()
    teacher.get_by_role("link", name=code).click()
    teacher.get_by_role("button", name="Join this course").click()
    expect(teacher.get_by_text("It waits for the head of your school.")).to_be_visible()
    picture(teacher, "growth-joined")
    head = visit("head")
    head.goto("/home/")
    head.get_by_role("link", name="1 teacher asks to join a course").click()
    head.get_by_role("button", name="Approve", exact=False).first.click()
    expect(head.get_by_text("Approved.")).to_be_visible()
    office = visit("officer", size="phone")
    office.goto(f"/growth/cohorts/{code}/sessions/{session}/")
    expect(office.get_by_role("checkbox")).to_be_checked()
    office.get_by_role("button", name="Keep the attendance").click()
    expect(office.get_by_text("Marked: 1 of 1 were there.")).to_be_visible()
    number = _certified(scope, officer, code, server)
    teacher.goto("/growth/mine/")
    teacher.get_by_role("link", name=number).click()
    address = teacher.get_by_role("link", name="/growth/check/").get_attribute("href")
    stranger = visit(size="phone")
    stranger.goto(address)
    expect(stranger.get_by_role("heading", level=1)).to_have_text("This certificate stands")
    picture(stranger, "growth-checked")
    with loading():
        assert Certificate.objects.get().person_name.split()[0] not in stranger.content()


def _region(officer) -> Scope:
    with loading():
        region = Territory.objects.get(code="470000000")
    return Scope(lo=region.org_lo, hi=region.org_hi, user_id=officer.pk, role="regional_officer")


def _run(scope: Scope, officer) -> tuple[str, int]:
    """A run of one session today."""
    now, today = timezone.now(), timezone.localdate()
    with acting_as(scope):
        given = {"by": officer, "now": now}
        provider = courses.save_provider(
            code="journey",
            is_new=True,
            facts={"name_kk": "Ұйым", "name_en": "Provider", "topics": ["mathematics"]},
            **given,
        )
        courses.save_course(
            code="journey", is_new=True, **given,
            facts={
                "provider": provider, "kind": "seminar", "name_kk": "Сапар курсы", "name_en": "Course of the journey",
                "topics": ["mathematics"], "audiences": ["subject_teachers"], "languages": ["kk"], "place": "onsite",
                "hours": 8, "has_test": False, "asks_head": True,
            },
        )  # fmt: skip
        days = {"starts_on": today, "ends_on": today, "apply_until": today}
        facts = days | {"places": Decimal(5), "venue": "", "place": "onsite", "language": "kk"}
        cohort = courses.open_cohort(course_code="journey", facts=facts, **given)
        session = courses.add_session(
            code=cohort.code, facts={"day": today, "starts_at": "09:00", "minutes": 480, "theme": ""}, **given
        )
    return cohort.code, session.pk


def _certified(scope: Scope, officer, code: str, server: str) -> str:
    """What the worker does after the button: closing and giving out."""
    with acting_as(scope):
        complete_cohort(code=code, by=officer, now=timezone.now())
        certificates.issue_for_cohort(code=code, base_address=server, by=officer, now=timezone.now())
    with loading():
        assert Participation.objects.get().standing == "completed"
        return Certificate.objects.get().number
