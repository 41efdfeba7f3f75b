"""A change of a row as people read it: which fields, what they were, what they are, and of whom the row speaks."""

from __future__ import annotations

import datetime
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.apps import apps
from django.core.cache import cache
from django.db import connection
from django.db.models import ForeignKey, Model
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

SECRET = {"iin_encrypted", "iin_hash", "password", "secret_data"}
OURS = {
    "pgh_id",
    "pgh_created_at",
    "pgh_label",
    "pgh_obj",
    "pgh_context",
    "id",
    "sort_key",
    "org_no",
    "org_lo",
    "org_hi",
    "institution",  # the row says so itself, by org_no
}
FEW = "registry.schoolyear"  # a handful of rows that hardly change: asked once in a while, not once a page
FEW_SECONDS = 300
MOST_LETTERS = 200


@dataclass
class Difference:
    label: str
    before: str
    after: str


class Related:
    """What the keys of a page's rows point at, asked of the database once a table."""

    def __init__(self, rows: Iterable[Model]):
        wanted: dict[type[Model], set] = defaultdict(set)
        for row in rows:
            for column in _keys(row):
                if (value := getattr(row, column.attname)) is not None:
                    wanted[column.related_model].add(value)
        self.found = {model: _by_key(model, pks) for model, pks in wanted.items()}

    def name(self, column: ForeignKey, value) -> str:
        thing = self.found.get(column.related_model, {}).get(value)
        if thing is None:
            return _("No. %(number)s") % {"number": value}
        return local_name(thing) or str(thing)


def _by_key(model: type[Model], pks: set) -> dict:
    if model._meta.label_lower != FEW:
        return model._default_manager.in_bulk(list(pks))
    key = f"audit:{connection.settings_dict['NAME']}:{FEW}"
    known = cache.get(key)
    if known is None or not pks <= known.keys():
        known = model._default_manager.in_bulk()
        cache.set(key, known, FEW_SECONDS)
    return known


def _keys(row: Model) -> list[ForeignKey]:
    return [c for c in row._meta.concrete_fields if isinstance(c, ForeignKey) and c.name not in OURS]


def local_name(thing) -> str:
    """A name in the reader's language where the thing has names in three."""
    return getattr(thing, f"name_{(get_language() or 'kk')[:2]}", "") or getattr(thing, "name_kk", "")


def differences(row: Model, before: Model | None, related: Related) -> list[Difference]:
    """Field by field: of an update what is different, of an insert or delete what is there."""
    found = []
    for column in row._meta.concrete_fields:
        if column.name in OURS:
            continue
        new = getattr(row, column.attname)
        old = getattr(before, column.attname) if before is not None else None
        if row.pgh_label == "update" and (before is None or old == new):
            continue
        if row.pgh_label != "update" and new in (None, "", 0, False, [], {}):
            continue
        label = _(str(column.verbose_name).removesuffix(" id"))
        shown = _shown(column, new, related)
        if row.pgh_label == "delete":
            found.append(Difference(label, shown, ""))
        else:
            found.append(Difference(label, _shown(column, old, related) if before is not None else "", shown))
    return found


def _shown(column, value, related: Related) -> str:
    if value in (None, "", [], {}):
        return ""
    if column.name in SECRET or isinstance(value, (bytes, memoryview)):
        return _("(kept secret)")
    if isinstance(column, ForeignKey):
        return related.name(column, value)
    if column.choices:
        return str(dict(column.flatchoices).get(value, value))
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if hasattr(value, "lower") and hasattr(value, "upper_inf"):
        start, end = (_day(day) if day else "" for day in (value.lower, value.upper))
        return f"{start} – {end}"
    if isinstance(value, datetime.date):
        return _day(value)
    if isinstance(value, list):
        words = dict(getattr(getattr(column, "base_field", None), "flatchoices", ()) or ())
        return ", ".join(_item(item, words) for item in value)[:MOST_LETTERS]
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)[:MOST_LETTERS]
    return str(value)[:MOST_LETTERS]


def _item(item, words: dict) -> str:
    """One of a list: a choice in its words, or what a JSON column holds."""
    return json.dumps(item, ensure_ascii=False) if isinstance(item, (dict, list)) else str(words.get(item, item))


def _day(value: datetime.date) -> str:
    """As the reader's language writes it; a moment with its time."""
    if isinstance(value, datetime.datetime):
        return date_format(timezone.localtime(value), "SHORT_DATETIME_FORMAT")
    return date_format(value, "SHORT_DATE_FORMAT")


def thing_of(row: Model) -> str:
    """The name of the row that changed, as it was after the change; nothing where its kind has no names."""
    model = row.pgh_tracked_model
    if "__str__" not in vars(model):
        return ""
    try:
        return local_name(row) or str(model.__str__(row))  # an event has the columns of what it watches
    except AttributeError:
        return ""


def people_named(person_ids: Iterable[int | None]) -> dict[int, Model]:
    """The people of the rows whom the asker may see."""
    wanted = {pk for pk in person_ids if pk}
    return apps.get_model("registry", "person").objects.in_bulk(list(wanted)) if wanted else {}


def places_named(org_nos: Iterable[int | None]) -> dict[int, str]:
    """The institutions of the rows, by the names they have now."""
    wanted = {number for number in org_nos if number}
    if not wanted:
        return {}
    states = apps.get_model("registry", "institutionstate").objects.filter(org_no__in=wanted, valid__upper_inf=True)
    return {state.org_no: local_name(state) for state in states}
