"""The register: who and what exists, where, since when. Periods are half-open."""

from tirek.registry.models.institutions import (
    Building,
    Condition,
    Connectivity,
    Heating,
    Institution,
    InstitutionKind,
    InstitutionState,
    Language,
    Room,
    RoomPurpose,
    Succession,
)
from tirek.registry.models.people import (
    Category,
    ClassGroup,
    Employment,
    Enrolment,
    Guardianship,
    Person,
    SchoolYear,
    Sex,
    Teaching,
)
from tirek.registry.models.territories import SettlementKind, Territory, TerritoryLevel

__all__ = [
    "Building", "Category", "ClassGroup", "Condition", "Connectivity", "Employment", "Enrolment", "Guardianship",
    "Heating", "Institution", "InstitutionKind", "InstitutionState", "Language", "Person", "Room", "RoomPurpose",
    "SchoolYear", "SettlementKind", "Sex", "Succession", "Teaching", "Territory", "TerritoryLevel",
]  # fmt: skip
