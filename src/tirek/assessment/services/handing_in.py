"""Mark what was answered on a computer and make it an answer sheet, as an import would."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from tirek.access.scope import current_scope
from tirek.assessment.models import AnswerSheet, Seat, SeatAnswer, SeatDevice, SeatState, TestState
from tirek.assessment.queries import seats as queries
from tirek.assessment.queries.tests import sheets_of
from tirek.assessment.refusals import WrongState, must
from tirek.assessment.services.answers import supersede_calibration, write_sheets
from tirek.assessment.sitting.marking import mark, sheet


def finish(seat: Seat, *, by: str, now: dt.datetime) -> None:
    """The seat is handed in; its answers are marked. Runs as the loader, the seat's row locked."""
    seat.state, seat.done_at, seat.done_by = SeatState.DONE, now, by
    seat.save(update_fields=["state", "done_at", "done_by", "ends_at"])
    mark_seat(seat)


def mark_seat(seat: Seat) -> AnswerSheet | None:
    """Mark every answer that no person has to score and, when none is left for a person, write the answer sheet."""
    tasks = queries.tasks_of(seat.booklet_id)
    answers = {answer.item_id: answer for answer in SeatAnswer.objects.filter(seat=seat)}
    for item_id, task in tasks:
        answer = answers.get(item_id)
        if answer is not None and answer.scored_by_id is None:
            answer.score = mark(task, answer.value)
    SeatAnswer.objects.bulk_update(answers.values(), ["score"])
    values = [answers[item].value if item in answers else "" for item, _task in tasks]
    scores = [answers[item].score if item in answers else None for item, _task in tasks]
    if any(value.strip() and score is None for value, score in zip(values, scores, strict=True)):
        return None
    codes = sheet(values, scores)
    return None if codes is None else _write(seat, codes)


def _write(seat: Seat, codes: bytes) -> AnswerSheet | None:
    test = seat.sitting.test
    if test.state == TestState.PUBLISHED:
        return None
    made = AnswerSheet(
        test=test, sitting_id=seat.sitting_id, person_id=seat.person_id, booklet_id=seat.booklet_id, org_no=seat.org_no,
        codes=codes,
    )  # fmt: skip
    before = sheets_of(test, {seat.person_id}).get(seat.person_id)
    if before is None:
        write_sheets(test, new=[made], changed=[])
    elif before[1:] != (made.booklet_id, made.codes):
        made.pk = before[0]
        write_sheets(test, new=[], changed=[made])
    return made


def take_back_sheet(seat: Seat) -> None:
    """A seat that is opened again has no sheet until it is handed in anew."""
    sheets = AnswerSheet.objects.filter(test=seat.sitting.test_id, person=seat.person_id, sitting=seat.sitting_id)
    if sheets.delete()[0]:
        supersede_calibration(seat.sitting.test)
    SeatDevice.objects.filter(seat=seat).update(another_may=True)


@transaction.atomic
def score_answer(*, answer_id: int, score: int) -> SeatAnswer:
    """A person's score of an answer. The sheet is written when it was the last one that waited."""
    must("assessment.manage")
    answer = SeatAnswer.objects.select_for_update().select_related("seat__sitting__test", "item").get(pk=answer_id)
    if answer.seat.state != SeatState.DONE:
        raise WrongState(_("This answer is not handed in yet."))
    if not 0 <= score <= answer.item.max_score:
        raise WrongState(_("Give a score between 0 and %(highest)s.") % {"highest": answer.item.max_score})
    answer.score, answer.scored_by_id = score, current_scope().user_id or 0
    answer.save(update_fields=["score", "scored_by_id"])
    mark_seat(answer.seat)
    return answer
