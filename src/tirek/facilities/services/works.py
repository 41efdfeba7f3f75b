"""A work's way: opened, moved on step by step, sent back, cancelled. Accepting it is in ``acceptance``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import loading
from tirek.facilities.items import ITEMS
from tirek.facilities.models import Document, Work, WorkItem, WorkState, WorkStep
from tirek.facilities.models.works import ORDER
from tirek.facilities.refusals import Incomplete, NotFound, WrongState, must
from tirek.facilities.services.asking import answer, ask_school
from tirek.facilities.services.photographs import copy_before
from tirek.registry.models import Room
from tirek.storage import sealed
from tirek.tasks.services import EVIDENCE_TYPES, MAX_EVIDENCE_BYTES, File

MOST_ITEMS, MOST_COUNT, MOST_SERIALS = 60, 10_000, 500
OPEN = [state for state in ORDER if state != WorkState.ACCEPTED]
BY_SCHOOL = {WorkState.INSTALLATION, WorkState.ACCEPTANCE}  # states that the school itself may move a work to


@transaction.atomic
def open_work(
    *, room_id: int, title: str, items: Sequence[Mapping[str, object]], by: User | None, now: dt.datetime,
    need_code: str = "", earmark_code: str = "",
) -> Work:  # fmt: skip
    """Plan a work in a room. ``items``: mappings with ``item_code`` (or ``name``), ``count`` and perhaps ``serials``."""
    with loading():
        room = Room.objects.select_related("institution").filter(pk=room_id, valid__upper_inf=True).first()
    if room is None:
        raise NotFound(_("There is no such room, or it is closed."))
    must("works.manage", room.org_no)
    if not title.strip() or len(title.strip()) > 200:
        raise Incomplete(_("Say in a few words what is to be done."), code="no_title")
    lines = [_item(line) for line in items]
    if not lines or len(lines) > MOST_ITEMS:
        raise Incomplete(
            _("Name what the work brings: from one to %(most)s items.") % {"most": MOST_ITEMS}, code="no_items"
        )
    today = timezone.localdate(now)
    with loading():
        work = Work.objects.create(
            institution=room.institution, room=room, org_no=room.org_no, title=title.strip(), need_code=need_code[:40],
            earmark_code=earmark_code[:40], state_since=today, opened_at=now, opened_by_id=by and by.pk,
            opened_by_name=str(by or ""),
        )  # fmt: skip
        WorkItem.objects.bulk_create([WorkItem(work=work, org_no=work.org_no, **line) for line in lines])
        _step(work, WorkState.PLANNED, today, "", by, now)
        copy_before(work, now)
    return work


@transaction.atomic
def advance(
    *, work_id: int, to: str, day: dt.date, note: str = "", documents: Iterable[File] = (), by: User | None,
    now: dt.datetime,
) -> Work:  # fmt: skip
    """Move a work to the next state, with the day it happened, a note and papers."""
    work = locked(work_id)
    must("works.accept" if to in BY_SCHOOL else "works.manage", work.org_no)
    position = ORDER.index(WorkState(work.state)) if work.state in ORDER else None
    if position is None or position + 1 >= len(ORDER) or ORDER[position + 1] != to or to == WorkState.ACCEPTED:
        raise WrongState(_("Somebody has moved this work on. Load the page again."))
    check_day(work, day, now)
    papers = [_checked(file) for file in documents]
    with loading():
        if work.state == WorkState.DELIVERY:
            work.delivery_confirmed_at = now
        work.state, work.state_since = to, day
        work.save()
        step = _step(work, to, day, note, by, now)
        for file in papers:
            Document.objects.create(
                step=step, org_no=work.org_no, name=file.name[-200:], media_type=file.media_type, size=len(file.content),
                sha256=sealed.seal(file.content),
            )  # fmt: skip
    tell_school(work, by, now)
    return work


def confirm_delivery(*, work_id: int, day: dt.date, note: str = "", by: User, now: dt.datetime) -> Work:
    """The school says that all has arrived: the installation begins."""
    return advance(work_id=work_id, to=WorkState.INSTALLATION, day=day, note=note, by=by, now=now)


@transaction.atomic
def step_back(*, work_id: int, to: str, because: str, by: User, now: dt.datetime) -> Work:
    """Return a work to an earlier state: delivered wrongly, installed badly. What was accepted of it counts no more."""
    work = locked(work_id)
    must("works.manage", work.org_no)
    if to not in OPEN or work.state not in OPEN or ORDER.index(WorkState(to)) >= ORDER.index(WorkState(work.state)):
        raise WrongState(_("A work goes back to an earlier step only. Load the page again."))
    if not because.strip():
        raise Incomplete(_("Say why the work goes back."), code="reason_missing")
    today = timezone.localdate(now)
    _forget_asked(work, because, by, now)
    with loading():
        work.state, work.state_since, work.round = to, today, work.round + 1
        if ORDER.index(WorkState(to)) <= ORDER.index(WorkState.DELIVERY):
            work.delivery_confirmed_at = None
        work.save()
        _step(work, to, today, because, by, now)
    tell_school(work, by, now, new_asking=True)
    return work


@transaction.atomic
def cancel(*, work_id: int, because: str, by: User, now: dt.datetime) -> Work:
    """Give a work up, with a reason. It stays readable."""
    work = locked(work_id)
    must("works.manage", work.org_no)
    if work.state not in OPEN:
        raise WrongState(_("This work is closed already."))
    if not because.strip():
        raise Incomplete(_("Say why the work is cancelled."), code="reason_missing")
    today = timezone.localdate(now)
    with loading():
        work.state, work.state_since, work.cancelled_because = WorkState.CANCELLED, today, because.strip()[:500]
        work.save()
        _step(work, WorkState.CANCELLED, today, because, by, now)
    _forget_asked(work, because, by, now)
    return work


def locked(work_id: int) -> Work:
    with loading():
        found = (
            Work.objects.select_for_update(of=("self",))
            .select_related("room", "institution")
            .filter(pk=work_id)
            .first()
        )
    if found is None:
        raise NotFound(_("There is no such work."))
    return found


def check_day(work: Work, day: dt.date, now: dt.datetime) -> None:
    if day > timezone.localdate(now):
        raise WrongState(_("The day lies in the future. Give the day on which it happened."), code="wrong_day")
    if day < work.state_since:
        raise WrongState(_("The step before this one was on a later day. Check the date."), code="wrong_day")


def _item(line: Mapping[str, object]) -> dict:
    code, name = str(line.get("item_code") or ""), str(line.get("name") or "").strip()
    count, serials = line.get("count"), [str(one).strip() for one in line.get("serials") or [] if str(one).strip()]  # type: ignore[attr-defined]
    if (code and code not in ITEMS) or (not code and not name):
        raise Incomplete(_("Choose each item from the list, or give it a name."), code="unknown_item")
    if not isinstance(count, int) or isinstance(count, bool) or not 0 < count <= MOST_COUNT:
        raise Incomplete(_("The number of an item is from 1 to %(most)s.") % {"most": MOST_COUNT}, code="bad_count")
    if len(serials) > min(count, MOST_SERIALS):
        raise Incomplete(_("There are more serial numbers than pieces. Check the list."), code="too_many_serials")
    return {"item_code": code, "name": name[:200], "count": count, "serials": [one[:80] for one in serials]}


def _checked(file: File) -> File:
    if len(file.content) > MAX_EVIDENCE_BYTES:
        raise Incomplete(
            _("The file “%(name)s” is larger than 20 MB. Make it smaller.") % {"name": file.name}, code="large"
        )
    if file.media_type not in EVIDENCE_TYPES:
        raise Incomplete(
            _("The file “%(name)s” is of a kind that is not taken. Give a PDF, a picture, a table or a text document.")
            % {"name": file.name},
            code="kind",
        )
    return file


def _step(work: Work, state: str, day: dt.date, note: str, by: User | None, now: dt.datetime) -> WorkStep:
    return WorkStep.objects.create(
        work=work, org_no=work.org_no, state=state, day=day, at=now, by_id=by and by.pk, by_name=str(by or ""),
        note=note.strip(),
    )  # fmt: skip


ASKED = {WorkState.DELIVERY: "facilities.delivery", WorkState.ACCEPTANCE: "facilities.acceptance"}


def tell_school(work: Work, by: User | None, now: dt.datetime, *, new_asking: bool = False) -> None:
    """The school's next move as a task; what it was asked before is answered by having gone on."""
    subject = f"work:{work.pk}"
    if not new_asking and work.state == WorkState.INSTALLATION:
        answer(ASKED[WorkState.DELIVERY], work.org_no, subject, _("The delivery is confirmed."), by=by, now=now)
    if work.state in ASKED:
        told = {"work": work.title, "room": work.room.number, "id": work.pk}
        ask_school(ASKED[WorkState(work.state)], work.org_no, subject, told, by=by, now=now)


def _forget_asked(work: Work, because: str, by: User, now: dt.datetime) -> None:
    for kind in ASKED.values():
        answer(kind, work.org_no, f"work:{work.pk}", because, by=by, now=now)
