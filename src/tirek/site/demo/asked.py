"""What is asked of whom in the demonstration: some of it late, one answered and waiting, one accepted, one for an officer.

It is asked, answered and accepted by the demonstration's accounts under their own scopes, as on the pages. Safe to
repeat: what was asked once is never asked again.
"""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from django.utils import timezone

from tirek.access.granted import scope_of_grant
from tirek.access.models import Grant, User
from tirek.access.scope import Scope, acting_as, loading
from tirek.registry.models import InstitutionState
from tirek.site.demo.users import the_school, user_named
from tirek.tasks import services
from tirek.tasks.models import Task

FILE = "Мектептің жауабы (үлгі).\nАвтобус: 2. Тасымалданатын бала: 86. Жүргізушінің рұқсаты: бар.\n"


class Asked(NamedTuple):
    """Days count from today; a negative one is past. ``of`` is an account, or "schools": hers and the ones beside it."""

    subject: str
    by: str
    of: str
    asked_day: int
    due_day: int
    title: str
    text: str = ""
    legal_basis: str = ""
    needs_evidence: bool = False
    answer: str = ""
    acceptance: str = ""


ASKED = (
    Asked(
        "rooms", "region", "schools", -24, -3, "Пәндік кабинеттердің жабдығын тексеріп, тізімдегі айырманы түзетіңіз",
        "Әр кабинет бойынша: не бар, не жетпейді, қайсысы жөндеуді қажет етеді.",
    ),
    Asked(
        "buses", "region", "schools", -9, 4, "Мектеп автобустары туралы мәліметті растаңыз",
        "Автобус саны, тасымалданатын балалар саны, жүргізушілердің рұқсаты. Құжаттың көшірмесін қосыңыз.",
        needs_evidence=True, answer="Екі автобус жүріп тұр, құжаттары тіркелді.",
    ),
    Asked(
        "olympiad", "district", "head", -16, -6, "Аудандық олимпиадаға қатысатын оқушылардың тізімін жіберіңіз",
        answer="Тізім жіберілді: 4–9-сыныптардан 12 оқушы.", acceptance="Рақмет, тізім қабылданды.",
    ),
    Asked("safety", "district", "head", -2, 12, "Қысқы кезеңге дайындық актісін жүктеңіз", needs_evidence=True),
    Asked("groups", "region", "kindergarten", -5, 9, "Топтардағы бос орындар санын нақтылаңыз"),
    Asked("practice", "region", "college", -30, -1, "Өндірістік практика базаларының тізімін жаңартыңыз"),
    Asked(
        "report", "ministry", "region", -7, 6, "Дайте пояснение к расхождению по числу оснащённых кабинетов",
        "В отчётах указаны 45, 50 и около 60 кабинетов. Сообщите, какое число верно и на какую дату.",
    ),
)  # fmt: skip
SCHOOLS = 6


def load_tasks() -> int:
    """Ask what is missing. Gives how many tasks were made."""
    with loading():
        have = set(Task.objects.filter(subject__startswith="demonstration:").values_list("subject", flat=True))
    return sum(_ask(asked) for asked in ASKED if _subject(asked) not in have)


def _subject(asked: Asked) -> str:
    return f"demonstration:{asked.subject}"


def _ask(asked: Asked) -> int:
    with loading():
        by, scope = account(asked.by)
        org_nos, user_id = _of(asked)
        answering = account("head")
    now, today = timezone.now(), timezone.localdate()
    day = dt.timedelta(days=1)
    with acting_as(scope):
        tasks = services.ask(
            org_nos=org_nos, by=by, now=now + asked.asked_day * day, title=asked.title, text=asked.text,
            legal_basis=asked.legal_basis, due_date=today + asked.due_day * day, user_id=user_id,
            needs_evidence=asked.needs_evidence, subject=_subject(asked),
        )  # fmt: skip
    if asked.answer:
        task = next(task for task in tasks if task.org_no == answering[1].lo)
        _answer(asked, task, answering, now + (asked.asked_day + 2) * day)
    if asked.acceptance:
        with acting_as(scope):
            services.accept(task_id=task.pk, note=asked.acceptance, by=by, now=now + (asked.asked_day + 3) * day)
    return len(tasks)


def _answer(asked: Asked, task: Task, answering: tuple[User, Scope], at: dt.datetime) -> None:
    user, scope = answering
    files = [services.File("автобус.txt", "text/plain", FILE.encode())] if asked.needs_evidence else []
    with acting_as(scope):
        services.submit(task_id=task.pk, note=asked.answer, files=files, by=user, now=at)


def account(username: str) -> tuple[User, Scope]:
    """A demonstration account and the scope it works in."""
    user = user_named(username)
    return user, scope_of_grant(Grant.objects.filter(user_id=user.pk).order_by("id").first())


def _of(asked: Asked) -> tuple[list[int], int | None]:
    """Institutions asked; a user where the account has a territory of its own."""
    school = the_school().org_no
    if asked.of == "schools":
        _by, scope = account(asked.by)
        beside = InstitutionState.objects.filter(
            valid__upper_inf=True, is_support_school=True, org_no__range=(scope.lo, scope.hi)
        )
        return sorted({school, *beside.order_by("org_no").values_list("org_no", flat=True)[:SCHOOLS]}), None
    user, scope = account(asked.of)
    assert scope.lo is not None  # an account that is asked has a territory
    return [scope.lo], None if scope.lo == scope.hi else user.pk
