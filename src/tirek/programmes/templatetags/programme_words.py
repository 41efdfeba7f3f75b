"""Words of programmes for templates."""

from __future__ import annotations

from django import template
from django.utils.formats import number_format

from tirek.ledger import money

register = template.Library()


@register.filter
def millions(tiyn: int | None) -> str:
    """Whole millions of tenge, for a large figure."""
    return "—" if tiyn is None else number_format(round(tiyn / 100_000_000), use_l10n=True, force_grouping=True)


@register.filter
def tenge(tiyn: int | None) -> str:
    """An amount in tenge with its sign."""
    return money.tenge(tiyn)
