"""Published results of evaluation as figures: what a programme changed, how far schools differ in what they add, town and village."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tirek.indicators.cells import Cell
from tirek.indicators.definitions import FromDecision, Indicator, register
from tirek.indicators.services.publishing import NothingDecided
from tirek.programmes.kinds_evaluation import GAP, VALUE_ADDED
from tirek.programmes.kinds_impact import IMPACT
from tirek.registry.models import Territory

GRADES = (4, 9)
SUBJECTS = ("mathematics", "reading", "science")
TOPIC = _("Did it work?")
SOURCE = _("Published results of pupils and schools, sealed with the decision.")
TITLES = {
    "impact": {
        "mathematics": _("What a programme changed in mathematics, grade {grade}"),
        "reading": _("What a programme changed in reading literacy, grade {grade}"),
        "science": _("What a programme changed in natural science, grade {grade}"),
    },
    "value_added": {
        "mathematics": _("How far schools differ in what they add in mathematics, grade {grade}"),
        "reading": _("How far schools differ in what they add in reading literacy, grade {grade}"),
        "science": _("How far schools differ in what they add in natural science, grade {grade}"),
    },
    "gap": {
        "mathematics": _("Towns ahead of villages in mathematics, grade {grade}"),
        "reading": _("Towns ahead of villages in reading literacy, grade {grade}"),
        "science": _("Towns ahead of villages in natural science, grade {grade}"),
    },
}
METHODS = {
    "impact": _(
        "Differences in differences of the schools that took part against comparison schools chosen before; whole schools are"
        " drawn in the bootstrap. Where the design does not allow it, it is a change and no effect: see the decision."
    ),
    "value_added": _(
        "Standard deviation between schools of the later results, once pupils’ earlier results and the language of the test are"
        " taken into account; random intercepts by restricted maximum likelihood, so that chance is taken out."
    ),
    "gap": _("Mean of pupils in towns less mean of pupils in villages; the interval draws whole schools."),
}
KINDS = {"impact": (IMPACT, "programme"), "value_added": (VALUE_ADDED, "after"), "gap": (GAP, "test")}


def register_evaluation_figures() -> None:
    for what, (kind, about) in KINDS.items():
        for subject in SUBJECTS:
            for grade in GRADES:
                register(
                    Indicator(
                        code=f"programmes.{what}.{subject}.{grade}",
                        title=format_lazy(TITLES[what][subject], grade=grade),
                        unit=_("points"),
                        method=METHODS[what],
                        source=SOURCE,
                        decimals=1,
                        dimensions=(),
                        topic=TOPIC,
                        from_decision=FromDecision(
                            kind, f"tirek.programmes.figures_evaluation:cells_{what}", {"subject": subject, "grade": grade},
                            about=about, day="day",
                        ),
                    )
                )  # fmt: skip


def _reader(numbers: Callable[[Mapping[str, Any]], tuple[Any, Any, Any, Any, int]]):
    def read(decision, outcomes) -> list[Cell]:
        return list(_cells(decision, numbers(decision.summary)))

    return read


def _cells(decision, found: tuple[Any, Any, Any, Any, int]) -> Iterator[Cell]:
    """One cell: the territory of the decision."""
    place = Territory.objects.filter(org_lo=decision.org_lo, org_hi=decision.org_hi).order_by("id").first()
    if place is None or found[0] is None:
        raise NothingDecided(f"{decision.number} has no number of a territory.")
    value, se, low, high = ("" if number is None else f"{number:.1f}" for number in found[:4])
    yield Cell(
        place.level, place.code, place.org_lo, place.org_hi, value=value, se=se, low=low, high=high, persons=found[4]
    )


def _of_impact(facts: Mapping[str, Any]):
    return facts["estimate"], facts["se"], facts["low"], facts["high"], facts["treated"]


def _of_value_added(facts: Mapping[str, Any]):
    return facts["spread"], None, None, None, facts["pupils"]


def _of_gap(facts: Mapping[str, Any]):
    fewest = min(facts["pupils_town"], facts["pupils_village"])
    return facts["gap"], facts["gap_se"], facts["gap_low"], facts["gap_high"], fewest


cells_impact, cells_value_added, cells_gap = _reader(_of_impact), _reader(_of_value_added), _reader(_of_gap)
