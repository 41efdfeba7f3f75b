"""People with their enrolments or employments: matched and compared inside the database, a statement a table.

``plan`` only compares: it leaves temporary tables that say for each row what would happen. ``people_merge.merge`` plans again
and then does it, by the same SQL; where the counts differ from those shown, the register has moved since.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

from tirek.registry.exchange import staging
from tirek.registry.exchange.faults import Faults
from tirek.registry.models import RowKind
from tirek.storage.said import said as _

INCOMING = {
    "no": "bigint", "lead_no": "bigint", "_file": "text", "_row": "int", "external_id": "text", "public_id": "uuid",
    "iin_hash": "bytea", "iin_encrypted": "bytea", "family_name": "text", "given_name": "text", "patronymic": "text", "birth_date": "date",
    "sex": "text", "person_name": "text", "sort_key": 'text collate "C"', "name_grams": "int[]", "institution_id": "bigint",
    "org_no": "int", "decided_id": "bigint", "is_decided_new": "boolean", "grade": "int", "letter": "text",
    "language": "text", "shift": "int", "begin_date": "date", "end_date": "date", "entry_reason": "text",
    "exit_reason": "text", "position": "text", "subject": "text", "category": "text", "rate": "numeric", "is_main": "boolean",
}  # fmt: skip
COMPARED = (
    "no",
    "lead_no",
    "external_id",
    "iin_hash",
    "birth_date",
    "sort_key",
    "institution_id",
    "org_no",
    "end_date",
)
PERSON_FIELDS = ("family_name", "given_name", "patronymic", "birth_date", "sex")
NAME_FIELDS = ("family_name", "given_name", "patronymic")
PLANNED = ("new", "changed", "unchanged")


@dataclass(frozen=True)
class Context:
    """What a merge must know beside its rows."""

    source_id: int
    import_id: int | None
    row_kind: str
    as_of: dt.date
    school_year_id: int | None
    org_lo: int
    org_hi: int
    is_complete: bool = False


def number(frame: pl.DataFrame) -> pl.DataFrame:
    """Adds ``no`` and ``lead_no``: the first row of the same person speaks for the person."""
    frame = frame.with_row_index("no").with_columns(pl.col("no").cast(pl.Int64))
    frame = frame.with_columns(pl.col("no").alias("lead_no"))
    for key in ("iin_hash", "external_id", "iin_hash"):  # a row may carry both, and so tie two others together
        first = pl.col("lead_no").min().over(key)
        frame = frame.with_columns(
            pl.when(pl.col(key).is_null()).then(pl.col("lead_no")).otherwise(first).alias("lead_no")
        )
    return frame


def plan(frame: pl.DataFrame, context: Context, *, final: bool = False) -> None:
    """Leave plan_person and plan_tie; with ``final``, ids of new people are drawn."""
    staging.copy_in("inc", frame, INCOMING, compared=COMPARED)
    _match(context, final)
    _compare_people(context)
    if context.row_kind == RowKind.LEARNERS:
        _compare_enrolments(context)
    else:
        _compare_employments(context)
    staging.execute("analyze plan_tie")


def _match(context: Context, final: bool) -> None:
    new_id = "nextval('registry_person_id_seq')" if final else "null::bigint"
    staging.execute("drop table if exists matched")
    staging.execute(
        f"""
        create temporary table matched on commit drop as
        with found as (
            select i.no, i.lead_no, coalesce(i.decided_id, p.id, x.target_id) as person_id,
                p.id is not null and x.target_id is not null and p.id <> x.target_id as is_torn
            from inc i
            left join registry_person p on p.iin_hash = i.iin_hash
            left join registry_externalid x
                on x.source_id = %s and x.kind = 'person' and x.external_id = i.external_id and i.external_id is not null
        )
        select m.no, m.lead_no, m.person_id, coalesce(m.person_id, lead.person_id) as who, m.is_torn,
            case when m.no = m.lead_no and m.person_id is null then {new_id} end as new_id
        from found m join found lead on lead.no = m.lead_no
        """,  # noqa: S608
        [context.source_id],
    )
    staging.execute("analyze matched")  # it tells how many are nobody yet: for those nothing has to be looked up


def _compare_people(context: Context) -> None:
    """What is recorded of somebody for whom another territory answers is neither shown nor changed by a number alone."""
    is_ours = "p.org_no between %(lo)s and %(hi)s"
    differs = {c: f"{is_ours} and i.{c} is not null and i.{c} is distinct from p.{c}" for c in PERSON_FIELDS}
    differs["iin"] = f"{is_ours} and i.iin_hash is not null and p.iin_hash is null"
    changed = ", ".join(f"case when {sql} then '{c}' end" for c, sql in differs.items())
    staging.execute("drop table if exists plan_person")
    staging.execute(
        f"""
        create temporary table plan_person on commit drop as
        select i.no, m.person_id, m.new_id, m.is_torn,
            case when m.person_id is null then 'new' when {" or ".join(differs.values())} then 'changed'
                else 'unchanged' end as action,
            array_remove(array[{changed}], null) as changed,
            p.iin_hash is not null and i.iin_hash is not null and p.iin_hash <> i.iin_hash as is_other_iin
        from inc i join matched m using (no) left join registry_person p on p.id = m.person_id
        where i.no = i.lead_no
        """,  # noqa: S608
        {"lo": context.org_lo, "hi": context.org_hi},
    )
    staging.execute("analyze plan_person")


# whoever another territory answers for, until it has let them go: nobody is taken over by knowing their number
IS_ELSEWHERE = """coalesce(exists (select 1 from registry_employment w where w.person_id = p.id and upper_inf(w.valid)
    and w.org_no not between %(lo)s and %(hi)s) or (p.org_no not between %(lo)s and %(hi)s
    and not exists (select 1 from registry_enrolment b where b.person_id = p.id and not upper_inf(b.valid))
    and not exists (select 1 from registry_employment b where b.person_id = p.id and not upper_inf(b.valid))), false)"""


def _compare_enrolments(context: Context) -> None:
    """o: the open enrolment of the person; h: an ended one that began on the same day in the same institution.

    Rows of people whom nobody knows are apart: looked up together with the others, they would have the whole table read.
    """
    staging.execute("drop table if exists plan_tie")
    staging.execute(
        f"""
        create temporary table plan_tie on commit drop as
        with compared as (
            select i.no, m.who as person_id, coalesce(i.begin_date, %(as_of)s) as begin_date,
                o.id as open_id, o.org_no as open_org_no, lower(o.valid) as open_begin, o.institution_id as open_institution,
                h.id as ended_id, upper(h.valid) as ended_end,
                o.institution_id = i.institution_id as is_same, {IS_ELSEWHERE} as is_elsewhere,
                coalesce(p.org_no not between %(lo)s and %(hi)s, false) as is_foreign,
                array_remove(array[
                    case when i.grade is not null and i.grade is distinct from o.grade then 'grade' end,
                    case when i.letter is not null and i.letter is distinct from g.letter then 'letter' end
                ], null) as differs
            from inc i join matched m using (no) join registry_person p on p.id = m.who
            left join registry_enrolment o on o.person_id = p.id and upper_inf(o.valid)
            left join registry_classgroup g on g.id = o.class_group_id
            left join registry_enrolment h on i.end_date is not null and not upper_inf(h.valid)
                and h.person_id = m.who and h.institution_id = i.institution_id
                and lower(h.valid) = i.begin_date
        )
        select c.no, c.person_id, c.begin_date,
            case when i.end_date is null or c.is_same then c.open_id else c.ended_id end as tie_id,
            case
                when i.end_date is not null and c.ended_id is not null then
                    case when c.ended_end = i.end_date then 'unchanged' else 'changed' end
                when i.end_date is not null and c.is_same and i.end_date > c.open_begin then 'changed'
                when i.end_date is not null and c.is_foreign then 'foreign'
                when i.end_date is not null then
                    case when exists (select 1 from registry_enrolment e where e.person_id = c.person_id
                        and e.valid && daterange(c.begin_date, greatest(i.end_date, c.begin_date + 1))) then 'clash'
                        else 'new' end
                when c.open_id is null and c.is_elsewhere then 'foreign'
                when c.open_id is null then 'new'
                when c.is_same then case when c.differs = '{{}}' then 'unchanged' else 'changed' end
                when c.open_org_no not between %(lo)s and %(hi)s then 'elsewhere'
                when c.begin_date > c.open_begin then 'moved'
                else 'clash'
            end as action,
            case when i.end_date is not null then array['end_date']
                when c.is_same then c.differs else array['institution'] end as changed,
            c.open_id
        from compared c join inc i using (no)
        union all
        select i.no, null, coalesce(i.begin_date, %(as_of)s), null, 'new', array['institution'], null
        from inc i join matched m using (no) where m.who is null
        """,  # noqa: S608
        {"as_of": context.as_of, "lo": context.org_lo, "hi": context.org_hi},
    )


def _compare_employments(context: Context) -> None:
    """o: the open employment on the same post; other: an open main employment elsewhere."""
    staging.execute("drop table if exists plan_tie")
    staging.execute(
        """
        create temporary table plan_tie on commit drop as
        select i.no, m.who as person_id, coalesce(i.begin_date, %(as_of)s) as begin_date,
            o.id as tie_id, coalesce(i.is_main, other.id is null) as is_main, null::bigint as open_id,
            case
                when o.id is null and i.is_main and other.id is not null then 'clash'
                when o.id is null then 'new'
                when (i.category is not null and i.category <> o.category) or (i.rate is not null and i.rate <> o.rate)
                    or i.end_date is not null or (i.is_main is not null and i.is_main <> o.is_main) then 'changed'
                else 'unchanged'
            end as action,
            array_remove(array[
                case when i.category is not null and i.category <> o.category then 'category' end,
                case when i.rate is not null and i.rate <> o.rate then 'rate' end,
                case when i.is_main is not null and i.is_main <> o.is_main then 'is_main' end,
                case when i.end_date is not null then 'end_date' end
            ], null) as changed
        from inc i join matched m using (no)
        left join lateral (
            select e.* from registry_employment e
            where e.person_id = m.who and e.institution_id = i.institution_id
                and e.position = i.position and e.subject = coalesce(i.subject, '')
                and (upper_inf(e.valid) or (i.begin_date = lower(e.valid) and upper(e.valid) = i.end_date))
            order by upper_inf(e.valid) desc limit 1
        ) o on true
        left join registry_employment other on other.person_id = m.who
            and upper_inf(other.valid) and other.is_main and other.id is distinct from o.id
        """,
        {"as_of": context.as_of},
    )
    staging.execute(
        "update plan_tie t set action = 'unchanged' from registry_employment e, inc i where e.id = t.tie_id"
        " and i.no = t.no and not upper_inf(e.valid) and upper(e.valid) = i.end_date and t.action = 'changed'"
    )


def check_plan(frame: pl.DataFrame, context: Context, faults: Faults) -> None:
    """Faults that only the register can tell."""
    problems = staging.query(
        "select i.no, i._file, i._row, p.is_torn, p.is_other_iin, t.action from inc i"
        " left join plan_person p using (no) join plan_tie t using (no)"
        " where p.is_torn or p.is_other_iin or t.action in ('clash', 'elsewhere', 'foreign')"
    ).with_columns(pl.col("_row").cast(pl.UInt32))
    add = faults.add_rows
    add(problems.filter(pl.col("is_torn") == "t"), "iin", _("The IIN and the source's identifier mean two different people."),
        _("Find out which is right; the register does not guess."), code="two_people_one_identifier")  # fmt: skip
    add(problems.filter(pl.col("is_other_iin") == "t"), "iin", _("The register knows this person with another IIN."),
        _("Compare both with the document."), code="other_iin")  # fmt: skip
    clash = problems.filter(pl.col("action") == "clash")
    if context.row_kind == RowKind.LEARNERS:
        add(clash, "begin_date", _("The register already has an enrolment at that time."),
            _("Give the day on which this enrolment begins, after the one before."), code="overlapping_enrolments")  # fmt: skip
    else:
        add(clash, "is_main", _("The register already has a main employment of this person."),
            _("End the other one first, or mark this one as additional."), code="two_main_employments")  # fmt: skip
    add(problems.filter(pl.col("action") == "elsewhere"), "institution",
        _("This person is enrolled in another territory."), _("Ask that institution to end its enrolment."),
        code="enrolled_elsewhere")  # fmt: skip
    add(problems.filter(pl.col("action") == "foreign"), "iin",
        _("This person belongs to an institution outside the territory of the source."),
        _("Ask that institution to end its enrolment or employment, or to transfer the person."),
        code="belongs_elsewhere")  # fmt: skip


ALIKE = (
    "select i.no, p.id as person_id from inc i join plan_person n using (no) join registry_person p on p.org_no = i.org_no"
    " and p.sort_key = i.sort_key and p.birth_date = i.birth_date"
    " where n.action = 'new' and not coalesce(i.is_decided_new, false) and i.iin_hash is {0} and {1}"
)
SHOWN_OF_ROW = (*PERSON_FIELDS, "person_name", "grade", "letter", "position", "begin_date")


def proposals() -> pl.DataFrame:
    """Rows of unknown people who look like somebody in the same institution: no, file, row, person, and what the row says.

    Two people with different numbers are two people, so one of both has none: for rows with a number that leaves few.
    """
    alike = f"{ALIKE.format('null', 'true')} union all {ALIKE.format('not null', 'p.iin_hash is null')}"
    said = ", ".join(f"i.{c}" for c in SHOWN_OF_ROW)
    return staging.query(
        f"select distinct on (i.no) i.no, i._file, i._row, a.person_id, i.institution_id, {said}"  # noqa: S608
        f" from ({alike}) a join inc i using (no) order by i.no, a.person_id"
    ).with_columns(pl.col("no", "person_id", "institution_id").cast(pl.Int64), pl.col("_row").cast(pl.UInt32))


def missing(context: Context) -> pl.DataFrame:
    """Open enrolments (employments) of the file's institutions of which a complete file says nothing."""
    if not context.is_complete:
        return pl.DataFrame(
            schema={"id": pl.String, "person_id": pl.String, "person_name": pl.String, "org_no": pl.String}
        )
    table = tie_table(context)
    return staging.query(
        f"select e.id, e.person_id, e.person_name, e.org_no from {table} e"  # noqa: S608
        " where upper_inf(e.valid) and e.org_no in (select distinct org_no from inc)"
        " and not exists (select 1 from plan_tie t where t.person_id = e.person_id) order by e.org_no, e.sort_key"
    )


