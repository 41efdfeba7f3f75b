"""Orders to suppliers, their acceptance, and payments against accepted works."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import loading
from tirek.facilities.queries.works import work as work_of
from tirek.ledger import services as ledger
from tirek.ledger.money import check_amount, tenge
from tirek.ledger.queries import balance
from tirek.ledger.services import Entry, Line
from tirek.programmes.models import Commitment, CommitmentState, EarmarkState, Payment, SponsorMove
from tirek.programmes.refusals import BadInput, NotThere, WrongState, must
from tirek.programmes.services.sponsors.agreements import checked_bin
from tirek.programmes.services.sponsors.earmarks import fund_earmarks
from tirek.programmes.services.sponsors.steps import (
    check_day,
    check_words,
    locked_agreement,
    locked_earmark,
    open_accounts,
    record,
    rules_of,
    say_about,
)

COMMITTED, RELEASED, PAID = "sponsors.committed", "sponsors.released", "sponsors.paid"


@transaction.atomic
def commit(
    *, earmark_id: int, work_id: int, supplier_bin: str, supplier_name: str, contract: str, amount_tiyn: int,
    by: User | None, now: dt.datetime,
) -> Commitment:  # fmt: skip
    """Order from a supplier for one work: the money is set apart, so that it cannot be promised twice.

    The ledger refuses what the earmark does not hold, also when two officers order at once.
    """
    found = locked_earmark(earmark_id)
    must("sponsors.manage", found.agreement.org_lo, found.agreement.org_hi)
    if found.state != EarmarkState.OPEN:
        raise WrongState(_("This earmark is closed."))
    checked, name = checked_bin(supplier_bin, "supplier_bin"), check_words(supplier_name, 200, "supplier_name")
    contract = check_words(contract, 60, "contract")
    check_amount(amount_tiyn)
    with loading():
        work = work_of(work_id)
    if work is None or work.earmark_code != found.code:
        raise BadInput(_("This work is not paid from the earmark %(code)s.") % {"code": found.code}, field="work")
    if work.state == "cancelled":
        raise WrongState(_("This work was cancelled."))
    same = Commitment.objects.filter(earmark=found, work_id=work_id, supplier_bin=checked, contract=contract).first()
    if same is not None:
        raise WrongState(
            _("This contract is ordered for this work already: C-%(number)s.") % {"number": same.pk},
            code="ordered_twice",
        )
    made = Commitment.objects.create(
        sponsor_id=found.sponsor_id, earmark=found, org_no=found.org_no, work_id=work_id, supplier_bin=checked,
        supplier_name=name, contract=contract, amount_tiyn=amount_tiyn, by_id=by.pk if by else None, at=now,
    )  # fmt: skip
    if work.state == "accepted":
        made.state, made.accepted_on = CommitmentState.ACCEPTED, work.accepted_on
        made.save(update_fields=["state", "accepted_on"])
    org, names = (found.org_no, found.org_no), (f"C-{made.pk} {name}",) * 3
    open_accounts(
        found.sponsor, [(made.account, "commitment", names, org), (made.paid_account, "paid", names, org)], by, now
    )
    number = _post(made, COMMITTED, f"commit:{made.pk}", (found.account, made.account, amount_tiyn), None, by, now)
    _record(made, SponsorMove.COMMITTED, by, now, amount_tiyn=amount_tiyn, act=contract, note=name, transaction=number)
    return made


def on_work_accepted(work) -> None:
    """Called by facilities in the transaction that accepts a work: from now on its orders are paid without a limit."""
    with loading():
        for found in Commitment.objects.select_for_update(of=("self",)).filter(
            work_id=work.pk, state=CommitmentState.OPEN
        ):
            found.state, found.accepted_on = CommitmentState.ACCEPTED, work.accepted_on
            found.save(update_fields=["state", "accepted_on"])
            now = timezone.now()
            _record(found, SponsorMove.ACCEPTED, None, now, amount_tiyn=found.amount_tiyn, act=found.contract)


@transaction.atomic
def pay(
    *, commitment_id: int, amount_tiyn: int, paid_on: dt.date, reference: str, by: User | None, now: dt.datetime
) -> Payment:
    """Pay a supplier. Before the work is accepted this is an advance, within the share that the rules allow."""
    found = _locked(commitment_id)
    agreement = found.earmark.agreement
    must("sponsors.manage", agreement.org_lo, agreement.org_hi)
    reference = check_words(reference, 60, "reference")
    check_amount(amount_tiyn)
    check_day(paid_on, timezone.localdate(now), "paid_on")
    if found.state == CommitmentState.RELEASED:
        raise WrongState(_("This order was released: nothing is owed for it."))
    standing = Payment.objects.filter(commitment=found, reversal="")
    same = standing.filter(reference=reference).first()
    if same is not None:
        raise WrongState(
            _("The payment order %(reference)s is entered already: %(amount)s on %(day)s, %(transaction)s. It is not entered twice.")
            % {
                "reference": reference, "amount": tenge(same.amount_tiyn), "transaction": same.transaction,
                "day": date_format(same.paid_on, "DATE_FORMAT"),
            },
            code="paid_twice", first=same.transaction,
        )  # fmt: skip
    paid = standing.aggregate(total=Sum("amount_tiyn"))["total"] or 0
    is_advance = found.state == CommitmentState.OPEN
    if is_advance:
        _within_advance(found, paid + amount_tiyn, timezone.localdate(now))
    if paid + amount_tiyn > found.amount_tiyn:
        raise BadInput(
            _("This is more than is still owed: %(left)s.") % {"left": tenge(found.amount_tiyn - paid)}, field="amount"
        )
    round_ = Payment.objects.filter(commitment=found, reference=reference).exclude(reversal="").count()
    key = f"pay:{found.pk}:{reference}:{round_}"
    number = _post(
        found, PAID, key, (found.account, found.paid_account, amount_tiyn), paid_on, by, now, reference=reference
    )
    made = Payment.objects.create(
        sponsor_id=found.sponsor_id, commitment=found, org_no=found.org_no, amount_tiyn=amount_tiyn, paid_on=paid_on,
        reference=reference, is_advance=is_advance, transaction=number, by_id=by.pk if by else None, at=now,
    )  # fmt: skip
    _record(
        found,
        SponsorMove.PAID,
        by,
        now,
        amount_tiyn=amount_tiyn,
        act=reference,
        note=found.supplier_name,
        transaction=number,
    )
    return made


def _within_advance(found: Commitment, total_tiyn: int, today: dt.date) -> None:
    permille = int(rules_of(found.earmark.agreement, today).value("advance_permille"))
    most = found.amount_tiyn * permille // 1000
    if total_tiyn > most:
        raise WrongState(
            _("The work is not accepted yet. Until then at most %(most)s may be paid in advance, %(permille)s of a thousand of the order.")
            % {"most": tenge(most), "permille": permille},
            code="not_accepted", most=most,
        )  # fmt: skip


@transaction.atomic
def release(*, commitment_id: int, reason: str, by: User | None, now: dt.datetime) -> Commitment:
    """End an order: what is not paid goes back to the earmark."""
    found = _locked(commitment_id)
    agreement = found.earmark.agreement
    must("sponsors.manage", agreement.org_lo, agreement.org_hi)
    reason = check_words(reason, 500, "reason")
    if found.state == CommitmentState.RELEASED:
        raise WrongState(_("This order is released already."))
    left, number = balance(found.account), ""
    if left:
        lines = (found.account, found.earmark.account, left)
        number = _post(found, RELEASED, f"release:{found.pk}", lines, None, by, now, reason=reason)
    found.state, found.accepted_on = CommitmentState.RELEASED, None
    found.save(update_fields=["state", "accepted_on"])
    _record(found, SponsorMove.RELEASED, by, now, amount_tiyn=left, note=reason, transaction=number)
    fund_earmarks(agreement, by, now)
    return found


@transaction.atomic
def reverse_payment(*, payment_id: int, reason: str, by: User | None, now: dt.datetime) -> Payment:
    """A payment was entered wrongly, or came back: the order owes it again."""
    made = Payment.objects.filter(pk=payment_id).first()
    if made is None:
        raise NotThere(_("There is no such payment, or it is not yours to see."))
    found = _locked(made.commitment_id)
    made.refresh_from_db()
    agreement = found.earmark.agreement
    must("sponsors.manage", agreement.org_lo, agreement.org_hi)
    if made.reversal:
        raise WrongState(_("It was taken back already, by %(number)s.") % {"number": made.reversal})
    if found.state == CommitmentState.RELEASED:
        raise WrongState(_("This order was released: order anew before you take its payment back."))
    reason = check_words(reason, 300, "reason")
    with loading():
        back = ledger.reverse(number=made.transaction, reason=reason, by=by, now=now)
    made.reversal = back.number
    made.save(update_fields=["reversal"])
    _record(found, SponsorMove.REVERSED, by, now, amount_tiyn=made.amount_tiyn, note=reason, transaction=back.number)
    return made


def _locked(commitment_id: int) -> Commitment:
    place = Commitment.objects.filter(pk=commitment_id).values_list("earmark_id", "earmark__agreement_id").first()
    if place is None:
        raise NotThere(_("There is no such order, or it is not yours to see."))
    locked_earmark(place[0])
    locked_agreement(place[1])
    return Commitment.objects.select_related("earmark__agreement__sponsor", "sponsor").get(pk=commitment_id)


def _post(
    found: Commitment, code: str, key: str, line: tuple[str, str, int], day: dt.date | None, by: User | None,
    now: dt.datetime, **more: object,
) -> str:  # fmt: skip
    said = say_about(
        found.sponsor, earmark=found.earmark.code, title=found.earmark.title, supplier=found.supplier_name,
        contract=found.contract, **more,
    )  # fmt: skip
    with loading():
        return ledger.post(
            entry=Entry(key=key, code=code, parameters=said, booked_on=day, lines=(Line(*line),)), by=by, now=now
        ).number


def _record(found: Commitment, kind: str, by: User | None, now: dt.datetime, **fields) -> None:
    record(
        found.sponsor, kind, org=(found.org_no, found.org_no), by=by, now=now, agreement=found.earmark.agreement,
        earmark=found.earmark, **fields,
    )  # fmt: skip
