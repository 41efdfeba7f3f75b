"""The item bank: its items, their versions in three languages, and their pictures."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tirek.access.audit import audited
from tirek.access.policies import RowScope
from tirek.assessment.models.tests import Subject


@audited("content_area_event_rows", org="org_lo")
class ContentArea(models.Model):
    """An area of a subject's framework that a territory has added to those every bank begins with. Items keep its code."""

    code = models.CharField(_("code"), max_length=64, unique=True)
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    subject = models.CharField(_("subject"), max_length=16, choices=Subject.choices)
    name_kk = models.CharField(_("name in Kazakh"), max_length=100)
    name_ru = models.CharField(_("name in Russian"), max_length=100)
    name_en = models.CharField(_("name in English"), max_length=100)

    class Meta:
        verbose_name = _("content area")
        verbose_name_plural = _("content areas")
        constraints = [RowScope(name="content_area_rows", org="org_lo", org_hi="org_hi", public=True)]

    def __str__(self) -> str:
        return self.code


class AnswerKind(models.TextChoices):
    CHOICE = "choice", _("one option out of several")
    CHOICES = "choices", _("several options")
    NUMBER = "number", _("a number")
    WORD = "word", _("a word or a few")
    OPEN = "open", _("an answer that a person scores")


class BankState(models.TextChoices):
    DRAFT = "draft", _("being written")
    READY = "ready", _("ready for tests")
    RETIRED = "retired", _("retired")


@audited("bank_item_event_rows", org="org_lo")
class BankItem(models.Model):
    """An item of the bank, in whatever version. A secret of the territory that holds it."""

    code = models.CharField(_("code"), max_length=32)
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    subject = models.CharField(_("subject"), max_length=16, choices=Subject.choices)
    grade = models.IntegerField(_("grade"))
    content_area = models.CharField(_("content area"), max_length=64, blank=True)
    kind = models.CharField(_("kind of answer"), max_length=16, choices=AnswerKind.choices)
    max_score = models.IntegerField(_("highest score"), default=1)
    minutes = models.DecimalField(_("minutes"), max_digits=4, decimal_places=1, default=1.5)
    state = models.CharField(_("state"), max_length=16, choices=BankState.choices, default=BankState.DRAFT)
    released_at = models.DateTimeField(_("released at"), null=True, blank=True)
    release_number = models.CharField(_("decision on the release"), max_length=64, blank=True)
    retired_at = models.DateTimeField(_("retired at"), null=True, blank=True)
    retired_because = models.CharField(_("retired because"), max_length=300, blank=True)
    can_do_kk = models.CharField(_("what a pupil who solves it can do, in Kazakh"), max_length=200, blank=True)
    can_do_ru = models.CharField(_("what a pupil who solves it can do, in Russian"), max_length=200, blank=True)
    can_do_en = models.CharField(_("what a pupil who solves it can do, in English"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("item of the bank")
        verbose_name_plural = _("items of the bank")
        indexes = [models.Index(fields=["org_lo", "subject", "grade"], name="bank_item_place")]
        constraints = [
            models.UniqueConstraint(name="bank_item_code", fields=["org_lo", "code"]),
            models.CheckConstraint(
                name="bank_item_max_score", condition=models.Q(max_score__gte=1, max_score__lte=100)
            ),
            models.CheckConstraint(name="bank_item_grade", condition=models.Q(grade__gte=1, grade__lte=12)),
            RowScope(name="bank_item_rows", org="org_lo"),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def is_secure(self) -> bool:
        """Whether the wording is a secret of those who hold it."""
        return self.released_at is None


@audited("bank_version_event_rows", org="org_lo")
class BankVersion(models.Model):
    """The wording, options and key of an item. A version that a test has used is never changed: a new one is made."""

    item = models.ForeignKey(BankItem, on_delete=models.PROTECT, related_name="versions")
    org_lo = models.IntegerField()
    number = models.IntegerField(_("version"))
    content = models.JSONField(
        default=dict, help_text="By language: stem, options (letter, text). Languages stand side by side."
    )
    key = models.CharField(_("key"), max_length=200, blank=True)
    tolerance = models.CharField(_("tolerance of a number"), max_length=32, blank=True)
    why = models.CharField(_("why it was changed"), max_length=300, blank=True)
    by_id = models.BigIntegerField(null=True)
    at = models.DateTimeField(_("written at"))

    class Meta:
        verbose_name = _("version of an item")
        verbose_name_plural = _("versions of items")
        constraints = [
            models.UniqueConstraint(name="bank_version_number", fields=["item", "number"]),
            RowScope(name="bank_version_rows", org="org_lo"),
        ]


@audited("bank_picture_event_rows", org="org_lo")
class BankPicture(models.Model):
    """A picture of a version: its bytes are sealed, its meaning is told in words."""

    version = models.ForeignKey(BankVersion, on_delete=models.PROTECT, related_name="pictures")
    org_lo = models.IntegerField()
    name = models.CharField(_("name"), max_length=64)
    language = models.CharField(_("language"), max_length=8, blank=True, help_text="Empty: for all languages.")
    sha256 = models.CharField(max_length=64)
    media_type = models.CharField(max_length=32)
    words_kk = models.CharField(_("the picture in words, in Kazakh"), max_length=300, blank=True)
    words_ru = models.CharField(_("the picture in words, in Russian"), max_length=300, blank=True)
    words_en = models.CharField(_("the picture in words, in English"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("picture of an item")
        verbose_name_plural = _("pictures of items")
        constraints = [
            models.UniqueConstraint(name="bank_picture_name", fields=["version", "name", "language"]),
            RowScope(name="bank_picture_rows", org="org_lo"),
        ]


class BankImportState(models.TextChoices):
    CHECKED = "checked", _("checked, may be applied")
    REFUSED = "refused", _("not to be applied: nothing in it can be used")
    APPLIED = "applied", _("applied")
    DISCARDED = "discarded", _("put aside")
    TAKEN_BACK = "taken_back", _("taken back")


@audited("bank_import_event_rows", org="org_lo")
class BankImport(models.Model):
    """A file of items as it came (sealed), what it would change, and what it made: so it can be taken back."""

    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    file_name = models.CharField(_("file"), max_length=200)
    sha256 = models.CharField(max_length=64)
    language = models.CharField(max_length=8, help_text="Of items that name none.")
    subject = models.CharField(_("subject"), max_length=16, choices=Subject.choices)
    grade = models.IntegerField(_("grade"))
    content_area = models.CharField(_("content area"), max_length=64, blank=True)
    state = models.CharField(_("state"), max_length=16, choices=BankImportState.choices)
    n_new = models.IntegerField(_("new"), default=0)
    n_changed = models.IntegerField(_("changed"), default=0)
    n_same = models.IntegerField(_("unchanged"), default=0)
    faults = models.JSONField(default=list)
    made = models.JSONField(default=list, help_text="Item's number, version it made, version before (0: a new item).")
    by_id = models.BigIntegerField(null=True)
    at = models.DateTimeField(_("checked at"))
    applied_at = models.DateTimeField(_("applied at"), null=True)
    taken_back_at = models.DateTimeField(_("taken back at"), null=True)

    class Meta:
        verbose_name = _("import of items")
        verbose_name_plural = _("imports of items")
        indexes = [models.Index(fields=["org_lo", "-at"], name="bank_import_place")]
        constraints = [RowScope(name="bank_import_rows", org="org_lo")]
