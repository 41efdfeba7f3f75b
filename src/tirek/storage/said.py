"""Sentences that can be said again in another language: whoever reads a stored message need not be who caused it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext

Values = Mapping[str, object]


class Said(str):
    """A translated text that remembers what it was translated from, and with which values."""

    __slots__ = ("number", "plural", "text", "values")
    text: str
    plural: str
    number: int
    values: Values | None

    def __new__(cls, text: str, values: Values | None = None, *, plural: str = "", number: int = 0) -> Said:
        words = ngettext(text, plural, number) if plural else gettext(text)
        self = super().__new__(cls, words % values if values is not None else words)
        self.text, self.values, self.plural, self.number = text, values, plural, number
        return self

    def __mod__(self, values) -> Said:
        return Said(self.text, values, plural=self.plural, number=self.number)


def said(text: str | Promise) -> Said:
    """To be imported as ``_``: like gettext, for messages that are kept."""
    return Said(_source(text))


def nsaid(text: str, plural: str, number: int) -> Said:
    """Like ngettext."""
    return Said(text, plural=plural, number=number)


def kept_of(words: str) -> str | None:
    """What is stored of a sentence beside its words; None when it cannot be said again."""
    if not isinstance(words, Said):
        return None
    parts: dict[str, object] = {"text": words.text}
    if words.values is not None:
        parts["values"] = {name: _plain(value) for name, value in words.values.items()}
    if words.plural:
        parts |= {"plural": words.plural, "number": words.number}
    return json.dumps(parts, ensure_ascii=False)


def again(stored: str) -> str:
    """The sentence in the language of now."""
    parts = json.loads(stored)
    values = parts.get("values")
    if values is not None:
        values = {name: gettext(v["text"]) if isinstance(v, dict) else v for name, v in values.items()}
    return str(Said(parts["text"], values, plural=parts.get("plural", ""), number=parts.get("number", 0)))


def _source(text: str | Promise) -> str:
    """A lazily translated text in the language it was written in."""
    if not isinstance(text, Promise):
        return text
    with translation.override(None):
        return str(text)


def _plain(value: object) -> object:
    if isinstance(value, Promise):
        return {"text": _source(value)}
    return value if isinstance(value, int | float | str) or value is None else str(value)
