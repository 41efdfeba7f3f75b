"""The journal of decisions: append only, kept so by the database.

Nobody edits a decision. It is recorded as a draft, published once, and later superseded by another or withdrawn.
"""

from __future__ import annotations

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _

from tirek.access.models import User
from tirek.decisions.policies import DecisionScope, OutcomeScope
from tirek.storage.policies import RowScope
from tirek.storage.sealed import Sealed, unseal


class State(models.TextChoices):
    RECORDING = "recording", _("being recorded")  # inside the recording transaction only
    DRAFT = "draft", _("draft")
    PUBLISHED = "published", _("published")
    SUPERSEDED = "superseded", _("superseded")
    WITHDRAWN = "withdrawn", _("withdrawn")


TRANSITIONS = {
    State.RECORDING: (State.DRAFT,),
    State.DRAFT: (State.PUBLISHED, State.WITHDRAWN),
    State.PUBLISHED: (State.SUPERSEDED, State.WITHDRAWN),
}
CHANGING = ("state", "published_by_id", "published_by_name", "published_at", "closed_at", "closed_because")


def _only_transitions() -> str:
    steps = " or ".join(
        f"(old.state = '{before.value}' and new.state in ({', '.join(repr(s.value) for s in after)}))"
        for before, after in TRANSITIONS.items()
    )
    names = ", ".join(f"'{name}'" for name in CHANGING)
    return f"""
        if not ({steps}) then
            raise exception 'decision %: a step from % to % is not allowed', old.number, old.state, new.state;
        end if;
        if (to_jsonb(new) - array[{names}]) is distinct from (to_jsonb(old) - array[{names}]) then
            raise exception 'decision %: what was decided is never edited; record another that supersedes it',
                old.number;
        end if;
        if old.state <> 'draft' and (new.published_by_id is distinct from old.published_by_id
                or new.published_at is distinct from old.published_at
                or new.published_by_name is distinct from old.published_by_name) then
            raise exception 'decision %: who published it is never edited', old.number;
        end if;
        return new;
    """


NEVER = "raise exception 'rows of % are never changed or deleted', TG_TABLE_NAME;"


def never(operation) -> pgtrigger.Trigger:
    return pgtrigger.Trigger(name="never", when=pgtrigger.Before, operation=operation, func=NEVER)


class Counter(models.Model):
    """The last number given in a year."""

    year = models.IntegerField(primary_key=True)
    last = models.IntegerField()

    class Meta:
        constraints = [RowScope(name="decision_counter_rows", org=None)]


