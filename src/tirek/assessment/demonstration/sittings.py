"""An open computer sitting for whoever tries the program: twelve tasks of every kind, a class of made-up pupils."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone

from tirek.access.scope import loading
from tirek.assessment.bank.wording import content_of, wording
from tirek.assessment.models import (
    BankItem,
    BankState,
    BankVersion,
    Item,
    Sitting,
    SittingMode,
    Subject,
    Test,
    TestKind,
)
from tirek.assessment.services.seats import deal_seats
from tirek.assessment.services.sittings import open_sitting
from tirek.assessment.services.tests import ItemSpec, create_test
from tirek.registry.models import ClassGroup, Institution, SchoolYear, Teaching, Territory, TerritoryLevel

GRADE = 4
PREFIX = "TRY"
TITLES = {
    "kk": "Математика: компьютердегі байқау, {grade}-сынып",
    "ru": "Математика: проба на компьютере, {grade} класс",
    "en": "Mathematics: a try on the computer, grade {grade}",
}
# kind, key, tolerance, highest score, Kazakh (stem, options), Russian (stem, options)
TASKS = (
    ("choice", "C", "", 1, ("Дүкенге 48 алма әкелінді. Алмаларды 6 жәшікке теңдей салды. Бір жәшікте неше алма бар?",
     "6\n7\n8\n9"), ("В магазин привезли 48 яблок и разложили поровну в 6 ящиков. Сколько яблок в одном ящике?", "6\n7\n8\n9")),
    ("number", "274", "", 1, ("Есептеңіз: 356 − 82.", ""), ("Вычислите: 356 − 82.", "")),
    ("choices", "AD", "", 1, ("Қай сандар 5-ке қалдықсыз бөлінеді? Барлығын таңдаңыз.", "35\n42\n51\n60"),
     ("Какие числа делятся на 5 без остатка? Выберите все.", "35\n42\n51\n60")),
    ("number", "2.5", "", 1, ("Ұзындығы 10 м арқан 4 тең бөлікке кесілді. Бір бөліктің ұзындығы неше метр?", ""),
     ("Верёвку длиной 10 м разрезали на 4 равные части. Сколько метров в одной части?", "")),
    ("word", "шаршы|квадрат", "", 1, ("Барлық қабырғасы тең және барлық бұрышы тік төртбұрыш қалай аталады?", ""),
     ("Как называется четырёхугольник, у которого все стороны равны и все углы прямые?", "")),
    ("choice", "B", "", 1, ("Сағат 09:40-та басталған сабақ 45 минутқа созылады. Ол қашан аяқталады?",
     "10:15\n10:25\n10:35\n10:45"), ("Урок начался в 9:40 и длится 45 минут. Когда он закончится?", "10:15\n10:25\n10:35\n10:45")),
    ("number", "34", "", 1, ("Тіктөртбұрыштың ұзындығы 12 см, ені 5 см. Периметрін сантиметрмен табыңыз.", ""),
     ("Длина прямоугольника 12 см, ширина 5 см. Найдите периметр в сантиметрах.", "")),
    ("choice", "D", "", 1, ("Қай бөлшек ең үлкен?", "1/5\n1/4\n1/3\n1/2"), ("Какая дробь самая большая?", "1/5\n1/4\n1/3\n1/2")),
    ("choices", "BC", "", 1, ("Қай өрнектердің мәні 24-ке тең? Барлығын таңдаңыз.", "5 · 5\n3 · 8\n48 : 2\n30 − 5"),
     ("Значение каких выражений равно 24? Выберите все.", "5 · 5\n3 · 8\n48 : 2\n30 − 5")),
    ("number", "7", "", 1, ("Айгүл бір сан ойлады, оны 3-ке көбейтіп, 4-ті қосты. 25 шықты. Ол қандай сан ойлады?", ""),
     ("Айгуль задумала число, умножила его на 3 и прибавила 4. Получилось 25. Какое число она задумала?", "")),
    ("word", "грамм|г", "", 1, ("Килограмның мыңнан бір бөлігі қалай аталады?", ""), ("Как называется тысячная часть килограмма?", "")),
    ("open", "", "", 2, ("Асқарда 1000 теңге бар. Дәптер 180 теңге, қалам 95 теңге. Ақшасы 4 дәптер мен 3 қаламға жете ме? "
     "Қалай есептегеніңізді жазыңыз.", ""), ("У Аскара 1000 тенге. Тетрадь стоит 180 тенге, ручка 95 тенге. Хватит ли денег на "
     "4 тетради и 3 ручки? Напишите, как вы считали.", "")),
)  # fmt: skip


def demonstrate_sittings(now: dt.datetime | None = None) -> Test | None:
    """The test and its open sitting, in the class of the demonstration's teacher if that is of the grade. Safe to repeat."""
    now = now or timezone.now()
    with loading():
        group = _class()
        if group is None:
            return None
        place = _region(group.org_no)
        code = f"{PREFIX}{GRADE}-{place.code[:2]}-{group.school_year.code[:4]}"
        return Test.objects.filter(code=code).first() or _make(code, place, group, now)