def tie_table(context: Context) -> str:
    return "registry_enrolment" if context.row_kind == RowKind.LEARNERS else "registry_employment"


def counts(context: Context) -> dict[str, dict[str, int]]:
    """{"person": {"new": 5, …}, "enrolment": {…}} of the plan."""
    found: dict[str, dict[str, int]] = {}
    tie = "enrolment" if context.row_kind == RowKind.LEARNERS else "employment"
    for thing, table in (("person", "plan_person"), (tie, "plan_tie")):
        rows = staging.query(f"select action, count(*) as n from {table} group by 1 order by 1")  # noqa: S608
        found[thing] = {action: int(n) for action, n in rows.iter_rows()}
    return found


def differences(frame: pl.DataFrame, context: Context) -> pl.DataFrame:
    """One line a row and thing of the planned frame, with each changed field's value before and after."""
    tie = "enrolment" if context.row_kind == RowKind.LEARNERS else "employment"
    fields = ("grade",) if tie == "enrolment" else ("category", "rate", "is_main")
    people = frame.filter(pl.col("no") == pl.col("lead_no"))
    lines = [
        _lines(people, "person", _known("plan_person", "person_id", "registry_person", PERSON_FIELDS)),
        _lines(frame, tie, _known("plan_tie", "tie_id", tie_table(context), fields)),
    ]
    ordered = pl.concat(lines).sort("_file", "_row", "thing", descending=[False, False, True])
    return ordered.with_columns(pl.col("_row").cast(pl.String))


