"""Codes that open a questionnaire. They name nobody: who was given which is written down nowhere."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tirek.access.policies import RowScope
from tirek.surveys.models.rounds import Round, RoundSchool


class CodeSource(models.TextChoices):
    PRINTED = "printed", _("printed and handed out")
    POSTER = "poster", _("given by the poster’s link")


class CodeState(models.TextChoices):
    WAITING = "waiting", _("not begun")
    BEGUN = "begun", _("begun")
    FINISHED = "finished", _("finished")


class AccessCode(models.Model):
    """One code, one answer. Days and not moments are kept, so that nobody can be told by the hour."""

    round = models.ForeignKey(Round, on_delete=models.PROTECT, related_name="+")
    school = models.ForeignKey(RoundSchool, on_delete=models.PROTECT, related_name="codes")
    org_no = models.IntegerField()
    source = models.CharField(max_length=8, choices=CodeSource.choices)
    number = models.IntegerField(null=True, help_text="On the printed slip.")
    class_label = models.CharField(max_length=24, blank=True)
    grade = models.IntegerField(null=True)
    code_hash = models.BinaryField(unique=True)
    salt = models.IntegerField(default=0)
    state = models.CharField(max_length=8, choices=CodeState.choices, default=CodeState.WAITING)
    begun_on = models.DateField(null=True)
    finished_on = models.DateField(null=True)

    class Meta:
        verbose_name = _("code of a questionnaire")
        verbose_name_plural = _("codes of questionnaires")
        indexes = [models.Index(fields=["round", "org_no", "state"], name="survey_code_state")]
        constraints = [
            models.UniqueConstraint(
                name="survey_code_number", fields=["school", "number"], condition=models.Q(number__isnull=False)
            ),
            RowScope(name="survey_code_rows", org=None),
        ]
