"""Open answers: searched by words, shown to officers of the scope, with names and numbers covered."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib.postgres.search import SearchQuery
from django.utils import timezone

from tirek.access.scope import Scope, loading
from tirek.registry.models import Employment, Person
from tirek.storage import sealed
from tirek.surveys.models import OpenAnswer, ResponseFile, Round

COVER = "▮▮▮"
MAIL = re.compile(r"\S+@\S+\.\S+")
DIGITS = re.compile(r"\+?\d[\d\s()\-]{5,}\d")
WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
MOST = 400
SHORTEST_NAME = 4
STEM = 5


@dataclass(frozen=True)
class Shown:
    """A text as it is shown: nobody's school below a district, names covered."""

    item: str
    text: str


def texts_of(found: Round, scope: Scope, org_nos: Sequence[int], *, item: str = "", words: str = "") -> list[Shown]:
    """Open answers of some schools of the scope, in an order that follows from nothing."""
    mine = [no for no in org_nos if scope.covers(no)]
    with loading():
        rows = OpenAnswer.objects.filter(round=found, org_no__in=mine)
        if item:
            rows = rows.filter(item=item)
        for word in words.split()[:8]:
            rows = (
                rows.filter(search=SearchQuery(f"{_plain(word)}:*", config="simple", search_type="raw"))
                if _plain(word)
                else rows
            )
        found_rows = list(rows.order_by("response_id").values_list("org_no", "item", "text")[:MOST])
        stems = name_stems({org_no for org_no, _item, _text in found_rows})
    return [Shown(item_, covered(text, stems.get(org_no, frozenset()))) for org_no, item_, text in found_rows]


def pictures_of(found: Round, org_nos: Sequence[int]) -> list[str]:
    """Digests of the pictures that some schools' people gave, in an order that follows from nothing."""
    with loading():
        rows = ResponseFile.objects.filter(round=found, org_no__in=list(org_nos))
        return list(rows.order_by("sha256").values_list("sha256", flat=True).distinct()[:MOST])


def picture_of(found: Round, org_nos: Sequence[int], sha256: str) -> bytes | None:
    with loading():
        rows = ResponseFile.objects.filter(round=found, org_no__in=list(org_nos), sha256=sha256)
        return sealed.read(sha256) if rows.exists() else None


def _plain(word: str) -> str:
    return "".join(sign for sign in word.lower() if sign.isalnum())


def name_stems(org_nos: set[int]) -> dict[int, frozenset[str]]:
    """Beginnings of the family and given names of a school's staff: Kazakh and Russian change the ends of names."""
    rows = Employment.objects.filter(org_no__in=org_nos, valid__contains=timezone.localdate()).values_list(
        "org_no", "person_id"
    )
    people: dict[int, list[int]] = {}
    for org_no, person in rows:
        people.setdefault(org_no, []).append(person)
    wanted = {person for ids in people.values() for person in ids}
    names = {
        pk: (family, given)
        for pk, family, given in Person.objects.filter(pk__in=wanted).values_list("pk", "family_name", "given_name")
    }
    return {
        org_no: frozenset(_stem(name) for pk in ids for name in names.get(pk, ()) if len(name) >= SHORTEST_NAME)
        for org_no, ids in people.items()
    }


def _stem(name: str) -> str:
    return name.lower()[: max(SHORTEST_NAME, min(STEM, len(name) - 1))]


def covered(text: str, stems: frozenset[str]) -> str:
    """The text with addresses, long numbers and names of the school's staff covered.

    Only words that begin with a capital letter are taken for names.
    """
    text = DIGITS.sub(COVER, MAIL.sub(COVER, text))

    def shown(match: re.Match[str]) -> str:
        word = match[0]
        low = word.lower()
        is_name = word[0].isupper() and any(low.startswith(stem) for stem in _beginnings(low) & stems)
        return COVER if is_name else word

    return WORD.sub(shown, text)


def _beginnings(word: str) -> set[str]:
    return {word[:length] for length in range(SHORTEST_NAME, STEM + 1)}
