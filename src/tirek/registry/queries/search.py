"""Finding a person by a part of the name, also mistyped, or by the exact IIN.

PostgreSQL does not use an index with an operator that might leak (as ``@>`` on arrays) before a row policy has been
checked, and a country has millions of people. So candidates are found under the loader's role, limited here to
the asker's range, and then read again under the asker's own policies: what the second
reading does not give is not shown.

The index holds trigrams by region (``PlacedGrams``). One wrong letter spoils three neighbouring trigrams of the text, two
letters exchanged spoil four: so a mistyped name has all of the others, whichever they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db import connection

from tirek.access.scope import Scope, current_scope, loading
from tirek.registry import identifiers, names
from tirek.registry.models import Person
from tirek.registry.models.people import REGION_SPAN, district_mark, placed_grams
from tirek.registry.queries import territories
from tirek.storage import secrets

CANDIDATES = 400
MISTYPED_GRAMS = 6  # fewer say too little once some of them may be wrong
SPREAD = 4  # regions that candidates come from at least, where so many have any
SHORTEST = 2
WRONG_LETTER, EXCHANGED_LETTERS = 3, 4  # neighbouring trigrams that they spoil
CLOSE_GRAMS = 2 * EXCHANGED_LETTERS  # with fewer, less than half would be left
OWN_PEOPLE = 2_000

Needed = Sequence[Sequence[int]]
"""Trigrams of which a name must have all of one row."""


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
    ids, is_exact = _candidates(scope, asked)
    found = _read(scope, ids)
    return (found if is_exact else _nearest(found, text))[:limit]


def by_iin(scope: Scope, iin: str) -> Person | None:
    """The owner of a number through its keyed hash, if in scope."""
    return scope.limit(Person.objects.filter(iin_hash=secrets.keyed_hash(iin))).first()


def _steps(asked: Sequence[int]) -> Iterator[Needed]:
    """What a name must have, from the strictest to the loosest: all; all but what a wrong letter spoils; else a half."""
    yield [asked]
    if len(asked) < MISTYPED_GRAMS:
        return
    yield _all_but(asked, WRONG_LETTER)
    part = max(2, (len(asked) - WRONG_LETTER + 1) // 2)
    exchanged = _all_but(asked, EXCHANGED_LETTERS) if len(asked) >= CLOSE_GRAMS else []
    yield [*exchanged, asked[:part], asked[-part:]]


def _all_but(asked: Sequence[int], spoilt: int) -> Needed:
    return [[*asked[:n], *asked[n + spoilt :]] for n in range(len(asked) - spoilt + 1)]


def _candidates(scope: Scope, asked: Sequence[int]) -> tuple[list[int], bool]:
    """Identifiers in the asker's range, and whether they have the whole text. The gate checked the right to search."""
    if scope.is_own:
        return _own(asked)
    if not scope.is_country and (scope.lo is None or scope.hi is None):
        return [], True
    with loading():
        regions = _regions(scope)
        for n, needed in enumerate(_steps(asked)):
            if ids := _with(scope, regions, needed):
                return ids, n == 0
    return [], False


def _own(asked: Sequence[int]) -> tuple[list[int], bool]:
    """One's own people are few, and the policy gives no others: they are looked through."""
    rows = [(pk, set(grams)) for pk, grams in Person.objects.values_list("id", "name_grams")[:OWN_PEOPLE]]
    for n, needed in enumerate(_steps(asked)):
        if ids := [pk for pk, grams in rows if any(grams.issuperset(part) for part in needed)]:
            return ids, n == 0
    return [], False


def _regions(scope: Scope) -> list[int]:
    """Numbers of the regions that the range touches; 0 holds those whom no institution answers for."""
    if scope.is_country:
        return [0, *territories.region_numbers()]
    return list(range(scope.lo // REGION_SPAN, scope.hi // REGION_SPAN + 1))


def _with(scope: Scope, regions: Sequence[int], needed: Needed) -> list[int]:
    """Candidates from one region after another until there are enough, from several regions at least.

    The arrays stand in the statement as constants: the planner knows how rare each trigram is.
    """
    inside = "" if scope.is_country else f" and org_no between {int(scope.lo)} and {int(scope.hi)}"
    mark = [] if scope.is_country else district_mark(scope.lo, scope.hi)
    share = CANDIDATES if len(regions) == 1 else CANDIDATES // SPREAD
    parts = []
    for region in regions:
        has = " or ".join(_has([*placed_grams(part, region), *mark]) for part in needed)
        parts.append(f"(select id from registry_person where ({has}){inside} limit {share})")  # noqa: S608 (numbers only)
    together = f"select id from ({' union all '.join(parts)}) found limit {CANDIDATES}"  # noqa: S608 (as above)
    with connection.cursor() as cursor:
        cursor.execute(together)
        return [pk for (pk,) in cursor.fetchall()]


def _has(grams: Sequence[int]) -> str:
    return f"registry_placed_grams(name_grams, org_no) @> '{{{','.join(map(str, grams))}}}'::int[]"


def _read(scope: Scope, ids: list[int]) -> list[Person]:
    """Read under the asker's own policies."""
    if current_scope() != scope:
        raise RuntimeError("A search runs under the scope of the one who asks.")
    return list(scope.limit(Person.objects.filter(id__in=ids)).order_by("sort_key", "id")) if ids else []


def _nearest(found: list[Person], text: str) -> list[Person]:
    """Those that share at least half of the text's trigrams, by how near a word of the name comes to each word of the text."""
    wanted, asked = set(names.query_grams(text)), _words(text)
    near = [person for person in found if 2 * len(wanted & set(person.name_grams)) >= len(wanted)]
    scored = [(_likeness(asked, _words(str(person))), person) for person in near]
    return [person for _, person in sorted(scored, key=lambda pair: (-pair[0], pair[1].sort_key, pair[1].pk))]


def _words(text: str) -> list[set[str]]:
    """Trigrams of each word as it is compared."""
    padded = (f"  {word} " for word in names.reduced(text).split())
    return [{word[n : n + 3] for n in range(len(word) - 2)} for word in padded]


def _likeness(asked: list[set[str]], known: list[set[str]]) -> float:
    """For each word of the text the share of trigrams in common with the nearest word of the name, summed (Dice)."""
    return sum(max((2 * len(a & b) / (len(a) + len(b)) for b in known), default=0.0) for a in asked)
