"""A programme with two sponsors, their users and agreements."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from access_world import REGION, SCHOOL, World, build, user_with

from tirek.access.roles import Role
from tirek.access.scope import Scope, acting_as, loading
from tirek.programmes.models import Agreement, Programme, Sponsor
from tirek.programmes.services import sponsors as services
from tirek.programmes.services.sponsors import Promise
from tirek.registry.models import Territory

NOW = dt.datetime(2025, 11, 21, 10, tzinfo=dt.UTC)
MILLION = 100_000_000  # tiyn
BINS = ("990140000019", "020240000555")


@dataclass
class Money:
    """Everything a test of sponsors needs."""

    access: World
    programme: Programme
    office: Scope
    sponsors: list[Sponsor]
    agreements: list[Agreement]
    users: list

    def sponsor_scope(self, place: int) -> Scope:
        return Scope("tirek_own", user_id=self.users[place].pk, role=Role.SPONSOR)

    @property
    def by(self):
        return self.access.users[Role.PROGRAMME_OFFICE]


def bin_of(stem: str) -> str:
    """A number whose last digit fits: for tests that invent organisations."""
    from tirek.registry.identifiers import NEVER_ISSUED, check_digit

    while check_digit(stem) == NEVER_ISSUED:
        stem = str(int(stem) + 1).zfill(11)
    return stem + str(check_digit(stem))


def build_money() -> Money:
    access = build()
    with loading():
        region = Territory.objects.get(code="470000000")
        programme = Programme.objects.create(
            slug="support", name_kk="Тірек мектеп", name_ru="Опорная школа", name_en="Support school", template="x:1",
            territory=region, org_lo=REGION[0], org_hi=REGION[1], starts_on=dt.date(2024, 4, 1),
            ends_on=dt.date(2026, 5, 31), office="Фонд", at=NOW,
        )  # fmt: skip
    users = [user_with(Role.SPONSOR, name=f"sponsor{n}") for n in range(2)]
    by = access.users[Role.PROGRAMME_OFFICE]
    office = Scope(lo=REGION[0], hi=REGION[1], user_id=by.pk, role=Role.PROGRAMME_OFFICE)
    sponsors, agreements = [], []
    with acting_as(office):
        for place, code in enumerate(("ordabasy", "nomad")):
            made = services.enter_sponsor(
                code=code, bin=bin_of(f"9901400000{place}"), names={"kk": f"{code} кк", "ru": f"{code} ру", "en": code},
                org=REGION, by=by, now=NOW,
            )  # fmt: skip
            services.add_user(sponsor_id=made.pk, user_id=users[place].pk, by=by, now=NOW)
            sponsors.append(made)
            agreements.append(
                services.enter_agreement(
                    sponsor_id=made.pk,
                    programme=programme,
                    number=f"{place}-24",
                    signed_on=dt.date(2024, 4, 1),
                    period=(dt.date(2024, 4, 1), dt.date(2026, 5, 31)),
                    amount_tiyn=100 * MILLION,
                    promises=[Promise(60 * MILLION, dt.date(2024, 9, 1)), Promise(40 * MILLION, dt.date(2025, 9, 1))],
                    by=by,
                    now=NOW,
                )
            )
    return Money(access, programme, office, sponsors, agreements, users)


def receive(world: Money, place: int = 0, pledge: int = 0, amount: int = 60 * MILLION, reference: str = "PO-1"):
    found = world.agreements[place].pledges.order_by("position")[pledge]
    return services.receive(
        pledge_id=found.pk,
        amount_tiyn=amount,
        received_on=dt.date(2024, 8, 20),
        reference=reference,
        by=world.by,
        now=NOW,
    )


def earmark(world: Money, place: int = 0, amount: int = 20 * MILLION, org_no: int = SCHOOL, **more):
    return services.earmark(
        agreement_id=world.agreements[place].pk, org_no=org_no, title="STEM", amount_tiyn=amount, by=world.by, now=NOW,
        **more,
    )  # fmt: skip
