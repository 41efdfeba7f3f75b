"""The ledger: what the database refuses whoever asks, and what its services say."""

from __future__ import annotations

import datetime as dt

import pytest
from access_world import DISTRICT, OTHER_DISTRICT, REGION, SCHOOL, user_with
from django.db import IntegrityError, connection, transaction
from ledger_world import ACCOUNTS, NOW, entry, move, open_all

from tirek.access.roles import Role
from tirek.access.scope import Scope, acting_as
from tirek.ledger.models import Account, Balance, Posting, Seal, Transaction, Turnover
from tirek.ledger.money import read_tenge, tenge
from tirek.ledger.queries import balance, balances, statement, statement_rows, transaction_of, trial_balance
from tirek.ledger.queries.verification import differences, tampering
from tirek.ledger.refusals import KeyTaken, LedgerRefused, NotEnoughMoney
from tirek.ledger.services import close_account, close_days, move_account, post, post_many, reverse, seal_ledger
from tirek.storage.database import APP, LOADER, SESSION_ROLES

pytestmark = pytest.mark.django_db
EVERYWHERE = Scope(LOADER)


@pytest.fixture
def accounts(db):
    open_all()
    with acting_as(EVERYWHERE):
        yield


def run(statement: str, *parameters) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


def test_money_goes_from_one_account_to_another(accounts):
    move("a", ("sponsor", "fund", 500_00))
    move("b", ("fund", "earmark", 200_00), ("earmark", "committed", 50_00))
    assert balances() == {"sponsor": -500_00, "fund": 300_00, "earmark": 150_00, "committed": 50_00, "paid": 0}
    assert sum(balances().values()) == 0
    assert differences() == []


def test_the_same_key_posts_once(accounts):
    first = move("a", ("sponsor", "fund", 100))
    assert move("a", ("sponsor", "fund", 100)).pk == first.pk
    assert balance("fund") == 100
    with pytest.raises(KeyTaken, match=first.number):
        move("a", ("sponsor", "fund", 101))
    with pytest.raises(KeyTaken, match="twice in one list"):
        post_many(entries=[entry("x", ("sponsor", "fund", 1))] * 2, by=None, now=NOW)
    assert balance("fund") == 100


def test_many_are_posted_all_or_none(accounts):
    with pytest.raises(NotEnoughMoney) as told:
        post_many(entries=[entry("a", ("sponsor", "fund", 5)), entry("b", ("fund", "paid", 9))], by=None, now=NOW)
    assert told.value.lacking == {"fund": 4}
    assert "0,04" in told.value.message.replace(".", ",")
    assert Transaction.objects.count() == 0
    assert balance("sponsor") == 0


def test_the_order_within_a_transaction_does_not_matter_to_the_floor(accounts):
    move("a", ("fund", "paid", 10), ("sponsor", "fund", 10))
    assert balances(kinds=["fund", "paid"]) == {"fund": 0, "paid": 10}


@pytest.mark.parametrize("amount", [0, -5, 1.5, True, "7", 10**18])
def test_an_amount_is_a_positive_whole_number(accounts, amount):
    with pytest.raises(LedgerRefused):
        move("a", ("sponsor", "fund", amount))


def test_nothing_is_posted_to_itself_nor_to_what_is_not_there(accounts):
    with pytest.raises(LedgerRefused, match="to itself"):
        move("a", ("fund", "fund", 1))
    with pytest.raises(LedgerRefused, match="no account nowhere"):
        move("a", ("sponsor", "nowhere", 1))
    with pytest.raises(LedgerRefused, match="still to come"):
        move("a", ("sponsor", "fund", 1), booked_on=NOW.date() + dt.timedelta(days=1))


def test_a_reversal_swaps_names_whom_and_comes_once(accounts):
    first = move("a", ("sponsor", "fund", 70), ("fund", "earmark", 30))
    back = reverse(number=first.number, reason="the wrong programme", by=None, now=NOW)
    assert back.reverses_id == first.pk
    assert set(balances().values()) == {0}
    assert reverse(number=first.number, reason="the wrong programme", by=None, now=NOW).pk == back.pk
    with pytest.raises(LedgerRefused, match=f"already, by {back.number}"):
        reverse(number=first.number, reason="another", by=None, now=NOW)
    with pytest.raises(LedgerRefused, match="a reversal itself"):
        reverse(number=back.number, reason="back again", by=None, now=NOW)
    with pytest.raises(LedgerRefused, match="Say why"):
        reverse(number=first.number, reason=" ", by=None, now=NOW)
    shown = transaction_of(first.number)
    assert shown.reversed_by == back
    assert transaction_of(back.number).reverses == first
    assert "the wrong programme" in transaction_of(back.number).says


def test_money_that_is_gone_is_not_reversed(accounts):
    first = move("a", ("sponsor", "fund", 70))
    move("b", ("fund", "paid", 70))
    with pytest.raises(NotEnoughMoney):
        reverse(number=first.number, reason="late", by=None, now=NOW)


