"""Shared practice, the leaders' reserve and awards for a demonstration region. Invented, seeded, made once, in seconds."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
from django.utils import timezone

from tirek.access.models import User
from tirek.access.scope import loading
from tirek.cpd.models import (
    Author,
    AwardKind,
    Candidate,
    CandidateState,
    CandidateStep,
    Commissioner,
    Competition,
    Edition,
    Guest,
    Lesson,
    Mark,
    Nomination,
    NominationState,
    NominationStep,
    Resource,
    Visit,
)
from tirek.cpd.services import reserve
from tirek.registry.models import Employment

SEED, CODE = 20_261, "demo-reserve"
TITLES = (
    ("mathematics", "Бөлшектерді қағаз жолақпен салыстыру", ["mathematics"], [5, 6]),
    ("physics", "Судың қайнауын өлшейміз", ["science"], [8]),
    ("biology", "Жапырақты микроскоппен қарау", ["science"], [6, 7]),
    ("kazakh_language", "Мәтіннен дәлел табу", ["reading", "kazakh"], [7, 8, 9]),
    ("informatics", "Роботқа жол салу", ["robotics", "informatics"], [5, 6, 7]),
    ("elementary", "Жұпта оқу", ["reading", "elementary"], [2, 3, 4]),
)
GOALS = "Оқушы шешімін түсіндіреді, әріптесінің қатесін табады және дәлел келтіреді."
STATEMENT = "Әр мұғалім айына бір ашық сабақ береді; талқылауда оқушының не істегенін айтамыз. Көрсетілім мәтіні."


@dataclass(frozen=True)
class Shared:
    """What was made; zero when it had been made before."""

    lessons: int = 0
    visits: int = 0
    resources: int = 0
    candidates: int = 0
    awards: int = 0


def demonstrate_practice(*, org_lo: int, org_hi: int, by: User | None, now: dt.datetime) -> Shared:
    """Fill the subjects from the register's people. Repeating it changes nothing. The reserve is a real decision."""
    with loading():
        if Competition.objects.filter(code=CODE).exists():
            return Shared()
        random, today = np.random.default_rng(SEED), timezone.localdate(now)
        staff = list(
            Employment.objects.filter(
                org_no__gte=org_lo, org_no__lte=org_hi, is_main=True, position="teacher", valid__contains=today
            ).order_by("org_no", "sort_key", "id")[:4000]
        )
        if len(staff) < 12:
            return Shared()
        pick = [staff[int(i)] for i in random.choice(len(staff), size=min(80, len(staff)), replace=False)]
        return Shared(
            _lessons(pick[:18], random, now), _visits(pick[:8], pick[8:], random, now), _resources(org_lo, org_hi, now),
            _reserve(pick[-40:], org_lo, org_hi, random, by, now), _awards(pick[:10], org_lo, org_hi, now),
        )  # fmt: skip


def _lessons(authors, random, now) -> int:
    for place, work in enumerate(authors):
        subject, title, topics, grades = TITLES[place % len(TITLES)]
        rated = int(random.integers(0, 14))
        at = now - dt.timedelta(days=int(random.integers(20, 600)))
        content = {
            "title": title, "subject": subject, "topics": topics, "grades": grades, "language": "kk", "goals": GOALS,
            "text": STATEMENT, "author_names": work.person_name, "published_at": at,
        }  # fmt: skip
        made = Lesson.objects.create(
            code=f"L-D-{place:05d}",
            org_no=work.org_no,
            rating_n=rated,
            rating_sum=rated * 4,
            use_n=rated * 3,
            **content,
        )
        Edition.objects.create(lesson=made, org_no=work.org_no, number=1, **content)
        Author.objects.create(lesson=made, person_id=work.person_id, org_no=work.org_no)
    return len(authors)


def _visits(hosts, others, random, now) -> int:
    today = timezone.localdate(now)
    for place, work in enumerate(hosts):
        day = today + dt.timedelta(days=(place - 4) * 9)
        held = day < today
        made = Visit.objects.create(
            code=f"V-D-{place:05d}", org_no=work.org_no, kind="open_lesson", title=TITLES[place % len(TITLES)][1],
            subject=TITLES[place % len(TITLES)][0], language="kk", day=day, starts_at=dt.time(10), minutes=45, places=6,
            state="held" if held else "open",
        )  # fmt: skip
        for guest in others[place::9][:5]:
            if guest.org_no == work.org_no:
                continue
            Guest.objects.create(
                visit=made, person_id=guest.person_id, org_no=guest.org_no, person_name=guest.person_name,
                standing="came" if held else "place", minutes=45 if held else 0, asked_at=now - dt.timedelta(days=60),
                useful=int(random.integers(3, 6)) if held else None,
            )  # fmt: skip
    return len(hosts)


