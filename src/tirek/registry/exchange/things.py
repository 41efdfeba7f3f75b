"""Guardianships and rooms: matched, compared and merged in the database, as people are."""

from __future__ import annotations

import polars as pl

from tirek.registry.exchange import staging
from tirek.registry.exchange.faults import Faults
from tirek.registry.exchange.people import Context
from tirek.storage.said import said as _

GUARDIANSHIPS = {
    "no": "bigint", "_file": "text", "_row": "int", "guardian_hash": "bytea", "guardian_encrypted": "bytea", "guardian": "text",
    "family_name": "text", "given_name": "text", "patronymic": "text", "person_name": "text",
    "sort_key": 'text collate "C"', "name_grams": "int[]", "child_hash": "bytea", "child": "text", "kind": "text",
    "begin_date": "date", "end_date": "date",
}  # fmt: skip
ROOMS = {
    "no": "bigint", "_file": "text", "_row": "int", "institution_id": "bigint", "org_no": "int", "building_code": "text",
    "building_name": "text", "number": "text", "name": "text", "purpose": "text", "floor": "int", "area_m2": "float8",
    "places": "int", "condition": "text", "condition_date": "date",
}  # fmt: skip
ROOM_FIELDS = ("name", "purpose", "floor", "area_m2", "places", "condition", "condition_date")


def plan_guardianships(frame: pl.DataFrame, context: Context, *, final: bool = False) -> None:
    staging.copy_in("inc", frame, GUARDIANSHIPS)
    new_id = "nextval('registry_person_id_seq')" if final else "null::bigint"
    staging.execute("drop table if exists plan_thing")
    staging.execute("drop table if exists matched")
    staging.execute(
        """
        create temporary table matched on commit drop as
        select i.no, coalesce(g.id, gx.target_id) as guardian_id, coalesce(c.id, cx.target_id) as child_id, k.org_no,
            min(i.no) over (partition by coalesce(encode(i.guardian_hash, 'hex'), 'x ' || i.guardian, 'row ' || i.no)) as lead_no
        from inc i
        left join registry_person g on g.iin_hash = i.guardian_hash
        left join registry_externalid gx on gx.source_id = %(source)s and gx.kind = 'person' and gx.external_id = i.guardian
        left join registry_person c on c.iin_hash = i.child_hash
        left join registry_externalid cx on cx.source_id = %(source)s and cx.kind = 'person' and cx.external_id = i.child
        left join registry_person k on k.id = coalesce(c.id, cx.target_id)
        """,
        {"source": context.source_id},
    )
    staging.execute(
        f"""
        create temporary table plan_thing on commit drop as
        select m.*, case when m.guardian_id is null and m.no = m.lead_no then {new_id} end as new_id, o.id as target_id,
            case
                when m.child_id is null then 'no_child'
                when m.org_no not between %(lo)s and %(hi)s then 'outside'
                when m.guardian_id is null and (i.family_name is null or i.given_name is null) then 'nameless'
                when m.guardian_id = m.child_id then 'own_child'
                when o.id is null and i.end_date is not null then 'unchanged'
                when o.id is null then 'new'
                when i.end_date is not null or (i.kind is not null and i.kind <> o.kind) then 'changed'
                else 'unchanged'
            end as action
        from matched m join inc i using (no)
        left join registry_guardianship o on o.guardian_id = m.guardian_id and o.child_id = m.child_id and upper_inf(o.valid)
        """,  # noqa: S608
        {"lo": context.org_lo, "hi": context.org_hi},
    )


def check_guardianships(frame: pl.DataFrame, faults: Faults) -> None:
    """Faults that only the register can tell; of the child's number no more than its end is shown."""
    rows = staging.query(
        "select i._file, i._row, case when p.action = 'no_child' and i.child is null and i.child_hash is null"
        " then 'child_not_named' else p.action end as action from inc i join plan_thing p using (no)"
        " where p.action not in ('new', 'changed', 'unchanged')"
    ).with_columns(pl.col("_row").cast(pl.UInt32))
    number = pl.lit("•" * 8) + pl.col("child_iin").str.tail(4)
    child = frame.select("_file", pl.col("_row").cast(pl.UInt32), pl.coalesce(number, "child").alias("_child"))
    rows = rows.join(child, on=["_file", "_row"], how="left", maintain_order="left")
    messages = {
        "child_not_named": ("child_iin", _("The row names no child."), _("Give the child's IIN or the source's identifier.")),
        "no_child": ("child_iin", _("The register does not know this child."), _("Import the child's enrolment first.")),
        "outside": ("child_iin", _("This child learns outside the territory of the source."), _("Leave the row out.")),
        "nameless": ("guardian_iin", _("The register does not know this guardian, and the row gives no name."),
                     _("Give the family name and the given name.")),
        "own_child": ("child_iin", _("The guardian and the child are the same person."), _("Correct one of the two.")),
    }  # fmt: skip
    for action, (column, what, to_do) in messages.items():
        faults.add_rows(rows.filter(pl.col("action") == action), column, what, to_do, value="_child", code=action)


