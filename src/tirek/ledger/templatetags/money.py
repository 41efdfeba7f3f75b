"""Amounts in templates."""

from __future__ import annotations

from django import template
from django.utils.translation import get_language

from tirek.ledger.money import millions, tenge
from tirek.ledger.words import say

register = template.Library()
register.filter("money", tenge)
register.filter("millions", millions)


@register.filter
def named_account(account) -> str:
    """The account's name in the reader's language."""
    return getattr(account, f"name_{(get_language() or 'kk')[:2]}", "") or account.name_kk


@register.filter
def why(transaction) -> str:
    """Why money moved, in a sentence."""
    return say(transaction.code, transaction.parameters)
