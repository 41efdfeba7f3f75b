"""Codes of this app as the reader says them."""

from __future__ import annotations

from django import template

from tirek.assessment import content_areas, leaving_out
from tirek.assessment.pages import present

register = template.Library()


@register.filter
def area(code: str | None) -> str:
    """A content area by its name; nothing for none."""
    return content_areas.area_name(code) if code else ""


@register.filter
def left_out(kept: str | None) -> str:
    """Why an item was taken out."""
    return leaving_out.in_words(kept) if kept else ""


@register.filter
def model(code: str | None) -> str:
    """A model by its name."""
    return present.model_words(code or "")


@register.filter
def method(code: str | None) -> str:
    """A method of linking by its name."""
    return present.method_words(code or "")


@register.simple_tag
def reasons_to_leave_out() -> list[tuple[str, str]]:
    """Choices of a form."""
    return [(code, str(words)) for code, words in leaving_out.REASONS.items()]
