"""Pages of the ledger and of sponsors' money: who finds what there, and what a form answers to bad input."""

from __future__ import annotations

import datetime as dt

import pytest
from access_world import SCHOOL
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test import Client
from sponsor_world import MILLION, NOW, build_money, earmark, receive

from tirek.access.roles import Role
from tirek.access.scope import acting_as, loading
from tirek.ledger.models import Transaction
from tirek.programmes.models import Agreement, Earmark, Participation, Pledge, Tranche
from tirek.registry.models import Institution

pytestmark = pytest.mark.django_db
PAGE = "/programmes/sponsors/ordabasy/"
TODAY = NOW.date()


@pytest.fixture
def world(settings):
    settings.DEMONSTRATION = True  # the office works without its second factor here
    made = build_money()
    with acting_as(made.office):
        receive(made)
        earmark(made)
    return made


def client_of(user) -> Client:
    client = Client(headers={"accept-language": "en"})
    if user is not None:
        client.force_login(user, backend="tirek.access.backends.ScopedBackend")
    return client


@pytest.fixture
def office(world) -> Client:
    return client_of(world.by)


def test_the_sponsor_finds_its_page_and_no_other(world):
    client = client_of(world.users[0])
    assert client.get("/programmes/sponsors/").headers["Location"] == PAGE
    shown = client.get(PAGE).content.decode()
    assert "What became of the money?" in shown
    assert "60 mln" in shown
    assert "Enter an agreement" not in shown
    assert client.get("/programmes/sponsors/nomad/").status_code == 404
    assert client.get("/ledger/accounts/sponsor:nomad/").status_code == 404
    assert client.get("/ledger/accounts/sponsor:ordabasy/").status_code == 200


def test_home_answers_the_sponsor_first(world):
    home = client_of(world.users[0]).get("/home/").content.decode()
    assert "60 mln" in home
    assert f'href="{PAGE}"' in home


def test_a_school_finds_the_money_for_it_on_its_page(world):
    head = client_of(world.access.users[Role.SCHOOL_HEAD])
    page = head.get(f"/institutions/S{SCHOOL}/money/").content.decode()
    assert "E-" in page
    assert "STEM" in page
    assert "20,000,000" in page.replace("\u00a0", ",")


def test_the_world_sees_only_what_is_shown_to_everybody(world):
    stranger = client_of(None)
    assert stranger.get(PAGE).status_code == 404
    with loading():
        Agreement.objects.filter(pk=world.agreements[0].pk).update(is_public=True)
    shown = stranger.get(PAGE).content.decode()
    assert "60 mln" in shown
    for word in ("PO-1", ">History<", "L-"):
        assert word not in shown, word
    assert stranger.post(f"{PAGE}statement/").status_code in (302, 403)
    teacher = client_of(world.access.users[Role.TEACHER])
    assert teacher.get(PAGE).status_code == 200
    assert teacher.post(f"{PAGE}statement/").status_code == 403


def test_money_is_entered_by_form_once(office, world):
    with loading():
        pledge = world.agreements[0].pledges.get(position=2)
    address = f"{PAGE}receive/{pledge.pk}/"
    assert b"40000000" in office.get(address).content, "what is still expected stands in the field"
    good = {"amount": "40 000 000", "received_on": "2025-09-10", "reference": "PO-7"}
    for field, value in (
        ("amount", "-5"),
        ("amount", "1,005"),
        ("amount", "abc"),
        ("received_on", "2999-01-01"),
        ("reference", " "),
    ):
        answer = office.post(address, good | {field: value})
        assert answer.status_code == 422, field
        assert 'class="error"' in answer.content.decode()
    assert office.post(address, good).status_code == 302
    again = office.post(address, good)
    assert again.status_code == 422
    assert "PO-7 is entered already" in again.content.decode()
    with loading():
        assert Tranche.objects.filter(pledge=pledge).count() == 1


def test_every_act_opens_and_refuses_nothing_filled_in(office, world):
    from tirek.programmes.views.sponsor_acts import ACTS

    with loading():
        rows = {
            "pledge": world.agreements[0].pledges.get(position=2).pk, "agreement": world.agreements[0].pk,
            "tranche": Tranche.objects.get().pk, "earmark": world.agreements[0].earmarks.get().pk,
        }  # fmt: skip
    for name, act in ACTS.items():
        if act.of in rows:
            assert office.get(f"{PAGE}{name}/{rows[act.of]}/").status_code == 200, name
            if act.form.base_fields:
                assert office.post(f"{PAGE}{name}/{rows[act.of]}/", {}).status_code == 422, name
        assert office.get(f"{PAGE}{name}/999999/").status_code == 404, name
        assert office.get(f"/programmes/sponsors/nomad/{name}/{rows.get(act.of, 1)}/").status_code == 404, name


