"""What was promised, what came, what it is for, what is ordered and paid: sums read from rows that the asker sees."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import QuerySet, Sum

from tirek.access.models import User
from tirek.access.scope import Scope, loading
from tirek.ledger.queries import balances
from tirek.programmes.models import (
    Agreement,
    Commitment,
    CommitmentState,
    Earmark,
    EarmarkState,
    Payment,
    Pledge,
    Sponsor,
    SponsorStep,
    SponsorUser,
    Tranche,
)
from tirek.storage.counting import sums_of

SUMMED = (
    "agreed", "promised", "received", "returned", "earmarked", "ordered", "accepted", "paid", "paid_for_accepted",
)  # fmt: skip


@dataclass(frozen=True)
class Totals:
    """A sponsor's money in tiyn. ``accepted``: orders for accepted works; ``advance``: paid before acceptance, not accepted yet."""

    agreed: int
    promised: int
    received: int
    returned: int
    earmarked: int
    ordered: int
    accepted: int
    paid: int
    paid_for_accepted: int
    overdue: int
    free: int

    @property
    def advance(self) -> int:
        return self.paid - self.paid_for_accepted

    @property
    def waits(self) -> int:
        """Received and not yet paid to anybody."""
        return self.received - self.returned - self.paid


@dataclass(frozen=True)
class Due:
    """A pledge with what came for it."""

    pledge: Pledge
    received_tiyn: int
    tranches: list[Tranche]
    days_late: int

    @property
    def left_tiyn(self) -> int:
        return self.pledge.amount_tiyn - self.received_tiyn

    @property
    def is_paid(self) -> bool:
        return self.left_tiyn <= 0


def sponsors(scope: Scope) -> QuerySet[Sponsor]:
    """Those that the asker sees."""
    return Sponsor.objects.order_by("code")


def sponsor(code: str) -> Sponsor | None:
    return Sponsor.objects.filter(code=code).first()


def sponsor_of_user(user_id: int) -> Sponsor | None:
    """The sponsor whom this user works for."""
    found = SponsorUser.objects.filter(user_id=user_id).select_related("sponsor").first()
    return found.sponsor if found else None


def users_of(of: Sponsor) -> list[User]:
    ids = SponsorUser.objects.filter(sponsor=of).values_list("user_id", flat=True)
    with loading():
        return list(User.objects.filter(pk__in=list(ids)).order_by("full_name"))


def agreements_of_each(found: Iterable[Sponsor]) -> dict[int, list[Agreement]]:
    """By sponsor, in order of signing."""
    by: dict[int, list[Agreement]] = {one.pk: [] for one in found}
    rows = Agreement.objects.filter(sponsor__in=list(by)).select_related("programme", "sponsor")
    for agreement in rows.order_by("signed_on", "pk"):
        by[agreement.sponsor_id].append(agreement)
    return by


def agreements_of(of: Sponsor, *, public_only: bool = False) -> list[Agreement]:
    found = Agreement.objects.filter(sponsor=of).select_related("programme", "sponsor").order_by("signed_on", "pk")
    return list(found.filter(is_public=True) if public_only else found)


def totals(agreements: Sequence[Agreement], today: dt.date, pledges: Sequence[Due] | None = None) -> Totals:
    """All figures of some agreements; with their pledges where the caller has them already."""
    return totals_of_each({0: agreements}, today, pledges)[0]


def totals_of_each(
    groups: Mapping[int, Sequence[Agreement]], today: dt.date, pledges: Sequence[Due] | None = None
) -> dict[int, Totals]:
    """All figures of several groups of agreements, asked together."""
    everything = [agreement for agreements in groups.values() for agreement in agreements]
    sums = _sums([agreement.pk for agreement in everything])
    funds = balances(codes=[agreement.fund for agreement in everything])
    overdue: dict[int, int] = defaultdict(int)
    for due in pledge_rows(everything, today) if pledges is None else pledges:
        overdue[due.pledge.agreement_id] += due.left_tiyn if due.days_late else 0
    return {
        key: Totals(
            **{name: sum(sums.get((name, a.pk), 0) for a in agreements) for name in SUMMED},
            free=sum(funds.get(code, 0) for code in {a.fund for a in agreements}),
            overdue=sum(overdue[a.pk] for a in agreements),
        )
        for key, agreements in groups.items()
    }


