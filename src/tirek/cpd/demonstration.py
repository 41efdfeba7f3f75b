"""Two years of teachers' growth for the demonstration region: providers, courses, people who completed them, open runs,
applications for categories in every state, requests to teachers. Invented, seeded, and made once.

Earlier runs are written as rows and closed by real decisions and certificates for the latest few, so that everything can be
asked why; the others stand as they were reported.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
from django.conf import settings
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from tirek.access.models import Grant, User
from tirek.access.roles import Role, ScopeKind
from tirek.access.scope import Scope, acting_as, loading
from tirek.cpd.models import (
    Application,
    ApplicationState,
    Attendance,
    Cohort,
    Course,
    Demand,
    Expert,
    Participation,
    Provider,
    Review,
    Score,
    Session,
    Standing,
    Step,
    Window,
)
from tirek.cpd.services import commission, experts
from tirek.cpd.services.certificates import issue_for_cohort
from tirek.cpd.services.certification import check_received
from tirek.cpd.services.completion import complete_cohort
from tirek.cpd.services.experts import draw_experts
from tirek.registry.models import Employment
from tirek.registry.models.people import DISTRICT_SPAN

SEED = 20_260
IMPROVED = 300
WITH_CERTIFICATES = 3  # runs whose certificates are made here; others' are made on their page
PROVIDERS = (
    ("nis", "Назарбаев Зияткерлік мектептері", "Назарбаев Интеллектуальные школы", "Nazarbayev Intellectual Schools"),
    ("bil", "Bilim-Innovation лицейлері", "Лицеи Bilim-Innovation", "Bilim-Innovation lyceums"),
)
ALL = ["subject_teachers"]
COURSES = (
    ("math-tasks", "nis", "Математикадан ойлауға үйрететін тапсырмалар", "Задания по математике, которые учат думать", ["mathematics"], 72, ALL),
    ("reading-all", "nis", "Оқу сауаттылығы барлық пәнде", "Читательская грамотность на всех предметах", ["reading", "methods"], 40, ALL),
    ("science-lab", "nis", "Жаратылыстану зертханасы", "Лаборатория по естествознанию", ["science"], 72, ALL),
    ("criteria", "nis", "Критериалды бағалау", "Критериальное оценивание", ["assessment"], 36, ALL),
    ("leaders", "nis", "Мектеп басшысы: сабақты бақылау", "Руководитель школы: наблюдение урока", ["leadership"], 36, ["heads"]),
    ("english-clil", "bil", "Пәнді ағылшынша оқыту", "Преподавание предмета на английском", ["english", "methods"], 80, ALL),
    ("robotics", "bil", "Робототехника және STEM", "Робототехника и STEM", ["robotics", "informatics"], 54, ALL),
    ("digital", "bil", "Сабақтағы цифрлық құралдар", "Цифровые инструменты на уроке", ["digital"], 24, ALL),
    ("inclusion", "bil", "Инклюзивті сынып", "Инклюзивный класс", ["inclusion"], 36, [*ALL, "psychologists"]),
    ("psychology", "bil", "Оқушыны психологиялық қолдау", "Психологическая поддержка ученика", ["psychology"], 36, ["psychologists"]),
)  # fmt: skip
STATEMENTS = (
    "Әр сабақтың мақсатын оқушылармен бірге қоямыз, тапсырмаларды үш деңгейде беремін. Жыл соңында төменгі деңгейде қалғандар екі есе азайды.",
    "Оқушылар жұппен жұмыс істейді, бір-бірінің шешімін түсіндіреді. Сабақтың жартысынан көбінде олар сөйлейді, мен тыңдаймын.",
    "Қалыптастырушы бағалаудың нәтижесін келесі сабақты жоспарлауға қолданамын. Мониторингте сыныптың орташа балы көтерілді.",
    "Әріптестерге алты ашық сабақ өткіздім, әдістемелік бірлестікте тапсырмалар қорын жинап, көрші мектептермен бөлістім.",
)  # fmt: skip
CRITERIA = ("planning", "teaching", "results", "sharing")


@dataclass(frozen=True)
class Filled:
    """What was made; all zero when it had been made before."""

    courses: int = 0
    cohorts: int = 0
    improved: int = 0
    applications: int = 0


def load(*, org_lo: int, org_hi: int, by: User | None, now: dt.datetime | None = None) -> Filled:
    """Fill this app for the institutions of a range, from the register's people. Repeating it changes nothing."""
    now = now or timezone.now()
    with loading():
        if Provider.objects.filter(code=PROVIDERS[0][0]).exists():
            return Filled()
        random = np.random.default_rng(SEED)
        staff = _staff(org_lo, org_hi, timezone.localdate(now))
        if not staff["subject_teachers"]:
            return Filled()
        courses = _courses(org_lo, org_hi)
        closed, improved = _past(courses, staff, random, by, now)
        opened = _open(courses, staff, random, now)
        for cohort in closed[-WITH_CERTIFICATES:]:
            issue_for_cohort(code=cohort.code, base_address=settings.SITE_ADDRESS, by=by, now=_evening(cohort.ends_on))
        applications = _applications(org_lo, org_hi, staff, random, by, now)
        _demands(org_lo, org_hi, by, now)
        return Filled(len(courses), len(closed) + len(opened), improved, applications)


