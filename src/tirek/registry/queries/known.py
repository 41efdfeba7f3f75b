"""Who is in the register already? Asked before somebody is added, within the asker's scope."""

from __future__ import annotations

import datetime as dt

from tirek.access.scope import Scope
from tirek.registry import identifiers, names
from tirek.registry.models import Person
from tirek.registry.queries.search import by_iin

MOST = 10


def alike(
    scope: Scope, *, family_name: str, given_name: str, birth_date: dt.date | None, iin: str = ""
) -> tuple[Person | None, list[Person]]:
    """The owner of the number, and others with the same family and given name and date of birth."""
    checked = identifiers.check_iin(iin) if iin else None
    owner = by_iin(scope, checked.value) if checked and checked.is_valid else None
    if owner is not None or birth_date is None:
        return owner, []
    key = names.person_sort_key(family_name, given_name)
    # comparisons and not LIKE: the planner may use the index on the name before it has asked the row policy
    found = Person.objects.filter(birth_date=birth_date, sort_key__gte=key, sort_key__lt=key + "\U0010ffff")
    rows = scope.limit(found).order_by("sort_key", "id")[:MOST]
    whole = len(key.split())
    return None, [person for person in rows if person.sort_key.split()[:whole] == key.split()]
