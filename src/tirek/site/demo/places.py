"""Public facts that the demonstration stands on: territories, their names, codes and places.

Regions: ISO 3166-2:KZ and the first two digits of KATO. Coordinates are approximate, from public geography. Codes of
districts are KATO's where known to us, else made in its form; settlements' are made. Everything below a region is marked
synthetic, because its institutions are.
"""

from __future__ import annotations

from typing import NamedTuple


class Region(NamedTuple):
    kato: str
    kk: str
    ru: str
    en: str
    longitude: float
    latitude: float
    share: float  # of the country's pupils, roughly


class Settlement(NamedTuple):
    kk: str
    ru: str
    en: str
    is_urban: bool
    longitude: float
    latitude: float
    weight: float


class District(NamedTuple):
    code: str
    kk: str
    ru: str
    en: str
    schools: int
    support: int
    settlements: tuple[Settlement, ...]


REGIONS = (
    Region("10", "Абай облысы", "область Абай", "Abai Region", 80.25, 50.42, 0.030),
    Region("11", "Ақмола облысы", "Акмолинская область", "Akmola Region", 69.39, 53.28, 0.038),
    Region("15", "Ақтөбе облысы", "Актюбинская область", "Aktobe Region", 57.17, 50.28, 0.048),
    Region("19", "Алматы облысы", "Алматинская область", "Almaty Region", 77.06, 43.87, 0.086),
    Region("23", "Атырау облысы", "Атырауская область", "Atyrau Region", 51.92, 47.11, 0.041),
    Region(
        "27", "Батыс Қазақстан облысы", "Западно-Казахстанская область", "West Kazakhstan Region", 51.37, 51.23, 0.034
    ),
    Region("31", "Жамбыл облысы", "Жамбылская область", "Jambyl Region", 71.37, 42.90, 0.067),
    Region("33", "Жетісу облысы", "область Жетісу", "Jetisu Region", 78.37, 45.02, 0.036),
    Region("35", "Қарағанды облысы", "Карагандинская область", "Karaganda Region", 73.10, 49.80, 0.054),
    Region("39", "Қостанай облысы", "Костанайская область", "Kostanay Region", 63.62, 53.21, 0.034),
    Region("43", "Қызылорда облысы", "Кызылординская область", "Kyzylorda Region", 65.51, 44.85, 0.048),
    Region("47", "Маңғыстау облысы", "Мангистауская область", "Mangystau Region", 52.00, 44.10, 0.047),
    Region("55", "Павлодар облысы", "Павлодарская область", "Pavlodar Region", 76.95, 52.29, 0.033),
    Region(
        "59",
        "Солтүстік Қазақстан облысы",
        "Северо-Казахстанская область",
        "North Kazakhstan Region",
        69.15,
        54.87,
        0.020,
    ),
    Region("61", "Түркістан облысы", "Туркестанская область", "Turkistan Region", 68.27, 43.30, 0.142),
    Region("62", "Ұлытау облысы", "область Ұлытау", "Ulytau Region", 67.71, 47.80, 0.013),
    Region(
        "63", "Шығыс Қазақстан облысы", "Восточно-Казахстанская область", "East Kazakhstan Region", 82.61, 49.95, 0.030
    ),
    Region("71", "Астана қаласы", "город Астана", "Astana", 71.43, 51.13, 0.064),
    Region("75", "Алматы қаласы", "город Алматы", "Almaty", 76.93, 43.24, 0.081),
    Region("79", "Шымкент қаласы", "город Шымкент", "Shymkent", 69.60, 42.32, 0.054),
)
MANGYSTAU, TURKISTAN = "47", "61"


def _u(kk, ru, en, longitude, latitude, weight=1.0):
    return Settlement(kk, ru, en, True, longitude, latitude, weight)


def _r(kk, ru, en, longitude, latitude, weight=1.0):
    return Settlement(kk, ru, en, False, longitude, latitude, weight)


MANGYSTAU_DISTRICTS = (
    District("471000000", "Ақтау қаласы", "город Актау", "Aktau", 42, 14, (
        _u("Ақтау", "Актау", "Aktau", 51.16, 43.65, 12), _r("Өмірзақ", "Умирзак", "Umirzak", 51.28, 43.55),
    )),
    District("471800000", "Жаңаөзен қаласы", "город Жанаозен", "Zhanaozen", 28, 9, (
        _u("Жаңаөзен", "Жанаозен", "Zhanaozen", 52.86, 43.34, 7), _r("Теңге", "Тенге", "Tenge", 52.74, 43.28, 2),
        _r("Қызылсай", "Кызылсай", "Kyzylsai", 52.93, 43.37),
    )),
    District("473600000", "Бейнеу ауданы", "Бейнеуский район", "Beineu District", 22, 7, (
        _r("Бейнеу", "Бейнеу", "Beineu", 55.20, 45.32, 5), _r("Боранқұл", "Боранкул", "Borankul", 54.32, 45.09, 2),
        _r("Сарға", "Сарга", "Sarga", 55.05, 45.62), _r("Толып", "Толып", "Tolyp", 54.62, 45.20),
    )),
    District("474200000", "Қарақия ауданы", "Каракиянский район", "Karakiya District", 16, 5, (
        _r("Құрық", "Курык", "Kuryk", 51.66, 43.18, 3), _r("Жетібай", "Жетыбай", "Zhetibai", 52.08, 43.59, 3),
        _r("Мұнайшы", "Мунайшы", "Munaishy", 52.13, 43.50), _r("Сенек", "Сенек", "Senek", 53.39, 43.36),
    )),
    District("474600000", "Маңғыстау ауданы", "Мангистауский район", "Mangystau District", 17, 5, (
        _r("Шетпе", "Шетпе", "Shetpe", 52.17, 44.14, 4), _r("Жыңғылды", "Жынгылды", "Zhyngyldy", 51.65, 43.95),
        _r("Сайөтес", "Сай-Утес", "Saiotes", 53.53, 44.32), _r("Тұщықұдық", "Тущыкудык", "Tushchykudyk", 51.93, 44.77),
    )),
    District("475000000", "Мұнайлы ауданы", "Мунайлинский район", "Munaily District", 18, 7, (
        _r("Маңғыстау", "Мангистау", "Mangystau", 51.31, 43.69, 3), _r("Баянды", "Баянды", "Bayandy", 51.33, 43.80, 2),
        _r("Атамекен", "Атамекен", "Atameken", 51.24, 43.71, 2), _r("Басқұдық", "Баскудук", "Baskudyk", 51.27, 43.67),
    )),
    District("475200000", "Түпқараған ауданы", "Тупкараганский район", "Tupkaragan District", 7, 3, (
        _u("Форт-Шевченко", "Форт-Шевченко", "Fort-Shevchenko", 50.26, 44.51, 2), _r("Ақшұқыр", "Акшукур", "Akshukyr", 51.11, 43.78, 2),
        _r("Таушық", "Таушик", "Taushyk", 51.35, 44.35), _r("Баутино", "Баутино", "Bautino", 50.25, 44.54),
    )),
)  # fmt: skip

