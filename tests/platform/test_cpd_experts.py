"""Who may judge blind: conflicts as the register has them on the day, roles that show names, last days; what an expert can reach."""

import datetime as dt

import pytest
from cpd_world import ALWAYS, NOW, REGION, SCHOOLS, TODAY, World, client_of, teacher
from django.db.backends.postgresql.psycopg_any import DateRange
from test_cpd_certification import make, refused, reviews_of, send, state, to_experts

from tirek.access.models import Grant
from tirek.access.roles import Role, ScopeKind
from tirek.access.scope import loading
from tirek.cpd.models import Expert, Review
from tirek.cpd.queries import certification as queries
from tirek.cpd.services import certification as services
from tirek.cpd.services import commission, experts
from tirek.registry.models import Employment, Institution

pytestmark = pytest.mark.django_db
LATE = NOW + dt.timedelta(days=20)


@pytest.fixture(autouse=True)
def without_second_factor(settings):
    """So that the accounts of officers open pages."""
    settings.DEMONSTRATION = True


@pytest.fixture
def world() -> World:
    return make()


def judges(made) -> set[str]:
    with loading():
        return {
            r.expert.full_name.split()[-1]
            for r in Review.objects.filter(application=made, declined_because="").select_related("expert")
        }


def works_also(world: World, name: str, school: str, valid: DateRange) -> None:
    with loading():
        work = world.jobs[name]
        Employment.objects.create(
            person=world.people[name], institution=Institution.objects.get(org_no=SCHOOLS[school]), org_no=SCHOOLS[school],
            person_name=work.person_name, sort_key=name, position="teacher", valid=valid, is_main=False,
        )  # fmt: skip


def rest(world: World, *names: str) -> None:
    with loading():
        Expert.objects.filter(user_id__in=[world.users[name].pk for name in names]).update(is_active=False)


def drawn(world: World):
    made = send(world, "ana")
    with world.acting("office") as office:
        services.check_received(window_code="spring", by=office, now=NOW)
        return made, experts.draw_experts(window_code="spring", by=office, now=NOW)


@pytest.mark.parametrize(
    ("school", "valid", "given"),
    [
        ("A", DateRange(dt.date(2025, 9, 1), None), 0),
        ("A", DateRange(dt.date(2020, 9, 1), TODAY - dt.timedelta(days=200)), 0),
        ("A", DateRange(dt.date(2012, 9, 1), dt.date(2018, 6, 1)), 1),
        ("B", DateRange(dt.date(2025, 9, 1), None), 1),
    ],
    ids=[
        "works there too",
        "worked there last year",
        "worked there long ago",
        "works at another school of the district",
    ],
)
def test_a_common_place_of_work_keeps_an_expert_away(world, school, valid, given):
    rest(world, "gani", "ivan")
    works_also(world, "dara", school, valid)
    _made, found = drawn(world)
    assert found.given == given


def test_an_expert_who_has_moved_to_the_applicants_school_is_not_drawn(world):
    rest(world, "gani", "ivan")
    with loading():
        Employment.objects.filter(person=world.people["dara"]).update(
            org_no=SCHOOLS["A"], institution=Institution.objects.get(org_no=SCHOOLS["A"])
        )
        assert Expert.objects.get(user_id=world.users["dara"].pk).school_no == SCHOOLS["C"], "as it was when named"
    _made, found = drawn(world)
    assert (found.given, found.without) == (0, 1)


def test_who_left_the_schools_judges_no_more(world):
    rest(world, "gani", "ivan")
    with loading():
        Employment.objects.filter(person=world.people["dara"]).update(valid=DateRange(dt.date(2005, 8, 25), TODAY))
    _made, found = drawn(world)
    assert found.given == 0


def test_whose_role_shows_names_is_neither_named_nor_drawn(world):
    teacher(world, "ofa", "D", category="master", since=2005)
    for name in ("ofa", "dara"):
        with loading():
            Grant.objects.create(
                user=world.users[name], role=Role.PROGRAMME_OFFICE, scope_kind=ScopeKind.REGION, org_lo=REGION[0],
                org_hi=REGION[1], valid=ALWAYS,
            )  # fmt: skip
    with world.acting("office") as office, refused("not_blind"):
        experts.add_expert(username="ofa", by=office, now=NOW)
    made, _found = drawn(world)
    with loading():
        assert world.users["dara"].pk not in set(
            Review.objects.filter(application=made).values_list("user_id", flat=True)
        )


