"""Positions and school subjects that rosters name by a code, in the reader's language; other words stay as they came."""

from __future__ import annotations

from django.utils.translation import pgettext_lazy

POSITIONS = {
    "teacher": pgettext_lazy("position", "teacher"),
    "head": pgettext_lazy("position", "head"),
    "deputy_head": pgettext_lazy("position", "deputy head"),
    "officer": pgettext_lazy("position", "officer"),
    "psychologist": pgettext_lazy("position", "psychologist"),
    "educator": pgettext_lazy("position", "kindergarten teacher"),
    "methodologist": pgettext_lazy("position", "methodologist"),
    "aide": pgettext_lazy("position", "teaching assistant"),
}
SUBJECTS = {
    "kazakh_language": pgettext_lazy("school subject", "Kazakh language"),
    "russian_language": pgettext_lazy("school subject", "Russian language"),
    "english": pgettext_lazy("school subject", "English"),
    "elementary": pgettext_lazy("school subject", "elementary school"),
    "mathematics": pgettext_lazy("school subject", "mathematics"),
    "physics": pgettext_lazy("school subject", "physics"),
    "chemistry": pgettext_lazy("school subject", "chemistry"),
    "biology": pgettext_lazy("school subject", "biology"),
    "history": pgettext_lazy("school subject", "history"),
    "geography": pgettext_lazy("school subject", "geography"),
    "informatics": pgettext_lazy("school subject", "informatics"),
    "physical_education": pgettext_lazy("school subject", "physical education"),
    "art": pgettext_lazy("school subject", "art"),
    "music": pgettext_lazy("school subject", "music"),
    "technology": pgettext_lazy("school subject", "technology"),
}


def position(code: str) -> str:
    return str(POSITIONS.get(code, code))


def subject(code: str) -> str:
    return str(SUBJECTS.get(code, code))
