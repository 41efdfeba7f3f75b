"""State awards of teachers: kinds, nominations, the steps from the school to the region, the register."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _

from tirek.access.audit import audited
from tirek.access.policies import RowScope
from tirek.registry.models import Person


@audited("cpd_award_kind_event_rows", org="org_lo", org_hi="org_hi")
class AwardKind(models.Model):
    """An award that teachers may be given: by whom, on what basis. Public."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    name_kk = models.CharField(_("name in Kazakh"), max_length=200)
    name_ru = models.CharField(_("name in Russian"), max_length=200)
    name_en = models.CharField(_("name in English"), max_length=200)
    issuer = models.CharField(_("who awards it"), max_length=200)
    basis = models.CharField(_("on what basis"), max_length=300)
    years = models.IntegerField(_("years of work it asks for"), default=0)
    is_active = models.BooleanField(_("is awarded now"), default=True)

    class Meta:
        verbose_name = _("award")
        verbose_name_plural = _("awards")
        constraints = [RowScope(name="cpd_award_kind_rows", org="org_lo", org_hi="org_hi", public=True)]

    def __str__(self) -> str:
        return self.code


class NominationState(models.TextChoices):
    NOMINATED = "nominated", _("waits for the district")
    DISTRICT = "district", _("supported by the district, waits for the region")
    REGION = "region", _("supported by the region, waits for the award")
    AWARDED = "awarded", _("awarded")
    REFUSED = "refused", _("not supported")


NOMINATED_NOW = ("nominated", "district", "region")


@audited("cpd_nomination_event_rows", own="person_id")
class Nomination(models.Model):
    """A school proposes a teacher for an award."""

    code = models.CharField(_("number"), max_length=20, unique=True)
    award = models.ForeignKey(AwardKind, on_delete=models.PROTECT, related_name="nominations")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    org_no = models.IntegerField()
    person_name = models.CharField(max_length=302)
    grounds = models.TextField(_("grounds"), max_length=4000)
    years = models.IntegerField(_("years of work"))
    state = models.CharField(_("state"), max_length=12, choices=NominationState.choices)
    nominated_at = models.DateTimeField(_("nominated"))
    awarded_on = models.DateField(_("awarded on"), null=True, blank=True)
    act = models.CharField(_("order"), max_length=200, blank=True)
    refused_because = models.CharField(_("why not"), max_length=1000, blank=True)

    class Meta:
        verbose_name = _("nomination for an award")
        verbose_name_plural = _("nominations for awards")
        indexes = [models.Index(fields=["org_no", "state"], name="cpd_nomination_org")]
        constraints = [
            models.UniqueConstraint(
                name="cpd_nomination_one_open", fields=["award", "person"],
                condition=~models.Q(state="refused"),
            ),
            RowScope(name="cpd_nomination_rows", own="person_id"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.code


class NominationStep(models.Model):
    """What the school, the district, the region decided, when. Append only."""

    nomination = models.ForeignKey(Nomination, on_delete=models.PROTECT, related_name="steps")
    org_no = models.IntegerField()
    person_id = models.BigIntegerField()
    state = models.CharField(max_length=12, choices=NominationState.choices)
    decided_on = models.DateField()
    at = models.DateTimeField()
    by_name = models.CharField(max_length=200, blank=True)
    note = models.CharField(max_length=1000, blank=True)

    class Meta:
        verbose_name = _("step of a nomination")
        verbose_name_plural = _("steps of nominations")
        constraints = [RowScope(name="cpd_nomination_step_rows", own="person_id")]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
        ]  # fmt: skip
