"""Sponsors: what they promised, what came, what it is for, what it became. The money itself is in ``tirek.ledger``.

Rows belong to the programme's territory (or the school's, once money is for a school), and are seen by the sponsor's own users.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from tirek.access.audit import audited
from tirek.programmes.models.programmes import APPEND_ONLY, Programme
from tirek.programmes.policies import SponsorScope
from tirek.storage.policies import RowScope


@audited("sponsor_event_rows", org="org_lo", org_hi="org_hi")
class Sponsor(models.Model):
    """An organisation that gives money."""

    code = models.SlugField(_("short name in addresses"), max_length=60, unique=True)
    bin = models.CharField(_("BIN"), max_length=12)
    name_kk = models.CharField(_("name in Kazakh"), max_length=200)
    name_ru = models.CharField(_("name in Russian"), max_length=200)
    name_en = models.CharField(_("name in English"), max_length=200)
    contact = models.CharField(_("who answers for it there"), max_length=200, blank=True)
    email = models.EmailField(_("address for letters"), blank=True)
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    is_synthetic = models.BooleanField(_("synthetic"), default=False)
    by_id = models.BigIntegerField(null=True)
    at = models.DateTimeField(_("entered at"))

    class Meta:
        verbose_name = _("sponsor")
        verbose_name_plural = _("sponsors")
        constraints = [
            models.UniqueConstraint(name="sponsor_bin", fields=["bin"]),
            SponsorScope(name="sponsor_rows", org="org_lo", org_hi="org_hi", column="id"),
        ]

    def __str__(self) -> str:
        return self.code


@audited("sponsor_user_event_rows", org="org_lo", org_hi="org_hi")
class SponsorUser(models.Model):
    """A user who looks at a sponsor's money. This row is what lets the sponsor's rows through."""

    sponsor = models.ForeignKey(Sponsor, on_delete=models.PROTECT, related_name="users")
    user_id = models.BigIntegerField()
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    by_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("user of a sponsor")
        verbose_name_plural = _("users of sponsors")
        constraints = [
            models.UniqueConstraint(name="sponsor_user_once", fields=["user_id"]),
            RowScope(name="sponsor_user_rows", org="org_lo", org_hi="org_hi", user="user_id", user_reads=True),
        ]


@audited("sponsor_agreement_event_rows", org="org_lo", org_hi="org_hi")
class Agreement(models.Model):
    """What a sponsor agreed to give to a programme. The paper is a sealed file."""

    sponsor = models.ForeignKey(Sponsor, on_delete=models.PROTECT, related_name="agreements")
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="agreements")
    number = models.CharField(_("number"), max_length=40)
    signed_on = models.DateField(_("signed on"))
    starts_on = models.DateField(_("from"))
    ends_on = models.DateField(_("until"))
    amount_tiyn = models.BigIntegerField(_("amount, tiyn"))
    purpose = models.CharField(_("purpose"), max_length=500, blank=True)
    is_public = models.BooleanField(_("everybody may see what became of the money"), default=False)
    file_name = models.CharField(max_length=200, blank=True)
    media_type = models.CharField(max_length=100, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    by_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("sponsor's agreement")
        verbose_name_plural = _("sponsors' agreements")
        constraints = [
            models.UniqueConstraint(name="sponsor_agreement_number", fields=["sponsor", "number"]),
            models.CheckConstraint(name="sponsor_agreement_amount", condition=models.Q(amount_tiyn__gt=0)),
            models.CheckConstraint(
                name="sponsor_agreement_period", condition=models.Q(ends_on__gte=models.F("starts_on"))
            ),
            SponsorScope(name="sponsor_agreement_rows", org="org_lo", org_hi="org_hi"),
        ]

    @property
    def fund(self) -> str:
        """The account of what came and is not yet for anything."""
        return f"fund:A-{self.pk}"

    def __str__(self) -> str:
        return self.number


@audited("sponsor_pledge_event_rows", org="org_lo", org_hi="org_hi")
class Pledge(models.Model):
    """One promised part of an agreement: so much by this day."""

    sponsor = models.ForeignKey(Sponsor, on_delete=models.PROTECT, related_name="pledges")
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="pledges")
    position = models.IntegerField(_("tranche"))
    amount_tiyn = models.BigIntegerField(_("amount, tiyn"))
    due_date = models.DateField(_("due"))
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()

    class Meta:
        verbose_name = _("pledge")
        verbose_name_plural = _("pledges")
        constraints = [
            models.UniqueConstraint(name="sponsor_pledge_position", fields=["agreement", "position"]),
            models.CheckConstraint(name="sponsor_pledge_amount", condition=models.Q(amount_tiyn__gt=0)),
            SponsorScope(name="sponsor_pledge_rows", org="org_lo", org_hi="org_hi"),
        ]


@audited("sponsor_tranche_event_rows", org="org_lo", org_hi="org_hi")
class Tranche(models.Model):
    """Money that came for a pledge. One taken back by a reversal stays, and counts no more."""

    sponsor = models.ForeignKey(Sponsor, on_delete=models.PROTECT, related_name="tranches")
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="tranches")
    pledge = models.ForeignKey(Pledge, on_delete=models.PROTECT, related_name="tranches")
    amount_tiyn = models.BigIntegerField(_("amount, tiyn"))
    received_on = models.DateField(_("received on"))
    reference = models.CharField(_("number of the payment order"), max_length=60)
    transaction = models.CharField(_("in the ledger"), max_length=24)
    reversal = models.CharField(_("reversed by"), max_length=24, blank=True)
    reversed_because = models.CharField(max_length=300, blank=True)
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("tranche")
        verbose_name_plural = _("tranches")
        constraints = [
            models.UniqueConstraint(
                name="sponsor_tranche_reference", fields=["sponsor", "reference"], condition=models.Q(reversal="")
            ),
            models.CheckConstraint(name="sponsor_tranche_amount", condition=models.Q(amount_tiyn__gt=0)),
            SponsorScope(name="sponsor_tranche_rows", org="org_lo", org_hi="org_hi"),
        ]


class EarmarkState(models.TextChoices):
    OPEN = "open", _("open")
    CLOSED = "closed", _("closed")


@audited("sponsor_earmark_event_rows")
class Earmark(models.Model):
    """This money is for that school, room type and need. Works know it by its code only."""

    sponsor = models.ForeignKey(Sponsor, on_delete=models.PROTECT, related_name="earmarks")
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="earmarks")
    org_no = models.IntegerField()
    room_purpose = models.CharField(_("kind of room"), max_length=24, blank=True)
    need_code = models.CharField(_("need"), max_length=40, blank=True)
    title = models.CharField(_("what for"), max_length=200)
    amount_tiyn = models.BigIntegerField(_("amount, tiyn"))
    state = models.CharField(_("state"), max_length=8, choices=EarmarkState.choices, default=EarmarkState.OPEN)
    by_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("earmark")
        verbose_name_plural = _("earmarks")
        indexes = [models.Index(fields=["org_no"], name="sponsor_earmark_org")]
        constraints = [
            models.CheckConstraint(name="sponsor_earmark_amount", condition=models.Q(amount_tiyn__gt=0)),
            SponsorScope(name="sponsor_earmark_rows", org="org_no"),
        ]

    @property
    def code(self) -> str:
        return f"E-{self.pk}"

    @property
    def account(self) -> str:
        return f"earmark:E-{self.pk}"


class CommitmentState(models.TextChoices):
    OPEN = "open", _("ordered")
    ACCEPTED = "accepted", _("accepted")
    RELEASED = "released", _("released")


@audited("sponsor_commitment_event_rows")
class Commitment(models.Model):
    """Money of an earmark that a supplier may count on for one work. It is paid once the work is accepted."""

    sponsor = models.ForeignKey(Sponsor, on_delete=models.PROTECT, related_name="commitments")
    earmark = models.ForeignKey(Earmark, on_delete=models.PROTECT, related_name="commitments")
    org_no = models.IntegerField()
    work_id = models.BigIntegerField()
    supplier_bin = models.CharField(_("supplier's BIN"), max_length=12)
    supplier_name = models.CharField(_("supplier"), max_length=200)
    contract = models.CharField(_("contract"), max_length=60)
    amount_tiyn = models.BigIntegerField(_("amount, tiyn"))
    state = models.CharField(_("state"), max_length=8, choices=CommitmentState.choices, default=CommitmentState.OPEN)
    accepted_on = models.DateField(_("accepted on"), null=True, blank=True)
    by_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("commitment")
        verbose_name_plural = _("commitments")
        indexes = [models.Index(fields=["work_id"], name="sponsor_commitment_work")]
        constraints = [
            models.CheckConstraint(name="sponsor_commitment_amount", condition=models.Q(amount_tiyn__gt=0)),
            models.UniqueConstraint(
                name="sponsor_commitment_contract", fields=["supplier_bin", "contract", "work_id", "earmark"]
            ),
            SponsorScope(name="sponsor_commitment_rows", org="org_no"),
        ]

    @property
    def account(self) -> str:
        return f"commitment:C-{self.pk}"

    @property
    def paid_account(self) -> str:
        return f"paid:C-{self.pk}"


@audited("sponsor_payment_event_rows")
class Payment(models.Model):
    """A payment to a supplier. Before acceptance it is an advance, within the share that the rules allow."""

    sponsor = models.ForeignKey(Sponsor, on_delete=models.PROTECT, related_name="payments")
    commitment = models.ForeignKey(Commitment, on_delete=models.PROTECT, related_name="payments")
    org_no = models.IntegerField()
    amount_tiyn = models.BigIntegerField(_("amount, tiyn"))
    paid_on = models.DateField(_("paid on"))
    reference = models.CharField(_("number of the payment order"), max_length=60)
    is_advance = models.BooleanField(_("advance"))
    transaction = models.CharField(_("in the ledger"), max_length=24)
    reversal = models.CharField(_("reversed by"), max_length=24, blank=True)
    by_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("payment to a supplier")
        verbose_name_plural = _("payments to suppliers")
        constraints = [
            models.UniqueConstraint(
                name="sponsor_payment_reference", fields=["commitment", "reference"], condition=models.Q(reversal="")
            ),
            models.CheckConstraint(name="sponsor_payment_amount", condition=models.Q(amount_tiyn__gt=0)),
            SponsorScope(name="sponsor_payment_rows", org="org_no"),
        ]


class SponsorMove(models.TextChoices):
    AGREED = "agreed", _("agreement entered")
    PLEDGED = "pledged", _("pledge entered")
    RECEIVED = "received", _("money received")
    REVERSED = "reversed", _("taken back as a mistake")
    EARMARKED = "earmarked", _("earmarked")
    MOVED = "moved", _("moved to another school")
    CLOSED = "closed", _("earmark closed, the rest is free")
    COMMITTED = "committed", _("ordered from a supplier")
    RELEASED = "released", _("order released")
    ACCEPTED = "accepted", _("work accepted")
    PAID = "paid", _("supplier paid")
    RETURNED = "returned", _("unspent money returned")
    REMINDED = "reminded", _("reminded of a pledge")
    OPENED = "opened", _("shown to everybody")
    HIDDEN = "hidden", _("no longer shown to everybody")


class SponsorStep(models.Model):
    """What happened with a sponsor's money, with its act and reason. Append only."""

    sponsor = models.ForeignKey(Sponsor, on_delete=models.PROTECT, related_name="steps")
    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="steps", null=True)
    earmark = models.ForeignKey(Earmark, on_delete=models.PROTECT, related_name="steps", null=True)
    pledge = models.ForeignKey(Pledge, on_delete=models.PROTECT, related_name="steps", null=True)
    kind = models.CharField(max_length=12, choices=SponsorMove.choices)
    amount_tiyn = models.BigIntegerField(null=True)
    act = models.CharField(_("act"), max_length=60, blank=True)
    note = models.CharField(_("note"), max_length=500, blank=True)
    transaction = models.CharField(max_length=24, blank=True)
    document = models.CharField(max_length=20, blank=True)
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("step of a sponsor's money")
        verbose_name_plural = _("steps of sponsors' money")
        indexes = [models.Index(fields=["sponsor", "-id"], name="sponsor_step_latest")]
        constraints = [SponsorScope(name="sponsor_step_rows", org="org_lo", org_hi="org_hi")]
        triggers = [APPEND_ONLY]
