"""Rows of collections in the JSON of OneRoster 1.2."""

from __future__ import annotations

import re
from collections.abc import Callable

from tirek.registry.exchange.oneroster.spec import FILES

USER_ID = re.compile(r"\{([^:{}]+):([^{}]*)\}")
Ref = Callable[[str, str], dict]
REFS = {
    "orgs": {"parentSourcedId": ("parent", "org")},
    "academicSessions": {"parentSourcedId": ("parent", "academicSession")},
    "courses": {"schoolYearSourcedId": ("schoolYear", "academicSession"), "orgSourcedId": ("org", "org")},
    "classes": {"courseSourcedId": ("course", "course"), "schoolSourcedId": ("school", "org"),
                "termSourcedIds": ("terms", "academicSession")},
    "users": {"agentSourcedIds": ("agents", "user"), "primaryOrgSourcedId": ("primaryOrg", "org")},
    "enrollments": {"classSourcedId": ("class", "class"), "schoolSourcedId": ("school", "org"), "userSourcedId": ("user", "user")},
    "demographics": {},
}  # fmt: skip
SINGULAR = {"orgs": "org", "academicSessions": "academicSession", "courses": "course", "classes": "class", "users": "user",
            "enrollments": "enrollment", "demographics": "demographics"}  # fmt: skip
ADDRESS = {
    "org": "orgs",
    "academicSession": "academicSessions",
    "course": "courses",
    "class": "classes",
    "user": "users",
}
LISTS = ("grades", "subjects", "subjectCodes", "periods")


def shape(name: str, row: dict, ref: Ref, roles: list[dict] | None = None) -> dict:
    """One record; empty optional fields are left out."""
    record: dict = {}
    for column in FILES[name].columns:
        value = row.get(column)
        if value is None or value == "" or column == "password":
            continue
        if column in REFS[name]:
            key, kind = REFS[name][column]
            many = column.endswith("Ids")
            refs = [ref(kind, one.strip()) for one in value.split(",") if one.strip()]
            record[key] = refs if many else refs[0]
        elif column in LISTS:
            record[column] = [part.strip() for part in value.split(",") if part.strip()]
        elif column == "userIds":
            record[column] = [{"type": t, "identifier": i} for t, i in USER_ID.findall(value)]
        else:
            record[column] = value
    if name == "users":
        record["roles"] = [_role(role, ref) for role in roles or []]
    return record


def _role(role: dict, ref: Ref) -> dict:
    shaped = {"roleType": role["roleType"] or "primary", "role": role["role"], "org": ref("org", role["orgSourcedId"])}
    return shaped | {c: role[c] for c in ("beginDate", "endDate") if role[c]}


def chosen(record: dict, fields: tuple[str, ...]) -> dict:
    return {key: value for key, value in record.items() if key in fields} if fields else record
