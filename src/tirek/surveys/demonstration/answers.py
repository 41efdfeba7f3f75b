"""Invented answers with known needs in them. Pure: arrays from a seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tirek.surveys.demonstration.questionnaires import SAID, Questionnaire

SCHOOL_SD, PERSON_SD, ITEM_SD = 0.25, 0.6, 0.7
BASE = 3.6
NEED_DROP = 1.4
"""How much lower, on the scale of 1 to 5, people of a school with a planted need answer."""
NEED_SHARE = 0.2
RESPONSE_LOW, RESPONSE_HIGH = 0.45, 0.95
SILENT_EVERY = 17
"""Every so many schools only three answer, so that a hidden school can be seen."""
SAID_SHARE = 0.15
WISH_OF = {
    "digital": "digital",
    "inclusion": "inclusion",
    "assessment": "assessment",
    "equipment": "lab",
    "safety": "safety",
    "lessons": "knowledge",
}


@dataclass(frozen=True)
class Planted:
    """A need that is in the answers: school (its place), scale."""

    school: int
    scale: str


def planted_needs(seed: int, asked: Questionnaire, schools: int) -> list[Planted]:
    """A fifth of the schools for each scale."""
    rng = np.random.default_rng([seed, 41, len(asked.code)])
    found = []
    for scale in asked.scales:
        chosen = rng.permutation(schools)[: max(1, round(NEED_SHARE * schools))]
        found += [Planted(int(school), scale.code) for school in sorted(chosen)]
    return found


def responders(seed: int, asked: Questionnaire, invited: np.ndarray) -> np.ndarray:
    """How many of the invited answer, school by school."""
    rng = np.random.default_rng([seed, 42, len(asked.code)])
    counts = rng.binomial(invited, rng.uniform(RESPONSE_LOW, RESPONSE_HIGH, invited.size))
    quiet = np.arange(invited.size) % SILENT_EVERY == SILENT_EVERY - 1
    return np.where(quiet, np.minimum(counts, 3), counts)


def invented_answers(seed: int, asked: Questionnaire, school: int, n: int, needs: set[str]) -> list[dict[str, str]]:
    """Answers of one school's people, by path."""
    rng = np.random.default_rng([seed, 43, len(asked.code), school])
    rows: list[dict[str, str]] = [{} for _person in range(n)]
    if asked.audience == "teachers":
        for row, years in zip(rows, rng.integers(0, 40, n), strict=True):
            row["about/years"] = str(years)
    for scale in asked.scales:
        level = BASE + rng.normal(0, SCHOOL_SD) - (NEED_DROP if scale.code in needs else 0)
        person = level + rng.normal(0, PERSON_SD, n)
        for one in scale.asked:
            value = np.clip(np.rint(person + rng.normal(0, ITEM_SD, n)), 1, 5).astype(int)
            value = 6 - value if one.reverse else value
            for row, number in zip(rows, value, strict=True):
                row[f"g_{scale.code}/{one.name}"] = str(number)
    _wishes(rng, asked, rows, needs)
    texts = SAID[asked.audience]
    for row, says, which in zip(rows, rng.random(n) < SAID_SHARE, rng.integers(0, len(texts), n), strict=True):
        if says:
            row["wishes/said"] = texts[which]
    return rows


def _wishes(rng: np.random.Generator, asked: Questionnaire, rows: list[dict[str, str]], needs: set[str]) -> None:
    names = [name for name, _words in asked.wish_list if name != "none"]
    wanted = {WISH_OF[need] for need in needs if need in WISH_OF}
    for row in rows:
        chosen = [name for name in names if rng.random() < (0.7 if name in wanted else 0.2)]
        row["wishes/wish"] = " ".join(chosen) or "none"
