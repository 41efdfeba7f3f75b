"""Certificates: given out, checked by anybody, revoked with a reason, never deleted."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _

from tirek.access.audit import audited
from tirek.access.policies import RowScope
from tirek.cpd.models.cohorts import Participation
from tirek.registry.models import Person


@audited("cpd_certificate_event_rows", own="person_id")
class Certificate(models.Model):
    """What a person was given for a completed course. The credential (Open Badges 3.0) and the PDFs are sealed."""

    number = models.CharField(_("number"), max_length=20, unique=True)
    check_code = models.CharField(max_length=16, unique=True)
    participation = models.ForeignKey(Participation, on_delete=models.PROTECT, related_name="certificates")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    org_no = models.IntegerField()
    person_name = models.CharField(max_length=302)
    name_kk = models.CharField(max_length=200)
    name_ru = models.CharField(max_length=200, blank=True)
    name_en = models.CharField(max_length=200, blank=True)
    provider_kk = models.CharField(max_length=200)
    provider_ru = models.CharField(max_length=200, blank=True)
    provider_en = models.CharField(max_length=200, blank=True)
    hours = models.IntegerField(_("hours"))
    completed_on = models.DateField(_("completed on"))
    decision_number = models.CharField(_("decision"), max_length=20)
    status_index = models.IntegerField(unique=True)
    document_kk = models.CharField(max_length=20, blank=True)
    document_ru = models.CharField(max_length=20, blank=True)
    credential_sha256 = models.CharField(max_length=64)
    issued_at = models.DateTimeField(_("given out on"))
    issued_by_id = models.BigIntegerField(null=True)
    replaces = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="replaced_by")
    revoked_at = models.DateTimeField(_("revoked on"), null=True, blank=True)
    revoked_by_id = models.BigIntegerField(null=True, blank=True)
    revoked_reason = models.CharField(_("why it was revoked"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("certificate")
        verbose_name_plural = _("certificates")
        indexes = [models.Index(fields=["org_no", "-issued_at"], name="cpd_certificate_org")]
        constraints = [
            models.UniqueConstraint(
                name="cpd_certificate_one_stands", fields=["participation"], condition=models.Q(revoked_at=None)
            ),
            models.CheckConstraint(
                name="cpd_certificate_revoked_wholly",
                condition=models.Q(revoked_at=None, revoked_reason="")
                | (models.Q(revoked_at__isnull=False) & ~models.Q(revoked_reason="")),
            ),
            RowScope(name="cpd_certificate_rows", own="person_id"),
        ]
        triggers = [
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="revoked_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__revoked_at__isnull=False)
                | pgtrigger.Q(old__credential_sha256__df=pgtrigger.F("new__credential_sha256"))
                | pgtrigger.Q(old__person_name__df=pgtrigger.F("new__person_name"))
                | pgtrigger.Q(old__number__df=pgtrigger.F("new__number")),
            ),
        ]

    def __str__(self) -> str:
        return self.number
