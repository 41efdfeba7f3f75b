"""Works in rooms: what is bought and built, step by step, until two people have accepted it."""

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tirek.access.audit import audited
from tirek.access.policies import RowScope
from tirek.registry.models import Institution, Room


class WorkState(models.TextChoices):
    PLANNED = "planned", pgettext_lazy("work", "planned")
    PROCUREMENT = "procurement", pgettext_lazy("work", "procurement")
    DELIVERY = "delivery", pgettext_lazy("work", "delivery")
    INSTALLATION = "installation", pgettext_lazy("work", "installation")
    ACCEPTANCE = "acceptance", pgettext_lazy("work", "to be accepted")
    ACCEPTED = "accepted", pgettext_lazy("work", "accepted")
    CANCELLED = "cancelled", pgettext_lazy("work", "cancelled")


ORDER = (
    WorkState.PLANNED,
    WorkState.PROCUREMENT,
    WorkState.DELIVERY,
    WorkState.INSTALLATION,
    WorkState.ACCEPTANCE,
    WorkState.ACCEPTED,
)

# A step goes to the next state or back to an earlier one; accepting needs two people and pictures of before and after.
STEPS = """
    if new.state = old.state then return new; end if;
    if old.state in ('accepted', 'cancelled') then
        raise exception 'work %: what is % is never changed', old.id, old.state;
    end if;
    if new.state <> 'cancelled' and array_position(states, new.state::text) > array_position(states, old.state::text) + 1 then
        raise exception 'work %: a step from % to % leaves one out', old.id, old.state, new.state;
    end if;
    if new.state = 'accepted' then
        select count(distinct by_id), count(*) into people, signatures
            from facilities_acceptance where work_id = new.id and round = new.round;
        if people < 2 then
            raise exception 'work %: two different people must accept it', old.id;
        end if;
        if (select count(distinct stage) from facilities_photograph
            where work_id = new.id and withdrawn_at is null and stage in ('before', 'after')) < 2 then
            raise exception 'work %: photographs of before and after are needed', old.id;
        end if;
    end if;
    return new;
"""


@audited("work_event_rows")
class Work(models.Model):
    """One work in one room. What asked for it and who pays are known by their codes only."""

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="works")
    room = models.ForeignKey(Room, on_delete=models.PROTECT, related_name="works")
    org_no = models.IntegerField()
    title = models.CharField(_("what is done"), max_length=200)
    need_code = models.CharField(_("need"), max_length=40, blank=True)
    earmark_code = models.CharField(_("earmark"), max_length=40, blank=True)
    state = models.CharField(_("state"), max_length=16, choices=WorkState.choices, default=WorkState.PLANNED)
    state_since = models.DateField(_("in this state since"))
    opened_at = models.DateTimeField()
    opened_by_id = models.BigIntegerField(null=True)
    opened_by_name = models.CharField(max_length=200, blank=True)
    delivery_confirmed_at = models.DateTimeField(_("delivery confirmed at"), null=True, blank=True)
    round = models.IntegerField(default=1, help_text="Which acceptance: a new one after each step back.")
    accepted_on = models.DateField(_("accepted on"), null=True, blank=True)
    cancelled_because = models.CharField(_("cancelled because"), max_length=500, blank=True)
    is_synthetic = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("work in a room")
        verbose_name_plural = _("works in rooms")
        indexes = [
            models.Index(fields=["org_no", "state"], name="work_org_state"),
            models.Index(fields=["need_code"], name="work_need", condition=~models.Q(need_code="")),
            models.Index(fields=["earmark_code"], name="work_earmark", condition=~models.Q(earmark_code="")),
        ]
        constraints = [
            models.CheckConstraint(
                name="work_accepted_has_day",
                condition=models.Q(state="accepted", accepted_on__isnull=False)
                | (~models.Q(state="accepted") & models.Q(accepted_on__isnull=True)),
            ),
            models.CheckConstraint(
                name="work_cancelled_says_why",
                condition=~models.Q(state="cancelled") | ~models.Q(cancelled_because=""),
            ),
            RowScope(name="work_rows"),
        ]
        triggers = [
            pgtrigger.Protect(name="kept", operation=pgtrigger.Delete),
            pgtrigger.Trigger(
                name="begins",
                when=pgtrigger.Before,
                operation=pgtrigger.Insert,
                func="""
                    if new.state <> 'planned' then
                        raise exception 'a work begins by being planned';
                    end if;
                    return new;
                """,
            ),
            pgtrigger.Trigger(
                name="steps",
                when=pgtrigger.Before,
                operation=pgtrigger.Update,
                declare=[
                    ("people", "integer"),
                    ("signatures", "integer"),
                    (
                        "states",
                        "text[] := array['planned', 'procurement', 'delivery', 'installation', 'acceptance', 'accepted']",
                    ),
                ],
                func=STEPS,
            ),
        ]

    def __str__(self) -> str:
        return f"W-{self.pk}"


