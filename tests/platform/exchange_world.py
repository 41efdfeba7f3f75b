"""A small region for the tests of imports: a territory, two schools, a source, a school year."""

from __future__ import annotations

import datetime as dt
import io

from django.db.backends.postgresql.psycopg_any import DateRange

from tirek.access.scope import Scope, loading
from tirek.registry import identifiers
from tirek.registry.models import Institution, InstitutionState, SchoolYear, Source, Territory

REGION = Scope(lo=10_000_000, hi=19_999_999, user_id=1, role="regional_officer")
OTHER = Scope(lo=20_000_000, hi=29_999_999, user_id=2, role="regional_officer")
AS_OF = dt.date(2026, 9, 1)


def make_world(kind: str = "table", **source) -> Source:
    with loading():
        region = _territory("470000000", "region", None, 10_000_000, 19_999_999)
        district = _territory("473600000", "district", region, 10_100_000, 10_199_999)
        other = _territory("510000000", "region", None, 20_000_000, 29_999_999)
        _school("A-1", 10_100_010, district)
        _school("A-2", 10_100_020, district)
        _school("B-1", 20_000_010, other)
        SchoolYear.objects.get_or_create(
            code="2026-2027", defaults={"starts_on": dt.date(2026, 9, 1), "ends_on": dt.date(2027, 5, 25)}
        )
        values = {
            "code": "nedb", "name": "NEDB", "kind": kind, "org_lo": 10_000_000, "org_hi": 19_999_999,
            "territory_code": "473600000", "max_faulty_percent": 100, "max_missing_percent": 100,
        }  # fmt: skip
        return Source.objects.create(**values | source)


def _territory(code, level, parent, lo, hi):
    return Territory.objects.create(
        code=code, level=level, parent=parent, name_kk=code, name_ru=code, name_en=code, org_lo=lo, org_hi=hi,
        settlement_kind="rural", valid=DateRange(dt.date(1990, 1, 1), None),
    )  # fmt: skip


def _school(code, org_no, territory):
    opened = DateRange(dt.date(1990, 1, 1), None)
    school = Institution.objects.create(code=code, org_no=org_no, kind="school", open_period=opened)
    InstitutionState.objects.create(
        institution=school, org_no=org_no, valid=opened, name_kk=f"{code} мектебі", territory=territory,
        settlement_kind="rural", languages=["kk"],
    )  # fmt: skip
    return school


def iin(number: int, birth: dt.date = dt.date(2012, 3, 4), sex: str = "f") -> str:
    """A valid number for this birth date."""
    century = {"m": 5, "f": 6}[sex]
    for attempt in range(20):
        eleven = f"{birth:%y%m%d}{century}{(number * 7 + attempt) % 10_000:04d}"
        digit = identifiers.check_digit(eleven)
        if digit >= 0:
            return f"{eleven}{digit}"
    raise AssertionError


HEADER = "ИИН;Фамилия;Имя;Отчество;Дата рождения;Пол;Код организации;Класс;Литера;Дата зачисления;Дата выбытия"


def pupils(*rows: str, header: str = HEADER, encoding: str = "utf-8") -> bytes:
    return ("\r\n".join([header, *rows]) + "\r\n").encode(encoding)


def pupil(n: int, family: str = "Әлиева", given: str = "Айша", school: str = "A-1", grade: str = "5", letter: str = "Ә",
          begin: str = "01.09.2026", end: str = "", number: str | None = None, birth: str = "04.03.2012") -> str:  # fmt: skip
    number = iin(n) if number is None else number
    return f"{number};{family};{given};Ерланқызы;{birth};жен;{school};{grade};{letter};{begin};{end}"


def xlsx(rows: list[list]) -> bytes:
    import xlsxwriter

    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        sheet = book.add_worksheet("pupils")
        for r, row in enumerate(rows):
            for c, value in enumerate(row):
                sheet.write(r, c, value)
    return buffer.getvalue()
