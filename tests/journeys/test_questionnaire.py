"""A poster's link on a cheap telephone, in Kazakh: answers, leaves, goes on with the code, sends; results only from five."""

from __future__ import annotations

import datetime as dt

import pytest
from playwright.sync_api import expect


@pytest.fixture
def round_(world):
    """An open round at one school with five teachers, committed."""
    from django.db.backends.postgresql.psycopg_any import DateRange
    from django.utils import timezone

    from tirek.access.models import User
    from tirek.access.scope import loading
    from tirek.registry import models
    from tirek.surveys.demonstration.questionnaires import TEACHERS
    from tirek.surveys.demonstration.workbook import workbook_of
    from tirek.surveys.models import Round, RoundSchool
    from tirek.surveys.queries.rounds import poster_key
    from tirek.surveys.services import forms, rounds

    now = timezone.now()
    with loading():
        school = models.Institution.objects.get(code="school-1")
        for number in range(5):
            made = models.Person.objects.create(
                family_name="Үлгі", given_name=f"Ұстаз {number}", sort_key=f"survey {number}", org_no=school.org_no
            )
            models.Employment.objects.create(
                person=made, institution=school, org_no=school.org_no, person_name=str(made), sort_key=made.sort_key,
                position="teacher", valid=DateRange(dt.date(2020, 9, 1), None),
            )  # fmt: skip
        by = User.objects.order_by("pk").first()
        found = Round.objects.filter(form__code=TEACHERS.code).first()
        if found is None:
            version = forms.bring_version(
                data=workbook_of(TEACHERS), name="t.xlsx", titles=forms.Titles(*TEACHERS.title), by=by, now=now
            )
            forms.approve_version(version_id=version.pk, by=by, now=now)
            day = timezone.localdate(now)
            found = rounds.plan_round(
                plan=rounds.Plan(version.pk, "teachers", [school.org_no], day, day + dt.timedelta(days=5)),
                by=by,
                now=now,
            )
            rounds.open_round(round_id=found.pk, by=by, now=now, tell_schools=False)
        row = RoundSchool.objects.get(round=found)
        return {"round": found, "poster": f"/surveys/answer/at/{poster_key(row.pk, row.series)}/", "by": by}


def answer_page(page) -> None:
    """The last choice of every question of the page that has choices."""
    for question in page.locator("form.questionnaire fieldset").all():
        choices = question.locator("input[type=radio]")
        if choices.count():
            choices.last.check()


def test_from_the_poster_to_results(visit, round_, picture, world):
    from axe_playwright_python.sync_playwright import Axe
    from django.utils import timezone

    from tirek.access.scope import loading
    from tirek.surveys.models import AccessCode, PublishedScale, Response
    from tirek.surveys.services import answering, results, rounds

    page = visit(language="kk", size="phone")
    page.set_default_timeout(30_000)
    page.goto(round_["poster"])
    page.get_by_role("button", name="Бастау").click()
    page.locator("form.questionnaire .buttons button[value=next]").click()  # the greeting
    page.locator("[name='q:about/years']").fill("12")
    page.locator("form.questionnaire .buttons button[value=next]").click()
    expect(page.locator("main h2")).to_contain_text("Кабинеттер мен құралдар")
    answer_page(page)
    picture(page, "questionnaire-phone-kk")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    found = Axe().run(page).response["violations"]
    assert not found, [(v["id"], v["nodes"][0]["html"]) for v in found]
    page.get_by_role("button", name="Кейін жалғастыру").click()
    code = page.locator(".figure .value").inner_text()

    other = visit(language="kk", size="phone", script=False)  # another telephone, without a script
    other.goto("/surveys/answer/")
    other.locator("[name=code]").fill(code.lower())
    other.get_by_role("button", name="Бастау").click()
    expect(other.locator("main h2")).to_contain_text("Кабинеттер мен құралдар")
    assert other.locator("input[type=radio]:checked").count() == 4
    other.get_by_role("button", name="Русский").click()
    expect(other.locator("main h2")).to_contain_text("Кабинеты и оборудование")
    assert other.locator("input[type=radio]:checked").count() == 4
    for _page in range(6):
        answer_page(other)
        other.locator("form.questionnaire .buttons button[value=next]").click()
    other.get_by_role("button", name="Отправить ответы").click()
    expect(other.locator("h1")).to_contain_text("Спасибо")

    with loading():
        first = Response.objects.get()
        assert AccessCode.objects.filter(state="finished").count() == 1
        for _n in range(3):
            answering.keep_response(
                round_=round_["round"], org_no=first.org_no, version=first.version, grade=None, channel="browser", language="kk",
                definition=answering.definition_of(first.version.xform_sha256), answers=first.answers, now=timezone.now(),
            )  # fmt: skip
        rounds.close_round(round_id=round_["round"].pk, by=None, now=timezone.now())
        results.publish_results(round_id=round_["round"].pk, by=round_["by"], now=timezone.now())
        assert not PublishedScale.objects.exists()  # four have answered
        answering.keep_response(
            round_=round_["round"], org_no=first.org_no, version=first.version, grade=None, channel="browser", language="kk",
            definition=answering.definition_of(first.version.xform_sha256), answers=first.answers, now=timezone.now(),
        )  # fmt: skip
        results.publish_results(round_id=round_["round"].pk, by=round_["by"], now=timezone.now())
        assert PublishedScale.objects.filter(scale_code="equipment").count() == 1
    officer = visit("officer", language="kk", size="phone")
    officer.goto(f"/surveys/rounds/{round_['round'].code}/results/")
    expect(officer.locator("main")).to_contain_text("Кабинеттер мен құралдар")
    assert officer.evaluate("document.documentElement.scrollWidth") <= 360
    picture(officer, "questionnaire-results-phone-kk")
