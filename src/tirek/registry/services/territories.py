"""Territories: what they are called from a day on, and another range of numbers, with which all that carries one moves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import pgtrigger
from django.apps import apps
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils.translation import gettext as _

from tirek.access.scope import Scope, loading
from tirek.registry import names
from tirek.registry.models import Territory, TerritoryState
from tirek.registry.services.refusals import (
    NotFound,
    Overlap,
    RegistryRefusal,
    WrongDate,
    check_date,
    check_right,
    shown,
)

LOCK = 7461729  # advisory: one renumbering at a time
COLUMNS = ("org_no", "org_lo", "org_hi")
BIGGEST = 2_147_483_647
KEPT = ("name_kk", "name_ru", "name_en", "settlement_kind", "longitude", "latitude")  # by period
CHANGEABLE = (*KEPT, "iso_3166_2")


def change_territory(
    *, territory_id: int, from_date: dt.date, changes: Mapping[str, object], by: Scope, now: dt.datetime
) -> Territory:
    """A territory has another name or place from a day on. Earlier days keep what they had."""
    check_begin(from_date, now)
    with loading():
        territory = _locked(territory_id, changes, by)
        since = since_when(territory)
        if from_date <= since:
            raise WrongDate(
                _("The last change is of {day}. Choose a later day, or correct that state instead.").format(
                    day=shown(since)
                ),
                day=since.isoformat(),
            )
        return rewrite(territory, changes, from_date)


def correct_territory(*, territory_id: int, changes: Mapping[str, object], by: Scope, now: dt.datetime) -> Territory:
    """The present name or place was recorded wrongly: it is rewritten, and the audit keeps what stood there."""
    with loading():
        return rewrite(_locked(territory_id, changes, by), changes, None)


def _locked(territory_id: int, changes: Mapping[str, object], by: Scope) -> Territory:
    unknown = set(changes) - set(CHANGEABLE)
    if unknown:
        raise RegistryRefusal(
            _("These cannot be changed here: {names}.").format(names=", ".join(sorted(unknown))), code="unknown_field"
        )
    if "name_kk" in changes and not names.clean(str(changes["name_kk"])):
        raise RegistryRefusal(_("Enter the name in Kazakh."), code="name_missing")
    territory = Territory.objects.select_for_update().filter(pk=territory_id).first()
    if territory is None:
        raise NotFound(_("There is no such territory."))
    check_right(by, "registry.change", territory.org_lo, territory.org_hi)
    return territory


def check_begin(day: dt.date, now: dt.datetime) -> None:
    """A territory's present state is that of today: what begins later is recorded on its day."""
    check_date(day, now)
    if day > now.date():
        raise WrongDate(
            _("{day} is not yet here. Record a territory's new name on its day or afterwards.").format(day=shown(day)),
            day=day.isoformat(),
        )


def since_when(territory: Territory) -> dt.date:
    """The day on which the present state began."""
    last = TerritoryState.objects.filter(territory=territory).order_by("-valid").first()
    return last.valid.upper if last else territory.valid.lower or dt.date.min


def rewrite(territory: Territory, values: Mapping[str, object], from_date: dt.date | None) -> Territory:
    """The one place where a territory's name and place are written; whoever calls has checked the right to it.

    With a day, what was in force until then is kept as a former state. To fill in what was not known is no change.
    """
    values = {column: names.clean(value) if isinstance(value, str) else value for column, value in values.items()}
    differing = [c for c in KEPT if c in values and getattr(territory, c) not in (None, "", values[c])]
    since = since_when(territory) if from_date and differing else None
    if from_date and since and from_date > since:
        kept = {column: getattr(territory, column) for column in (*KEPT, "sort_key", "org_lo", "org_hi")}
        TerritoryState.objects.create(territory=territory, valid=DateRange(since, from_date), **kept)
    for column, value in values.items():
        setattr(territory, column, value)
    territory.sort_key = names.sort_key(territory.name_kk, 200)
    territory.save(update_fields=[*values, "sort_key"])
    return territory


