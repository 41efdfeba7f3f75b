"""What answers a need: a work in its room, people sent to a course. The other apps know only the need's code."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import loading
from tirek.programmes.models import LinkKind, Need, NeedKind, NeedLink, NeedMove, NeedState
from tirek.programmes.refusals import BadInput, WrongState
from tirek.programmes.services.needs import locked, move
from tirek.programmes.services.proposing import new_step

WORK_ENDED = ("accepted", "cancelled")


@transaction.atomic
def open_work(
    *, need_id: int, title: str, items: Sequence[Mapping[str, Any]], room_id: int | None = None, earmark_code: str = "",
    by: User | None, now: dt.datetime,
) -> NeedLink:  # fmt: skip
    """Open a work in the need's room and tie both together."""
    from tirek.facilities.services import works

    need = locked(need_id)
    _check(need, NeedKind.EDUCATIONAL, _("Only a need of the educational process is answered by a work."))
    room_id = need.room_id or room_id
    if room_id is None:
        raise BadInput(_("Say in which room the work is done."), code="room", field="room_id")
    work = works.open_work(
        room_id=room_id, title=title, items=items, need_code=need.code, earmark_code=earmark_code, by=by, now=now
    )
    if work.org_no != need.org_no:
        raise BadInput(_("This room is not one of the school’s."), code="room", field="room_id")
    return _link(need, LinkKind.WORK, str(work.pk), title, by, now)


@transaction.atomic
def fill_cohort(*, cohort_id: int, sent: Mapping[int, Sequence[int]], by: User | None, now: dt.datetime) -> list[Any]:
    """Fill a course group from needs: need -> people. Gives what the course says of each person."""
    from tirek.cpd.services import cohorts

    if not any(sent.values()):
        raise BadInput(_("Choose at least one person."), code="nobody", field="people")
    placed: list[Any] = []
    for need_id, person_ids in sent.items():
        if not person_ids:
            continue
        need = locked(need_id)
        _check(need, NeedKind.PROFESSIONAL, _("Only a need of professional development is answered by a course."))
        answers = cohorts.enrol(cohort_id=cohort_id, person_ids=list(person_ids), need_code=need.code, by=by, now=now)
        placed += answers
        if any(answer.standing for answer in answers):
            _link(need, LinkKind.COHORT, str(cohort_id), "", by, now)
    return placed


def _check(need: Need, kind: str, otherwise: str) -> None:
    if need.state != NeedState.ACCEPTED:
        raise WrongState(_("Accept %(code)s first: only what is accepted is answered.") % {"code": need.code})
    if need.kind != kind:
        raise WrongState(otherwise)


def _link(need: Need, kind: str, ref: str, title: str, by: User | None, now: dt.datetime) -> NeedLink:
    with loading():
        link, made = NeedLink.objects.get_or_create(
            need=need, kind=kind, ref=ref,
            defaults={"org_no": need.org_no, "title": title[:300], "at": now, "by_id": by.pk if by else None},
        )  # fmt: skip
        if made:
            new_step(need, NeedMove.LINKED, by, now, note=title).save(force_insert=True)
    return link


def on_completed(ended: Any) -> None:
    """A course group is closed (called by cpd in the same transaction): its need keeps the decision as evidence. It is met once
    everybody who was sent for it has completed a course; else a person decides, or sends more."""
    number = ended.need_code.removeprefix("N-")
    if not number.isdecimal() or len(number) > 9:
        return
    with loading():
        need = Need.objects.select_for_update(of=("self",)).filter(number=int(number)).first()
        if need is None or need.state != NeedState.ACCEPTED:
            return
        found = {"completed": ended.completed, "sent": ended.sent}
        row = {"kind": "course", "ref": ended.cohort_code, "decision": ended.decision_number, "numbers": found}
        need.evidence = [*need.evidence, row]
        note = f"{ended.course_name} ({ended.cohort_code}): {ended.completed}/{ended.sent}"
        if ended.completed and not ended.missing:
            need.met_on = ended.ended_on
            move(need, NeedState.MET, NeedMove.MET, None, timezone.now(), note=note)
        else:
            need.save(update_fields=["evidence"])
            new_step(need, NeedMove.LINKED, None, timezone.now(), note=note).save(force_insert=True)


def on_accepted(work: Any) -> None:
    """A work was accepted (called by facilities in the same transaction): its need is met once none is left open."""
    from tirek.facilities.queries.works import works_of

    number = (work.need_code or "").removeprefix("N-")
    if not number.isdecimal() or len(number) > 9:
        return
    with loading():
        need = Need.objects.select_for_update(of=("self",)).filter(number=int(number)).first()
        if need is None or need.state != NeedState.ACCEPTED:
            return
        if all(other.pk == work.pk or other.state in WORK_ENDED for other in works_of(need_codes=[need.code])):
            need.met_on = work.accepted_on or timezone.localdate()
            move(need, NeedState.MET, NeedMove.MET, None, timezone.now(), note=work.title)
