"""Open lessons: places, waiting lists, who was there, what guests say."""

import datetime as dt

import pytest
from cpd_world import NOW, World, client_of
from practice_world import VISIT, practice, refused

from tirek.access.scope import loading
from tirek.cpd.models import Guest
from tirek.cpd.services import visits

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def without_second_factor(settings):
    settings.DEMONSTRATION = True


@pytest.fixture
def world() -> World:
    return practice()


def test_the_place_given_back_goes_to_who_has_waited_longest_and_hours_count(world):
    with world.acting("head") as head:
        visit = visits.announce(facts=VISIT, by=head, now=NOW)
    for place, name in enumerate(("dana", "erik")):
        with world.acting(name) as user:
            got = visits.sign_up(code=visit.code, by=user, now=NOW + dt.timedelta(minutes=place))
            assert got.standing == ("place" if place == 0 else "waiting")
    with world.acting("bek") as bek, refused("own_school"):
        visits.sign_up(code=visit.code, by=bek, now=NOW)
    with world.acting("dana") as dana:
        visits.cancel(code=visit.code, by=dana, now=NOW)
    later = NOW + dt.timedelta(days=3)
    with loading():
        guest = Guest.objects.get(person=world.people["erik"])
    assert guest.standing == "place"
    with world.acting("other_head") as stranger, refused("not_allowed"):
        visits.confirm(code=visit.code, came={guest.pk}, by=stranger, now=later)
    with world.acting("head") as head:
        with refused("too_early"):
            visits.confirm(code=visit.code, came={guest.pk}, by=head, now=NOW)
        assert visits.confirm(code=visit.code, came={guest.pk}, by=head, now=later) == 1
    with world.acting("erik") as erik:
        visits.say(code=visit.code, useful=5, take_home="strips", by=erik, now=later)
    page = client_of(world, "erik").get("/growth/mine/").content.decode()
    assert "45 minutes as a guest" in page