def _staff(org_lo: int, org_hi: int, on: dt.date) -> dict[str, list[Employment]]:
    """People by audience, in an order that only the register decides."""
    found: dict[str, list[Employment]] = {"subject_teachers": [], "psychologists": [], "heads": []}
    audience = {"teacher": "subject_teachers", "psychologist": "psychologists", "head": "heads"}
    rows = Employment.objects.filter(
        org_no__gte=org_lo, org_no__lte=org_hi, is_main=True, position__in=audience, valid__contains=on
    )
    for row in rows.order_by("org_no", "sort_key", "id"):
        found[audience[row.position]].append(row)
    return found


def _courses(org_lo: int, org_hi: int) -> list[Course]:
    topics = {code: sorted({t for c in COURSES if c[1] == code for t in c[4]}) for code, *_names in PROVIDERS}
    providers = {
        code: Provider.objects.create(
            code=code, org_lo=org_lo, org_hi=org_hi, name_kk=kk, name_ru=ru, name_en=en, topics=topics[code],
            contact="Көрсетілім байланысы", email=f"{code}@example.org", phone="+7 000 000 00 00", basis="Көрсетілім келісімі",
        )
        for code, kk, ru, en in PROVIDERS
    }  # fmt: skip
    return [
        Course.objects.create(
            code=code, provider=providers[by], org_lo=org_lo, org_hi=org_hi, name_kk=kk, name_ru=ru, topics=topics_,
            kind="seminar" if hours < 30 else "course", audiences=audiences, languages=["kk", "ru"], hours=hours,
            place="mixed" if hours > 60 else "onsite", programme_kk=kk, programme_ru=ru, has_test=hours >= 36,
        )
        for code, by, kk, ru, topics_, hours, audiences in COURSES
    ]  # fmt: skip


def _past(courses, staff, random, by, now) -> tuple[list[Cohort], int]:
    """Runs over the past two years, each closed by a decision, until 300 people completed something."""
    closed: list[Cohort] = []
    improved: set[int] = set()
    per_run = 26
    wanted = min(IMPROVED, len(staff["subject_teachers"]))
    for number in range(60):
        if len(improved) >= wanted:
            break
        course = courses[number % len(courses)]
        starts = timezone.localdate(now) - dt.timedelta(days=700 - 27 * number)
        if starts > timezone.localdate(now) - dt.timedelta(days=20):
            break
        people = _choose(course, staff, random, per_run, improved)
        if not people:
            continue
        cohort = _cohort(course, starts, per_run, number + 1)
        _was_taught(cohort, people, random)
        complete_cohort(code=cohort.code, by=by, now=_evening(cohort.ends_on))
        cohort.refresh_from_db()
        closed.append(cohort)
        done = Participation.objects.filter(cohort=cohort, standing=Standing.COMPLETED)
        improved.update(done.values_list("person_id", flat=True))
    return closed, len(improved)


