"""What is amiss with an item, in plain words, by field: while it is written, and before tests may use it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext as _

from tirek.assessment.bank.wording import LANGUAGES, WITH_OPTIONS, Wording, letter

MOST_OPTIONS = 8  # as many letters as answer sheets know
NEEDED = ("kk", "ru")
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")
Amiss = tuple[str, str]
"""A field and a sentence."""


@dataclass(frozen=True)
class PictureFacts:
    """A picture of a version: sealed bytes, and its meaning in words. Without a language it is for all of them."""

    name: str
    sha256: str
    media_type: str
    language: str = ""
    words: Mapping[str, str] = field(default_factory=dict)

    def serves(self, language: str) -> bool:
        return self.language in ("", language)


def code_amiss(code: str) -> list[Amiss]:
    if CODE.fullmatch(code):
        return []
    return [("code", _("Write a code of at most 32 Latin letters, digits, hyphens, points or underlines: MA-4-017."))]


def number(text: str) -> Decimal | None:
    """A number as people write it (12,5 or −3), or None."""
    try:
        found = Decimal(text.strip().replace(",", ".").replace("−", "-").replace(" ", "").replace("\u00a0", ""))
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def tidy_key(kind: str, key: str) -> str:
    """The key as it is kept: letters in order, numbers with a point, alternatives parted by a bar."""
    if kind in WITH_OPTIONS:
        return "".join(sorted(set(re.sub(r"[\s,;]", "", key).upper())))
    if kind == "open":
        return ""
    parts = [part.strip() for part in key.split("|") if part.strip()]
    if kind == "number":
        parts = [part if number(part) is None else str(number(part)) for part in parts]
    return "|".join(parts)


def amiss(kind: str, key: str, tolerance: str, wordings: Mapping[str, Wording]) -> list[Amiss]:
    """What may not be saved at all; ``key`` as `tidy_key` gives it."""
    found: list[Amiss] = []
    if not any(held.stem for held in wordings.values()):
        found.append(("stem_kk", _("Write the task in at least one language.")))
    found += _options_amiss(kind, wordings) or _key_amiss(kind, key, tolerance, wordings)
    return found


def _options_amiss(kind: str, wordings: Mapping[str, Wording]) -> list[Amiss]:
    counts = {language: len(held.options) for language, held in wordings.items() if not held.is_empty}
    if kind not in WITH_OPTIONS:
        given = [language for language, n in counts.items() if n]
        return [
            (f"options_{language}", _("This kind of answer has no options. Leave them empty.")) for language in given
        ]
    few = [language for language, n in counts.items() if n < 2]
    if few:
        return [(f"options_{language}", _("Write at least two options, one a line.")) for language in few]
    if max(counts.values(), default=0) > MOST_OPTIONS:
        return [("options_kk", _("At most %(n)s options are possible.") % {"n": MOST_OPTIONS})]
    if len(set(counts.values())) > 1:
        message = _("Every language needs as many options: there are %(counts)s.")
        told = ", ".join(f"{language} {n}" for language, n in counts.items())
        return [(f"options_{next(iter(counts))}", message % {"counts": told})]
    return [
        (f"options_{language}", _("Two options are the same. Change one of them."))
        for language, held in wordings.items()
        if len(set(held.options)) < len(held.options)
    ]


def _key_amiss(kind: str, key: str, tolerance: str, wordings: Mapping[str, Wording]) -> list[Amiss]:
    if kind == "open":
        return []
    if not key:
        return [("key", _("Give the key: the right answer."))]
    if len(key) > 200:
        return [("key", _("The key is longer than 200 characters."))]
    if kind in WITH_OPTIONS:
        return _letters_amiss(kind, key, max((len(held.options) for held in wordings.values()), default=0))
    if kind == "number":
        return _number_amiss(key, tolerance)
    return []


def _letters_amiss(kind: str, key: str, n: int) -> list[Amiss]:
    if n and set(key) - {letter(place) for place in range(n)}:
        message = _("The key must be one of the options, A to %(last)s, in Latin letters.")
        return [("key", message % {"last": letter(n - 1)})]
    if kind == "choice" and len(key) != 1:
        return [("key", _("One option is right: give one letter, or change the kind of answer."))]
    return []


def _number_amiss(key: str, tolerance: str) -> list[Amiss]:
    found = [
        ("key", _("%(text)s is not a number. Write 12, 0.5 or -3; put a bar between several right ones: 12|12.5.") % {"text": part})
        for part in key.split("|")
        if number(part) is None
    ]  # fmt: skip
    if tolerance:
        width = number(tolerance)
        if width is None or width < 0:
            found.append(("tolerance", _("The tolerance is a number that is not negative, such as 0.05.")))
    return found


def not_ready(kind: str, key: str, wordings: Mapping[str, Wording], pictures: Iterable[PictureFacts]) -> list[str]:
    """What tests still have to wait for."""
    missing = [language for language in NEEDED if not wordings.get(language, Wording()).stem]
    found = {
        "kk": _("The Kazakh wording is missing."),
        "ru": _("The Russian wording is missing."),
    }
    told = [found[language] for language in missing]
    if kind != "open" and not key:
        told.append(_("The key is missing."))
    for picture in pictures:
        wanted = [picture.language] if picture.language else NEEDED
        if any(not picture.words.get(language) for language in wanted):
            message = _("The picture %(name)s is not told in words for those who cannot see it.")
            told.append(message % {"name": picture.name})
    return told


def languages_of(wordings: Mapping[str, Wording]) -> list[str]:
    return [language for language in LANGUAGES if language in wordings]