def _class() -> ClassGroup | None:
    """A class of the grade and the latest year: of the demonstration's teacher, else the first."""
    year = SchoolYear.objects.order_by("-starts_on").first()
    found = (
        ClassGroup.objects.filter(school_year=year, grade=GRADE)
        .select_related("school_year")
        .order_by("org_no", "letter")
    )
    from tirek.access.models import User

    teacher = User.objects.filter(username="teacher", is_demonstration=True).values_list("person_id", flat=True).first()
    taught = Teaching.objects.filter(person_id=teacher).values("class_group_id")
    return found.filter(pk__in=taught).first() or _of_the_head(found) or found.first()


def _of_the_head(classes) -> ClassGroup | None:
    """Of the school whose head has an account of the demonstration."""
    from tirek.access.models import Grant

    org_no = (
        Grant.objects.filter(user__username="head", user__is_demonstration=True)
        .values_list("org_lo", flat=True)
        .first()
    )
    return classes.filter(org_no=org_no).first() if org_no is not None else None


def _region(org_no: int) -> Territory:
    return Territory.objects.get(level=TerritoryLevel.REGION, org_lo__lte=org_no, org_hi__gte=org_no)


@transaction.atomic
def _make(code: str, place: Territory, group: ClassGroup, now: dt.datetime) -> Test:
    names = [f"{PREFIX}{n:02}" for n in range(1, len(TASKS) + 1)]
    half = len(names) // 2
    test = create_test(
        code=code, titles={language: text.format(grade=GRADE) for language, text in TITLES.items()},
        subject=Subject.MATHEMATICS, grade=GRADE, school_year=group.school_year, kind=TestKind.INTERIM, territory=place,
        items=[ItemSpec(name, max_score=task[3]) for name, task in zip(names, TASKS, strict=True)],
        booklets={"A": names, "B": names[half:] + names[:half]}, is_synthetic=True,
    )  # fmt: skip
    Test.objects.filter(pk=test.pk).update(minutes=40)
    for item, task in zip(test.items.order_by("position"), TASKS, strict=True):
        _into_bank(item, place, task, now)
    sitting = open_sitting(
        test_id=test.pk, institution=Institution.objects.get(pk=group.institution_id), class_group=group,
        language="ru" if group.language == "ru" else "kk", date=timezone.localdate(now), mode=SittingMode.COMPUTER,
    )  # fmt: skip
    _deal_on_a_day_of_school(sitting, group)
    return test


def _deal_on_a_day_of_school(sitting: Sitting, group: ClassGroup) -> None:
    """Seats as of a day inside the school year: a demonstration may be loaded in summer."""
    day = sitting.date
    inside = min(max(day, group.school_year.starts_on + dt.timedelta(days=20)), group.school_year.ends_on)
    Sitting.objects.filter(pk=sitting.pk).update(date=min(day, inside))
    deal_seats(sitting_id=sitting.pk)


def _into_bank(item: Item, place: Territory, task: tuple, now: dt.datetime) -> None:
    kind, key, tolerance, top, kk, ru = task
    held, _new = BankItem.objects.get_or_create(
        code=item.code, org_lo=place.org_lo,
        defaults={"org_hi": place.org_hi, "subject": Subject.MATHEMATICS, "grade": GRADE, "kind": kind, "max_score": top,
                  "state": BankState.READY},
    )  # fmt: skip
    version, _new = BankVersion.objects.get_or_create(
        item=held, number=1,
        defaults={"org_lo": place.org_lo, "content": content_of({"kk": wording(*kk), "ru": wording(*ru)}), "key": key,
                  "tolerance": tolerance, "at": now},
    )  # fmt: skip
    Item.objects.filter(pk=item.pk).update(version=version)
