"""The library of lessons and methods. What is offered is private until it is published; what is published, everybody reads."""

from __future__ import annotations

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from tirek.access.audit import audited
from tirek.access.policies import RowScope
from tirek.cpd.models.courses import TeachingLanguage, Topic
from tirek.registry.models import Person

APPEND_ONLY = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)


class LessonKind(models.TextChoices):
    LESSON = "lesson", _("lesson")
    METHOD = "method", _("method")


class Content(models.Model):
    """What a lesson says of itself, the same when it is offered and when it is published."""

    kind = models.CharField(_("kind"), max_length=8, choices=LessonKind.choices, default=LessonKind.LESSON)
    title = models.CharField(_("title"), max_length=200)
    subject = models.CharField(_("subject"), max_length=64)
    grades = ArrayField(models.SmallIntegerField(), verbose_name=_("classes"))
    language = models.CharField(_("language"), max_length=2, choices=TeachingLanguage.choices)
    topics = ArrayField(models.CharField(max_length=24, choices=Topic.choices), default=list, verbose_name=_("topics"))
    goals = models.TextField(_("goals: what pupils can do afterwards"), max_length=2000)
    text = models.TextField(_("how it goes"), max_length=10_000, blank=True)
    files = models.JSONField(default=list, help_text="sha256, name, media_type, size of each sealed file")

    class Meta:
        abstract = True


@audited("cpd_lesson_event_rows")
class Lesson(Content):
    """In the library: the contents of its latest edition, where it stands, and what teachers say of it. Public."""

    code = models.CharField(_("number"), max_length=20, unique=True)
    org_no = models.IntegerField()
    author_names = models.CharField(_("authors"), max_length=600)
    edition = models.SmallIntegerField(_("version"), default=1)
    published_at = models.DateTimeField(_("published"))
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    withdrawn_because = models.CharField(_("why withdrawn"), max_length=500, blank=True)
    rating_n = models.IntegerField(default=0)
    rating_sum = models.IntegerField(default=0)
    use_n = models.IntegerField(default=0)

    class Meta:
        verbose_name = _("lesson of the library")
        verbose_name_plural = _("lessons of the library")
        indexes = [models.Index(fields=["subject", "language", "-published_at"], name="cpd_lesson_facets")]
        constraints = [
            models.CheckConstraint(
                name="cpd_lesson_rating",
                condition=models.Q(
                    rating_n__gte=0, rating_sum__gte=models.F("rating_n"), rating_sum__lte=models.F("rating_n") * 5
                ),
            ),
            RowScope(name="cpd_lesson_rows", public=True),
        ]

    def __str__(self) -> str:
        return self.code


