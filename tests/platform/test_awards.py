"""State awards: from the school to the district to the region."""

import datetime as dt

import pytest
from cpd_world import NOW, TODAY, World, client_of
from practice_world import LONG, practice, refused

from tirek.cpd.services import awards

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def without_second_factor(settings):
    settings.DEMONSTRATION = True


@pytest.fixture
def world() -> World:
    return practice()


def test_an_award_goes_from_school_to_district_to_region_with_a_reason_when_not(world):
    with world.acting("office") as office:
        awards.enter_kind(
            code="best", by=office, now=NOW,
            facts={"name_kk": "Үздік", "name_ru": "Лучший", "name_en": "Best", "issuer": "Ministry", "basis": "Order 1",
                   "years": 3},
        )  # fmt: skip
    with world.acting("head") as head:
        with refused("not_employed"):
            awards.nominate(award="best", person_id=world.people["dana"].pk, grounds=LONG, by=head, now=NOW)
        made = awards.nominate(award="best", person_id=world.people["ana"].pk, grounds=LONG, by=head, now=NOW)
        second = awards.nominate(award="best", person_id=world.people["bek"].pk, grounds=LONG, by=head, now=NOW)
        with refused("nominated_already"):
            awards.nominate(award="best", person_id=world.people["ana"].pk, grounds=LONG, by=head, now=NOW)
        with refused("not_allowed"):
            awards.decide(code=made.code, is_yes=True, decided_on=TODAY, by=head, now=NOW)
    with world.acting("district") as district:
        awards.decide(code=made.code, is_yes=True, decided_on=TODAY, by=district, now=NOW)
        with refused("not_allowed"):
            awards.decide(code=made.code, is_yes=True, decided_on=TODAY, by=district, now=NOW)
        with refused("words_missing"):
            awards.decide(code=second.code, is_yes=False, decided_on=TODAY, by=district, now=NOW)
        awards.decide(
            code=second.code, is_yes=False, decided_on=TODAY, note="The grounds name no result.", by=district, now=NOW
        )
    with world.acting("region") as region:
        with refused("bad_day"):
            awards.decide(code=made.code, is_yes=True, decided_on=TODAY - dt.timedelta(days=1), by=region, now=NOW)
        awards.decide(code=made.code, is_yes=True, decided_on=TODAY, by=region, now=NOW)
        awards.decide(code=made.code, is_yes=True, decided_on=TODAY, act="No. 7", by=region, now=NOW)
    page = client_of(world, "ana").get("/growth/mine/").content.decode()
    assert "No. 7" in page
    assert client_of(world, "other_head").get(f"/growth/awards/{made.code}/").status_code == 404
    assert (
        "The grounds name no result." in client_of(world, "head").get(f"/growth/awards/{second.code}/").content.decode()
    )
