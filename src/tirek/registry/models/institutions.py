"""Institutions of every kind, their state over time, buildings and rooms."""

from django.contrib.postgres.fields import ArrayField, DateRangeField
from django.db import models
from django.utils.translation import gettext_lazy as _

from tirek.access.audit import audited
from tirek.access.policies import RowScope
from tirek.registry.models.territories import SettlementKind, Territory


class InstitutionKind(models.TextChoices):
    SCHOOL = "school", _("school")
    SMALL_SCHOOL = "small_school", _("small school")
    KINDERGARTEN = "kindergarten", _("kindergarten")
    COUNSELLING_CENTRE = "counselling_centre", _("counselling centre")
    COLLEGE = "college", _("college")
    PSYCHOLOGICAL_CENTRE = "psychological_centre", _("psychological support centre")
    TRAINING_CENTRE = "training_centre", _("training centre")
    CAMP = "camp", _("children's camp")
    DEPARTMENT = "department", _("education department")


class Language(models.TextChoices):
    KAZAKH = "kk", _("Kazakh")
    RUSSIAN = "ru", _("Russian")
    MIXED = "mixed", _("Kazakh and Russian")
    UZBEK = "uz", _("Uzbek")
    UYGHUR = "ug", _("Uyghur")
    TAJIK = "tg", _("Tajik")
    ENGLISH = "en", _("English")


class Heating(models.TextChoices):
    CENTRAL = "central", _("central")
    GAS = "gas", _("natural gas")
    COAL = "coal", _("coal")
    LIQUID = "liquid", _("liquid fuel")
    ELECTRIC = "electric", _("electric")


class Connectivity(models.TextChoices):
    NONE = "none", _("none")
    MOBILE = "mobile", _("mobile")
    SATELLITE = "satellite", _("satellite")
    FIBRE = "fibre", _("fibre")


@audited("institution_event_rows")
class Institution(models.Model):
    """What stays the same for as long as an institution exists."""

    code = models.CharField(_("code"), max_length=64, unique=True)
    org_no = models.IntegerField(_("number in tree order"), unique=True)
    bin = models.CharField(_("BIN"), max_length=12, blank=True)
    kind = models.CharField(_("kind"), max_length=24, choices=InstitutionKind.choices)
    open_period = DateRangeField(_("open"))

    class Meta:
        verbose_name = _("institution")
        verbose_name_plural = _("institutions")
        indexes = [models.Index(fields=["kind", "org_no"], name="institution_kind")]
        constraints = [
            models.UniqueConstraint(name="institution_bin", fields=["bin"], condition=~models.Q(bin="")),
            RowScope(name="institution_rows", public=True),
        ]

    def __str__(self) -> str:
        return self.code


@audited("institution_state_event_rows")
class InstitutionState(models.Model):
    """What may change about an institution, for a half-open period."""

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="states")
    org_no = models.IntegerField()
    valid = DateRangeField(_("valid"))
    name_kk = models.CharField(_("name in Kazakh"), max_length=300)
    name_ru = models.CharField(_("name in Russian"), max_length=300, blank=True)
    name_en = models.CharField(_("name in English"), max_length=300, blank=True)
    sort_key = models.CharField(max_length=300, blank=True, db_collation="C")
    territory = models.ForeignKey(Territory, on_delete=models.PROTECT, related_name="+")
    settlement_kind = models.CharField(_("settlement"), max_length=8, choices=SettlementKind.choices)
    is_public = models.BooleanField(_("state-owned"), default=True)
    languages = ArrayField(models.CharField(max_length=8, choices=Language.choices), verbose_name=_("languages"))
    address = models.CharField(_("address"), max_length=300, blank=True)
    longitude = models.FloatField(_("longitude"), null=True, blank=True)
    latitude = models.FloatField(_("latitude"), null=True, blank=True)
    capacity = models.IntegerField(_("capacity, places"), null=True, blank=True)
    connectivity = models.CharField(_("internet"), max_length=16, choices=Connectivity.choices, blank=True)
    speed_mbps = models.FloatField(_("speed, Mbit/s"), null=True, blank=True)
    heating = models.CharField(_("heating"), max_length=16, choices=Heating.choices, blank=True)
    is_support_school = models.BooleanField(_("support school"), default=False)

    class Meta:
        verbose_name = _("state of an institution")
        verbose_name_plural = _("states of institutions")
        indexes = [models.Index(fields=["org_no", "institution"], name="institution_state_org")]
        constraints = [
            models.UniqueConstraint(
                name="institution_state_open", fields=["institution"], condition=models.Q(valid__upper_inf=True)
            ),
            RowScope(name="institution_state_rows", public=True),
        ]


