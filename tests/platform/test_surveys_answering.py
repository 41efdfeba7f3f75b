"""Answering without an account: one answer a code, page by page, kept between visits, in three languages."""

import datetime as dt

import pytest
from django.test import Client
from survey_world import HEAD, NEIGHBOUR, NOW, OFFICE, SCHOOL, answer_all, make, small_form

from tirek.access.roles import Role
from tirek.access.scope import acting_as, loading
from tirek.surveys.models import AccessCode, Draft, OpenAnswer, Response, Round
from tirek.surveys.refusals import NotAnswerable, SurveyRefused
from tirek.surveys.services import answering, codes, forms, rounds

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make()


def begin(code: str) -> Client:
    client = Client(headers={"accept-language": "en"})
    assert client.post("/surveys/answer/", {"code": code}).headers["Location"] == "/surveys/answer/page/"
    return client


def send(client: Client, page: int, act: str = "next", **answers):
    return client.post(
        "/surveys/answer/page/", {"page": str(page), "act": act, **{f"q:{k}": v for k, v in answers.items()}}
    )


GROUP = {"g/s1": "4", "g/s2": "5", "g/s3": "1"}


def test_a_code_opens_one_answer_and_never_a_second(world):
    code = world.slips(1)[0]
    answer_all(world, code, said="Тақта керек")
    again = Client(headers={"accept-language": "en"}).post("/surveys/answer/", {"code": code})
    assert again.status_code == 409
    assert "has been used" in again.content.decode()
    with loading():
        response = Response.objects.get()
        assert response.answers == {
            "g/s1": "4",
            "g/s2": "4",
            "g/s3": "4",
            "age": "30",
            "double": "60",
            "said": "Тақта керек",
        }
        assert response.version_id == world.version.pk
        assert OpenAnswer.objects.get().text == "Тақта керек"
        assert not Draft.objects.exists()


def test_a_finished_answer_is_tied_to_no_code(world):
    columns = {field.name for field in Response._meta.get_fields()}
    assert not columns & {"code", "person", "user", "address"}
    answer_all(world, world.slips(1)[0])
    with loading():
        assert Response.objects.get().id.version == 4


def test_two_devices_with_one_code_give_one_answer(world):
    code = world.slips(1)[0]
    client, other = begin(code), begin(code)
    for one in (client, other):
        send(one, 0, **GROUP)
    assert client.post("/surveys/answer/check/").headers["Location"].endswith("/done/")
    assert other.post("/surveys/answer/check/").status_code in (302, 409)
    with loading():
        assert Response.objects.count() == 1


def test_wrong_codes_are_told_and_counted(world):
    client = Client(headers={"accept-language": "en"}, REMOTE_ADDR="203.0.113.7")
    for _n in range(60):
        assert client.post("/surveys/answer/", {"code": "222-222-22A"}).status_code in (404, 409)
    assert client.post("/surveys/answer/", {"code": world.slips(1)[0]}).status_code == 429


def test_what_is_missing_or_wrong_stands_at_its_question(world):
    client = begin(world.slips(1)[0])
    page = send(client, 0, **{"g/s1": "4"})
    assert page.status_code == 422
    assert page.content.decode().count("This question needs an answer.") >= 2
    send(client, 0, **GROUP)
    page = send(client, 1, age="12")
    assert page.status_code == 422
    assert "Adults only [en]" in page.content.decode()
    assert "Write a whole number" in send(client, 1, age="viele").content.decode()
    assert send(client, 0, **GROUP | {"g/s1": "9"}).status_code == 422


def test_a_question_that_becomes_due_is_asked_on_the_same_page(world):
    client = begin(world.slips(1)[0])
    send(client, 0, **GROUP)
    page = send(client, 1, age="65")
    assert page.status_code == 200
    assert "asks a little more" in page.content.decode()
    assert send(client, 1, age="65").status_code == 422  # now it is missing
    assert send(client, 1, age="65", old="3").status_code == 302
    assert send(client, 1, age="30").status_code == 302  # no longer asked: its answer does not count
    client.post("/surveys/answer/check/")
    with loading():
        assert "old" not in Response.objects.get().answers


def test_answers_wait_under_the_code_on_another_device(world):
    code = world.slips(1)[0]
    send(begin(code), 0, **GROUP)
    other = begin(code)
    page = other.get("/surveys/answer/page/?page=0").content.decode()
    assert 'value="5" checked' in page


def test_the_language_changes_without_losing_an_answer(world):
    client = begin(world.slips(1)[0])
    answer = send(client, 0, act="language:kk", **{"g/s1": "2"})
    assert client.cookies["language"].value == "kk"
    page = client.get(answer.headers["Location"]).content.decode()
    assert "Lesson 1 [kk]" in page
    assert 'value="2" checked' in page
    page = client.get(send(client, 0, act="language:ru").headers["Location"]).content.decode()
    assert "Lesson 1 [ru]" in page
    assert 'value="2" checked' in page


def test_labels_are_text_and_not_markup(world):
    client = begin(world.slips(1)[0])
    send(client, 0, **GROUP)
    page = client.get("/surveys/answer/page/?page=1").content.decode()
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
    send(client, 1, age="30", said="<script>alert(1)</script>")
    assert "<script>alert" not in client.get("/surveys/answer/check/").content.decode()


