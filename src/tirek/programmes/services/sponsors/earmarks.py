"""This money is for that school. Earmarks keep within what came or was promised, move by an act, close and free the rest."""

from __future__ import annotations

import datetime as dt
from uuid import uuid4

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import loading
from tirek.ledger import services as ledger
from tirek.ledger.money import check_amount, tenge
from tirek.ledger.queries import balance, balances
from tirek.ledger.services import Entry, Line
from tirek.programmes.models import (
    Agreement,
    Commitment,
    CommitmentState,
    Earmark,
    EarmarkState,
    Payment,
    Pledge,
    SponsorMove,
)
from tirek.programmes.refusals import BadInput, WrongState, must
from tirek.programmes.services.sponsors.steps import (
    check_words,
    locked_agreement,
    locked_earmark,
    open_accounts,
    record,
    rules_of,
    say_about,
)
from tirek.registry.queries import labels

FUNDED, UNFUNDED, FREED = "sponsors.earmarked", "sponsors.unfunded", "sponsors.freed"


@transaction.atomic
def earmark(
    *, agreement_id: int, org_no: int, title: str, amount_tiyn: int, room_purpose: str = "", need_code: str = "",
    by: User | None, now: dt.datetime,
) -> Earmark:  # fmt: skip
    """Say what money is for. A rule tells whether promised money may be earmarked before it came."""
    agreement = locked_agreement(agreement_id)
    must("sponsors.manage", agreement.org_lo, agreement.org_hi)
    if not agreement.org_lo <= org_no <= agreement.org_hi:
        raise BadInput(_("This school lies outside the programme's territory."), field="school")
    title = check_words(title, 200, "title")
    check_amount(amount_tiyn)
    _within(agreement, amount_tiyn, timezone.localdate(now))
    made = Earmark.objects.create(
        sponsor=agreement.sponsor, agreement=agreement, org_no=org_no, title=title, amount_tiyn=amount_tiyn,
        room_purpose=room_purpose, need_code=need_code, by_id=by.pk if by else None, at=now,
    )  # fmt: skip
    open_accounts(
        agreement.sponsor, [(made.account, "earmark", (f"{made.code} {title}",) * 3, (org_no, org_no))], by, now
    )
    record(
        agreement.sponsor, SponsorMove.EARMARKED, org=(org_no, org_no), by=by, now=now, agreement=agreement,
        earmark=made, amount_tiyn=amount_tiyn, note=title,
    )  # fmt: skip
    fund_earmarks(agreement, by, now)
    return made


def _within(agreement: Agreement, amount_tiyn: int, today: dt.date) -> None:
    on_pledged = bool(rules_of(agreement, today).value("earmark_on_pledged"))
    if not on_pledged:
        left = balance(agreement.fund) - waiting_tiyn(agreement)
    else:
        promised = Pledge.objects.filter(agreement=agreement).aggregate(total=Sum("amount_tiyn"))["total"] or 0
        left = promised - earmarked_tiyn(agreement)
    if amount_tiyn > left:
        raise WrongState(
            (
                _("Only %(left)s of what is promised are not earmarked yet. Choose a smaller amount, or add a pledge.")
                if on_pledged
                else _("Only %(left)s have come and are free. Choose a smaller amount, or wait for money to come.")
            )
            % {"left": tenge(max(left, 0))},
            code="earmark_exceeds", left=left,
        )  # fmt: skip


def earmarked_tiyn(agreement: Agreement) -> int:
    """Everything earmarked: open ones wholly, closed ones by what was spent."""
    opened = Earmark.objects.filter(agreement=agreement, state=EarmarkState.OPEN)
    closed = Commitment.objects.filter(earmark__agreement=agreement, earmark__state=EarmarkState.CLOSED)
    spent = Payment.objects.filter(commitment__in=closed, reversal="").aggregate(total=Sum("amount_tiyn"))["total"] or 0
    return (opened.aggregate(total=Sum("amount_tiyn"))["total"] or 0) + spent


def funded_tiyn(one: Earmark) -> int:
    """What has come to an earmark: what it holds, what is ordered and what is paid."""
    commitments = list(Commitment.objects.filter(earmark=one))
    codes = [one.account, *(c.account for c in commitments), *(c.paid_account for c in commitments)]
    return sum(balances(codes=codes).values())


def waiting_tiyn(agreement: Agreement) -> int:
    """How much open earmarks still lack."""
    return sum(
        one.amount_tiyn - funded_tiyn(one)
        for one in Earmark.objects.filter(agreement=agreement, state=EarmarkState.OPEN)
    )