def test_a_dossier_past_its_last_day_goes_to_another_expert(world):
    (made,) = to_experts(world, "ana")
    first, other = reviews_of(made)
    name = next(n for n, user in world.users.items() if user.pk == first.user_id)
    with world.acting(name) as user:
        points = {"planning": 20, "teaching": 20, "results": 15, "sharing": 15}
        reasons = dict.fromkeys(points, "Clear aims, and the pupils reach them.")
        experts.give_judgement(blind_code=first.blind_code, points=points, reasons=reasons, by=user, now=NOW)
    with world.acting("office") as office:
        window = queries.window("spring")
        assert queries.overdue_reviews(window, TODAY + dt.timedelta(days=14)).count() == 0, "the last day still counts"
        assert queries.overdue_reviews(window, TODAY + dt.timedelta(days=15)).count() == 1
        found = experts.take_back_overdue(window_code="spring", by=office, now=LATE)
    assert (found.given, found.without) == (1, 0)
    (fresh,) = reviews_of(made)
    assert fresh.expert_id not in {first.expert_id, other.expert_id}
    late = next(n for n, user in world.users.items() if user.pk == other.user_id)
    page = client_of(world, late).get(f"/growth/certification/dossiers/{other.blind_code}/").content.decode()
    assert "was given to another expert" in page
    with world.acting(late) as user, refused("given_already"):
        experts.give_judgement(blind_code=other.blind_code, points={}, reasons={}, by=user, now=LATE)


def test_a_late_dossier_stays_where_nobody_else_is_free(world):
    rest(world, "gani", "ivan")
    (made,) = to_experts(world, "ana")
    with world.acting("office") as office:
        found = experts.take_back_overdue(window_code="spring", by=office, now=LATE)
    assert (found.given, found.without) == (0, 2)
    assert len(reviews_of(made)) == 2, "late is better than never"
    assert state(made) == "with_experts"


def test_every_page_of_the_experts_own_list_names_nobody(world):
    (made,) = to_experts(world, "ana")
    review = reviews_of(made)[0]
    name = next(n for n, user in world.users.items() if user.pk == review.user_id)
    client = client_of(world, name)
    addresses = [
        "/growth/certification/", "/growth/certification/dossiers/", f"/growth/certification/dossiers/{review.blind_code}/",
        "/growth/certification/windows/spring/", "/growth/certification/windows/spring/?download=csv",
        "/growth/certification/windows/spring/?download=xlsx", "/growth/certification/windows/spring/?q=Anao",
        "/growth/cohorts/", "/growth/cohorts/c-1/", "/growth/certificates/", "/growth/certificates/?download=csv", "/growth/mine/",
        "/growth/reserve/", "/growth/awards/", "/home/", "/people/?q=Anao", "/search/?q=Anao",
    ]  # fmt: skip
    secrets = ("Anaova", made.code, str(world.people["ana"].public_id), world.users["ana"].username + "@")
    for address in addresses:
        answer = client.get(address, follow=True)
        body = (
            b"".join(answer).decode(errors="replace") if answer.streaming else answer.content.decode(errors="replace")
        )
        assert not [secret for secret in secrets if secret in body], address


def test_the_experts_of_an_appeal_see_neither_the_earlier_points_nor_the_appeal(world):
    (made,) = to_experts(world, "bek")
    for review in reviews_of(made):
        name = next(n for n, user in world.users.items() if user.pk == review.user_id)
        with world.acting(name) as user:
            points = {"planning": 11, "teaching": 13, "results": 12, "sharing": 7}
            reasons = dict.fromkeys(points, "A reason of the first panel.")
            experts.give_judgement(blind_code=review.blind_code, points=points, reasons=reasons, by=user, now=NOW)
    with world.acting("office") as office:
        draft = commission.prepare(window_code="spring", by=office, now=NOW)
    with world.acting("region") as region:
        commission.publish(number=draft.number, base_address="http://testserver", by=region, now=NOW)
    with world.acting("bek") as bek:
        commission.appeal(code=made.code, text="They did not see the results of my pupils.", by=bek, now=NOW)
    review = reviews_of(made, is_appeal=True)[0]
    name = next(n for n, user in world.users.items() if user.pk == review.user_id)
    page = client_of(world, name).get(f"/growth/certification/dossiers/{review.blind_code}/").content.decode()
    assert "A reason of the first panel" not in page
    assert "did not see the results" not in page
    assert "ppeal" not in page, "nor that it is an appeal"
