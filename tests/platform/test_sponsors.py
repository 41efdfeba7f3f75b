"""Sponsors' money from the promise to the accepted room: what is refused, and who sees it."""

from __future__ import annotations

import datetime as dt

import pytest
from access_world import FAR, NEIGHBOUR, REGION, SCHOOL
from django.apps import apps
from django.db import connection
from sponsor_world import MILLION, NOW, bin_of, build_money, earmark, receive

from tirek.access.roles import Role
from tirek.access.scope import Scope, acting_as, loading
from tirek.facilities.models import Work
from tirek.facilities.services.works import open_work
from tirek.ledger.models import Account, Posting, Transaction
from tirek.ledger.queries import balance, balances
from tirek.ledger.queries.verification import differences
from tirek.ledger.refusals import LedgerRefused, NotEnoughMoney
from tirek.programmes.models import Agreement, Commitment, Earmark, Payment, Pledge, Sponsor, SponsorStep, Tranche
from tirek.programmes.queries import sponsors as queries
from tirek.programmes.refusals import BadInput, NotAllowed, NotThere, WrongState
from tirek.programmes.services import sponsors as services
from tirek.programmes.services.sponsors import Promise
from tirek.registry.models import Building, Institution, Room
from tirek_engines.errors import Refusal

pytestmark = pytest.mark.django_db
TODAY = NOW.date()


@pytest.fixture
def world():
    made = build_money()
    with acting_as(made.office):
        yield made


def room_of(org_no: int = SCHOOL) -> Room:
    with loading():
        place = Institution.objects.get(org_no=org_no)
        building, _made = Building.objects.get_or_create(
            institution=place, org_no=org_no, code="1", name="1", valid=("2020-01-01", None)
        )
        number = str(12 + Room.objects.filter(building=building).count())
        return Room.objects.create(
            building=building,
            institution=place,
            org_no=org_no,
            number=number,
            purpose="stem",
            valid=("2020-01-01", None),
        )


def work_for(mark: Earmark) -> Work:
    return open_work(
        room_id=room_of(mark.org_no).pk, title="STEM", items=[{"name": "Robot", "count": 3}], earmark_code=mark.code,
        by=None, now=NOW,
    )  # fmt: skip


def order(
    world, mark: Earmark, amount: int = 10 * MILLION, contract: str = "K-1", work: Work | None = None
) -> Commitment:
    return services.commit(
        earmark_id=mark.pk, work_id=(work or work_for(mark)).pk, supplier_bin=bin_of("01024000055"), supplier_name="Robo LLP",
        contract=contract, amount_tiyn=amount, by=world.by, now=NOW,
    )  # fmt: skip


def pay(world, to: Commitment, amount: int, reference: str = "P-1") -> Payment:
    return services.pay(
        commitment_id=to.pk, amount_tiyn=amount, paid_on=TODAY, reference=reference, by=world.by, now=NOW
    )


def accepted(work: Work) -> None:
    """As facilities tells it: the work's own rules are tested there."""
    work.state, work.accepted_on = "accepted", TODAY
    services.on_work_accepted(work)


def test_money_comes_is_earmarked_ordered_accepted_paid(world):
    one = receive(world)
    mark = earmark(world)
    work = work_for(mark)
    made = order(world, mark, work=work)
    pay(world, made, 3 * MILLION)
    accepted(work)
    pay(world, made, 7 * MILLION, "P-2")
    sums = queries.totals(world.agreements[:1], TODAY)
    assert (sums.received, sums.earmarked, sums.ordered, sums.accepted, sums.paid, sums.advance) == tuple(
        n * MILLION for n in (60, 20, 10, 10, 10, 0)
    )
    assert sums.free == 40 * MILLION
    assert sums.overdue == 40 * MILLION
    assert balances(codes=[mark.account, made.account, made.paid_account]) == {
        mark.account: 10 * MILLION, made.account: 0, made.paid_account: 10 * MILLION,
    }  # fmt: skip
    with loading():
        assert differences() == []
        assert Transaction.objects.get(pk=int(one.transaction[2:])).parameters["reference"] == "PO-1"
    kinds = [step.kind for step in queries.steps_of(world.sponsors[0])]
    assert kinds[:5] == ["paid", "accepted", "paid", "committed", "earmarked"]


