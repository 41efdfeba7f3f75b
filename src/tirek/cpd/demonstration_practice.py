"""Shared practice and awards for a demonstration region. Invented, seeded, made once, in seconds."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
from django.db.models import QuerySet
from django.utils import timezone

from tirek.access.models import User
from tirek.access.scope import loading
from tirek.cpd.demonstration_lessons import LESSONS, share_lessons
from tirek.cpd.demonstration_reserve import CODE, hold_reserve
from tirek.cpd.models import AwardKind, Competition, Guest, Nomination, NominationState, NominationStep, Resource, Visit
from tirek.registry.models import Employment

SEED = 20_261
GROUNDS = "Әр айда ашық сабақ береді; сыныбының қорытынды мониторингтегі нәтижесі екі жылда өсті. Көрсетілім мәтіні."
TAKEN = (
    "Жұптық жұмысты өз сыныбымда байқап көремін.", "Сұрақты алдымен дәптерге жаздыруды аламын.", "Возьму лист с предположением до опыта.",
    "Оқушылардың бір-біріне баға беруін көрдім.", "",
)  # fmt: skip
AWARDS = (
    ("demo-altynsarin", "Ы. Алтынсарин төсбелгісі (көрсетілім)", "Нагрудный знак «Ы. Алтынсарин» (демонстрация)",
     "Y. Altynsarin badge (demonstration)", 10),
    ("demo-best-teacher", "«Үздік педагог» атағы (көрсетілім)", "Звание «Лучший педагог» (демонстрация)",
     "Best teacher (demonstration)", 5),
    ("demo-honour", "Құрмет грамотасы (көрсетілім)", "Почётная грамота (демонстрация)", "Certificate of honour (demonstration)", 3),
)  # fmt: skip
RESOURCES = (
    ("mathematics", "tasks", "kk", (5, 6), "Математика: бөлшекке 40 тапсырма", "cc-by"),
    ("mathematics", "video", "ru", (7, 8), "Функция за 12 минут: видеоуроки", "cc-by-nc"),
    ("physics", "site", "kk", (8, 9), "Электр тізбегін құрастыру: симулятор", "schools"),
    ("biology", "guide", "kk", (6, 7), "Микроскоппен сабақ: мұғалім нұсқаулығы", "cc-by-sa"),
    ("chemistry", "video", "ru", (8,), "Безопасные опыты без вытяжки", "cc-by"),
    ("kazakh_language", "workbook", "kk", (5, 6, 7), "Мәтінмен жұмыс дәптері", "schools"),
    ("russian_language", "tasks", "ru", (5, 6), "Тексты и вопросы разной трудности", "cc0"),
    ("english", "site", "en", (5, 6, 7), "Short stories with questions, levels A1 to B1", "cc-by-nc"),
    ("informatics", "guide", "kk", (5, 6), "Компьютерсіз бағдарламалау: 20 ойын", "cc-by"),
    ("elementary", "textbook", "kk", (1, 2), "Әліппеге қосымша оқу мәтіндері", "schools"),
    ("history", "tasks", "kk", (8, 9), "Дереккөзбен жұмыс: 15 жұп үзінді", "cc-by"),
    ("geography", "site", "ru", (7, 8), "Погода Мангистау: наблюдения школьных станций", "cc0"),
)  # fmt: skip


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
        staff = Employment.objects.filter(
            org_no__gte=org_lo, org_no__lte=org_hi, is_main=True, position="teacher", valid__contains=today
        )
        numbers = list(staff.order_by("org_no", "sort_key", "id").values_list("pk", flat=True))
        if len(numbers) < 12:
            return Shared()
        teacher = _account("teacher", staff)
        drawn = [numbers[int(i)] for i in random.choice(len(numbers), size=min(80, len(numbers)), replace=False)]
        found = staff.in_bulk(drawn)
        pick = [found[pk] for pk in drawn]
        pick = [work for work in pick if teacher is None or work.person_id != teacher.person_id]
        return Shared(
            share_lessons(pick[:18], teacher, random, now), _visits(pick[:8], pick[8:], teacher, random, now),
            _resources(org_lo, org_hi, now), hold_reserve(pick[-40:], teacher, org_lo, org_hi, random, by, now),
            _awards(pick[:15], teacher, org_lo, org_hi, now),
        )  # fmt: skip


def _account(username: str, staff: QuerySet[Employment]) -> Employment | None:
    """Where the person of a demonstration's account works."""
    person_id = (
        User.objects.filter(username=username, is_demonstration=True).values_list("person_id", flat=True).first()
    )
    return staff.filter(person_id=person_id).first() if person_id else None