def _choose(course: Course, staff, random, n: int, before: set[int]) -> list[Employment]:
    pool = [row for audience in course.audiences for row in staff.get(audience, []) if row.person_id not in before]
    if not pool:
        return []
    places = random.choice(len(pool), size=min(n, len(pool)), replace=False)
    return [pool[int(place)] for place in sorted(places)]


def _cohort(course: Course, starts: dt.date, places: int, number: int, days: int = 11) -> Cohort:
    return Cohort.objects.create(
        code=f"{course.code}-{number}", course=course, org_lo=course.org_lo, org_hi=course.org_hi, starts_on=starts,
        ends_on=starts + dt.timedelta(days=days), apply_until=starts - dt.timedelta(days=5), places=places,
        venue="Облыстық оқу орталығы", place=course.place, language="kk" if number % 4 else "ru",
    )  # fmt: skip


def _was_taught(cohort: Cohort, people: list[Employment], random) -> None:
    at = _evening(cohort.starts_on - dt.timedelta(days=10))
    made = Participation.objects.bulk_create([_participation(cohort, row, Standing.ENROLLED, at) for row in people])
    Step.objects.bulk_create([_step(row, at) for row in made])
    sessions = Session.objects.bulk_create(
        [
            Session(
                cohort=cohort, org_lo=cohort.org_lo, org_hi=cohort.org_hi, day=cohort.starts_on + dt.timedelta(days=day),
                starts_at=dt.time(9), minutes=360, marked_at=_evening(cohort.starts_on + dt.timedelta(days=day)),
            )
            for day in (0, 1, 2, 7, 8, 9)
        ]
    )  # fmt: skip
    diligent = random.random(len(made)) < 0.93
    there = random.random((len(made), len(sessions))) < np.where(diligent, 0.98, 0.6)[:, None]
    Attendance.objects.bulk_create(
        [
            Attendance(session=s, participation=p, org_no=p.org_no, person_id=p.person_id, was_there=bool(there[i, j]))
            for i, p in enumerate(made) for j, s in enumerate(sessions)
        ]
    )  # fmt: skip
    if cohort.course.has_test:
        before = np.clip(random.normal(52, 14, len(made)), 10, 95)
        after = np.clip(before + random.normal(19, 9, len(made)), 20, 100)
        Score.objects.bulk_create(
            [
                Score(
                    participation=p, org_no=p.org_no, person_id=p.person_id, when=when, points=int(values[i]) * 100, highest=10_000,
                )
                for i, p in enumerate(made) for when, values in (("before", before), ("after", after))
            ]
        )  # fmt: skip


def _participation(cohort: Cohort, row: Employment, standing: str, at: dt.datetime) -> Participation:
    return Participation(
        cohort=cohort, person_id=row.person_id, org_no=row.org_no, person_name=row.person_name, sort_key=row.sort_key,
        standing=standing, applied_at=at,
    )  # fmt: skip


def _step(made: Participation, at: dt.datetime) -> Step:
    return Step(participation=made, org_no=made.org_no, person_id=made.person_id, standing=made.standing, at=at)


