"""A form cut into pages for a telephone: a group of the form is a page, single questions come a few at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tirek.surveys.forms.definition import Control, Definition
from tirek.surveys.forms.interview import Interview

MOST_ON_A_PAGE = 8


@dataclass(frozen=True)
class Page:
    """``heading`` is the group's label, if it is a group's page."""

    controls: tuple[Control, ...]
    heading: Control | None = None


def pages_of(definition: Definition) -> list[Page]:
    """All pages, whether or not they are asked of this person."""
    found: list[Page] = []
    loose: list[Control] = []
    for control in definition.controls:
        if control.kind == "group":
            found += _chunks(loose, None)
            loose = []
            found += _chunks(list(_flat(control.children)), control)
        else:
            loose += [control] if control.kind != "repeat" else []
    return [*found, *_chunks(loose, None)]


def _flat(controls: tuple[Control, ...]) -> Iterator[Control]:
    """Groups within groups become headings."""
    for control in controls:
        if control.kind == "repeat":
            continue
        yield control
        if control.kind == "group":
            yield from _flat(control.children)


def _chunks(controls: list[Control], heading: Control | None) -> list[Page]:
    cut: list[list[Control]] = [[]]
    for control in controls:
        if sum(c.is_question for c in cut[-1]) >= MOST_ON_A_PAGE:
            cut.append([])
        cut[-1].append(control)
    return [Page(tuple(part), heading) for part in cut if part]


def asked_on(page: Page, interview: Interview) -> list[Control]:
    """What of a page is asked now."""
    return [control for control in page.controls if interview.is_asked(control)]


def next_page(pages: list[Page], interview: Interview, after: int) -> int | None:
    """Number of the next page on which anything is asked (counted from 0); None at the end."""
    return next((n for n in range(after + 1, len(pages)) if asked_on(pages[n], interview)), None)


def page_before(pages: list[Page], interview: Interview, before: int) -> int | None:
    return next((n for n in range(before - 1, -1, -1) if asked_on(pages[n], interview)), None)
