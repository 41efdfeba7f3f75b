"""What an answer given on a computer is worth, and a pupil's answers as one byte an item.

A key may name several right answers, parted by a bar. Numbers are compared as numbers, with the item's tolerance;
words without regard to case, to ё and е, to signs at the end, and to the script of letters that look alike.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from tirek.assessment.codes import NOT_REACHED, OMITTED

LETTERS = str.maketrans("АВСЕНКМОРТХУЅІЈ", "ABCEHKMOPTXYSIJ")
LOOK_ALIKE = str.maketrans("abceiхkmhopty", "авсеіхкмнорту")
MOST_DIGITS = 40


@dataclass(frozen=True)
class Task:
    """An item as it is marked. ``kind`` is a value of AnswerKind."""

    kind: str
    key: str
    max_score: int
    tolerance: str = ""


def mark(task: Task, value: str) -> int | None:
    """Score of an answer; None when a person has to score it, or when there is no answer."""
    if not value.strip() or task.kind == "open":
        return None
    right = {
        "choice": _choice, "choices": _choices, "number": _number, "word": _word,
    }[task.kind](task, value)  # fmt: skip
    return task.max_score if right else 0


def kind_without_version(item) -> str:
    """An item that is not of the bank: a letter as key is a choice, a number a number, any other key a word."""
    key = item.key.strip()
    if not key:
        return "open"
    if len(key) == 1 and key.isalpha():
        return "choice"
    return "number" if key.replace(",", "").replace(".", "").lstrip("-−").isdigit() else "word"


def _letters(text: str) -> set[str]:
    return set(re.sub(r"[\s,;|]", "", text.upper().translate(LETTERS)))


def _choice(task: Task, value: str) -> bool:
    return len(_letters(value)) == 1 and _letters(value) <= _letters(task.key)


def _choices(task: Task, value: str) -> bool:
    return _letters(value) == _letters(task.key)


def read_number(text: str) -> Fraction | None:
    """12,5 or 12.5 or −3 or 1 000 or 3/4; None for anything else."""
    plain = "".join(unicodedata.normalize("NFKC", text).split()).replace(",", ".").replace("−", "-").replace("–", "-")
    if len(plain) > MOST_DIGITS or not re.fullmatch(r"[+-]?\d*\.?\d*(/\d+)?", plain):
        return None
    above, _slash, below = plain.partition("/")
    try:
        found = Fraction(Decimal(above))
        return found / int(below) if below else found
    except (InvalidOperation, ZeroDivisionError):
        return None


def _number(task: Task, value: str) -> bool:
    given = read_number(value)
    if given is None:
        return False
    tolerance = read_number(task.tolerance) if task.tolerance else None
    keys = (read_number(part) for part in task.key.split("|"))
    return any(key is not None and abs(given - key) <= (tolerance or 0) for key in keys)


def plain_word(text: str) -> str:
    """A word as it is compared."""
    text = unicodedata.normalize("NFC", text).casefold().replace("ё", "е")
    text = " ".join(re.sub(r"[\s\u00a0]+", " ", text).strip().strip(".,;:!?«»\"'“”").split())
    is_cyrillic = bool(re.search(r"[\u0400-\u04ff]", text))
    return text.translate(LOOK_ALIKE) if is_cyrillic else text


def _word(task: Task, value: str) -> bool:
    return plain_word(value) in {plain_word(part) for part in task.key.split("|")}


def sheet(values: Sequence[str], scores: Sequence[int | None]) -> bytes | None:
    """A pupil's codes in the booklet's order: what is blank before the last answer is left out, after it not reached.

    None when nothing is answered at all. Every answer that is not blank must have its score.
    """
    answered = [place for place, value in enumerate(values) if value.strip()]
    if not answered:
        return None
    codes = bytearray()
    for place, (value, score) in enumerate(zip(values, scores, strict=True)):
        if value.strip():
            if score is None:
                raise ValueError(f"the answer in place {place} has no score")
            codes.append(score)
        else:
            codes.append(OMITTED if place < answered[-1] else NOT_REACHED)
    return bytes(codes)
