"""Places are called as the reader calls them, and are found by what they were called before."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import translation
from form_world import SCHOOL, as_, load

from tirek.access import places
from tirek.access.models import Grant, User
from tirek.access.roles import Role, ScopeKind
from tirek.access.scope import Scope, acting_as, loading
from tirek.registry import models
from tirek.registry.queries import territories
from tirek.storage.database import COUNTRY

pytestmark = pytest.mark.django_db
REGION = "470000000"
NAMES = {"kk": "Бейнеу ауданы", "ru": "Бейнеуский район", "en": "Beineu district"}
MINISTRY = Scope(COUNTRY, role=Role.ADMINISTRATOR)


@pytest.fixture
def users(settings) -> dict:
    settings.DEMONSTRATION = True
    return load()


def beineu() -> models.Territory:
    return models.Territory.objects.get(level="district", name_en__icontains="beineu")


@pytest.fixture
def renamed(users):
    """Beineu bears another name since the first of October; before, and elsewhere, nobody was called Қызылқала."""
    with loading():
        territory = beineu()
        former = {column: getattr(territory, column) for column in (*territories.NAMES, "org_lo", "org_hi")}
        models.TerritoryState.objects.create(territory=territory, valid="[2019-09-01,2026-10-01)", **former)
        models.Territory.objects.filter(pk=territory.pk).update(
            name_kk="Қызылқала ауданы", name_ru="Кызылкалинский район", name_en="Kyzylkala district"
        )
    return territory


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_a_place_is_called_as_the_reader_calls_it(users, language):
    with loading():
        territory = beineu()
        models.Territory.objects.filter(pk=territory.pk).update(**{f"name_{k}": v for k, v in NAMES.items()})
        school = models.InstitutionState.objects.filter(territory=territory, valid__upper_inf=True).first()
    client = as_(users["officer"])
    pages = [
        reverse("registry:territory", args=[territory.code]), reverse("registry:territory", args=[REGION]),
        reverse("registry:institutions") + f"?q={school.institution.code}",
        reverse("registry:institution", args=[school.institution.code]),
        reverse("search") + f"?q={NAMES[language].split()[0]}",
    ]  # fmt: skip
    for url in pages:
        text = client.get(url, headers={"accept-language": language}).content.decode()
        assert NAMES[language] in text, url
        assert not [name for key, name in NAMES.items() if key != language and name in text], url
        assert f'<html lang="{language}"' in text


@pytest.mark.parametrize(
    ("user", "names"),
    [
        ("officer", {"kk": "Маңғыстау облысы", "ru": "Мангистауская область", "en": "Mangystau Region"}),
        ("head", {"kk": "№ 1 «Тірек» мектеп", "ru": "Школа-гимназия № 1", "en": "School No. 1"}),
    ],
)
def test_the_turn_of_the_year_names_the_place_as_the_reader_does(users, user, names):
    for language, name in names.items():
        text = as_(users[user]).get(reverse("registry:roll_over"), headers={"accept-language": language})
        assert name in text.context["name"]


def test_a_place_without_a_name_in_the_language_is_called_in_kazakh(users):
    with loading():
        territory = beineu()
        models.Territory.objects.filter(pk=territory.pk).update(name_kk=NAMES["kk"], name_ru="", name_en="")
        territory.refresh_from_db()
        for language in NAMES:
            with translation.override(language):
                assert territories.local_name(territory) == NAMES["kk"]


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_grants_say_where_in_the_readers_language(users, language):
    with acting_as(MINISTRY), translation.override(language):
        district = Grant.objects.get(user=users["district"])
        region = Grant.objects.get(user=users["officer"])
        places.name_all([district, region])
        territory = models.Territory.objects.get(org_lo=district.org_lo, org_hi=district.org_hi)
        assert district.place_name == getattr(territory, f"name_{language}")
        assert region.place_name == getattr(models.Territory.objects.get(code=REGION), f"name_{language}")
        assert [p.label for p in places.offered(ScopeKind.REGION, "47", MINISTRY, 5)] == [region.place_name]


def test_a_former_name_finds_the_place_and_is_said(users, renamed):
    client = as_(users["officer"])
    for text in ("Бейнеу", "бейнеу ауданы", "Beineu"):
        page = client.get(reverse("search"), {"q": text})
        assert [(t.code, bool(before)) for t, before in page.context["places"] if t.level == "district"] == [
            (renamed.code, True)
        ], text
        assert "formerly" in page.content.decode()
    now = client.get(reverse("search"), {"q": "Kyzylkala"})
    assert [(t.code, before) for t, before in now.context["places"]] == [(renamed.code, "")]
    assert "formerly" not in now.content.decode()


def test_a_chooser_of_places_finds_former_names_too(users, renamed):
    with loading():
        officer = Grant.objects.get(user=users["officer"])
        user = User.objects.create(username="keeper", full_name="Keeper", org_no=officer.org_lo, is_demonstration=True)
        Grant.objects.create(
            user=user, role=Role.ADMINISTRATOR, scope_kind=ScopeKind.REGION, scope_code=officer.scope_code,
            scope_label=officer.scope_label, org_lo=officer.org_lo, org_hi=officer.org_hi, valid=officer.valid,
        )  # fmt: skip
    client = as_(user)
    found = client.get(reverse("access:places"), {"kind": "district", "place_find": "бейнеу"}).content.decode()
    assert f'value="{renamed.code}"' in found
    assert "Kyzylkala district" in found
    assert "formerly Beineu" in found
    assert (
        "formerly"
        not in client.get(reverse("access:places"), {"kind": "district", "place_find": "қызылқала"}).content.decode()
    )


@pytest.mark.parametrize("text", ["%", "_", "\\", "'", "x" * 500, " ", "‮"])
def test_hostile_texts_find_no_place_and_break_nothing(users, text):
    client = as_(users["officer"])
    page = client.get(reverse("search"), {"q": text})
    assert page.status_code == 200
    assert not page.context["places"]


def test_a_page_of_a_past_day_leads_to_lists_of_that_day(users, renamed):
    client = as_(users["officer"])
    page = client.get(reverse("registry:territory", args=[renamed.code]), {"on": "2026-09-30"}).content.decode()
    assert "Kyzylkala" not in page
    assert f"?territory={renamed.code}&amp;on=2026-09-30" in page
    assert f"?territory={renamed.code}&amp;on=2026-09-30&amp;kind=school" in page
    today = client.get(reverse("registry:territory", args=[renamed.code])).content.decode()
    assert "Kyzylkala" in today
    assert "on=" not in today.split('id="main"')[1].split("asof")[0]
    assert dt.date.today() > dt.date(2026, 10, 1)
    assert client.get(reverse("registry:institution", args=[SCHOOL]), {"on": "2026-09-30"}).status_code == 200
