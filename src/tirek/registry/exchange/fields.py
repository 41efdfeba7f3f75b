"""What the register takes from a table: kinds of rows and their fields, with the names that people give to columns."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from tirek.registry.models import (
    Category,
    Condition,
    Connectivity,
    Heating,
    InstitutionKind,
    Language,
    RoomPurpose,
    RowKind,
    SettlementKind,
    Sex,
)

TEXT, NAME, DATE, INT, FLOAT, BOOL, CHOICE, IIN, BIN, LIST = (
    "text", "name", "date", "int", "float", "bool", "choice", "iin", "bin", "list",
)  # fmt: skip


@dataclass(frozen=True)
class Field:
    """One field of a kind of rows. ``known_as`` are column names (lower case) that are recognised without a profile."""

    name: str
    label: str
    type: str = TEXT
    required: bool = False
    choices: tuple[str, ...] = ()
    values: dict | None = None
    length: int = 300
    low: float | None = None
    high: float | None = None
    known_as: tuple[str, ...] = ()


SEX_VALUES = {
    "жен": "f", "женский": "f", "ж": "f", "female": "f", "әйел": "f", "қыз": "f", "2": "f",
    "муж": "m", "мужской": "m", "м": "m", "male": "m", "ер": "m", "ұл": "m", "1": "m",
}  # fmt: skip
LANGUAGE_VALUES = {
    "казахский": "kk", "қазақ": "kk", "қазақ тілі": "kk", "kazakh": "kk", "русский": "ru", "орыс": "ru",
    "russian": "ru", "смешанный": "mixed", "аралас": "mixed", "узбекский": "uz", "уйгурский": "ug", "таджикский": "tg",
}  # fmt: skip
TRUE_VALUES = {"true": "true", "1": "true", "да": "true", "иә": "true", "yes": "true", "t": "true"}
FALSE_VALUES = {"false": "false", "0": "false", "нет": "false", "жоқ": "false", "no": "false", "f": "false"}

EXTERNAL = Field(
    "external_id", _("the source's identifier"), length=255, known_as=("id", "ид", "external_id", "sourcedid")
)
INSTITUTION = Field(
    "institution", _("institution: code, BIN or the source's identifier"), required=True, length=255,
    known_as=("institution", "institution_code", "school", "код организации", "бин организации", "организация", "мектеп"),
)  # fmt: skip
PERSON = (
    EXTERNAL,
    Field("iin", _("IIN"), IIN, known_as=("iin", "иин", "жсн")),
    Field("family_name", _("family name"), NAME, True, length=100, known_as=("family_name", "фамилия", "тегі", "surname")),
    Field("given_name", _("given name"), NAME, True, length=100, known_as=("given_name", "имя", "аты", "first_name")),
    Field("patronymic", _("patronymic"), NAME, length=100, known_as=("patronymic", "отчество", "әкесінің аты")),
    Field("birth_date", _("date of birth"), DATE, known_as=("birth_date", "дата рождения", "туған күні", "birthdate")),
    Field("sex", _("sex"), CHOICE, choices=tuple(Sex.values), values=SEX_VALUES, known_as=("sex", "пол", "жынысы", "gender")),
)  # fmt: skip
PERIOD = (
    Field(
        "begin_date", _("since"), DATE, known_as=("begin_date", "дата зачисления", "дата приема", "қабылданған күні")
    ),
    Field("end_date", _("until (the day after the last)"), DATE, known_as=("end_date", "дата выбытия", "шыққан күні")),
)
PLACE = (
    Field("longitude", _("longitude"), FLOAT, low=-180, high=180, known_as=("longitude", "долгота", "lon", "lng", "x")),
    Field("latitude", _("latitude"), FLOAT, low=-90, high=90, known_as=("latitude", "широта", "lat", "y")),
)

FIELDS: dict[str, tuple[Field, ...]] = {
    RowKind.INSTITUTIONS: (
        EXTERNAL,
        Field("code", _("code"), required=True, length=64, known_as=("code", "код")),
        Field("bin", _("BIN"), BIN, known_as=("bin", "бин", "бсн")),
        Field("kind", _("kind"), CHOICE, choices=tuple(InstitutionKind.values), known_as=("kind", "вид", "түрі"),
              values={"школа": "school", "мектеп": "school", "детский сад": "kindergarten", "балабақша": "kindergarten",
                      "колледж": "college", "мкш": "small_school"}),
        Field("name_kk", _("name in Kazakh"), required=True, known_as=("name_kk", "атауы", "название на казахском")),
        Field("name_ru", _("name in Russian"), known_as=("name_ru", "название", "наименование", "название на русском")),
        Field("name_en", _("name in English"), known_as=("name_en",)),
        Field("territory", _("territory: KATO code"), length=9, known_as=("territory", "kato", "като", "код като")),
        Field("settlement_kind", _("settlement"), CHOICE, choices=tuple(SettlementKind.values),
              values={"город": "urban", "қала": "urban", "село": "rural", "ауыл": "rural"}, known_as=("settlement_kind", "местность")),
        Field("is_public", _("state-owned"), BOOL, known_as=("is_public", "государственная")),
        Field("languages", _("languages"), LIST, choices=tuple(Language.values), values=LANGUAGE_VALUES,
              known_as=("languages", "язык обучения", "языки обучения", "оқыту тілі")),
        Field("address", _("address"), known_as=("address", "адрес", "мекенжайы")),
        *PLACE,
        Field("capacity", _("capacity, places"), INT, low=0, high=20_000, known_as=("capacity", "проектная мощность", "қуаттылығы")),
        Field("connectivity", _("internet"), CHOICE, choices=tuple(Connectivity.values), known_as=("connectivity", "интернет")),
        Field("speed_mbps", _("speed, Mbit/s"), FLOAT, low=0, high=100_000, known_as=("speed_mbps", "скорость интернета")),
        Field("heating", _("heating"), CHOICE, choices=tuple(Heating.values), known_as=("heating", "отопление")),
        Field("open_date", _("opened on"), DATE, known_as=("open_date", "дата открытия")),
    ),
    RowKind.LEARNERS: (
        *PERSON, INSTITUTION,
        Field("grade", _("grade"), INT, low=0, high=12, known_as=("grade", "класс", "сынып", "параллель")),
        Field("letter", _("letter of the class"), length=16, known_as=("letter", "литера", "литер", "буква")),
        Field("language", _("language"), CHOICE, choices=tuple(Language.values), values=LANGUAGE_VALUES,
              known_as=("language", "язык обучения", "оқыту тілі")),
        Field("shift", _("shift"), INT, low=1, high=3, known_as=("shift", "смена", "ауысым")),
        *PERIOD,
        Field("entry_reason", _("came by"), length=32, known_as=("entry_reason",)),
        Field("exit_reason", _("left by"), length=32, known_as=("exit_reason", "причина выбытия")),
    ),
    RowKind.STAFF: (
        *PERSON, INSTITUTION,
        Field("position", _("position"), required=True, length=64, known_as=("position", "должность", "лауазымы")),
        Field("subject", _("subject"), length=64, known_as=("subject", "предмет", "пән")),
        Field("category", _("category"), CHOICE, choices=tuple(Category.values), known_as=("category", "категория", "санаты"),
              values={"педагог": "teacher", "педагог-модератор": "moderator", "педагог-эксперт": "expert",
                      "педагог-исследователь": "researcher", "педагог-мастер": "master"}),
        Field("rate", _("rate"), FLOAT, low=0, high=3, known_as=("rate", "ставка")),
        Field("is_main", _("main employment"), BOOL, known_as=("is_main", "основное место")),
        *PERIOD,
    ),
    RowKind.GUARDIANSHIPS: (
        EXTERNAL,
        Field("guardian_iin", _("guardian's IIN"), IIN, known_as=("guardian_iin", "иин родителя", "ата-ананың жсн")),
        Field("guardian", _("guardian: the source's identifier"), length=255, known_as=("guardian", "guardian_id")),
        Field("family_name", _("guardian's family name"), NAME, length=100, known_as=("family_name", "фамилия")),
        Field("given_name", _("guardian's given name"), NAME, length=100, known_as=("given_name", "имя")),
        Field("patronymic", _("guardian's patronymic"), NAME, length=100, known_as=("patronymic", "отчество")),
        Field("child_iin", _("child's IIN"), IIN, known_as=("child_iin", "иин ребенка", "иин ребёнка", "баланың жсн")),
        Field("child", _("child: the source's identifier"), length=255, known_as=("child", "child_id")),
        Field("kind", _("kind"), length=24, known_as=("kind", "вид")),
        *PERIOD,
    ),
    RowKind.ROOMS: (
        EXTERNAL, INSTITUTION,
        Field("building_code", _("building's code"), required=True, length=32, known_as=("building_code", "корпус")),
        Field("building_name", _("building's name"), length=200, known_as=("building_name",)),
        Field("number", _("number"), required=True, length=16, known_as=("number", "кабинет", "номер", "нөмірі")),
        Field("name", _("name"), length=200, known_as=("name", "название")),
        Field("purpose", _("purpose"), CHOICE, True, tuple(RoomPurpose.values), known_as=("purpose", "назначение")),
        Field("floor", _("floor"), INT, low=-2, high=30, known_as=("floor", "этаж")),
        Field("area_m2", _("area, m²"), FLOAT, low=0, high=20_000, known_as=("area_m2", "площадь")),
        Field("places", _("places"), INT, low=0, high=2_000, known_as=("places", "мест")),
        Field("condition", _("condition"), CHOICE, choices=tuple(Condition.values), known_as=("condition", "состояние")),
        Field("condition_date", _("condition known on"), DATE, known_as=("condition_date",)),
    ),
    RowKind.PLACES: (
        Field("code", _("institution's code, BIN, or KATO code of a territory"), required=True, length=64,
              known_as=("code", "kato", "код", "id")),
        *(Field(f.name, f.label, f.type, True, low=f.low, high=f.high, known_as=f.known_as) for f in PLACE),
    ),
}  # fmt: skip


def fields_of(row_kind: str) -> tuple[Field, ...]:
    return FIELDS[row_kind]


def recognised(row_kind: str, columns: list[str]) -> dict[str, dict]:
    """A first mapping for a table that has no profile: columns whose names people usually give."""
    by_name = {column.lower().strip(): column for column in columns}
    mapping = {}
    for field in fields_of(row_kind):
        found = next((by_name[name] for name in (field.name, *field.known_as) if name in by_name), None)
        if found:
            mapping[field.name] = {"column": found}
    return mapping