def merge_guardianships(frame: pl.DataFrame, context: Context) -> dict[str, dict[str, int]]:
    plan_guardianships(frame, context, final=True)
    found = counts("guardianship")
    staging.execute(
        """
        insert into registry_person (id, public_id, iin_encrypted, iin_hash, family_name, given_name, patronymic, sex, sort_key,
            name_grams, org_no)
        select p.new_id, gen_random_uuid(), i.guardian_encrypted, i.guardian_hash, i.family_name, i.given_name,
            coalesce(i.patronymic, ''), '', i.sort_key, i.name_grams, p.org_no
        from plan_thing p join inc i using (no) where p.new_id is not null
        """
    )
    staging.execute(
        """
        insert into registry_guardianship (guardian_id, child_id, org_no, kind, valid)
        select distinct on (1, 2) coalesce(p.guardian_id, lead.new_id), p.child_id, p.org_no, coalesce(i.kind, 'parent'),
            daterange(coalesce(i.begin_date, %s), null)
        from plan_thing p join inc i using (no) join plan_thing lead on lead.no = p.lead_no where p.action = 'new'
        order by 1, 2, i.no
        """,
        [context.as_of],
    )
    staging.execute(
        """
        update registry_guardianship g set kind = coalesce(i.kind, g.kind),
            valid = case when i.end_date is null then g.valid else daterange(lower(g.valid), i.end_date) end
        from plan_thing p join inc i using (no) where p.action = 'changed' and g.id = p.target_id
        """
    )
    staging.execute(
        """
        insert into registry_externalid (source_id, kind, external_id, target_id, org_no, is_active, metadata, last_import_id)
        select %s, 'person', i.guardian, p.new_id, p.org_no, true, '{}', %s
        from plan_thing p join inc i using (no) where p.new_id is not null and i.guardian is not null
        on conflict (source_id, kind, external_id) do update set target_id = excluded.target_id
        """,
        [context.source_id, context.import_id],
    )
    return found


def plan_rooms(frame: pl.DataFrame, context: Context) -> None:
    staging.copy_in("inc", frame, ROOMS)
    differs = {c: f"i.{c} is not null and i.{c} is distinct from r.{c}" for c in ROOM_FIELDS}
    changed = ", ".join(f"case when {sql} then '{c}' end" for c, sql in differs.items())
    staging.execute("drop table if exists plan_thing")
    staging.execute(
        f"""
        create temporary table plan_thing on commit drop as
        select i.no, r.id as target_id, array_remove(array[{changed}], null) as changed,
            case when r.id is null then 'new' when {" or ".join(differs.values())} then 'changed' else 'unchanged' end as action
        from inc i left join registry_building b on b.institution_id = i.institution_id and b.code = i.building_code
        left join registry_room r on r.building_id = b.id and r.number = i.number and upper_inf(r.valid)
        """  # noqa: S608
    )


def merge_rooms(frame: pl.DataFrame, context: Context) -> dict[str, dict[str, int]]:
    plan_rooms(frame, context)
    found = counts("room")
    staging.execute(
        """
        insert into registry_building (institution_id, org_no, code, name, address, heating, valid)
        select distinct on (i.institution_id, i.building_code) i.institution_id, i.org_no, i.building_code,
            coalesce(i.building_name, i.building_code), '', '', daterange(%s, null)
        from inc i where not exists (select 1 from registry_building b
            where b.institution_id = i.institution_id and b.code = i.building_code)
        """,
        [context.as_of],
    )
    staging.execute(
        """
        insert into registry_room (building_id, institution_id, org_no, number, name, purpose, floor, area_m2, places,
            condition, condition_date, valid)
        select b.id, i.institution_id, i.org_no, i.number, coalesce(i.name, ''), i.purpose, i.floor, i.area_m2, i.places,
            coalesce(i.condition, ''), i.condition_date, daterange(%s, null)
        from plan_thing p join inc i using (no)
        join registry_building b on b.institution_id = i.institution_id and b.code = i.building_code where p.action = 'new'
        """,
        [context.as_of],
    )
    sets = ", ".join(f"{c} = coalesce(i.{c}, r.{c})" for c in ROOM_FIELDS)
    staging.execute(
        f"update registry_room r set {sets} from plan_thing p join inc i using (no)"  # noqa: S608
        " where p.action = 'changed' and r.id = p.target_id"
    )
    return found


def counts(thing: str) -> dict[str, dict[str, int]]:
    rows = staging.query("select action, count(*) as n from plan_thing group by 1")
    return {thing: {action: int(n) for action, n in rows.iter_rows()}}


def differences(thing: str) -> pl.DataFrame:
    label = "i.building_code || ' ' || i.number" if thing == "room" else "coalesce(i.person_name, i.guardian, '')"
    changed = "array_to_string(p.changed, ' ')" if thing == "room" else "''"
    before = "null::text"
    table = ""
    if thing == "room":
        before = "case when p.action = 'changed' then jsonb_build_object({})::text end".format(
            ", ".join(f"'{c}', jsonb_build_array(r.{c}, i.{c})" for c in ROOM_FIELDS)
        )
        table = " left join registry_room r on r.id = p.target_id and p.action = 'changed'"
    return staging.query(
        f"select i._file, i._row, '{thing}' as thing, p.action, {label} as label, p.target_id, {changed} as changed,"  # noqa: S608
        f" {before} as pairs from plan_thing p join inc i using (no){table} order by i.no"
    )
