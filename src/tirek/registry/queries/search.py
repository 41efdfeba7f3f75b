"""Finding a person by a part of the name, also mistyped, or by the exact IIN.

PostgreSQL does not use an index with an operator that might leak (as ``@>`` on arrays) before a row policy has been
checked, and a country has millions of people. So candidates are found under the loader's role, limited here to
the asker's range, and then read again under the asker's own policies: what the second
reading does not give is not shown.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q

from tirek.access.scope import Scope, current_scope, loading
from tirek.registry import identifiers, names
from tirek.registry.models import Person
from tirek.registry.models.people import PlacedGrams, place_marks
from tirek.storage import secrets

CANDIDATES = 400
MISTYPED_GRAMS = 6  # fewer say too little once some of them may be wrong
SHORTEST = 2
WINDOW = 3  # trigrams that one wrong letter spoils


def people(scope: Scope, text: str, *, limit: int = 25) -> list[Person]:
    """People whose name matches, best first; an exact IIN finds its owner. Nothing for a text too short to search."""
    text = text.strip()
    checked = identifiers.check_iin(text)
    if checked.is_valid:
        found = by_iin(scope, checked.value)
        return [found] if found else []
    asked = names.query_grams(text)
    if len(names.reduced(text)) < SHORTEST:
        return []
    found = _read(scope, _containing(scope, asked))
    if not found and len(asked) >= MISTYPED_GRAMS:
        found = _nearest(_read(scope, _almost(scope, asked)), text)
    return found[:limit]


def by_iin(scope: Scope, iin: str) -> Person | None:
    """The owner of a number through its keyed hash, if in scope."""
    return scope.limit(Person.objects.filter(iin_hash=secrets.keyed_hash(iin))).first()


def _containing(scope: Scope, asked: Sequence[int]) -> list[int]:
    return _candidates(scope, Q(placed_grams__contains=[*asked, *_marks(scope)]))


def _almost(scope: Scope, asked: Sequence[int]) -> list[int]:
    """One wrong letter spoils three neighbouring trigrams: then the first or the last third of them is still whole."""
    part = max(2, (len(asked) - WINDOW + 1) // 2)
    marks = _marks(scope)
    either = Q(placed_grams__contains=[*asked[:part], *marks]) | Q(placed_grams__contains=[*asked[-part:], *marks])
    return _candidates(scope, either)


def _marks(scope: Scope) -> list[int]:
    """What narrows the index to the asker's region or district."""
    if scope.is_country or scope.is_own or scope.lo is None or scope.hi is None:
        return []
    return place_marks(scope.lo, scope.hi)


def _candidates(scope: Scope, condition: Q) -> list[int]:
    """Identifiers in the asker's range. The caller's right to search was checked by the address's gate."""
    found = Person.objects.alias(placed_grams=PlacedGrams()).filter(condition).values_list("id", flat=True)
    if scope.is_own:
        return list(found[:CANDIDATES])
    with loading():
        return list(scope.limit(found)[:CANDIDATES])


def _read(scope: Scope, ids: list[int]) -> list[Person]:
    """Read under the asker's own policies."""
    if current_scope() != scope:
        raise RuntimeError("A search runs under the scope of the one who asks.")
    return list(scope.limit(Person.objects.filter(id__in=ids)).order_by("sort_key", "id")) if ids else []


def _nearest(found: list[Person], text: str) -> list[Person]:
    """Those that share most trigrams with the text, none that share less than half."""
    asked = set(names.query_grams(text))
    shared = [(len(asked & set(person.name_grams)), person) for person in found]
    kept = [(count, person) for count, person in shared if 2 * count >= len(asked)]
    return [person for _, person in sorted(kept, key=lambda pair: (-pair[0], pair[1].sort_key))]
