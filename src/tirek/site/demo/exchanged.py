"""A file that waits on the exchange page of the demonstration: new pupils of one school, and two rows with faults."""

from __future__ import annotations

from django.utils import timezone

from tirek.access.scope import acting_as, loading
from tirek.registry import identifiers
from tirek.registry.exchange import services
from tirek.registry.models import Import, InstitutionState, Source, SourceKind
from tirek.site.demo.asked import account
from tirek.site.demo.users import the_school

CODE = "demonstration-extract"
NAME = "Мектеп дерекқорының үзіндісі (үлгі)"
HEADER = "ЖСН;Тегі;Аты;Әкесінің аты;Туған күні;Жынысы;Мектеп;Сынып;Әріп;Қабылданған күні"
PUPILS = (
    ("Үлгібаева", "Аружан", "Үлгіқызы", "14.02.2019", "әйел"),
    ("Үлгібаев", "Нұрислам", "Үлгіұлы", "02.06.2019", "ер"),
    ("Мысалова", "Томирис", "Мысалқызы", "30.09.2018", "әйел"),
    ("Мысалов", "Әлихан", "Мысалұлы", "11.11.2018", "ер"),
    ("Көрсетілімова", "Айзере", "Көрсетілімқызы", "19.01.2019", "әйел"),
)
MISTYPED = "190214900010;Қатебаев;Дінмұхамед;Қатеұлы;14.02.2019;ер"
NO_SUCH_DAY = ";Қатебаева;Жансая;Қатеқызы;31.02.2019;әйел"


def load_extract() -> bool:
    """Upload the file and check it; nothing is applied. Gives whether it was made now."""
    with loading():
        if Import.objects.filter(source__code=CODE).exists():
            return False
        school = the_school()
        user, scope = account("head")
        source, _made = Source.objects.get_or_create(
            code=CODE,
            defaults={
                "name": NAME, "kind": SourceKind.TABLE, "org_lo": school.org_no, "org_hi": school.org_no,
                "max_faulty_percent": 50, "expected_every_days": 30, "created_by": user.pk,
            },
        )  # fmt: skip
    with acting_as(scope):
        found = services.upload(
            source=source,
            file_name="окушылар-улги.csv",
            data=_file(school),
            row_kind="learners",
            as_of=timezone.localdate(),
        )
        services.stage(import_id=found.pk)
    return True


def _file(school: InstitutionState) -> bytes:
    ending = f";{school.institution.code};1;Ү;{timezone.localdate():%d.%m.%Y}"
    good = [";".join((_iin(n, *pupil), *pupil)) for n, pupil in enumerate(PUPILS)]
    return "\r\n".join([HEADER, *(row + ending for row in (*good, MISTYPED, NO_SUCH_DAY)), ""]).encode("utf-8-sig")


def _iin(number: int, _family: str, _given: str, _patronymic: str, birth: str, sex: str) -> str:
    """A number with a right check digit and a seventh digit that is never issued: 8 for women, 9 for men."""
    day, month, year = birth.split(".")
    seventh = "8" if sex == "әйел" else "9"
    for attempt in range(20):
        eleven = f"{year[2:]}{month}{day}{seventh}{9900 + 20 * number + attempt % 20:04d}"
        digit = identifiers.check_digit(eleven)
        if digit >= 0:
            return f"{eleven}{digit}"
    raise AssertionError("No number with these digits can be issued.")
