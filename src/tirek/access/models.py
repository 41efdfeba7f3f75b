"""People who sign in, what they were granted, and who looked at whom."""

from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.utils.translation import gettext_lazy as _

from tirek.access.audit import audited
from tirek.access.policies import RowScope
from tirek.access.roles import Role, ScopeKind


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
    created_at = models.DateTimeField(auto_now_add=True)

    objects = UserManager()
    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["full_name"]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [RowScope(name="user_rows", user="id", sign_in=True)]

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


@audited("grant_event_rows", org="org_lo", user="user_id")
class Grant(models.Model):
    """A role over a scope for a period. Ended, never deleted.

    ``org_lo`` and ``org_hi`` (both included) are institutions' numbers; ``scope_code`` is the KATO code of the territory
    or the code of the institution, for people to read and for renumbering.
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
            RowScope(name="grant_rows", org="org_lo", user="user_id", sign_in=True),
            models.CheckConstraint(
                name="grant_range_or_own",
                condition=models.Q(scope_kind__in=["country", "own"])
                | models.Q(org_lo__isnull=False, org_hi__gte=models.F("org_lo")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()}: {self.scope_label}"


class PersonRead(models.Model):
    """One look at a person's record. Append only."""

    at = models.DateTimeField(auto_now_add=True)
    user_id = models.BigIntegerField(null=True)
    person_id = models.BigIntegerField()
    org_no = models.IntegerField(default=0)
    page = models.CharField(max_length=80)

    class Meta:
        verbose_name = _("look at a record")
        verbose_name_plural = _("looks at records")
        indexes = [
            models.Index(fields=["person_id", "-at"], name="person_read_person"),
            models.Index(fields=["org_no", "-at"], name="person_read_org"),
        ]
        constraints = [RowScope(name="person_read_rows", user="user_id")]
