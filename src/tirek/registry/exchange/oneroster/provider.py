"""The OneRoster 1.2 rostering provider: programs read what their grant covers, and row policies see to it.

A program gets a token at /oauth/token (client credentials) with the standard's scopes; demographics have their own.
"""

from __future__ import annotations

from functools import wraps
from urllib.parse import urlencode

import orjson
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from tirek.access.gates import gate
from tirek.access.services.reads import record_many_read
from tirek.registry.exchange.oneroster.asking import BadRequest, Question, question
from tirek.registry.exchange.oneroster.collections import COLLECTIONS, named
from tirek.registry.exchange.oneroster.shaping import ADDRESS, SINGULAR, chosen, shape
from tirek.registry.exchange.oneroster.writing import scope_range

ROOT = "/ims/oneroster/rostering/v1p2"
SCOPE = "https://purl.imsglobal.org/spec/or/v1p2/scope/"
CORE = {SCOPE + "roster.readonly", SCOPE + "roster-core.readonly"}
DEMOGRAPHICS = {SCOPE + "roster-demographics.readonly"}

# address -> (collection, condition): parts of a collection under a name of their own
STUDENTS = (
    "\"sourcedId\" in (select \"userSourcedId\" from ({roles}) r where r.role = 'student' and r.status = 'active')"
)
TEACHERS = (
    "\"sourcedId\" in (select \"userSourcedId\" from ({roles}) r where r.role = 'teacher' and r.status = 'active')"
)
VIEWS: dict[str, tuple[str, str]] = {
    "orgs": ("orgs", ""), "schools": ("orgs", "\"type\" = 'school'"), "academicSessions": ("academicSessions", ""),
    "terms": ("academicSessions", "\"type\" in ('term', 'semester')"),
    "gradingPeriods": ("academicSessions", "\"type\" = 'gradingPeriod'"),
    "courses": ("courses", ""), "classes": ("classes", ""), "users": ("users", ""), "students": ("users", STUDENTS),
    "teachers": ("users", TEACHERS), "enrollments": ("enrollments", ""), "demographics": ("demographics", ""),
}  # fmt: skip
ENROLLED = '"sourcedId" in (select "userSourcedId" from ({enrollments}) e where e."{column}" = %(parent)s and e.role = \'{role}\')'
AT_SCHOOL = (
    '"sourcedId" in (select "userSourcedId" from ({{roles}}) r where r."orgSourcedId" = %(parent)s and r.role = \'{}\')'
)
CLASSES_OF = '"sourcedId" in (select "classSourcedId" from ({enrollments}) e where e."userSourcedId" = %(parent)s)'
# (parent, child) -> (collection, condition on %(parent)s)
NESTED: dict[tuple[str, str], tuple[str, str]] = {
    ("schools", "classes"): ("classes", '"schoolSourcedId" = %(parent)s'),
    ("schools", "courses"): ("courses", '"orgSourcedId" = %(parent)s'),
    ("schools", "enrollments"): ("enrollments", '"schoolSourcedId" = %(parent)s'),
    ("schools", "students"): ("users", AT_SCHOOL.format("student")),
    ("schools", "teachers"): ("users", AT_SCHOOL.format("teacher")),
    ("schools", "terms"): (
        "academicSessions",
        "\"type\" in ('term', 'semester') and exists (select 1 from ({classes}) k where k.\"schoolSourcedId\" = %(parent)s"
        " and c.\"sourcedId\" = any(string_to_array(replace(k.\"termSourcedIds\", ', ', ','), ',')))",
    ),
    ("classes", "students"): ("users", ENROLLED.replace("{column}", "classSourcedId").replace("{role}", "student")),
    ("classes", "teachers"): ("users", ENROLLED.replace("{column}", "classSourcedId").replace("{role}", "teacher")),
    ("courses", "classes"): ("classes", '"courseSourcedId" = %(parent)s'),
    ("terms", "classes"): (
        "classes", "%(parent)s = any(string_to_array(replace(\"termSourcedIds\", ', ', ','), ','))",
    ),
    ("terms", "gradingPeriods"): ("academicSessions", "\"type\" = 'gradingPeriod' and \"parentSourcedId\" = %(parent)s"),
    ("students", "classes"): ("classes", CLASSES_OF), ("teachers", "classes"): ("classes", CLASSES_OF),
    ("users", "classes"): ("classes", CLASSES_OF),
}  # fmt: skip


