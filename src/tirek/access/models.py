"""People who sign in, what they were granted, and who looked at whom."""

from __future__ import annotations

from importlib import import_module

import pgtrigger
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import DateRangeField
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from tirek.access.audit import audited
from tirek.access.policies import RowScope
from tirek.access.roles import Role, ScopeKind

APPEND_ONLY = pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
ENDED_NOT_DELETED = pgtrigger.Protect(name="ended_not_deleted", operation=pgtrigger.Delete)
NOT_TO_ONESELF = pgtrigger.Trigger(
    name="not_to_oneself",
    when=pgtrigger.Before,
    operation=pgtrigger.Insert | pgtrigger.Update,
    func="if new.user_id = nullif(current_setting('app.user_id', true), '')::bigint then"
    " raise exception 'nobody changes a grant of his own' using errcode = '42501'; end if; return new;",
)


def display_name(user: User) -> str:
    """What allauth's pages call a user."""
    return str(user)


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str) -> User:
        return self.get(username__iexact=username)


@audited("user_event_rows", exclude=["password", "last_login"], user="pgh_obj_id")
class User(AbstractBaseUser):
    """Somebody who signs in. ``person_id`` points at the register's person, which lies above this app."""

    username = models.CharField(_("sign-in name"), max_length=150, unique=True)
    email = models.EmailField(_("e-mail"), blank=True)
    full_name = models.CharField(_("full name"), max_length=200)
    language = models.CharField(_("language"), max_length=2, default="kk")
    org_no = models.IntegerField(_("institution's number"), default=0, help_text=_("Who administers this user."))
    person_id = models.BigIntegerField(null=True, blank=True)
    is_active = models.BooleanField(_("may sign in"), default=True)
    is_demonstration = models.BooleanField(default=False)
    is_machine = models.BooleanField(default=False, help_text=_("A program's account: it has no password."))
    created_at = models.DateTimeField(auto_now_add=True)

    objects = UserManager()
    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["full_name"]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        indexes = [models.Index(fields=["org_no", "username"], name="user_place")]
        constraints = [
            models.UniqueConstraint(Lower("username"), name="user_username_any_case"),
            RowScope(name="user_rows", role=Role.ADMINISTRATOR.value, user="id", user_reads=True, sign_in=True),
        ]

    def __str__(self) -> str:
        return self.full_name or self.username

    def get_full_name(self) -> str:
        return self.full_name

    def get_short_name(self) -> str:
        return self.full_name.split(" ")[0]

    # allauth and Django ask these; there is no Django admin here
    is_staff = False
    is_superuser = False

    def has_perm(self, perm: str, obj=None) -> bool:
        return False

    def has_module_perms(self, app_label: str) -> bool:
        return False