def _open(courses, staff, random, now) -> list[Cohort]:
    """Runs to come: some full with a waiting list, some with applications that wait for heads."""
    opened = []
    for number, course in enumerate(courses):
        starts = timezone.localdate(now) + dt.timedelta(days=12 + 6 * number)
        cohort = _cohort(course, starts, 20, 90 + number)
        opened.append(cohort)
        people = _choose(course, staff, random, (24, 12, 6)[number % 3], set())
        standing = [
            Standing.APPLIED if i % 6 == 5 else Standing.ENROLLED if i < 20 else Standing.WAITING
            for i in range(len(people))
        ]
        rows = zip(people, standing, strict=True)
        made = Participation.objects.bulk_create([_participation(cohort, row, state, now) for row, state in rows])
        Step.objects.bulk_create([_step(row, now) for row in made])
        Session.objects.bulk_create(
            [
                Session(
                    cohort=cohort, org_lo=cohort.org_lo, org_hi=cohort.org_hi, day=starts + dt.timedelta(days=day),
                    starts_at=dt.time(9), minutes=360,
                )
                for day in (0, 1, 2, 7, 8, 9)
            ]
        )  # fmt: skip
    return opened


def _applications(org_lo: int, org_hi: int, staff, random, by, now) -> int:
    """A window with applications in every state, brought there by the services that bring real ones there."""
    today = timezone.localdate(now)
    window = Window.objects.create(
        code=f"categories-{today.year}", org_lo=org_lo, org_hi=org_hi, opens_on=today - dt.timedelta(days=40),
        closes_on=today + dt.timedelta(days=50), categories=["moderator", "expert", "researcher", "master"],
        commission="Облыстық аттестаттау комиссиясы (көрсетілім)", seed=SEED,
    )  # fmt: skip
    judges = _experts(org_lo, org_hi, staff, today)
    next_of = {
        "": "moderator",
        "teacher": "moderator",
        "moderator": "expert",
        "expert": "researcher",
        "researcher": "master",
    }
    taken = {row.person_id for row in judges}
    pool = [row for row in staff["subject_teachers"] if row.category in next_of and row.person_id not in taken]
    chosen = [pool[int(place)] for place in sorted(random.choice(len(pool), size=min(60, len(pool)), replace=False))]
    made = [
        _application(window, row, next_of[row.category], number, random, now) for number, row in enumerate(chosen, 1)
    ]
    first, later, last = made[:40], made[40:50], made[50:]
    with loading():
        Application.objects.bulk_create(first)
        check_received(window_code=window.code, by=by, now=now)
        draw_experts(window_code=window.code, by=by, now=now)
    _judge_and_decide(window, random, org_lo, org_hi, by, now)
    with loading():
        Application.objects.bulk_create(later)
        check_received(window_code=window.code, by=by, now=now)
        for row in last[:2]:
            row.state = ApplicationState.WITHDRAWN
        Application.objects.bulk_create(last)
    return len(made)


def _application(window: Window, row: Employment, wanted: str, number: int, random, now: dt.datetime) -> Application:
    is_whole = random.random() < 0.85
    return Application(
        code=f"A-{now.year}-9{number:05d}", window=window, person_id=row.person_id, org_no=row.org_no,
        person_name=row.person_name, sort_key=row.sort_key, employment_id=row.pk, current=row.category or "teacher",
        wanted=wanted, subject=row.subject, years=int(random.integers(9, 24)) if is_whole else 1,
        hours=int(random.integers(80, 200)) if is_whole else 12, statements=dict(zip(CRITERIA, STATEMENTS, strict=True)),
        state=ApplicationState.RECEIVED, sent_at=now - dt.timedelta(days=int(random.integers(3, 40))),
    )  # fmt: skip


