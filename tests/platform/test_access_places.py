"""Where a role holds is chosen by name, with and without JavaScript, inside the administrator's own territory."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from form_world import ELSEWHERE, SCHOOL, as_, load

from tirek.access.models import Grant, User
from tirek.access.roles import Role, ScopeKind
from tirek.access.scope import loading
from tirek.registry import models

pytestmark = pytest.mark.django_db
INVITE = reverse("access:invite")
PLACES = reverse("access:places")


@pytest.fixture
def region_administrator():
    users = load()
    with loading():
        officer = Grant.objects.get(user=users["officer"])
        user = User.objects.create(username="keeper", full_name="Keeper", org_no=officer.org_lo, is_demonstration=True)
        Grant.objects.create(
            user=user, role=Role.ADMINISTRATOR, scope_kind=ScopeKind.REGION, scope_code=officer.scope_code,
            scope_label=officer.scope_label, org_lo=officer.org_lo, org_hi=officer.org_hi, valid=officer.valid,
        )  # fmt: skip
    return user


@pytest.fixture
def browser(region_administrator, settings):
    settings.DEMONSTRATION = True
    return as_(region_administrator)


def codes(response) -> list[str]:
    assert response.status_code == 200
    return re.findall(r'name="place_code" value="([^"]+)"', response.content.decode())


def test_names_are_found_in_every_language_and_by_code(browser):
    assert codes(browser.get(PLACES, {"kind": "district", "place_find": "beine"})) == codes(
        browser.get(PLACES, {"kind": "district", "place_find": "бейнеу"})
    )
    assert codes(browser.get(PLACES, {"kind": "institution", "place_find": SCHOOL})) == [SCHOOL]
    assert codes(browser.get(PLACES, {"kind": "region", "place_find": "47"})) == ["470000000"]


def test_what_lies_outside_is_not_offered(browser):
    assert codes(browser.get(PLACES, {"kind": "region"})) == ["470000000"]
    with loading():
        territory = models.Territory.objects.get(code="470000000")
        inside = models.Territory.objects.filter(
            level="district", org_lo__gte=territory.org_lo, org_hi__lte=territory.org_hi
        )
        assert set(codes(browser.get(PLACES, {"kind": "district"}))) == set(inside.values_list("code", flat=True))
    assert codes(browser.get(PLACES, {"kind": "region", "place_code": "750000000"})) == ["470000000"]


def test_the_country_and_nonsense_need_no_list(browser):
    for asked in ({"kind": "country"}, {"kind": "own"}, {"kind": "x"}, {}):
        assert codes(browser.get(PLACES, asked)) == []


def test_without_javascript_the_form_comes_back_with_what_was_found(browser):
    typed = {
        "full_name": "Aigul",
        "username": "aigul",
        "language": "kk",
        "kind": "institution",
        "place_find": ELSEWHERE,
    }
    found = browser.post(INVITE, typed | {"act": "find"})
    assert codes(found) == [ELSEWHERE]
    assert 'value="Aigul"' in found.content.decode()
    assert "alert" not in found.content.decode().split("<main")[1].split("</main")[0]
    done = browser.post(INVITE, typed | {"place_code": ELSEWHERE})
    assert done.status_code == 302
    with loading():
        assert User.objects.get(username="aigul").org_no == models.Institution.objects.get(code=ELSEWHERE).org_no


def test_the_chosen_place_stays_ticked_when_the_form_is_refused(browser):
    refused = browser.post(INVITE, {"kind": "institution", "place_code": SCHOOL})
    assert refused.status_code == 422
    assert f'value="{SCHOOL}" checked' in refused.content.decode()


def test_a_place_outside_is_refused_on_the_server(browser):
    refused = browser.post(
        INVITE, {"full_name": "A", "username": "aaa", "language": "kk", "kind": "region", "place_code": "750000000"}
    )
    assert refused.status_code == 422


def test_only_administrators_search_places(browser):
    with loading():
        head = User.objects.get(username="head")
    assert as_(head).get(PLACES).status_code == 403
