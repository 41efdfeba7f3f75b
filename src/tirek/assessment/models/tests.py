"""A test, its items, and the booklets in which pupils meet them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from tirek.access.audit import audited
from tirek.access.policies import RowScope
from tirek.registry.models import SchoolYear, Territory


class Subject(models.TextChoices):
    MATHEMATICS = "mathematics", _("mathematics")
    READING = "reading", _("reading literacy")
    SCIENCE = "science", _("natural science")


class TestKind(models.TextChoices):
    ENTRANCE = "entrance", _("entrance monitoring")
    INTERIM = "interim", _("interim monitoring")
    EXIT = "exit", _("exit monitoring")


class TestState(models.TextChoices):
    DRAFT = "draft", _("being prepared")
    COLLECTING = "collecting", _("answers come in")
    CALIBRATED = "calibrated", _("calibrated, not yet published")
    PUBLISHED = "published", _("results published")


@audited("test_event_rows", org="org_lo")
class Test(models.Model):
    """One test of one subject and grade in one school year, held by a territory (``org_lo`` to ``org_hi``)."""

    code = models.CharField(_("code"), max_length=64, unique=True)
    title_kk = models.CharField(_("title in Kazakh"), max_length=200)
    title_ru = models.CharField(_("title in Russian"), max_length=200)
    title_en = models.CharField(_("title in English"), max_length=200)
    subject = models.CharField(_("subject"), max_length=16, choices=Subject.choices)
    grade = models.IntegerField(_("grade"))
    school_year = models.ForeignKey(
        SchoolYear, on_delete=models.PROTECT, related_name="+", verbose_name=_("school year")
    )
    kind = models.CharField(_("kind"), max_length=16, choices=TestKind.choices)
    territory = models.ForeignKey(Territory, on_delete=models.PROTECT, related_name="+", verbose_name=_("held in"))
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    state = models.CharField(_("state"), max_length=16, choices=TestState.choices, default=TestState.DRAFT)
    minutes = models.IntegerField(_("minutes of the sitting"), default=75)
    design = models.JSONField(default=dict, blank=True, help_text="Blocks, blocks a booklet and seed of the booklets.")
    is_synthetic = models.BooleanField(_("synthetic"), default=False)
    tasks_open_on = models.DateField(
        _("tasks are open from"), null=True, blank=True, help_text=_("Until then their wording is a secret.")
    )

    class Meta:
        verbose_name = _("test")
        verbose_name_plural = _("tests")
        indexes = [models.Index(fields=["org_lo", "-school_year"], name="assessment_test_place")]
        constraints = [
            models.CheckConstraint(name="test_range_order", condition=models.Q(org_hi__gte=models.F("org_lo"))),
            models.CheckConstraint(name="test_grade", condition=models.Q(grade__gte=1, grade__lte=12)),
            RowScope(name="test_rows", org="org_lo", org_hi="org_hi", public=True),
        ]

    def __str__(self) -> str:
        return self.code


@audited("item_event_rows", org="org_lo")
class Item(models.Model):
    """One task of a test. Its key is a secret of those who hold the test: seen in their range only."""

    test = models.ForeignKey(Test, on_delete=models.PROTECT, related_name="items")
    org_lo = models.IntegerField()
    code = models.CharField(_("code"), max_length=32)
    position = models.IntegerField(_("order in the test"))
    max_score = models.IntegerField(_("highest score"), default=1)
    key = models.CharField(
        _("key"), max_length=16, blank=True, help_text=_("The right option, when answers are letters.")
    )
    content_area = models.CharField(_("content area"), max_length=64, blank=True)
    version = models.ForeignKey(
        "assessment.BankVersion", on_delete=models.PROTECT, related_name="items", null=True, blank=True,
        verbose_name=_("version in the item bank"),
    )  # fmt: skip
    wording_kk = models.TextField(_("wording in Kazakh"), blank=True)
    wording_ru = models.TextField(_("wording in Russian"), blank=True)
    wording_en = models.TextField(_("wording in English"), blank=True)

    class Meta:
        verbose_name = _("item")
        verbose_name_plural = _("items")
        constraints = [
            models.UniqueConstraint(name="item_code", fields=["test", "code"]),
            models.CheckConstraint(name="item_max_score", condition=models.Q(max_score__gte=1, max_score__lte=100)),
            RowScope(name="item_rows", org="org_lo"),
        ]

    def __str__(self) -> str:
        return self.code


@audited("booklet_event_rows", org="org_lo")
class Booklet(models.Model):
    """A choice of a test's items in a fixed order. Items outside it are missing by design."""

    test = models.ForeignKey(Test, on_delete=models.PROTECT, related_name="booklets")
    org_lo = models.IntegerField()
    code = models.CharField(_("code"), max_length=32)

    class Meta:
        verbose_name = _("booklet")
        verbose_name_plural = _("booklets")
        constraints = [
            models.UniqueConstraint(name="booklet_code", fields=["test", "code"]),
            RowScope(name="booklet_rows", org="org_lo"),
        ]

    def __str__(self) -> str:
        return self.code


@audited("booklet_item_event_rows", org="org_lo")
class BookletItem(models.Model):
    booklet = models.ForeignKey(Booklet, on_delete=models.PROTECT, related_name="places")
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="places")
    org_lo = models.IntegerField()
    position = models.IntegerField(_("order in the test"))
    block = models.IntegerField(_("block of the design"), null=True, blank=True)

    class Meta:
        verbose_name = _("item of a booklet")
        verbose_name_plural = _("items of a booklet")
        constraints = [
            models.UniqueConstraint(name="booklet_item_once", fields=["booklet", "item"]),
            models.UniqueConstraint(name="booklet_item_position", fields=["booklet", "position"]),
            RowScope(name="booklet_item_rows", org="org_lo"),
        ]