def _known(plan: str, target: str, table: str, fields: tuple[str, ...]) -> pl.DataFrame:
    """What is planned for rows whose person or tie is not simply new: of those the frame holds all there is to tell."""
    return staging.query(
        f"""
        select t.no, t.action, t.{target} as target_id,
            case when t.action in ('changed', 'moved') then array_to_string(t.changed, ' ') else '' end as changed,
            case when t.action = 'changed' then jsonb_build_object({_pairs(fields, "e", "i")})::text end as pairs
        from {plan} t left join inc i on i.no = t.no and t.action = 'changed'
        left join {table} e on e.id = t.{target} and t.action = 'changed'
        where t.action <> 'new'
        """  # noqa: S608
    ).with_columns(pl.col("no").cast(pl.Int64))


def _lines(frame: pl.DataFrame, thing: str, known: pl.DataFrame) -> pl.DataFrame:
    return frame.join(known, on="no", how="left").select(
        "_file", "_row", pl.lit(thing).alias("thing"), pl.col("action").fill_null("new"),
        pl.col("person_name").alias("label"), "target_id", pl.col("changed").fill_null(""), "pairs",
    )  # fmt: skip


def _pairs(fields: tuple[str, ...], before: str, after: str) -> str:
    return ", ".join(f"'{c}', jsonb_build_array({before}.{c}, {after}.{c})" for c in fields)


def with_unknown_numbers(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows of the planned frame whose IIN the register does not hold yet."""
    held = staging.query("select no from plan_person where action <> 'new' and not 'iin' = any(changed)")
    leading = frame.filter(pl.col("no") == pl.col("lead_no"))
    return leading.join(held.with_columns(pl.col("no").cast(pl.Int64)), on="no", how="anti", maintain_order="left")
