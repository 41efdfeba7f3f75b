"""The register: who and what exists, where, since when. Periods are half-open."""

from tirek.registry.models.counts import Headcount
from tirek.registry.models.exchange import (
    ExternalId,
    Import,
    ImportState,
    MappingProfile,
    RowKind,
    Source,
    SourceKind,
)
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
    "Import", "ImportState", "MappingProfile", "RowKind", "Source", "SourceKind",
    "Building", "Category", "ClassGroup", "Condition", "Connectivity", "Employment", "Enrolment", "ExternalId", "Guardianship",
    "Headcount", "Heating", "Institution", "InstitutionKind", "InstitutionState", "Language", "Person", "Room", "RoomPurpose",
    "SchoolYear", "SettlementKind", "Sex", "Succession", "Teaching", "Territory", "TerritoryLevel",
]  # fmt: skip
