"""Codes that people type: a pupil at a computer, whoever answers a questionnaire.

The code's signs look the same in Latin and Cyrillic and are never taken for one another, so that it can be typed on
whatever keyboard is on. The last sign is a check (Luhn's, modulo the number of signs): a slip of the finger is told at
once and not counted as a guess.
"""

from __future__ import annotations

import secrets

SIGNS = "23456789ACEHKMPTXY"
RANDOM_SIGNS = 8
GROUP = 3
CYRILLIC = str.maketrans("АСЕНКМРТХУ", "ACEHKMPTXY")


def new_code() -> str:
    """A code as it is compared: nine signs without hyphens."""
    return _with_check("".join(secrets.choice(SIGNS) for _each in range(RANDOM_SIGNS)))


def code_from(digest: bytes) -> str:
    """The code that a digest gives, always the same."""
    number = int.from_bytes(digest, "big")
    signs = []
    for _each in range(RANDOM_SIGNS):
        number, place = divmod(number, len(SIGNS))
        signs.append(SIGNS[place])
    return _with_check("".join(signs))


def shown_code(code: str) -> str:
    """The code as it is printed: K7M-4PX-2AH."""
    return "-".join(code[start : start + GROUP] for start in range(0, len(code), GROUP))


def read_code(typed: str) -> str | None:
    """What somebody typed as a code, or None when it cannot be one."""
    text = "".join(typed.upper().translate(CYRILLIC).split()).replace("-", "").replace("–", "")
    if len(text) != RANDOM_SIGNS + 1 or any(sign not in SIGNS for sign in text):
        return None
    return text if luhn(text, 1) == 0 else None


def _with_check(signs: str) -> str:
    return signs + SIGNS[-luhn(signs, 2) % len(SIGNS)]


def luhn(text: str, factor: int, signs: str = SIGNS) -> int:
    total = 0
    for sign in reversed(text):
        value = factor * signs.index(sign)
        total += value // len(signs) + value % len(signs)
        factor = 3 - factor
    return total % len(signs)