def test_a_pledge_paid_twice_is_refused_with_the_name_of_the_first(world):
    first = receive(world)
    with pytest.raises(WrongState, match=f"PO-1 is entered already.*{first.transaction}") as told:
        receive(world)
    assert told.value.code == "paid_twice"
    with pytest.raises(WrongState, match=f"paid already.*PO-1.*{first.transaction}"):
        receive(world, reference="PO-2", amount=1)
    with pytest.raises(WrongState, match="entered already"):
        receive(world, pledge=1, amount=40 * MILLION)
    with pytest.raises(BadInput, match="more than the pledge still expects"):
        receive(world, pledge=1, amount=41 * MILLION, reference="PO-3")
    with loading():
        assert Tranche.objects.count() == 1
        assert balance("sponsor:ordabasy") == -60 * MILLION


def test_a_pledge_comes_in_parts(world):
    receive(world, amount=50 * MILLION)
    receive(world, amount=10 * MILLION, reference="PO-2")
    due = queries.pledge_rows(world.agreements[:1], TODAY)
    assert [d.is_paid for d in due] == [True, False]
    assert due[1].days_late == (TODAY - dt.date(2025, 9, 1)).days


def test_a_wrong_entry_is_taken_back_once_and_entered_anew(world):
    first = receive(world)
    earmark(world)
    back = services.reverse_tranche(tranche_id=first.pk, reason="wrong sponsor", by=world.by, now=NOW)
    assert balance(world.agreements[0].fund) == 0
    assert balance("sponsor:ordabasy") == 0
    with pytest.raises(WrongState, match=back.reversal):
        services.reverse_tranche(tranche_id=first.pk, reason="again", by=world.by, now=NOW)
    again = receive(world)
    assert again.transaction != first.transaction
    assert queries.totals(world.agreements[:1], TODAY).received == 60 * MILLION


def test_money_that_is_ordered_with_is_not_taken_back(world):
    first = receive(world)
    order(world, earmark(world))
    with pytest.raises(NotEnoughMoney):
        services.reverse_tranche(tranche_id=first.pk, reason="wrong", by=world.by, now=NOW)
    with loading():
        assert Tranche.objects.get().reversal == ""
        assert differences() == []


def test_earmarks_keep_within_what_is_promised_and_are_filled_when_money_comes(world):
    first = earmark(world, amount=50 * MILLION)
    second = earmark(world, amount=50 * MILLION)
    with pytest.raises(WrongState, match="not earmarked yet") as told:
        earmark(world, amount=1)
    assert told.value.fields["left"] == 0
    assert balances(codes=[first.account, second.account]) == {first.account: 0, second.account: 0}
    receive(world)
    assert balances(codes=[first.account, second.account]) == {
        first.account: 50 * MILLION,
        second.account: 10 * MILLION,
    }
    rows = {row.earmark.pk: row for row in queries.earmark_rows([first, second])}
    assert rows[second.pk].waits == 40 * MILLION


def test_earmarks_keep_within_what_came_where_the_rule_says_so(world, monkeypatch):
    import tirek.programmes.services.sponsors.earmarks as module

    class Strict:
        def value(self, name):
            return {"earmark_on_pledged": False}[name]

    monkeypatch.setattr(module, "rules_of", lambda agreement, on: Strict())
    with pytest.raises(WrongState, match="have come and are free"):
        earmark(world, amount=1)
    receive(world)
    earmark(world, amount=60 * MILLION)
    with pytest.raises(WrongState, match="have come and are free"):
        earmark(world, amount=1)


