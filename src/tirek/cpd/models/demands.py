"""Who asked teachers for what: each request with its purpose and legal basis, and what teachers say of it."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _

from tirek.access.policies import RowScope


class Held(models.TextChoices):
    """Data that Tirek holds: asking a teacher for it again is a duplicate."""

    PUPILS = "pupils", _("lists and numbers of pupils and classes")
    STAFF = "staff", _("teachers, their subjects, categories and workload")
    COURSES = "courses", _("courses, hours and certificates of teachers")
    RESULTS = "results", _("results of the monitoring")
    ROOMS = "rooms", _("rooms, their condition and equipment")
    NEEDS = "needs", _("answers to questionnaires and needs")


class Demand(models.Model):
    """Something that an office asks of teachers. Public within the installation: everybody may see who asks for what."""

    number = models.CharField(_("number"), max_length=20, unique=True)
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    office = models.CharField(_("who asks"), max_length=200)
    title = models.CharField(_("what is asked"), max_length=200)
    purpose = models.CharField(_("what for"), max_length=300)
    legal_basis = models.CharField(_("legal basis"), max_length=300)
    minutes = models.IntegerField(_("minutes for one teacher"))
    due_date = models.DateField(_("due"), null=True, blank=True)
    repeats = models.CharField(_("repeats what is held already"), max_length=12, choices=Held.choices, blank=True)
    asked_by_id = models.BigIntegerField(null=True)
    asked_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_because = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("request to teachers")
        verbose_name_plural = _("requests to teachers")
        indexes = [models.Index(fields=["org_lo", "-asked_at"], name="cpd_demand_place")]
        constraints = [
            models.CheckConstraint(name="cpd_demand_minutes", condition=models.Q(minutes__gte=1, minutes__lte=6000)),
            RowScope(name="cpd_demand_rows", org="org_lo", org_hi="org_hi", public=True),
        ]
        triggers = [pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete)]


class Flag(models.Model):
    """A teacher says that a request is not lawful. The asker sees how many and why, never who."""

    demand = models.ForeignKey(Demand, on_delete=models.PROTECT, related_name="flags")
    user_id = models.BigIntegerField()
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    rule = models.CharField(_("which rule it breaks"), max_length=64)
    note = models.CharField(_("what is wrong"), max_length=500, blank=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("objection of a teacher")
        verbose_name_plural = _("objections of teachers")
        constraints = [
            models.UniqueConstraint(name="cpd_flag_once", fields=["demand", "user_id"]),
            RowScope(name="cpd_flag_rows", org="org_lo", org_hi="org_hi", user="user_id"),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]
