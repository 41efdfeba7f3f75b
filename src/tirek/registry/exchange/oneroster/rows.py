"""A OneRoster package as the register's kinds of rows: institutions, learners, staff, guardianships, and the records as sent."""

from __future__ import annotations

import datetime as dt
import json
import re

import polars as pl

from tirek.registry.exchange.faults import ERROR, NOTE, WARNING, Faults
from tirek.registry.exchange.fields import fields_of
from tirek.registry.exchange.oneroster.reading import Package
from tirek.registry.exchange.oneroster.spec import FILES
from tirek.registry.identifiers import birth_date_of, check_digit
from tirek.registry.models import ExternalId, Institution, RowKind, Source
from tirek.storage.said import said as _

STAFF_ROLES = {
    "teacher": "teacher", "aide": "aide", "counselor": "psychologist", "principal": "head", "proctor": "proctor",
    "siteAdministrator": "administrator", "districtAdministrator": "administrator", "systemAdministrator": "administrator",
    "administrator": "administrator",
}  # fmt: skip
GUARDIAN_ROLES = ("guardian", "parent", "relative")
HOMEROOM_TITLE = re.compile(r"^\s*(\d{1,2})\s*[-–«\"“]?\s*([^\W\d]{1,3})?")
HEADINGS = {  # our fields, as the standard calls them
    "iin": "sourcedId", "external_id": "sourcedId", "family_name": "familyName", "given_name": "givenName",
    "patronymic": "middleName", "birth_date": "birthDate", "grade": "grades", "institution": "orgSourcedId",
    "begin_date": "beginDate", "end_date": "endDate", "position": "role", "is_main": "roleType", "name_kk": "name",
    "code": "identifier", "guardian": "agentSourcedIds", "child": "sourcedId",
}  # fmt: skip
SEXES = {"male": "m", "female": "f"}


def rows_of(package: Package, source: Source, as_of: dt.date, faults: Faults) -> dict[str, pl.DataFrame]:
    """Frames by kind of rows, in the order in which they must be merged; all cells as the checks leave them."""
    tables = package.tables
    users = {row["sourcedId"]: row for row in _rows(tables, "users") if row["sourcedId"]}
    roles = _roles(tables, users, package.version)
    _check_roles(tables, roles, faults)
    _check_identifiers(tables, faults)
    people = _people(tables, users)
    parts = {
        RowKind.INSTITUTIONS: _institutions(tables, source, faults),
        RowKind.LEARNERS: _learners(tables, roles, people, as_of),
        RowKind.STAFF: _staff(roles, people, as_of),
        RowKind.GUARDIANSHIPS: _guardianships(users, roles, people, faults),
    }
    return {kind: _typed(kind, rows) for kind, rows in parts.items()}


def complete_kinds(package: Package, source: Source) -> set[str]:
    """Kinds of rows of which the package holds everything: what such a file leaves out is over.

    The manifest says so file by file (bulk); the source may be told not to believe it, or to be complete without it. A file
    called delta never is. A role comes from roles.csv, or in 1.1 from users.csv and enrollments.csv.
    """
    needed = ["users", "roles"] if "roles" in package.tables else ["users", "enrollments"]
    modes = [package.modes.get(name, "") for name in needed if name in package.tables]
    if not modes or "users" not in package.tables or "delta" in modes:
        return set()
    is_said = source.trusts_manifest and all(mode == "bulk" for mode in modes)
    return {RowKind.LEARNERS, RowKind.STAFF} if source.is_complete or is_said else set()


def _rows(tables: dict[str, pl.DataFrame], name: str) -> list[dict]:
    return list(tables[name].iter_rows(named=True)) if name in tables else []


def _typed(kind: str, rows: list[dict]) -> pl.DataFrame:
    types = {"date": pl.Date, "int": pl.Int64, "float": pl.Float64, "bool": pl.Boolean, "list": pl.List(pl.String)}
    schema: dict = {"_file": pl.String, "_row": pl.UInt32}
    schema |= {field.name: types.get(field.type, pl.String) for field in fields_of(kind)}
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def _roles(tables: dict, users: dict, version: str) -> list[dict]:
    """Roles of 1.2, or what 1.1 says in users and, where both are silent, in enrollments."""
    if "roles" in tables:
        return _rows(tables, "roles")
    roles = []
    for user in users.values():
        orgs = [
            o.strip()
            for o in (user.get("orgSourcedIds") or user.get("primaryOrgSourcedId") or "").split(",")
            if o.strip()
        ]
        for org in orgs if user.get("role") else []:
            roles.append(_role(user, user["sourcedId"], user["role"], org, user["status"]))
    have = {(r["userSourcedId"], r["role"]) for r in roles}
    for row in _rows(tables, "enrollments"):
        if row["userSourcedId"] in users and (row["userSourcedId"], row["role"]) not in have and row["role"]:
            have.add((row["userSourcedId"], row["role"]))
            roles.append(_role(row, row["userSourcedId"], row["role"], row["schoolSourcedId"], row["status"],
                               row["beginDate"], row["endDate"]))  # fmt: skip
    return roles


