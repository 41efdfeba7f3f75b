"""Content areas are data of the bank: those that every bank begins with, and those that a territory adds."""

from __future__ import annotations

import pytest
from access_world import user_with
from assessment_world import OFFICER, SECOND_OFFICER
from bank_world import facts, make_item, version
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.translation import override

from tirek.access.roles import Role, ScopeKind
from tirek.access.scope import acting_as, because
from tirek.assessment import content_areas
from tirek.assessment.models import ContentArea
from tirek.assessment.refusals import NotAllowed, WrongState
from tirek.assessment.services.areas import add_area, remove_area, rename_area
from tirek.assessment.services.bank import create_item

pytestmark = pytest.mark.django_db
NAMES = {"kk": "экология", "ru": "экология и климат", "en": "ecology"}


@pytest.fixture(autouse=True)
def demonstration(settings):
    settings.DEMONSTRATION = True  # nobody is asked for a second factor


@pytest.fixture
def ecology() -> ContentArea:
    with acting_as(OFFICER):
        return add_area(code="Ecology", subject="science", names=NAMES)


def test_every_bank_begins_with_areas_in_three_languages():
    assert len(content_areas.shipped()) == 16
    for area in content_areas.shipped().values():
        assert all(area.names[language].strip() for language in content_areas.LANGUAGES)
        assert area.subject in ("mathematics", "reading", "science")


def test_an_area_that_was_added_is_known_by_every_name_and_to_everybody(ecology):
    assert {content_areas.area_code(words) for words in ("ecology", "Экология", " экология  и климат ")} == {"ecology"}
    with acting_as(SECOND_OFFICER), override("ru"):
        assert content_areas.area_name("ecology") == "экология и климат"
        assert content_areas.area_name("Логарифмы") == "Логарифмы", "an area that nobody named stays as it was typed"


def test_items_follow_a_new_name(ecology):
    with acting_as(OFFICER):
        create_item(facts=facts("E1", content_area="ecology"), version=version(), by=None, now=timezone.now())
        rename_area(area_id=ecology.pk, names=NAMES | {"en": "ecology and climate"})
        with override("en"):
            assert content_areas.area_name("ecology") == "ecology and climate"
        with pytest.raises(WrongState, match="stays"):
            remove_area(area_id=ecology.pk)


def test_an_area_that_no_item_has_is_taken_away(ecology):
    with acting_as(OFFICER):
        remove_area(area_id=ecology.pk)
        assert "ecology" not in content_areas.areas()


@pytest.mark.parametrize(
    ("code", "names", "words"),
    [
        ("number", NAMES, "code number"),
        ("ecology", NAMES, "code ecology"),
        ("climate", {"kk": "климат", "ru": "Числа", "en": "climate"}, "named “Числа”"),
        ("Экология", {"kk": "а", "ru": "б", "en": "c"}, "Latin letters"),
        ("x", {"kk": "а", "ru": "б", "en": "c"}, "Latin letters"),
    ],
)
def test_what_would_mean_two_things_is_refused(ecology, code, names, words):
    with acting_as(OFFICER), override("en"), pytest.raises(WrongState, match=words):
        add_area(code=code, subject="science", names=names)


def test_another_territory_changes_nothing_of_ours(ecology):
    with acting_as(SECOND_OFFICER):
        for change in (lambda: rename_area(area_id=ecology.pk, names=NAMES), lambda: remove_area(area_id=ecology.pk)):
            with pytest.raises(NotAllowed):
                change()


def test_the_database_is_asked_once_a_request(ecology):
    with because(url="a page"), acting_as(OFFICER), CaptureQueriesContext(connection) as told:
        for _turn in range(5):
            content_areas.area_name("ecology")
    assert sum("assessment_contentarea" in query["sql"] for query in told) == 1


def client_of(role=Role.REGIONAL_OFFICER, kind=ScopeKind.REGION) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user_with(role, kind), backend="tirek.access.backends.ScopedBackend")
    return client


def test_the_page_adds_renames_and_takes_away():
    client, page = client_of(), "/assessment/bank/areas/"
    assert "шамалар" in client.get(page).content.decode()
    given = {
        "code": "ecology",
        "subject": "science",
        "name_kk": "экология",
        "name_ru": "экология",
        "name_en": "ecology",
    }
    told = client.post(page, given | {"name_ru": ""}).content.decode()
    assert "This field is required" in told
    assert "The area is there" in client.post(page, given, follow=True).content.decode()
    assert "already an area with the code ecology" in client.post(page, given).content.decode()
    own = f"{page}{ContentArea.objects.get().pk}/"
    renamed = client.post(own, given | {"name_en": "ecology and climate"}, follow=True).content.decode()
    assert "ecology and climate" in renamed
    assert "is taken away" in client.post(own, {"do": "remove"}, follow=True).content.decode()
    assert not ContentArea.objects.exists()


def test_a_used_area_says_why_it_stays(ecology):
    with acting_as(OFFICER):
        create_item(facts=facts("E1", content_area="ecology"), version=version(), by=None, now=timezone.now())
    client = client_of()
    answer = client.post(f"/assessment/bank/areas/{ecology.pk}/", {"do": "remove"}, follow=True).content.decode()
    assert "Items have this area, so it stays" in answer
    assert "ecology" in client.get(f"/assessment/bank/items/{make_item('B9').pk}/change/").content.decode()
