"""Names of items, for templates."""

from __future__ import annotations

from django import template

from tirek.facilities import items

register = template.Library()


@register.simple_tag
def item_name(code: str, own_name: str = "") -> str:
    return items.item_name(code, own_name)
