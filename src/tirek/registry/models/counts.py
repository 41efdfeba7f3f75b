"""Numbers that pages show and that would be slow to count at a country's size."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tirek.access.policies import RowScope
from tirek.registry.models.institutions import Institution


class Headcount(models.Model):
    """How many learn and work in an institution. Kept by the services; ``tirek.registry.services.counts`` recounts."""

    institution = models.OneToOneField(
        Institution, on_delete=models.CASCADE, primary_key=True, related_name="headcount"
    )
    org_no = models.IntegerField(unique=True)
    pupils = models.IntegerField(_("pupils"), default=0)
    staff = models.IntegerField(_("staff"), default=0)
    teachers = models.IntegerField(_("teachers"), default=0)
    counted_at = models.DateTimeField(_("counted"))

    class Meta:
        verbose_name = _("headcount")
        verbose_name_plural = _("headcounts")
        constraints = [RowScope(name="headcount_rows", public=True)]
