"""Read a table of items for `tirek calibrate`: each item's model, and parameters that are kept as they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tirek.assessment.commands.answers import Faults
from tirek.storage.tables import read_table

if TYPE_CHECKING:
    from tirek_engines.psychometrics import Items

YES = ("yes", "true", "1", "x")
NO = ("", "no", "false", "0")
TEXTS = ("item", "model", "fixed", "values")


@dataclass(frozen=True)
class ItemChoices:
    """What a table of items says beyond the names: models by item, and the items whose parameters are fixed."""

    models: dict[str, str] = field(default_factory=dict)
    known: Items | None = None


def is_table(items: str | None) -> bool:
    """Whether --items names a file."""
    return items is not None and Path(items).suffix.lower() in (".csv", ".parquet")


def read_item_choices(items: str | None) -> ItemChoices:
    """The models and the fixed parameters of a table of items. Raises `BadTable` with every fault found."""
    from tirek_engines.psychometrics.items import ITEM_MODELS

    if items is None or not is_table(items):
        return ItemChoices()
    frame = read_table(Path(items), text_columns=TEXTS)
    if "item" not in frame.columns:
        return ItemChoices()  # `answers` says what is wrong
    faults, models, known = Faults(Path(items).name), {}, []
    for row, record in enumerate(frame.iter_rows(named=True), start=2):
        name, model = record["item"], _text(record, "model").lower()
        if model and model not in ITEM_MODELS:
            faults.add(row, "model", model, "There is no such model.", f"Known are: {', '.join(ITEM_MODELS)}.")
        elif model:
            models[name] = model
        fixed = _text(record, "fixed").lower()
        if fixed in YES:
            known.append(_fixed_item(row, record, model, faults))
        elif fixed not in NO:
            faults.add(row, "fixed", fixed, "This says neither yes nor no.", "Write yes, or leave it empty.")
    faults.raise_if_any()
    return ItemChoices(models, _as_items(known) if known else None)


def _text(record: dict[str, Any], column: str) -> str:
    value = record.get(column)
    return "" if value is None else str(value).strip()


def _number(row: int, record: dict[str, Any], column: str, faults: Faults) -> float | None:
    text = _text(record, column)
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not np.isfinite(value):
        faults.add(row, column, text, "This is no number.", "Write it with a decimal point.")
        return None
    return value


@dataclass(frozen=True)
class FixedItem:
    """One row whose parameters are fixed."""

    name: str
    model: str
    slope: float
    intercepts: list[float]
    guessing: float
    values: tuple[int, ...]


def _fixed_item(row: int, record: dict[str, Any], model: str, faults: Faults) -> FixedItem:
    """The fixed parameters of a row; what is missing or impossible becomes a fault."""
    if not model:
        faults.add(row, "model", "", "A fixed item needs its model.", "Fill in the column model.")
    slope = _number(row, record, "a", faults)
    if slope is None and model in ("rasch", "pcm"):
        slope = 1.0
    if slope is None or slope == 0.0:
        faults.add(row, "a", _text(record, "a"), "A fixed item needs a slope other than 0.", "Fill in the column a.")
        slope = 1.0
    if model in ("rasch", "pcm") and slope != 1.0:
        faults.add(row, "a", slope, f"Under {model} the slope is 1.", "Write 1, or model 2pl or gpcm.")
    intercepts = _intercepts(row, record, slope, faults)
    if model == "graded" and any(low >= high for low, high in zip(intercepts[1:], intercepts, strict=False)):
        faults.add(row, "d1", "", "Under graded d1, d2, … must fall.", "Correct their order.")
    if model == "3pl" and len(intercepts) > 1:
        faults.add(row, "d2", intercepts[1], "Under 3pl an item has two categories.", "Leave d2 empty.")
    guessing = _number(row, record, "c", faults) or 0.0
    if not 0.0 <= guessing < 1.0:
        faults.add(row, "c", guessing, "c is a probability below 1.", "Correct it.")
    return FixedItem(record["item"], model, slope, intercepts, guessing, _values(row, record, len(intercepts), faults))


def _intercepts(row: int, record: dict[str, Any], slope: float, faults: Faults) -> list[float]:
    """d1 … dk, or from b when there is no d1."""
    columns = sorted((c for c in record if c[:1] == "d" and c[1:].isdigit()), key=lambda c: int(c[1:]))
    found = [_number(row, record, c, faults) for c in columns]
    while found and found[-1] is None:
        found.pop()
    if any(d is None for d in found):
        faults.add(row, columns[0], "", "There is a gap among d1, d2, ….", "Fill it in.")
    if not found:
        difficulty = _number(row, record, "b", faults)
        if difficulty is None:
            faults.add(row, "b", "", "A fixed item needs b, or d1, d2, ….", "Fill them in.")
            return [0.0]
        return [-slope * difficulty]
    return [0.0 if d is None else d for d in found]


def _values(row: int, record: dict[str, Any], steps: int, faults: Faults) -> tuple[int, ...]:
    """Scores of the categories: the column values (0|1|2), else 0, 1, …"""
    text = _text(record, "values")
    if not text:
        return tuple(range(steps + 1))
    parts = [p.strip() for p in text.split("|")]
    if not all(p.isdigit() for p in parts) or len(parts) != steps + 1:
        faults.add(row, "values", text, f"This does not name {steps + 1} scores.", "Write for example 0|1|2.")
        return tuple(range(steps + 1))
    return tuple(int(p) for p in parts)


def _as_items(known: list[FixedItem]) -> Items:
    from tirek_engines.psychometrics import Items

    most = max(len(i.intercepts) for i in known)
    return Items(
        names=tuple(i.name for i in known),
        models=tuple(i.model for i in known),
        slopes=np.array([i.slope for i in known]),
        intercepts=np.array([i.intercepts + [0.0] * (most - len(i.intercepts)) for i in known]),
        guessing=np.array([i.guessing for i in known]),
        n_steps=np.array([len(i.intercepts) for i in known], dtype=np.int64),
        values=tuple(i.values for i in known),
        dimensions=np.zeros(len(known), np.int64),
    )