def _role(row: dict, user: str, role: str, org: str, status: str, begin=None, end=None) -> dict:
    return {
        "_file": row["_file"], "_row": row["_row"], "sourcedId": f"{user}-{org}-{role}", "status": status,
        "userSourcedId": user, "roleType": "primary", "role": role, "orgSourcedId": org, "beginDate": begin, "endDate": end,
    }  # fmt: skip


def _check_roles(tables: dict, roles: list[dict], faults: Faults) -> None:
    """An enrolment as a student of somebody whose roles say teacher is shown, not guessed about."""
    by_user: dict[str, set[str]] = {}
    for role in roles:
        by_user.setdefault(role["userSourcedId"], set()).add(role["role"])
    for row in _rows(tables, "enrollments"):
        known = by_user.get(row["userSourcedId"])
        if known and row["role"] in ("student", "teacher") and row["role"] not in known:
            faults.add(row["_file"], row["_row"], "role", row["role"],
                       _("The user's roles do not contain this one."), _("Correct roles.csv or the enrolment."), WARNING,
                       "role_differs")  # fmt: skip


def _people(tables: dict, users: dict) -> dict[str, dict]:
    demographics = {row["sourcedId"]: row for row in _rows(tables, "demographics")}
    people = {}
    for name, user in users.items():
        more = demographics.get(name) or {}
        grade = next((int(g) for g in (user["grades"] or "").replace(";", ",").split(",") if g.strip().isdigit()), None)
        people[name] = {
            "_file": user["_file"], "_row": user["_row"], "external_id": name, "family_name": _name(user["familyName"]),
            "given_name": _name(user["givenName"]), "patronymic": _name(user["middleName"]), "grade": grade,
            "birth_date": _day(more.get("birthDate")), "sex": SEXES.get(more.get("sex") or ""), "status": user["status"],
            "iin": None,
        }  # fmt: skip
    return people


def _name(text: str | None) -> str | None:
    return text[:100] if text else None


def _institutions(tables: dict, source: Source, faults: Faults) -> list[dict]:
    used = {row["schoolSourcedId"] for name in ("classes", "enrollments") for row in _rows(tables, name)}
    used |= {row["orgSourcedId"] for row in _rows(tables, "roles")}
    known = dict(ExternalId.objects.filter(source=source, kind="or:org").values_list("external_id", "metadata"))
    codes = set(Institution.objects.values_list("code", flat=True))
    rows = []
    for org in _rows(tables, "orgs"):
        is_school = org["type"] == "school"
        if not is_school and org["sourcedId"] in used and org["type"] == "department":
            faults.add(org["_file"], org["_row"], "type", org["type"],
                       _("This department is used as a school in other files; it is taken as one."),
                       _("Write school."), WARNING, "department_as_school")  # fmt: skip
            is_school = True
        if not is_school or org["status"] == "tobedeleted" or not org["sourcedId"]:
            continue
        before = known.get(org["sourcedId"])
        is_fresh = before is None or before.get("name") != org["name"]
        code = org["identifier"] if org["identifier"] in codes else f"{source.code}-{org['sourcedId']}"[:64]
        rows.append({
            "_file": org["_file"], "_row": org["_row"], "external_id": org["sourcedId"], "code": code, "kind": "school",
            "name_kk": org["name"] if is_fresh and code not in codes else None, "territory": source.territory_code or None,
        })  # fmt: skip
        if before is None and code in codes:
            faults.add(org["_file"], org["_row"], "identifier", code, _("This is the institution the register already knows."),
                       _("Nothing is to be done."), NOTE, "known_institution")  # fmt: skip
    return rows


def _learners(tables: dict, roles: list[dict], people: dict, as_of: dt.date) -> list[dict]:
    """One row a pupil and school: from the role's dates, else from the earliest and latest of the class enrolments."""
    classes = {row["sourcedId"]: row for row in _rows(tables, "classes")}
    enrolments: dict[tuple[str, str], list[dict]] = {}
    for row in _rows(tables, "enrollments"):
        if row["role"] == "student":
            enrolments.setdefault((row["userSourcedId"], row["schoolSourcedId"]), []).append(row)
    rows, seen = [], set()
    for role in roles:
        person = people.get(role["userSourcedId"])
        key = (role["userSourcedId"], role["orgSourcedId"])
        if role["role"] != "student" or person is None or key in seen:
            continue
        seen.add(key)
        mine = enrolments.get(key, [])
        begin = role["beginDate"] or min((r["beginDate"] for r in mine if r["beginDate"]), default=None)
        rows.append(person | _of_role(role, person, begin, as_of) | _homeroom(mine, classes))
    return rows


def _of_role(role: dict, person: dict, begin: str | None, as_of: dt.date) -> dict:
    """A role that is over, or to be deleted, ends; one without an end goes on."""
    end = _day(role["endDate"])
    gone = "tobedeleted" in (role["status"], person["status"])
    if gone:
        end = min(end, as_of) if end else as_of
    begins = _day(begin)
    if end and end > as_of:
        end = None
    if end and begins and end <= begins:
        begins = end - dt.timedelta(days=1)
    return {
        "_file": role["_file"], "_row": role["_row"], "institution": role["orgSourcedId"], "begin_date": begins, "end_date": end,
    }  # fmt: skip


