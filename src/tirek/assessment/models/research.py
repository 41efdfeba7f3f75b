"""Files given out to researchers: what for, to whom, and what was in them."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from tirek.access.audit import audited
from tirek.access.policies import RowScope
from tirek.assessment.models.results import Release


@audited("research_file_event_rows", org="org_lo")
class ResearchFile(models.Model):
    """One set of data and method files. Its pseudonyms are its own: two files cannot be joined by them."""

    release = models.ForeignKey(Release, on_delete=models.PROTECT, related_name="research_files")
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    purpose = models.CharField(_("purpose"), max_length=500)
    recipient = models.CharField(_("who will work with it"), max_length=200)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField(_("bytes"))
    n_rows = models.IntegerField(_("pupils"))
    n_blanked = models.IntegerField(_("pupils of whom something is left blank"))
    n_left_out = models.IntegerField(_("pupils left out"))
    by_id = models.BigIntegerField(null=True)
    at = models.DateTimeField(_("made at"))

    class Meta:
        verbose_name = _("file for researchers")
        verbose_name_plural = _("files for researchers")
        indexes = [models.Index(fields=["org_lo", "-at"], name="research_file_place")]
        constraints = [RowScope(name="research_file_rows", org="org_lo", org_hi="org_hi")]
