"""What the plan of people says, done: one statement a table, so one statement of audit."""

from __future__ import annotations

import secrets

import numpy as np
import polars as pl

from tirek.registry.exchange import staging, undo
from tirek.registry.exchange.people import PERSON_FIELDS, Context, counts, missing, plan, tie_table
from tirek.registry.exchange.resolving import with_derived_names
from tirek.registry.models import Employment, Enrolment, RowKind


def merge(frame: pl.DataFrame, context: Context) -> dict[str, dict[str, int]]:
    """Plan once more and do it. Gives the counts of what was done. What the plan has none of is not asked for."""
    plan(frame.with_columns(_public_ids(frame.height)), context, final=True)
    found = counts(context)
    gone = missing(context) if context.is_complete else None
    people, ties = found["person"], found[_tie(context)]
    if people.get("changed") or ties.get("changed") or ties.get("moved"):
        undo.keep_first_values(Enrolment if context.row_kind == RowKind.LEARNERS else Employment)
    _insert_people()
    staging.rest_between_steps("people inserted")
    if people.get("changed"):
        _update_people()
    if context.row_kind == RowKind.LEARNERS:
        _merge_enrolments(context, ties)
        if people.get("new", 0) < frame.height:
            _move_people()
    else:
        _merge_employments(context)
    if people.get("changed"):
        _rename_ties(tie_table(context))
    if gone is not None:
        found[_tie(context)]["missing"] = _end_missing(gone, context)
    if frame["external_id"].null_count() < frame.height:
        _keep_external_ids(context)
    staging.rest_between_steps("merged")
    return found


def _tie(context: Context) -> str:
    return "enrolment" if context.row_kind == RowKind.LEARNERS else "employment"


def _public_ids(count: int) -> pl.Series:
    """Random UUIDs, version 4, as hex. All at once: the database would open the kernel's source of chance for each."""
    drawn = np.frombuffer(secrets.token_bytes(16 * count), dtype=np.uint8).reshape(count, 16).copy()
    drawn[:, 6] = drawn[:, 6] & 0x0F | 0x40
    drawn[:, 8] = drawn[:, 8] & 0x3F | 0x80
    text = drawn.tobytes().hex()
    return pl.Series("public_id", [text[at : at + 32] for at in range(0, len(text), 32)], dtype=pl.String)


def _insert_people() -> None:
    staging.execute(
        """
        insert into registry_person (id, public_id, iin_encrypted, iin_hash, family_name, given_name, patronymic, birth_date,
            sex, sort_key, name_grams, org_no)
        select n.new_id, i.public_id, i.iin_encrypted, i.iin_hash, i.family_name, i.given_name,
            coalesce(i.patronymic, ''), i.birth_date, coalesce(i.sex, ''), i.sort_key, i.name_grams, i.org_no
        from plan_person n join inc i using (no) where n.action = 'new' order by i.no
        """
    )


def _update_people() -> None:
    """New names get their keys from the whole name, of which the file may hold only a part."""
    renamed = staging.query(
        "select n.no, coalesce(i.family_name, p.family_name) as family_name, coalesce(i.given_name, p.given_name) as"
        " given_name, coalesce(i.patronymic, p.patronymic) as patronymic from plan_person n join inc i using (no)"
        " join registry_person p on p.id = n.person_id where n.changed && array['family_name', 'given_name', 'patronymic']"
    )
    derived = with_derived_names(renamed)
    columns = {"no": "bigint", "person_name": "text", "sort_key": 'text collate "C"', "name_grams": "int[]"}
    staging.copy_in("renamed", derived, columns)
    sets = ", ".join(f"{c} = coalesce(i.{c}, p.{c})" for c in PERSON_FIELDS)
    staging.execute(
        f"""
        update registry_person p set {sets}, iin_hash = coalesce(p.iin_hash, i.iin_hash),
            iin_encrypted = coalesce(p.iin_encrypted, i.iin_encrypted),
            sort_key = coalesce(r.sort_key, p.sort_key), name_grams = coalesce(r.name_grams, p.name_grams)
        from plan_person n join inc i using (no) left join renamed r using (no)
        where n.action = 'changed' and p.id = n.person_id
        """  # noqa: S608
    )


PERSON_OF_ROW = "coalesce(t.person_id, l.person_id, l.new_id)"


def _merge_enrolments(context: Context, planned: dict[str, int]) -> None:
    _make_class_groups(context)
    if planned.get("moved"):
        staging.execute(
            "update registry_enrolment e set valid = daterange(lower(e.valid), t.begin_date), exit_reason = 'moved'"
            " from plan_tie t where t.action = 'moved' and e.id = t.open_id"
        )
    staging.execute(
        f"""
        insert into registry_enrolment (person_id, institution_id, class_group_id, org_no, person_name, sort_key, grade, valid,
            entry_reason, exit_reason)
        select {PERSON_OF_ROW}, i.institution_id, g.id, i.org_no, i.person_name, i.sort_key, i.grade,
            daterange(t.begin_date, i.end_date), coalesce(i.entry_reason, case when t.action = 'moved' then 'moved' else '' end),
            coalesce(i.exit_reason, '')
        from plan_tie t join inc i using (no) join plan_person l on l.no = i.lead_no
        left join registry_classgroup g on g.institution_id = i.institution_id and g.school_year_id = %s
            and g.grade is not distinct from i.grade and g.letter = coalesce(i.letter, '')
            and (i.grade is not null or i.letter is not null)
        where t.action in ('new', 'moved') order by i.no
        """,  # noqa: S608
        [context.school_year_id],
    )
    if planned.get("changed"):
        _update_enrolments(context)


