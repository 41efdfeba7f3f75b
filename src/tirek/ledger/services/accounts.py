"""Open accounts, say who reads them, move them to another territory, close them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.permissions import may
from tirek.access.scope import current_scope, loading
from tirek.ledger.models import Account, AccountKind, Balance
from tirek.ledger.refusals import LedgerRefused
from tirek.storage.database import LOADER


@dataclass(frozen=True)
class NewAccount:
    """``org`` is the range of institutions it belongs to; ``holder`` a word of the app above (``sponsor:3``)."""

    code: str
    kind: str
    name_kk: str
    name_ru: str
    name_en: str
    org: tuple[int, int]
    holder: str = ""
    user_ids: tuple[int, ...] = ()


def open_account(*, account: NewAccount, by: User | None, now: dt.datetime) -> Account:
    """Open one account; the same code and kind again give the account that is there."""
    return open_accounts(accounts=[account], by=by, now=now)[account.code]


@transaction.atomic
def open_accounts(*, accounts: Sequence[NewAccount], by: User | None, now: dt.datetime) -> dict[str, Account]:
    """Open many; those that are there stay as they are, if their kind is the same.

    Raises
    ------
    LedgerRefused
        No right, a territory outside the asker's, an unknown kind, or a code that has another kind.
    """
    for account in accounts:
        check_right("ledger.post", account.org)
        if account.kind not in AccountKind.values:
            raise LedgerRefused(_("There is no kind of account “%(kind)s”.") % {"kind": account.kind})
    with loading():
        Account.objects.bulk_create([_row(account, now) for account in accounts], ignore_conflicts=True)
        found = {a.code: a for a in Account.objects.filter(code__in=[account.code for account in accounts])}
    for account in accounts:
        if found[account.code].kind != account.kind:
            raise LedgerRefused(
                _("The account %(code)s exists and is of another kind. Choose another code.") % {"code": account.code}
            )
    return found


def _row(account: NewAccount, now: dt.datetime) -> Account:
    lo, hi = account.org
    return Account(
        code=account.code, kind=account.kind, name_kk=account.name_kk, name_ru=account.name_ru,
        name_en=account.name_en, holder=account.holder, org_lo=lo, org_hi=hi, user_ids=sorted(account.user_ids),
        opened_at=now,
    )  # fmt: skip


def set_readers(*, holder: str, user_ids: Sequence[int], by: User | None, now: dt.datetime) -> int:
    """Who sees a holder's accounts besides officers of their territory. Returns the number of accounts.

    The right to name a holder's users is that of the service above, which works as the loader.
    """
    if current_scope().database_role != LOADER:
        raise LedgerRefused(_("Who reads an account is said where its holder is kept."), code="ledger_no_right")
    with loading():
        return Account.objects.filter(holder=holder).update(user_ids=sorted(set(user_ids)))


@transaction.atomic
def move_account(*, code: str, org: tuple[int, int], by: User | None, now: dt.datetime) -> Account:
    """Give an account to another territory: its school merged, or the money is now for another."""
    asker = current_scope()
    with loading():
        account = _locked(code)
        if asker.database_role != LOADER:
            _check(asker, "ledger.post", (account.org_lo, account.org_hi))
            _check(asker, "ledger.post", org)
        account.org_lo, account.org_hi = org
        account.save(update_fields=["org_lo", "org_hi"])
    return account


@transaction.atomic
def close_account(*, code: str, by: User | None, now: dt.datetime) -> Account:
    """Nothing may be posted to it any more. An account that still holds money is not closed."""
    asker = current_scope()
    with loading():
        account = _locked(code)
        if asker.database_role != LOADER:
            _check(asker, "ledger.post", (account.org_lo, account.org_hi))
        held = Balance.objects.get(account=account).balance_tiyn
        if account.kind != AccountKind.OUTSIDE and held:
            raise LedgerRefused(_("The account %(code)s still holds money. Move it first.") % {"code": code})
        account.closed_on = now.date()
        account.save(update_fields=["closed_on"])
    return account


def _locked(code: str) -> Account:
    account = Account.objects.select_for_update().filter(code=code).first()
    if account is None:
        raise LedgerRefused(_("There is no account %(code)s.") % {"code": code}, code="ledger_account_absent")
    return account


def check_right(permission: str, org: tuple[int, int]) -> None:
    """The asker's right over a whole range. A service above that has checked its own right works as the loader."""
    scope = current_scope()
    if scope.database_role != LOADER:
        _check(scope, permission, org)


def _check(scope, permission: str, org: tuple[int, int]) -> None:
    if not scope.role or not may(scope.role, permission):
        raise LedgerRefused(_("Your role does not move money. Ask the programme office."), code="ledger_no_right")
    if not (scope.covers(org[0]) and scope.covers(org[1])):
        raise LedgerRefused(_("This account lies outside your territory."), code="ledger_no_right")
