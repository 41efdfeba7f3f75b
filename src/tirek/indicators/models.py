"""Snapshots, published figures and other people's claims. All append only, kept so by the database."""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _

from tirek.access.models import User
from tirek.storage.policies import RowScope

NEVER = "raise exception 'rows of % are never changed or deleted', TG_TABLE_NAME;"
NAMES = "'state', 'closed_at', 'closed_because'"


def never(operation) -> pgtrigger.Trigger:
    return pgtrigger.Trigger(name="never", when=pgtrigger.Before, operation=operation, func=NEVER)


class Snapshot(models.Model):
    """Tables of the register as they were on a day, sealed. No names and no identifiers in them."""

    sha256 = models.CharField(_("digest"), max_length=64, unique=True)
    as_of = models.DateField(_("as of"))
    tables = models.JSONField(_("tables"))
    taken_at = models.DateTimeField(_("taken at"))
    taken_by_name = models.CharField(_("taken by"), max_length=200)

    class Meta:
        verbose_name = _("snapshot")
        verbose_name_plural = _("snapshots")
        indexes = [models.Index(fields=["-as_of", "-taken_at"], name="snapshot_latest")]
        constraints = [RowScope(name="snapshot_rows", org=None, public=True)]
        triggers = [never(pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return self.sha256[:12]


class ReleaseState(models.TextChoices):
    PUBLISHED = "published", _("published")
    SUPERSEDED = "superseded", _("superseded")
    WITHDRAWN = "withdrawn", _("withdrawn")


class Release(models.Model):
    """One publication of one indicator: all its cells, from one snapshot or one published decision.

    Indicator, day, territory (``org_lo`` to ``org_hi``) and what it is about say which figure it is; of each there is one
    in force.
    """

    number = models.CharField(_("number"), max_length=16, unique=True)
    indicator = models.CharField(_("indicator"), max_length=80)
    version = models.IntegerField(_("version of the definition"))
    definition = models.TextField(_("definition"))
    definition_sha256 = models.CharField(max_length=64)
    query = models.TextField(_("query"), blank=True)
    as_of = models.DateField(_("as of"))
    about = models.CharField(
        _("about"),
        max_length=80,
        blank=True,
        default="",
        help_text="What the decision is about, a test's code; empty for a figure of the whole register.",
    )
    org_lo = models.IntegerField(default=0)
    org_hi = models.IntegerField(default=2_147_483_647)
    snapshot = models.ForeignKey(Snapshot, models.PROTECT, null=True, related_name="releases")
    decision_number = models.CharField(_("decision"), max_length=16, blank=True)
    minimum = models.IntegerField(_("smallest group shown"))
    rule_seal = models.JSONField()
    earlier = models.JSONField(
        null=True, help_text="What earlier publications told readers, sealed; hiding goes by it."
    )
    cells = models.JSONField()
    cell_count = models.IntegerField()
    hidden_count = models.IntegerField()
    state = models.CharField(_("state"), max_length=12, choices=ReleaseState.choices, default=ReleaseState.PUBLISHED)
    supersedes = models.ForeignKey("self", models.PROTECT, null=True, related_name="superseded_by")
    published_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    published_by_name = models.CharField(_("published by"), max_length=200)
    published_at = models.DateTimeField(_("published at"))
    closed_at = models.DateTimeField(null=True)
    closed_because = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("publication")
        verbose_name_plural = _("publications")
        indexes = [models.Index(fields=["indicator", "-as_of", "-published_at"], name="figure_release_latest")]
        constraints = [
            models.UniqueConstraint(
                name="figure_release_in_force",
                fields=["indicator", "as_of", "about", "org_lo", "org_hi"],
                condition=models.Q(state="published"),
            ),
            models.CheckConstraint(
                name="figure_release_from_somewhere",
                condition=models.Q(snapshot__isnull=False) ^ ~models.Q(decision_number=""),
            ),
            RowScope(name="figure_release_rows", org=None, public=True),
        ]
        triggers = [
            never(pgtrigger.Delete),
            pgtrigger.Trigger(
                name="transitions",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                func=f"""
                    if not (old.state = 'published' and new.state in ('superseded', 'withdrawn'))
                        or (to_jsonb(new) - array[{NAMES}]) is distinct from (to_jsonb(old) - array[{NAMES}])
                    then
                        raise exception 'publication %: what was published is never edited', old.number;
                    end if;
                    return new;
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.number


class Figure(models.Model):
    """One published number. Hidden ones are kept without their numbers."""

    release = models.ForeignKey(Release, models.PROTECT, related_name="figures", db_index=False)
    level = models.CharField(max_length=16)
    territory = models.CharField(max_length=32)
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    settlement = models.CharField(max_length=8, blank=True)
    kind = models.CharField(max_length=24, blank=True)
    numerator = models.BigIntegerField(_("numerator"), null=True)
    denominator = models.BigIntegerField(_("denominator"), null=True)
    value = models.CharField(_("value"), max_length=40, blank=True)
    se = models.CharField(_("standard error"), max_length=40, blank=True)
    low = models.CharField(max_length=40, blank=True)
    high = models.CharField(max_length=40, blank=True)
    persons = models.BigIntegerField(null=True)
    suppressed = models.BooleanField(_("too few to say"), default=False)

    class Meta:
        verbose_name = _("figure")
        verbose_name_plural = _("figures")
        indexes = [models.Index(fields=["territory", "release"], name="figure_territory")]
        constraints = [
            models.UniqueConstraint(name="figure_once", fields=["release", "level", "territory", "settlement", "kind"]),
            models.CheckConstraint(
                name="figure_hidden_is_empty",
                condition=models.Q(suppressed=False)
                | models.Q(
                    numerator__isnull=True,
                    denominator__isnull=True,
                    persons__isnull=True,
                    value="",
                    se="",
                    low="",
                    high="",
                ),
            ),
            RowScope(name="figure_rows", org="org_lo", org_hi="org_hi", public=True),
        ]
        triggers = [never(pgtrigger.Update | pgtrigger.Delete)]


class Check(models.Model):
    """One recomputation of a publication. Append only."""

    release = models.ForeignKey(Release, models.PROTECT, related_name="checks")
    at = models.DateTimeField()
    by_name = models.CharField(max_length=200)
    agrees = models.BooleanField()
    differences = models.JSONField(default=list)

    class Meta:
        indexes = [models.Index(fields=["release", "-at"], name="check_latest")]
        constraints = [RowScope(name="check_rows", org=None, public=True)]
        triggers = [never(pgtrigger.Update | pgtrigger.Delete)]


class Claim(models.Model):
    """What somebody said in public, with date and source; kept as said, beside what others said and what is computed."""

    topic = models.CharField(_("topic"), max_length=80)
    indicator = models.CharField(max_length=80, blank=True)
    text_kk = models.CharField(max_length=500)
    text_ru = models.CharField(max_length=500)
    text_en = models.CharField(max_length=500)
    said_by = models.CharField(_("said by"), max_length=200, blank=True)
    source = models.CharField(_("source"), max_length=300)
    said_on = models.DateField(_("said on"), null=True)
    value = models.DecimalField(_("value"), max_digits=18, decimal_places=4)
    bound = models.CharField(max_length=8, default="exact", help_text="exact, about, least")
    unit = models.CharField(max_length=24, blank=True)
    base_value = models.DecimalField(_("value before"), max_digits=18, decimal_places=4, null=True)
    said_times = models.DecimalField(_("times, as said"), max_digits=8, decimal_places=2, null=True)
    org_lo = models.IntegerField(default=0)
    org_hi = models.IntegerField(default=2_147_483_647)
    recorded_at = models.DateTimeField()
    recorded_by_name = models.CharField(max_length=200)

    class Meta:
        verbose_name = _("claim")
        verbose_name_plural = _("claims")
        indexes = [models.Index(fields=["topic", "said_on"], name="claim_topic")]
        constraints = [
            models.UniqueConstraint(name="claim_once", fields=["topic", "source", "said_on", "value"]),
            RowScope(name="claim_rows", org="org_lo", org_hi="org_hi", public=True),
        ]
        triggers = [never(pgtrigger.Update | pgtrigger.Delete)]
