"""What an act is about: the facts that stand beside its form, and what the form begins with."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db.models import Sum
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import Scope, loading, signing_in
from tirek.ledger.money import tenge, tenge_plain
from tirek.ledger.queries import balance
from tirek.programmes.models import Agreement, Commitment, Earmark, Payment, Pledge, Sponsor, Tranche


@dataclass(frozen=True)
class Subject:
    """Pairs (label, value) beside the form, first values of its fields, and works to choose from."""

    facts: list[tuple[str, str]]
    initial: dict[str, object] = field(default_factory=dict)
    works: list[tuple[int, str]] = field(default_factory=list)


def subject(of: Sponsor, kind: str, pk: int) -> Subject | None:
    """The row of this sponsor, or None."""
    finders = {
        "pledge": _pledge, "tranche": _tranche, "agreement": _agreement, "earmark": _earmark, "commitment": _commitment,
        "payment": _payment,
    }  # fmt: skip
    return finders[kind](of, pk)


def _day(day) -> str:
    return date_format(day, "DATE_FORMAT")


def _plain(tiyn: int) -> str:
    return f"{tenge_plain(tiyn):f}".removesuffix(".00")


def _pledge(of: Sponsor, pk: int) -> Subject | None:
    found = Pledge.objects.filter(sponsor=of, pk=pk).select_related("agreement").first()
    if found is None:
        return None
    got = Tranche.objects.filter(pledge=found, reversal="").aggregate(total=Sum("amount_tiyn"))["total"] or 0
    facts = [
        (_("Agreement"), found.agreement.number), (_("Tranche"), str(found.position)), (_("Due"), _day(found.due_date)),
        (_("Promised"), tenge(found.amount_tiyn)), (_("Received"), tenge(got)),
    ]  # fmt: skip
    left = found.amount_tiyn - got
    return Subject(facts, {"amount": _plain(left)} if left > 0 else {})


def _tranche(of: Sponsor, pk: int) -> Subject | None:
    found = Tranche.objects.filter(sponsor=of, pk=pk).first()
    if found is None:
        return None
    return Subject(
        [
            (_("Number of the payment order"), found.reference),
            (_("Amount"), tenge(found.amount_tiyn)),
            (_("Received"), _day(found.received_on)),
            (_("Transaction"), found.transaction),
        ]
    )


def _agreement(of: Sponsor, pk: int) -> Subject | None:
    found = Agreement.objects.filter(sponsor=of, pk=pk).first()
    if found is None:
        return None
    promised = Pledge.objects.filter(agreement=found).aggregate(total=Sum("amount_tiyn"))["total"] or 0
    return Subject(
        [
            (_("Agreement"), found.number),
            (_("Amount"), tenge(found.amount_tiyn)),
            (_("Promised in tranches"), tenge(promised)),
            (_("Received and free"), tenge(balance(found.fund))),
            (_("Holds until"), _day(found.ends_on)),
        ]
    )


def _earmark(of: Sponsor, pk: int) -> Subject | None:
    from tirek.facilities.queries.works import works_of

    found = Earmark.objects.filter(sponsor=of, pk=pk).first()
    if found is None:
        return None
    with loading():
        works = [(w.pk, f"W-{w.pk} {w.title} ({w.get_state_display()})") for w in works_of(earmark_codes=[found.code])]
    facts = [
        (_("Earmark"), found.code), (_("What for"), found.title), (_("Amount"), tenge(found.amount_tiyn)),
        (_("Holds now"), tenge(balance(found.account))),
    ]  # fmt: skip
    return Subject(facts, works=works)


def _commitment(of: Sponsor, pk: int) -> Subject | None:
    found = Commitment.objects.filter(sponsor=of, pk=pk).select_related("earmark").first()
    if found is None:
        return None
    owed = balance(found.account)
    facts = [
        (_("Supplier"), found.supplier_name), (_("Contract"), found.contract), (_("Ordered"), tenge(found.amount_tiyn)),
        (_("State"), str(found.get_state_display())), (_("Still owed"), tenge(owed)),
    ]  # fmt: skip
    return Subject(facts, {"amount": _plain(owed)} if owed else {})


def _payment(of: Sponsor, pk: int) -> Subject | None:
    found = Payment.objects.filter(sponsor=of, pk=pk).select_related("commitment").first()
    if found is None:
        return None
    return Subject(
        [
            (_("Supplier"), found.commitment.supplier_name),
            (_("Amount"), tenge(found.amount_tiyn)),
            (_("Paid"), _day(found.paid_on)),
            (_("Number of the payment order"), found.reference),
        ]
    )


def range_of(scope: Scope) -> tuple[int, int]:
    """The asker's own territory; the whole country for who sees it."""
    return (scope.lo, scope.hi) if scope.lo is not None and scope.hi is not None else (0, 2_147_483_647)


def user_named(username: str) -> int | None:
    with signing_in():
        return User.objects.filter(username=username.strip()).values_list("pk", flat=True).first()
