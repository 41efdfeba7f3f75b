"""Drafts and answers. A finished answer is tied to no code, no person and no hour."""

import uuid

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.utils.translation import gettext_lazy as _

from tirek.access.policies import RowScope
from tirek.surveys.models.codes import AccessCode
from tirek.surveys.models.forms import FormVersion
from tirek.surveys.models.rounds import Round, RoundSchool


class Channel(models.TextChoices):
    BROWSER = "browser", _("browser")
    COLLECT = "collect", _("ODK Collect")


class Draft(models.Model):
    """An answer under way, under its code; deleted when it is finished or the round is closed."""

    code = models.OneToOneField(AccessCode, on_delete=models.CASCADE, related_name="draft")
    org_no = models.IntegerField()
    version = models.ForeignKey(FormVersion, on_delete=models.PROTECT, related_name="+")
    answers = models.JSONField(default=dict)
    page = models.IntegerField(default=0)
    language = models.CharField(max_length=60, blank=True)
    saved_at = models.DateTimeField()

    class Meta:
        verbose_name = _("draft of an answer")
        verbose_name_plural = _("drafts of answers")
        constraints = [RowScope(name="survey_draft_rows", org=None)]


class Response(models.Model):
    """A finished answer, pinned to its version."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="responses")
    org_no = models.IntegerField()
    version = models.ForeignKey(FormVersion, on_delete=models.PROTECT, related_name="+")
    grade = models.IntegerField(null=True)
    channel = models.CharField(max_length=8, choices=Channel.choices)
    language = models.CharField(max_length=60, blank=True)
    answers = models.JSONField(default=dict)
    received_on = models.DateField()

    class Meta:
        verbose_name = _("answer to a questionnaire")
        verbose_name_plural = _("answers to questionnaires")
        indexes = [models.Index(fields=["round", "org_no"], name="survey_response_place")]
        constraints = [RowScope(name="survey_response_rows", org=None)]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]


class OpenAnswer(models.Model):
    """A text that somebody wrote, for searching. It is shown in results only."""

    response = models.ForeignKey(Response, on_delete=models.PROTECT, related_name="texts")
    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="+")
    org_no = models.IntegerField()
    item = models.CharField(max_length=200)
    text = models.TextField()
    search = models.GeneratedField(
        expression=SearchVector("text", config="simple"), output_field=SearchVectorField(), db_persist=True
    )

    class Meta:
        verbose_name = _("open answer")
        verbose_name_plural = _("open answers")
        indexes = [
            GinIndex(fields=["search"], name="survey_open_search"),
            models.Index(fields=["round", "item", "org_no"], name="survey_open_place"),
        ]
        constraints = [RowScope(name="survey_open_rows", org=None)]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]


class Submission(models.Model):
    """What ODK Collect sent, by its instanceID: that it came is remembered, so that it is taken once.

    ``awaited`` are the files that have not come yet. The XML itself is not kept: it may name the telephone.
    """

    instance_id = models.CharField(max_length=200)
    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="submissions")
    school = models.ForeignKey(RoundSchool, on_delete=models.PROTECT, related_name="+")
    org_no = models.IntegerField()
    sha256 = models.CharField(max_length=64)
    awaited = ArrayField(models.CharField(max_length=200), default=list)
    response = models.OneToOneField(Response, on_delete=models.PROTECT, related_name="+")
    received_on = models.DateField()

    class Meta:
        verbose_name = _("submission of ODK Collect")
        verbose_name_plural = _("submissions of ODK Collect")
        constraints = [
            models.UniqueConstraint(name="survey_submission_once", fields=["round", "instance_id"]),
            RowScope(name="survey_submission_rows", org=None),
        ]


class SubmissionConflict(models.Model):
    """The same instanceID with other answers: kept beside the first, counted in no result."""

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="conflicts")
    org_no = models.IntegerField()
    sha256 = models.CharField(max_length=64)
    answers = models.JSONField(default=dict)
    received_on = models.DateField()

    class Meta:
        verbose_name = _("conflicting submission")
        verbose_name_plural = _("conflicting submissions")
        constraints = [
            models.UniqueConstraint(name="survey_conflict_once", fields=["submission", "sha256"]),
            RowScope(name="survey_conflict_rows", org=None),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]


class SubmissionFile(models.Model):
    """A picture or recording that belongs to a submission: sealed."""

    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="files")
    org_no = models.IntegerField()
    name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=100)
    size = models.IntegerField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("file of a submission")
        verbose_name_plural = _("files of submissions")
        constraints = [
            models.UniqueConstraint(name="survey_file_once", fields=["submission", "name", "sha256"]),
            RowScope(name="survey_file_rows", org=None),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]


class ResponseFile(models.Model):
    """A picture that belongs to a finished answer: sealed, drawn anew without what the camera wrote."""

    response = models.ForeignKey(Response, on_delete=models.PROTECT, related_name="pictures")
    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="+")
    org_no = models.IntegerField()
    item = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("picture of an answer")
        verbose_name_plural = _("pictures of answers")
        indexes = [models.Index(fields=["round", "item", "org_no"], name="survey_picture_place")]
        constraints = [RowScope(name="survey_picture_rows", org=None)]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]
