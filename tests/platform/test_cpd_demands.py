"""The register of who asked teachers for what: recorded with its legal basis, objected to without a name, withdrawn."""

import csv
import io

import pytest
from cpd_world import NOW, REGION, World, build, client_of

from tirek.access.scope import loading
from tirek.cpd.models import Demand, Flag
from tirek.cpd.queries import demands as queries
from tirek.cpd.services import demands as services
from tirek_engines.errors import Refusal

pytestmark = pytest.mark.django_db
ASKED = {
    "office": "Department of education", "title": "Write how the week of open lessons went", "purpose": "To plan the next one",
    "legal_basis": "Order No. 12, clause 4", "minutes": 40,
}  # fmt: skip


def refused(code: str):
    return pytest.raises(Refusal, check=lambda refusal: refusal.code == code)


@pytest.fixture(autouse=True)
def without_second_factor(settings):
    """So that the accounts of officers open pages."""
    settings.DEMONSTRATION = True


@pytest.fixture
def world() -> World:
    return build(cohort=False)


def record(world: World, who: str = "region", **more) -> Demand:
    facts = ASKED | {"due_date": None, "repeats": ""} | more
    with world.acting(who) as user:
        return services.record_demand(facts=facts, by=user, now=NOW)


def page(world: World, who: str, address: str) -> str:
    return client_of(world, who).get(address).content.decode()


def test_a_request_is_recorded_for_all_to_read(world):
    made = record(world)
    for who in ("ana", "head", "office", "region"):
        text = page(world, who, "/growth/requests/")
        assert ASKED["title"] in text, who
        assert ASKED["legal_basis"] in text, who
        assert made.number in page(world, who, f"/growth/requests/{made.number}/"), who


def test_without_an_act_nothing_is_asked(world):
    with world.acting("region") as region, refused("basis_missing"):
        services.record_demand(facts=ASKED | {"legal_basis": "  no ", "repeats": ""}, by=region, now=NOW)
    sent = client_of(world, "region").post("/growth/requests/new/", ASKED | {"legal_basis": "no"})
    assert sent.status_code == 422
    assert "nothing may be asked of teachers that no act provides for" in sent.content.decode()
    with loading():
        assert not Demand.objects.exists()


@pytest.mark.parametrize("minutes", ["0", "6001", "-5", "much"])
def test_minutes_are_said_honestly(world, minutes):
    sent = client_of(world, "region").post("/growth/requests/new/", ASKED | {"minutes": minutes})
    assert sent.status_code == 422
    assert 'id="id_minutes_error"' in sent.content.decode(), "the message stands at its field"


def test_teachers_record_nothing(world):
    with world.acting("ana") as ana, refused("not_allowed"):
        services.record_demand(facts=ASKED | {"repeats": ""}, by=ana, now=NOW)
    assert client_of(world, "ana").get("/growth/requests/new/").status_code == 403


@pytest.mark.parametrize(
    ("title", "held"),
    [
        ("Сынып бойынша оқушылар тізімін жіберу", "pupils"), ("Представить сведения о педагогах школы", "staff"),
        ("Send the list of pupils by Friday", "pupils"), ("Кабинет жабдығы туралы кесте", "rooms"),
        ("Заполнить анкету о питании", "needs"), ("Write how the week went", ""),
    ],
)  # fmt: skip
def test_what_is_held_already_is_recognised(title, held):
    assert queries.held_already(title) == held


def test_who_asks_again_for_what_is_held_is_told_and_must_insist(world):
    client = client_of(world, "region")
    asked = ASKED | {"title": "Send the list of pupils of your class"}
    first = client.post("/growth/requests/new/", asked)
    assert first.status_code == 422
    assert "lists and numbers of pupils and classes" in first.content.decode()
    with loading():
        assert not Demand.objects.exists()
    assert client.post("/growth/requests/new/", asked | {"sure": "yes"}).status_code == 302
    with loading():
        assert Demand.objects.get().repeats == "pupils", "and it stays visible that it repeats"
    assert "repeats" in page(world, "ana", "/growth/requests/?repeats=on")


def test_a_teacher_objects_once_and_without_a_name(world):
    made = record(world)
    rule = queries.forbidden(NOW.date(), made)[0]
    for name in ("ana", "bek"):
        with world.acting(name) as user:
            services.object_to(number=made.number, rule=rule.code, note="It is no part of my work", by=user, now=NOW)
    with world.acting("ana") as ana, refused("flagged_already"):
        services.object_to(number=made.number, rule=rule.code, note="", by=ana, now=NOW)
    text = page(world, "region", f"/growth/requests/{made.number}/")
    assert "2 teachers" in text
    assert rule.words in text
    for secret in ("Anaova", "Bekova", ">Ana<", ">Bek<"):
        assert secret not in text
    with loading():
        assert Flag.objects.count() == 2


def test_an_objection_names_a_rule_and_the_message_stands_at_its_field(world):
    made = record(world)
    client = client_of(world, "ana")
    address = f"/growth/requests/{made.number}/object/"
    for sent in ({"note": "wrong"}, {"rule": "no_such_rule", "note": "wrong"}):
        answer = client.post(address, sent)
        assert answer.status_code == 422
        text = answer.content.decode()
        assert 'id="id_rule_error"' in text
        assert "wrong</textarea>" in text, "what was written is not lost"
    with world.acting("ana") as ana, refused("no_such_rule"):
        services.object_to(number=made.number, rule="no_such_rule", note="", by=ana, now=NOW)


def test_a_request_is_withdrawn_with_a_reason_and_stays_readable(world):
    made = record(world)
    client = client_of(world, "region")
    assert client.post(f"/growth/requests/{made.number}/withdraw/", {"text": " "}).status_code == 422
    assert client.post(f"/growth/requests/{made.number}/withdraw/", {"text": "It was held."}).status_code == 302
    text = page(world, "ana", f"/growth/requests/{made.number}/")
    assert "It was held." in text
    assert "This is not lawful" not in text, "nothing is left to object to"
    with world.acting("region") as region, refused("wrong_state"):
        services.withdraw_demand(number=made.number, text="Again", by=region, now=NOW)
    rule = queries.forbidden(NOW.date(), made)[0].code
    with world.acting("ana") as ana, refused("wrong_state"):
        services.object_to(number=made.number, rule=rule, note="", by=ana, now=NOW)


def test_an_office_below_withdraws_nothing_of_the_one_above(world):
    made = record(world)
    with world.acting("head") as head, pytest.raises(Refusal):
        services.withdraw_demand(number=made.number, text="Not for us", by=head, now=NOW)
    with loading():
        made.refresh_from_db()
        assert (made.withdrawn_at, made.org_lo, made.org_hi) == (None, *REGION)


def test_the_time_of_what_stands_is_added_up_and_the_list_comes_out(world):
    record(world)
    gone = record(world, minutes=500, title="Fill in the journal twice")
    with world.acting("region") as region:
        services.withdraw_demand(number=gone.number, text="A mistake", by=region, now=NOW)
    text = page(world, "ana", "/growth/requests/")
    assert ">40<" in text.replace("\n", "")
    answer = client_of(world, "ana").get("/growth/requests/?download=csv")
    body = b"".join(answer) if answer.streaming else answer.content
    rows = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))))
    assert len(rows) == 2
    assert {row[next(iter(row))] for row in rows} == {gone.number, Demand.objects.exclude(pk=gone.pk).get().number}