OF_PEOPLE = {"users", "demographics", "enrollments"}


def provider(view):
    """Only programs with a token of the right scope; everything that goes wrong is said in the standard's way."""

    @wraps(view)
    def answer(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        try:
            _check_right(request, args[0] if args else next(iter(kwargs.values())))
            return view(request, *args, **kwargs)
        except BadRequest as bad:
            return _fault(bad)

    return csrf_exempt(gate(public=True)(answer))


def _check_right(request: HttpRequest, collection: str) -> None:
    if request.method != "GET":
        raise BadRequest("forbidden", "Rosters are only read here.", 405)
    if getattr(request, "machine", None) is None:
        raise BadRequest("unauthorisedrequest", "Send a valid bearer token.", 401)
    wanted = DEMOGRAPHICS if collection == "demographics" else CORE
    if not wanted & set(request.token_scopes):
        raise BadRequest("forbidden", "The token's scopes do not cover this collection.", 403)


def _fault(bad: BadRequest) -> HttpResponse:
    payload = {
        "imsx_codeMajor": "failure", "imsx_severity": "error", "imsx_description": bad.description,
        "imsx_CodeMinor": {"imsx_codeMinorField": [
            {"imsx_codeMinorFieldName": "TargetEndSystem", "imsx_codeMinorFieldValue": bad.minor}]},
    }  # fmt: skip
    response = _json(payload, bad.status)
    if bad.status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response


def _json(payload: dict, status: int = 200) -> HttpResponse:
    response = HttpResponse(orjson.dumps(payload), status=status, content_type="application/json")
    response["Cache-Control"] = "no-store"
    return response


@provider
def collection(request: HttpRequest, view: str) -> HttpResponse:
    if view not in VIEWS:
        raise BadRequest("unknownobject", f"There is no collection {view}.", 404)
    name, condition = VIEWS[view]
    asked = question(name, request.GET)
    if condition:
        asked.add(condition)
    return _page(request, asked)


@provider
def record(request: HttpRequest, view: str, sourced_id: str) -> HttpResponse:
    name, condition = VIEWS.get(view, ("", ""))
    if not name:
        raise BadRequest("unknownobject", f"There is no collection {view}.", 404)
    asked = Question(name, limit=1, fields=question(name, {"fields": request.GET.get("fields", "")}).fields)
    asked.add('"sourcedId" = %(id)s', id=sourced_id)
    if condition:
        asked.add(condition)
    records = _records(request, asked)
    if not records:
        raise BadRequest("unknownobject", f"There is no {SINGULAR[name]} {sourced_id}.", 404)
    return _json({SINGULAR[name]: records[0]})


@provider
def nested(request: HttpRequest, view: str, sourced_id: str, child: str) -> HttpResponse:
    if (view, child) not in NESTED:
        raise BadRequest("unknownobject", f"There is no collection {view}/…/{child}.", 404)
    parent = Question(VIEWS[view][0], limit=1)
    parent.add('"sourcedId" = %(id)s', id=sourced_id)
    if not _rows(parent):
        raise BadRequest("unknownobject", f"There is no {SINGULAR[VIEWS[view][0]]} {sourced_id}.", 404)
    name, condition = NESTED[view, child]
    asked = question(name, request.GET)
    asked.add(condition, parent=sourced_id)
    return _page(request, asked)


@provider
def in_class(request: HttpRequest, view: str, sourced_id: str, class_id: str, child: str) -> HttpResponse:
    """/schools/{id}/classes/{class}/students, teachers or enrollments."""
    if child not in ("students", "teachers", "enrollments"):
        raise BadRequest("unknownobject", f"There is no collection {child} of a class.", 404)
    name, condition = (
        ("enrollments", '"classSourcedId" = %(parent)s') if child == "enrollments" else NESTED["classes", child]
    )
    owner = Question("classes", limit=1)
    owner.add('"sourcedId" = %(id)s and "schoolSourcedId" = %(school)s', id=class_id, school=sourced_id)
    if not _rows(owner):
        raise BadRequest("unknownobject", f"School {sourced_id} has no class {class_id}.", 404)
    asked = question(name, request.GET)
    asked.add(condition, parent=class_id)
    return _page(request, asked)


def _page(request: HttpRequest, asked: Question) -> HttpResponse:
    total = _total(asked)
    response = _json({asked.name: _records(request, asked)})
    response["X-Total-Count"] = str(total)
    response["Link"] = ", ".join(_links(request, asked, total))
    return response


def _links(request: HttpRequest, asked: Question, total: int) -> list[str]:
    last = max(0, (total - 1) // asked.limit * asked.limit)
    places = {"first": 0, "last": last}
    if asked.offset + asked.limit < total:
        places["next"] = asked.offset + asked.limit
    if asked.offset > 0:
        places["prev"] = max(0, asked.offset - asked.limit)
    kept = {k: v for k, v in request.GET.items() if k not in ("limit", "offset")}
    base = request.build_absolute_uri(request.path)
    return [
        f'<{base}?{urlencode(kept | {"limit": asked.limit, "offset": o})}>; rel="{rel}"' for rel, o in places.items()
    ]


def _sql(asked: Question) -> tuple[str, dict]:
    lo, hi = scope_range()
    parts = {f"{{{name}}}": f"{named(name)}" for name in COLLECTIONS}
    conditions = asked.conditions
    for mark, query in parts.items():
        conditions = conditions.replace(mark, query)
    return f"from ({named(asked.name)}) as c where {conditions}", asked.values | {"lo": lo, "hi": hi}


def _total(asked: Question) -> int:
    sql, values = _sql(asked)
    with connection.cursor() as cursor:
        cursor.execute(f"select count(*) {sql}", values)
        return cursor.fetchone()[0]


def _rows(asked: Question) -> list[dict]:
    sql, values = _sql(asked)
    with connection.cursor() as cursor:
        cursor.execute(f"select * {sql} order by {asked.order} limit %(limit)s offset %(offset)s",
                       values | {"limit": asked.limit, "offset": asked.offset})  # fmt: skip
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _records(request: HttpRequest, asked: Question) -> list[dict]:
    rows = _rows(asked)
    base = request.build_absolute_uri(ROOT)

    def ref(kind: str, sourced_id: str) -> dict:
        return {"href": f"{base}/{ADDRESS[kind]}/{sourced_id}", "sourcedId": sourced_id, "type": kind}

    roles: dict[str, list[dict]] = {}
    if asked.name == "users" and rows:
        of_page = Question("roles", limit=100_000)
        of_page.add('"userSourcedId" = any(%(ids)s) and "status" = \'active\'', ids=[row["sourcedId"] for row in rows])
        for role in _rows(of_page):
            roles.setdefault(role["userSourcedId"], []).append(role)
    if rows and asked.name in OF_PEOPLE:
        record_many_read(request, rows=len(rows), query=f"oneroster: {asked.name}", export=True)
    shaped = [shape(asked.name, row, ref, roles.get(row["sourcedId"])) for row in rows]
    if asked.fields and rows:
        unknown = [f for f in asked.fields if not any(f in record for record in shaped)]
        known = set(rows[0]) | {
            "roles",
            "parent",
            "school",
            "course",
            "terms",
            "agents",
            "primaryOrg",
            "org",
            "class",
            "user",
        }
        if any(f not in known for f in unknown):
            raise BadRequest("invalid_selection_field", f"{unknown[0]} is not a field of this collection.")
    return [chosen(record, asked.fields) for record in shaped]
