"""Labels in several languages, with answers of earlier questions in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

XF = "{http://www.w3.org/2002/xforms}"
CODE = re.compile(r"\(([a-zA-Z]{2,3})(?:-[\w-]+)?\)\s*$")
ITEXT = re.compile(r"jr:itext\('(.*)'\)", re.DOTALL)
NAMES = {
    "kazakh": "kk", "қазақша": "kk", "қазақ": "kk", "russian": "ru", "русский": "ru", "по-русски": "ru",
    "english": "en", "ағылшын": "en", "английский": "en",
}  # fmt: skip
ABSENT = "-"
"""What pyxform writes where a language lacks a text."""

Part = str | tuple[str]
"""A text, or the expression of an answer that stands in it (a tuple of one)."""


@dataclass(frozen=True)
class Text:
    """``said`` is the text by language; the key "" is a text that has no language."""

    said: Mapping[str, tuple[Part, ...]] = field(default_factory=dict)
    first: str = ""

    def __bool__(self) -> bool:
        return any(parts for parts in self.said.values())

    def parts(self, language: str) -> tuple[Part, ...]:
        """In the language, else in the form's first, else in any."""
        for wanted in (language, self.first, "", *self.said):
            if self.said.get(wanted):
                return self.said[wanted]
        return ()

    def say(self, language: str, value: Callable[[str], str] = lambda expression: "…") -> str:
        """The text, with ``value`` giving what stands for each expression."""
        return "".join(part if isinstance(part, str) else value(part[0]) for part in self.parts(language))

    def has(self, language: str) -> bool:
        return bool(self.said.get(language) or self.said.get(""))


def code_of(name: str) -> str:
    """``Қазақша (kk)`` is kk; a name without a code is known by its name, or stands for itself."""
    found = CODE.search(name)
    return found[1].lower() if found else NAMES.get(name.strip().lower(), name.strip())


MEDIA = {"image", "big-image", "audio", "video"}


def _place_of(name: str) -> str:
    """The question or list of a text: ``/data/g/q:label`` and ``animals-0`` are q and animals."""
    return name.partition(":")[0].rpartition("/")[2] if ":" in name else name.rpartition("-")[0]


class Translations:
    """The dictionary of a form: id -> text; ``media`` are places with the files that they want to show."""

    def __init__(self, languages: tuple[str, ...], texts: dict[str, Text], media: tuple[tuple[str, str], ...] = ()):
        self.languages, self._texts, self.media = languages, texts, media

    @classmethod
    def read(cls, itext: Element | None) -> Translations:
        if itext is None:
            return cls((), {})
        translations = itext.findall(f"{XF}translation")
        codes = [code_of(one.get("lang", "")) for one in translations]
        first = next(
            (c for c, t in zip(codes, translations, strict=True) if t.get("default")), codes[0] if codes else ""
        )
        said: dict[str, dict[str, tuple[Part, ...]]] = {}
        for code, translation in zip(codes, translations, strict=True):
            for text in translation:
                value = next((v for v in text.findall(f"{XF}value") if v.get("form") is None), None)
                parts = parts_of(value)
                if parts and parts != (ABSENT,):
                    said.setdefault(text.get("id", ""), {})[code] = parts
        media = [
            (_place_of(text.get("id", "")), (value.text or "").rpartition("/")[2])
            for translation in translations
            for text in translation
            for value in text.findall(f"{XF}value")
            if value.get("form") in MEDIA
        ]
        texts = {name: Text(by, first) for name, by in said.items()}
        return cls(tuple(dict.fromkeys(codes)), texts, tuple(dict.fromkeys(media)))

    def text(self, name: str) -> Text:
        return self._texts.get(name, Text())

    def referred(self, value: str) -> Text:
        """``jr:itext('…')`` or a plain text."""
        found = ITEXT.fullmatch(value.strip())
        return self.text(found[1]) if found else Text({"": (value,)})


def text_of(element: Element | None, texts: Translations) -> Text:
    """A label's or hint's text."""
    if element is None:
        return Text()
    reference = element.get("ref")
    if reference:
        return texts.referred(reference)
    parts = parts_of(element)
    return Text({"": parts}) if parts else Text()


def parts_of(element: Element | None) -> tuple[Part, ...]:
    """Texts and the expressions between them."""
    if element is None:
        return ()
    found: list[Part] = [element.text or ""]
    for child in element:
        if child.tag.endswith("output"):
            found.append((child.get("value", ""),))
        found.append(child.tail or "")
    parts = tuple(part for part in found if part != "")
    if parts and isinstance(parts[0], str):
        parts = (parts[0].lstrip(), *parts[1:])
    return tuple(part for part in parts if part != "")
