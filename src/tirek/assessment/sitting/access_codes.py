"""Codes that a pupil types (tirek.storage.typed_codes) and numbers that a scanner reads."""

from __future__ import annotations

from tirek.storage.typed_codes import SIGNS, code_from, luhn, new_code, read_code, shown_code

__all__ = ["SIGNS", "code_from", "new_code", "paper_number", "read_code", "read_paper_number", "shown_code"]

DIGITS = "0123456789"


def paper_number(sitting: int, number: int) -> str:
    """The number on a paper, unique in the installation: sitting, seat, check digit."""
    return f"{sitting}-{number:02}-{-luhn(f'{sitting}{number:02}', 2, DIGITS) % 10}"


def read_paper_number(text: str) -> tuple[int, int] | None:
    """Sitting and seat, or None when it is no number of ours."""
    parts = text.strip().split("-")
    if len(parts) != 3 or not all(part.isascii() and part.isdecimal() and len(part) <= 12 for part in parts):
        return None
    sitting, number = int(parts[0]), int(parts[1])
    return (sitting, number) if paper_number(sitting, number) == f"{sitting}-{number:02}-{parts[2]}" else None
