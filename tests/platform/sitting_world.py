"""A computer sitting in the small region: six items of every kind, two booklets, a class of thirty."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field

from assessment_world import DAY, OFFICER, World, make_world
from django.test import Client
from django.utils import timezone

from tirek.access.scope import Scope, acting_as, loading
from tirek.assessment.models import (
    BankItem,
    BankVersion,
    Booklet,
    BookletItem,
    Item,
    Seat,
    Sitting,
    SittingMode,
    Subject,
    Test,
    TestKind,
)
from tirek.assessment.services.seats import Slip, deal_seats, issue_codes
from tirek.assessment.services.sittings import open_sitting
from tirek.assessment.services.tests import ItemSpec, create_test
from tirek.registry.models import ClassGroup

KINDS = [
    ("choice", "B", "", 1), ("choices", "AC", "", 1), ("number", "3.5", "0.1", 1), ("word", "әже|ана", "", 1),
    ("choice", "A", "", 1), ("open", "", "", 3),
]  # fmt: skip
SECRET = "SECRET-KEY-WORD"
TOKEN, OTHER_TOKEN = "t" * 32, "u" * 32


@dataclass
class Sat:
    world: World
    test: Test
    sitting: Sitting
    head: Scope
    slips: list[Slip] = field(default_factory=list)

    def seat(self, place: int = 0) -> Seat:
        with loading():
            return Seat.objects.select_related("sitting__test", "device").get(
                sitting=self.sitting, number=self.slips[place].number
            )


def make_sitting(world: World | None = None, *, is_synthetic: bool = False, with_open: bool = True) -> Sat:
    world = world or make_world((30, 5))
    kinds = KINDS if with_open else KINDS[:-1]
    with acting_as(OFFICER):
        test = create_test(
            code="C4-2025", titles={"kk": "Сынақ", "ru": "Проба", "en": "Trial"}, subject=Subject.MATHEMATICS, grade=4,
            school_year=world.year, kind=TestKind.INTERIM, territory=world.region,
            items=[ItemSpec(f"C{n}", max_score=top) for n, (_kind, _key, _tolerance, top) in enumerate(kinds, start=1)],
            booklets={"A": [f"C{n}" for n in range(1, len(kinds) + 1)], "B": [f"C{n}" for n in range(len(kinds), 0, -1)]},
            is_synthetic=is_synthetic,
        )  # fmt: skip
        for item, (kind, key, tolerance, top) in zip(test.items.order_by("position"), kinds, strict=True):
            _from_bank(item, kind, key, tolerance, top)
        school = world.schools[0]
        with loading():
            group = ClassGroup.objects.get(institution=school)
        sitting = open_sitting(
            test_id=test.pk, institution=school, date=DAY, language="kk", class_group=group, mode=SittingMode.COMPUTER
        )
    head = Scope(lo=school.org_no, hi=school.org_no, role="school_head", user_id=None)
    made = Sat(world, test, sitting, head)
    with acting_as(head):
        deal_seats(sitting_id=sitting.pk)
        made.slips = issue_codes(sitting_id=sitting.pk)
    return made


def _from_bank(item: Item, kind: str, key: str, tolerance: str, top: int) -> None:
    letters = "ABCD" if kind in ("choice", "choices") else ""
    content = {
        code: {"stem": f"{item.code} {code}?", "options": [{"letter": x, "text": f"{x} {code}"} for x in letters]}
        for code in ("kk", "ru")
    }
    held = BankItem.objects.create(
        code=item.code, org_lo=item.org_lo, org_hi=item.test.org_hi, subject=item.test.subject, grade=4, kind=kind,
        max_score=top, state="ready",
    )  # fmt: skip
    version = BankVersion.objects.create(
        item=held, org_lo=item.org_lo, number=1, content=content, key=key or SECRET, tolerance=tolerance,
        why=SECRET, at=timezone.now(),
    )  # fmt: skip
    Item.objects.filter(pk=item.pk).update(version=version)


def post(client: Client, name: str, **body):
    return client.post(f"/sit/{name}/", json.dumps(body), content_type="application/json")


def answer_rows(values: dict[int, str], sequence: int = 1, at: int = 0) -> list[dict]:
    return [{"place": place, "value": value, "sequence": sequence, "at": at} for place, value in values.items()]


def right_answers(seat: Seat) -> dict[int, str]:
    """Each item answered rightly; the open one in words."""
    right = {"choice": None, "choices": "A,C", "number": "3,5", "word": "Әже", "open": "Себебі…"}
    with loading():
        places = BookletItem.objects.filter(booklet=seat.booklet_id).select_related("item__version__item")
        return {
            place.position: right[place.item.version.item.kind] or place.item.version.key
            for place in places.order_by("position")
        }


def booklet_codes(test: Test) -> dict[int, str]:
    with loading():
        return dict(Booklet.objects.filter(test=test).values_list("id", "code"))


def minutes(n: float) -> dt.timedelta:
    return dt.timedelta(minutes=n)
