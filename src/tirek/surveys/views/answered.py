"""What somebody has answered so far, as pages show it to them."""

from __future__ import annotations

from tirek.surveys.forms.definition import Control
from tirek.surveys.forms.fields import said_answer
from tirek.surveys.forms.interview import Interview
from tirek.surveys.forms.pages import Page, asked_on, page_of_row
from tirek.surveys.services import answering


def rows_of(sitting: answering.Sitting, repeat: Control) -> list[dict]:
    """The rows of a repeat: what was answered first in each, and whether something is missing."""
    interview, language = sitting.interview, sitting.language
    found = []
    for number in range(1, interview.rows.has(repeat.path, interview.nodes) + 1):
        start = f"{repeat.path}[{number}]"
        inside = [
            control
            for page in sitting.pages
            for control in asked_on(page, interview)
            if control.is_question and control.path.startswith(f"{start}/")
        ]
        said = [text for c in inside[:3] if (text := said_answer(c, interview, language))]
        found.append({
            "number": number, "said": " · ".join(said), "page": page_of_row(sitting.pages, repeat.path, number),
            "is_wrong": any(interview.wrong(c, language) for c in inside),
        })  # fmt: skip
    return found


def summary_of(sitting: answering.Sitting) -> list[dict]:
    interview, language = sitting.interview, sitting.language
    rows = []
    for number, one in enumerate(sitting.pages):
        for control in asked_on(one, interview):
            if not control.is_question:
                continue
            rows.append({
                "label": interview.say(control.label, language, control.path) or control.name, "said": said_answer(control, interview, language),
                "page": number, "place": _place(one, interview, language), "picture": _shown_picture(control, interview),
                "is_wrong": interview.wrong(control, language) is not None,
            })  # fmt: skip
    return rows


def _place(page: Page, interview: Interview, language: str) -> str:
    """Which row a question belongs to, in words."""
    if not page.row or page.heading is None:
        return ""
    return f"{interview.say(page.heading.label, language, page.heading.path)} · {page.row}"


def _shown_picture(control: Control, interview: Interview) -> str:
    return interview.answer(control.path) if control.kind == "upload" else ""
