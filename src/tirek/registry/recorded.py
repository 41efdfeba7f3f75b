"""Who recorded what about an institution, and when, in words, beside each of its states."""

from __future__ import annotations

from collections import defaultdict

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from tirek.access.queries import names_of
from tirek.registry import pages
from tirek.registry.models import InstitutionState
from tirek.registry.queries import institutions

SILENT = {"institution_id", "org_no", "territory_id", "longitude", "latitude"}


def recorded(institution_id: int) -> dict[int, list[str]]:
    """A sentence for each change of a state, oldest first, by the state's identifier; empty outside the asker's scope."""
    changes = institutions.changes(institution_id)
    names = names_of(change["user_id"] for change in changes)
    found: dict[int, list[str]] = defaultdict(list)
    for change in reversed(changes):
        found[change["state_id"]].append(_sentence(change, names))
    return found


def _sentence(change: dict, names: dict[int, str]) -> str:
    facts = {
        "at": date_format(timezone.localtime(change["at"]), "DATETIME_FORMAT"),
        "who": names.get(change["user_id"]) or _("the program"),
    }
    if change["label"] == "insert":
        return _("Recorded on %(at)s by %(who)s.") % facts
    if change["label"] == "delete":
        return _("Removed on %(at)s by %(who)s.") % facts
    what = "; ".join(_fact(name, *pair) for name, pair in change["fields"].items() if name not in SILENT)
    return _("Changed on %(at)s by %(who)s: %(what)s.") % (facts | {"what": what})


def _fact(name: str, before, after) -> str:
    field = InstitutionState._meta.get_field(name)
    if name == "valid":
        return f"{pages.period_words(before) or '—'} → {pages.period_words(after)}"
    return f"{field.verbose_name}: {_words(field, before)} → {_words(field, after)}"


def _words(field, value) -> str:
    if value is None or value == "" or value == []:
        return "—"
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        choices = dict(field.base_field.choices)
        return ", ".join(str(choices.get(item, item)) for item in value)
    return str(dict(field.choices or ()).get(value, value))