def test_orders_never_exceed_what_the_earmark_holds(world):
    mark = earmark(world, amount=20 * MILLION)
    with pytest.raises(NotEnoughMoney):
        order(world, mark)
    receive(world)
    work = work_for(mark)
    order(world, mark, 15 * MILLION, work=work)
    with pytest.raises(NotEnoughMoney) as told:
        order(world, mark, 6 * MILLION, "K-2", work)
    assert told.value.lacking == {mark.account: MILLION}
    with pytest.raises(WrongState, match="ordered for this work already"):
        order(world, mark, 1, "K-1", work)
    with loading():
        assert Commitment.objects.count() == 1


def test_before_acceptance_only_an_advance_is_paid(world):
    receive(world)
    mark = earmark(world)
    work = work_for(mark)
    made = order(world, mark, work=work)
    with pytest.raises(WrongState, match="not accepted yet") as told:
        pay(world, made, 3 * MILLION + 1)
    assert told.value.fields["most"] == 3 * MILLION
    advance = pay(world, made, 3 * MILLION)
    assert advance.is_advance
    with pytest.raises(WrongState, match=f"entered already.*{advance.transaction}"):
        pay(world, made, 1)
    accepted(work)
    with pytest.raises(BadInput, match="more than is still owed"):
        pay(world, made, 7 * MILLION + 1, "P-2")
    assert not pay(world, made, 7 * MILLION, "P-2").is_advance


def test_a_payment_that_came_back_is_owed_again(world):
    receive(world)
    mark = earmark(world)
    made = order(world, mark)
    first = pay(world, made, MILLION)
    services.reverse_payment(payment_id=first.pk, reason="wrong account", by=world.by, now=NOW)
    assert balance(made.account) == 10 * MILLION
    pay(world, made, MILLION)
    assert queries.totals(world.agreements[:1], TODAY).paid == MILLION


def test_a_released_order_and_a_closed_earmark_free_the_money(world):
    receive(world)
    mark = earmark(world, amount=60 * MILLION)
    waiting = earmark(world, amount=10 * MILLION)
    made = order(world, mark)
    pay(world, made, MILLION)
    with pytest.raises(WrongState, match="still ordered"):
        services.close_earmark(earmark_id=mark.pk, reason="done", by=world.by, now=NOW)
    services.release(commitment_id=made.pk, reason="the supplier gave up", by=world.by, now=NOW)
    with pytest.raises(WrongState, match="released"):
        pay(world, made, 1, "P-9")
    services.close_earmark(earmark_id=mark.pk, reason="done", by=world.by, now=NOW)
    assert balance(mark.account) == 0
    assert balance(waiting.account) == 10 * MILLION, "the oldest that waits gets it"
    assert balance(world.agreements[0].fund) == 49 * MILLION
    services.return_unspent(
        agreement_id=world.agreements[0].pk, amount_tiyn=49 * MILLION, returned_on=TODAY, reference="R-1",
        reason="the agreement ends", by=world.by, now=NOW,
    )  # fmt: skip
    assert balance("sponsor:ordabasy") == -11 * MILLION
    with pytest.raises(NotEnoughMoney):
        services.return_unspent(
            agreement_id=world.agreements[0].pk, amount_tiyn=1, returned_on=TODAY, reference="R-2", reason="more",
            by=world.by, now=NOW,
        )  # fmt: skip


