"""The catalogue of learning resources. It is public, without an account."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from tirek.access.audit import audited
from tirek.access.policies import RowScope
from tirek.cpd.models.courses import TeachingLanguage


class ResourceKind(models.TextChoices):
    TEXTBOOK = "textbook", _("textbook")
    WORKBOOK = "workbook", _("workbook")
    VIDEO = "video", _("video")
    TASKS = "tasks", _("tasks and tests")
    SITE = "site", _("site or program")
    GUIDE = "guide", _("guide for teachers")


class Licence(models.TextChoices):
    CC_BY = "cc-by", _("CC BY: free, name the author")
    CC_BY_SA = "cc-by-sa", _("CC BY-SA: free, share alike")
    CC_BY_NC = "cc-by-nc", _("CC BY-NC: free, not for sale")
    CC0 = "cc0", _("CC0: free")
    SCHOOLS = "schools", _("for schools of the country")
    BOUGHT = "bought", _("bought")


@audited("cpd_resource_event_rows", org="org_lo", org_hi="org_hi")
class Resource(models.Model):
    """Something to learn from: an address or a file, under which licence, who looked at it and when."""

    code = models.CharField(_("number"), max_length=20, unique=True)
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    title = models.CharField(_("title"), max_length=200)
    kind = models.CharField(_("kind"), max_length=12, choices=ResourceKind.choices)
    subject = models.CharField(_("subject"), max_length=64)
    grades = ArrayField(models.SmallIntegerField(), verbose_name=_("classes"))
    language = models.CharField(_("language"), max_length=2, choices=TeachingLanguage.choices)
    address = models.URLField(_("address"), max_length=500, blank=True)
    files = models.JSONField(default=list)
    licence = models.CharField(_("licence"), max_length=12, choices=Licence.choices)
    publisher = models.CharField(_("publisher"), max_length=200)
    reviewed_by = models.CharField(_("who looked at it"), max_length=200)
    reviewed_on = models.DateField(_("looked at on"))
    broken_n = models.IntegerField(_("reports that it does not open"), default=0)
    is_active = models.BooleanField(_("is in the catalogue"), default=True)

    class Meta:
        verbose_name = _("learning resource")
        verbose_name_plural = _("learning resources")
        indexes = [models.Index(fields=["subject", "language", "title"], name="cpd_resource_facets")]
        constraints = [
            models.CheckConstraint(
                name="cpd_resource_somewhere", condition=~models.Q(address="") | ~models.Q(files=[])
            ),
            models.UniqueConstraint(name="cpd_resource_address", fields=["address"], condition=~models.Q(address="")),
            RowScope(name="cpd_resource_rows", org="org_lo", org_hi="org_hi", public=True),
        ]

    def __str__(self) -> str:
        return self.code


@audited("cpd_resource_flag_event_rows", org="org_lo", org_hi="org_hi", user="user_id")
class ResourceFlag(models.Model):
    """Somebody says that a resource does not open, or is not what it says."""

    resource = models.ForeignKey(Resource, on_delete=models.PROTECT, related_name="flags")
    user_id = models.BigIntegerField()
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    note = models.CharField(_("what is wrong"), max_length=300, blank=True)
    at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("report of a broken resource")
        verbose_name_plural = _("reports of broken resources")
        constraints = [
            models.UniqueConstraint(
                name="cpd_resource_flag_once", fields=["resource", "user_id"],
                condition=models.Q(settled_at=None),
            ),
            RowScope(name="cpd_resource_flag_rows", org="org_lo", org_hi="org_hi", user="user_id"),
        ]  # fmt: skip
