"""What a page shows of each question: words, choices, the answer so far, what is wrong with it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from tirek.surveys.forms.definition import Control
from tirek.surveys.forms.interview import Choice, Interview, Wrong

MANY_CHOICES = 12
PREFIX = "q:"
SIGNS = str.maketrans({"/": "-", ".": "-", "[": "-", "]": ""})


@dataclass(frozen=True)
class Field:
    """One question on a page. ``look`` chooses the markup."""

    look: str
    name: str
    label: str
    hint: str
    value: str = ""
    chosen: tuple[str, ...] = ()
    choices: Sequence[Choice] = ()
    required: bool = False
    error: str = ""
    rows: int = 0
    low: str = ""
    high: str = ""
    step: str = ""
    places: Sequence[str] = ()

    @property
    def id(self) -> str:
        """For labels and links: an identifier without the signs of paths."""
        return "q-" + self.name.removeprefix(PREFIX).translate(SIGNS)


def words(wrong: Wrong, control: Control) -> str:
    """The form's own words, or ours."""
    if wrong.message:
        return wrong.message
    ours = {
        "required": _("This question needs an answer."),
        "constraint": _("This answer is not possible here. Look at it again."),
        "no_integer": _("Write a whole number with digits."),
        "no_decimal": _("Write a number with digits."),
        "no_range": _("Write a number from the range given."),
        "no_date": _("Write a day, for example 2026-03-15."),
        "no_time": _("Write a time, for example 14:30."),
        "no_dateTime": _("Write a day and a time."),
        "no_rank": _("Give each answer one place, and each place one answer."),
        "no_upload": _("Choose a picture."),
        "too_many_rows": _("So many cannot be entered in the browser: at most 50 of a kind and 200 in all."),
        "too_long": _("This text is too long. Shorten it to 2000 characters."),
    }
    return ours.get(wrong.code, _("Choose one of the answers offered."))


def field_of(
    control: Control, interview: Interview, language: str, wrong: Mapping[str, Wrong], typed: Mapping[str, str]
) -> Field:
    """A question as a page shows it; what was typed and is wrong stays in its place."""
    label = interview.say(control.label, language, control.path) or control.name
    hint = interview.say(control.hint, language, control.path)
    if not control.is_question:
        return Field(
            "heading" if control.kind == "group" else "note",
            "",
            "" if control.kind == "group" and not control.label else label,
            hint,
        )
    value = shown_value(control, typed.get(control.path, interview.answer(control.path)))
    choices = interview.choices(control, language)
    fault = wrong.get(control.path)
    low, high, step = control.limits or ("", "", "")
    return Field(
        look=_look(control, choices),
        name=PREFIX + control.path,
        label=label,
        hint=hint,
        value=value,
        chosen=tuple(value.split()) if control.kind in ("select", "rank") else (value,),
        places=_places(value, choices) if control.kind == "rank" else (),
        choices=choices,
        required=interview.is_required(control),
        error=words(fault, control) if fault else "",
        rows=control.rows or (4 if "multiline" in control.appearance else 0),
        low=low,
        high=high,
        step=step,
    )


def shown_value(control: Control, value: str) -> str:
    """An answer as a browser's fields take it: without seconds and zone."""
    if control.kind == "time":
        return value[:5]
    return value[:16] if control.kind == "dateTime" else value


def _places(value: str, choices: Sequence[Choice]) -> tuple[str, ...]:
    """Who stands on each place of a ranking; empty where nobody does."""
    given = value.split()
    return tuple(given[place] if place < len(given) else "" for place in range(len(choices)))


def _look(control: Control, choices: Sequence[Choice]) -> str:
    if control.kind == "select1":
        return "list" if len(choices) > MANY_CHOICES or "minimal" in control.appearance.split() else "one"
    return {
        "select": "many", "integer": "whole", "decimal": "number", "range": "number", "date": "date", "time": "time",
        "dateTime": "moment", "trigger": "agree", "upload": "picture", "rank": "rank",
    }.get(control.kind, "text")  # fmt: skip


def said_answer(control: Control, interview: Interview, language: str) -> str:
    """An answer in the words of the question: labels of choices, a day as it is written here."""
    value = interview.answer(control.path)
    if not value or control.kind == "upload":
        return ""
    if control.kind == "trigger":
        return _("Yes")
    if control.choices is not None:
        labels = {choice.value: choice.label for choice in interview.choices(control, language)}
        between = " › " if control.kind == "rank" else ", "
        return between.join(labels.get(word, word) for word in value.split())
    if control.kind == "date":
        return _day(value)
    if control.kind == "dateTime":
        return f"{_day(value[:10])} {value[11:16]}"
    return shown_value(control, value)


def _day(value: str) -> str:
    try:
        return date_format(dt.date.fromisoformat(value), "DATE_FORMAT")
    except ValueError:
        return value
