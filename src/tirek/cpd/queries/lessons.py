"""The library as readers, authors and reviewers see it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from tirek.access.scope import Scope, loading
from tirek.cpd.models import Author, Edition, Lesson, Problem, Rating, Submission, SubmissionState

FEWEST_RATINGS = 5


def lessons(
    *, text: str = "", subject: str = "", grade: str = "", language: str = "", topic: str = "", kind: str = "",
    org_no: int | None = None,
) -> QuerySet[Lesson]:  # fmt: skip
    """What stands in the library, the newest first."""
    found = Lesson.objects.filter(withdrawn_at=None)
    for name, value in (("subject", subject), ("language", language), ("kind", kind), ("org_no", org_no)):
        found = found.filter(**{name: value}) if value else found
    if grade.isdecimal():
        found = found.filter(grades__contains=[int(grade)])
    if topic:
        found = found.filter(topics__contains=[topic])
    for word in text.split():
        found = found.filter(Q(title__icontains=word) | Q(goals__icontains=word) | Q(author_names__icontains=word))
    return found.order_by("-published_at", "-id")


def lesson(code: str) -> Lesson | None:
    return Lesson.objects.filter(code=code).first()


def average(of: Lesson) -> float | None:
    """Only from five ratings on."""
    return of.rating_sum / of.rating_n if of.rating_n >= FEWEST_RATINGS else None


def editions(of: Lesson) -> list[Edition]:
    return list(of.editions.order_by("-number"))


def comments(of: Lesson) -> list[dict]:
    """What teachers wrote, without their names; only once there are enough ratings to hide among."""
    if of.rating_n < FEWEST_RATINGS:
        return []
    with loading():
        found = Rating.objects.filter(lesson=of).exclude(comment="").order_by("-at")[:30]
        return [{"stars": row.stars, "comment": row.comment} for row in found]


def my_rating(of: Lesson, user_id: int) -> Rating | None:
    return Rating.objects.filter(lesson=of, user_id=user_id).first()


def is_author(of: Lesson, person_id: int | None) -> bool:
    return bool(person_id) and Author.objects.filter(lesson=of, person_id=person_id).exists()


def by_author(person_id: int) -> list[Lesson]:
    """For the portfolio: as far as the asker's policies show who made it."""
    return list(Lesson.objects.filter(authors__person_id=person_id, withdrawn_at=None).order_by("-published_at"))


def my_submissions(person_id: int) -> list[Submission]:
    return list(Submission.objects.filter(person_id=person_id).select_related("lesson").order_by("-sent_at", "-id"))


def submissions(scope: Scope, *, state: str = "") -> QuerySet[Submission]:
    """What waits for the office, the oldest first."""
    found = scope.limit(Submission.objects.filter(state=state or SubmissionState.SENT))
    return found.select_related("lesson").order_by("sent_at", "id")


def submission(code: str) -> Submission | None:
    return Submission.objects.filter(code=code).select_related("lesson").first()


def problems(scope: Scope, *, of: Lesson | None = None) -> list[Problem]:
    """Reports that wait for an answer; of one lesson, all."""
    found = scope.limit(Problem.objects.select_related("lesson"))
    found = found.filter(lesson=of) if of else found.filter(answered_at=None)
    return list(found.order_by("at")[:100])


def problem(scope: Scope, problem_id: int) -> Problem | None:
    """One report, as the asker's policies and territory show it."""
    return scope.limit(Problem.objects.select_related("lesson")).filter(pk=problem_id).first()


def my_problems(of: Lesson, user_id: int) -> list[Problem]:
    return list(Problem.objects.filter(lesson=of, user_id=user_id).order_by("-at"))


@dataclass(frozen=True)
class Opened:
    """A file of an edition, as it may be sent out."""

    sha256: str
    name: str
    media_type: str


def file_of(files: list[dict], place: int) -> Opened | None:
    if not 0 <= place < len(files):
        return None
    row = files[place]
    return Opened(row["sha256"], row["name"], row["media_type"])
