"""Answering in the browser: begin with a code, save page by page, finish once.

To the database whoever answers is nobody: each function finds the code and does the rest as the loader.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.access.scope import loading
from tirek.storage import sealed
from tirek.storage.pictures import redraw
from tirek.surveys.forms.definition import Definition, definition_of
from tirek.surveys.forms.interview import PICTURE, Interview
from tirek.surveys.forms.pages import Page, asked_on, page_of_row, pages_of, rows_page
from tirek.surveys.forms.rows import MOST_IN_ALL, MOST_ROWS, plain_path, with_row, without_row
from tirek.surveys.models import (
    AccessCode,
    Channel,
    CodeState,
    Draft,
    FormVersion,
    OpenAnswer,
    Response,
    ResponseFile,
    Round,
)
from tirek.surveys.queries import answering as queries
from tirek.surveys.refusals import NotAnswerable
from tirek.surveys.services.codes import check_round_open

MOST_BYTES = 200_000


@dataclass(frozen=True)
class Sitting:
    """One answering as it stands: the form, the answers so far, the page to show."""

    code: AccessCode
    version: FormVersion
    definition: Definition
    interview: Interview
    pages: list[Page]
    page: int
    language: str

    @property
    def round(self) -> Round:
        return self.code.round


def look_up(*, typed: str, now: dt.datetime) -> AccessCode:
    """The code, if it opens a questionnaire that can be answered today."""
    with loading():
        return _open_code(typed, now)


def _open_code(typed: str, now: dt.datetime) -> AccessCode:
    code = queries.code_typed(typed)
    if code is None:
        raise NotAnswerable(
            _("Nobody was given this code. Look at it again: it has nine signs."), code="unknown_code", http_status=404
        )
    if code.state == CodeState.FINISHED:
        raise NotAnswerable(_("This code has been used: the answers are sent. Thank you."), code="finished")
    check_round_open(code.round, now)
    if code.round.version.faults and not Draft.objects.filter(code=code).exists():
        raise NotAnswerable(_("This questionnaire is answered with the program ODK Collect only."), code="collect_only")
    return code


@transaction.atomic
def open_sitting(*, typed: str, language: str, now: dt.datetime) -> Sitting:
    """Begin or go on where one stopped."""
    with loading():
        code = _open_code(typed, now)
        draft = queries.draft_of(code)
        if draft is None:
            version = code.round.version
            spoken = version.languages
            first = language if language in spoken or not spoken else spoken[0]
            draft = Draft.objects.create(code=code, org_no=code.org_no, version=version, language=first, saved_at=now)
            AccessCode.objects.filter(pk=code.pk, state=CodeState.WAITING).update(
                state=CodeState.BEGUN, begun_on=timezone.localdate(now)
            )
            _keep(draft, _sitting(code, draft, now).interview.lasting())
        return _sitting(code, draft, now)


def _sitting(code: AccessCode, draft: Draft, now: dt.datetime) -> Sitting:
    definition = definition_of(draft.version.xform_sha256)
    interview = Interview(definition, draft.answers, timezone.localtime(now), language=draft.language, seed=draft.pk)
    pages = pages_of(definition, interview)
    return Sitting(code, draft.version, definition, interview, pages, min(draft.page, len(pages)), draft.language)


@transaction.atomic
def save_page(*, typed: str, answers: Mapping[str, str], page: int, language: str, now: dt.datetime) -> Sitting:
    """Keep the answers of a page (checked by the caller) and where to go on."""
    with loading():
        code, draft = _begun(typed, now)
        draft.page, draft.language, draft.saved_at = max(page, 0), language[:60], now
        interview = _sitting(code, draft, now).interview
        interview.set(answers)
        _keep(draft, draft.answers | dict(answers) | interview.lasting())
        return _sitting(code, draft, now)


@transaction.atomic
def add_row(*, typed: str, repeat: str, now: dt.datetime) -> int | None:
    """One more row of a repeat; returns the number of its first page."""
    with loading():
        code, draft = _begun(typed, now)
        sitting, rows = _with_rows(code, draft, repeat, now)
        if rows >= MOST_ROWS or sitting.interview.rows.made >= MOST_IN_ALL:
            raise NotAnswerable(_("No more can be added here."), code="too_many_rows")
        _keep(draft, with_row(draft.answers, repeat, rows))
        sitting = _sitting(code, draft, now)
        _keep(draft, draft.answers | sitting.interview.lasting())
        return page_of_row(sitting.pages, repeat, rows + 1)


@transaction.atomic
def take_row_away(*, typed: str, repeat: str, number: int, now: dt.datetime) -> int | None:
    """Take a row and its answers away; returns the number of the page of the rows that are left."""
    with loading():
        code, draft = _begun(typed, now)
        _sitting_before, rows = _with_rows(code, draft, repeat, now)
        if 1 <= number <= rows:
            _keep(draft, without_row(draft.answers, repeat, number, rows))
        return rows_page(_sitting(code, draft, now).pages, repeat)


def _begun(typed: str, now: dt.datetime) -> tuple[AccessCode, Draft]:
    code = _open_code(typed, now)
    draft = Draft.objects.select_for_update().select_related("version").filter(code=code).first()
    if draft is None:
        raise NotAnswerable(_("This questionnaire is not begun. Enter the code again."), code="not_begun")
    return code, draft


def _with_rows(code: AccessCode, draft: Draft, repeat: str, now: dt.datetime) -> tuple[Sitting, int]:
    """The sitting and how many rows the repeat has; only what whoever answers may lengthen."""
    sitting = _sitting(code, draft, now)
    if rows_page(sitting.pages, repeat) is None:
        raise NotAnswerable(_("There is no such place in the questionnaire."), code="no_repeat", http_status=404)
    return sitting, sitting.interview.rows.has(repeat, sitting.interview.nodes)


def _keep(draft: Draft, answers: Mapping[str, str]) -> None:
    """What was emptied is kept as empty: a value that the form sets must not come back."""
    if sum(len(path) + len(value) for path, value in answers.items()) > MOST_BYTES:
        raise NotAnswerable(_("The answers are too long. Shorten them."), code="too_long", http_status=413)
    draft.answers = dict(answers)
    draft.save(update_fields=["answers", "page", "language", "saved_at"])


def first_wrong(sitting: Sitting) -> int | None:
    """Number of the first page with an answer that is missing or wrong."""
    for number, page in enumerate(sitting.pages):
        for control in asked_on(page, sitting.interview):
            if control.is_question and sitting.interview.wrong(control, sitting.language):
                return number
    return None


@transaction.atomic
def finish(*, typed: str, now: dt.datetime) -> None:
    """Send the answers: from now on they are tied to no code. Raises `NotAnswerable` (``incomplete``) if something is missing."""
    with loading():
        code = _open_code(typed, now)
        AccessCode.objects.select_for_update().get(pk=code.pk)
        code = _open_code(typed, now)  # another device may have been faster
        draft = queries.draft_of(code)
        if draft is None:
            raise NotAnswerable(_("This questionnaire is not begun. Enter the code again."), code="not_begun")
        sitting = _sitting(code, draft, now)
        if first_wrong(sitting) is not None:
            raise NotAnswerable(_("Some questions still need an answer."), code="incomplete")
        keep_response(
            round_=code.round, org_no=code.org_no, version=draft.version, definition=sitting.definition,
            answers=sitting.interview.answers(), grade=code.grade, channel=Channel.BROWSER, language=draft.language, now=now,
        )  # fmt: skip
        draft.delete()
        code.state, code.finished_on = CodeState.FINISHED, timezone.localdate(now)
        code.save(update_fields=["state", "finished_on"])


def keep_response(
    *, round_: Round, org_no: int, version: FormVersion, definition: Definition, answers: Mapping[str, str], grade: int | None,
    channel: str, language: str, now: dt.datetime,
) -> Response:  # fmt: skip
    """A finished answer, and its texts for searching. Its identifier is random: it follows from nothing."""
    response = Response.objects.create(
        id=uuid.uuid4(), round=round_, org_no=org_no, version=version, grade=grade, channel=channel, language=language[:60],
        answers=dict(answers), received_on=timezone.localdate(now),
    )  # fmt: skip
    kinds = {control.path: control.kind for control in definition.questions()}
    of_kind = lambda kind: [path for path, value in answers.items() if value and kinds.get(plain_path(path)) == kind]  # noqa: E731
    OpenAnswer.objects.bulk_create([
        OpenAnswer(response=response, round=round_, org_no=org_no, item=plain_path(path), text=answers[path])
        for path in of_kind("text")
    ])  # fmt: skip
    if channel == Channel.BROWSER:
        ResponseFile.objects.bulk_create([
            ResponseFile(response=response, round=round_, org_no=org_no, item=plain_path(path), sha256=answers[path][:64])
            for path in of_kind("upload")
        ])  # fmt: skip
    return response


def own_picture(*, typed: str, name: str, now: dt.datetime) -> bytes | None:
    """A picture of the answers under way, for whoever holds the code."""
    with loading():
        draft = queries.draft_of(_open_code(typed, now))
        if draft is None or PICTURE.fullmatch(name) is None or name not in draft.answers.values():
            return None
        return sealed.read(name[:64])


def keep_picture(data: bytes, name: str) -> str:
    """Draw a picture anew, without what the camera wrote, and seal it. Returns the answer that stands for it.

    Raises `tirek.storage.pictures.BadPhotograph` with what is wrong with the file.
    """
    return f"{sealed.seal(redraw(data, name).data)}.jpg"
