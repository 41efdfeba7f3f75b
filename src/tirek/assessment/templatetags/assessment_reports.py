"""What the templates of reports need beyond the site's own filters."""

from __future__ import annotations

from django import template

register = template.Library()


@register.filter
def at(values, place: int):
    """The value at a place of a list; nothing beyond its end."""
    return values[place] if 0 <= place < len(values) else ""