def test_a_reversal_that_does_not_swap_is_refused_by_the_database(accounts):
    first = move("a", ("sponsor", "fund", 70))
    ids = {a.code: a.pk for a in Account.objects.all()}
    with pytest.raises(IntegrityError, match="does not reverse"), transaction.atomic():  # noqa: PT012
        other = Transaction.objects.create(
            key="x", content_sha256="", code="x", booked_on=NOW.date(), at=NOW, posting_count=1, total_tiyn=70,
            org_lo=0, org_hi=1, reverses=first,
        )  # fmt: skip
        Posting.objects.create(
            transaction=other, line=1, source_id=ids["sponsor"], destination_id=ids["fund"], amount_tiyn=70,
            booked_on=NOW.date(),
        )  # fmt: skip


@pytest.mark.parametrize(
    "wrong", [{"line": 2}, {"amount_tiyn": 8}, {"booked_on": dt.date(2025, 1, 1)}, {"again": True}]
)
def test_postings_come_whole_and_once(accounts, wrong):
    """Neither part of a transaction nor anything after it, even by hand."""
    again = wrong.pop("again", False)
    ids = {a.code: a.pk for a in Account.objects.all()}
    with pytest.raises(IntegrityError), transaction.atomic():  # noqa: PT012
        head = Transaction.objects.create(
            key="x", content_sha256="", code="x", booked_on=NOW.date(), at=NOW, posting_count=1, total_tiyn=7,
            org_lo=0, org_hi=1,
        )  # fmt: skip
        row = {
            "transaction": head, "line": 1, "source_id": ids["sponsor"], "destination_id": ids["fund"],
            "amount_tiyn": 7, "booked_on": NOW.date(),
        }  # fmt: skip
        Posting.objects.create(**row | wrong)
        if again:
            Posting.objects.create(**row)


@pytest.mark.parametrize(
    "table", ["ledger_transaction", "ledger_posting", "ledger_seal", "ledger_balance", "ledger_turnover"]
)
@pytest.mark.parametrize("role", [APP, *SESSION_ROLES])
def test_the_program_has_no_right_to_change_what_was_posted(table, role):
    rights = ["UPDATE", "DELETE", "TRUNCATE"]
    if table in ("ledger_balance", "ledger_turnover"):
        rights.append("INSERT")
    for right in rights:
        assert run("select has_table_privilege(%s, %s, %s)", role, table, right) == [(False,)]
    assert run("select has_table_privilege(%s, %s, 'SELECT')", role, table) == [(True,)]


def test_closed_days_and_closed_accounts_take_nothing(accounts):
    move("a", ("sponsor", "fund", 10), booked_on=dt.date(2025, 10, 31))
    with pytest.raises(LedgerRefused, match="days that are over"):
        close_days(through=NOW.date(), by=None, now=NOW)
    close_days(through=dt.date(2025, 10, 31), by=None, now=NOW)
    with pytest.raises(LedgerRefused, match="closed through 2025-10-31"):
        move("b", ("sponsor", "fund", 10), booked_on=dt.date(2025, 10, 31))
    with pytest.raises(LedgerRefused, match="already"):
        close_days(through=dt.date(2025, 10, 30), by=None, now=NOW)
    with pytest.raises(LedgerRefused, match="still holds money"):
        close_account(code="fund", by=None, now=NOW)
    close_account(code="earmark", by=None, now=NOW)
    with pytest.raises(LedgerRefused, match="earmark is closed"):
        move("c", ("fund", "earmark", 1))
    assert Seal.objects.count() == 1
    assert tampering() == []
    close_days(through=dt.date(2025, 11, 1), by=None, now=NOW)
    move("d", ("sponsor", "fund", 1))
    seal_ledger(by=None, now=NOW)
    assert tampering() == []
    assert Seal.objects.count() == 3


def test_balances_of_any_day_and_the_statement_agree_with_the_sum(accounts):
    days = [dt.date(2025, 1, 5), dt.date(2025, 3, 1), dt.date(2025, 3, 1), dt.date(2025, 2, 1), dt.date(2025, 6, 1)]
    for number, day in enumerate(days):
        move(f"in{number}", ("sponsor", "fund", 100 + number), booked_on=day)
        move(f"out{number}", ("fund", "paid", 10), booked_on=day)
    for day in {*days, dt.date(2025, 2, 15), dt.date(2024, 1, 1), dt.date(2026, 1, 1)}:
        wanted = sum(100 + n - 10 for n, d in enumerate(days) if d <= day)
        assert balance("fund", on=day) == wanted == balances(codes=["fund"], on=day)["fund"]
    fund = Account.objects.get(code="fund")
    rows = list(statement_rows(fund, since=None, until=None))
    assert [row.booked_on for row in rows] == sorted((d for d in days for _ in "ab"), reverse=True)
    running = 0
    for row in reversed(rows):
        running += row.amount_tiyn
        assert row.balance_tiyn == running
    before, paged = None, []
    while True:
        page = statement(fund, since=dt.date(2025, 2, 1), before=before, limit=3)
        assert (page.opening_tiyn, page.closing_tiyn) == (90, balance("fund"))
        paged += page.rows
        if page.older is None:
            break
        before = page.older
    assert [(r.posting_id, r.balance_tiyn) for r in paged] == [(r.posting_id, r.balance_tiyn) for r in rows[:8]]
    held = {h.account.code: h.balance_tiyn for h in trial_balance(EVERYWHERE, on=dt.date(2025, 3, 1))}
    assert sum(held.values()) == 0
    assert held["paid"] == 40


