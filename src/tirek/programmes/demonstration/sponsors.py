"""Sponsors of the demonstration over two years: agreements, tranches, earmarks, orders, payments. All of it is invented.

The organisations exist; nothing here tells what they truly gave. Each row is marked synthetic.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass

from django.utils import timezone

from tirek.access.models import User
from tirek.access.scope import loading
from tirek.facilities.models import Work
from tirek.ledger.queries import balance
from tirek.programmes.models import Agreement, CommitmentState, Participation, Programme, Sponsor
from tirek.programmes.services import sponsors as services
from tirek.programmes.services.sponsors import Promise
from tirek.registry.identifiers import NEVER_ISSUED, check_digit

SEED = 20_240_401
MILLION = 100_000_000  # tiyn
NOON = dt.timedelta(hours=10)


@dataclass(frozen=True)
class Given:
    """``tranches``: promised million tenge, due day, days after it when the money came (None: it has not), share that came."""

    code: str
    stem: str
    names: tuple[str, str, str]
    number: str
    purpose: str
    is_public: bool
    tranches: tuple[tuple[int, dt.date, int | None, int], ...]

    @property
    def total(self) -> int:
        return sum(amount for amount, _day, _after, _share in self.tranches)


GIVEN = (
    Given(
        "ordabasy", "98014000010", ("«Ordabasy Group» (үлгі)", "«Ordabasy Group» (образец)", "Ordabasy Group (sample)"), "ОГ-01/24",
        "STEM, робототехника және пән кабинеттері", True,
        ((180, dt.date(2024, 5, 15), 3, 100), (150, dt.date(2025, 1, 20), -5, 100), (120, dt.date(2025, 9, 1), 12, 100)),
    ),
    Given(
        "ncoc", "99114000020", ("NCOC (үлгі)", "NCOC (образец)", "NCOC (sample)"), "NC-117", "Зертханалар мен кітапханалар", True,
        ((220, dt.date(2024, 6, 1), 9, 100), (220, dt.date(2025, 3, 1), 2, 100), (160, dt.date(2025, 10, 1), 20, 60)),
    ),
    Given(
        "kazmunaygas", "02024000030", ("«ҚазМұнайГаз» (үлгі)", "«КазМунайГаз» (образец)", "KazMunayGas (sample)"), "ҚМГ-2024/88",
        "Инклюзивті білім беру кабинеттері", False,
        ((300, dt.date(2024, 7, 10), 0, 100), (200, dt.date(2025, 4, 10), 30, 100)),
    ),
    Given(
        "halyk", "01064000040", ("«Halyk» қоры (үлгі)", "Фонд «Halyk» (образец)", "Halyk Fund (sample)"), "HF-9/24",
        "Бастауыш сынып бөлмелері", False,
        ((90, dt.date(2024, 9, 5), 40, 100), (90, dt.date(2025, 5, 5), None, 0)),
    ),
)  # fmt: skip
SUPPLIERS = (
    ("13054000050", "«Робо Мектеп» ЖШС (үлгі)"), ("14064000060", "«Зертхана Сервис» ЖШС (үлгі)"), ("15074000070", "«Кітап Жиһаз» ЖШС (үлгі)"),
)  # fmt: skip


def load_sponsors(*, now: dt.datetime, programme: Programme | None = None, seed: int = 1) -> int:
    """Fill sponsors' money up to ``now``; a sponsor that is there already stays as it is. Returns how many were made."""
    with loading():
        programme = programme or Programme.objects.filter(is_sister=False, places__isnull=False).order_by("pk").first()
        if programme is None:
            return 0
        office = User.objects.filter(username="office", is_demonstration=True).first()
        works = _works(programme)
        made = 0
        for place, given in enumerate(GIVEN):
            if not Sponsor.objects.filter(code=given.code).exists():
                _fill(
                    given,
                    programme,
                    works[place :: len(GIVEN)],
                    office,
                    now,
                    random.Random(f"{SEED} {seed} {given.code}"),  # noqa: S311 (a drawing of the demonstration)
                )
                made += 1
        _connect(office, now)
        return made


def bin_of(stem: str) -> str:
    """Twelve digits whose last one fits; these stand for nobody."""
    while check_digit(stem) == NEVER_ISSUED:
        stem = f"{int(stem) + 1:011d}"
    return stem + str(check_digit(stem))


def _works(programme: Programme) -> list[Work]:
    """Works of the programme's schools that nobody pays for yet."""
    schools = Participation.objects.filter(programme=programme).values_list("org_no", flat=True)
    found = Work.objects.filter(org_no__in=list(schools), earmark_code="").exclude(state="cancelled")
    return list(found.select_related("room", "institution").order_by("opened_at", "pk"))


def _moment(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC) + NOON


