"""A tiny region for the browser: the country's units, seven districts of Mangystau, sixty schools, one of them with people."""

from __future__ import annotations

import datetime as dt
import uuid

from django.contrib.auth.hashers import make_password
from django.db.backends.postgresql.psycopg_any import DateRange

from tirek.access.models import Grant, User
from tirek.access.roles import SECOND_FACTOR
from tirek.access.scope import loading, signing_in
from tirek.registry import identifiers, models, names
from tirek.site.demo.places import MANGYSTAU_DISTRICTS, REGIONS
from tirek.storage import secrets

SINCE = DateRange(dt.date(2019, 9, 1), None)
YEAR = (dt.date(2026, 9, 1), dt.date(2027, 6, 30))
PASSWORD = "tirek tirek tirek"
REGION_SIZE, DISTRICT_SIZE = 10_000_000, 100_000
SCHOOL = "school-1"
FAMILY = ["Әбенова", "Ғабитов", "Қалиева", "Өтегенов", "Ұзақова", "Шәкірім", "Иманғалиева", "Жұмабаев"]
GIVEN = ["Айгүл", "Нұрлан", "Ақбота", "Еркебұлан", "Мөлдір", "Ілияс", "Назерке", "Дәурен"]


def load() -> dict:
    """Everything, committed. Gives the users by role."""
    with loading():
        region, districts = _territories()
        schools = _schools(districts)
        _rooms(schools[0])
        people = _people(schools[0])
    return _users(region, districts[0], schools[0], people)


def _territories() -> tuple[models.Territory, list[models.Territory]]:
    level = models.TerritoryLevel
    top = _territory("000000000", level.COUNTRY, None, 0, 2_147_483_647, ("Қазақстан", "Казахстан", "Kazakhstan"))
    region = top
    for number, r in enumerate(REGIONS, start=1):
        lo = number * REGION_SIZE
        made = _territory(
            f"{r.kato}0000000", level.REGION, top, lo, lo + REGION_SIZE - 1, (r.kk, r.ru, r.en), iso=f"KZ-{r.kato}"
        )
        region = made if r.kato == "47" else region
    districts = []
    for number, d in enumerate(MANGYSTAU_DISTRICTS):
        lo = region.org_lo + number * DISTRICT_SIZE
        place = d.settlements[0].longitude, d.settlements[0].latitude
        districts.append(
            _territory(d.code, level.DISTRICT, region, lo, lo + DISTRICT_SIZE - 1, (d.kk, d.ru, d.en), place=place)
        )
    return region, districts


def _territory(code, level, parent, lo, hi, called, *, iso="", place=(None, None)) -> models.Territory:
    return models.Territory.objects.create(
        code=code, iso_3166_2=iso, parent=parent, level=level, name_kk=called[0], name_ru=called[1], name_en=called[2],
        sort_key=names.sort_key(called[0]), longitude=place[0], latitude=place[1], org_lo=lo, org_hi=hi, valid=SINCE, is_synthetic=True,
    )  # fmt: skip