def _sums(chosen: list[int]) -> dict[tuple[str, int], int]:
    """Sums by what was asked and agreement."""
    orders = Commitment.objects.filter(earmark__agreement__in=chosen).exclude(state=CommitmentState.RELEASED)
    payments = Payment.objects.filter(commitment__earmark__agreement__in=chosen, reversal="")
    earmarked = Earmark.objects.filter(agreement__in=chosen, state=EarmarkState.OPEN)
    return sums_of(
        "amount_tiyn",
        agreed=(Agreement.objects.filter(pk__in=chosen), "pk"),
        promised=(Pledge.objects.filter(agreement__in=chosen), "agreement_id"),
        received=(Tranche.objects.filter(agreement__in=chosen, reversal=""), "agreement_id"),
        returned=(SponsorStep.objects.filter(agreement__in=chosen, kind="returned"), "agreement_id"),
        earmarked=(earmarked, "agreement_id"),
        ordered=(orders, "earmark__agreement_id"),
        accepted=(orders.filter(state=CommitmentState.ACCEPTED), "earmark__agreement_id"),
        paid=(payments, "commitment__earmark__agreement_id"),
        paid_for_accepted=(
            payments.filter(commitment__state=CommitmentState.ACCEPTED), "commitment__earmark__agreement_id",
        ),
    )  # fmt: skip


def pledge_rows(agreements: Sequence[Agreement], today: dt.date) -> list[Due]:
    """Each pledge with what came for it, by its day."""
    pledges = Pledge.objects.filter(agreement__in=[a.pk for a in agreements]).select_related("agreement__sponsor")
    pledges = list(pledges.order_by("due_date", "pk"))
    tranches: dict[int, list[Tranche]] = {}
    for one in Tranche.objects.filter(pledge__in=[p.pk for p in pledges]).order_by("received_on", "pk"):
        tranches.setdefault(one.pledge_id, []).append(one)
    rows = []
    for pledge in pledges:
        of_it = tranches.get(pledge.pk, [])
        got = sum(one.amount_tiyn for one in of_it if not one.reversal)
        late = (today - pledge.due_date).days if got < pledge.amount_tiyn and pledge.due_date < today else 0
        rows.append(Due(pledge, got, of_it, late))
    return rows


def overdue_pledges(pledges: Iterable[Due]) -> list[Due]:
    """The longest overdue first."""
    return sorted((due for due in pledges if due.days_late), key=lambda due: -due.days_late)


@dataclass(frozen=True)
class EarmarkRow:
    """An earmark with what came to it and what it became, in tiyn."""

    earmark: Earmark
    held: int
    ordered: int
    accepted: int
    paid: int
    orders: list[Commitment]

    @property
    def funded(self) -> int:
        return self.held + sum(o.amount_tiyn for o in self.orders if o.state != CommitmentState.RELEASED)

    @property
    def waits(self) -> int:
        return max(self.earmark.amount_tiyn - self.funded, 0) if self.earmark.state == EarmarkState.OPEN else 0


def earmark_rows(found: Iterable[Earmark]) -> list[EarmarkRow]:
    chosen = list(found)
    orders: dict[int, list[Commitment]] = {}
    for order in Commitment.objects.filter(earmark__in=[e.pk for e in chosen]).order_by("pk"):
        orders.setdefault(order.earmark_id, []).append(order)
    payments = Payment.objects.filter(commitment__earmark__in=[e.pk for e in chosen], reversal="")
    sums = payments.values("commitment__earmark").annotate(total=Sum("amount_tiyn"))
    paid = {row["commitment__earmark"]: row["total"] for row in sums}
    held = balances(codes=[e.account for e in chosen])
    rows = []
    for one in chosen:
        mine = orders.get(one.pk, [])
        standing = [o for o in mine if o.state != CommitmentState.RELEASED]
        rows.append(
            EarmarkRow(
                one, held.get(one.account, 0), sum(o.amount_tiyn for o in standing),
                sum(o.amount_tiyn for o in standing if o.state == CommitmentState.ACCEPTED), int(paid.get(one.pk, 0)), mine,
            )
        )  # fmt: skip
    return rows


def earmarks(agreements: Iterable[Agreement]) -> QuerySet[Earmark]:
    found = Earmark.objects.filter(agreement__in=[a.pk for a in agreements])
    return found.select_related("agreement__sponsor").order_by("pk")


def earmarks_of_school(org_no: int) -> QuerySet[Earmark]:
    """Without their agreements: a school sees its own earmarks and not what the sponsor agreed."""
    return Earmark.objects.filter(org_no=org_no).order_by("pk")


def left_with_school(programme_id: int, org_no: int) -> list[EarmarkRow]:
    """Open earmarks of one programme that name this school, for the office that lets the school go."""
    found = Earmark.objects.filter(agreement__programme=programme_id, org_no=org_no, state=EarmarkState.OPEN)
    return earmark_rows(found.select_related("agreement__sponsor").order_by("pk"))


def steps_of(of: Sponsor) -> list[SponsorStep]:
    """The newest first."""
    found = SponsorStep.objects.filter(sponsor=of).select_related("agreement", "earmark", "pledge")
    return list(found.order_by("-pk")[:100])
