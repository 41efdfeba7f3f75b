"""Items are secret until a decision releases them; retired ones say when and why."""

import datetime as dt

import assessment_world
import pytest
from access_world import user_with
from assessment_world import DAY, OFFICER, SECOND_OFFICER, make_world
from bank_world import make_item
from django.test import Client
from django.utils import timezone
from rules_world import set_rule
from test_bank import make_test

from tirek.access.roles import Role, ScopeKind
from tirek.access.scope import Scope, acting_as, loading
from tirek.assessment.models import BankItem, BankVersion, Item, Release, ReleaseState, Test
from tirek.assessment.queries.released import released_tasks
from tirek.assessment.refusals import NotAllowed, WrongState
from tirek.assessment.services.bank import move_item
from tirek.assessment.services.releasing import release_items
from tirek.assessment.services.sittings import open_all_sittings
from tirek.assessment.services.tests import ItemSpec, create_test, open_tasks_on
from tirek.decisions import queries as journal
from tirek.decisions.commands.numbers import explain_number
from tirek.decisions.services import verify

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture(autouse=True)
def sealed_apart(settings, tmp_path, monkeypatch):
    settings.DEMONSTRATION = True
    monkeypatch.setattr("tirek.storage.sealed.folder", lambda: tmp_path / "sealed")
    monkeypatch.setattr("tirek.decisions.commands.numbers.ready", lambda: None)


@pytest.fixture
def used():
    """Twelve items of the bank in a published test."""
    world = make_world((20, 5))
    items = [make_item(f"B{n:02}") for n in range(1, 13)]
    with acting_as(OFFICER):
        test = make_test(world, items)
    with loading():
        Test.objects.filter(pk=test.pk).update(state="published")
        Release.objects.create(test=test, org_lo=test.org_lo, state=ReleaseState.PUBLISHED, at=NOW)
    return world, test, items


@pytest.fixture
def world_of_own():
    """A test whose items are its own, with sittings on a day."""
    world = make_world((5, 5))
    return world, assessment_world.make_test(world)


def head_of(world) -> Scope:
    school = world.schools[0]
    return Scope(lo=school.org_no, hi=school.org_no, role="school_head", user_id=None)


def reasons(decision) -> dict[str, str]:
    return {row["subject"]: row["reason"] for row in journal.outcome_rows(journal.table(decision, "outcomes"))}


def test_schools_read_a_wording_only_after_its_release(used):
    world, _test, items = used
    head = head_of(world)
    with acting_as(head):
        assert not BankItem.objects.exists(), "the bank is a secret of those who hold it"
        assert not BankVersion.objects.exists()
        assert not Item.objects.exists()
        assert released_tasks(head, "ru") == []
    with acting_as(OFFICER):
        decision = release_items(item_ids=[items[0].pk], by=None, now=NOW)
        assert reasons(decision) == {"B01": "released"}
        assert decision.state == "published"
        assert verify(decision.number, now=NOW).agrees
        item = BankItem.objects.get(pk=items[0].pk)
        assert (item.released_at, item.release_number, item.is_secure) == (NOW, decision.number, False)
    with acting_as(head):
        (row,) = released_tasks(head, "ru")
        assert row["wording"].stem == "Чему равно 7 + 5?"
        assert not hasattr(row["wording"], "key")
    lines, code = explain_number(decision.number, "B01")
    assert code == 0
    assert len({line[:2] for line in lines if line[:4] in ("kk: ", "ru: ", "en: ")}) == 3


def test_what_later_tests_need_stays_secret(used):
    _world, test, items = used
    with acting_as(OFFICER):
        decision = release_items(item_ids=[item.pk for item in items[:4]], by=None, now=NOW)
        assert reasons(decision) == {
            "B01": "released", "B02": "released", "B03": "needed_as_anchor", "B04": "needed_as_anchor",
        }  # fmt: skip
        again = release_items(item_ids=[items[0].pk, items[2].pk], by=None, now=NOW)
        assert reasons(again) == {"B01": "already_released", "B03": "needed_as_anchor"}
    with loading():
        Test.objects.filter(pk=test.pk).update(state="collecting")
    set_rule("assessment.release", "fewest_secure", 0)
    with acting_as(OFFICER):
        assert reasons(release_items(item_ids=[items[4].pk], by=None, now=NOW)) == {"B05": "test_running"}
    with loading():
        Test.objects.filter(pk=test.pk).update(state="published")
    set_rule("assessment.release", "days_after_publication", 30)
    with acting_as(OFFICER):
        found = release_items(item_ids=[items[4].pk], by=None, now=NOW)
        assert reasons(found) == {"B05": "too_early"}
        assert "the rules ask for 30" in journal.explain(found.number, "B05", "item").texts["en"]


def test_who_may_not_release_is_refused(used):
    world, _test, items = used
    for scope in (head_of(world), Scope(lo=20_000_000, hi=29_999_999, role="regional_officer", user_id=None)):
        with acting_as(scope), pytest.raises((NotAllowed, WrongState)):
            release_items(item_ids=[items[0].pk], by=None, now=NOW)