def _judge_and_decide(window: Window, random, org_lo: int, org_hi: int, by, now: dt.datetime) -> None:
    """Experts judge most dossiers; the commission decides on the first; one who was refused appeals; others wait."""
    scope = Scope(lo=org_lo, hi=org_hi, user_id=by.pk if by else None, role=Role.REGIONAL_OFFICER)
    with loading():
        codes = list(
            Application.objects.filter(window=window, state=ApplicationState.WITH_EXPERTS)
            .order_by("code")
            .values_list("code", flat=True)
        )
    _judge(codes[: len(codes) // 2], random, now)
    if by is None:
        return
    with acting_as(scope):
        draft = commission.prepare(window_code=window.code, by=by, now=now)
        commission.publish(number=draft.number, base_address=settings.SITE_ADDRESS, by=by, now=now)
    _judge(codes[len(codes) // 2 : len(codes) * 3 // 4], random, now)


def _judge(codes: list[str], random, now: dt.datetime) -> None:
    """Both experts, and a third where the rules draw one."""
    most = dict(zip(CRITERIA, (25, 30, 25, 20), strict=True))
    with loading():
        for code in codes:
            share = random.uniform(0.5, 0.97)
            for _round in range(2):
                waiting = Review.objects.filter(application__code=code, given_at=None, declined_because="")
                for review in waiting.order_by("id"):
                    own = np.clip(share + random.normal(0, 0.06), 0, 1)
                    experts.give_judgement(
                        blind_code=review.blind_code, points={c: round(n * own) for c, n in most.items()},
                        reasons=dict.fromkeys(CRITERIA, "Мысалдары нақты, нәтижесі сандармен көрсетілген."),
                        by=User.objects.get(pk=review.user_id), now=now,
                    )  # fmt: skip


def _experts(org_lo: int, org_hi: int, staff, today: dt.date) -> list[Employment]:
    """Masters and researchers of several districts, each with an account of the demonstration (expert-1, expert-2, …)."""
    by_district: dict[int, list[Employment]] = {}
    for row in staff["subject_teachers"]:
        if row.category in ("master", "researcher"):
            by_district.setdefault(row.org_no // DISTRICT_SPAN, []).append(row)
    found = [row for rows in by_district.values() for row in sorted(rows, key=lambda row: row.category)[:6]]
    password = User.objects.filter(is_demonstration=True).values_list("password", flat=True).first() or "!"
    for number, row in enumerate(found, start=1):
        user = User.objects.create(
            username=f"expert-{number}", full_name=row.person_name, org_no=row.org_no, person_id=row.person_id,
            is_demonstration=True, password=password,
        )  # fmt: skip
        Grant.objects.create(
            user=user, role=Role.TEACHER, scope_kind=ScopeKind.OWN, org_lo=row.org_no, org_hi=row.org_no,
            valid=DateRange(today, None), reason="Көрсетілім",
        )  # fmt: skip
        Expert.objects.create(
            user_id=user.pk, person_id=row.person_id, full_name=row.person_name, org_lo=org_lo, org_hi=org_hi,
            school_no=row.org_no, district_no=row.org_no // DISTRICT_SPAN, category=row.category,
        )  # fmt: skip
    return found


def _demands(org_lo: int, org_hi: int, by: User | None, now: dt.datetime) -> None:
    asked = (
        ("Облыстық білім басқармасы", "Оқушылар тізімін Excel кестесінде жіберу", "Қысқы есеп", "Ішкі хат (көрсетілім)", 90, "pupils"),
        ("Білім бөлімі", "Ашық сабақтың жоспарын тапсыру", "Әдістемелік апталық", "Бөлімнің жылдық жоспары (көрсетілім)", 40, ""),
        ("Бағдарлама кеңсесі", "Курстан кейінгі сауалнамаға жауап беру", "Курстардың сапасы", "Жоба ережесі, 4-т. (көрсетілім)", 10, ""),
    )  # fmt: skip
    for number, (office, title, purpose, basis, minutes, repeats) in enumerate(asked, start=1):
        Demand.objects.create(
            number=f"R-{now.year}-9{number:04d}", org_lo=org_lo, org_hi=org_hi, office=office, title=title, purpose=purpose,
            legal_basis=basis, minutes=minutes, repeats=repeats, asked_by_id=by.pk if by else None,
            asked_at=now - dt.timedelta(days=9 * number),
        )  # fmt: skip


def _evening(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(15), tzinfo=dt.UTC)
