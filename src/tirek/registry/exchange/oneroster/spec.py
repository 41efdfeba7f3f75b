"""The OneRoster 1.2 CSV binding, as far as rosters go: files, their columns in order, what is required, vocabularies.

Source: 1EdTech OneRoster CSV Binding 1.2.1, sections 3 and 4. 1.1 differs by the columns in ``OF_1_1``.
"""

from __future__ import annotations

from dataclasses import dataclass

COMMON = ("sourcedId", "status", "dateLastModified")
GUID_PATTERN = r"^[A-Za-z0-9_.\-:@/{} ]{1,255}$"
STATUSES = ("active", "tobedeleted")
USER_ROLES = (
    "aide", "counselor", "districtAdministrator", "guardian", "parent", "principal", "proctor", "relative",
    "siteAdministrator", "student", "systemAdministrator", "teacher",
)  # fmt: skip
PACKAGE_VALUES = ("absent", "bulk", "delta")


@dataclass(frozen=True)
class File:
    """One CSV file: ``refs`` say which column holds sourcedIds of which file (many: separated by commas)."""

    name: str
    columns: tuple[str, ...]
    required: tuple[str, ...]
    refs: tuple[tuple[str, str, bool], ...] = ()
    enums: tuple[tuple[str, tuple[str, ...]], ...] = ()
    dates: tuple[str, ...] = ()
    booleans: tuple[str, ...] = ()


FILES = {
    file.name: file
    for file in (
        File(
            "orgs", (*COMMON, "name", "type", "identifier", "parentSourcedId"), ("name", "type"),
            refs=(("parentSourcedId", "orgs", False),),
            enums=(("type", ("department", "school", "district", "local", "state", "national")),),
        ),
        File(
            "academicSessions",
            (*COMMON, "title", "type", "startDate", "endDate", "parentSourcedId", "schoolYear"),
            ("title", "type", "startDate", "endDate", "schoolYear"),
            refs=(("parentSourcedId", "academicSessions", False),),
            enums=(("type", ("gradingPeriod", "semester", "schoolYear", "term")),),
            dates=("startDate", "endDate"),
        ),
        File(
            "courses",
            (*COMMON, "schoolYearSourcedId", "title", "courseCode", "grades", "orgSourcedId", "subjects", "subjectCodes"),
            ("title", "orgSourcedId"),
            refs=(("schoolYearSourcedId", "academicSessions", False), ("orgSourcedId", "orgs", False)),
        ),
        File(
            "classes",
            (*COMMON, "title", "grades", "courseSourcedId", "classCode", "classType", "location", "schoolSourcedId",
             "termSourcedIds", "subjects", "subjectCodes", "periods"),
            ("title", "courseSourcedId", "classType", "schoolSourcedId", "termSourcedIds"),
            refs=(("courseSourcedId", "courses", False), ("schoolSourcedId", "orgs", False),
                  ("termSourcedIds", "academicSessions", True)),
            enums=(("classType", ("homeroom", "scheduled")),),
        ),
        File(
            "users",
            (*COMMON, "enabledUser", "username", "userIds", "givenName", "familyName", "middleName", "identifier", "email",
             "sms", "phone", "agentSourcedIds", "grades", "password", "userMasterIdentifier", "preferredGivenName",
             "preferredMiddleName", "preferredFamilyName", "primaryOrgSourcedId", "pronouns"),
            ("enabledUser", "username", "givenName", "familyName"),
            refs=(("agentSourcedIds", "users", True), ("primaryOrgSourcedId", "orgs", False)),
            booleans=("enabledUser",),
        ),
        File(
            "roles",
            (*COMMON, "userSourcedId", "roleType", "role", "beginDate", "endDate", "orgSourcedId", "userProfileSourcedId"),
            ("userSourcedId", "roleType", "role", "orgSourcedId"),
            refs=(("userSourcedId", "users", False), ("orgSourcedId", "orgs", False),
                  ("userProfileSourcedId", "userProfiles", False)),
            enums=(("roleType", ("primary", "secondary")), ("role", USER_ROLES)),
            dates=("beginDate", "endDate"),
        ),
        File(
            "enrollments",
            (*COMMON, "classSourcedId", "schoolSourcedId", "userSourcedId", "role", "primary", "beginDate", "endDate"),
            ("classSourcedId", "schoolSourcedId", "userSourcedId", "role"),
            refs=(("classSourcedId", "classes", False), ("schoolSourcedId", "orgs", False),
                  ("userSourcedId", "users", False)),
            enums=(("role", ("administrator", "proctor", "student", "teacher")),),
            dates=("beginDate", "endDate"), booleans=("primary",),
        ),
        File(
            "demographics",
            (*COMMON, "birthDate", "sex", "americanIndianOrAlaskaNative", "asian", "blackOrAfricanAmerican",
             "nativeHawaiianOrOtherPacificIslander", "white", "demographicRaceTwoOrMoreRaces", "hispanicOrLatinoEthnicity",
             "countryOfBirthCode", "stateOfBirthAbbreviation", "cityOfBirth", "publicSchoolResidenceStatus"),
            (),
            refs=(("sourcedId", "users", False),),
            enums=(("sex", ("male", "female", "other", "unspecified")),), dates=("birthDate",),
        ),
        File(
            "userProfiles",
            (*COMMON, "userSourcedId", "profileType", "vendorId", "applicationId", "description", "credentialType", "username",
             "password"),
            ("userSourcedId", "profileType", "vendorId", "credentialType", "username"),
            refs=(("userSourcedId", "users", False),),
        ),
    )
}  # fmt: skip
MANIFEST_FILES = (
    "academicSessions", "categories", "classes", "classResources", "courses", "courseResources", "demographics",
    "enrollments", "lineItemLearningObjectiveIds", "lineItems", "lineItemScoreScales", "orgs", "resources",
    "resultLearningObjectiveIds", "results", "resultScoreScales", "roles", "scoreScales", "userProfiles", "userResources",
    "users",
)  # fmt: skip
SECRETS = ("password",)  # never kept, never given

# columns of 1.1 (and of common slips) under their names in 1.2
OF_1_1 = {
    "users": {"userId": "userIds", "agents": "agentSourcedIds", "grade": "grades"},
    "classes": {"grade": "grades"},
    "courses": {"grade": "grades", "schoolYearId": "schoolYearSourcedId"},
    "demographics": {"userSourcedId": "sourcedId", "birthdate": "birthDate"},
}
ONLY_1_1 = {"users": ("orgSourcedIds", "role")}
ONLY_1_2 = {
    "users": ("userMasterIdentifier", "preferredGivenName", "preferredMiddleName", "preferredFamilyName",
              "primaryOrgSourcedId", "pronouns"),
}  # fmt: skip
NOT_REQUIRED_1_1 = {
    "users": (), "classes": ("courseSourcedId",), "academicSessions": ("schoolYear",),
}  # fmt: skip