def test_an_earmark_moves_by_an_act_with_a_reason(world):
    receive(world)
    mark = earmark(world)
    with pytest.raises(BadInput):
        services.move_earmark(earmark_id=mark.pk, org_no=NEIGHBOUR, act="12", reason=" ", by=world.by, now=NOW)
    with pytest.raises(BadInput, match="outside the programme"):
        services.move_earmark(earmark_id=mark.pk, org_no=FAR, act="12", reason="left", by=world.by, now=NOW)
    made = order(world, mark)
    with pytest.raises(WrongState, match="Release the order"):
        services.move_earmark(earmark_id=mark.pk, org_no=NEIGHBOUR, act="12", reason="left", by=world.by, now=NOW)
    services.move_earmark(
        earmark_id=mark.pk, org_no=NEIGHBOUR, act="12", reason="merged", is_merger=True, by=world.by, now=NOW
    )
    step = queries.steps_of(world.sponsors[0])[0]
    assert (step.kind, step.act) == ("moved", "12")
    assert "merged" in step.note
    head = Scope(lo=NEIGHBOUR, hi=NEIGHBOUR, user_id=9, role=Role.SCHOOL_HEAD)
    with acting_as(head):
        assert {e.pk for e in Earmark.objects.all()} == {mark.pk}
        assert {c.pk for c in Commitment.objects.all()} == {made.pk}
        assert set(Account.objects.values_list("code", flat=True)) == {mark.account, made.account, made.paid_account}
    with acting_as(Scope(lo=SCHOOL, hi=SCHOOL, user_id=9, role=Role.SCHOOL_HEAD)):
        assert not Earmark.objects.exists()


def test_the_bin_is_checked_and_stands_once(world):
    names = {"kk": "а", "ru": "б", "en": "c"}
    good = bin_of("12034000066")
    for wrong in ("", "123", good[:-1] + str((int(good[-1]) + 1) % 10), "12034000O660"):
        with pytest.raises(BadInput) as told:
            services.enter_sponsor(code="new", bin=wrong, names=names, org=REGION, by=world.by, now=NOW)
        assert told.value.fields["field"] == "bin"
    with pytest.raises(BadInput, match="entered under this already"):
        services.enter_sponsor(code="new", bin=world.sponsors[0].bin, names=names, org=REGION, by=world.by, now=NOW)
    services.enter_sponsor(code="new", bin=good, names=names, org=REGION, by=world.by, now=NOW)


def test_tranches_do_not_exceed_the_agreement(world):
    with pytest.raises(BadInput, match="would exceed"):
        services.add_pledge(
            agreement_id=world.agreements[0].pk, promise=Promise(1, dt.date(2025, 1, 1)), by=world.by, now=NOW
        )


def test_a_reminder_is_a_letter_and_a_task_and_does_not_repeat(world):
    from tirek.documents.models import Document
    from tirek.tasks.models import Task

    pledge = world.agreements[0].pledges.get(position=2)
    step = services.remind_of_pledge(pledge_id=pledge.pk, base_address="http://x", by=world.by, now=NOW)
    assert Document.objects.get(number=step.document).language == "kk"
    with pytest.raises(WrongState, match="A letter left"):
        services.remind_of_pledge(pledge_id=pledge.pk, base_address="http://x", by=world.by, now=NOW)
    services.remind_of_pledge(
        pledge_id=pledge.pk, base_address="http://x", by=world.by, now=NOW + dt.timedelta(days=15)
    )
    with acting_as(world.sponsor_scope(0)):
        assert Task.objects.get().user_id == world.users[0].pk
    receive(world, pledge=1, amount=40 * MILLION)
    with pytest.raises(WrongState, match="not overdue"):
        services.remind_of_pledge(
            pledge_id=pledge.pk, base_address="http://x", by=world.by, now=NOW + dt.timedelta(days=40)
        )


def full(world) -> None:
    for place in (0, 1):
        receive(world, place, reference=f"PO-{place}")
        mark = earmark(world, place)
        made = order(world, mark, contract=f"K-{place}")
        pay(world, made, MILLION)


OF_SPONSORS = (Sponsor, Agreement, Pledge, Tranche, Earmark, Commitment, Payment, SponsorStep)


def test_a_sponsor_sees_its_own_rows_and_no_other_in_any_table(world):
    full(world)
    with loading():
        mine = {
            m: set(m.objects.filter(sponsor=world.sponsors[0]).values_list("pk", flat=True)) for m in OF_SPONSORS[1:]
        }
    with acting_as(world.sponsor_scope(0)):
        assert list(Sponsor.objects.all()) == [world.sponsors[0]]
        for model, ids in mine.items():
            assert ids
            assert set(model.objects.values_list("pk", flat=True)) == ids, model
        assert set(Account.objects.values_list("holder", flat=True)) == {f"sponsor:{world.sponsors[0].pk}"}
        assert Posting.objects.count() == 4
        assert queries.totals(world.agreements[:1], TODAY).paid == MILLION
        assert not any(value for name, value in vars(queries.totals(world.agreements[1:], TODAY)).items())
    with acting_as(Scope("tirek_own", user_id=999_999, role=Role.SPONSOR)):
        for model in (*OF_SPONSORS, Account, Posting, Transaction):
            assert not model.objects.exists(), model


