"""The tree of territories, and the range of institution numbers each owns."""

from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.utils.translation import gettext_lazy as _

from tirek.access.audit import audited
from tirek.access.policies import RowScope


class TerritoryLevel(models.TextChoices):
    COUNTRY = "country", _("country")
    REGION = "region", _("region")
    DISTRICT = "district", _("district or city")
    SETTLEMENT = "settlement", _("settlement")


class SettlementKind(models.TextChoices):
    URBAN = "urban", _("urban")
    RURAL = "rural", _("rural")


@audited("territory_event_rows", org="org_lo")
class Territory(models.Model):
    """A unit of the KATO classifier.

    ``org_lo`` to ``org_hi`` (both included) are the numbers that its institutions may carry: children's ranges lie
    inside the parent's and do not overlap, which is what makes scope one comparison. Name and place are those of now;
    what they were before stands in :class:`TerritoryState`.
    """

    code = models.CharField(_("KATO code"), max_length=9, unique=True)
    iso_3166_2 = models.CharField(_("ISO 3166-2"), max_length=6, blank=True)
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    level = models.CharField(_("level"), max_length=16, choices=TerritoryLevel.choices)
    settlement_kind = models.CharField(max_length=8, choices=SettlementKind.choices, blank=True)
    name_kk = models.CharField(_("name in Kazakh"), max_length=200)
    name_ru = models.CharField(_("name in Russian"), max_length=200)
    name_en = models.CharField(_("name in English"), max_length=200)
    sort_key = models.CharField(max_length=200, blank=True, db_collation="C")
    longitude = models.FloatField(null=True, blank=True)
    latitude = models.FloatField(null=True, blank=True)
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    valid = DateRangeField(_("valid"))
    is_synthetic = models.BooleanField(_("synthetic"), default=False)

    class Meta:
        verbose_name = _("territory")
        verbose_name_plural = _("territories")
        indexes = [models.Index(fields=["org_lo", "org_hi"], name="territory_range")]
        constraints = [
            models.CheckConstraint(name="territory_range_order", condition=models.Q(org_hi__gte=models.F("org_lo"))),
            RowScope(name="territory_rows", org="org_lo", org_hi="org_hi", public=True),
        ]

    def __str__(self) -> str:
        return self.name_kk


@audited("territory_state_event_rows", org="org_lo")
class TerritoryState(models.Model):
    """What a territory was called and where its middle lay, for a half-open period that has ended."""

    territory = models.ForeignKey(Territory, on_delete=models.PROTECT, related_name="former_states")
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    valid = DateRangeField(_("valid"))
    name_kk = models.CharField(_("name in Kazakh"), max_length=200)
    name_ru = models.CharField(_("name in Russian"), max_length=200)
    name_en = models.CharField(_("name in English"), max_length=200)
    sort_key = models.CharField(max_length=200, blank=True, db_collation="C")
    settlement_kind = models.CharField(max_length=8, choices=SettlementKind.choices, blank=True)
    longitude = models.FloatField(null=True, blank=True)
    latitude = models.FloatField(null=True, blank=True)

    class Meta:
        verbose_name = _("former state of a territory")
        verbose_name_plural = _("former states of territories")
        constraints = [
            models.UniqueConstraint(name="territory_state_once", fields=["territory", "valid"]),
            models.CheckConstraint(
                name="territory_state_ended",
                condition=models.Q(valid__isempty=False, valid__upper_inf=False, org_hi__gte=models.F("org_lo")),
            ),
            RowScope(name="territory_state_rows", org="org_lo", org_hi="org_hi", public=True),
        ]