def test_an_account_keeps_its_kind(accounts):
    from tirek.ledger.services import open_account
    from tirek.ledger.services.accounts import NewAccount

    same = NewAccount("fund", "fund", "x", "x", "x", REGION)
    assert open_account(account=same, by=None, now=NOW).name_en == "fund", "the one that is there"
    with pytest.raises(LedgerRefused, match="another kind"):
        open_account(account=NewAccount("fund", "outside", "x", "x", "x", REGION), by=None, now=NOW)
    with pytest.raises(LedgerRefused, match="no kind"):
        open_account(account=NewAccount("new", "purse", "x", "x", "x", REGION), by=None, now=NOW)


def scope(role: str, lo: int | None, hi: int | None, user_id: int = 5, **more) -> Scope:
    return Scope(lo=lo, hi=hi, user_id=user_id, role=role, **more)


def test_who_sees_which_money():
    open_all()
    open_all("2", user_ids=(77,))
    first = move("a", ("sponsor", "fund", 10), ("fund", "committed", 4))
    second = move("b", ("sponsor2", "fund2", 10))
    everything = set(ACCOUNTS) | {f"{code}2" for code in ACCOUNTS}
    looks = {
        scope(Role.PROGRAMME_OFFICE, *REGION): (everything, {first.pk, second.pk}, 3),
        scope(Role.DISTRICT_OFFICER, *DISTRICT): ({"committed", "paid", "committed2", "paid2"}, {first.pk}, 1),
        scope(Role.SCHOOL_HEAD, SCHOOL, SCHOOL): ({"committed", "paid", "committed2", "paid2"}, {first.pk}, 1),
        scope(Role.DISTRICT_OFFICER, *OTHER_DISTRICT): (set(), set(), 0),
        scope(Role.SPONSOR, None, None, 77, database_role="tirek_own"): ({f"{c}2" for c in ACCOUNTS}, {second.pk}, 1),
        scope(Role.SPONSOR, None, None, 78, database_role="tirek_own"): (set(), set(), 0),
        Scope(): (set(), set(), 0),
    }
    for who, (codes, numbers, postings) in looks.items():
        with acting_as(who):
            assert set(Account.objects.values_list("code", flat=True)) == codes, who
            assert set(Transaction.objects.values_list("pk", flat=True)) == numbers, who
            assert Posting.objects.count() == postings, who
            assert set(Balance.objects.values_list("account__code", flat=True)) == codes, who
            assert set(Turnover.objects.values_list("account__code", flat=True)) <= codes, who


def test_who_may_post():
    open_all()
    office, head = user_with(Role.PROGRAMME_OFFICE, "region"), user_with(Role.SCHOOL_HEAD)
    with acting_as(scope(Role.PROGRAMME_OFFICE, *REGION)):
        post(entry=entry("a", ("sponsor", "fund", 5)), by=office, now=NOW)
    with acting_as(scope(Role.SCHOOL_HEAD, SCHOOL, SCHOOL)), pytest.raises(LedgerRefused, match="does not move money"):
        post(entry=entry("b", ("committed", "paid", 5)), by=head, now=NOW)
    with acting_as(scope(Role.REGIONAL_OFFICER, 20_000_000, 29_999_999)), pytest.raises(LedgerRefused, match="outside"):
        post(entry=entry("c", ("sponsor", "fund", 5)), by=office, now=NOW)
    with acting_as(scope(Role.REGIONAL_OFFICER, 20_000_000, 29_999_999)), pytest.raises(LedgerRefused, match="outside"):
        move_account(code="paid", org=(20_000_001, 20_000_001), by=office, now=NOW)
    with acting_as(EVERYWHERE):
        assert Transaction.objects.get().by_id == office.pk


@pytest.mark.parametrize(
    ("text", "tiyn"),
    [("1 250 000", 125_000_000), ("1250000,5", 125_000_050), ("7.05 ₸", 705), ("12\u00a0000", 1_200_000)],
)
def test_amounts_as_people_type_them(text, tiyn):
    assert read_tenge(text) == tiyn


@pytest.mark.parametrize("text", ["", "-5", "0", "1,005", "1e6", "12 00", "∞", "5 ₸ 3"])
def test_amounts_that_are_none(text):
    with pytest.raises(LedgerRefused):
        read_tenge(text)


def test_amounts_as_people_read_them():
    assert tenge(-125_000_050).endswith("250\u00a0000.50\u00a0₸")
    assert tenge(-1).startswith("−")
    assert tenge(None) == "—"
