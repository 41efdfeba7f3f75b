"""Accept a work: two different people, photographs of before and after; then its items stand in the room."""

from __future__ import annotations

import datetime as dt
import uuid as uuids
from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import current_scope, loading
from tirek.facilities import accepted
from tirek.facilities.models import Acceptance, InventoryItem, Photograph, Stage, Work, WorkState, WorkStep
from tirek.facilities.refusals import Incomplete, WrongState, must
from tirek.facilities.services.asking import answer
from tirek.facilities.services.photographs import release
from tirek.facilities.services.works import ASKED, locked

PEOPLE = 2


@transaction.atomic
def accept(
    *,
    work_id: int,
    note: str = "",
    released: Iterable[uuids.UUID] = (),
    by: User,
    now: dt.datetime,
    role: str | None = None,
) -> Work:
    """Give one person's acceptance; the second one closes the work.

    ``released``: photographs that this person has looked at and finds fit to be shown to the sponsor.
    """
    work = locked(work_id)
    must("works.accept", work.org_no)
    _check_ready(work)
    with loading():
        if Acceptance.objects.filter(work=work, round=work.round).filter(by_id=by.pk).exists():
            raise _same_person()
        try:
            with transaction.atomic():
                Acceptance.objects.create(
                    work=work, org_no=work.org_no, round=work.round, at=now, by_id=by.pk, person_id=by.person_id,
                    by_name=str(by), role=current_scope().role if role is None else role, note=note.strip(),
                )  # fmt: skip
        except IntegrityError as error:
            raise _same_person() from error
        release(work=work, uuids_=set(released))
        if Acceptance.objects.filter(work=work, round=work.round).count() >= PEOPLE:
            _finish(work, by, now)
    note_of_task = _("The work is accepted.") if work.state == WorkState.ACCEPTED else _("One person has accepted it.")
    if work.state == WorkState.ACCEPTED:
        answer(ASKED[WorkState.ACCEPTANCE], work.org_no, f"work:{work.pk}", note_of_task, by=by, now=now)
    return work


def _check_ready(work: Work) -> None:
    if work.state != WorkState.ACCEPTANCE:
        raise WrongState(_("This work does not wait for acceptance. Load the page again."))
    with loading():
        have = set(Photograph.objects.filter(work=work, withdrawn_at=None).values_list("stage", flat=True))
    if not {Stage.BEFORE, Stage.AFTER} <= have:
        raise Incomplete(
            _("Photographs of the room before and after the work are needed. Add them, then accept."),
            code="photographs_missing",
        )


def _same_person() -> WrongState:
    return WrongState(
        _("You have accepted this work already. A second, different person must accept it too."), code="same_person"
    )


def _finish(work: Work, by: User, now: dt.datetime) -> None:
    today = timezone.localdate(now)
    work.state, work.state_since, work.accepted_on = WorkState.ACCEPTED, today, today
    work.save()
    WorkStep.objects.create(
        work=work, org_no=work.org_no, state=WorkState.ACCEPTED, day=today, at=now, by_id=by.pk, by_name=str(by)
    )
    InventoryItem.objects.bulk_create([
        InventoryItem(
            room_id=work.room_id, org_no=work.org_no, work=work, item_code=line.item_code, name=line.name,
            count=line.count, serials=line.serials, since=today,
        )
        for line in work.items.order_by("id")
    ])  # fmt: skip
    accepted.tell(work)
