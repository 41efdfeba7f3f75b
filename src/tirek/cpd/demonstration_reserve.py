"""The leaders' reserve of a demonstration: a competition that is decided, an earlier one whose people lead schools today, and one
that is open. Both decisions are real ones, made by the services that make them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
from django.utils import timezone

from tirek.access.models import User
from tirek.cpd.models import (
    Appointment,
    Candidate,
    CandidateState,
    CandidateStep,
    Commissioner,
    Competition,
    Mark,
    Meeting,
    Mentoring,
)
from tirek.cpd.services import reserve
from tirek.registry.models import Employment

CODE, EARLIER, OPEN = "demo-reserve", "demo-reserve-first", "demo-reserve-open"
LEADING = 9
STAGES = ["application", "test", "defence", "interview"]
STATEMENT = (
    "Бірінші жылы әр мұғалім айына бір ашық сабақ береді; талқылауда оқушының не істегенін айтамыз. Екінші жылы ата-аналармен "
    "тоқсан сайын сынып нәтижесін талдаймыз. Көрсетілім мәтіні."
)
REASONS = ("Жоспары нақты, мерзімі бар.", "Сандары өз мектебінен алынған.", "Ұжыммен жұмысын мысалмен көрсетті.")


def hold_reserve(
    people: Sequence[Employment], teacher: Employment | None, org_lo: int, org_hi: int, random, by, now
) -> int:
    """How many candidates there are, in all competitions."""
    today = timezone.localdate(now)
    heads = list(
        Employment.objects.filter(
            org_no__gte=org_lo, org_no__lte=org_hi, position="head", is_main=True, valid__contains=today,
            institution__kind="school",
        ).order_by("-valid", "org_no")[:LEADING]
    )  # fmt: skip
    half = len(people) // 2
    begun = heads[0].valid.lower if heads else today - dt.timedelta(days=420)
    first = [*heads, *people[:half]]
    _competition(
        EARLIER,
        begun - dt.timedelta(days=150),
        org_lo,
        org_hi,
        15,
        "Бірінші байқау (көрсетілім)",
        "Первый конкурс (демонстрация)",
    )
    _take_part(EARLIER, "A", first, {head.person_id for head in heads}, random, by, begun - dt.timedelta(days=120), now)
    _appointed(heads, now)
    _competition(
        CODE,
        today - dt.timedelta(days=30),
        org_lo,
        org_hi,
        12,
        "Басшылар резервіне байқау (көрсетілім)",
        "Конкурс в резерв руководителей (демонстрация)",
    )
    _take_part(CODE, "B", people[half:], set(), random, by, today, now)
    _still_open(people[: min(6, half)], teacher, org_lo, org_hi, now)
    _mentored(heads, today)
    return Candidate.objects.filter(competition__code__in=(CODE, EARLIER, OPEN)).count()


def _competition(code: str, closed: dt.date, org_lo: int, org_hi: int, places: int, kk: str, ru: str) -> Competition:
    return Competition.objects.create(
        code=code, org_lo=org_lo, org_hi=org_hi, name_kk=kk, name_ru=ru, name_en="Competition for the reserve (demonstration)",
        opens_on=closed - dt.timedelta(days=30), closes_on=closed, places=places, stages=STAGES,
    )  # fmt: skip


def _candidate(code: str, of: Competition, work: Employment, years: int, at: dt.datetime) -> Candidate:
    one = Candidate.objects.create(
        code=code, competition=of, person_id=work.person_id, org_no=work.org_no, person_name=work.person_name,
        position="deputy_head" if work.position == "head" else work.position, category=work.category or "moderator",
        years=years, statement=STATEMENT, state=CandidateState.APPLIED, applied_at=at,
    )  # fmt: skip
    CandidateStep.objects.create(candidate=one, org_no=one.org_no, person_id=one.person_id, state=one.state, at=at)
    return one


def _take_part(code: str, letter: str, people, best: set[int], random, by, decided: dt.date, now) -> None:
    """Applications, marks by three commissioners, and the decision on its day."""
    of = Competition.objects.get(code=code)
    judges = [
        Commissioner.objects.create(
            competition=of, user_id=-n, full_name=f"Көрсетілім комиссия мүшесі {n}", org_lo=of.org_lo, org_hi=of.org_hi
        )
        for n in (1, 2, 3)
    ]
    at = timezone.make_aware(dt.datetime.combine(min(decided, timezone.localdate(now)), dt.time(9)))
    at = min(at, now)
    for place, work in enumerate(people):
        able = int(random.integers(84, 94) if work.person_id in best else random.integers(52, 86))
        one = _candidate(f"K-{letter}-{place:05d}", of, work, int(random.integers(6, 25)), at - dt.timedelta(days=45))
        Mark.objects.bulk_create(
            Mark(
                candidate=one, commissioner=judge, user_id=judge.user_id, org_lo=of.org_lo, org_hi=of.org_hi, stage=stage,
                points=int(np.clip(able + random.integers(-9, 10), 0, 100)), reason=REASONS[number], at=at - dt.timedelta(days=3),
            )
            for number, judge in enumerate(judges) for stage in STAGES
        )  # fmt: skip
    draft = reserve.prepare(code=code, by=by, now=at)
    reserve.publish(number=draft.number, by=by, now=at)


def _appointed(heads: Sequence[Employment], now: dt.datetime) -> None:
    """Those of the first reserve who lead a school today, as the register has it."""
    works = {work.person_id: work for work in heads}
    for made in Candidate.objects.filter(competition__code=EARLIER, person_id__in=works, state=CandidateState.RESERVE):
        work = works[made.person_id]
        Appointment.objects.create(
            candidate=made, person_id=made.person_id, org_no=work.org_no, institution_id=work.institution_id, position="head",
            from_date=work.valid.lower, act="Көрсетілім бұйрығы", employment_id=work.pk, at=now,
        )  # fmt: skip
        made.state = CandidateState.APPOINTED
        made.save(update_fields=["state"])
        on = timezone.make_aware(dt.datetime.combine(work.valid.lower, dt.time(9)))
        reserve.step(made, None, min(on, now), "Көрсетілім бұйрығы")


def _still_open(people, teacher: Employment | None, org_lo: int, org_hi: int, now: dt.datetime) -> None:
    """Applications are taken; the account ``head`` gives marks."""
    today = timezone.localdate(now)
    of = _competition(
        OPEN,
        today + dt.timedelta(days=20),
        org_lo,
        org_hi,
        10,
        "Келесі байқау (көрсетілім)",
        "Следующий конкурс (демонстрация)",
    )
    user = User.objects.filter(username="head", is_demonstration=True).first()
    if user is not None:
        Commissioner.objects.create(
            competition=of,
            user_id=user.pk,
            full_name=str(user),
            org_lo=org_lo,
            org_hi=org_hi,
            school_no=user.org_no or 0,
        )
    for place, work in enumerate([*people, *([teacher] if teacher is not None else [])]):
        _candidate(f"K-C-{place:05d}", of, work, 7 + place, now - dt.timedelta(days=5))


def _mentored(heads: Sequence[Employment], today: dt.date) -> None:
    """The account ``head`` accompanies two who were appointed."""
    user = User.objects.filter(username="head", is_demonstration=True).first()
    found = Candidate.objects.filter(competition__code=EARLIER, state=CandidateState.APPOINTED).order_by("code")[:2]
    for made in found if user is not None else ():
        mentoring = Mentoring.objects.create(
            candidate=made, person_id=made.person_id, org_no=made.org_no, mentor_user_id=user.pk, mentor_name=str(user),
            plan="Бірінші жарты жыл: бюджет, сабақты бақылау, ұжыммен бірінші жиналыс.", starts_on=today - dt.timedelta(days=80),
        )  # fmt: skip
        for days, note in (
            (70, "Мектептің бюджетін бірге оқыдық; үш сұрақ бөлімге жіберілді."),
            (30, "Екі сабақты бірге бақылап, талқылау өткіздік."),
        ):
            Meeting.objects.create(
                mentoring=mentoring, person_id=made.person_id, org_no=made.org_no, mentor_user_id=user.pk,
                day=today - dt.timedelta(days=days), note=note,
            )  # fmt: skip
