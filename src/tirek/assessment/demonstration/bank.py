"""The demonstration's entrance tests get invented wordings, and the bank the items behind them. Safe to repeat."""

from __future__ import annotations

from collections import Counter

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from tirek.access.scope import loading
from tirek.assessment.bank.facts import keep_picture
from tirek.assessment.bank.invented import Invented, invented
from tirek.assessment.bank.wording import LANGUAGES, content_of, wordings_of
from tirek.assessment.models import BankItem, BankPicture, BankState, BankVersion, BookletItem, Item, Test

FEWEST_ITEMS = 5  # earlier years stand in the demonstration by their results, with one item for form's sake


@transaction.atomic
def demonstrate_bank() -> int:
    """Give every synthetic test of mathematics its items in the bank; returns how many were made."""
    made = 0
    with loading():
        tests = Test.objects.filter(is_synthetic=True, subject="mathematics").annotate(n=Count("items"))
        for test in tests.filter(n__gte=FEWEST_ITEMS):
            items = _not_in_the_bank(test, list(Item.objects.filter(test=test, version=None).order_by("position")))
            if items:
                _give_wordings(test, items)
                made += len(items)
    return made


def _not_in_the_bank(test: Test, items: list[Item]) -> list[Item]:
    """The items to invent; those of a code that another test has brought in (anchors) take its wording."""
    held = {v.item.code: v for v in BankVersion.objects.filter(org_lo=test.org_lo, number=1).select_related("item")}
    known = [item for item in items if item.code in held]
    for item in known:
        item.version = held[item.code]
        for language, told in wordings_of(item.version.content).items():
            setattr(item, f"wording_{language}", told.plain)
    Item.objects.bulk_update(known, ["version", *(f"wording_{language}" for language in LANGUAGES)])
    return [item for item in items if item.code not in held]


def _give_wordings(test: Test, items: list[Item]) -> None:
    tasks = _tasks(test, items)
    held = {"org_lo": test.org_lo}
    bank = BankItem.objects.bulk_create(
        BankItem(
            code=item.code, org_hi=test.org_hi, subject=test.subject, grade=test.grade, content_area=item.content_area,
            kind=task.kind, max_score=item.max_score, state=BankState.READY, **held,
            **{f"can_do_{language}": task.can_do[language] for language in LANGUAGES},
        )
        for item, task in zip(items, tasks, strict=True)
    )  # fmt: skip
    now = timezone.now()
    versions = BankVersion.objects.bulk_create(
        BankVersion(item=item, number=1, content=content_of(task.wordings), key=task.key, at=now, **held)
        for item, task in zip(bank, tasks, strict=True)
    )
    _add_pictures(versions, tasks, test.org_lo)
    for item, task, version in zip(items, tasks, versions, strict=True):
        item.version = version
        for language in LANGUAGES:
            setattr(item, f"wording_{language}", task.wordings[language].plain)
    Item.objects.bulk_update(items, ["version", *(f"wording_{language}" for language in LANGUAGES)])
    _name_blocks(test, items)


def _tasks(test: Test, items: list[Item]) -> list[Invented]:
    held = BankItem.objects.filter(org_lo=test.org_lo, subject=test.subject, grade=test.grade)
    counted = Counter(held.values_list("content_area", flat=True))  # so that no later test asks the same once more
    tasks = []
    for item in items:
        tasks.append(invented(test.grade, item.content_area, counted[item.content_area]))
        counted[item.content_area] += 1
    return tasks


def _add_pictures(versions: list[BankVersion], tasks: list[Invented], org_lo: int) -> None:
    pictures = []
    for version, task in zip(versions, tasks, strict=True):
        if task.picture:
            svg, words = task.picture
            media_type, digest = keep_picture(svg.encode())
            told = {f"words_{language}": text for language, text in zip(LANGUAGES, words, strict=True)}
            pictures.append(
                BankPicture(
                    version=version, org_lo=org_lo, name="rectangle.svg", sha256=digest, media_type=media_type, **told
                )
            )
    BankPicture.objects.bulk_create(pictures)


def _name_blocks(test: Test, items: list[Item]) -> None:
    """In the demonstration a block is a content area."""
    areas = list(dict.fromkeys(item.content_area for item in items))
    if not 1 < len(areas) < len(items):
        return
    for number, area in enumerate(areas, start=1):
        BookletItem.objects.filter(booklet__test=test, item__content_area=area).update(block=number)