@audited("grant_event_rows", org="org_lo", org_hi="org_hi", user="user_id")
class Grant(models.Model):
    """A role over a scope for a period. Ended, never deleted.

    ``org_lo`` and ``org_hi`` (both included) are institutions' numbers; ``scope_code`` is the KATO code of the
    territory or the code of the institution, for people to read and for renumbering.
    """

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="grants")
    role = models.CharField(_("role"), max_length=32, choices=Role.choices)
    scope_kind = models.CharField(_("scope"), max_length=16, choices=ScopeKind.choices)
    scope_code = models.CharField(_("code of the scope"), max_length=32, blank=True)
    scope_label = models.CharField(_("name of the scope"), max_length=200, blank=True)
    org_lo = models.IntegerField(null=True, blank=True)
    org_hi = models.IntegerField(null=True, blank=True)
    valid = DateRangeField(_("valid"))
    given_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True, blank=True)
    given_at = models.DateTimeField(auto_now_add=True)
    reason = models.CharField(_("reason"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("grant")
        verbose_name_plural = _("grants")
        constraints = [
            RowScope(
                name="grant_rows",
                org="org_lo",
                org_hi="org_hi",
                role=Role.ADMINISTRATOR.value,
                user="user_id",
                user_reads=True,
                sign_in=True,
            ),
            models.CheckConstraint(
                name="grant_range_or_own",
                condition=models.Q(scope_kind__in=["country", "own"])
                | models.Q(org_lo__isnull=False, org_hi__gte=models.F("org_lo")),
            ),
        ]
        triggers = [NOT_TO_ONESELF, ENDED_NOT_DELETED]

    def __str__(self) -> str:
        return f"{self.get_role_display()}: {self.scope_label}"


class Session(AbstractBaseSession):
    """A signed-in browser. The user's id stands beside the sealed data, so that one can be signed out everywhere."""

    user_id = models.BigIntegerField(null=True, db_index=True)
    started_at = models.DateTimeField(null=True)
    address = models.GenericIPAddressField(_("address"), null=True)
    program = models.CharField(_("browser"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        constraints = [
            RowScope(name="session_rows", org=None, role="nobody", user="user_id", user_reads=True, sign_in=True)
        ]

    @classmethod
    def get_session_store_class(cls):
        return import_module(settings.SESSION_ENGINE).SessionStore


class AccountAction(models.Model):
    """What an administrator did to an account beyond its row: invited, shut, reset the second factor. Append only."""

    class Action(models.TextChoices):
        INVITE = "invite", _("invited")
        DEACTIVATE = "deactivate", _("shut the account")
        REACTIVATE = "reactivate", _("opened the account again")
        RESET_SECOND_FACTOR = "reset_second_factor", _("removed the second factor")
        SIGN_OUT = "sign_out", _("signed out everywhere")
        GIVE = "give", _("gave a role")
        END = "end", _("ended a role")

    at = models.DateTimeField(auto_now_add=True)
    subject = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)
    action = models.CharField(_("action"), max_length=24, choices=Action.choices)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    org_no = models.IntegerField(default=0)

    class Meta:
        verbose_name = _("action on an account")
        verbose_name_plural = _("actions on accounts")
        indexes = [models.Index(fields=["subject", "-at"], name="account_action_subject")]
        constraints = [RowScope(name="account_action_rows", user="subject_id", user_reads=True, sign_in=True)]
        triggers = [APPEND_ONLY]


class PersonRead(models.Model):
    """One look at a person's record, or at many at once (a list, an export). Append only."""

    class Kind(models.TextChoices):
        RECORD = "record", _("a record")
        MANY = "many", _("a list")
        EXPORT = "export", _("an export")
        IIN = "iin", _("an identification number")

    at = models.DateTimeField(auto_now_add=True)
    user_id = models.BigIntegerField(null=True)
    role = models.CharField(max_length=32, blank=True)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.RECORD)
    person_id = models.BigIntegerField(null=True)
    org_no = models.IntegerField(default=0)
    page = models.CharField(max_length=80)
    rows = models.IntegerField(default=1)
    query = models.CharField(max_length=500, blank=True, help_text=_("What was asked for, in words."))
    reason = models.CharField(max_length=300, blank=True)
    request_id = models.CharField(max_length=36, blank=True)

    class Meta:
        verbose_name = _("look at a record")
        verbose_name_plural = _("looks at records")
        indexes = [
            models.Index(fields=["person_id", "-at"], name="person_read_person"),
            models.Index(fields=["org_no", "-at"], name="person_read_org"),
            models.Index(fields=["user_id", "-at"], name="person_read_user"),
        ]
        constraints = [RowScope(name="person_read_rows", user="user_id")]
        triggers = [APPEND_ONLY]


class Machine(models.Model):
    """A program that asks by itself, with the scope of one grant. The OAuth application keeps its secret, hashed."""

    application_id = models.BigIntegerField(unique=True)
    client_id = models.CharField(_("client"), max_length=100, unique=True)
    grant = models.OneToOneField(Grant, on_delete=models.PROTECT, related_name="machine")
    name = models.CharField(_("name"), max_length=200)
    contact = models.CharField(_("who answers for it"), max_length=200)
    org_no = models.IntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", null=True)
    rotated_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("program")
        verbose_name_plural = _("programs")
        constraints = [RowScope(name="machine_rows", role=Role.ADMINISTRATOR.value, sign_in=True)]

    def __str__(self) -> str:
        return self.name


class Tally(models.Model):
    """How often something was asked in a span of time: the limit of public look-ups. Holds hashes, no addresses."""

    key = models.CharField(max_length=64, primary_key=True)
    count = models.IntegerField(default=0)
    until = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["until"], name="tally_until")]
        constraints = [RowScope(name="tally_rows", org=None, sign_in=True)]


JOURNAL = pgtrigger.Protect(name="append_only_journal", operation=pgtrigger.Update | pgtrigger.Delete)
"""Its name tells ``tirek.storage.journals`` to take UPDATE and DELETE from the program's roles."""


class AuditSeal(models.Model):
    """What the audit's tables held of a time: digests of their rows in sealed files, chained to the seal before.

    ``parts`` name the table, its columns, the numbers of the first and the last row, how many there are and the file;
    ``highest`` is the highest number sealed so far of each table. The files hold numbers and digests, no personal data.
    """

    starts = models.DateTimeField(null=True)
    ends = models.DateTimeField()
    through = models.DateField(_("sealed through"), unique=True)
    row_count = models.BigIntegerField()
    parts = models.JSONField()
    highest = models.JSONField()
    erasures = models.JSONField()
    previous_sha256 = models.CharField(max_length=64, blank=True, unique=True)
    sha256 = models.CharField(_("digest"), max_length=64, unique=True)
    at = models.DateTimeField(_("sealed at"))

    class Meta:
        verbose_name = _("seal of the audit")
        verbose_name_plural = _("seals of the audit")
        constraints = [RowScope(name="audit_seal_rows", org=None, role="nobody")]
        triggers = [JOURNAL]


class AuditErasure(models.Model):
    """Rows of the audit that the law lets the database's owner erase: the act, and which. The next seal seals it, too."""

    table = models.CharField(max_length=80)
    before = models.DateField(null=True)
    numbers = models.JSONField(default=list)
    act = models.CharField(_("act"), max_length=300)
    at = models.DateTimeField(_("at"))
    by_name = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("erasure in the audit")
        verbose_name_plural = _("erasures in the audit")
        constraints = [RowScope(name="audit_erasure_rows", org=None, role="nobody")]
        triggers = [JOURNAL]
