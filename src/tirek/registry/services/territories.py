"""Giving a territory another range of numbers: everything that carries a number moves with it, grants included."""

from __future__ import annotations

import datetime as dt

import pgtrigger
from django.apps import apps
from django.db import connection
from django.utils.translation import gettext as _

from tirek.access.scope import Scope, loading
from tirek.registry.models import Territory
from tirek.registry.services.refusals import NotFound, Overlap, RegistryRefusal, check_right

LOCK = 7461729  # advisory: one renumbering at a time
COLUMNS = ("org_no", "org_lo", "org_hi")
BIGGEST = 2_147_483_647


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
        cursor.execute("lock table " + ", ".join(f'"{table}"' for table in targets) + " in share row exclusive mode")
        Territory.objects.filter(pk=territory_id).update(
            name_en=territory.name_en
        )  # leaves who and when in the history
        with pgtrigger.ignore():
            return sum(_move(cursor, table, columns, move) for table, columns in targets.items())


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


def _move(cursor, table: str, columns: list[str], move: dict) -> int:
    """Rows whose numbers all lie in the old range; a wider scope than the territory stays what it was."""
    inside = " and ".join(f'"{column}" between %s and %s' for column in columns)
    shifted = ", ".join(f'"{column}" = "{column}" + %s' for column in columns)
    values = [move["by"]] * len(columns) + [move["lo"], move["hi"]] * len(columns)
    cursor.execute(f'update "{table}" set {shifted} where {inside}', values)  # noqa: S608 - names come from the models
    return cursor.rowcount
