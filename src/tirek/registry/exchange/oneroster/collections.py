# ruff: noqa: S608 - the pieces are ours; ranges are numbers
"""The register as OneRoster's collections: one query each, for the CSV package and for the REST provider alike.

Institutions that came by OneRoster keep their source's identifiers, classes and courses; all others get identifiers made from
ours, which stay the same from one export to the next. Queries run in the asker's own scope: row policies do the rest, and
``lo`` and ``hi`` keep tables that everybody may read (institutions, classes) to the asker's territory.
"""

from __future__ import annotations

from tirek.registry.exchange.oneroster.spec import FILES

ZONED = '\'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"\''
EPOCH = "1970-01-01T00:00:00.000Z"


def _record(kind: str, file: str, where: str = "", **newer: str) -> str:
    """Records as their source sent them, under the columns of the standard; ``newer``: what the register knows better."""
    columns = ", ".join(newer.get(c, f"r.metadata->>'{c}'") for c in FILES[file].columns if c != "sourcedId")
    return (
        f"select r.external_id, {columns} from registry_externalid r where r.kind = '{kind}'"
        f" and r.org_no between %(lo)s and %(hi)s{where}"
    )


def _select(name: str, values: dict[str, str], rest: str) -> str:
    """A select in the order of the standard's columns; what is not given is null."""
    columns = ", ".join(f'{values.get(c, "null::text")} as "{c}"' for c in FILES[name].columns)
    return f"select {columns} {rest}"


OURS = {"status": "'active'", "dateLastModified": f"'{EPOCH}'"}


def _modified(table: str, alias: str) -> dict[str, str]:
    """The moment of the last change, from the history."""
    last = f"(select max(v.pgh_created_at) from registry_{table}event v where v.pgh_obj_id = {alias}.id)"
    return OURS | {"dateLastModified": f"coalesce(to_char({last} at time zone 'UTC', {ZONED}), '{EPOCH}')"}


def _ended(alias: str) -> str:
    """An enrolment (or the like) that is over is told for a year, so that a program that asks seldom learns of it."""
    return f"(upper_inf({alias}.valid) or upper({alias}.valid) > current_date - {TOLD_DAYS})"


def _lasting(table: str, alias: str) -> dict[str, str]:
    """Active until its last day is past, to be deleted from then on; the end is a change of that day, if told before."""
    made = _modified(table, alias)["dateLastModified"]
    is_over = f"upper({alias}.valid) <= current_date"
    day = f"to_char(upper({alias}.valid), 'YYYY-MM-DD') || 'T00:00:00.000Z'"
    return {
        "status": f"case when {is_over} then 'tobedeleted' else 'active' end",
        "dateLastModified": f"case when {is_over} then greatest({made}, {day}) else {made} end",
        "endDate": f"upper({alias}.valid)::text",
    }


TOLD_DAYS = 366
LINKED_SCHOOL = "exists (select 1 from registry_externalid o where o.kind = 'or:org' and o.target_id = {0})"
ORG_ID = "coalesce((select o.external_id from registry_externalid o where o.kind = 'or:org' and o.target_id = {0}" \
         " order by o.id limit 1), 'org-' || {1})"  # fmt: skip
USER_ID = "coalesce((select u.external_id from registry_externalid u where u.kind = 'or:user' and u.target_id = {0}.id" \
          " order by u.id limit 1), 'p-' || {0}.public_id)"  # fmt: skip
IN_SCOPE = "{0}.org_no between %(lo)s and %(hi)s"
LEARNS = "exists (select 1 from registry_enrolment e where e.person_id = p.id and upper_inf(e.valid))"
WORKS = "exists (select 1 from registry_employment m where m.person_id = p.id and upper_inf(m.valid))"
CARES = "exists (select 1 from registry_guardianship g where g.guardian_id = p.id and upper_inf(g.valid))"
IS_HERE = f"({LEARNS} or {WORKS} or {CARES})"
WAS_HERE = " or ".join(  # lately, or today
    f"exists (select 1 from registry_{table} w where w.{column} = p.id and {_ended('w')})"
    for table, column in (("enrolment", "person_id"), ("employment", "person_id"), ("guardianship", "guardian_id"))
)
LINKED_PERSON = "exists (select 1 from registry_externalid u where u.kind = 'or:user' and u.target_id = p.id)"

