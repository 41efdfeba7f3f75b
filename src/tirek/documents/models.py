"""Documents that were given out: what they said, and whether they still stand."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _

from tirek.access.policies import RowScope


class Document(models.Model):
    """One document in one language. The data and the PDF are sealed; nothing here is edited but the revocation."""

    number = models.CharField(_("number"), max_length=20, unique=True)
    template = models.CharField(max_length=64)
    template_sha256 = models.CharField(max_length=64)
    language = models.CharField(_("language"), max_length=2)
    title = models.CharField(_("title"), max_length=300)
    org_no = models.IntegerField(default=0)
    person_id = models.BigIntegerField(null=True, blank=True)
    data_sha256 = models.CharField(max_length=64)
    pdf_sha256 = models.CharField(max_length=64)
    check_code = models.CharField(max_length=16, unique=True)
    issued_by_id = models.BigIntegerField(null=True)
    issued_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by_id = models.BigIntegerField(null=True, blank=True)
    revoked_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        indexes = [models.Index(fields=["org_no", "-issued_at"], name="document_org")]
        constraints = [
            models.CheckConstraint(
                name="document_revoked_wholly",
                condition=models.Q(revoked_at=None, revoked_by_id=None, revoked_reason="")
                | (models.Q(revoked_at__isnull=False) & ~models.Q(revoked_reason="")),
            ),
            RowScope(name="document_rows", own="person_id"),
        ]
        triggers = [
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="revoked_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__revoked_at__isnull=False)
                | pgtrigger.Q(old__pdf_sha256__df=pgtrigger.F("new__pdf_sha256"))
                | pgtrigger.Q(old__data_sha256__df=pgtrigger.F("new__data_sha256"))
                | pgtrigger.Q(old__number__df=pgtrigger.F("new__number")),
            ),
        ]
