"""The roles of MISSION.md, and the width of scope each is given."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    MINISTRY_ANALYST = "ministry_analyst", _("Ministry analyst")
    REGIONAL_OFFICER = "regional_officer", _("Regional department officer")
    DISTRICT_OFFICER = "district_officer", _("District department officer")
    PROGRAMME_OFFICE = "programme_office", _("Programme office")
    SCHOOL_HEAD = "school_head", _("Head of an institution")
    SCHOOL_COORDINATOR = "school_coordinator", _("School coordinator")
    TEACHER = "teacher", _("Teacher")
    KINDERGARTEN_DIRECTOR = "kindergarten_director", _("Kindergarten director")
    COLLEGE_DIRECTOR = "college_director", _("College director")
    PARENT = "parent", _("Parent")
    SPONSOR = "sponsor", _("Sponsor")
    AUDITOR = "auditor", _("Auditor")
    ADMINISTRATOR = "administrator", _("Administrator")


class ScopeKind(models.TextChoices):
    COUNTRY = "country", _("The country")
    REGION = "region", _("A region")
    DISTRICT = "district", _("A district or city")
    INSTITUTION = "institution", _("An institution")
    OWN = "own", _("Own records")


OFFICERS = {
    Role.MINISTRY_ANALYST, Role.REGIONAL_OFFICER, Role.DISTRICT_OFFICER, Role.PROGRAMME_OFFICE, Role.AUDITOR,
    Role.ADMINISTRATOR,
}  # fmt: skip
HEADS = {Role.SCHOOL_HEAD, Role.SCHOOL_COORDINATOR, Role.KINDERGARTEN_DIRECTOR, Role.COLLEGE_DIRECTOR}
SECOND_FACTOR = OFFICERS | HEADS

SCOPES_OF_ROLE: dict[str, set[str]] = {
    Role.MINISTRY_ANALYST: {ScopeKind.COUNTRY},
    Role.REGIONAL_OFFICER: {ScopeKind.REGION},
    Role.DISTRICT_OFFICER: {ScopeKind.DISTRICT},
    Role.PROGRAMME_OFFICE: {ScopeKind.COUNTRY, ScopeKind.REGION},
    Role.SCHOOL_HEAD: {ScopeKind.INSTITUTION},
    Role.SCHOOL_COORDINATOR: {ScopeKind.INSTITUTION},
    Role.TEACHER: {ScopeKind.OWN},
    Role.KINDERGARTEN_DIRECTOR: {ScopeKind.INSTITUTION},
    Role.COLLEGE_DIRECTOR: {ScopeKind.INSTITUTION},
    Role.PARENT: {ScopeKind.OWN},
    Role.SPONSOR: {ScopeKind.OWN},
    Role.AUDITOR: {ScopeKind.COUNTRY, ScopeKind.REGION},
    Role.ADMINISTRATOR: {ScopeKind.COUNTRY, ScopeKind.REGION, ScopeKind.DISTRICT, ScopeKind.INSTITUTION},
}
