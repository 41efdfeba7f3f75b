"""The library: offering, reviewing, publishing, a new version, rating, using, reporting, withdrawing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.urls import reverse
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import current_scope, loading
from tirek.cpd.models import Author, Edition, Lesson, Problem, Rating, Submission, SubmissionState, Use
from tirek.cpd.queries.people import employments
from tirek.cpd.refusals import BadValue, NotAllowed, NotThere, WrongState, must, must_cover
from tirek.cpd.services.practice import keep_files, name_of, next_number, own_employment, said, users_of
from tirek.tasks.services import File
from tirek.tasks.services import tell as tell_users

CONTENT = ("kind", "title", "subject", "grades", "language", "topics", "goals", "text")
GRADES = range(12)


@transaction.atomic
def offer(
    *, facts: Mapping[str, Any], files: Sequence[File] = (), coauthor_ids: Sequence[int] = (), lesson_code: str = "",
    by: User, now: dt.datetime,
) -> Submission:  # fmt: skip
    """A teacher offers a lesson, or a new version of one of the own. It waits for an expert of the programme office."""
    must("growth.own")
    employment = own_employment(by, now.date())
    content = _content(facts)
    lesson = _own_lesson(lesson_code, by) if lesson_code else None
    changes = said(str(facts.get("changes", "")), "changes", longest=500) if lesson else ""
    kept = keep_files(files) or (lesson.files if lesson else [])
    if not kept and not content["text"]:
        raise BadValue(_("Add a file, or write how the lesson goes."), code="nothing_offered", field="text")
    colleagues = employments(coauthor_ids, now.date())
    strangers = [pk for pk in coauthor_ids if pk not in colleagues or colleagues[pk].org_no != employment.org_no]
    if strangers:
        raise BadValue(_("Co-authors work at your school today."), code="not_colleagues", field="coauthors")
    names = [employment.person_name, *(colleagues[pk].person_name for pk in coauthor_ids if pk != by.person_id)]
    try:
        with loading():
            return Submission.objects.create(
                code=next_number("L", now), lesson=lesson, org_no=lesson.org_no if lesson else employment.org_no,
                person_id=by.person_id, person_name=employment.person_name, author_names=", ".join(names)[:600],
                coauthor_ids=sorted({pk for pk in coauthor_ids if pk != by.person_id}), changes=changes,
                state=SubmissionState.SENT, sent_at=now, files=kept, **content,
            )  # fmt: skip
    except IntegrityError:
        raise WrongState(_("A new version of this lesson is under way already."), code="version_waits") from None


def _content(facts: Mapping[str, Any]) -> dict[str, Any]:
    content = {name: facts[name] for name in CONTENT}
    content["title"] = said(content["title"], "title", shortest=5, longest=200)
    content["goals"] = said(content["goals"], "goals", shortest=20, longest=2000)
    content["grades"] = sorted({int(grade) for grade in content["grades"]})
    if not content["grades"] or not set(content["grades"]) <= set(GRADES):
        raise BadValue(_("Choose the classes for which it is meant."), code="bad_grades", field="grades")
    return content


def _own_lesson(code: str, by: User) -> Lesson:
    with loading():
        lesson = Lesson.objects.select_for_update().filter(code=code).first()
        own = lesson is not None and Author.objects.filter(lesson=lesson, person_id=by.person_id or 0).exists()
    if lesson is None or not own:
        raise NotThere(_("There is no such lesson of yours."))
    if lesson.withdrawn_at:
        raise WrongState(_("This lesson was withdrawn. Offer it anew."), code="withdrawn")
    return lesson


@transaction.atomic
def send_again(
    *, code: str, facts: Mapping[str, Any], files: Sequence[File] = (), by: User, now: dt.datetime
) -> Submission:
    """What was returned, mended."""
    found = _own_submission(code, by, {SubmissionState.RETURNED})
    content, kept = _content(facts), keep_files(files) or found.files
    if not kept and not content["text"]:
        raise BadValue(_("Add a file, or write how the lesson goes."), code="nothing_offered", field="text")
    with loading():
        for name, value in content.items():
            setattr(found, name, value)
        found.files, found.state, found.sent_at = kept, SubmissionState.SENT, now
        found.changes = str(facts.get("changes", found.changes))[:500]
        found.save()
    return found


@transaction.atomic
def take_back(*, code: str, by: User, now: dt.datetime) -> Submission:
    found = _own_submission(code, by, {SubmissionState.SENT, SubmissionState.RETURNED})
    with loading():
        found.state = SubmissionState.TAKEN_BACK
        found.save(update_fields=["state"])
    return found


def _own_submission(code: str, by: User, states: set) -> Submission:
    must("growth.own")
    with loading():
        found = Submission.objects.select_for_update().filter(code=code, person_id=by.person_id or 0).first()
    if found is None:
        raise NotThere(_("There is no such lesson of yours."))
    if found.state not in states:
        raise WrongState(_("This is not possible now: the lesson is %(state)s.") % {"state": found.get_state_display()})
    return found


def _for_review(code: str, by: User) -> Submission:
    must("growth.manage")
    with loading():
        found = Submission.objects.select_for_update().filter(code=code).first()
    if found is None or not current_scope().covers(found.org_no):
        raise NotThere(_("There is no such lesson in your territory."))
    if found.state != SubmissionState.SENT:
        raise WrongState(_("This is not possible now: the lesson is %(state)s.") % {"state": found.get_state_display()})
    if by.person_id and by.person_id in (found.person_id, *found.coauthor_ids):
        raise NotAllowed(_("Nobody reviews a lesson of the own. Ask a colleague."), code="own_lesson")
    return found


@transaction.atomic
def send_back(*, code: str, text: str, by: User, now: dt.datetime) -> Submission:
    """The expert says what is to be mended."""
    found = _for_review(code, by)
    found.reason = said(text, "text", shortest=10)
    return _reviewed(found, SubmissionState.RETURNED, "practice_returned", by, now)


@transaction.atomic
def publish(*, code: str, by: User, now: dt.datetime) -> Lesson:
    """Into the library: a new lesson, or a new version that supersedes. Versions before stay readable."""
    found = _for_review(code, by)
    with loading():
        content = {name: getattr(found, name) for name in CONTENT} | {
            "files": found.files, "author_names": found.author_names, "published_at": now,
        }  # fmt: skip
        lesson = found.lesson and Lesson.objects.select_for_update().get(pk=found.lesson_id)
        if lesson is None:
            lesson = Lesson.objects.create(code=found.code, org_no=found.org_no, edition=1, **content)
        elif lesson.withdrawn_at:
            raise WrongState(_("This lesson was withdrawn. Offer it anew."), code="withdrawn")
        else:
            for name, value in content.items():
                setattr(lesson, name, value)
            lesson.edition += 1
            lesson.save(update_fields=[*content, "edition"])
        Edition.objects.create(
            lesson=lesson, org_no=lesson.org_no, number=lesson.edition, changes=found.changes, **content
        )
        for person_id, employment in employments([found.person_id, *found.coauthor_ids], now.date()).items():
            Author.objects.get_or_create(lesson=lesson, person_id=person_id, defaults={"org_no": employment.org_no})
        Author.objects.get_or_create(lesson=lesson, person_id=found.person_id, defaults={"org_no": found.org_no})
        found.lesson, found.reason = lesson, ""
    _reviewed(found, SubmissionState.PUBLISHED, "practice_published", by, now)
    return lesson


def _reviewed(found: Submission, state: str, news: str, by: User, now: dt.datetime) -> Submission:
    with loading():
        found.state, found.reviewed_at, found.reviewer_name = state, now, name_of(by)
        found.save(update_fields=["state", "reviewed_at", "reviewer_name", "reason", "lesson"])
        tell_users(
            user_ids=users_of([found.person_id]), kind=news, parameters={"title": found.title}, now=now,
            link=reverse("cpd:my_lessons"),
        )  # fmt: skip
    return found


def _standing(code: str) -> Lesson:
    with loading():
        lesson = Lesson.objects.select_for_update().filter(code=code).first()
    if lesson is None:
        raise NotThere(_("There is no such lesson in the library."))
    if lesson.withdrawn_at:
        raise WrongState(_("This lesson was withdrawn."), code="withdrawn")
    return lesson


@transaction.atomic
def rate(*, code: str, stars: int, comment: str, by: User, now: dt.datetime) -> Rating:
    """A teacher's rating; a second one replaces the first. Authors do not rate their own."""
    must("growth.own")
    lesson, employment = _standing(code), own_employment(by, now.date())
    if not 1 <= stars <= 5:
        raise BadValue(_("Choose from 1 to 5."), code="bad_stars", field="stars")
    with loading():
        if Author.objects.filter(lesson=lesson, person_id=by.person_id).exists():
            raise NotAllowed(_("Authors do not rate their own lesson."), code="own_lesson")
        before = Rating.objects.filter(lesson=lesson, user_id=by.pk).first()
        made, is_new = Rating.objects.update_or_create(
            lesson=lesson, user_id=by.pk,
            defaults={"org_no": employment.org_no, "stars": stars, "comment": comment.strip()[:500], "at": now},
        )  # fmt: skip
        Lesson.objects.filter(pk=lesson.pk).update(
            rating_n=F("rating_n") + int(is_new),
            rating_sum=F("rating_sum") + stars - (before.stars if before else 0),
        )
    return made


