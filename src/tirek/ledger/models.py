"""How much: each tenge from where to where. Double entry, append only; what must hold, the database holds.

A posting is source, destination and a positive amount, so that nothing can be unbalanced. ``Balance`` and ``Turnover`` are
written by the database alone (triggers of migration 0002) and equal the sums of the postings; ``ledger_differences()``
proves it. Amounts are in tiyn. See docs/adr/0009-ledger.md.
"""

from __future__ import annotations

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from tirek.ledger.policies import AccountScope, OfSeenAccounts, TransactionScope
from tirek.storage.policies import RowScope


class AccountKind(models.TextChoices):
    OUTSIDE = "outside", _("outside: a sponsor, the treasury")
    BUDGET = "budget", _("budget line")
    FUND = "fund", _("money received, free")
    EARMARK = "earmark", _("earmarked money")
    COMMITMENT = "commitment", _("committed money")
    PAYABLE = "payable", _("owed")
    PAID = "paid", _("paid")


FLOORED = tuple(kind for kind in AccountKind if kind != AccountKind.OUTSIDE)
"""Kinds that hold money: they never fall below zero. Only the outside owes us, or gave us, more than it holds."""

APPEND_ONLY = pgtrigger.Protect(name="append_only_journal", operation=pgtrigger.Update | pgtrigger.Delete)
"""Its name tells ``tirek.storage.journals`` to take UPDATE and DELETE from the program's roles."""


class Account(models.Model):
    """A place where money is, comes from or goes to. Seen in the territory it belongs to, and by its readers."""

    code = models.CharField(_("code"), max_length=80, unique=True)
    kind = models.CharField(_("kind"), max_length=12, choices=AccountKind.choices)
    name_kk = models.CharField(_("name in Kazakh"), max_length=200)
    name_ru = models.CharField(_("name in Russian"), max_length=200)
    name_en = models.CharField(_("name in English"), max_length=200, blank=True)
    holder = models.CharField(
        _("whose it is"), max_length=80, blank=True, help_text="A word of the app above: sponsor:3"
    )
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    user_ids = ArrayField(
        models.BigIntegerField(), default=list, blank=True, help_text="Users who see it without its territory."
    )
    currency = models.CharField(max_length=3, default="KZT")
    opened_at = models.DateTimeField()
    closed_on = models.DateField(null=True, blank=True)

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")
        indexes = [
            models.Index(fields=["org_lo", "org_hi"], name="ledger_account_range"),
            models.Index(fields=["holder", "kind"], name="ledger_account_holder"),
        ]
        constraints = [
            models.CheckConstraint(name="ledger_account_span", condition=models.Q(org_hi__gte=models.F("org_lo"))),
            models.CheckConstraint(name="ledger_account_kind", condition=models.Q(kind__in=list(AccountKind))),
            models.CheckConstraint(name="ledger_account_currency", condition=models.Q(currency="KZT")),
            AccountScope(name="ledger_account_rows", org="org_lo", org_hi="org_hi"),
        ]
        triggers = [
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="stays_what_it_is",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__code__df=pgtrigger.F("new__code"))
                | pgtrigger.Q(old__kind__df=pgtrigger.F("new__kind"))
                | pgtrigger.Q(old__currency__df=pgtrigger.F("new__currency")),
            ),
        ]

    def __str__(self) -> str:
        return self.code


class Transaction(models.Model):
    """Postings that stand or fall together, with their reason. Append only.

    ``code`` names a registered sentence (tirek.ledger.words) that ``parameters`` fill; ``key`` says what it was posted for, once.
    """

    key = models.CharField(_("key"), max_length=200, unique=True)
    content_sha256 = models.CharField(max_length=64)
    code = models.CharField(max_length=64)
    parameters = models.JSONField(default=dict)
    decision = models.CharField(_("decision"), max_length=20, blank=True)
    note = models.CharField(_("note"), max_length=500, blank=True)
    booked_on = models.DateField(_("day"))
    at = models.DateTimeField(_("posted at"))
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=200, blank=True)
    posting_count = models.IntegerField()
    total_tiyn = models.BigIntegerField()
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    reverses = models.OneToOneField("self", models.PROTECT, null=True, related_name="reversed_by")

    class Meta:
        verbose_name = _("transaction")
        verbose_name_plural = _("transactions")
        indexes = [models.Index(fields=["booked_on", "id"], name="ledger_transaction_day")]
        constraints = [
            models.CheckConstraint(
                name="ledger_transaction_full",
                condition=models.Q(posting_count__gt=0, total_tiyn__gt=0, org_hi__gte=models.F("org_lo")),
            ),
            TransactionScope(name="ledger_transaction_rows", org="org_lo", org_hi="org_hi"),
        ]
        triggers = [APPEND_ONLY]

    @property
    def number(self) -> str:
        return f"L-{self.pk}"

    def __str__(self) -> str:
        return self.number


