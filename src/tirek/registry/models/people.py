"""People, and what ties them to institutions and to each other."""

import uuid
from collections.abc import Iterable

from django.contrib.postgres.fields import ArrayField, DateRangeField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from tirek.access.audit import audited
from tirek.access.policies import RowScope
from tirek.registry.models.institutions import Institution, Language


class Sex(models.TextChoices):
    FEMALE = "f", _("female")
    MALE = "m", _("male")


class PlacedGrams(models.Func):
    """A name's trigrams, each with the region of the person, and a mark of the district: a search within a region then never
    touches namesakes elsewhere. The same expression is indexed; ``placed_grams`` and ``district_mark`` give what it holds.
    """

    function = "registry_placed_grams"

    def __init__(self):
        super().__init__(models.F("name_grams"), models.F("org_no"), output_field=ArrayField(models.IntegerField()))

    def deconstruct(self):
        return "tirek.registry.models.people.PlacedGrams", (), {}


REGION_SPAN, DISTRICT_SPAN = 10_000_000, 100_000
GRAM_SPAN = 1 << 18  # a trigram has 18 bits; the region's number stands above them


def placed_grams(grams: Iterable[int], region: int) -> list[int]:
    """Trigrams as the index holds them for people of a region (the number before the last seven digits of ``org_no``)."""
    return [gram + region * GRAM_SPAN for gram in grams]


def district_mark(lo: int, hi: int) -> list[int]:
    """The mark that everybody in a range of institutions' numbers carries; none where the range is wider than a district."""
    return [-1000 - lo // DISTRICT_SPAN] if lo // DISTRICT_SPAN == hi // DISTRICT_SPAN else []


@audited("person_event_rows", own="pgh_obj_id", exclude=["name_grams"], many=True)
class Person(models.Model):
    """A person, once. ``org_no`` is the institution that answers for the record today (0: none, seen by the country only)."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    iin_encrypted = models.BinaryField(null=True, blank=True)
    iin_hash = models.BinaryField(null=True, blank=True)
    family_name = models.CharField(_("family name"), max_length=100)
    given_name = models.CharField(_("given name"), max_length=100)
    patronymic = models.CharField(_("patronymic"), max_length=100, blank=True)
    birth_date = models.DateField(_("date of birth"), null=True, blank=True)
    sex = models.CharField(_("sex"), max_length=1, choices=Sex.choices, blank=True)
    sort_key = models.CharField(max_length=200, db_collation="C")
    name_grams = ArrayField(models.IntegerField(), default=list)
    org_no = models.IntegerField(default=0)

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        indexes = [
            models.Index(fields=["org_no", "sort_key", "id"], name="person_place"),
            # few, for the sake of imports: the people without a number, among whom a row with one may find its own
            models.Index(fields=["org_no", "sort_key"], name="person_numberless", condition=models.Q(iin_hash=None)),
            # a short list of what is not sorted in yet: imports go twice as fast, a search waits at most a millisecond
            GinIndex(PlacedGrams(), name="person_grams", fastupdate=True, gin_pending_list_limit=1024),
        ]
        constraints = [
            models.UniqueConstraint(name="person_iin", fields=["iin_hash"]),
            RowScope(name="person_rows", own="id"),
        ]

    def __str__(self) -> str:
        return " ".join(filter(None, [self.family_name, self.given_name, self.patronymic]))


@audited("guardianship_event_rows", own="child_id", many=True)
class Guardianship(models.Model):
    guardian = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="wards")
    child = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="guardians")
    org_no = models.IntegerField(default=0)
    kind = models.CharField(_("kind"), max_length=24, default="parent")
    valid = DateRangeField(_("valid"))

    class Meta:
        verbose_name = _("guardianship")
        verbose_name_plural = _("guardianships")
        indexes = [models.Index(fields=["org_no"], name="guardianship_org")]
        constraints = [
            models.UniqueConstraint(
                name="guardianship_open", fields=["guardian", "child"], condition=models.Q(valid__upper_inf=True)
            ),
            RowScope(name="guardianship_rows", own="child_id"),
        ]


@audited("school_year_event_rows", org=None)
class SchoolYear(models.Model):
    code = models.CharField(_("code"), max_length=9, unique=True, help_text="2025-2026")
    starts_on = models.DateField(_("first day"))
    ends_on = models.DateField(_("last day"))

    class Meta:
        verbose_name = _("school year")
        verbose_name_plural = _("school years")
        constraints = [RowScope(name="school_year_rows", org=None, public=True)]

    def __str__(self) -> str:
        return self.code


@audited("class_group_event_rows", many=True)
class ClassGroup(models.Model):
    """A class (or a kindergarten's or college's group) in one school year."""

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="class_groups")
    org_no = models.IntegerField()
    school_year = models.ForeignKey(SchoolYear, on_delete=models.PROTECT, related_name="+")
    grade = models.IntegerField(_("grade"), null=True, blank=True)
    letter = models.CharField(_("letter"), max_length=16, blank=True)
    language = models.CharField(_("language"), max_length=8, choices=Language.choices)
    shift = models.IntegerField(_("shift"), default=1)

    class Meta:
        verbose_name = _("class")
        verbose_name_plural = _("classes")
        indexes = [models.Index(fields=["org_no", "school_year"], name="class_group_org")]
        constraints = [
            models.UniqueConstraint(name="class_group_name", fields=["institution", "school_year", "grade", "letter"]),
            RowScope(name="class_group_rows", public=True),
        ]

    def __str__(self) -> str:
        return f"{self.grade or ''}{self.letter}"


@audited("enrolment_event_rows", own="person_id", many=True)
class Enrolment(models.Model):
    """A learner's time in one institution and class. The name is kept as this institution knew it."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="enrolments")
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="+", db_index=False)
    class_group = models.ForeignKey(
        ClassGroup, on_delete=models.PROTECT, related_name="enrolments", null=True, blank=True
    )
    org_no = models.IntegerField()
    person_name = models.CharField(max_length=302)
    sort_key = models.CharField(max_length=200, db_collation="C")
    grade = models.IntegerField(_("grade"), null=True, blank=True)
    valid = DateRangeField(_("valid"))
    entry_reason = models.CharField(_("came by"), max_length=32, blank=True)
    exit_reason = models.CharField(_("left by"), max_length=32, blank=True)

    class Meta:
        verbose_name = _("enrolment")
        verbose_name_plural = _("enrolments")
        indexes = [models.Index(fields=["org_no", "sort_key", "id"], name="enrolment_place")]
        constraints = [
            models.UniqueConstraint(
                name="enrolment_open", fields=["person"], condition=models.Q(valid__upper_inf=True)
            ),
            RowScope(name="enrolment_rows", own="person_id"),
        ]