@transaction.atomic
def used(*, code: str, on: dt.date, by: User, now: dt.datetime) -> Use:
    """A teacher used it in class: counted once a day."""
    must("growth.own")
    lesson, employment = _standing(code), own_employment(by, now.date())
    if on > now.date() or on < lesson.published_at.date():
        raise BadValue(_("Choose a day since it was published, up to today."), code="bad_day", field="on")
    with loading():
        made, is_new = Use.objects.get_or_create(
            lesson=lesson, user_id=by.pk, on=on, defaults={"org_no": employment.org_no}
        )
        if not is_new:
            raise WrongState(_("You have said so for this day already."), code="said_already")
        Lesson.objects.filter(pk=lesson.pk).update(use_n=F("use_n") + 1)
    return made


@transaction.atomic
def report(*, code: str, text: str, by: User, now: dt.datetime) -> Problem:
    """A reader says what is wrong: it goes to the programme office."""
    must("growth.read")
    lesson = _standing(code)
    with loading():
        return Problem.objects.create(
            lesson=lesson, user_id=by.pk, org_no=lesson.org_no, text=said(text, "text", shortest=10), at=now
        )


@transaction.atomic
def answer(*, problem_id: int, text: str, by: User, now: dt.datetime) -> Problem:
    must("growth.manage")
    with loading():
        found = Problem.objects.select_for_update().filter(pk=problem_id).first()
        if found is None:
            raise NotThere(_("There is no such report."))
    must_cover(found.org_no, found.org_no)
    if found.answered_at:
        raise WrongState(_("This report is answered already."), code="answered")
    with loading():
        found.answer, found.answered_at = said(text, "text"), now
        found.save(update_fields=["answer", "answered_at"])
    return found


@transaction.atomic
def withdraw(*, code: str, text: str, by: User, now: dt.datetime) -> Lesson:
    """Out of the library, with the reason, by an author or the office. Its page stays and says why; files do not open."""
    lesson = _standing(code)
    with loading():
        is_author = Author.objects.filter(lesson=lesson, person_id=by.person_id or 0).exists()
    if not is_author:
        must("growth.manage")
        must_cover(lesson.org_no, lesson.org_no)
    with loading():
        lesson.withdrawn_at, lesson.withdrawn_because = now, said(text, "text", shortest=10, longest=500)
        lesson.save(update_fields=["withdrawn_at", "withdrawn_because"])
    return lesson
