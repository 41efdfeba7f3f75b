"""Sponsors, their users, agreements and pledges."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Max, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.access.models import Grant, User
from tirek.access.roles import Role
from tirek.access.scope import loading, signing_in
from tirek.ledger import services as ledger
from tirek.ledger.money import check_amount, tenge
from tirek.ledger.refusals import LedgerRefused
from tirek.programmes.models import Agreement, Pledge, Programme, Sponsor, SponsorMove, SponsorUser
from tirek.programmes.refusals import BadInput, WrongState, must
from tirek.programmes.services.sponsors.steps import (
    account_of,
    check_day,
    check_words,
    holder,
    locked_agreement,
    locked_sponsor,
    open_accounts,
    record,
)
from tirek.registry.identifiers import check_bin
from tirek.storage import sealed
from tirek.tasks.services import EVIDENCE_TYPES, MAX_EVIDENCE_BYTES, File

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{1,58}[a-z0-9]")


@dataclass(frozen=True)
class Promise:
    """One tranche promised: how much by when."""

    amount_tiyn: int
    due_date: dt.date


@transaction.atomic
def enter_sponsor(
    *, code: str, bin: str, names: Mapping[str, str], org: tuple[int, int], contact: str = "", email: str = "",
    is_synthetic: bool = False, by: User | None, now: dt.datetime,
) -> Sponsor:  # fmt: skip
    """Enter an organisation. Its BIN is checked; ``org`` is the territory whose office looks after it."""
    must("sponsors.manage", *org)
    if not SLUG.fullmatch(code):
        raise BadInput(_("The short name takes small Latin letters, digits and hyphens, from 3 to 60."), field="code")
    checked = checked_bin(bin)
    with loading():
        taken = Sponsor.objects.filter(bin=checked).first() or Sponsor.objects.filter(code=code).first()
    if taken is not None:
        field = "bin" if taken.bin == checked else "code"
        raise BadInput(
            _("The sponsor “%(name)s” is entered under this already.") % {"name": taken.name_ru}, field=field
        )
    sponsor = Sponsor.objects.create(
        code=code, bin=checked, contact=contact.strip(), email=email.strip(), org_lo=org[0], org_hi=org[1],
        is_synthetic=is_synthetic, by_id=by.pk if by else None, at=now, **_names(names),
    )  # fmt: skip
    open_accounts(sponsor, [(account_of(sponsor), "outside", _three(names), org)], by, now)
    return sponsor


def checked_bin(text: str, field: str = "bin") -> str:
    """The twelve digits, or a refusal that says what is wrong with them."""
    found = check_bin(text)
    if found.is_valid:
        return found.value
    if found.proposal:
        raise BadInput(
            _("This is not a BIN. Perhaps %(proposal)s is meant: look at the paper.") % {"proposal": found.proposal},
            field=field,
        )
    raise BadInput(
        _("This is not a BIN: twelve digits whose last one fits the others. Look at the paper."), field=field
    )


def _names(names: Mapping[str, str]) -> dict[str, str]:
    return {
        f"name_{language}": check_words(names.get(language, ""), 200, f"name_{language}")
        for language in ("kk", "ru", "en")
    }


def _three(names: Mapping[str, str]) -> tuple[str, str, str]:
    return names["kk"], names["ru"], names["en"]


@transaction.atomic
def change_sponsor(
    *, sponsor_id: int, names: Mapping[str, str], contact: str, email: str, by: User | None, now: dt.datetime
) -> Sponsor:
    """Names and contact; the BIN and the short name stay: papers and addresses carry them."""
    sponsor = locked_sponsor(sponsor_id)
    must("sponsors.manage", sponsor.org_lo, sponsor.org_hi)
    for field, value in _names(names).items():
        setattr(sponsor, field, value)
    sponsor.contact, sponsor.email = contact.strip(), email.strip()
    sponsor.save()
    return sponsor


@transaction.atomic
def add_user(*, sponsor_id: int, user_id: int, by: User | None, now: dt.datetime) -> SponsorUser:
    """Let a user with the role of a sponsor see this sponsor's money; a user looks at one sponsor only."""
    sponsor = locked_sponsor(sponsor_id)
    must("sponsors.manage", sponsor.org_lo, sponsor.org_hi)
    with signing_in():
        is_sponsor = Grant.objects.filter(user_id=user_id, role=Role.SPONSOR, valid__contains=now.date()).exists()
    if not is_sponsor:
        raise BadInput(
            _("This user does not work in the role of a sponsor. An administrator gives the role first."), field="user"
        )
    with loading():
        other = SponsorUser.objects.filter(user_id=user_id).exclude(sponsor=sponsor).exists()
        if other:
            raise BadInput(_("This user looks at another sponsor already. Remove it there first."), field="user")
        row, _made = SponsorUser.objects.get_or_create(
            user_id=user_id, sponsor=sponsor,
            defaults={"org_lo": sponsor.org_lo, "org_hi": sponsor.org_hi, "by_id": by.pk if by else None, "at": now},
        )  # fmt: skip
        _tell_ledger(sponsor, by, now)
    return row


@transaction.atomic
def remove_user(*, sponsor_id: int, user_id: int, by: User | None, now: dt.datetime) -> None:
    """From now on the user sees nothing of this sponsor."""
    sponsor = locked_sponsor(sponsor_id)
    must("sponsors.manage", sponsor.org_lo, sponsor.org_hi)
    with loading():
        SponsorUser.objects.filter(sponsor=sponsor, user_id=user_id).delete()
        _tell_ledger(sponsor, by, now)


