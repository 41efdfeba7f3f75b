"""Names of content areas in three languages. An area is kept by its code; one that nobody listed here, as it was typed."""

from __future__ import annotations

from django.utils.translation import gettext_lazy, override, pgettext_lazy

AREAS = {
    "number": pgettext_lazy("content area", "number"),
    "measure": pgettext_lazy("content area", "measurement"),
    "geometry": pgettext_lazy("content area", "geometry"),
    "data": pgettext_lazy("content area", "data and chance"),
    "algebra": pgettext_lazy("content area", "algebra"),
    "problems": pgettext_lazy("content area", "word problems"),
    "reasoning": pgettext_lazy("content area", "reasoning"),
    "modelling": pgettext_lazy("content area", "mathematical modelling"),
    "retrieve": pgettext_lazy("content area", "finding information"),
    "infer": pgettext_lazy("content area", "drawing conclusions"),
    "interpret": pgettext_lazy("content area", "interpreting"),
    "evaluate": pgettext_lazy("content area", "judging a text"),
    "life": pgettext_lazy("content area", "living nature"),
    "matter": pgettext_lazy("content area", "matter and energy"),
    "earth": pgettext_lazy("content area", "Earth and space"),
    "inquiry": pgettext_lazy("content area", "scientific inquiry"),
}
NONE = gettext_lazy("without an area")
LANGUAGES = ("kk", "ru", "en")


def area_name(code: str) -> str:
    """As the reader calls the area."""
    return str(AREAS.get(code, code))


def area_code(typed: str) -> str:
    """The code of an area that somebody typed, in whatever language; else what was typed."""
    words = " ".join(typed.split())
    return _codes().get(words.casefold(), words)


def _codes() -> dict[str, str]:
    found = {code: code for code in AREAS}
    for language in LANGUAGES:
        with override(language):
            found |= {str(name).casefold(): code for code, name in AREAS.items()}
    return found
