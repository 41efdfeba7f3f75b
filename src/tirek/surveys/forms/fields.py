"""What a page shows of each question: words, choices, the answer so far, what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from tirek.surveys.forms.definition import Control
from tirek.surveys.forms.interview import Choice, Interview, Wrong

MANY_CHOICES = 12
PREFIX = "q:"


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

    @property
    def id(self) -> str:
        """For labels and links: an identifier without the signs of paths."""
        return "q-" + self.name.removeprefix(PREFIX).replace("/", "-").replace(".", "-")


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
    value = typed.get(control.path, interview.answer(control.path))
    choices = interview.choices(control, language)
    fault = wrong.get(control.path)
    low, high, step = control.limits or ("", "", "")
    return Field(
        look=_look(control, choices),
        name=PREFIX + control.path,
        label=label,
        hint=hint,
        value=value,
        chosen=tuple(value.split()) if control.kind == "select" else (value,),
        choices=choices,
        required=interview.is_required(control),
        error=words(fault, control) if fault else "",
        rows=control.rows or (4 if "multiline" in control.appearance else 0),
        low=low,
        high=high,
        step=step,
    )


def _look(control: Control, choices: Sequence[Choice]) -> str:
    if control.kind == "select1":
        return "list" if len(choices) > MANY_CHOICES or "minimal" in control.appearance.split() else "one"
    return {
        "select": "many", "integer": "whole", "decimal": "number", "range": "number", "date": "date", "time": "time",
        "dateTime": "moment", "trigger": "agree",
    }.get(control.kind, "text")  # fmt: skip