def _tell_ledger(sponsor: Sponsor, by: User | None, now: dt.datetime) -> None:
    users = list(SponsorUser.objects.filter(sponsor=sponsor).values_list("user_id", flat=True))
    ledger.set_readers(holder=holder(sponsor), user_ids=users, by=by, now=now)


@transaction.atomic
def enter_agreement(
    *, sponsor_id: int, programme: Programme, number: str, signed_on: dt.date, period: tuple[dt.date, dt.date],
    amount_tiyn: int, promises: Sequence[Promise] = (), purpose: str = "", is_public: bool = False,
    paper: File | None = None, by: User | None, now: dt.datetime,
) -> Agreement:  # fmt: skip
    """Enter a signed agreement with its tranches; the paper is sealed."""
    sponsor = locked_sponsor(sponsor_id)
    must("sponsors.manage", programme.org_lo, programme.org_hi)
    number = check_words(number, 40, "number")
    _check_amount(amount_tiyn, "amount")
    check_day(signed_on, timezone.localdate(now), "signed_on")
    if period[1] < period[0]:
        raise BadInput(_("The last day lies before the first."), field="ends_on")
    if Agreement.objects.filter(sponsor=sponsor, number=number).exists():
        raise BadInput(_("An agreement with this number is entered already."), field="number")
    agreement = Agreement.objects.create(
        sponsor=sponsor, programme=programme, number=number, signed_on=signed_on, starts_on=period[0],
        ends_on=period[1], amount_tiyn=amount_tiyn, purpose=purpose.strip()[:500], is_public=is_public,
        org_lo=programme.org_lo, org_hi=programme.org_hi, by_id=by.pk if by else None, at=now, **_paper(paper),
    )  # fmt: skip
    names = (f"{sponsor.name_kk} · {number}", f"{sponsor.name_ru} · {number}", f"{sponsor.name_en} · {number}")
    org = (agreement.org_lo, agreement.org_hi)
    open_accounts(sponsor, [(agreement.fund, "fund", names, org)], by, now)
    record(
        sponsor, SponsorMove.AGREED, org=org, by=by, now=now, agreement=agreement, amount_tiyn=amount_tiyn, act=number
    )
    for promise in promises:
        _add_pledge(agreement, promise, by, now)
    return agreement


def _paper(paper: File | None) -> dict[str, str]:
    if paper is None:
        return {}
    if len(paper.content) > MAX_EVIDENCE_BYTES:
        raise BadInput(_("The file is larger than 20 MB. Make it smaller and add it again."), field="paper")
    if paper.media_type not in EVIDENCE_TYPES:
        raise BadInput(_("Give the agreement as a PDF, a picture or a text document."), field="paper")
    digest = sealed.seal(paper.content)
    return {"file_name": paper.name[-200:], "media_type": paper.media_type, "sha256": digest}


def _check_amount(amount_tiyn: int, field: str) -> None:
    try:
        check_amount(amount_tiyn)
    except LedgerRefused as refusal:
        raise BadInput(refusal.message, field=field) from refusal


@transaction.atomic
def add_pledge(*, agreement_id: int, promise: Promise, by: User | None, now: dt.datetime) -> Pledge:
    """One tranche more. All together do not exceed the agreement."""
    agreement = locked_agreement(agreement_id)
    must("sponsors.manage", agreement.org_lo, agreement.org_hi)
    return _add_pledge(agreement, promise, by, now)


def _add_pledge(agreement: Agreement, promise: Promise, by: User | None, now: dt.datetime) -> Pledge:
    _check_amount(promise.amount_tiyn, "amount")
    if not agreement.starts_on <= promise.due_date <= agreement.ends_on:
        raise BadInput(_("The day lies outside the agreement's period."), field="due_date")
    there = Pledge.objects.filter(agreement=agreement).aggregate(total=Sum("amount_tiyn"), last=Max("position"))
    left = agreement.amount_tiyn - (there["total"] or 0)
    if promise.amount_tiyn > left:
        raise BadInput(
            _("The tranches would exceed the agreement: %(left)s are left of it.") % {"left": tenge(left)},
            field="amount",
        )
    pledge = Pledge.objects.create(
        sponsor_id=agreement.sponsor_id, agreement=agreement, position=(there["last"] or 0) + 1,
        amount_tiyn=promise.amount_tiyn, due_date=promise.due_date, org_lo=agreement.org_lo, org_hi=agreement.org_hi,
    )  # fmt: skip
    record(
        agreement.sponsor, SponsorMove.PLEDGED, org=(agreement.org_lo, agreement.org_hi), by=by, now=now,
        agreement=agreement, pledge=pledge, amount_tiyn=pledge.amount_tiyn,
    )  # fmt: skip
    return pledge


@transaction.atomic
def set_public(*, agreement_id: int, is_public: bool, by: User | None, now: dt.datetime) -> Agreement:
    """Whether everybody may see what became of this agreement's money."""
    agreement = locked_agreement(agreement_id)
    must("sponsors.manage", agreement.org_lo, agreement.org_hi)
    if agreement.is_public == is_public:
        raise WrongState(_("It is so already. Load the page again."))
    agreement.is_public = is_public
    agreement.save(update_fields=["is_public"])
    kind = SponsorMove.OPENED if is_public else SponsorMove.HIDDEN
    record(agreement.sponsor, kind, org=(agreement.org_lo, agreement.org_hi), by=by, now=now, agreement=agreement)
    return agreement
