"""A form cut into pages for a telephone: a group of the form is a page, single questions come a few at a time.

Each row of a repeat has pages of its own; after the last one a page shows the rows, adds and takes away.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tirek.surveys.forms.definition import Control, Definition
from tirek.surveys.forms.interview import Interview

MOST_ON_A_PAGE = 8


@dataclass(frozen=True)
class Page:
    """``heading`` is the group's label, if it is a group's page; ``row`` the number of the row it belongs to.

    ``repeat`` makes it the page of a repeat's rows: its controls are none.
    """

    controls: tuple[Control, ...]
    heading: Control | None = None
    row: int = 0
    repeat: Control | None = None


def pages_of(definition: Definition, interview: Interview) -> list[Page]:
    """All pages, whether or not they are asked of this person; those of rows as many as there are rows."""
    return list(_pages(definition.controls, interview, None, 0))


def _pages(controls: tuple[Control, ...], interview: Interview, heading: Control | None, row: int) -> Iterator[Page]:
    loose: list[Control] = []
    for control in controls if heading is None else _flat(controls):
        if control.kind == "repeat":
            yield from _chunks(loose, heading, row)
            loose = []
            yield from _rows(control, interview)
        elif control.kind == "group" and heading is None:
            yield from _chunks(loose, None, 0)
            loose = []
            yield from _pages(control.children, interview, control, 0)
        else:
            loose.append(control)
    yield from _chunks(loose, heading, row)


def _rows(repeat: Control, interview: Interview) -> Iterator[Page]:
    for number in range(1, interview.rows.has(repeat.path, interview.nodes) + 1):
        row = repeat.placed(repeat.path, f"{repeat.path}[{number}]")
        yield from _pages(row.children, interview, row, number)
    if not repeat.count:
        yield Page((), repeat, 0, repeat)


def _flat(controls: tuple[Control, ...]) -> Iterator[Control]:
    """Groups within groups become headings."""
    for control in controls:
        yield control
        if control.kind == "group":
            yield from _flat(control.children)


def _chunks(controls: list[Control], heading: Control | None, row: int) -> Iterator[Page]:
    cut: list[list[Control]] = [[]]
    for control in controls:
        if sum(c.is_question for c in cut[-1]) >= MOST_ON_A_PAGE:
            cut.append([])
        cut[-1].append(control)
    yield from (Page(tuple(part), heading, row) for part in cut if part)


def asked_on(page: Page, interview: Interview) -> list[Control]:
    """What of a page is asked now."""
    if page.repeat is not None:
        return [page.repeat] if interview.is_asked(page.repeat) else []
    return [control for control in page.controls if interview.is_asked(control)]


def next_page(pages: list[Page], interview: Interview, after: int) -> int | None:
    """Number of the next page on which anything is asked (counted from 0); None at the end."""
    return next((n for n in range(after + 1, len(pages)) if asked_on(pages[n], interview)), None)


def page_before(pages: list[Page], interview: Interview, before: int) -> int | None:
    return next((n for n in range(before - 1, -1, -1) if asked_on(pages[n], interview)), None)


def page_of_row(pages: list[Page], repeat: str, row: int) -> int | None:
    """Number of the first page of a row."""
    start = f"{repeat}[{row}]"
    return next(
        (n for n, page in enumerate(pages) if page.row and page.heading is not None and page.heading.path == start),
        None,
    )


def rows_page(pages: list[Page], repeat: str) -> int | None:
    """Number of the page that shows the rows of a repeat."""
    return next((n for n, page in enumerate(pages) if page.repeat is not None and page.repeat.path == repeat), None)