def _homeroom(enrolments: list[dict], classes: dict) -> dict:
    for row in enrolments:
        group = classes.get(row["classSourcedId"])
        if group and group["classType"] == "homeroom" and row["status"] == "active" and group["status"] == "active":
            match = HOMEROOM_TITLE.match(group["title"] or "")
            if match:
                return {"grade": int(match[1]), "letter": match[2] or ""}
    return {}


def _staff(roles: list[dict], people: dict, as_of: dt.date) -> list[dict]:
    rows, seen = [], set()
    for role in roles:
        position = STAFF_ROLES.get(role["role"] or "")
        person = people.get(role["userSourcedId"])
        key = (role["userSourcedId"], role["orgSourcedId"], position)
        if position is None or person is None or key in seen:
            continue
        seen.add(key)
        main = None if role["roleType"] == "primary" else False
        rows.append(person | _of_role(role, person, role["beginDate"], as_of) | {"position": position, "is_main": main})
    return rows


def _guardianships(users: dict, roles: list[dict], people: dict, faults: Faults) -> list[dict]:
    guardians = {r["userSourcedId"]: r["role"] for r in roles if r["role"] in GUARDIAN_ROLES}
    students = {r["userSourcedId"] for r in roles if r["role"] == "student"}
    rows = []
    for name, user in users.items():
        for agent in [a.strip() for a in (user["agentSourcedIds"] or "").split(",") if a.strip()]:
            if agent not in guardians or name not in students or agent not in people:
                faults.add(user["_file"], user["_row"], "agentSourcedIds", agent,
                           _("The agent is not this pupil's guardian by role; the link is kept beside the record only."),
                           _("Give the agent the role guardian, parent or relative."), NOTE, "agent_role")  # fmt: skip
                continue
            person = people[agent]
            rows.append({
                "_file": user["_file"], "_row": user["_row"], "guardian": agent, "child": name, "kind": guardians[agent],
                "family_name": person["family_name"], "given_name": person["given_name"], "patronymic": person["patronymic"],
            })  # fmt: skip
    return rows


OF_PEOPLE = ("users", "roles", "demographics", "userProfiles", "enrollments")
TWELVE_DIGITS = re.compile(r"(?<!\d)\d{12}(?!\d)")


def has_iin(text: str) -> bool:
    return any(check_digit(digits[:11]) == int(digits[11]) for digits in TWELVE_DIGITS.findall(text))


def without_iins(record: dict) -> dict:
    """No IIN is kept or passed on in plain text: of a list its entry is left out, of anything else the value."""
    kept = {}
    for name, value in record.items():
        if isinstance(value, dict):
            value = without_iins(value)
        elif isinstance(value, str) and has_iin(value):
            value = ",".join(entry for entry in value.split(",") if not has_iin(entry))
        if value or not isinstance(value, str):
            kept[name] = value
    return kept


def _check_identifiers(tables: dict, faults: Faults) -> None:
    """Identifiers of users are passed on to every program that reads the register: they cannot be IINs."""
    names = [row["sourcedId"] or "" for row in _rows(tables, "users")]
    if any(has_iin(name) and is_born(name) for name in names):
        faults.add("users.csv", None, "sourcedId", "", _("Users are identified by their IINs, which are never passed on."),
                   _("Give each person another identifier that does not change."), ERROR, "iin_as_identifier")  # fmt: skip


def is_born(text: str) -> bool:
    """Whether twelve digits in the text begin with a date of birth, as an IIN does and a running number seldom."""
    return any(birth_date_of(digits) for digits in TWELVE_DIGITS.findall(text))


def records_of(package: Package) -> pl.DataFrame:
    """Every record as it was sent (under the names of 1.2): kind, external_id, is_active, metadata."""
    rows = []
    for name, table in package.tables.items():
        for row in table.iter_rows(named=True):
            if not row["sourcedId"]:
                continue
            extra = json.loads(row.get("_extra") or "{}")
            record = {c: row[c] for c in row if not c.startswith("_") and c != "password" and row[c] is not None}
            if extra:
                record["_extra"] = extra
            if name in OF_PEOPLE:
                record = without_iins(record)
            rows.append((KIND_OF_FILE[name], row["sourcedId"], row["status"] == "active",
                         json.dumps(record, ensure_ascii=False, sort_keys=True)))  # fmt: skip
    schema = {"kind": pl.String, "external_id": pl.String, "is_active": pl.Boolean, "metadata": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row").unique(
        ["kind", "external_id"], keep="last", maintain_order=True
    )


KIND_OF_FILE = {
    "orgs": "or:org", "academicSessions": "or:session", "courses": "or:course", "classes": "or:class", "users": "or:user",
    "roles": "or:role", "enrollments": "or:enrollment", "demographics": "or:demographics", "userProfiles": "or:profile",
}  # fmt: skip
FILE_OF_KIND = {kind: name for name, kind in KIND_OF_FILE.items()}
assert set(KIND_OF_FILE) == set(FILES)
