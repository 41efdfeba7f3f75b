"""Forms and their versions. A version is never changed: answers are pinned to it."""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from tirek.access.policies import RowScope


class Form(models.Model):
    """A questionnaire; what it asks stands in its versions. ``org_lo`` to ``org_hi`` is the range of whoever made it."""

    code = models.SlugField(_("code"), max_length=80, unique=True)
    title_kk = models.CharField(_("title in Kazakh"), max_length=200)
    title_ru = models.CharField(_("title in Russian"), max_length=200, blank=True)
    title_en = models.CharField(_("title in English"), max_length=200, blank=True)
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    made_by_id = models.BigIntegerField(null=True)
    made_at = models.DateTimeField()
    is_synthetic = models.BooleanField(_("synthetic"), default=False)

    class Meta:
        verbose_name = _("questionnaire")
        verbose_name_plural = _("questionnaires")
        constraints = [RowScope(name="survey_form_rows", org="org_lo", org_hi="org_hi", public=True)]

    def __str__(self) -> str:
        return self.title_kk


class FormVersion(models.Model):
    """One XLSForm as it was sent, and the XForm made of it: both sealed.

    ``faults`` are the reasons why a browser cannot ask it; ``measures`` are its scales.
    """

    form = models.ForeignKey(Form, on_delete=models.PROTECT, related_name="versions")
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    number = models.IntegerField(_("version"))
    version = models.CharField(max_length=60, help_text="As the XForm names it to ODK Collect.")
    file_name = models.CharField(_("file"), max_length=200)
    xlsform_sha256 = models.CharField(max_length=64)
    xform_sha256 = models.CharField(max_length=64)
    languages = ArrayField(models.CharField(max_length=60), default=list)
    question_count = models.IntegerField(default=0)
    measures = models.JSONField(default=dict)
    remarks = models.JSONField(default=list)
    faults = models.JSONField(default=list)
    identifying = models.JSONField(default=list)
    brought_by_name = models.CharField(max_length=200, blank=True)
    brought_at = models.DateTimeField()
    approved_by_name = models.CharField(max_length=200, blank=True)
    approved_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("version of a questionnaire")
        verbose_name_plural = _("versions of questionnaires")
        constraints = [
            models.UniqueConstraint(name="survey_version_number", fields=["form", "number"]),
            models.UniqueConstraint(name="survey_version_name", fields=["form", "version"]),
            RowScope(name="survey_version_rows", org="org_lo", org_hi="org_hi", public=True),
        ]
        triggers = [
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="never_changed",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__xform_sha256__df=pgtrigger.F("new__xform_sha256"))
                | pgtrigger.Q(old__xlsform_sha256__df=pgtrigger.F("new__xlsform_sha256"))
                | pgtrigger.Q(old__number__df=pgtrigger.F("new__number"))
                | pgtrigger.Q(old__version__df=pgtrigger.F("new__version"))
                | pgtrigger.Q(old__approved_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.form_id}/{self.number}"
