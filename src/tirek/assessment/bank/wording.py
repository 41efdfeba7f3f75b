"""The wording of an item: a stem and options in each language, and how a version keeps them.

A version's ``content`` is ``{"ru": {"stem": "…", "options": [{"letter": "A", "text": "…"}, …]}, …}``. Languages without
words are left out. An option's letter is its place.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass

LANGUAGES = ("kk", "ru", "en")
WITH_OPTIONS = ("choice", "choices")


@dataclass(frozen=True)
class Wording:
    """An item in one language."""

    stem: str = ""
    options: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not self.stem and not self.options

    @property
    def lettered(self) -> list[tuple[str, str]]:
        return [(letter(place), text) for place, text in enumerate(self.options)]

    @property
    def plain(self) -> str:
        """The whole as lines of text."""
        return "\n".join([self.stem, *(f"{name}) {text}" for name, text in self.lettered)])


def letter(place: int) -> str:
    return chr(ord("A") + place)


def tidy(text: str) -> str:
    """Lines without needless spaces, and no empty ones: as a QTI file gives them back."""
    lines = (" ".join(line.split()) for line in (text or "").splitlines())
    return "\n".join(line for line in lines if line)


def wording(stem: str, options: str | tuple[str, ...] | list[str] = ()) -> Wording:
    """A tidy wording; options as a text are one a line."""
    if isinstance(options, str):
        return Wording(tidy(stem), tuple(tidy(options).split("\n")) if tidy(options) else ())
    return Wording(tidy(stem), tuple(tidy(option).replace("\n", " ") for option in options))


def wordings_of(content: Mapping | None) -> dict[str, Wording]:
    """By language, in the usual order; languages without words are left out."""
    found = {}
    for language in LANGUAGES:
        held = (content or {}).get(language) or {}
        made = Wording(held.get("stem", ""), tuple(option["text"] for option in held.get("options", ())))
        if not made.is_empty:
            found[language] = made
    return found


def content_of(wordings: Mapping[str, Wording]) -> dict:
    return {
        language: {
            "stem": found.stem,
            "options": [{"letter": name, "text": text} for name, text in found.lettered],
        }
        for language, found in wordings.items()
        if not found.is_empty
    }


def in_language(wordings: Mapping[str, Wording], language: str) -> Wording:
    """In this language, else in the first there is."""
    return wordings.get(language) or next(iter(wordings.values()), Wording())


def changes(before: str, after: str) -> list[tuple[str, str]]:
    """Pieces of the two texts in order: ("same" | "gone" | "new", words)."""
    old, new = re.findall(r"\s+|\S+", before), re.findall(r"\s+|\S+", after)
    pieces: list[tuple[str, str]] = []
    for what, a, b, c, d in difflib.SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if what == "equal":
            pieces.append(("same", "".join(old[a:b])))
            continue
        if b > a:
            pieces.append(("gone", "".join(old[a:b])))
        if d > c:
            pieces.append(("new", "".join(new[c:d])))
    return pieces
