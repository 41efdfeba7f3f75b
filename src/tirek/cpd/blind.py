"""A text without the words that tell who wrote it: names of the person and of the school, and what looks like an address."""

from __future__ import annotations

import re
from collections.abc import Iterable

HIDDEN = "•••"
ADDRESS = re.compile(r"\S+@\S+|https?://\S+|www\.\S+|\+?\d[\d\s()-]{8,}\d")
SHORTEST = 3


def blinded(text: str, words: Iterable[str]) -> str:
    """The text with each of the words (and their forms with endings), addresses and telephone numbers taken out."""
    stems = sorted({_stem(word) for word in words if len(word) >= SHORTEST}, key=len, reverse=True)
    text = ADDRESS.sub(HIDDEN, text)
    for stem in stems:
        text = re.sub(rf"\b{re.escape(stem)}\w*", HIDDEN, text, flags=re.IGNORECASE)
    return text


def _stem(word: str) -> str:
    """Kazakh and Russian change the ends of names: what is left without the last letter of a long one."""
    return word[:-1] if len(word) > 5 else word


def words_of(*names: str) -> set[str]:
    """Words of names, without the small ones and those that name every school."""
    common = {"мектеп", "мектебі", "школа", "гимназия", "гимназиясы", "лицей", "лицейі", "орта", "жалпы", "білім", "беретін",
              "средняя", "общеобразовательная", "school", "имени", "атындағы"}  # fmt: skip
    found = {word for name in names for word in re.findall(r"\w+", name)}
    return {word for word in found if len(word) >= SHORTEST and word.casefold() not in common and not word.isdigit()}