ORGS = " union all ".join((
    _select("orgs", OURS | {
        "sourcedId": "'kato-' || t.code", "name": "t.name_kk", "identifier": "t.code",
        "type": "case t.level when 'country' then 'national' when 'region' then 'state' when 'district' then 'district' else 'local' end",
        "parentSourcedId": "'kato-' || parent.code",
    }, "from registry_territory t left join registry_territory parent on parent.id = t.parent_id"
       " where t.org_lo <= %(hi)s and t.org_hi >= %(lo)s and upper_inf(t.valid)"),
    _select("orgs", _modified("institutionstate", "s") | {
        "sourcedId": "'org-' || i.code", "name": "s.name_kk", "identifier": "i.code", "type": "'school'",
        "parentSourcedId": "'kato-' || t.code",
    }, "from registry_institution i join registry_institutionstate s on s.institution_id = i.id and upper_inf(s.valid)"
       " join registry_territory t on t.id = s.territory_id"
       f" where {IN_SCOPE.format('i')} and not {LINKED_SCHOOL.format('i.id')}"),
    _record("or:org", "orgs", name="coalesce((select s.name_kk from registry_institutionstate s where s.institution_id = r.target_id"
                                   " and upper_inf(s.valid)), r.metadata->>'name')"),
))  # fmt: skip
SESSIONS = " union all ".join((
    _select("academicSessions", OURS | {
        "sourcedId": "'sy-' || y.code", "title": "y.code", "type": "'schoolYear'", "startDate": "y.starts_on::text",
        "endDate": "y.ends_on::text", "schoolYear": "extract(year from y.ends_on)::int::text",
    }, "from registry_schoolyear y"),
    _select("academicSessions", OURS | {
        "sourcedId": "'term-' || y.code", "title": "y.code", "type": "'term'", "startDate": "y.starts_on::text",
        "endDate": "y.ends_on::text", "schoolYear": "extract(year from y.ends_on)::int::text", "parentSourcedId": "'sy-' || y.code",
    }, "from registry_schoolyear y"),
    _record("or:session", "academicSessions"),
))  # fmt: skip
# a class that its school's source does not call a homeroom: made in the register since, so it is told as ours
HOMEROOM = r"^\s*(\d{1,2})\s*[-–«\"“]?\s*([[:alpha:]]{1,3})?"
IS_SAID = (
    "exists (select 1 from registry_externalid k join registry_externalid o on o.source_id = k.source_id and o.kind = 'or:org'"
    " and o.external_id = k.metadata->>'schoolSourcedId' and o.target_id = c.institution_id where k.kind = 'or:class'"
    f" and array_to_string(regexp_match(k.metadata->>'title', '{HOMEROOM}'), '') = concat(c.grade, c.letter))"
)
OUR_CLASSES = f"{IN_SCOPE.format('c')} and not {IS_SAID}"
# of the pupils of a source: whether they have left the school since, by something else than the import that brought the record
HAS_LEFT = (
    "r.metadata->>'role' = 'student' and exists (select 1 from registry_externalid u join registry_externalid o on"
    " o.source_id = u.source_id and o.kind = 'or:org' and o.external_id = r.metadata->>'{0}' join registry_enrolment w"
    " on w.person_id = u.target_id and w.institution_id = o.target_id where u.source_id = r.source_id and u.kind = 'or:user'"
    " and u.external_id = r.metadata->>'userSourcedId' having bool_and(not upper_inf(w.valid)) and bool_or("
    "(select v.pgh_context_id from registry_enrolmentevent v where v.pgh_obj_id = w.id order by v.pgh_id desc limit 1)"
    " is distinct from (select m.context_id from registry_import m where m.id = r.last_import_id)))"
)


def _record_of_pupil(kind: str, name: str, school: str) -> str:
    left = HAS_LEFT.format(school)
    return _record(kind, name, status=f"case when {left} then 'tobedeleted' else r.metadata->>'status' end")