@audited("succession_event_rows")
class Succession(models.Model):
    """One institution's duties going to another: merger, split, renewal."""

    class Kind(models.TextChoices):
        MERGER = "merger", _("merged into")
        SPLIT = "split", _("split off as")
        RENEWAL = "renewal", _("continued as")

    before = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="successions")
    after = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="origins")
    org_no = models.IntegerField()
    date = models.DateField(_("date"))
    kind = models.CharField(_("kind"), max_length=16, choices=Kind.choices)
    act = models.CharField(_("act"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("succession")
        verbose_name_plural = _("successions")
        constraints = [RowScope(name="succession_rows", public=True)]


@audited("building_event_rows")
class Building(models.Model):
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="buildings")
    org_no = models.IntegerField(db_index=True)
    code = models.CharField(_("code"), max_length=32)
    name = models.CharField(_("name"), max_length=200)
    address = models.CharField(_("address"), max_length=300, blank=True)
    built_year = models.IntegerField(_("year built"), null=True, blank=True)
    floors = models.IntegerField(_("floors"), null=True, blank=True)
    area_m2 = models.FloatField(_("area, m²"), null=True, blank=True)
    heating = models.CharField(_("heating"), max_length=16, choices=Heating.choices, blank=True)
    longitude = models.FloatField(_("longitude"), null=True, blank=True)
    latitude = models.FloatField(_("latitude"), null=True, blank=True)
    valid = DateRangeField(_("valid"))

    class Meta:
        verbose_name = _("building")
        verbose_name_plural = _("buildings")
        constraints = [
            models.UniqueConstraint(name="building_code", fields=["institution", "code"]),
            RowScope(name="building_rows", public=True),
        ]

    def __str__(self) -> str:
        return self.name


class RoomPurpose(models.TextChoices):
    ELEMENTARY = "elementary", _("elementary classroom")
    SUBJECT = "subject", _("subject room")
    LABORATORY = "laboratory", _("laboratory")
    STEM = "stem", _("STEM room")
    ROBOTICS = "robotics", _("robotics room")
    LIBRARY = "library", _("library")
    TEACHERS = "teachers", _("teachers' room")
    INCLUSIVE = "inclusive", _("inclusive education room")
    ART_STUDIO = "art_studio", _("art studio")
    TV_STUDIO = "tv_studio", _("television studio")
    GYM = "gym", _("gym")
    CANTEEN = "canteen", _("canteen")
    RECREATION = "recreation", _("recreation area")
    GROUP = "group", _("group room")
    SPEECH_THERAPY = "speech_therapy", _("speech therapist's room")
    PSYCHOLOGIST = "psychologist", _("psychologist's room")
    MONTESSORI = "montessori", _("Montessori room")
    WORKSHOP = "workshop", _("workshop")
    OTHER = "other", _("other")


class Condition(models.TextChoices):
    GOOD = "good", _("good")
    FAIR = "fair", _("fair")
    POOR = "poor", _("poor")
    UNUSABLE = "unusable", _("unusable")


@audited("room_event_rows")
class Room(models.Model):
    """A room; its condition is surveyed by ``facilities``, which lies above, and kept here as last known."""

    building = models.ForeignKey(Building, on_delete=models.PROTECT, related_name="rooms")
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="rooms")
    org_no = models.IntegerField(db_index=True)
    number = models.CharField(_("number"), max_length=16)
    name = models.CharField(_("name"), max_length=200, blank=True)
    purpose = models.CharField(_("purpose"), max_length=24, choices=RoomPurpose.choices)
    floor = models.IntegerField(_("floor"), null=True, blank=True)
    area_m2 = models.FloatField(_("area, m²"), null=True, blank=True)
    places = models.IntegerField(_("places"), null=True, blank=True)
    condition = models.CharField(_("condition"), max_length=16, choices=Condition.choices, blank=True)
    condition_date = models.DateField(_("condition known on"), null=True, blank=True)
    valid = DateRangeField(_("valid"))

    class Meta:
        verbose_name = _("room")
        verbose_name_plural = _("rooms")
        constraints = [
            models.UniqueConstraint(
                name="room_number", fields=["building", "number"], condition=models.Q(valid__upper_inf=True)
            ),
            RowScope(name="room_rows", public=True),
        ]

    def __str__(self) -> str:
        return self.number
