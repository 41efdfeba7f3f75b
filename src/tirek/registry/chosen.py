"""A choice that outlives filters and pages: what was chosen before travels in a hidden field, beside the page's ticks."""

from __future__ import annotations

from django.http import QueryDict

LONGEST = 400_000  # characters of the hidden list: more than all institutions of the country


def sent(post: QueryDict, before: str = "chosen", shown: str = "shown", tick: str = "tick") -> set[int]:
    """What was chosen before, as far as it was not on the page, and the ticks of the page."""
    return (numbers(post.get(before, "")) - numbers(post.get(shown, ""))) | numbers(",".join(post.getlist(tick)))


def numbers(text: str) -> set[int]:
    return {int(part) for part in text[:LONGEST].split(",") if part.isascii() and part.isdecimal() and len(part) < 16}


def text(chosen) -> str:
    """As it travels."""
    return ",".join(map(str, sorted(chosen)))