def _update_enrolments(context: Context) -> None:
    staging.execute(
        """
        update registry_enrolment e set grade = coalesce(i.grade, e.grade),
            class_group_id = case when t.changed && array['grade', 'letter'] then coalesce(g.id, e.class_group_id)
                else e.class_group_id end,
            valid = case when i.end_date is null then e.valid else daterange(lower(e.valid), i.end_date) end,
            exit_reason = coalesce(i.exit_reason, e.exit_reason)
        from plan_tie t join inc i using (no)
        left join registry_enrolment old on old.id = t.tie_id
        left join registry_classgroup og on og.id = old.class_group_id
        left join registry_classgroup g on g.institution_id = i.institution_id and g.school_year_id = %s
            and g.grade is not distinct from coalesce(i.grade, old.grade) and g.letter = coalesce(i.letter, og.letter, '')
        where t.action = 'changed' and e.id = t.tie_id
        """,
        [context.school_year_id],
    )


def _move_people() -> None:
    """Whoever was known and is now enrolled elsewhere: that institution answers for them."""
    staging.execute(
        f"update registry_person p set org_no = i.org_no from plan_tie t join inc i using (no)"  # noqa: S608
        f" join plan_person l on l.no = i.lead_no where t.action in ('new', 'moved') and i.end_date is null"
        " and (l.person_id is not null or i.no <> i.lead_no)"  # whoever is new was put there by the first row
        f" and p.id = {PERSON_OF_ROW} and p.org_no <> i.org_no"
    )


def _rename_ties(table: str) -> None:
    """An institution knows a person under the name of its latest file."""
    staging.execute(
        f"update {table} e set person_name = r.person_name, sort_key = r.sort_key from renamed r"  # noqa: S608
        " join plan_person n using (no) where e.person_id = n.person_id and upper_inf(e.valid)"
    )


def _make_class_groups(context: Context) -> None:
    staging.execute(
        """
        insert into registry_classgroup (institution_id, org_no, school_year_id, grade, letter, language, shift)
        select distinct on (i.institution_id, i.grade, coalesce(i.letter, ''))
            i.institution_id, i.org_no, %s, i.grade, coalesce(i.letter, ''), coalesce(i.language, 'kk'), coalesce(i.shift, 1)
        from inc i join plan_tie t using (no)
        where t.action in ('new', 'moved', 'changed') and i.grade is not null and not exists (
            select 1 from registry_classgroup g where g.institution_id = i.institution_id and g.school_year_id = %s
                and g.grade = i.grade and g.letter = coalesce(i.letter, ''))
        order by i.institution_id, i.grade, coalesce(i.letter, ''), i.no
        """,
        [context.school_year_id, context.school_year_id],
    )


def _merge_employments(context: Context) -> None:
    staging.execute(
        f"""
        insert into registry_employment (person_id, institution_id, org_no, person_name, sort_key, position, subject, category,
            rate, is_main, valid)
        select {PERSON_OF_ROW}, i.institution_id, i.org_no, i.person_name, i.sort_key, i.position, coalesce(i.subject, ''),
            coalesce(i.category, ''), coalesce(i.rate, 1), t.is_main, daterange(t.begin_date, i.end_date)
        from plan_tie t join inc i using (no) join plan_person l on l.no = i.lead_no
        where t.action = 'new' order by i.no
        """  # noqa: S608
    )
    staging.execute(
        """
        update registry_employment e set category = coalesce(i.category, e.category), rate = coalesce(i.rate, e.rate),
            is_main = coalesce(i.is_main, e.is_main),
            valid = case when i.end_date is null then e.valid else daterange(lower(e.valid), i.end_date) end
        from plan_tie t join inc i using (no) where t.action = 'changed' and e.id = t.tie_id
        """
    )


def _end_missing(gone: pl.DataFrame, context: Context) -> int:
    staging.copy_in("gone", gone, {"id": "bigint"})
    reason = ", exit_reason = 'missing'" if context.row_kind == RowKind.LEARNERS else ""
    return staging.execute(
        f"update {tie_table(context)} e set valid = daterange(lower(e.valid), greatest(%s, lower(e.valid) + 1)){reason}"  # noqa: S608
        " from gone where e.id = gone.id",
        [context.as_of],
    )


def _keep_external_ids(context: Context) -> None:
    staging.execute(
        """
        insert into registry_externalid (source_id, kind, external_id, target_id, org_no, is_active, metadata, last_import_id)
        select %s, 'person', i.external_id, coalesce(n.person_id, n.new_id), i.org_no, true, '{}', %s
        from plan_person n join inc i using (no) where i.external_id is not null
        on conflict (source_id, kind, external_id) do update set target_id = excluded.target_id, org_no = excluded.org_no,
            last_import_id = excluded.last_import_id
        where registry_externalid.target_id is distinct from excluded.target_id
        """,
        [context.source_id, context.import_id],
    )