def test_a_poster_gives_a_device_one_code_and_stops_when_all_have_answered():
    world = make(teachers=((SCHOOL, 2), (NEIGHBOUR, 12)))
    poster = world.poster()
    client = Client(headers={"accept-language": "en"})
    assert "Begin" in client.get(poster).content.decode()
    assert client.post(poster).headers["Location"] == "/surveys/answer/page/"
    assert client.get(poster).headers["Location"] == "/surveys/answer/page/"  # the same device goes on
    with loading():
        assert AccessCode.objects.count() == 1
    for code in world.slips(2):
        answer_all(world, code)
    assert "As many have answered" in Client(headers={"accept-language": "en"}).post(poster).content.decode()


def test_a_withdrawn_poster_opens_nothing(world):
    poster = world.poster()
    with acting_as(HEAD):
        codes.renew_links(round_id=world.round.pk, org_no=SCHOOL, by=world.user(Role.SCHOOL_HEAD), now=NOW)
    assert Client().get(poster).status_code == 404
    assert Client().get(world.poster()).status_code == 200


def test_before_the_first_and_after_the_last_day_nothing_opens(world):
    code = world.slips(1)[0]
    for day, word in ((-1, "too_early"), (11, "closed")):
        with pytest.raises(NotAnswerable, check=lambda refusal, word=word: refusal.code == word):
            answering.look_up(typed=code, now=NOW + dt.timedelta(days=day))


def test_slips_stay_the_same_and_are_never_more_than_invited(world):
    assert world.slips(3) == world.slips(3)
    with pytest.raises(SurveyRefused), acting_as(HEAD):
        codes.printed_slips(
            round_id=world.round.pk, org_no=SCHOOL, count=13, class_label="", by=world.user(Role.SCHOOL_HEAD), now=NOW
        )


def test_a_head_prints_nothing_for_another_school(world):
    with pytest.raises(SurveyRefused), acting_as(HEAD):
        codes.printed_slips(
            round_id=world.round.pk, org_no=NEIGHBOUR, count=1, class_label="", by=world.user(Role.SCHOOL_HEAD), now=NOW
        )


def test_answers_and_codes_are_read_by_no_head_and_no_officer(world):
    answer_all(world, world.slips(1)[0])
    for scope in (HEAD, OFFICE):
        with acting_as(scope):
            assert not Response.objects.exists()
            assert not AccessCode.objects.exists()
            assert not OpenAnswer.objects.exists()


def test_a_version_changed_between_two_answers_leaves_both_readable(world):
    slips = world.slips(2)
    begun = begin(slips[1])
    begun.get("/surveys/answer/page/")
    answer_all(world, slips[0])
    office = world.user(Role.PROGRAMME_OFFICE)
    extra = [{"type": "text", "name": "age_words", "label::English (en)": "In words"}]
    with acting_as(OFFICE):
        second = forms.bring_version(
            data=small_form(version="2", extra=extra), name="small.xlsx", titles=None, by=office, now=NOW
        )
        with pytest.raises(SurveyRefused):
            rounds.change_version(round_id=world.round.pk, version_id=second.pk, by=office, now=NOW)
        forms.approve_version(version_id=second.pk, by=office, now=NOW)
        rounds.change_version(round_id=world.round.pk, version_id=second.pk, by=office, now=NOW)
    send(begun, 0, **GROUP)
    assert "age_words" not in begun.get("/surveys/answer/page/?page=1").content.decode()  # begun with the first version
    begun.post("/surveys/answer/check/")
    answer_all(world, world.slips(3)[2])
    with loading():
        assert sorted(Response.objects.values_list("version__number", flat=True)) == [1, 1, 2]


def test_the_same_file_and_a_used_version_are_refused(world):
    office = world.user(Role.PROGRAMME_OFFICE)
    with acting_as(OFFICE):
        for data, code in ((small_form(), "same_file"), (small_form(text="Other"), "version_used")):
            with pytest.raises(SurveyRefused, check=lambda refusal, code=code: refusal.code == code):
                forms.bring_version(data=data, name="small.xlsx", titles=None, by=office, now=NOW)


def test_a_closed_round_takes_nothing_and_forgets_drafts(world):
    code = world.slips(1)[0]
    client = begin(code)
    with acting_as(OFFICE):
        rounds.close_round(round_id=world.round.pk, by=world.user(Role.PROGRAMME_OFFICE), now=NOW)
    assert client.get("/surveys/answer/page/").status_code == 409
    with loading():
        assert not Draft.objects.exists()
        assert Round.objects.get().state == "closed"


def test_the_register_says_how_many_are_asked_and_a_lot_is_sealed():
    world = make(teachers=((SCHOOL, 30), (NEIGHBOUR, 8)), sampling="persons", sample_size=10)
    assert (world.school(SCHOOL).frame, world.school(SCHOOL).invited) == (30, 10)
    assert (world.school(NEIGHBOUR).frame, world.school(NEIGHBOUR).invited) == (8, 8)
    from tirek.decisions import services as decisions

    with loading():
        assert decisions.verify(world.round.sample_number, by="test", now=NOW).agrees
