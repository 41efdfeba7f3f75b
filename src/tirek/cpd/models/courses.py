"""Who teaches teachers, and what: providers and their courses and seminars. All of it is public."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from tirek.access.audit import audited
from tirek.access.policies import RowScope


class Topic(models.TextChoices):
    MATHEMATICS = "mathematics", _("mathematics")
    READING = "reading", _("reading literacy")
    SCIENCE = "science", _("natural science")
    KAZAKH = "kazakh", _("Kazakh language and literature")
    RUSSIAN = "russian", _("Russian language and literature")
    ENGLISH = "english", _("English")
    INFORMATICS = "informatics", _("informatics")
    ROBOTICS = "robotics", _("robotics and STEM")
    ELEMENTARY = "elementary", _("elementary school")
    ASSESSMENT = "assessment", _("assessment for learning")
    METHODS = "methods", _("methods of teaching")
    DIGITAL = "digital", _("digital tools")
    INCLUSION = "inclusion", _("inclusive education")
    PSYCHOLOGY = "psychology", _("psychological support")
    UPBRINGING = "upbringing", _("upbringing and the class teacher")
    LEADERSHIP = "leadership", _("leadership of a school")


class Audience(models.TextChoices):
    SUBJECT_TEACHERS = "subject_teachers", _("subject teachers")
    PSYCHOLOGISTS = "psychologists", _("psychologists")
    METHODOLOGISTS = "methodologists", _("methodologists")
    HEADS = "heads", _("heads of schools")


class TeachingLanguage(models.TextChoices):
    KAZAKH = "kk", _("Kazakh")
    RUSSIAN = "ru", _("Russian")
    ENGLISH = "en", _("English")


class CourseKind(models.TextChoices):
    COURSE = "course", _("course")
    SEMINAR = "seminar", _("seminar")


class Place(models.TextChoices):
    ONSITE = "onsite", _("on site")
    ONLINE = "online", _("online")
    MIXED = "mixed", _("on site and online")


@audited("cpd_provider_event_rows", org="org_lo", org_hi="org_hi")
class Provider(models.Model):
    """An organisation that may teach teachers. ``org_lo`` to ``org_hi``: the territory whose office keeps the record."""

    code = models.SlugField(_("code"), max_length=32, unique=True)
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    name_kk = models.CharField(_("name in Kazakh"), max_length=200)
    name_ru = models.CharField(_("name in Russian"), max_length=200, blank=True)
    name_en = models.CharField(_("name in English"), max_length=200, blank=True)
    contact = models.CharField(_("who answers for it"), max_length=200, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("telephone"), max_length=40, blank=True)
    topics = ArrayField(
        models.CharField(max_length=24, choices=Topic.choices), default=list, verbose_name=_("what it may teach")
    )
    basis = models.CharField(_("on what basis"), max_length=300, blank=True)
    is_active = models.BooleanField(_("works with us now"), default=True)

    class Meta:
        verbose_name = _("provider")
        verbose_name_plural = _("providers")
        constraints = [RowScope(name="cpd_provider_rows", org="org_lo", org_hi="org_hi", public=True)]

    def __str__(self) -> str:
        return self.code


@audited("cpd_course_event_rows", org="org_lo", org_hi="org_hi")
class Course(models.Model):
    """What is taught, again and again: a run of it is a cohort."""

    code = models.SlugField(_("code"), max_length=32, unique=True)
    provider = models.ForeignKey(Provider, on_delete=models.PROTECT, related_name="courses")
    org_lo = models.IntegerField()
    org_hi = models.IntegerField()
    kind = models.CharField(_("kind"), max_length=12, choices=CourseKind.choices, default=CourseKind.COURSE)
    name_kk = models.CharField(_("name in Kazakh"), max_length=200)
    name_ru = models.CharField(_("name in Russian"), max_length=200, blank=True)
    name_en = models.CharField(_("name in English"), max_length=200, blank=True)
    programme_kk = models.TextField(_("programme in Kazakh"), blank=True)
    programme_ru = models.TextField(_("programme in Russian"), blank=True)
    topics = ArrayField(models.CharField(max_length=24, choices=Topic.choices), verbose_name=_("topics"))
    audiences = ArrayField(models.CharField(max_length=24, choices=Audience.choices), verbose_name=_("for whom"))
    languages = ArrayField(
        models.CharField(max_length=2, choices=TeachingLanguage.choices), verbose_name=_("languages")
    )
    place = models.CharField(_("where"), max_length=8, choices=Place.choices, default=Place.ONSITE)
    hours = models.IntegerField(_("hours"))
    has_test = models.BooleanField(_("has a test at the end"), default=True)
    asks_head = models.BooleanField(_("the head of the school approves applications"), default=True)
    is_active = models.BooleanField(_("is offered"), default=True)

    class Meta:
        verbose_name = _("course")
        verbose_name_plural = _("courses")
        constraints = [
            models.CheckConstraint(name="cpd_course_hours", condition=models.Q(hours__gte=1, hours__lte=1000)),
            RowScope(name="cpd_course_rows", org="org_lo", org_hi="org_hi", public=True),
        ]

    def __str__(self) -> str:
        return self.code
