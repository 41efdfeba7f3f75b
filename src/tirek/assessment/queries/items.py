"""Questions about the items of a calibration: their curves, fit, fairness, options. For those who hold the test."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from tirek.access.scope import loading
from tirek.assessment.analysis import items_from
from tirek.assessment.decided.pseudonyms import pseudonyms
from tirek.assessment.models import BookletItem, Calibration, ItemEstimate, SeatAnswer, Test
from tirek.decisions import queries as journal
from tirek_engines.psychometrics import Items
from tirek_engines.psychometrics.fit.distractors import OptionRow, option_tables

THETA = np.linspace(-4.0, 4.0, 41)
FEWEST_CHOICES = 30


@dataclass(frozen=True)
class Tables:
    """The sealed tables of a calibration that pages read."""

    parameters: pl.DataFrame
    steps: pl.DataFrame
    curves: pl.DataFrame
    dependence: pl.DataFrame
    dif: pl.DataFrame

    @property
    def items(self) -> Items:
        return items_from(self.parameters, self.steps)


def tables_of(calibration: Calibration) -> Tables:
    """Read and check the sealed tables."""
    decision = journal.decision(calibration.decision_number)
    names = ("parameters", "steps", "curves", "dependence", "dif")
    return Tables(*(journal.table(decision, name) for name in names))


def estimate_of(calibration: Calibration, item: str) -> ItemEstimate | None:
    found = ItemEstimate.objects.select_related("item").filter(calibration=calibration, item__code=item)
    return found.first()


def neighbours(calibration: Calibration, item: str) -> tuple[str, str]:
    """Codes of the item before and after, empty at the ends."""
    codes = list(
        ItemEstimate.objects.filter(calibration=calibration)
        .order_by("item__position")
        .values_list("item__code", flat=True)
    )
    place = codes.index(item)
    return codes[place - 1] if place else "", codes[place + 1] if place + 1 < len(codes) else ""


def booklet_places(test: Test, tables: Tables) -> list[np.ndarray]:
    """Places of the calibrated items of each booklet; what one pupil is given."""
    place = {name: j for j, name in enumerate(tables.items.names)}
    held: dict[int, list[int]] = {}
    for booklet, code in BookletItem.objects.filter(booklet__test=test).values_list("booklet_id", "item__code"):
        if code in place:
            held.setdefault(booklet, []).append(place[code])
    return [np.array(sorted(places), np.int64) for places in held.values()]


def abilities(calibration: Calibration) -> np.ndarray:
    """Pupils' abilities in logits, without names."""
    persons = journal.table(journal.decision(calibration.decision_number), "persons")
    return persons.filter(pl.col("n_answered") > 0)["eap"].to_numpy()


def options_of(test: Test, calibration: Calibration, estimate: ItemEstimate) -> list[OptionRow]:
    """Which options pupils chose on computers; nothing where answers came scored, or are too few to say."""
    if not estimate.item.key:
        return []
    rows = SeatAnswer.objects.filter(item=estimate.item).exclude(value="").values_list("person_id", "value")
    with loading():
        given = dict(rows)
        if len(given) < FEWEST_CHOICES:
            return []
        names = dict(zip(given, pseudonyms(test, list(given)), strict=True))
    persons = journal.table(journal.decision(calibration.decision_number), "persons")
    ability = dict(persons.select("subject", "eap").iter_rows())
    known = [(value, ability[names[pk]]) for pk, value in given.items() if names[pk] in ability]
    chosen = np.array([[value] for value, _theta in known], dtype=object)
    code = estimate.item.code
    found = option_tables(chosen, [code], {code: estimate.item.key}, np.array([theta for _value, theta in known]))
    return list(found)
