"""What accounts hold now, or held at the end of any day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet, Sum

from tirek.access.scope import Scope
from tirek.ledger.models import Account, AccountKind, Balance, Turnover


@dataclass(frozen=True)
class Held:
    """An account with what came in and went out up to the day, and what it holds."""

    account: Account
    in_tiyn: int
    out_tiyn: int

    @property
    def balance_tiyn(self) -> int:
        return self.in_tiyn - self.out_tiyn


def balance(code: str, *, on: dt.date | None = None) -> int:
    """Tiyn in one account, now or at the end of a day; 0 for an account that is not there or not yours to see."""
    if on is None:
        return Balance.objects.filter(account__code=code).values_list("balance_tiyn", flat=True).first() or 0
    found = Turnover.objects.filter(account__code=code, day__lte=on).aggregate(got=Sum("in_tiyn"), gave=Sum("out_tiyn"))
    return int((found["got"] or 0) - (found["gave"] or 0))


def balances(
    *,
    codes: Iterable[str] | None = None,
    holder: str | None = None,
    kinds: Sequence[str] = (),
    on: dt.date | None = None,
) -> dict[str, int]:
    """The same for many accounts, by code."""
    which = _which(codes, holder, kinds)
    if on is None:
        return dict(Balance.objects.filter(account__in=which).values_list("account__code", "balance_tiyn"))
    return {held.account.code: held.balance_tiyn for held in _held(which, on)}


def _which(codes: Iterable[str] | None, holder: str | None, kinds: Sequence[str]) -> QuerySet[Account]:
    found = Account.objects.all()
    if codes is not None:
        found = found.filter(code__in=list(codes))
    if holder is not None:
        found = found.filter(holder=holder)
    return found.filter(kind__in=kinds) if kinds else found


def accounts_in(scope: Scope, *, kind: str = "", words: str = "") -> QuerySet[Account]:
    """Accounts that the asker sees, in the order of their kinds and codes."""
    found = Account.objects.all()
    if kind:
        found = found.filter(kind=kind)
    if words:
        found = found.filter(
            Q(code__icontains=words)
            | Q(name_kk__icontains=words)
            | Q(name_ru__icontains=words)
            | Q(name_en__icontains=words)
        )
    return found.order_by("code")


def trial_balance(scope: Scope, *, on: dt.date, kind: str = "", words: str = "") -> list[Held]:
    """Every account that the asker sees with its sums at the end of a day, kind after kind."""
    order = {code: place for place, code in enumerate(AccountKind.values)}
    found = _held(accounts_in(scope, kind=kind, words=words), on)
    return sorted(found, key=lambda held: (order[held.account.kind], held.account.code))


def _held(accounts: QuerySet[Account], on: dt.date) -> list[Held]:
    rows = list(accounts)
    sums = {
        row["account"]: (int(row["got"]), int(row["gave"]))
        for row in Turnover.objects.filter(account__in=[a.pk for a in rows], day__lte=on)
        .values("account")
        .annotate(got=Sum("in_tiyn"), gave=Sum("out_tiyn"))
    }
    return [Held(account, *sums.get(account.pk, (0, 0))) for account in rows]
