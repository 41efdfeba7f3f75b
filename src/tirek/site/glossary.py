"""The field's words in three languages, read from glossary.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

SOURCE = Path(__file__).with_name("glossary.yaml")


@dataclass(frozen=True)
class Term:
    """A word and what it means, by language."""

    id: str
    names: dict[str, str]
    meanings: dict[str, str]


@cache
def terms() -> dict[str, Term]:
    """Every term by its id, in the file's order."""
    raw = yaml.safe_load(SOURCE.read_text())
    languages = ("kk", "ru", "en")
    return {
        key: Term(key, {code: entry[code] for code in languages}, {code: entry[f"say_{code}"] for code in languages})
        for key, entry in raw.items()
    }


def in_language(code: str) -> list[dict[str, str]]:
    """Terms as a page lists them: the reader's word first, its meaning, and the word in the other languages."""
    others = [other for other in ("kk", "ru", "en") if other != code]
    rows = [
        {
            "id": term.id,
            "name": term.names[code],
            "meaning": term.meanings[code],
            "others": " · ".join(dict.fromkeys(term.names[o] for o in others)),
        }
        for term in terms().values()
    ]
    return sorted(rows, key=lambda row: row["name"].casefold())
