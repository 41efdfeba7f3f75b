"""Words of programmes for templates."""

from __future__ import annotations

from django import template

from tirek.ledger import money

register = template.Library()


@register.filter
def tenge(tiyn: int | None) -> str:
    """An amount in tenge with its sign."""
    return money.tenge(tiyn)
