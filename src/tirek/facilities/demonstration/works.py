"""Works of the demonstration at every step; the accepted ones with pictures, two people and an inventory."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence

from django.utils import timezone

from tirek.access.models import User
from tirek.access.scope import loading
from tirek.facilities import accepted
from tirek.facilities.demonstration.pictures import picture_of
from tirek.facilities.models import (
    Acceptance,
    Finding,
    InventoryItem,
    Photograph,
    Stage,
    Work,
    WorkItem,
    WorkState,
    WorkStep,
)
from tirek.facilities.models.works import ORDER
from tirek.facilities.queries.findings import condition_rules, standard_of

SEED = 20_260_902
OFFICE = "Синтетикалық бағдарлама кеңсесі"
PEOPLE = ("Синтетикалық үйлестіруші", "Синтетикалық басқарма қызметкері")
TITLES = {
    "stem": "STEM кабинетін жабдықтау", "robotics": "Робототехника кабинетін жабдықтау", "laboratory": "Зертхананы жабдықтау",
    "library": "Кітапхананы жаңарту", "inclusive": "Инклюзивті білім беру кабинетін жабдықтау",
    "subject": "Пән кабинетін жабдықтау", "elementary": "Бастауыш сынып бөлмесін жабдықтау", "canteen": "Асхананы жаңарту",
    "gym": "Спортзалды жаңарту", "art_studio": "Арт-студияны жабдықтау", "tv_studio": "Телестудияны жабдықтау",
}  # fmt: skip
DAYS = (12, 25, 18, 9, 5)  # usually spent at each step
ENDS = (
    WorkState.ACCEPTED, WorkState.ACCEPTED, WorkState.DELIVERY, WorkState.PLANNED, WorkState.ACCEPTED, WorkState.PROCUREMENT,
    WorkState.INSTALLATION, WorkState.ACCEPTANCE, WorkState.ACCEPTED, WorkState.CANCELLED,
)  # fmt: skip


def demonstrate_works(institutions: Sequence, *, earmark_codes: Sequence[str] = (), now: dt.datetime) -> list[Work]:
    """One or two works a school, in the rooms that lack most."""
    made = []
    with loading():
        users = list(User.objects.filter(is_active=True).order_by("pk").values_list("pk", flat=True)[:2])
        users = [*users, -1, -2][:2]
        for number, institution in enumerate(institutions):
            rooms = _rooms(institution)
            for place, room in enumerate(rooms[: 1 + number % 2]):
                end = ENDS[(number + 3 * place) % len(ENDS)]
                code = earmark_codes[len(made) % len(earmark_codes)] if earmark_codes and number % 3 else ""
                made.append(_work(institution, room, end, code, users, now))
    return made


def _rooms(institution) -> list:
    """Rooms that a programme equips, the poorest first."""
    order = {"unusable": 3, "poor": 0, "fair": 1, "good": 2}
    found = Finding.objects.filter(walk__institution=institution, room__purpose__in=list(TITLES), is_current=True)
    rooms = sorted(found.select_related("room"), key=lambda one: (order.get(one.condition, 4), one.room_id))
    return [one.room for one in rooms]


def _work(institution, room, end: str, code: str, users: Sequence[int], now: dt.datetime) -> Work:
    chance = random.Random(f"{SEED} work {room.pk}")  # noqa: S311 (a drawing of the demonstration)
    days = [max(2, int(chance.gauss(mean, mean / 3))) for mean in DAYS]
    steps = len(ORDER) if end == WorkState.CANCELLED else ORDER.index(WorkState(end)) + 1
    spent = sum(days[: steps - 1]) + chance.choice((3, 8, 15, 70))
    began = now - dt.timedelta(days=min(spent, 240))
    work = Work.objects.create(
        institution=institution, room=room, org_no=room.org_no, title=TITLES[room.purpose], earmark_code=code,
        state_since=timezone.localdate(began), opened_at=began, opened_by_name=OFFICE, is_synthetic=True,
    )  # fmt: skip
    _items(work, room, chance)
    Photograph.objects.bulk_create([_picture(work, Stage.BEFORE, began)])
    at = began
    _step(work, WorkState.PLANNED, at, "")
    for n, state in enumerate(ORDER[1:steps] if end != WorkState.CANCELLED else ORDER[1:2]):
        at += dt.timedelta(days=days[n])
        at = min(at, now)
        if state == WorkState.ACCEPTED:
            _accept(work, at, users)
        else:
            _move(work, state, at)
    if end == WorkState.CANCELLED:
        work.cancelled_because = "Жеткізуші шарттан бас тартты; қажеттілік жаңа жоспарға көшірілді."
        _move(work, WorkState.CANCELLED, min(at + dt.timedelta(days=6), now), note=work.cancelled_because)
    return work


def _items(work: Work, room, chance: random.Random) -> None:
    rules = condition_rules(work.state_since, room.org_no, room.org_no)
    wanted = standard_of(room, rules)
    chosen = chance.sample(sorted(wanted), min(4, len(wanted)))
    WorkItem.objects.bulk_create([
        WorkItem(work=work, org_no=work.org_no, item_code=item, count=max(1, wanted[item] // 2)) for item in sorted(chosen)
    ])  # fmt: skip


def _move(work: Work, state: str, at: dt.datetime, note: str = "") -> None:
    if state == WorkState.INSTALLATION:
        work.delivery_confirmed_at = at
    work.state, work.state_since = state, timezone.localdate(at)
    work.save()
    _step(work, state, at, note)
    if state == WorkState.ACCEPTANCE:
        Photograph.objects.bulk_create([_picture(work, Stage.AFTER, at)])


def _accept(work: Work, at: dt.datetime, users: Sequence[int]) -> None:
    for by_id, name in zip(users, PEOPLE, strict=True):
        Acceptance.objects.create(work=work, org_no=work.org_no, round=work.round, at=at, by_id=by_id, by_name=name)
    Photograph.objects.filter(work=work).update(is_released=True)
    work.state, work.state_since, work.accepted_on = WorkState.ACCEPTED, timezone.localdate(at), timezone.localdate(at)
    work.save()
    _step(work, WorkState.ACCEPTED, at, "")
    InventoryItem.objects.bulk_create([
        InventoryItem(
            room_id=work.room_id, org_no=work.org_no, work=work, item_code=line.item_code, count=line.count,
            serials=[f"SYN-{work.pk}-{line.pk}-{n + 1}" for n in range(min(line.count, 3))], since=work.accepted_on,
        )
        for line in work.items.order_by("id")
    ])  # fmt: skip
    accepted.tell(work)


def _picture(work: Work, stage: str, at: dt.datetime) -> Photograph:
    is_after = stage == Stage.AFTER
    condition = "good" if is_after else (work.room.condition or "fair")
    return picture_of(work.room, condition, now=at, stage=stage, is_equipped=is_after, work=work)


def _step(work: Work, state: str, at: dt.datetime, note: str) -> None:
    WorkStep.objects.create(
        work=work, org_no=work.org_no, state=state, day=timezone.localdate(at), at=at, by_name=OFFICE, note=note
    )
