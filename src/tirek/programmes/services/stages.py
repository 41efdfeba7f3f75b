"""How a school goes through the stages: confirming, passing, going back, reminding, leaving, merging."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.permissions import may
from tirek.access.roles import HEADS
from tirek.access.scope import current_scope
from tirek.programmes.models import Confirmation, Participation, Stage, StageMove, StageStep
from tirek.programmes.queries import board as boards
from tirek.programmes.refusals import BadInput, NotAllowed, NotThere, WrongState, must
from tirek.programmes.services import evidence
from tirek.storage.database import LOADER
from tirek.tasks import services as tasks
from tirek.tasks.services import File


@transaction.atomic
def confirm(
    *,
    participation_id: int,
    requirement: str,
    note: str = "",
    file: File | None = None,
    by: User | None,
    now: dt.datetime,
) -> Confirmation:
    """Say with evidence that a requirement of the present stage is met, where the records cannot."""
    p = _locked(participation_id)
    _must_confirm(p.org_no)
    wanted = next(
        (r for r in boards.requirements_of([p], on=timezone.localdate(now))[p.pk] if r.code == requirement), None
    )
    if wanted is None:
        raise WrongState(_("The school is in another stage by now. Load the page again."))
    if wanted.is_looked_up:
        raise WrongState(_("This is looked up in the records and is not confirmed by hand."))
    if wanted.confirmed is not None:
        raise WrongState(_("Somebody was faster: this is confirmed already."))
    if not note.strip() and file is None:
        raise BadInput(_("Say what shows it, or add a file."), code="evidence", field="note")
    kept = evidence.keep(file)
    return Confirmation.objects.create(
        participation=p, stage=p.stage, org_no=p.org_no, requirement=requirement, note=note.strip()[:500],
        by_id=by.pk if by else None, by_name=str(by or ""), at=now, **kept,
    )  # fmt: skip


@transaction.atomic
def withdraw_confirmation(
    *, participation_id: int, requirement: str, note: str, by: User | None, now: dt.datetime
) -> None:
    """Take a confirmation of the present stage back, saying why."""
    p = _locked(participation_id)
    _must_confirm(p.org_no)
    if not note.strip():
        raise BadInput(_("Say why it is taken back."), field="note")
    if (p.pk, p.stage_id, requirement) not in boards.confirmations([p.pk]):
        raise WrongState(_("This is not confirmed."))
    Confirmation.objects.create(
        participation=p, stage=p.stage, org_no=p.org_no, requirement=requirement, is_withdrawal=True,
        note=note.strip()[:500], by_id=by.pk if by else None, by_name=str(by or ""), at=now,
    )  # fmt: skip


@transaction.atomic
def move_on(*, programme_id: int, org_nos: Sequence[int] | None = None, by: User | None, now: dt.datetime) -> int:
    """Let every school go on that has all its stage wants, one stage each. Returns how many went on."""
    must("programmes.manage", *(org_nos or ()))
    on = timezone.localdate(now)
    found = current_scope().limit(
        Participation.objects.select_for_update(of=("self",))
        .select_related("stage", "programme")
        .filter(programme=programme_id, valid__contains=on, stage__isnull=False)
    )
    if org_nos is not None:
        found = found.filter(org_no__in=org_nos)
    schools = list(found.order_by("org_no"))
    wanted = boards.requirements_of(schools, on=on)
    following = _following(programme_id)
    moved = [p for p in schools if all(r.is_met for r in wanted[p.pk])]
    _close_tasks(moved, by, now)
    for p in moved:
        _step(p, StageMove.PASSED, by, now, facts=[_fact(r) for r in wanted[p.pk]])
        p.stage, p.stage_since = following[p.stage_id], on
        p.save(update_fields=["stage", "stage_since"])
    return len(moved)


@transaction.atomic
def go_back(*, participation_id: int, stage_code: str, note: str, by: User | None, now: dt.datetime) -> Participation:
    """Open an earlier stage again, saying why."""
    p = _locked(participation_id)
    must("programmes.manage", p.org_no)
    stage = Stage.objects.filter(programme=p.programme_id, code=stage_code).first()
    if stage is None or (p.stage is not None and stage.position >= p.stage.position):
        raise WrongState(_("Only an earlier stage can be opened again."))
    if not note.strip():
        raise BadInput(_("Say why the stage is opened again."), field="note")
    p.stage, p.stage_since = stage, timezone.localdate(now)
    p.save(update_fields=["stage", "stage_since"])
    _step(p, StageMove.REOPENED, by, now, note=note.strip()[:500])
    return p


@dataclass(frozen=True)
class Reminded:
    """How many were asked for the first time, reminded again, and left alone because it was done within the day."""

    asked: int
    reminded: int
    too_soon: int


@transaction.atomic
def remind(*, programme_id: int, org_nos: Sequence[int], by: User, now: dt.datetime) -> Reminded:
    """Remind schools of what their stage still wants: a task the first time, then at most once a day."""
    must("tasks.assign", *org_nos)
    if not may(current_scope().role, "programmes.read"):
        raise NotAllowed(_("Your role does not open programmes."))
    on = timezone.localdate(now)
    found = Participation.objects.select_related("stage", "programme").filter(
        programme=programme_id, org_no__in=list(org_nos), valid__contains=on, stage__isnull=False
    )
    schools = list(found)
    if not schools:
        raise BadInput(_("Choose at least one school that takes part."))
    wanted, asked, reminded = boards.requirements_of(schools, on=on), 0, 0
    for p in schools:
        if all(r.is_met for r in wanted[p.pk]):
            continue
        task_id = boards.open_tasks(p.programme, p.stage, [p.org_no]).get(p.org_no)
        if task_id is None:
            asked += len(_ask(p, by, now))
        else:
            reminded += tasks.remind(task_ids=[task_id], by=by, now=now) if _is_due(p, now) else 0
    return Reminded(asked, reminded, len(schools) - asked - reminded)


def _is_due(p: Participation, now: dt.datetime) -> bool:
    """A task counts as the first reminder: nobody is asked and reminded within one day."""
    last = boards.last_asked(p.programme, [p.org_no]).get((p.org_no, p.stage.code))
    return last is None or now - last >= tasks.REMIND_AGAIN_AFTER


def _ask(p: Participation, by: User, now: dt.datetime):
    names = {f"{thing}_{lang}": getattr(row, f"name_{lang}") for thing, row in (("programme", p.programme), ("stage", p.stage))
             for lang in ("kk", "ru", "en")}  # fmt: skip
    return tasks.ask(
        org_nos=[p.org_no], kind=boards.STAGE_TASK, subject=boards.subject_of(p.programme, p.stage), by=by, now=now,
        roles=sorted(HEADS), parameters=names | {"slug": p.programme.slug},
    )  # fmt: skip


def _close_tasks(moved: Sequence[Participation], by: User | None, now: dt.datetime) -> None:
    """What was asked for a stage that is passed is no longer asked."""
    if by is None:
        return
    for p in moved:
        task_id = boards.open_tasks(p.programme, p.stage, [p.org_no]).get(p.org_no)
        if task_id is not None:
            tasks.cancel(task_id=task_id, note=_("The stage is passed."), by=by, now=now)


def _following(programme_id: int) -> dict[int, Stage | None]:
    """Stage -> the next one; after the last, none."""
    stages = list(Stage.objects.filter(programme=programme_id).order_by("position"))
    return {stage.pk: after for stage, after in zip(stages, [*stages[1:], None], strict=True)}


def _fact(requirement) -> dict:
    confirmed = requirement.confirmed.pk if requirement.confirmed else None
    return {"code": requirement.code, "words": requirement.words, "confirmation": confirmed}


def _locked(participation_id: int) -> Participation:
    found = Participation.objects.select_for_update(of=("self",)).select_related("stage", "programme")
    p = found.filter(pk=participation_id).first()
    if p is None or (not current_scope().covers(p.org_no) and current_scope().database_role != LOADER):
        raise NotThere(_("There is no such school in the programme, or it is not yours to see."))
    if p.valid.upper is not None:
        raise WrongState(_("The school has left the programme."))
    return p


def _must_confirm(org_no: int) -> None:
    """The school itself, or the office."""
    scope = current_scope()
    at_home = scope.role in HEADS and scope.lo == scope.hi == org_no
    if not at_home:
        must("programmes.manage", org_no)


def _step(p: Participation, kind: str, by: User | None, now: dt.datetime, **fields) -> StageStep:
    return StageStep.objects.create(
        participation=p, stage=p.stage, org_no=p.org_no, kind=kind, by_id=by.pk if by else None, by_name=str(by or ""),
        at=now, **fields,
    )  # fmt: skip