class Edition(Content):
    """One published version, readable for ever. Append only."""

    lesson = models.ForeignKey(Lesson, on_delete=models.PROTECT, related_name="editions")
    org_no = models.IntegerField()
    number = models.SmallIntegerField(_("version"))
    author_names = models.CharField(_("authors"), max_length=600)
    published_at = models.DateTimeField(_("published"))
    changes = models.CharField(_("what is new"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("version of a lesson")
        verbose_name_plural = _("versions of lessons")
        constraints = [
            models.UniqueConstraint(name="cpd_edition_once", fields=["lesson", "number"]),
            RowScope(name="cpd_edition_rows", public=True),
        ]
        triggers = [APPEND_ONLY]


class Author(models.Model):
    """Who made a lesson, for portfolios and the school's page. Names stand on the lesson itself."""

    lesson = models.ForeignKey(Lesson, on_delete=models.PROTECT, related_name="authors")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    org_no = models.IntegerField()

    class Meta:
        verbose_name = _("author of a lesson")
        verbose_name_plural = _("authors of lessons")
        constraints = [
            models.UniqueConstraint(name="cpd_author_once", fields=["lesson", "person"]),
            RowScope(name="cpd_author_rows", own="person_id"),
        ]


class SubmissionState(models.TextChoices):
    SENT = "sent", _("waits for the programme office")
    RETURNED = "returned", _("returned with a reason")
    PUBLISHED = "published", _("published")
    TAKEN_BACK = "taken_back", _("taken back by the author")


@audited("cpd_submission_event_rows", own="person_id")
class Submission(Content):
    """A lesson, or a new version of one, on its way to the library: seen by its author, the school and the offices."""

    code = models.CharField(_("number"), max_length=20, unique=True)
    lesson = models.ForeignKey(Lesson, on_delete=models.PROTECT, related_name="submissions", null=True, blank=True)
    org_no = models.IntegerField()
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    person_name = models.CharField(_("author"), max_length=302)
    coauthor_ids = ArrayField(models.BigIntegerField(), default=list)
    author_names = models.CharField(_("authors"), max_length=600)
    changes = models.CharField(_("what is new"), max_length=500, blank=True)
    state = models.CharField(_("state"), max_length=12, choices=SubmissionState.choices)
    sent_at = models.DateTimeField(_("sent"))
    reviewed_at = models.DateTimeField(null=True, blank=True)
    reviewer_name = models.CharField(max_length=200, blank=True)
    reason = models.CharField(_("reason"), max_length=1000, blank=True)

    class Meta:
        verbose_name = _("offered lesson")
        verbose_name_plural = _("offered lessons")
        indexes = [models.Index(fields=["state", "sent_at"], name="cpd_submission_queue")]
        constraints = [
            models.UniqueConstraint(
                name="cpd_submission_one_open", fields=["lesson"], condition=models.Q(state__in=("sent", "returned"))
            ),
            RowScope(name="cpd_submission_rows", own="person_id"),
        ]

    def __str__(self) -> str:
        return self.code


@audited("cpd_rating_event_rows", org=None, user="user_id")
class Rating(models.Model):
    """One teacher's rating of one lesson; it may be changed."""

    lesson = models.ForeignKey(Lesson, on_delete=models.PROTECT, related_name="ratings")
    user_id = models.BigIntegerField()
    org_no = models.IntegerField()
    stars = models.SmallIntegerField(_("from 1 to 5"))
    comment = models.CharField(_("comment"), max_length=500, blank=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("rating of a lesson")
        verbose_name_plural = _("ratings of lessons")
        constraints = [
            models.UniqueConstraint(name="cpd_rating_once", fields=["lesson", "user_id"]),
            models.CheckConstraint(name="cpd_rating_stars", condition=models.Q(stars__gte=1, stars__lte=5)),
            RowScope(name="cpd_rating_rows", org=None, user="user_id"),
        ]


class Use(models.Model):
    """A teacher used a lesson in class on a day. Append only."""

    lesson = models.ForeignKey(Lesson, on_delete=models.PROTECT, related_name="uses")
    user_id = models.BigIntegerField()
    org_no = models.IntegerField()
    on = models.DateField()

    class Meta:
        verbose_name = _("use of a lesson")
        verbose_name_plural = _("uses of lessons")
        constraints = [
            models.UniqueConstraint(name="cpd_use_once", fields=["lesson", "user_id", "on"]),
            RowScope(name="cpd_use_rows", org=None, user="user_id"),
        ]
        triggers = [APPEND_ONLY]


@audited("cpd_problem_event_rows", user="user_id")
class Problem(models.Model):
    """What a reader found wrong with a lesson, and what the office answered. ``org_no``: the lesson's school."""

    lesson = models.ForeignKey(Lesson, on_delete=models.PROTECT, related_name="problems")
    user_id = models.BigIntegerField()
    org_no = models.IntegerField()
    text = models.CharField(_("what is wrong"), max_length=1000)
    at = models.DateTimeField()
    answer = models.CharField(_("answer"), max_length=1000, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("problem with a lesson")
        verbose_name_plural = _("problems with lessons")
        constraints = [RowScope(name="cpd_problem_rows", user="user_id")]