def _visits(hosts, others, teacher: Employment | None, random, now) -> int:
    """Half are over, with what guests said; in the next one the demonstration's teacher has a place."""
    today = timezone.localdate(now)
    for place, work in enumerate(hosts):
        day, shown = today + dt.timedelta(days=(place - 4) * 9 + 2), LESSONS[place % len(LESSONS)]
        held, is_visit = day < today, place % 4 == 3
        made = Visit.objects.create(
            code=f"V-D-{place:05d}", org_no=work.org_no, kind="visit" if is_visit else "open_lesson", title=shown.title,
            subject="" if is_visit else shown.subject, language=shown.language, day=day, starts_at=dt.time(10), minutes=45,
            places=6, state="held" if held else "open", note="Екінші қабат, 204-кабинет." if not is_visit else "",
        )  # fmt: skip
        guests = [guest for guest in others[place::9][: (7, 3, 5, 4)[place % 4]] if guest.org_no != work.org_no]
        if teacher is not None and work.org_no != teacher.org_no and place in (1, 4):
            guests.insert(0, teacher)
        for number, guest in enumerate(guests):
            came = held and number != 3
            standing = ("came" if came else "absent") if held else ("place" if number < 6 else "waiting")
            Guest.objects.create(
                visit=made, person_id=guest.person_id, org_no=guest.org_no, person_name=guest.person_name,
                standing=standing, minutes=45 if came else 0, asked_at=now - dt.timedelta(days=60),
                useful=int(random.integers(3, 6)) if came else None,
                take_home=TAKEN[number % len(TAKEN)] if came else "", said_at=now if came else None,
            )  # fmt: skip
    return len(hosts)


def _resources(org_lo: int, org_hi: int, now) -> int:
    for place, (subject, kind, language, grades, title, licence) in enumerate(RESOURCES):
        Resource.objects.create(
            code=f"M-D-{place:05d}", org_lo=org_lo, org_hi=org_hi, title=title, kind=kind, subject=subject,
            grades=list(grades), language=language, address=f"https://example.org/resource/{place}", licence=licence,
            publisher="Көрсетілім баспасы", reviewed_by="Көрсетілім әдіскері",
            reviewed_on=timezone.localdate(now) - dt.timedelta(days=11 * place),
        )  # fmt: skip
    return len(RESOURCES)


def _awards(people, teacher: Employment | None, org_lo: int, org_hi: int, now) -> int:
    kinds = [
        AwardKind.objects.create(
            code=code, org_lo=org_lo, org_hi=org_hi, name_kk=kk, name_ru=ru, name_en=en, issuer="Көрсетілім министрлігі",
            basis="Көрсетілім; актісі белгісіз", years=years,
        )
        for code, kk, ru, en, years in AWARDS
    ]  # fmt: skip
    path = (NominationState.NOMINATED, NominationState.DISTRICT, NominationState.REGION, NominationState.AWARDED)
    people = [*people, *([teacher] if teacher is not None else [])]
    for place, work in enumerate(people):
        reached = 3 if work is teacher else place % 4
        refused = place % 7 == 5
        state = NominationState.REFUSED if refused else path[reached]
        begun = timezone.localdate(now) - dt.timedelta(days=120 + 3 * place)
        on = begun + dt.timedelta(days=30 * reached)
        made = Nomination.objects.create(
            code=f"W-D-{place:05d}", award=kinds[place % len(kinds)], person_id=work.person_id, org_no=work.org_no,
            person_name=work.person_name, grounds=GROUNDS, years=10 + place % 9, state=state,
            nominated_at=now - dt.timedelta(days=120 + 3 * place), awarded_on=on if state == NominationState.AWARDED else None,
            act=f"Көрсетілім бұйрығы № {place + 1}" if state == NominationState.AWARDED else "",
            refused_because="Жұмыс өтілі жетпейді; келесі жылы қайта ұсынуға болады." if refused else "",
        )  # fmt: skip
        steps = [*path[:reached], state] if refused else path[: reached + 1]
        for number, step in enumerate(steps):
            NominationStep.objects.create(
                nomination=made, org_no=work.org_no, person_id=work.person_id, state=step,
                decided_on=begun + dt.timedelta(days=30 * number), at=now,
            )  # fmt: skip
    return len(people)
