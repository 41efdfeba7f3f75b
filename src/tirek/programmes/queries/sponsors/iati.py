"""What the programme's IATI file says, gathered from agreements, pledges, tranches, orders, payments, works and figures."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator

from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from tirek.indicators.definitions import UnknownIndicator, indicator_of
from tirek.indicators.queries import trend
from tirek.programmes.iati.activity import Activity, Measured, Money, Names, Organisation, Planned
from tirek.programmes.models import (
    Agreement,
    Commitment,
    CommitmentState,
    Payment,
    Programme,
    Sponsor,
    SponsorStep,
    Tranche,
)
from tirek.programmes.queries.sponsors.money import earmarks, pledge_rows

SYNTHETIC_REPORTER = "KZ-TIREK-DEMO"
COMPANY, FUND = "70", "22"
FUNDING, ACCOUNTABLE, IMPLEMENTING = "1", "2", "4"
ORDERED, INCOMING, PAID, PROMISED = "2", "1", "4", "11"


def organisation_of(sponsor: Sponsor) -> Organisation:
    names = {"kk": sponsor.name_kk, "ru": sponsor.name_ru, "en": sponsor.name_en}
    return Organisation(f"KZ-BIN-{sponsor.bin}", COMPANY, names, _page("programmes:sponsor", sponsor.code))


def _page(name: str, *arguments: object) -> str:
    try:
        return reverse(name, args=list(arguments))
    except NoReverseMatch:
        return ""


def activity_of(programme: Programme, *, reporter: str, now: dt.datetime) -> Activity:
    """Everything the file says; ``reporter`` is the office's IATI identifier. Names no person and no school's child."""
    today = timezone.localdate(now)
    agreements = list(
        Agreement.objects.filter(programme=programme).select_related("sponsor", "programme").order_by("signed_on", "pk")
    )
    givers = {a.sponsor_id: organisation_of(a.sponsor) for a in agreements}
    page = _page("programmes:programme", programme.slug)
    office = Organisation(reporter, FUND, {"kk": programme.office or programme.name_kk}, page)
    names = {"kk": programme.name_kk, "ru": programme.name_ru, "en": programme.name_en}
    participants = [(FUNDING, giver) for giver in givers.values()] + [(ACCOUNTABLE, office), (IMPLEMENTING, office)]
    return Activity(
        identifier=f"{reporter}-{programme.slug}", reporter=office, names=names, descriptions=_about(programme, agreements),
        participants=participants, status=_status(programme, today), dates=_dates(programme, today),
        location=(programme.territory.code, _names(programme.territory)), budgets=_budgets(agreements, today),
        planned=_to_come(agreements, givers, today), money=_money(agreements, givers), results=_results(programme, agreements, today),
        made_at=now, source=page,
    )  # fmt: skip


def _names(thing) -> Names:
    return {"kk": thing.name_kk, "ru": thing.name_ru, "en": thing.name_en}


def _about(programme: Programme, agreements: list[Agreement]) -> Names:
    """The purposes of the agreements as they were written; without any, the programme's name."""
    purposes = "; ".join(dict.fromkeys(a.purpose for a in agreements if a.purpose))
    about = dict(_names(programme).items())
    return about | ({"kk": purposes} if purposes else {})


def _status(programme: Programme, today: dt.date) -> str:
    if today < programme.starts_on:
        return "1"
    return {"prepared": "1", "running": "2", "support": "3", "closed": "4"}.get(programme.state, "2")


def _dates(programme: Programme, today: dt.date) -> list[tuple[str, dt.date]]:
    found = [("1", programme.starts_on)]
    if programme.starts_on <= today:
        found.append(("2", programme.starts_on))
    found.append(("3", programme.ends_on))
    if programme.ends_on <= today:
        found.append(("4", programme.ends_on))
    return found


def _budgets(agreements: list[Agreement], today: dt.date) -> list[Planned]:
    """What is promised, calendar year by calendar year."""
    years: dict[int, int] = defaultdict(int)
    for due in pledge_rows(agreements, today):
        years[due.pledge.due_date.year] += due.pledge.amount_tiyn
    return [Planned(dt.date(y, 1, 1), dt.date(y, 12, 31), tiyn) for y, tiyn in sorted(years.items())]


def _to_come(agreements: list[Agreement], givers: dict[int, Organisation], today: dt.date) -> list[Planned]:
    return [
        Planned(
            d.pledge.due_date,
            d.pledge.due_date,
            d.left_tiyn,
            givers[d.pledge.sponsor_id],
            givers[d.pledge.sponsor_id].source,
        )
        for d in pledge_rows(agreements, today)
        if not d.is_paid
    ]


