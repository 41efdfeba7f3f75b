"""Whom and which institution the audit is asked about: by number as links say it, by code, or by a part of the name."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.utils.translation import gettext as _

from tirek.access import own, places
from tirek.access.audit_words import places_named
from tirek.access.permissions import may
from tirek.access.roles import ScopeKind
from tirek.access.scope import Scope

MOST = 20
BIGGEST = 2_147_483_647
NOBODY = uuid.UUID(int=0)
NOWHERE = -1


@dataclass
class Narrowed:
    """Who and where, once each is one; until then what there is to choose from. ``searched``: people that were listed.

    ``found_person`` and ``found_code`` lead to the pages of what was found; ``only`` says what was not.
    """

    person: uuid.UUID | None = None
    org_no: int | None = None
    found_person: Any = None
    found_place: str = ""
    found_code: str = ""
    only: list[str] = field(default_factory=list)
    people: list[dict] = field(default_factory=list)
    places: list[places.Place] = field(default_factory=list)
    more: bool = False
    searched: int = 0


def narrowed(scope: Scope, asked: dict) -> Narrowed:
    """A text that fits nothing finds nothing: never everything."""
    found = Narrowed()
    if text := asked.get("person", "").strip():
        _person(found, scope, text)
    if text := asked.get("org_no", "").strip():
        _place(found, scope, text)
    return found


def may_search(scope: Scope) -> bool:
    return bool(scope.role) and may(scope.role, "people.search")


def _person(found: Narrowed, scope: Scope, text: str) -> None:
    by_number = _public_number(text)
    if by_number is not None:
        found.person = by_number
        rows = list(apps.get_model("registry", "person").objects.filter(public_id=by_number))
    else:
        rows = own.people_named_like(scope, text, MOST + 1) if may_search(scope) else []
        found.person, found.searched = (rows[0].public_id if len(rows) == 1 else NOBODY), len(rows[:MOST])
    if len(rows) > 1:
        names = places_named(person.org_no for person in rows)
        found.people = [{"person": person, "place": names.get(person.org_no, "")} for person in rows[:MOST]]
        found.more = len(rows) > MOST
    elif rows:
        found.found_person = rows[0]
    else:
        found.only.append(_nobody(text))


def _public_number(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _nobody(text: str) -> str:
    return _("nobody in your territory is found as “%(text)s”") % {"text": text}


def _place(found: Narrowed, scope: Scope, text: str) -> None:
    number = int(text) if text.isascii() and text.isdecimal() and int(text) <= BIGGEST else None
    if number is not None and (known := places_named([number])):
        institution = apps.get_model("registry", "institution").objects.get(org_no=number)
        found.org_no, found.found_place, found.found_code = number, known[number], institution.code
        return
    rows = places.offered(ScopeKind.INSTITUTION, text, scope, MOST + 1)
    if len(rows) > 1:
        found.org_no, found.places, found.more = NOWHERE, rows[:MOST], found.more or len(rows) > MOST
    elif rows:
        found.org_no, found.found_place, found.found_code = rows[0].lo, rows[0].label, rows[0].code
    else:  # a number of an institution that is closed by now is still a number
        found.org_no = NOWHERE if number is None else number
        found.only.append(_("no institution of today is found as “%(text)s”") % {"text": text})
