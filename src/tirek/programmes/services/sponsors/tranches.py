"""Money that comes, is taken back as a mistake, or is returned unspent."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import loading
from tirek.ledger import services as ledger
from tirek.ledger.money import check_amount, tenge
from tirek.ledger.services import Entry, Line
from tirek.programmes.models import Agreement, Pledge, SponsorMove, Tranche
from tirek.programmes.refusals import BadInput, NotThere, WrongState, must
from tirek.programmes.services.sponsors.earmarks import fund_earmarks, take_back
from tirek.programmes.services.sponsors.steps import (
    account_of,
    check_day,
    check_words,
    locked_agreement,
    record,
    say_about,
)

RECEIVED, RETURNED = "sponsors.received", "sponsors.returned"


@transaction.atomic
def receive(
    *, pledge_id: int, amount_tiyn: int, received_on: dt.date, reference: str, by: User | None, now: dt.datetime
) -> Tranche:
    """Money came for a pledge.

    The same payment order entered again, or more than was promised, is refused with the name of what came first.
    """
    pledge = Pledge.objects.select_related("agreement__sponsor").filter(pk=pledge_id).first()
    if pledge is None:
        raise NotThere(_("There is no such pledge, or it is not yours to see."))
    agreement = locked_agreement(pledge.agreement_id)  # whoever enters the same payment at once waits here
    must("sponsors.manage", agreement.org_lo, agreement.org_hi)
    reference = check_words(reference, 60, "reference")
    check_amount(amount_tiyn)
    check_day(received_on, timezone.localdate(now), "received_on")
    _not_paid_twice(pledge, amount_tiyn, reference)
    sponsor = agreement.sponsor
    with loading():
        posted = ledger.post(
            entry=Entry(
                key=f"tranche:{sponsor.pk}:{pledge.pk}:{reference}:{_round(pledge, reference)}", code=RECEIVED,
                booked_on=received_on,
                parameters=say_about(sponsor, agreement=agreement.number, position=pledge.position, reference=reference),
                lines=(Line(account_of(sponsor), agreement.fund, amount_tiyn),),
            ),
            by=by, now=now,
        )  # fmt: skip
    tranche = Tranche.objects.create(
        sponsor=sponsor, agreement=agreement, pledge=pledge, amount_tiyn=amount_tiyn, received_on=received_on,
        reference=reference, transaction=posted.number, org_lo=agreement.org_lo, org_hi=agreement.org_hi,
        by_id=by.pk if by else None, by_name=str(by or ""), at=now,
    )  # fmt: skip
    record(
        sponsor, SponsorMove.RECEIVED, org=(agreement.org_lo, agreement.org_hi), by=by, now=now, agreement=agreement,
        pledge=pledge, amount_tiyn=amount_tiyn, act=reference, transaction=posted.number,
    )  # fmt: skip
    fund_earmarks(agreement, by, now)
    return tranche


def _round(pledge: Pledge, reference: str) -> int:
    """How often this payment was taken back already: entered anew it is another transaction."""
    return Tranche.objects.filter(pledge=pledge, reference=reference).exclude(reversal="").count()


def _not_paid_twice(pledge: Pledge, amount_tiyn: int, reference: str) -> None:
    standing = Tranche.objects.filter(sponsor_id=pledge.sponsor_id, reversal="")
    same = standing.filter(reference=reference).first()
    if same is not None:
        raise WrongState(
            _("The payment order %(reference)s is entered already: %(amount)s on %(day)s, %(transaction)s. It is not entered twice.")
            % _named(same),
            code="paid_twice", first=same.transaction,
        )  # fmt: skip
    got = standing.filter(pledge=pledge).aggregate(total=Sum("amount_tiyn"))["total"] or 0
    first = standing.filter(pledge=pledge).order_by("received_on", "pk").first()
    if first is not None and got >= pledge.amount_tiyn:
        raise WrongState(
            _("This pledge is paid already: %(amount)s on %(day)s by the order %(reference)s, %(transaction)s. Choose another pledge, or reverse that entry if it is wrong.")
            % _named(first),
            code="paid_twice", first=first.transaction,
        )  # fmt: skip
    if got + amount_tiyn > pledge.amount_tiyn:
        raise BadInput(
            _("This is more than the pledge still expects: %(left)s. Enter the rest under another pledge.")
            % {"left": tenge(pledge.amount_tiyn - got)},
            field="amount",
        )


def _named(tranche: Tranche) -> dict[str, str]:
    return {
        "reference": tranche.reference, "amount": tenge(tranche.amount_tiyn), "transaction": tranche.transaction,
        "day": date_format(tranche.received_on, "DATE_FORMAT"),
    }  # fmt: skip


@transaction.atomic
def reverse_tranche(*, tranche_id: int, reason: str, by: User | None, now: dt.datetime) -> Tranche:
    """An entry was wrong: take it back in the ledger. Earmarks that have not
    ordered with it give it back, the newest first; money that is ordered with cannot be taken back."""
    found = Tranche.objects.filter(pk=tranche_id).first()
    if found is None:
        raise NotThere(_("There is no such tranche, or it is not yours to see."))
    agreement = locked_agreement(found.agreement_id)
    found.refresh_from_db()
    must("sponsors.manage", agreement.org_lo, agreement.org_hi)
    if found.reversal:
        raise WrongState(_("It was taken back already, by %(number)s.") % {"number": found.reversal})
    reason = check_words(reason, 300, "reason")
    with loading():
        take_back(agreement, found.amount_tiyn, by, now)
        back = ledger.reverse(number=found.transaction, reason=reason, by=by, now=now)
    found.reversal, found.reversed_because = back.number, reason
    found.save(update_fields=["reversal", "reversed_because"])
    record(
        agreement.sponsor, SponsorMove.REVERSED, org=(agreement.org_lo, agreement.org_hi), by=by, now=now,
        agreement=agreement, pledge_id=found.pledge_id, amount_tiyn=found.amount_tiyn, note=reason, transaction=back.number,
    )  # fmt: skip
    return found


@transaction.atomic
def return_unspent(
    *,
    agreement_id: int,
    amount_tiyn: int,
    returned_on: dt.date,
    reference: str,
    reason: str,
    by: User | None,
    now: dt.datetime,
) -> Agreement:
    """Give free money back to the sponsor. What is earmarked or ordered is not free."""
    agreement = locked_agreement(agreement_id)
    must("sponsors.manage", agreement.org_lo, agreement.org_hi)
    check_amount(amount_tiyn)
    check_day(returned_on, timezone.localdate(now), "returned_on")
    reference, reason = check_words(reference, 60, "reference"), check_words(reason, 300, "reason")
    sponsor = agreement.sponsor
    with loading():
        posted = ledger.post(
            entry=Entry(
                key=f"return:{agreement.pk}:{reference}", code=RETURNED, booked_on=returned_on,
                parameters=say_about(sponsor, agreement=agreement.number, reference=reference, reason=reason),
                lines=(Line(agreement.fund, account_of(sponsor), amount_tiyn),),
            ),
            by=by, now=now,
        )  # fmt: skip
    record(
        sponsor, SponsorMove.RETURNED, org=(agreement.org_lo, agreement.org_hi), by=by, now=now, agreement=agreement,
        amount_tiyn=amount_tiyn, act=reference, note=reason, transaction=posted.number,
    )  # fmt: skip
    return agreement