class Decision(models.Model):
    """One run of one kind: for one child, or for half a million. A single decision is a run of one.

    ``inputs``, ``outputs`` and ``rule_seal`` name sealed files; ``parameters`` and ``summary`` hold no personal data.
    """

    number = models.CharField(_("number"), max_length=16, unique=True)
    kind = models.CharField(_("kind"), max_length=64)
    state = models.CharField(_("state"), max_length=12, choices=State.choices, default=State.RECORDING)
    rule = models.CharField(_("rule"), max_length=120)
    rule_version = models.CharField(_("rule version"), max_length=40, help_text=_("The day its values hold from."))
    rule_sha256 = models.CharField(max_length=64)
    rule_seal = models.JSONField()
    rule_date = models.DateField(_("rule as of"))
    engine_version = models.CharField(_("engine version"), max_length=40)
    inputs = models.JSONField(_("inputs"))
    outputs = models.JSONField(_("outputs"))
    parameters = models.JSONField(_("parameters"), default=dict)
    summary = models.JSONField(_("summary"), default=dict)
    outcome_count = models.IntegerField(_("outcomes"))
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    person_id = models.BigIntegerField(null=True)
    is_open = models.BooleanField(default=False)
    supersedes = models.ForeignKey("self", models.PROTECT, null=True, related_name="superseded_by")
    idempotency_key = models.CharField(max_length=200, unique=True, null=True)
    made_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    made_by_name = models.CharField(max_length=200)
    made_at = models.DateTimeField(_("made at"))
    published_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    published_by_name = models.CharField(max_length=200, blank=True)
    published_at = models.DateTimeField(_("published at"), null=True)
    closed_at = models.DateTimeField(null=True)
    closed_because = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name = _("decision")
        verbose_name_plural = _("decisions")
        indexes = [
            models.Index(fields=["kind", "-made_at"], name="decision_kind"),
            models.Index(fields=["org_lo", "org_hi"], name="decision_range"),
        ]
        constraints = [
            models.UniqueConstraint(
                name="decision_superseded_once", fields=["supersedes"], condition=models.Q(state="published")
            ),
            models.CheckConstraint(
                name="decision_published_by_somebody",
                condition=models.Q(state__in=["recording", "draft", "withdrawn"])
                | models.Q(published_at__isnull=False),
            ),
            models.CheckConstraint(name="decision_range_order", condition=models.Q(org_hi__gte=models.F("org_lo"))),
            DecisionScope(name="decision_rows", org="org_lo", org_hi="org_hi", own="person_id"),
        ]
        triggers = [
            never(pgtrigger.Delete),
            pgtrigger.Trigger(
                name="transitions", when=pgtrigger.Before, operation=pgtrigger.Update, func=_only_transitions()
            ),
            pgtrigger.Trigger(
                name="starts",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    if new.state <> 'recording' then
                        raise exception 'decision %: a decision starts by being recorded', new.number;
                    end if;
                    return new;
                """,
            ),
        ]

    def __str__(self) -> str:
        return self.number


class Outcome(models.Model):
    """What one decision says of one subject, why, and the subject's own numbers that settled it."""

    decision = models.ForeignKey(Decision, models.PROTECT, related_name="outcomes", db_index=False)
    subject_kind = models.CharField(_("kind of subject"), max_length=24)
    subject = models.CharField(_("subject"), max_length=80)
    subject_id = models.BigIntegerField(null=True)
    person_id = models.BigIntegerField(null=True)
    org_no = models.IntegerField()
    result = models.JSONField(_("result"), default=dict)
    reason = models.CharField(_("reason"), max_length=64)
    numbers = models.JSONField(_("numbers"), default=dict)

    class Meta:
        verbose_name = _("outcome")
        verbose_name_plural = _("outcomes")
        indexes = [
            models.Index(fields=["decision", "org_no"], name="outcome_place"),
            models.Index(fields=["person_id"], name="outcome_person", condition=models.Q(person_id__isnull=False)),
        ]
        constraints = [
            models.UniqueConstraint(name="outcome_once", fields=["decision", "subject_kind", "subject"]),
            OutcomeScope(name="outcome_rows", own="person_id"),
        ]
        triggers = [
            never(pgtrigger.Update | pgtrigger.Delete),
            pgtrigger.Trigger(
                name="while_recording",
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                level=pgtrigger.Statement,
                referencing=pgtrigger.Referencing(new="added"),
                func="""
                    if exists (
                        select 1 from (select distinct decision_id from added) a
                        join decisions_decision d on d.id = a.decision_id where d.state <> 'recording'
                    ) then
                        raise exception 'outcomes are added only while their decision is being recorded';
                    end if;
                    return null;
                """,
            ),
        ]


class Verification(models.Model):
    """One recomputation of a decision. Append only. What differed names subjects, so it lies in a sealed file."""

    decision = models.ForeignKey(Decision, models.PROTECT, related_name="verifications")
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    person_id = models.BigIntegerField(null=True)
    is_open = models.BooleanField(default=False)
    state = models.CharField(max_length=12, default="done")
    at = models.DateTimeField(_("verified at"))
    by_name = models.CharField(_("verified by"), max_length=200)
    agrees = models.BooleanField(_("agrees"))
    difference_count = models.IntegerField(_("differences"))
    details = models.JSONField()
    engine_version = models.CharField(max_length=40)

    class Meta:
        verbose_name = _("verification")
        verbose_name_plural = _("verifications")
        indexes = [models.Index(fields=["decision", "-at"], name="verification_latest")]
        constraints = [DecisionScope(name="verification_rows", org="org_lo", org_hi="org_hi", own="person_id")]
        triggers = [never(pgtrigger.Update | pgtrigger.Delete)]

    @property
    def differences(self) -> list[dict[str, str]]:
        """For those who may see the decision's outcomes."""
        return unseal(Sealed.from_dict(self.details))["differences"]


class LocalRule(models.Model):
    """A local act in the format of the shipped rules: loaded once, signed by digest and name, never changed.

    Its values name their territories; ``org_lo`` to ``org_hi`` is the range of whoever loaded it.
    """

    name = models.CharField(_("rules"), max_length=120)
    body = models.TextField()
    sha256 = models.CharField(max_length=64)
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    in_force_from = models.DateField(_("in force from"))
    loaded_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    loaded_by_name = models.CharField(max_length=200)
    loaded_at = models.DateTimeField()

    class Meta:
        verbose_name = _("local rules")
        verbose_name_plural = _("local rules")
        constraints = [
            models.UniqueConstraint(name="local_rule_once", fields=["name", "sha256"]),
            RowScope(name="local_rule_rows", org="org_lo", org_hi="org_hi", public=True),
        ]
        triggers = [never(pgtrigger.Update | pgtrigger.Delete)]
