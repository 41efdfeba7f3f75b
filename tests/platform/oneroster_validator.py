"""A strict reader of OneRoster 1.2 CSV packages, written from the standard's tables and apart from our writer."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections import Counter

C = ["sourcedId", "status", "dateLastModified"]
HEADERS = {
    "orgs": [*C, "name", "type", "identifier", "parentSourcedId"],
    "academicSessions": [*C, "title", "type", "startDate", "endDate", "parentSourcedId", "schoolYear"],
    "courses": [*C, "schoolYearSourcedId", "title", "courseCode", "grades", "orgSourcedId", "subjects", "subjectCodes"],
    "classes": [*C, "title", "grades", "courseSourcedId", "classCode", "classType", "location", "schoolSourcedId",
                "termSourcedIds", "subjects", "subjectCodes", "periods"],
    "users": [*C, "enabledUser", "username", "userIds", "givenName", "familyName", "middleName", "identifier", "email", "sms",
              "phone", "agentSourcedIds", "grades", "password", "userMasterIdentifier", "preferredGivenName",
              "preferredMiddleName", "preferredFamilyName", "primaryOrgSourcedId", "pronouns"],
    "roles": [*C, "userSourcedId", "roleType", "role", "beginDate", "endDate", "orgSourcedId", "userProfileSourcedId"],
    "enrollments": [*C, "classSourcedId", "schoolSourcedId", "userSourcedId", "role", "primary", "beginDate", "endDate"],
    "demographics": [*C, "birthDate", "sex", "americanIndianOrAlaskaNative", "asian", "blackOrAfricanAmerican",
                     "nativeHawaiianOrOtherPacificIslander", "white", "demographicRaceTwoOrMoreRaces",
                     "hispanicOrLatinoEthnicity", "countryOfBirthCode", "stateOfBirthAbbreviation", "cityOfBirth",
                     "publicSchoolResidenceStatus"],
}  # fmt: skip
REQUIRED = {
    "orgs": ["name", "type"], "academicSessions": ["title", "type", "startDate", "endDate", "schoolYear"],
    "courses": ["title", "orgSourcedId"], "classes": ["title", "courseSourcedId", "classType", "schoolSourcedId", "termSourcedIds"],
    "users": ["enabledUser", "username", "givenName", "familyName"], "roles": ["userSourcedId", "roleType", "role", "orgSourcedId"],
    "enrollments": ["classSourcedId", "schoolSourcedId", "userSourcedId", "role"], "demographics": [],
}  # fmt: skip
ENUMS = {
    ("orgs", "type"): "department school district local state national",
    ("academicSessions", "type"): "gradingPeriod semester schoolYear term",
    ("classes", "classType"): "homeroom scheduled", ("users", "enabledUser"): "true false",
    ("roles", "roleType"): "primary secondary",
    ("roles", "role"): "aide counselor districtAdministrator guardian parent principal proctor relative siteAdministrator"
                       " student systemAdministrator teacher",
    ("enrollments", "role"): "administrator proctor student teacher", ("enrollments", "primary"): "true false",
    ("demographics", "sex"): "male female unspecified other",
}  # fmt: skip
REFS = [
    ("orgs", "parentSourcedId", "orgs"), ("academicSessions", "parentSourcedId", "academicSessions"),
    ("courses", "schoolYearSourcedId", "academicSessions"), ("courses", "orgSourcedId", "orgs"),
    ("classes", "courseSourcedId", "courses"), ("classes", "schoolSourcedId", "orgs"),
    ("classes", "termSourcedIds", "academicSessions"), ("users", "agentSourcedIds", "users"),
    ("users", "primaryOrgSourcedId", "orgs"), ("roles", "userSourcedId", "users"), ("roles", "orgSourcedId", "orgs"),
    ("enrollments", "classSourcedId", "classes"), ("enrollments", "schoolSourcedId", "orgs"),
    ("enrollments", "userSourcedId", "users"), ("demographics", "sourcedId", "users"),
]  # fmt: skip
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
DAYS = {"startDate", "endDate", "beginDate", "birthDate"}
MANIFEST = ["academicSessions", "categories", "classes", "classResources", "courses", "courseResources", "demographics",
            "enrollments", "lineItemLearningObjectiveIds", "lineItems", "lineItemScoreScales", "orgs", "resources",
            "resultLearningObjectiveIds", "results", "resultScoreScales", "roles", "scoreScales", "userProfiles",
            "userResources", "users"]  # fmt: skip


def read(data: bytes) -> dict[str, list[dict]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        texts = {name: archive.read(name).decode("utf-8") for name in archive.namelist()}
    assert all("/" not in name for name in texts), "files lie at the top"
    return {
        name.removesuffix(".csv"): list(csv.DictReader(io.StringIO(text, newline=""))) for name, text in texts.items()
    }


def problems(data: bytes, mode: str = "bulk") -> list[str]:
    """Everything that is wrong with a package; an empty list for a valid one. A delta may point at what was sent before."""
    tables = read(data)
    manifest = {row["propertyName"]: row["value"] for row in tables.pop("manifest")}
    found = []
    if (manifest.get("manifest.version"), manifest.get("oneroster.version")) != ("1.0", "1.2"):
        found.append("manifest: versions")
    for name in MANIFEST:
        said = manifest.get(f"file.{name}")
        if said != (mode if name in tables else "absent"):
            found.append(f"manifest: file.{name} is {said}")
    ids = {name: {row["sourcedId"] for row in rows} for name, rows in tables.items()}
    for name, rows in tables.items():
        found += _table_problems(name, rows, mode)
    found += _primary_roles(tables.get("roles", []))
    for name, column, target in REFS if mode == "bulk" else ():
        for row in tables.get(name, []):
            for ref in filter(None, (row[column] or "").split(",")):
                if ref.strip() not in ids[target]:
                    found.append(f"{name}.{column}: {ref} is not in {target}")
    return found


def _primary_roles(roles: list[dict]) -> list[str]:
    """There is one primary role at most of a person for each organisation."""
    primary = Counter((r["userSourcedId"], r["orgSourcedId"]) for r in roles
                      if r["roleType"] == "primary" and r["status"] != "tobedeleted")  # fmt: skip
    return [f"roles: {n} primary roles of {user} in {org}" for (user, org), n in primary.items() if n > 1]


def _table_problems(name: str, rows: list[dict], mode: str) -> list[str]:
    found = []
    if rows and list(rows[0]) != HEADERS[name]:
        found.append(f"{name}: header {list(rows[0])}")
    if len({row["sourcedId"] for row in rows}) != len(rows):
        found.append(f"{name}: a sourcedId stands twice")
    for row in rows:
        found += [f"{name}: {c} is empty" for c in ("sourcedId", *REQUIRED[name]) if not row[c]]
        if mode == "bulk":
            found += [f"{name}: {c} must be empty in bulk" for c in ("status", "dateLastModified") if row[c]]
        else:
            found += [] if row["status"] in ("active", "tobedeleted") else [f"{name}.status: {row['status']}"]
            found += [] if MOMENT.fullmatch(row["dateLastModified"]) else [f"{name}: {row['dateLastModified']}"]
        found += [
            f"{name}.{c}: {row[c]}"
            for c in DAYS & row.keys()
            if row[c] and not re.fullmatch(r"\d{4}-\d\d-\d\d", row[c])
        ]
        found += [
            f"{name}.{c}: {row[c]}"
            for (n, c), values in ENUMS.items()
            if n == name and row[c] and row[c] not in values.split()
        ]
        if row.get("password"):
            found.append(f"{name}: a password")
        if name == "academicSessions" and not re.fullmatch(r"\d{4}", row["schoolYear"]):
            found.append(f"{name}.schoolYear: {row['schoolYear']}")
    return found