def test_a_sponsor_sees_nothing_in_any_other_table_that_tells_of_schools_or_people(world):
    """Whatever tables there are: what a sponsor reads of scoped rows is the own, or open to everybody."""
    full(world)
    rows_of_sponsors = {
        m._meta.db_table for m in apps.get_models() if m.__module__ == "tirek.programmes.models.sponsors"
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "select distinct tablename from pg_policies where schemaname = 'public' and ('tirek_own' = any(roles))"
            " and policyname like '%_public'"
        )
        public = {name for (name,) in cursor.fetchall()}
    stranger = Scope("tirek_own", user_id=999_999, role=Role.SPONSOR)
    with acting_as(stranger), connection.cursor() as cursor:
        cursor.execute(
            "select relname from pg_class where relkind = 'r' and relrowsecurity and relnamespace = 'public'::regnamespace"
        )
        tables = [name for (name,) in cursor.fetchall()]
        for name in sorted(set(tables) - public):
            cursor.execute(f'select count(*) from "{name}"')
            assert cursor.fetchone() == (0,), name
    assert rows_of_sponsors <= set(tables) - public


def test_a_sponsor_changes_nothing(world):
    full(world)
    with acting_as(world.sponsor_scope(0)):
        with pytest.raises(Refusal):
            earmark(world)
        assert Sponsor.objects.update(contact="me") == 0
        assert Agreement.objects.update(is_public=True) == 0
    with (
        acting_as(Scope(lo=SCHOOL, hi=SCHOOL, user_id=7, role=Role.SCHOOL_HEAD)),
        pytest.raises((NotAllowed, NotThere)),
    ):
        earmark(world)


def test_a_user_who_is_removed_sees_nothing_more(world):
    full(world)
    services.remove_user(sponsor_id=world.sponsors[0].pk, user_id=world.users[0].pk, by=world.by, now=NOW)
    with acting_as(world.sponsor_scope(0)):
        for model in (*OF_SPONSORS, Account, Posting, Transaction):
            assert not model.objects.exists(), model
    with pytest.raises(BadInput, match="another sponsor"):
        services.add_user(sponsor_id=world.sponsors[0].pk, user_id=world.users[1].pk, by=world.by, now=NOW)
    with pytest.raises(BadInput, match="role of a sponsor"):
        services.add_user(
            sponsor_id=world.sponsors[0].pk, user_id=world.access.users[Role.TEACHER].pk, by=world.by, now=NOW
        )


def test_what_became_of_the_money_names_rooms_and_no_child(world):
    full(world)
    with acting_as(world.sponsor_scope(0)):
        found = queries.became_of(world.agreements[:1], TODAY)
    assert [(room.room, room.accepted_on) for room in found.rooms] == [("12", None)]
    assert found.pupils is None
    assert found.schools == {SCHOOL: f"Мектеп {SCHOOL}"}


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_the_statement_is_a_document(world, language):
    from tirek.storage import sealed

    full(world)
    with acting_as(world.sponsor_scope(0)):
        made = services.issue_statement(
            sponsor=world.sponsors[0], agreements=world.agreements[:1], language=language, base_address="http://x",
            by=world.users[0], now=NOW,
        )  # fmt: skip
    assert sealed.read(made.pdf_sha256).startswith(b"%PDF")


def test_amounts_in_sentences_are_refused_before_the_ledger(world):
    for wrong in (0, -5, 1.5):
        with pytest.raises((BadInput, LedgerRefused)):
            receive(world, amount=wrong)
