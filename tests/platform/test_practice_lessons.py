"""The library: offering, reviewing, versions, files, ratings, uses, withdrawing; the form of a lesson."""

import datetime as dt
import io

import pytest
from cpd_world import NOW, TODAY, World, client_of, teacher
from django.core.files.uploadedfile import SimpleUploadedFile
from practice_world import LESSON, offer, practice, publish, refused

from tirek.access.scope import loading
from tirek.cpd.models import Lesson, Rating, Submission
from tirek.cpd.queries import lessons as library
from tirek.cpd.services import lessons
from tirek.tasks.services import File

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def without_second_factor(settings):
    settings.DEMONSTRATION = True


@pytest.fixture
def world() -> World:
    return practice()


def test_a_lesson_is_reviewed_and_a_new_version_leaves_the_old_one_readable(world):
    made = offer(world)
    with world.acting("dana") as dana:
        assert not Submission.objects.exists()
        with refused("not_allowed"):
            lessons.publish(code=made.code, by=dana, now=NOW)
    with world.acting("office") as office:
        with refused("words_missing"):
            lessons.send_back(code=made.code, text="no", by=office, now=NOW)
        lessons.send_back(code=made.code, text="Say how long each part takes.", by=office, now=NOW)
    with world.acting("ana") as ana:
        lessons.send_again(code=made.code, facts=LESSON | {"text": "Ten minutes each."}, by=ana, now=NOW)
    first = publish(world, made)
    with world.acting("ana") as ana:
        second = lessons.offer(
            facts=LESSON | {"title": "Fractions, mended", "changes": "shorter"}, lesson_code=first.code, by=ana, now=NOW
        )
        with refused("version_waits"):
            lessons.offer(facts=LESSON | {"changes": "again"}, lesson_code=first.code, by=ana, now=NOW)
    publish(world, second)
    with world.acting("erik"):
        found = Lesson.objects.get()
        assert (found.edition, found.title) == (2, "Fractions, mended")
        assert [(e.number, e.title) for e in library.editions(found)] == [
            (2, "Fractions, mended"),
            (1, LESSON["title"]),
        ]
    with world.acting("dana") as dana, refused("not_there"):
        lessons.offer(facts=LESSON | {"changes": "mine"}, lesson_code=first.code, by=dana, now=NOW)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("plan.pdf", b"MZ\x90\x00", "not_what_it_says"), ("plan.exe", b"%PDF-1.7", "wrong_kind"),
        ("plan.exe.pdf", b"%PDF-1.7", "wrong_kind"), ("plan\u202efdp.html", b"%PDF-1.7", "wrong_kind"),
        ("plan.pdf", b"", "empty"), ("plan.pdf", b"%PDF" + bytes(20_000_001), "too_large"),
    ],
)  # fmt: skip
def test_files_that_are_not_what_they_say_are_refused(world, name, content, code):
    with world.acting("ana") as ana, refused(code):
        lessons.offer(facts=LESSON, files=[File(name, "application/pdf", content)], by=ana, now=NOW)
    with loading():
        assert not Submission.objects.exists()


def test_a_path_in_a_name_is_cut_and_the_file_comes_back_as_it_was(world):
    with world.acting("ana") as ana:
        made = lessons.offer(
            facts=LESSON, files=[File("../../etc/план\u202e.pdf", "text/html", b"%PDF-1.7 x")], by=ana, now=NOW
        )
    found = publish(world, made)
    assert found.files[0]["name"] == "план.pdf"
    answer = client_of(world, "erik").get(f"/growth/lessons/{found.code}/versions/1/files/0/")
    assert (answer.content, answer["Content-Type"]) == (b"%PDF-1.7 x", "application/pdf")
    assert answer["Content-Disposition"].startswith("attachment")
    assert client_of(world, "erik").get(f"/growth/lessons/{found.code}/versions/1/files/1/").status_code == 404


def test_ratings_one_each_changeable_and_an_average_only_from_five(world):
    lesson = publish(world, offer(world))
    raters = ["bek", "dana", "erik", "faya", "gul"]
    for name in ("faya", "gul"):
        teacher(world, name, "B")
    for place, name in enumerate(raters):
        if place == 4:
            with loading():
                lesson.refresh_from_db()
            assert library.average(lesson) is None
            assert library.comments(lesson) == []
        with world.acting(name) as user:
            lessons.rate(code=lesson.code, stars=5, comment="good", by=user, now=NOW)
    with world.acting("bek") as bek:
        lessons.rate(code=lesson.code, stars=1, comment="", by=bek, now=NOW)
    with world.acting("ana") as ana, refused("own_lesson"):
        lessons.rate(code=lesson.code, stars=5, comment="", by=ana, now=NOW)
    with loading():
        lesson.refresh_from_db()
        assert (lesson.rating_n, lesson.rating_sum) == (5, 21)
        assert sum(Rating.objects.values_list("stars", flat=True)) == 21
    assert library.average(lesson) == 4.2
    with world.acting("head"):
        assert not Rating.objects.exists(), "a head does not see who rated how"


def test_use_counts_once_a_day_and_withdrawing_closes_the_files(world):
    lesson = publish(world, offer(world))
    with world.acting("dana") as dana:
        lessons.used(code=lesson.code, on=TODAY, by=dana, now=NOW)
        with refused("said_already"):
            lessons.used(code=lesson.code, on=TODAY, by=dana, now=NOW)
        with refused("bad_day"):
            lessons.used(code=lesson.code, on=TODAY + dt.timedelta(days=1), by=dana, now=NOW)
        lessons.report(code=lesson.code, text="The last task has a wrong answer.", by=dana, now=NOW)
        with refused("not_allowed"):
            lessons.withdraw(code=lesson.code, text="I do not like it at all", by=dana, now=NOW)
    with world.acting("office") as office:
        (problem,) = library.problems(world.scopes["office"])
        lessons.answer(problem_id=problem.pk, text="Mended.", by=office, now=NOW)
        lessons.withdraw(code=lesson.code, text="The author left it out.", by=office, now=NOW)
        assert not library.lessons().exists()
    page = client_of(world, "dana").get(f"/growth/lessons/{lesson.code}/").content.decode()
    assert "The author left it out." in page
    assert "Fold the strip" not in page


def test_a_lesson_is_offered_through_the_form(world):
    sent = {**LESSON, "files": SimpleUploadedFile("plan.txt", b"Fold the strip.", content_type="text/plain")}
    answer = client_of(world, "ana").post("/growth/lessons/offer/", sent)
    assert answer.status_code == 302
    with loading():
        assert Submission.objects.get().files[0]["name"] == "plan.txt"
    bad = client_of(world, "ana").post("/growth/lessons/offer/", {**LESSON, "files": io.BytesIO(b"MZ")})
    assert bad.status_code == 422