class Category(models.TextChoices):
    TEACHER = "teacher", _("teacher")
    MODERATOR = "moderator", _("teacher-moderator")
    EXPERT = "expert", _("teacher-expert")
    RESEARCHER = "researcher", _("teacher-researcher")
    MASTER = "master", _("teacher-master")


@audited("employment_event_rows", own="person_id", many=True)
class Employment(models.Model):
    """A member of staff's time in one institution."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="employments")
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="+", db_index=False)
    org_no = models.IntegerField()
    person_name = models.CharField(max_length=302)
    sort_key = models.CharField(max_length=200, db_collation="C")
    position = models.CharField(_("position"), max_length=64)
    subject = models.CharField(_("subject"), max_length=64, blank=True)
    category = models.CharField(_("category"), max_length=16, choices=Category.choices, blank=True)
    rate = models.DecimalField(_("rate"), max_digits=4, decimal_places=2, default=1)
    is_main = models.BooleanField(_("main employment"), default=True)
    valid = DateRangeField(_("valid"))

    class Meta:
        verbose_name = _("employment")
        verbose_name_plural = _("employments")
        indexes = [models.Index(fields=["org_no", "sort_key", "id"], name="employment_place")]
        constraints = [
            models.UniqueConstraint(
                name="employment_main", fields=["person"], condition=models.Q(valid__upper_inf=True, is_main=True)
            ),
            RowScope(name="employment_rows", own="person_id"),
        ]


@audited("teaching_event_rows", own="person_id")
class Teaching(models.Model):
    """Who teaches what to which class; ``is_class_teacher`` for the one who leads it."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="teachings")
    class_group = models.ForeignKey(ClassGroup, on_delete=models.PROTECT, related_name="teachings")
    org_no = models.IntegerField()
    subject = models.CharField(_("subject"), max_length=64, blank=True)
    is_class_teacher = models.BooleanField(_("class teacher"), default=False)
    valid = DateRangeField(_("valid"))

    class Meta:
        verbose_name = _("teaching")
        verbose_name_plural = _("teachings")
        indexes = [models.Index(fields=["org_no"], name="teaching_org")]
        constraints = [RowScope(name="teaching_rows", own="person_id")]