def fund_earmarks(agreement: Agreement, by: User | None, now: dt.datetime) -> None:
    """Give free money to the open earmarks that wait for it, the oldest first. The agreement is locked."""
    with loading():
        free = balance(agreement.fund)
        for one in Earmark.objects.filter(agreement=agreement, state=EarmarkState.OPEN).order_by("pk"):
            funded = funded_tiyn(one)
            share = min(free, one.amount_tiyn - funded)
            if share <= 0:
                continue
            ledger.post(
                entry=Entry(
                    key=f"earmark:{one.pk}:{uuid4()}", code=FUNDED,
                    parameters=say_about(agreement.sponsor, agreement=agreement.number, earmark=one.code, title=one.title),
                    lines=(Line(agreement.fund, one.account, share),),
                ),
                by=by, now=now,
            )  # fmt: skip
            free -= share


def take_back(agreement: Agreement, amount_tiyn: int, by: User | None, now: dt.datetime) -> None:
    """Bring the fund up to an amount with what earmarks hold and have not ordered, the newest first. As the loader."""
    lacking = amount_tiyn - balance(agreement.fund)
    for one in Earmark.objects.filter(agreement=agreement, state=EarmarkState.OPEN).order_by("-pk"):
        share = min(lacking, balance(one.account))
        if share <= 0:
            continue
        ledger.post(
            entry=Entry(
                key=f"earmark:{one.pk}:{uuid4()}", code=UNFUNDED,
                parameters=say_about(agreement.sponsor, agreement=agreement.number, earmark=one.code, title=one.title),
                lines=(Line(one.account, agreement.fund, share),),
            ),
            by=by, now=now,
        )  # fmt: skip
        lacking -= share


@transaction.atomic
def move_earmark(
    *, earmark_id: int, org_no: int, act: str, reason: str, is_merger: bool = False, by: User | None, now: dt.datetime
) -> Earmark:
    """Another school gets the money, by an act with a reason: a school left the programme, or became a part of another.

    Orders go along when schools merge, because the rooms do; otherwise open orders must be ended first.
    """
    found = locked_earmark(earmark_id)
    agreement = locked_agreement(found.agreement_id)
    must("sponsors.manage", agreement.org_lo, agreement.org_hi)
    act, reason = check_words(act, 60, "act"), check_words(reason, 500, "reason")
    if not agreement.org_lo <= org_no <= agreement.org_hi:
        raise BadInput(_("This school lies outside the programme's territory."), field="school")
    if org_no == found.org_no:
        raise BadInput(_("The money is for this school already."), field="school")
    if found.state != EarmarkState.OPEN:
        raise WrongState(_("This earmark is closed."))
    orders = Commitment.objects.filter(earmark=found)
    if not is_merger and orders.filter(state=CommitmentState.OPEN).exists():
        raise WrongState(
            _("Something is ordered with this money for the school. Release the order, or wait until it is accepted.")
        )
    before = found.org_no
    with loading():
        codes = [found.account]
        if is_merger:
            codes += [code for order in orders for code in (order.account, order.paid_account)]
            orders.update(org_no=org_no)
        for code in codes:
            ledger.move_account(code=code, org=(org_no, org_no), by=by, now=now)
        Earmark.objects.filter(pk=found.pk).update(org_no=org_no)
        names = labels.names_by_org_no([before, org_no], on=timezone.localdate(now))
        note = f"{names.get(before, before)} → {names.get(org_no, org_no)}. {reason}"
        record(
            agreement.sponsor, SponsorMove.MOVED, org=(min(before, org_no), max(before, org_no)), by=by, now=now,
            agreement=agreement, earmark=found, act=act, note=note[:500],
        )  # fmt: skip
    found.org_no = org_no
    return found


@transaction.atomic
def close_earmark(*, earmark_id: int, reason: str, by: User | None, now: dt.datetime) -> Earmark:
    """What is left becomes free again and goes to the earmarks that wait. Open orders must be ended first."""
    found = locked_earmark(earmark_id)
    agreement = locked_agreement(found.agreement_id)
    must("sponsors.manage", agreement.org_lo, agreement.org_hi)
    reason = check_words(reason, 500, "reason")
    if found.state != EarmarkState.OPEN:
        raise WrongState(_("This earmark is closed already."))
    orders = list(Commitment.objects.filter(earmark=found))
    owed = sum(balances(codes=[order.account for order in orders]).values())
    if owed:
        raise WrongState(
            _("%(amount)s are still ordered and not paid. Pay or release them first.") % {"amount": tenge(owed)}
        )
    left = balance(found.account)
    number = ""
    with loading():
        if left:
            number = ledger.post(
                entry=Entry(
                    key=f"earmark:{found.pk}:close", code=FREED,
                    parameters=say_about(agreement.sponsor, earmark=found.code, title=found.title, reason=reason),
                    lines=(Line(found.account, agreement.fund, left),),
                ),
                by=by, now=now,
            ).number  # fmt: skip
        ledger.close_account(code=found.account, by=by, now=now)
    found.state = EarmarkState.CLOSED
    found.save(update_fields=["state"])
    record(
        agreement.sponsor, SponsorMove.CLOSED, org=(found.org_no, found.org_no), by=by, now=now, agreement=agreement,
        earmark=found, amount_tiyn=left, note=reason, transaction=number,
    )  # fmt: skip
    fund_earmarks(agreement, by, now)
    return found
