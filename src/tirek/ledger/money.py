"""Amounts in words and digits: tiyn inside, tenge outside."""

from __future__ import annotations

import re
from decimal import Decimal

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from tirek.ledger.refusals import LedgerRefused

TIYN = 100
MOST_TIYN = 10**17
"""A quadrillion tenge: more than the country's budget; sums of bigint stay far from their end."""
_AMOUNT = re.compile(r"(\d{1,3}(?:[ \u00a0\u202f]?\d{3})*|\d+)(?:[.,](\d{1,2}))?")


def tenge(tiyn: int | None) -> str:
    """``1 234 567,50 ₸`` in the reader's language; tiyn only where there are any."""
    if tiyn is None:
        return "—"
    places = 2 if tiyn % TIYN else 0
    sign = "−" if tiyn < 0 else ""
    digits = number_format(Decimal(abs(tiyn)) / TIYN, decimal_pos=places, use_l10n=True, force_grouping=True)
    return f"{sign}{digits}\u00a0₸"


def millions(tiyn: int | None) -> str:
    """For large figures: ``450 mln ₸`` in the reader's language, one digit after the comma; smaller amounts as they are."""
    if tiyn is None or abs(tiyn) < 10_000_000 * TIYN:
        return tenge(tiyn)
    number = (Decimal(abs(tiyn)) / (1_000_000 * TIYN)).quantize(Decimal("0.1"))
    digits = number_format(number, decimal_pos=1 if number % 1 else 0, use_l10n=True, force_grouping=True)
    said = _("%(number)s mln ₸") % {"number": digits}
    return f"{'−' if tiyn < 0 else ''}{said}".replace(" ₸", "\u00a0₸")


def tenge_plain(tiyn: int) -> Decimal:
    """For files: tenge with two places, exactly."""
    return Decimal(tiyn).scaleb(-2)


def read_tenge(text: str) -> int:
    """Tiyn of an amount as a person types it. Raises `LedgerRefused` with what is wrong."""
    found = _AMOUNT.fullmatch(text.strip().removesuffix("₸").strip())
    if found is None:
        if text.strip().startswith(("-", "−")):
            raise LedgerRefused(_("The amount is negative. Give a positive amount; the direction is chosen apart."))
        if re.fullmatch(r"[\d \u00a0\u202f]*[.,]\d{3,}", text.strip()):
            raise LedgerRefused(_("The amount has parts of a tiyn. Give at most two digits after the comma."))
        raise LedgerRefused(_("This is not an amount in tenge. Write it as 1 250 000 or 1250000,50."))
    whole = re.sub(r"\D", "", found[1])
    tiyn = int(whole) * TIYN + int((found[2] or "0").ljust(2, "0"))
    check_amount(tiyn)
    return tiyn


def check_amount(tiyn: object) -> None:
    """Refuse what is no positive whole number of tiyn."""
    if isinstance(tiyn, bool) or not isinstance(tiyn, int):
        raise LedgerRefused(_("An amount is a whole number of tiyn."), code="ledger_bad_amount")
    if tiyn <= 0:
        raise LedgerRefused(_("An amount must be more than zero."), code="ledger_bad_amount")
    if tiyn > MOST_TIYN:
        raise LedgerRefused(_("The amount is larger than any budget. Look at its digits."), code="ledger_bad_amount")