def _money(agreements: list[Agreement], givers: dict[int, Organisation]) -> list[Money]:
    chosen = [a.pk for a in agreements]
    promised = [
        Money(
            f"A-{a.pk}",
            PROMISED,
            a.signed_on,
            a.amount_tiyn,
            {"kk": a.number},
            givers[a.sponsor_id],
            source=givers[a.sponsor_id].source,
        )
        for a in agreements
    ]
    return [*promised, *_came(chosen, givers), *_spent(chosen, givers)]


def _came(chosen: list[int], givers: dict[int, Organisation]) -> Iterator[Money]:
    for came in Tranche.objects.filter(agreement__in=chosen, reversal="").order_by("received_on", "pk"):
        giver = givers[came.sponsor_id]
        about = {"kk": came.reference}
        yield Money(came.transaction, INCOMING, came.received_on, came.amount_tiyn, about, giver, source=giver.source)
    for back in SponsorStep.objects.filter(agreement__in=chosen, kind="returned").order_by("pk"):
        giver, day = givers[back.sponsor_id], timezone.localtime(back.at).date()
        about = {"kk": back.act}
        yield Money(back.transaction, INCOMING, day, -(back.amount_tiyn or 0), about, giver, source=giver.source)


def _spent(chosen: list[int], givers: dict[int, Organisation]) -> Iterator[Money]:
    orders = Commitment.objects.filter(earmark__agreement__in=chosen).exclude(state=CommitmentState.RELEASED)
    for order in orders.select_related("earmark").order_by("pk"):
        day, about = timezone.localtime(order.at).date(), {"kk": f"{order.earmark.code} {order.earmark.title}"}
        receiver, source = {"kk": order.supplier_name}, givers[order.sponsor_id].source
        yield Money(f"C-{order.pk}", ORDERED, day, order.amount_tiyn, about, receiver=receiver, source=source)
    payments = Payment.objects.filter(commitment__earmark__agreement__in=chosen, reversal="")
    for paid in payments.select_related("commitment__earmark").order_by("paid_on", "pk"):
        mark, receiver = paid.commitment.earmark, {"kk": paid.commitment.supplier_name}
        about, source = {"kk": f"{mark.code} {mark.title}"}, givers[paid.sponsor_id].source
        yield Money(paid.transaction, PAID, paid.paid_on, paid.amount_tiyn, about, receiver=receiver, source=source)


ROOMS = {"kk": "Қабылданған кабинеттер", "ru": "Принятые кабинеты", "en": "Rooms accepted"}


def _results(programme: Programme, agreements: list[Agreement], today: dt.date) -> list[Measured]:
    """Rooms that the money brought, and the programme's published figures."""
    from tirek.facilities.queries.works import works_of

    codes = [one.code for one in earmarks(agreements)]
    works = [work for work in works_of(earmark_codes=codes) if work.state != "cancelled"] if codes else []
    done = len({work.room_id for work in works if work.accepted_on})
    found = [
        Measured(
            ROOMS,
            False,
            (programme.starts_on, "0"),
            [(programme.starts_on, programme.ends_on, str(len({work.room_id for work in works})), str(done))],
            _page("programmes:programme", programme.slug),
        )
    ]
    for code in programme.indicators:
        measured = _figure(code, programme)
        if measured is not None:
            found.append(measured)
    return found


def _figure(code: str, programme: Programme) -> Measured | None:
    """A published figure of the territory from its first day in the programme to its last; hidden ones stay away."""
    try:
        indicator = indicator_of(code)
    except UnknownIndicator:
        return None
    values = [
        (figure.release.as_of, figure.value)
        for figure in trend(code, programme.territory.code)
        if figure.value and not figure.suppressed and programme.starts_on <= figure.release.as_of <= programme.ends_on
    ]
    if not values:
        return None
    (first, before), (last, now) = values[0], values[-1]
    periods = [(first, last, "", now)] if last > first else []
    return Measured(
        _in_languages(indicator.title),
        str(indicator.unit) == "%",
        (first, before),
        periods,
        _page("indicators:figure", code),
    )


def _in_languages(title) -> Names:
    from django.utils import translation

    names = {}
    for language in ("kk", "ru", "en"):
        with translation.override(language):
            names[language] = str(title)
    return names