def _schools(districts: list) -> list[models.Institution]:
    made = []
    for number in range(1, 61):
        district = districts[(number - 1) % len(districts)]
        org_no = district.org_lo + 10 * ((number - 1) // len(districts) + 1)
        kind = (
            ("school", "school", "small_school", "kindergarten", "college")[number % 5]
            if number not in (0, 1, 8)
            else "school"
        )
        school = models.Institution.objects.create(code=f"school-{number}", org_no=org_no, kind=kind, open_period=SINCE)
        _states(school, district, number)
        models.Headcount.objects.create(
            institution=school,
            org_no=org_no,
            pupils=200 + 37 * number % 900,
            staff=40,
            teachers=20 + number % 30,
            counted_at="2026-11-01T00:00Z",
        )
        made.append(school)
    return made


def _states(school: models.Institution, district, number: int) -> None:
    called = (
        f"№ {number} «Тірек» мектеп-гимназиясы",
        f"Школа-гимназия № {number} «Тирек»",
        f"School No. {number} “Tirek”",
    )
    facts = {
        "institution": school, "org_no": school.org_no, "name_kk": called[0], "name_ru": called[1], "name_en": called[2],
        "sort_key": names.sort_key(called[0]), "territory": district, "settlement_kind": "rural" if number % 3 else "urban",
        "languages": ["kk"] if number % 2 else ["kk", "ru"], "address": "Достық көшесі, 5", "heating": "gas",
        "longitude": district.longitude, "latitude": district.latitude,
    }  # fmt: skip
    turn = dt.date(2024, 4, 1)
    state = models.InstitutionState
    state.objects.create(**facts, valid=DateRange(SINCE.lower, turn), capacity=600, connectivity="mobile", speed_mbps=4)
    state.objects.create(
        **facts,
        valid=DateRange(turn, None),
        capacity=720,
        connectivity="satellite",
        speed_mbps=100,
        is_support_school=number % 3 == 1,
    )


def _rooms(school: models.Institution) -> None:
    main = models.Building.objects.create(
        institution=school,
        org_no=school.org_no,
        code="1",
        name="Бас ғимарат",
        built_year=1986,
        floors=3,
        area_m2=4200,
        valid=SINCE,
    )
    purposes = ["elementary", "subject", "laboratory", "robotics", "library", "inclusive", "gym", "canteen"]
    conditions = ["good", "fair", "poor", "unusable", ""]
    for number in range(16):
        condition = conditions[number % 5]
        models.Room.objects.create(
            building=main, institution=school, org_no=school.org_no, number=str(101 + number), purpose=purposes[number % 8],
            floor=1 + number // 6, area_m2=48.5, places=24, condition=condition, valid=SINCE,
            condition_date=dt.date(2026, 10, 15) if condition else None,
        )  # fmt: skip


def _people(school: models.Institution) -> dict[str, models.Person]:
    year = models.SchoolYear.objects.create(code="2026-2027", starts_on=YEAR[0], ends_on=YEAR[1])
    found: dict[str, models.Person] = {}
    for grade in (1, 5, 9):
        group = models.ClassGroup.objects.create(
            institution=school, org_no=school.org_no, school_year=year, grade=grade, letter="Ә", language="kk"
        )
        teacher = _person(school, grade + 70, born=1980)
        tie = {"org_no": school.org_no, "person_name": str(teacher), "sort_key": teacher.sort_key, "valid": SINCE}
        models.Employment.objects.create(
            person=teacher, institution=school, position="мұғалім", subject="математика", category="expert", **tie
        )
        models.Teaching.objects.create(
            person=teacher,
            class_group=group,
            org_no=school.org_no,
            subject="математика",
            is_class_teacher=True,
            valid=SINCE,
        )
        for number in range(20):
            pupil = _person(school, grade * 100 + number, born=2019 - grade)
            models.Enrolment.objects.create(
                person=pupil, institution=school, class_group=group, org_no=school.org_no, person_name=str(pupil),
                sort_key=pupil.sort_key, grade=grade, valid=DateRange(YEAR[0], None),
            )  # fmt: skip
        found |= {"teacher": teacher, "pupil": pupil}
    found["parent"] = _person(school, 9999, born=1985)
    models.Guardianship.objects.create(
        guardian=found["parent"], child=found["pupil"], org_no=school.org_no, valid=SINCE
    )
    return found


def _person(school: models.Institution, number: int, *, born: int) -> models.Person:
    family, given = FAMILY[number % 8], GIVEN[number // 8 % 8]
    birth = dt.date(born, number % 12 + 1, number % 28 + 1)
    iin = identifiers.valid_iins([f"{birth:%y%m%d}{'5' if born > 1999 else '3'}{number:04d}"])
    iin = iin[0] if iin and iin[0] else None
    full = f"{family} {given}"
    return models.Person.objects.create(
        public_id=uuid.uuid5(uuid.NAMESPACE_URL, f"tirek/{number}"), family_name=family, given_name=given, birth_date=birth,
        sex="mf"[number % 2], sort_key=names.person_sort_key(family, given), name_grams=names.grams(full), org_no=school.org_no,
        iin_encrypted=secrets.encrypt(iin) if iin else None, iin_hash=secrets.keyed_hash(iin) if iin else None,
    )  # fmt: skip


def _users(region, district, school, people) -> dict[str, User]:
    whole = ("institution", SCHOOL, "№ 1 «Тірек»", school.org_no, school.org_no)
    return {
        "analyst": _user("analyst", "ministry_analyst", "country", "", "Қазақстан", None, None),
        "officer": _user(
            "officer", "regional_officer", "region", region.code, region.name_kk, region.org_lo, region.org_hi
        ),
        "auditor": _user("auditor", "auditor", "region", region.code, region.name_kk, region.org_lo, region.org_hi),
        "district": _user(
            "district",
            "district_officer",
            "district",
            district.code,
            district.name_kk,
            district.org_lo,
            district.org_hi,
        ),
        "head": _user("head", "school_head", *whole),
        "teacher": _user("teacher", "teacher", "own", "", whole[2], None, None, person_id=people["teacher"].pk),
        "parent": _user("parent", "parent", "own", "", whole[2], None, None, person_id=people["parent"].pk),
    }


def _user(name, role, kind, code, label, lo, hi, person_id=None) -> User:
    """A person who signs in, with a second factor already set up where the role asks for one."""
    from allauth.mfa.models import Authenticator

    with loading():
        user = User.objects.create(
            username=name, full_name=f"Айдана {name.title()}", password=make_password(PASSWORD), org_no=lo or 0, person_id=person_id,
            is_demonstration=True, email=f"{name}@example.kz",
        )  # fmt: skip
        Grant.objects.create(
            user=user, role=role, scope_kind=kind, scope_code=code, scope_label=label, org_lo=lo, org_hi=hi, valid=SINCE
        )
    if role not in SECOND_FACTOR:
        return user
    with signing_in():
        Authenticator.objects.create(user=user, type="totp", data={"secret": "x"})
    return user