def renumber_territory(*, territory_id: int, new_lo: int, by: Scope, now: dt.datetime) -> int:
    """Move a territory's range so that it begins at ``new_lo``. Gives how many rows were changed.

    All tables are locked against writing until the end: for the quiet hours. The history of each row moves along, so that it
    is still seen by those who answer for the place; the move itself is kept in the history of the territories.
    """
    with loading(), connection.cursor() as cursor:
        territory = Territory.objects.filter(pk=territory_id).first()
        if territory is None:
            raise NotFound(_("There is no such territory."))
        check_right(by, "registry.change", territory.org_lo, territory.org_hi, new_lo)
        move = {"lo": territory.org_lo, "hi": territory.org_hi, "by": new_lo - territory.org_lo}
        _check_target(territory, new_lo, new_lo + territory.org_hi - territory.org_lo)
        cursor.execute("select pg_advisory_xact_lock(%s)", [LOCK])
        targets = _targets()
        ours = [table for table in targets if _may_change(cursor, table)]
        cursor.execute("lock table " + ", ".join(f'"{table}"' for table in ours) + " in share row exclusive mode")
        Territory.objects.filter(pk=territory_id).update(
            name_en=territory.name_en
        )  # leaves who and when in the history
        with pgtrigger.ignore():
            moved = sum(_move(cursor, table, targets[table], move) for table in ours)
            return moved + sum(_move_journal(cursor, table, move) for table in targets.keys() - set(ours))


def _check_target(territory: Territory, lo: int, hi: int) -> None:
    if lo <= territory.org_hi and hi >= territory.org_lo:
        raise Overlap(_("The new range overlaps the old one. Move it by more than its width."), code="range_overlap")
    parent = territory.parent
    if lo < 0 or hi > BIGGEST or (parent and not (parent.org_lo <= lo and hi <= parent.org_hi)):
        raise RegistryRefusal(_("The new range does not lie inside the parent territory's."), code="outside_parent")
    around = Territory.objects.filter(org_lo__lte=hi, org_hi__gte=lo).exclude(org_lo__lte=lo, org_hi__gte=hi)
    siblings = Territory.objects.filter(parent=parent, org_lo__lte=hi, org_hi__gte=lo)
    if around.exists() or siblings.exists():
        raise Overlap(_("Another territory has numbers in the new range already."), code="range_taken")


def _targets() -> dict[str, list[str]]:
    """Every table with a number of an institution, history included, and its columns."""
    found: dict[str, list[str]] = {}
    for model in apps.get_models(include_auto_created=True):
        if model._meta.managed and not model._meta.proxy:
            names = {field.column for field in model._meta.local_concrete_fields}
            columns = [column for column in COLUMNS if column in names]
            if columns:
                found[model._meta.db_table] = columns
    return found


def _may_change(cursor, table: str) -> bool:
    """Journals only grow: the program's roles have no right to change them (tirek.storage.journals)."""
    cursor.execute("select has_table_privilege(%s, 'update')", [table])
    return bool(cursor.fetchone()[0])


def _move_journal(cursor, table: str, move: dict) -> int:
    cursor.execute("select move_journal(%s, %s, %s, %s)", [table, move["lo"], move["hi"], move["by"]])
    return int(cursor.fetchone()[0])


def _move(cursor, table: str, columns: list[str], move: dict) -> int:
    """Rows whose numbers all lie in the old range; a wider scope than the territory stays what it was."""
    inside = " and ".join(f'"{column}" between %s and %s' for column in columns)
    shifted = ", ".join(f'"{column}" = "{column}" + %s' for column in columns)
    values = [move["by"]] * len(columns) + [move["lo"], move["hi"]] * len(columns)
    cursor.execute(f'update "{table}" set {shifted} where {inside}', values)  # noqa: S608 - names come from the models
    return cursor.rowcount