def _fill(given: Given, programme: Programme, works: list[Work], by, now: dt.datetime, chance: random.Random) -> None:
    signed = min(given.tranches[0][1] - dt.timedelta(days=45), timezone.localdate(now))
    at, org = _moment(signed), (programme.org_lo, programme.org_hi)
    kk, ru, en = given.names
    sponsor = services.enter_sponsor(
        code=given.code, bin=bin_of(given.stem), names={"kk": kk, "ru": ru, "en": en}, org=org, contact="",
        is_synthetic=True, by=by, now=at,
    )  # fmt: skip
    agreement = services.enter_agreement(
        sponsor_id=sponsor.pk, programme=programme, number=given.number, signed_on=signed,
        period=(signed, programme.ends_on), amount_tiyn=given.total * MILLION,
        promises=[Promise(amount * MILLION, day) for amount, day, _after, _share in given.tranches],
        purpose=given.purpose, is_public=given.is_public, by=by, now=at,
    )  # fmt: skip
    _receive(given, agreement, by, now, chance)
    _spend(agreement, works, by, now, chance)


def _receive(given: Given, agreement: Agreement, by, now: dt.datetime, chance: random.Random) -> None:
    pledges = list(agreement.pledges.order_by("position"))
    for pledge, (_amount, day, after, share) in zip(pledges, given.tranches, strict=True):
        if after is None or _moment(day + dt.timedelta(days=after)) > now:
            continue
        came, reference = day + dt.timedelta(days=after), f"{chance.randrange(1000, 9999)}"
        amount = pledge.amount_tiyn * share // 100
        if given.code == "kazmunaygas" and pledge.position == 2:
            wrong = services.receive(
                pledge_id=pledge.pk, amount_tiyn=amount // 10, received_on=came, reference=f"{reference}-0", by=by,
                now=_moment(came),
            )  # fmt: skip
            services.reverse_tranche(
                tranche_id=wrong.pk,
                reason="Сома қате енгізілді: нөл кем",
                by=by,
                now=_moment(came + dt.timedelta(days=1)),
            )
            came += dt.timedelta(days=1)
        services.receive(
            pledge_id=pledge.pk, amount_tiyn=amount, received_on=came, reference=reference, by=by, now=_moment(came)
        )


def _spend(agreement: Agreement, works: list[Work], by, now: dt.datetime, chance: random.Random) -> None:
    """An earmark a work; it is ordered, and paid once it is accepted."""
    left = sum(p.amount_tiyn for p in agreement.pledges.all())
    for number, work in enumerate(works):
        price = chance.randrange(16, 44) * MILLION
        if price > left:
            break
        left -= price
        at = min(work.opened_at + dt.timedelta(days=2), now)
        mark = services.earmark(
            agreement_id=agreement.pk, org_no=work.org_no, title=work.title, amount_tiyn=price,
            room_purpose=work.room.purpose, need_code=work.need_code, by=by, now=at,
        )  # fmt: skip
        Work.objects.filter(pk=work.pk).update(earmark_code=mark.code)
        if work.state == "planned" or balance(mark.account) < price:
            continue
        _order(mark, work, price - chance.randrange(0, 3) * MILLION, number, by, at, now, chance)


def _order(
    mark, work: Work, amount: int, number: int, by, at: dt.datetime, now: dt.datetime, chance: random.Random
) -> None:
    stem, supplier = SUPPLIERS[number % len(SUPPLIERS)]
    order = services.commit(
        earmark_id=mark.pk, work_id=work.pk, supplier_bin=bin_of(stem), supplier_name=supplier,
        contract=f"Ж-{at.year}/{mark.pk}", amount_tiyn=amount, by=by, now=at,
    )  # fmt: skip
    day, advance = timezone.localdate(at), amount * 3 // 10
    if order.state == CommitmentState.OPEN:
        if number % 2:
            services.pay(
                commitment_id=order.pk, amount_tiyn=advance, paid_on=day, reference=f"А-{order.pk}", by=by, now=at
            )
        return
    if (number + 1) % 5:  # some accepted works wait for their payment
        paid_on = min(work.accepted_on + dt.timedelta(days=chance.randrange(2, 15)), timezone.localdate(now))
        services.pay(
            commitment_id=order.pk,
            amount_tiyn=amount,
            paid_on=paid_on,
            reference=f"Т-{order.pk}",
            by=by,
            now=_moment(paid_on),
        )


def _connect(by, now: dt.datetime) -> None:
    """The demonstration's sponsor looks at the first of them."""
    user = User.objects.filter(username="sponsor", is_demonstration=True).first()
    sponsor = Sponsor.objects.filter(code=GIVEN[0].code).first()
    if user is not None and sponsor is not None:
        services.add_user(sponsor_id=sponsor.pk, user_id=user.pk, by=by, now=now)