class Posting(models.Model):
    """One amount from one account to another. Append only. The day is its transaction's, beside the account for its index."""

    transaction = models.ForeignKey(Transaction, models.PROTECT, related_name="postings", db_index=False)
    line = models.IntegerField()
    source = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    destination = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    amount_tiyn = models.BigIntegerField()
    booked_on = models.DateField()

    class Meta:
        verbose_name = _("posting")
        verbose_name_plural = _("postings")
        indexes = [
            models.Index(fields=["source", "booked_on", "id"], name="ledger_posting_source"),
            models.Index(fields=["destination", "booked_on", "id"], name="ledger_posting_destination"),
        ]
        constraints = [
            models.UniqueConstraint(name="ledger_posting_line", fields=["transaction", "line"]),
            models.CheckConstraint(name="ledger_posting_positive", condition=models.Q(amount_tiyn__gt=0)),
            models.CheckConstraint(
                name="ledger_posting_two_accounts", condition=~models.Q(source=models.F("destination"))
            ),
            OfSeenAccounts(name="ledger_posting_rows", org=None, columns=("source_id", "destination_id")),
        ]
        triggers = [APPEND_ONLY]


KEPT = pgtrigger.Trigger(
    name="written_by_database",
    level=pgtrigger.Statement,
    when=pgtrigger.Before,
    operation=pgtrigger.Truncate,
    func="raise exception 'Cannot truncate %', TG_TABLE_NAME;",
)
"""Its name tells ``tirek.storage.journals`` to take every right but reading from the program's roles."""


class Balance(models.Model):
    """What an account holds now. Written by the database when postings come in; its row is the lock of the account."""

    account = models.OneToOneField(Account, models.PROTECT, primary_key=True, related_name="balance")
    is_floored = models.BooleanField()
    balance_tiyn = models.BigIntegerField(default=0)
    posting_count = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("balance")
        verbose_name_plural = _("balances")
        constraints = [
            models.CheckConstraint(
                name="ledger_balance_floor", condition=models.Q(is_floored=False) | models.Q(balance_tiyn__gte=0)
            ),
            OfSeenAccounts(name="ledger_balance_rows", org=None, columns=("account_id",)),
        ]
        triggers = [KEPT]


class Turnover(models.Model):
    """What came to an account and went from it on one day: balances of any day are sums of few rows."""

    account = models.ForeignKey(Account, models.PROTECT, related_name="+", db_index=False)
    day = models.DateField()
    in_tiyn = models.BigIntegerField()
    out_tiyn = models.BigIntegerField()

    class Meta:
        verbose_name = _("turnover")
        verbose_name_plural = _("turnovers")
        constraints = [
            models.UniqueConstraint(
                name="ledger_turnover_day", fields=["account", "day"], include=["in_tiyn", "out_tiyn"]
            ),
            OfSeenAccounts(name="ledger_turnover_rows", org=None, columns=("account_id",)),
        ]
        triggers = [KEPT]


class Seal(models.Model):
    """Transactions between two numbers, sealed as a file and chained to the seal before. Append only, open to all.

    One that only closes days holds none: then ``last_id`` is the one before ``first_id``. ``closed_through``: nothing may be booked on that day or before it any more.
    """

    first_id = models.BigIntegerField()
    last_id = models.BigIntegerField()
    transaction_count = models.IntegerField()
    total_tiyn = models.BigIntegerField()
    file = models.JSONField()
    previous_sha256 = models.CharField(max_length=64, blank=True, unique=True)
    sha256 = models.CharField(_("digest"), max_length=64, unique=True)
    closed_through = models.DateField(null=True)
    at = models.DateTimeField(_("sealed at"))
    by_id = models.BigIntegerField(null=True)
    by_name = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("seal of the ledger")
        verbose_name_plural = _("seals of the ledger")
        constraints = [RowScope(name="ledger_seal_rows", org=None, public=True)]
        triggers = [APPEND_ONLY]