def _resources(org_lo: int, org_hi: int, now) -> int:
    for place, (subject, title, _topics, grades) in enumerate(TITLES):
        Resource.objects.create(
            code=f"M-D-{place:05d}", org_lo=org_lo, org_hi=org_hi, title=title, kind="tasks", subject=subject,
            grades=grades, language="kk", address=f"https://example.org/resource/{place}", licence="cc-by",
            publisher="Көрсетілім баспасы", reviewed_by="Көрсетілім әдіскері", reviewed_on=timezone.localdate(now),
        )  # fmt: skip
    return len(TITLES)


def _reserve(people, org_lo: int, org_hi: int, random, by, now) -> int:
    closed = timezone.localdate(now) - dt.timedelta(days=30)
    made = Competition.objects.create(
        code=CODE, org_lo=org_lo, org_hi=org_hi, name_kk="Басшылар резервіне байқау (көрсетілім)",
        name_ru="Конкурс в резерв руководителей (демонстрация)", name_en="Competition for the reserve (demonstration)",
        opens_on=closed - dt.timedelta(days=30), closes_on=closed, places=12,
        stages=["application", "test", "defence", "interview"],
    )  # fmt: skip
    judges = [
        Commissioner.objects.create(
            competition=made, user_id=-n, full_name=f"Көрсетілім комиссия мүшесі {n}", org_lo=org_lo, org_hi=org_hi
        )
        for n in (1, 2, 3)
    ]
    for place, work in enumerate(people):
        able = int(random.integers(55, 92))
        one = Candidate.objects.create(
            code=f"K-D-{place:05d}", competition=made, person_id=work.person_id, org_no=work.org_no,
            person_name=work.person_name, position=work.position, category=work.category or "moderator",
            years=int(random.integers(5, 25)), statement=STATEMENT, state=CandidateState.APPLIED,
            applied_at=now - dt.timedelta(days=45),
        )  # fmt: skip
        CandidateStep.objects.create(
            candidate=one, org_no=one.org_no, person_id=one.person_id, state=one.state, at=one.applied_at
        )
        Mark.objects.bulk_create(
            Mark(
                candidate=one, commissioner=judge, user_id=judge.user_id, org_lo=org_lo, org_hi=org_hi, stage=stage,
                points=int(np.clip(able + random.integers(-12, 13), 0, 100)), reason="Көрсетілім бағасы.", at=now,
            )
            for judge in judges for stage in made.stages
        )  # fmt: skip
    draft = reserve.prepare(code=CODE, by=by, now=now)
    reserve.publish(number=draft.number, by=by, now=now)
    return len(people)


def _awards(people, org_lo: int, org_hi: int, now) -> int:
    kind = AwardKind.objects.create(
        code="demo-award", org_lo=org_lo, org_hi=org_hi, name_kk="Үздік мұғалім (көрсетілім)",
        name_ru="Лучший учитель (демонстрация)", name_en="Best teacher (demonstration)", issuer="Көрсетілім министрлігі",
        basis="Көрсетілім; актісі белгісіз", years=0,
    )  # fmt: skip
    states = (NominationState.AWARDED, NominationState.NOMINATED, NominationState.DISTRICT)
    today = timezone.localdate(now)
    for place, work in enumerate(people):
        state = states[place % len(states)]
        is_awarded = state == NominationState.AWARDED
        made = Nomination.objects.create(
            code=f"W-D-{place:05d}", award=kind, person_id=work.person_id, org_no=work.org_no,
            person_name=work.person_name, grounds=STATEMENT, years=10, state=state,
            nominated_at=now - dt.timedelta(days=90), awarded_on=today if is_awarded else None,
            act="Көрсетілім бұйрығы" if is_awarded else "",
        )  # fmt: skip
        NominationStep.objects.create(
            nomination=made, org_no=work.org_no, person_id=work.person_id, state=state, decided_on=today, at=now
        )
    return len(people)