COURSE_ID = "'crs-' || i.code || '-' || y.code || '-' || coalesce(c.grade::text, 'x')"
COURSES = " union all ".join((
    _select("courses", OURS | {
        "sourcedId": COURSE_ID, "title": "coalesce(min(c.grade)::text, i.code)", "orgSourcedId": ORG_ID.format("i.id", "i.code"),
        "grades": "lpad(min(c.grade)::text, 2, '0')", "schoolYearSourcedId": "'sy-' || y.code",
    }, "from registry_classgroup c join registry_institution i on i.id = c.institution_id"
       f" join registry_schoolyear y on y.id = c.school_year_id where {OUR_CLASSES} group by i.id, i.code, y.code, c.grade"),
    _record("or:course", "courses"),
    _select("courses", OURS | {
        "sourcedId": "r.metadata->>'courseSourcedId'", "title": "min(r.metadata->>'title')",
        "orgSourcedId": "min(r.metadata->>'schoolSourcedId')",
    }, "from registry_externalid r where r.kind = 'or:class' and r.is_active and r.org_no between %(lo)s and %(hi)s"
       " and r.metadata->>'courseSourcedId' is not null and not exists (select 1 from registry_externalid k"
       " where k.kind = 'or:course' and k.source_id = r.source_id and k.external_id = r.metadata->>'courseSourcedId')"
       " group by r.metadata->>'courseSourcedId'"),
))  # fmt: skip
CLASSES = " union all ".join((
    _select("classes", _modified("classgroup", "c") | {
        "sourcedId": "'cls-' || c.id", "title": "concat(c.grade, c.letter)", "grades": "lpad(c.grade::text, 2, '0')",
        "courseSourcedId": COURSE_ID, "classCode": "concat(c.grade, c.letter)", "classType": "'homeroom'",
        "schoolSourcedId": ORG_ID.format("i.id", "i.code"), "termSourcedIds": "'term-' || y.code",
    }, "from registry_classgroup c join registry_institution i on i.id = c.institution_id"
       f" join registry_schoolyear y on y.id = c.school_year_id where {OUR_CLASSES}"),
    _record("or:class", "classes"),
))  # fmt: skip
USERS = " union all ".join((
    _select("users", _modified("person", "p") | {
        "sourcedId": USER_ID.format("p"), "enabledUser": "coalesce(x.metadata->>'enabledUser', 'true')",
        "username": "coalesce(x.metadata->>'username', p.public_id::text)", "givenName": "p.given_name",
        "familyName": "p.family_name", "middleName": "nullif(p.patronymic, '')",
        "grades": "coalesce(x.metadata->>'grades', (select lpad(e.grade::text, 2, '0') from registry_enrolment e"
                  " where e.person_id = p.id and upper_inf(e.valid)))",
        "primaryOrgSourcedId": f"coalesce(x.metadata->>'primaryOrgSourcedId', (select {ORG_ID.format('i.id', 'i.code')}"
                               " from registry_institution i where i.org_no = p.org_no))",
        "agentSourcedIds": f"(select string_agg({USER_ID.format('gp')}, ',' order by gp.id) from registry_guardianship g"
                           " join registry_person gp on gp.id = g.guardian_id where g.child_id = p.id and upper_inf(g.valid))",
        **{c: f"x.metadata->>'{c}'" for c in ("userIds", "identifier", "email", "sms", "phone", "userMasterIdentifier",
                                              "preferredGivenName", "preferredMiddleName", "preferredFamilyName", "pronouns")},
    } | {"status": f"coalesce(x.metadata->>'status', case when {IS_HERE} then 'active' else 'tobedeleted' end)"}, "from registry_person p left join lateral (select r.metadata from registry_externalid r where r.kind = 'or:user'"
       " and r.target_id = p.id order by r.id limit 1) x on true"
       f" where {IN_SCOPE.format('p')} and (x.metadata is not null or {WAS_HERE})"),
    _record("or:user", "users", " and r.target_id is null"),
))  # fmt: skip
# the standard wants one primary role of a person for each organisation: work and learning first, then the first child
HAS_OTHER_ROLE = (
    "exists (select 1 from registry_guardianship o join registry_person oc on oc.id = o.child_id where o.guardian_id = g.guardian_id"
    " and oc.org_no = c.org_no and o.id < g.id and upper_inf(o.valid)) or exists (select 1 from registry_employment m"
    " where m.person_id = p.id and m.institution_id = i.id and m.is_main and upper_inf(m.valid)) or exists (select 1"
    " from registry_enrolment e where e.person_id = p.id and e.institution_id = i.id and upper_inf(e.valid))"
)
ROLES = " union all ".join((
    _select("roles", _lasting("enrolment", "e") | {
        "sourcedId": "'rol-e' || e.id", "userSourcedId": "'p-' || p.public_id", "roleType": "'primary'", "role": "'student'",
        "beginDate": "lower(e.valid)::text", "orgSourcedId": ORG_ID.format("i.id", "i.code"),
    }, "from registry_enrolment e join registry_person p on p.id = e.person_id join registry_institution i on i.id = e.institution_id"
       f" where {_ended('e')} and {IN_SCOPE.format('e')} and not {LINKED_PERSON}"),
    _select("roles", _lasting("employment", "m") | {
        "sourcedId": "'rol-m' || m.id", "userSourcedId": "'p-' || p.public_id",
        "roleType": "case when m.is_main then 'primary' else 'secondary' end",
        "role": "case m.position when 'teacher' then 'teacher' when 'head' then 'principal' when 'aide' then 'aide'"
                " when 'psychologist' then 'counselor' else 'siteAdministrator' end",
        "beginDate": "lower(m.valid)::text", "orgSourcedId": ORG_ID.format("i.id", "i.code"),
    }, "from registry_employment m join registry_person p on p.id = m.person_id join registry_institution i on i.id = m.institution_id"
       f" where {_ended('m')} and {IN_SCOPE.format('m')} and not {LINKED_PERSON}"),
    _select("roles", _lasting("guardianship", "g") | {
        "sourcedId": "'rol-g' || g.id", "userSourcedId": "'p-' || p.public_id",
        "roleType": f"case when {HAS_OTHER_ROLE} then 'secondary' else 'primary' end",
        "role": "case when g.kind in ('parent', 'guardian', 'relative') then g.kind else 'guardian' end",
        "beginDate": "lower(g.valid)::text", "orgSourcedId": ORG_ID.format("i.id", "i.code"),
    }, "from registry_guardianship g join registry_person p on p.id = g.guardian_id"
       " join registry_person c on c.id = g.child_id join registry_institution i on i.org_no = c.org_no"
       f" where {_ended('g')} and {IN_SCOPE.format('g')} and {IN_SCOPE.format('p')} and not {LINKED_PERSON}"),
    _record_of_pupil("or:role", "roles", "orgSourcedId"),
))  # fmt: skip
ENROLLMENTS = " union all ".join((
    _select("enrollments", _lasting("enrolment", "e") | {
        "sourcedId": "'enr-' || e.id", "classSourcedId": "'cls-' || c.id", "schoolSourcedId": ORG_ID.format("i.id", "i.code"),
        "userSourcedId": USER_ID.format("p"), "role": "'student'", "beginDate": "lower(e.valid)::text",
    }, "from registry_enrolment e join registry_person p on p.id = e.person_id join registry_institution i on i.id = e.institution_id"
       f" join registry_classgroup c on c.id = e.class_group_id and c.institution_id = e.institution_id"
       f" where {_ended('e')} and {IN_SCOPE.format('e')} and not {IS_SAID}"),
    _select("enrollments", _lasting("teaching", "t") | {
        "sourcedId": "'tea-' || t.id", "classSourcedId": "'cls-' || c.id", "schoolSourcedId": "'org-' || i.code",
        "userSourcedId": USER_ID.format("p"), "role": "'teacher'", "primary": "t.is_class_teacher::text",
        "beginDate": "lower(t.valid)::text",
    }, "from registry_teaching t join registry_person p on p.id = t.person_id join registry_classgroup c on c.id = t.class_group_id"
       " join registry_institution i on i.id = c.institution_id"
       f" where {_ended('t')} and {IN_SCOPE.format('t')} and {IN_SCOPE.format('p')} and not {LINKED_SCHOOL.format('i.id')}"),
    _record_of_pupil("or:enrollment", "enrollments", "schoolSourcedId"),
))  # fmt: skip
DEMOGRAPHICS = _select("demographics", _modified("person", "p") | {
    "sourcedId": USER_ID.format("p"), "birthDate": "p.birth_date::text",
    "sex": "case p.sex when 'f' then 'female' when 'm' then 'male' end",
}, f"from registry_person p where {IN_SCOPE.format('p')} and (p.birth_date is not null or p.sex <> '')"
   f" and ({LEARNS} or {WORKS} or {CARES} or {LINKED_PERSON})")  # fmt: skip

COLLECTIONS: dict[str, str] = {
    "orgs": ORGS, "academicSessions": SESSIONS, "courses": COURSES, "classes": CLASSES, "users": USERS, "roles": ROLES,
    "enrollments": ENROLLMENTS, "demographics": DEMOGRAPHICS,
}  # fmt: skip


def named(name: str) -> str:
    """The collection's query under the standard's column names."""
    columns = ", ".join(f'"{c}"' for c in FILES[name].columns)
    return f"with collection({columns}) as ({COLLECTIONS[name]}) select * from collection"