def test_a_retired_item_says_when_and_why():
    item = make_item("B50")
    with acting_as(OFFICER):
        gone = move_item(item_id=item.pk, state="retired", because="  Everybody   knows it. ")
        assert (gone.retired_because, gone.retired_at is not None) == ("Everybody knows it.", True)
        back = move_item(item_id=item.pk, state="draft")
        assert (back.retired_because, back.retired_at) == ("", None)
        for nothing in ("", "   "):
            with pytest.raises(WrongState, match="why"):
                move_item(item_id=item.pk, state="retired", because=nothing)


def test_the_pages_ask_why_an_item_is_retired():
    items = [make_item(f"B{n}") for n in (60, 61, 62)]
    client = Client(headers={"accept-language": "en"})
    client.force_login(
        user_with(Role.REGIONAL_OFFICER, ScopeKind.REGION), backend="tirek.access.backends.ScopedBackend"
    )
    one = f"/assessment/bank/items/{items[0].pk}/"
    told = client.post(f"{one}state/", {"state": "retired", "because": " "}, follow=True).content.decode()
    assert "Say why the item is retired" in told
    told = client.post(f"{one}state/", {"state": "retired", "because": "Printed in a textbook."}, follow=True)
    assert "Printed in a textbook." in told.content.decode()
    several = {"item": [items[1].pk, items[2].pk], "state": "retired"}
    told = client.post("/assessment/bank/items/state/", several, follow=True).content.decode()
    assert "Say why the items are retired" in told
    client.post("/assessment/bank/items/state/", several | {"because": "Too old."})
    with loading():
        held = BankItem.objects.filter(pk__in=several["item"]).values_list("state", "retired_because")
        assert set(held) == {("retired", "Too old.")}


def test_the_own_tasks_of_a_test_open_on_a_day(world_of_own):
    world, test = world_of_own
    day, now = DAY + dt.timedelta(days=30), dt.datetime(2025, 9, 10, 12, tzinfo=dt.UTC)
    with acting_as(OFFICER):
        with pytest.raises(WrongState, match="sit the test"):
            open_tasks_on(test_id=test.pk, day=DAY, now=now)
        assert open_tasks_on(test_id=test.pk, day=day, now=now).tasks_open_on == day
        assert open_tasks_on(test_id=test.pk, day=None, now=now).tasks_open_on is None
        open_tasks_on(test_id=test.pk, day=day, now=now)
        later = dt.datetime.combine(day, dt.time(12), dt.UTC)
        with pytest.raises(WrongState, match="open already"):
            open_tasks_on(test_id=test.pk, day=None, now=later)
        unsat = create_test(
            code="UNSAT", titles=dict.fromkeys(("kk", "ru", "en"), "t"), subject="mathematics", grade=4, school_year=world.year,
            kind="interim", territory=world.region, items=[ItemSpec("Q1")],
        )  # fmt: skip
        with pytest.raises(WrongState, match="Nobody has sat"):
            open_tasks_on(test_id=unsat.pk, day=now.date(), now=now)
        open_tasks_on(test_id=unsat.pk, day=day, now=now)
        with pytest.raises(WrongState, match="would know them"):
            open_all_sittings(test_id=unsat.pk, date=day)
    for scope in (SECOND_OFFICER, head_of(world)):
        with acting_as(scope), pytest.raises(NotAllowed):
            open_tasks_on(test_id=test.pk, day=day, now=now)


def test_the_page_of_booklets_asks_from_when_tasks_are_open(world_of_own):
    _world, test = world_of_own
    client = Client(headers={"accept-language": "en"})
    client.force_login(
        user_with(Role.REGIONAL_OFFICER, ScopeKind.REGION), backend="tirek.access.backends.ScopedBackend"
    )
    page = f"/assessment/{test.code}/booklets/"
    assert "Not yet: reports name a task by its code" in client.get(page).content.decode()
    assert "Pupils still sit the test" in client.post(page, {"day": DAY.isoformat()}).content.decode()
    assert "Enter a valid date" in client.post(page, {"day": "never"}).content.decode()
    assert "The day is kept" in client.post(page, {"day": "2099-01-01"}, follow=True).content.decode()
    assert 'value="2099-01-01"' in client.get(page).content.decode()


def test_tasks_of_the_bank_are_not_opened_by_a_day(used):
    _world, test, _items = used
    with acting_as(OFFICER), pytest.raises(WrongState, match="one by one"):
        open_tasks_on(test_id=test.pk, day=dt.date(2099, 1, 1), now=NOW)


def test_the_pages_of_released_tasks(used):
    _world, _test, items = used
    officer, head = Client(headers={"accept-language": "en"}), Client(headers={"accept-language": "ru"})
    backend = "tirek.access.backends.ScopedBackend"
    officer.force_login(user_with(Role.REGIONAL_OFFICER, ScopeKind.REGION), backend=backend)
    head.force_login(user_with(Role.SCHOOL_HEAD), backend=backend)
    assert "Чему равно" not in head.get("/assessment/bank/released/").content.decode()
    where = f"/assessment/bank/items/{items[0].pk}/"
    assert "Release the item" in officer.get(where).content.decode()
    told = officer.post(where + "release/", follow=True).content.decode()
    assert "Tick the box" in told
    told = officer.post(where + "release/", {"confirm": "yes"}, follow=True).content.decode()
    assert "Released on" in told
    assert "Чему равно" in head.get("/assessment/bank/released/").content.decode()
    assert head.post(where + "release/", {"confirm": "yes"}).status_code == 403