def test_a_sponsor_is_entered_with_its_agreement(office, world):
    from sponsor_world import bin_of

    form = {"bin": "123", "name_kk": "а", "name_ru": "б", "name_en": "c", "code": "third"}
    assert "twelve digits" in office.post("/programmes/sponsors/enter/", form).content.decode()
    made = office.post("/programmes/sponsors/enter/", form | {"bin": bin_of("12034000077")})
    assert made.headers["Location"] == "/programmes/sponsors/third/agreements/"
    agreement = {
        "programme": "support", "number": "T-1", "signed_on": "2025-01-10", "starts_on": "2025-01-10",
        "ends_on": "2025-12-31", "amount": "1 000 000",
    }  # fmt: skip
    wrong = office.post(made.headers["Location"], agreement | {"ends_on": "2024-12-31"})
    assert wrong.status_code == 422
    done = office.post(made.headers["Location"], agreement)
    assert "/third/pledge/" in done.headers["Location"]
    page = office.get("/programmes/sponsors/third/").content.decode()
    assert "T-1" in page


def test_lists_download(office, world):
    for address in ("/programmes/sponsors/", "/ledger/", "/ledger/accounts/sponsor:ordabasy/"):
        for kind in ("csv", "xlsx", "parquet"):
            answer = office.get(f"{address}?download={kind}")
            assert answer.status_code == 200, (address, kind)
            assert "attachment" in answer.headers["Content-Disposition"]
    lines = office.get("/ledger/accounts/sponsor:ordabasy/?download=csv").content.decode("utf-8-sig").splitlines()
    assert lines[0] == "transaction,booked_on,why,other,amount_kzt,balance_kzt"
    assert lines[1].endswith(",-60000000.00,-60000000.00")


def test_the_ledger_says_why_and_leads_to_where_it_was_decided(office, world):
    with loading():
        number = Tranche.objects.get().transaction
    shown = office.get(f"/ledger/transactions/{number}/").content.decode()
    assert "agreement 0-24: tranche 1 came by the payment order PO-1" in shown
    assert PAGE in shown
    assert office.post(f"/ledger/transactions/{number}/reverse/", {"reason": "x"}).status_code == 404, (
        "it has its own page"
    )
    for strange in ("L-0", "L-99999999999999999999", "x", "-1"):
        assert office.get(f"/ledger/transactions/{strange}/").status_code == 404


def test_a_transaction_posted_by_hand_is_reversed_on_its_page(office, world):
    from ledger_world import NOW, entry

    from tirek.ledger.services import post

    with loading():
        made = post(entry=entry("hand", ("sponsor:nomad", world.agreements[1].fund, MILLION)), by=None, now=NOW)
    address = f"/ledger/transactions/{made.number}/"
    assert office.post(f"{address}reverse/", {"reason": ""}).status_code == 422
    done = office.post(f"{address}reverse/", {"reason": "a slip"})
    assert done.status_code == 302
    assert "a slip" in office.get(done.headers["Location"]).content.decode()
    assert office.post(f"{address}reverse/", {"reason": "again"}).status_code == 409
    with loading():
        assert Transaction.objects.filter(reverses=made).count() == 1


def test_statements_turn_pages_and_bad_places_begin_anew(office, world):
    address = "/ledger/accounts/sponsor:ordabasy/"
    for query in (
        "?before=2025-01-01.5",
        "?before=x",
        "?before=2025-99-99.1",
        "?since=2025-02-01&until=2025-01-01",
        "?since=x",
    ):
        assert office.get(address + query).status_code == 200, query
    assert office.get("/ledger/?kind=nothing&on=x&words=%27").status_code == 200


def test_the_iati_page_names_the_fault_or_gives_the_file(office, world):
    assert "Who reports is not said" in office.get("/programmes/support/iati/").content.decode()
    address = "/programmes/support/iati/?reporter=KZ-BIN-990140000019"
    assert "breaks no rule" in office.get(address).content.decode()
    assert office.get(f"{address}&download=xml").headers["Content-Type"] == "application/xml"


def test_a_school_that_leaves_is_shown_with_the_money_that_names_it(world, office):
    with loading():
        mark, left = Earmark.objects.get(), TODAY - dt.timedelta(days=1)
        inside = Participation.objects.create(
            programme=world.programme, org_no=SCHOOL, valid=DateRange(dt.date(2024, 4, 1), None),
            stage_since=dt.date(2024, 4, 1),
        )  # fmt: skip
        code = Institution.objects.get(org_no=SCHOOL).code
    page, move = f"/programmes/support/schools/{code}/", f"/programmes/sponsors/ordabasy/move/{mark.pk}/"
    assert move in office.get(f"{page}leave/").content.decode()
    assert move not in office.get(page).content.decode(), "while it takes part the money is where it belongs"
    with loading():
        inside.valid, inside.left_because = DateRange(dt.date(2024, 4, 1), left), "own_wish"
        inside.save()
    assert move in office.get(page).content.decode()
    assert move not in client_of(world.access.users[Role.SCHOOL_HEAD]).get(page).content.decode()
    with loading():
        Earmark.objects.update(state="closed")
    assert move not in office.get(page).content.decode()


@pytest.mark.parametrize(("language", "words"), [("kk", "Түскен ақшаны енгізу"), ("ru", "Ввести поступившие деньги")])
def test_an_act_speaks_the_readers_language(world, office, language, words):
    with loading():
        pledge = Pledge.objects.filter(agreement=world.agreements[0]).order_by("position").last()
    office.cookies["django_language"] = language
    found = office.get(f"{PAGE}receive/{pledge.pk}/", headers={"accept-language": language}).content.decode()
    assert words in found
    assert "Enter money that came" not in found