class WorkItem(models.Model):
    """What a work brings into the room."""

    work = models.ForeignKey(Work, on_delete=models.PROTECT, related_name="items")
    org_no = models.IntegerField(db_index=True)
    item_code = models.CharField(_("item of equipment"), max_length=40, blank=True)
    name = models.CharField(
        _("name"), max_length=200, blank=True, help_text="Of an item that the catalogue does not have."
    )
    count = models.IntegerField(_("number"))
    serials = ArrayField(models.CharField(max_length=80), default=list, blank=True, verbose_name=_("serial numbers"))

    class Meta:
        verbose_name = _("item of a work")
        verbose_name_plural = _("items of works")
        constraints = [
            models.CheckConstraint(name="work_item_count", condition=models.Q(count__gt=0)),
            models.CheckConstraint(name="work_item_named", condition=~models.Q(item_code="") | ~models.Q(name="")),
            RowScope(name="work_item_rows"),
        ]


class WorkStep(models.Model):
    """One step of a work's way. Append only."""

    work = models.ForeignKey(Work, on_delete=models.PROTECT, related_name="steps")
    org_no = models.IntegerField(db_index=True)
    state = models.CharField(max_length=16, choices=WorkState.choices)
    day = models.DateField(_("day"))
    at = models.DateTimeField()
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=200, blank=True)
    note = models.TextField(_("note"), blank=True)

    class Meta:
        verbose_name = _("step of a work")
        verbose_name_plural = _("steps of works")
        constraints = [RowScope(name="work_step_rows")]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]


class Document(models.Model):
    """A paper of a step: contract, waybill, act. Its bytes are sealed."""

    step = models.ForeignKey(WorkStep, on_delete=models.PROTECT, related_name="documents")
    org_no = models.IntegerField(db_index=True)
    name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=100)
    size = models.IntegerField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("document of a work")
        verbose_name_plural = _("documents of works")
        constraints = [RowScope(name="work_document_rows")]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]


class Acceptance(models.Model):
    """One person's acceptance. The same person cannot give two of one round; the work's trigger asks for two."""

    work = models.ForeignKey(Work, on_delete=models.PROTECT, related_name="acceptances")
    org_no = models.IntegerField(db_index=True)
    round = models.IntegerField()
    at = models.DateTimeField()
    by_id = models.BigIntegerField()
    person_id = models.BigIntegerField(null=True, blank=True)
    by_name = models.CharField(max_length=200, blank=True)
    role = models.CharField(max_length=32, blank=True)
    note = models.TextField(_("note"), blank=True)

    class Meta:
        verbose_name = _("acceptance of a work")
        verbose_name_plural = _("acceptances of works")
        constraints = [
            models.UniqueConstraint(name="acceptance_once_a_user", fields=["work", "round", "by_id"]),
            models.UniqueConstraint(
                name="acceptance_once_a_person",
                fields=["work", "round", "person_id"],
                condition=models.Q(person_id__isnull=False),
            ),
            RowScope(name="acceptance_rows"),
        ]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]
