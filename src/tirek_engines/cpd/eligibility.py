"""May a teacher apply for a category? By the category held, years of work and hours of courses."""

from __future__ import annotations

from dataclasses import dataclass

CATEGORIES = ("teacher", "moderator", "expert", "researcher", "master")


@dataclass(frozen=True)
class EligibilityRules:
    """What one category asks for, and how many categories may be climbed at once."""

    years: int
    hours: int
    steps_at_once: int


def rank_of(category: str) -> int:
    """0 for a teacher without a category, 4 for a master."""
    return CATEGORIES.index(category) if category in CATEGORIES else 0


def missing(
    *,
    current: str,
    wanted: str,
    years: int,
    hours: int,
    statements: int,
    statements_wanted: int,
    rules: EligibilityRules,
) -> list[tuple[str, dict[str, int]]]:
    """Everything that an application lacks, each with the numbers that say so; an empty list when it is complete.

    Parameters
    ----------
    current, wanted : str
        Codes of `CATEGORIES`.
    years : int
        Whole years of work.
    hours : int
        Hours of completed courses in the period that counts.
    statements, statements_wanted : int
        Criteria that the applicant has written about, and how many there are.
    rules : EligibilityRules
        Those of the category applied for.
    """
    found: list[tuple[str, dict[str, int]]] = []
    step = rank_of(wanted) - rank_of(current)
    if step < 1:
        found.append(("category_held", {}))
    elif step > rules.steps_at_once:
        found.append(("category_too_far", {"steps": step, "wanted": rules.steps_at_once}))
    if years < rules.years:
        found.append(("years_few", {"found": years, "wanted": rules.years}))
    if hours < rules.hours:
        found.append(("hours_few", {"found": hours, "wanted": rules.hours}))
    if statements < statements_wanted:
        found.append(("statement_missing", {"found": statements, "wanted": statements_wanted}))
    return found
