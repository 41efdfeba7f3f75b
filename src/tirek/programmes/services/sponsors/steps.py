"""One line of a sponsor's history, the sponsor's accounts, and the rules that tie its money."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import loading
from tirek.decisions.rules import rules_in_force
from tirek.ledger import services as ledger
from tirek.ledger.services.accounts import NewAccount
from tirek.programmes.models import Agreement, Earmark, Sponsor, SponsorStep, SponsorUser
from tirek.programmes.refusals import BadInput, NotThere

RULES = "programmes.sponsors"


def record(
    sponsor: Sponsor, kind: str, *, org: tuple[int, int], by: User | None, now: dt.datetime, **fields
) -> SponsorStep:
    return SponsorStep.objects.create(
        sponsor=sponsor, kind=kind, org_lo=org[0], org_hi=org[1], by_id=by.pk if by else None, by_name=str(by or ""),
        at=now, **fields,
    )  # fmt: skip


def holder(sponsor: Sponsor) -> str:
    return f"sponsor:{sponsor.pk}"


def open_accounts(
    sponsor: Sponsor,
    accounts: Sequence[tuple[str, str, tuple[str, str, str], tuple[int, int]]],
    by: User | None,
    now: dt.datetime,
) -> None:
    """Accounts (code, kind, names, range) that the sponsor's users see as well."""
    users = tuple(SponsorUser.objects.filter(sponsor=sponsor).values_list("user_id", flat=True))
    rows = [NewAccount(code, kind, *names, org, holder(sponsor), users) for code, kind, names, org in accounts]
    with loading():
        ledger.open_accounts(accounts=rows, by=by, now=now)


def account_of(sponsor: Sponsor) -> str:
    return f"sponsor:{sponsor.code}"


def say_about(sponsor: Sponsor, **more: object) -> dict[str, object]:
    """A transaction's parameters: names in three languages, and whose page it was decided on."""
    return {
        "sponsor": sponsor.code, "sponsor_kk": sponsor.name_kk, "sponsor_ru": sponsor.name_ru,
        "sponsor_en": sponsor.name_en,
    } | more  # fmt: skip


def rules_of(agreement: Agreement, on: dt.date):
    return rules_in_force(RULES, on, agreement.org_lo, agreement.org_hi)


def locked_sponsor(sponsor_id: int) -> Sponsor:
    found = Sponsor.objects.select_for_update().filter(pk=sponsor_id).first()
    if found is None:
        raise NotThere(_("There is no such sponsor, or it is not yours to see."))
    return found


def locked_agreement(agreement_id: int) -> Agreement:
    found = Agreement.objects.select_for_update(of=("self",)).filter(pk=agreement_id).first()
    if found is None:
        raise NotThere(_("There is no such agreement, or it is not yours to see."))
    return found


def locked_earmark(earmark_id: int) -> Earmark:
    found = Earmark.objects.select_for_update(of=("self",)).filter(pk=earmark_id).first()
    if found is None:
        raise NotThere(_("There is no such earmark, or it is not yours to see."))
    return found


def check_day(day: dt.date, today: dt.date, field: str) -> None:
    if day > today:
        raise BadInput(_("This day is still to come. Choose today or an earlier day."), field=field)


def check_words(text: str, most: int, field: str) -> str:
    found = " ".join(text.split())
    if not found:
        raise BadInput(_("This may not be left empty."), field=field)
    if len(found) > most:
        raise BadInput(_("This is longer than %(most)s signs. Say it shorter.") % {"most": most}, field=field)
    return found