# name in kk, ru, en; centre's longitude and latitude; city; weight by pupils
TURKISTAN_UNITS = (
    ("Түркістан қаласы", "город Туркестан", "Turkistan", 68.25, 43.30, True, 8),
    ("Кентау қаласы", "город Кентау", "Kentau", 68.51, 43.52, True, 5),
    ("Арыс қаласы", "город Арыс", "Arys", 68.80, 42.43, True, 5),
    ("Бәйдібек ауданы", "район Байдибека", "Baidibek District", 69.90, 42.60, False, 4),
    ("Жетісай ауданы", "Жетысайский район", "Zhetisai District", 68.33, 40.78, False, 11),
    ("Келес ауданы", "Келесский район", "Keles District", 68.60, 41.60, False, 9),
    ("Қазығұрт ауданы", "Казыгуртский район", "Kazygurt District", 69.40, 41.75, False, 7),
    ("Мақтаарал ауданы", "Мактааральский район", "Maktaaral District", 68.55, 40.85, False, 8),
    ("Ордабасы ауданы", "Ордабасинский район", "Ordabasy District", 69.15, 42.40, False, 8),
    ("Отырар ауданы", "Отрарский район", "Otyrar District", 68.00, 42.70, False, 4),
    ("Сайрам ауданы", "Сайрамский район", "Sairam District", 69.75, 42.30, False, 12),
    ("Сарыағаш ауданы", "Сарыагашский район", "Saryagash District", 69.17, 41.46, False, 12),
    ("Сауран ауданы", "район Сауран", "Sauran District", 68.10, 43.50, False, 6),
    ("Созақ ауданы", "Созакский район", "Sozak District", 68.47, 44.13, False, 4),
    ("Төлеби ауданы", "Толебийский район", "Tolebi District", 70.00, 42.25, False, 8),
    ("Түлкібас ауданы", "Тюлькубасский район", "Tulkibas District", 70.30, 42.48, False, 7),
    ("Шардара ауданы", "Шардаринский район", "Shardara District", 67.97, 41.25, False, 5),
)


def turkistan_districts(schools: int) -> tuple[District, ...]:
    total, given = sum(unit[-1] for unit in TURKISTAN_UNITS), 0
    found = []
    for number, (kk, ru, en, longitude, latitude, is_city, weight) in enumerate(TURKISTAN_UNITS, 1):
        last = number == len(TURKISTAN_UNITS)
        share = schools - given if last else round(schools * weight / total)
        given += share
        found.append(_unit(f"61{number:02d}00000", kk, ru, en, longitude, latitude, is_city, share))
    return tuple(found)


def sample_districts(region: Region, schools: int, count: int) -> tuple[District, ...]:
    """Districts that do not exist, for the regions that are only filled up to the country's size."""
    found = []
    for number in range(1, count + 1):
        names = (f"Үлгі {number} ауданы", f"Образцовый район {number}", f"Sample District {number}")
        longitude = region.longitude + 0.6 * ((number * 5) % 7 - 3)
        latitude = region.latitude + 0.3 * ((number * 3) % 5 - 2)
        share = schools // count + (number <= schools % count)
        is_city = number <= max(2, count // 3) or region.kato in ("71", "75", "79")
        found.append(_unit(f"{region.kato}{number:02d}00000", *names, longitude, latitude, is_city, share))
    return tuple(found)


def _unit(code, kk, ru, en, longitude, latitude, is_city, schools) -> District:
    """A district with a centre and eight villages around it; a city has one suburb."""
    kk_short, ru_short, en_short = (name.split(" (")[0] for name in (kk, ru, en))
    centre = Settlement(
        f"{kk_short}: орталық", f"{ru_short}: центр", f"{en_short}: centre", is_city, longitude, latitude, 8
    )
    around = [
        _r(f"{kk_short}: {n}-ауыл", f"{ru_short}: село {n}", f"{en_short}: village {n}",
           longitude + 0.12 * (n % 3 - 1), latitude + 0.09 * (n % 4 - 1.5))
        for n in range(1, 2 if is_city else 9)
    ]  # fmt: skip
    return District(code, kk, ru, en, schools, 0, (centre, *around))
