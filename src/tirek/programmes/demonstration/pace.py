"""How the schools have gone through the stages in two years: most are through, some are stuck."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence

from django.utils import timezone

from tirek.access.models import User
from tirek.programmes.models import Confirmation, Participation, Programme, ProgrammeState, Stage, StageMove, StageStep

SHARES = ((0.56, 0), (0.76, 1), (0.9, 2), (1.0, 3))  # how many stages short of post-project support a school is
NOTE = "Көрсетілімдік растау"


def walk(otpan: Programme, *, now: dt.datetime, by: User | None, seed: int) -> int:
    """Let each school pass its stages at its own pace, up to today. Gives how many steps were made."""
    if StageStep.objects.filter(participation__programme=otpan, kind=StageMove.PASSED).exists():
        return 0
    stages = list(Stage.objects.filter(programme=otpan).order_by("position"))
    today, made = timezone.localdate(now), 0
    for p in Participation.objects.filter(programme=otpan).order_by("org_no"):
        made += _school(p, stages, random.Random(f"pace {seed} {p.org_no}"), today, by)  # noqa: S311
    state = ProgrammeState.SUPPORT if today >= otpan.ends_on else ProgrammeState.RUNNING
    Programme.objects.filter(pk=otpan.pk).update(state=state)
    return made


def _school(p: Participation, stages: Sequence[Stage], chance: random.Random, today: dt.date, by: User | None) -> int:
    """Pass stages until the day of today, or until the stage in which this school is stuck."""
    draw = chance.random()
    short = next(n for share, n in SHARES if draw <= share)
    last = len(stages) - 1 - short  # the stage in which the school stands at the latest
    day, steps, kept = p.valid.lower, [], []
    for place, stage in enumerate(stages[:last]):
        passed = day + dt.timedelta(days=max(3, round(stage.days * chance.uniform(0.82, 1.0))))
        if passed > today:
            break
        at = timezone.make_aware(dt.datetime.combine(passed, dt.time(11, 0)))
        kept += [_confirmed(p, stage, r, at, by) for r in stage.requirements if not r["probe"]]
        facts = [{"code": r["code"], "words": "", "confirmation": None} for r in stage.requirements]
        steps.append(
            StageStep(participation=p, stage=stage, org_no=p.org_no, kind=StageMove.PASSED, facts=facts, by_name=str(by or ""),
                      by_id=by.pk if by else None, at=at)
        )  # fmt: skip
        p.stage, p.stage_since, day = stages[place + 1], passed, passed
    Confirmation.objects.bulk_create(kept)
    StageStep.objects.bulk_create(steps)
    p.save(update_fields=["stage", "stage_since"])
    return len(steps)


def _confirmed(p: Participation, stage: Stage, requirement: dict, at: dt.datetime, by: User | None) -> Confirmation:
    return Confirmation(
        participation=p, stage=stage, org_no=p.org_no, requirement=requirement["code"], note=NOTE, by_name=str(by or ""),
        by_id=by.pk if by else None, at=at,
    )  # fmt: skip
