"""The demonstration of shared practice is made once, and its decisions can be verified."""

import pytest
from cpd_world import NOW, World, teacher
from practice_world import practice

from tirek.access.scope import loading
from tirek.cpd.models import Candidate, Lesson, Rating, Use
from tirek.decisions import services as decisions
from tirek.decisions.models import Decision

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def without_second_factor(settings):
    settings.DEMONSTRATION = True


@pytest.fixture
def world() -> World:
    return practice()


def test_the_demonstration_is_made_once_and_its_decision_can_be_verified(world):
    from tirek.cpd.demonstration_practice import Shared, demonstrate_practice

    for place in range(20):
        teacher(world, f"t{place:02d}", "ABCD"[place % 4], category="expert", since=2005)
    span = {"org_lo": 10_000_000, "org_hi": 19_999_999}
    made = demonstrate_practice(**span, by=None, now=NOW)
    assert made.lessons
    assert made.candidates
    assert demonstrate_practice(**span, by=None, now=NOW) == Shared()
    with loading():
        numbers = list(Decision.objects.filter(kind="cpd.reserve").values_list("number", flat=True))
        assert len(numbers) == 2
        assert all(decisions.verify(number, by=None, now=NOW).agrees for number in numbers)
        assert Candidate.objects.filter(state="reserve").exists()
        for lesson in Lesson.objects.all():
            stars = list(Rating.objects.filter(lesson=lesson).values_list("stars", flat=True))
            assert (lesson.rating_n, lesson.rating_sum) == (len(stars), sum(stars)), "what is counted has its rows"
            assert lesson.use_n == Use.objects.filter(lesson=lesson).count()
