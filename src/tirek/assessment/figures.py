"""Published results as figures: the mean of a region and its districts, and of towns and villages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tirek.assessment.kinds import RESULTS
from tirek.indicators.cells import Cell
from tirek.indicators.definitions import FromDecision, Indicator, register
from tirek.indicators.services.publishing import NothingDecided

GRADES = (4, 9)
TITLES = {
    "mathematics": _("Mean result in mathematics, grade {grade}"),
    "reading": _("Mean result in reading literacy, grade {grade}"),
    "science": _("Mean result in natural science, grade {grade}"),
}
TOPICS = {4: _("Results of grade 4"), 9: _("Results of grade 9")}


def code_of(subject: str, grade: int) -> str | None:
    """Code of the figure of a subject and grade; None where none is kept."""
    return f"assessment.{subject}.{grade}" if subject in TITLES and grade in GRADES else None


def register_figures() -> None:
    for subject, title in TITLES.items():
        for grade in GRADES:
            register(
                Indicator(
                    code=f"assessment.{subject}.{grade}",
                    title=format_lazy(title, grade=grade),
                    unit=_("points"),
                    method=_(
                        "Item response model, plausible values and errors between schools. A test that is linked to an earlier"
                        " one by common items stands on its scale, and years can be compared with the linking error. Any other"
                        " sets its own scale: the mean of its pupils is 500 and their spread 100, and years cannot be compared."
                    ),
                    source=_("Answers of the pupils, sealed with the decision."),
                    decimals=1,
                    dimensions=("settlement",),
                    topic=TOPICS[grade],
                    better="more",
                    from_decision=FromDecision(
                        RESULTS,
                        f"tirek.assessment.figures:cells_{subject}_{grade}",
                        {"subject": subject, "grade": grade},
                        about="test",
                        day="day",
                    ),
                )
            )


def _cells(decision, outcomes: list[Mapping[str, Any]], subject: str, grade: int) -> Iterator[Cell]:
    """Shown groups only: a hidden one has no numbers, in the decision or here."""
    facts = decision.parameters
    if (facts.get("subject"), facts.get("grade")) != (subject, grade):
        raise NothingDecided(
            f"{decision.number} is about another subject or grade. Publish the figure with its own test."
        )
    region, span = facts["territory"], (facts["org_lo"], facts["org_hi"])
    for row in outcomes:
        if row["subject_kind"] not in ("all", "district", "settlement") or row["numbers"].get("mean") is None:
            continue
        found = row["numbers"]
        numbers = {name: f"{found[name]:.1f}" for name in ("se", "low", "high")}
        shared = {"value": f"{found['mean']:.1f}", "persons": found["pupils"], **numbers}
        if row["subject_kind"] == "district":
            if row["subject"] == region:
                continue  # a district that holds a test of its own: its mean is that of all together
            lo, hi = facts["districts"][row["subject"]]
            yield Cell("district", row["subject"], lo, hi, parent=region, **shared)
        else:
            kind = "" if row["subject_kind"] == "all" else row["subject"]
            yield Cell(facts["level"], region, *span, settlement=kind, **shared)


def _reader(subject: str, grade: int):
    def read(decision, outcomes) -> list[Cell]:
        return list(_cells(decision, outcomes, subject, grade))

    return read


cells_mathematics_4, cells_mathematics_9 = _reader("mathematics", 4), _reader("mathematics", 9)
cells_reading_4, cells_reading_9 = _reader("reading", 4), _reader("reading", 9)
cells_science_4, cells_science_9 = _reader("science", 4), _reader("science", 9)
