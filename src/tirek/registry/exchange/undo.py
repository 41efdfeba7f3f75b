"""Taking an import back, from the history that the audit keeps of every row.

What the import added is deleted, what it changed gets the values from before. If a row was changed by something else since,
nothing is taken back, and those rows are named.
"""

from __future__ import annotations

from django.db import IntegrityError
from django.utils.translation import gettext as _

from tirek.registry import models, names
from tirek.registry.exchange import staging
from tirek_engines.errors import Refusal

# what lies on others first
UNDONE_MODELS = (
    models.ExternalId, models.Enrolment, models.Employment, models.Guardianship, models.Room, models.Building,
    models.ClassGroup, models.Person, models.InstitutionState, models.Institution,
    models.TerritoryState, models.Territory,
)  # fmt: skip
SHOWN = 20


class ChangedSince(Refusal):
    """Rows of the import were changed by something else afterwards."""

    code = "changed_since"
    http_status = 409


def keep_first_values(tie) -> None:
    """Rows about to be changed that have no history (they came by a bulk load) get their present values into it."""
    for model, wanted in (
        (models.Person, "select person_id from plan_person where action = 'changed'"),
        (tie, "select coalesce(tie_id, open_id) from plan_tie where action in ('changed', 'moved')"),
        (models.Person, "select person_id from plan_tie where action = 'moved'"),
    ):
        keep_values(model, wanted)


def keep_values(model, wanted: str) -> None:
    table, events = model._meta.db_table, _events(model)
    columns = ", ".join(f'"{c}"' for c in _columns(model))
    staging.execute(
        f"insert into {events} ({columns}, pgh_created_at, pgh_label, pgh_obj_id)"  # noqa: S608
        f" select {columns}, now(), 'before', id from {table} t where id in ({wanted})"
        f" and not exists (select 1 from {events} e where e.pgh_obj_id = t.id)"
    )


def _events(model) -> str:
    return f"{model._meta.db_table}event"


def _columns(model) -> list[str]:
    """Columns that both the table and its history have."""
    have = staging.query(
        "select column_name from information_schema.columns where table_name = '%s'" % _events(model)  # noqa: S608, UP031
    )["column_name"].to_list()
    return [f.column for f in model._meta.concrete_fields if f.column in have]


def take_back(context_id: str) -> dict[str, int]:
    """Undo every change made under this context. Gives how many rows of each table were put back."""
    changed = [found for model in UNDONE_MODELS for found in _changed_since(model, context_id)]
    if changed:
        raise ChangedSince(
            _("%(n)d rows were changed after this import: %(rows)s. Nothing was taken back.")
            % {"n": len(changed), "rows": ", ".join(changed[:SHOWN])},
            rows=changed[:SHOWN],
        )
    done = {}
    for model in UNDONE_MODELS:
        rows = _restore(model, context_id)
        if rows:
            done[model._meta.model_name] = rows
    staging.execute(  # counts of institutions that are gone again
        "delete from registry_headcount h where not exists (select from registry_institution i where i.id = h.institution_id)"
    )
    try:
        staging.execute("set constraints all immediate")
    except IntegrityError as error:
        raise ChangedSince(_("Something else now depends on what this import added (%(why)s). Nothing was taken back.")
                           % {"why": str(error).split("DETAIL:")[-1].strip()[:200]}) from None  # fmt: skip
    return done


def _changed_since(model, context_id: str) -> list[str]:
    events = _events(model)
    rows = staging.query(
        f"with mine as (select pgh_obj_id, max(pgh_id) as last from {events} where pgh_context_id = '{_uuid(context_id)}'"  # noqa: S608
        f" group by 1) select distinct e.pgh_obj_id from mine join {events} e using (pgh_obj_id)"
        f" where e.pgh_id > mine.last and e.pgh_context_id is distinct from '{_uuid(context_id)}' order by 1"
    )
    return [f"{model._meta.verbose_name} {pk}" for pk in rows["pgh_obj_id"].to_list()]


def _restore(model, context_id: str) -> int:
    table, events, columns = model._meta.db_table, _events(model), _columns(model)
    listed = ", ".join(f'"{c}"' for c in columns)
    staging.execute("drop table if exists back")
    staging.execute(
        f"create temporary table back on commit drop as"  # noqa: S608
        f" with mine as (select pgh_obj_id, min(pgh_id) as first, bool_or(pgh_label = 'insert') as is_added from {events}"
        f"  where pgh_context_id = %s group by 1)"
        f" select m.pgh_obj_id, m.is_added, b.* from mine m left join lateral (select {listed} from {events} e"
        f"  where e.pgh_obj_id = m.pgh_obj_id and e.pgh_id < m.first order by e.pgh_id desc limit 1) b on not m.is_added",
        [context_id],
    )
    lost = staging.one("select count(*) from back where not is_added and id is null")[0]
    if lost:
        raise ChangedSince(
            _("The history of %(n)d rows begins with this import, so it cannot be taken back.") % {"n": lost}
        )
    if model is models.Person:
        _with_grams()
    sets = ", ".join(f'"{c}" = b."{c}"' for c in columns if c != "id")
    grams = ", name_grams = g.name_grams" if model is models.Person else ""
    join = " left join back_grams g on g.id = b.pgh_obj_id" if model is models.Person else ""
    gone = staging.execute(f"delete from {table} t using back b where b.is_added and t.id = b.pgh_obj_id")  # noqa: S608
    return gone + staging.execute(
        f"update {table} t set {sets}{grams} from back b{join} where not b.is_added and t.id = b.pgh_obj_id"  # noqa: S608
    )


def _with_grams() -> None:
    """Search keys are not kept in the history: they follow from the name."""
    import polars as pl

    rows = staging.query("select pgh_obj_id as id, concat_ws(' ', family_name, given_name, patronymic) as name from back"
                         " where not is_added")  # fmt: skip
    frame = rows.with_columns(
        pl.Series("name_grams", names.grams_many([names.clean(n) for n in rows["name"].to_list()]))
    )
    staging.copy_in("back_grams", frame, {"id": "bigint", "name_grams": "int[]"})


def _uuid(text: str) -> str:
    import uuid

    return str(uuid.UUID(str(text)))
