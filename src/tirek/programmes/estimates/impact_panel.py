"""From a table by wave to a panel: units, waves, when each unit entered. No Django, no database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tirek.assessment.commands.answers import Faults, _natural
from tirek.assessment.commands.persons import listed
from tirek.programmes.estimates import tables
from tirek_engines.errors import Refusal

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

SAID = dict.fromkeys(("true", "t", "yes", "y", "да", "иә"), "1") | dict.fromkeys(
    ("false", "f", "no", "n", "нет", "жоқ"), "0"
)
"""Words for taking part and not."""


@dataclass(frozen=True)
class PanelTable:
    """Rows of a panel with what is known of units.

    Attributes
    ----------
    outcome, weights : ndarray of float64, shape (rows,)
    unit, wave, cluster : ndarray of int64, shape (rows,)
    units, waves : tuple of str
        Names, by number; waves in their order.
    times : ndarray of float64, shape (waves,)
        The waves as numbers, where they are; otherwise 0, 1, ….
    entry : ndarray of float64, shape (units,)
        Time of entry; infinite for never.
    x : ndarray of float64, shape (rows, columns)
    x_names : tuple of str
    match, exact : tuple of str
        Columns to match on.
    frame : DataFrame
        The rows, for the columns to match on.
    notes : tuple of str
    """

    outcome: Floats
    weights: Floats
    unit: Ints
    wave: Ints
    cluster: Ints
    units: tuple[str, ...]
    waves: tuple[str, ...]
    times: Floats
    entry: Floats
    x: Floats
    x_names: tuple[str, ...]
    match: tuple[str, ...]
    exact: tuple[str, ...]
    frame: pl.DataFrame
    notes: tuple[str, ...]

    @property
    def treated(self) -> Bools:
        """Units that ever enter."""
        return np.isfinite(self.entry)

    @property
    def cluster_of_unit(self) -> Ints:
        """Cluster of each unit."""
        found = np.zeros(len(self.units), np.int64)
        found[self.unit] = self.cluster
        return found

    def cells(self, values: Floats) -> tuple[Floats, Floats]:
        """Weighted means of a column of rows by unit and wave (NaN where there is none), and the weights."""
        shape = (len(self.units), len(self.waves))
        place = self.unit * shape[1] + self.wave
        mass = np.bincount(place, self.weights, shape[0] * shape[1])
        sums = np.bincount(place, self.weights * values, shape[0] * shape[1])
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(mass > 0, sums / mass, np.nan).reshape(shape), mass.reshape(shape)

    def keep(self, units: Bools, weights: Floats | None = None) -> PanelTable:
        """Only these units, numbered anew; `weights` of units multiply those of rows."""
        rows = units[self.unit]
        number = np.cumsum(units) - 1
        _clusters, cluster = np.unique(self.cluster[rows], return_inverse=True)
        factor = np.ones(len(self.units)) if weights is None else weights
        return replace(
            self,
            outcome=self.outcome[rows],
            weights=self.weights[rows] * factor[self.unit[rows]],
            unit=number[self.unit[rows]],
            wave=self.wave[rows],
            cluster=cluster.astype(np.int64),
            units=tuple(name for name, kept in zip(self.units, units, strict=True) if kept),
            entry=self.entry[units],
            x=self.x[rows],
            frame=self.frame.filter(pl.Series(rows)),
        )


def read_panel(source: Path | pl.DataFrame, options: Mapping[str, Any]) -> PanelTable:
    """Read, check and arrange. Raises `BadTable` with every fault found."""
    notes: list[str] = []
    texts = [options["unit"], options["cluster"], options["wave"], options["first_treated"]]
    x_columns = tables.covariate_columns(options["x"])
    match, exact = listed(options["match"]), listed(options["exact"])
    others = [options["treated"], options["outcome"], options["weight"], *x_columns, *match, *exact]
    frame = tables.read(source, texts, others)
    needed = [options["unit"], options["wave"], options["treated"], options["outcome"], options["cluster"],
              options["weight"], *x_columns, *match, *exact]  # fmt: skip
    frame = tables.complete(frame, list(dict.fromkeys(c for c in needed if c)), notes)
    if frame.height == 0:
        raise Refusal("No row is complete, so there is nothing to compare.", code="nobody")
    faults = Faults(tables.name_of(source))
    weights = _weights(frame, options["weight"], faults)
    faults.raise_if_any()
    frame, weights = tables.with_weight(frame, weights, notes)
    outcome = tables.number_column(frame, options["outcome"], faults)
    unit = tables.labels(frame, options["unit"])
    waves, wave, times = _waves(frame, options["wave"])
    cluster = tables.labels(frame, options["cluster"]) if options["cluster"] else unit
    _one_cluster(frame, unit, cluster, options, faults)
    treated = _treated(frame, options["treated"], faults)
    faults.raise_if_any()
    entry = _entries(frame, options, unit, wave, waves, times, treated, faults, notes)
    x_names, x = tables.covariates(frame, options["x"], faults)
    faults.raise_if_any()
    found = PanelTable(
        outcome, weights, unit.codes, wave, cluster.codes, unit.names, waves, times, entry, x, x_names,
        tuple(match), tuple(exact), frame, (),
    )  # fmt: skip
    return replace(_without_early(found, notes), notes=tuple(notes))


def _weights(frame: pl.DataFrame, name: str | None, faults: Faults) -> Floats:
    if name is None:
        return np.ones(frame.height)
    found = tables.number_column(frame, name, faults)
    for row in np.flatnonzero(found < 0).tolist():
        faults.add(
            int(frame["__row"][row]) + 2, name, frame[name][row], "A weight is a number of zero or more.", "Correct it."
        )
    return found


def _waves(frame: pl.DataFrame, name: str) -> tuple[tuple[str, ...], Ints, Floats]:
    """Names in their order, the wave of each row, and the waves as numbers where they are."""
    texts = frame[name].str.strip_chars()
    names = sorted(texts.unique().to_list(), key=_natural)
    numeric = pl.Series(names).cast(pl.Float64, strict=False)
    if numeric.is_not_null().all():
        order = np.argsort(numeric.to_numpy(), kind="stable")
        names = [names[k] for k in order]
        times = numeric.to_numpy()[order].astype(np.float64)
        if np.unique(times).size < times.size:
            twice = [name for name, time in zip(names, times, strict=True) if (times == time).sum() > 1]
            raise Refusal(
                f"Waves are written in two ways: {', '.join(twice[:4])}. Write each in one.", code="wave_twice"
            )
    else:
        times = np.arange(1.0, len(names) + 1.0)
    if len(names) < 2:
        raise Refusal("There is one wave only, so nothing can have changed. Give at least two.", code="one_wave")
    place = {text: k for k, text in enumerate(names)}
    return tuple(names), np.array([place[t] for t in texts.to_list()], dtype=np.int64), times


def _one_cluster(
    frame: pl.DataFrame, unit: tables.Labels, cluster: tables.Labels, options: Mapping[str, Any], faults: Faults
) -> None:
    first = np.full(len(unit.names), -1, np.int64)
    first[unit.codes[::-1]] = cluster.codes[::-1]
    for row in np.flatnonzero(first[unit.codes] != cluster.codes).tolist():
        name = unit.names[unit.codes[row]]
        faults.add(int(frame["__row"][row]) + 2, options["cluster"], cluster.names[cluster.codes[row]],
                   f"Unit {name} is also in {cluster.names[first[unit.codes[row]]]}.",
                   "A unit lies in one cluster at all waves: give it the one where it began.")  # fmt: skip


def _treated(frame: pl.DataFrame, name: str, faults: Faults) -> Floats:
    column = frame[name]
    if column.dtype == pl.Boolean:
        return column.cast(pl.Float64).to_numpy()
    if column.dtype == pl.String:
        column = column.str.strip_chars().str.to_lowercase().replace(SAID)
    found = column.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()
    for row in np.flatnonzero((found != 0.0) & (found != 1.0)).tolist():
        faults.add(int(frame["__row"][row]) + 2, name, frame[name][row], "Treatment is 0 or 1.", "Correct it.")
    return found


def _entries(
    frame: pl.DataFrame, options: Mapping[str, Any], unit: tables.Labels, wave: Ints, waves: tuple[str, ...],
    times: Floats, treated: Floats, faults: Faults, notes: list[str],
) -> Floats:  # fmt: skip
    """Time of entry of every unit."""
    if options["first_treated"]:
        return _given(frame, options, unit, treated, waves, times, faults)
    ever = np.zeros(len(unit.names))
    np.maximum.at(ever, unit.codes, treated)
    always = np.ones(len(unit.names))
    np.minimum.at(always, unit.codes, treated)
    if np.any(ever != always):
        if options["from_wave"]:
            raise Refusal(
                "Treatment changes within units, so it says itself when they enter. Leave out --from.", code="two_ways"
            )
        return _switched(frame, options, unit, wave, waves, times, treated, faults)
    return np.where(ever > 0, times[_from(options, waves, notes)], np.inf)


def _from(options: Mapping[str, Any], waves: tuple[str, ...], notes: list[str]) -> int:
    if options["from_wave"]:
        wanted = str(options["from_wave"]).strip()
        if wanted not in waves:
            raise Refusal(f"--from {wanted} is none of the waves: {', '.join(waves)}.", code="no_such_wave")
        return waves.index(wanted)
    if len(waves) > 2:
        raise Refusal(
            "Treatment is the same at all waves, so it does not say when units entered. Name the first wave after "
            "entry with --from, or a column with --first-treated.",
            code="no_entry",
        )
    notes.append(f"Units are taken to have entered between {waves[0]} and {waves[1]}.")
    return 1


def _given(
    frame: pl.DataFrame, options: Mapping[str, Any], unit: tables.Labels, treated: Floats, waves: tuple[str, ...],
    times: Floats, faults: Faults,
) -> Floats:  # fmt: skip
    """Entry from its own column, a wave or a number: empty, 0, infinite or after the last wave is never."""
    name = options["first_treated"]
    texts = (
        frame[name]
        .str.strip_chars()
        .str.to_lowercase()
        .fill_null("0")
        .replace({wave.lower(): f"{time:.17g}" for wave, time in zip(waves, times, strict=True)})
        .replace({"": "0", "inf": "0", "never": "0", "nan": "0"})
    )
    found = texts.cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()
    entry = np.full(len(unit.names), np.nan)
    entry[unit.codes[::-1]] = found[::-1]
    for row in np.flatnonzero(np.isnan(found)).tolist():
        faults.add(
            int(frame["__row"][row]) + 2,
            name,
            frame[name][row],
            "This is no wave.",
            "Write its number, or leave the cell empty for never.",
        )
    for row in np.flatnonzero(~np.isnan(found) & (found != entry[unit.codes])).tolist():
        faults.add(int(frame["__row"][row]) + 2, name, frame[name][row],
                   f"Unit {unit.names[unit.codes[row]]} has another entry in another row.", "A unit enters once.")  # fmt: skip
    faults.raise_if_any()
    never = (entry <= 0) | (entry > times[-1])
    late = never & (entry > 0)
    entry = np.where(never, np.inf, entry)
    marked = np.zeros(len(unit.names))
    np.maximum.at(marked, unit.codes, treated)
    wrong = (marked > 0) & ~np.isfinite(entry) & ~late | (marked == 0) & np.isfinite(entry)
    for row in np.flatnonzero(wrong[unit.codes]).tolist():
        faults.add(int(frame["__row"][row]) + 2, options["treated"], frame[options["treated"]][row],
                   f"Treatment and entry of unit {unit.names[unit.codes[row]]} contradict each other.", "Correct one of them.")  # fmt: skip
    faults.raise_if_any()
    return entry


def _switched(
    frame: pl.DataFrame, options: Mapping[str, Any], unit: tables.Labels, wave: Ints, waves: tuple[str, ...],
    times: Floats, treated: Floats, faults: Faults,
) -> Floats:  # fmt: skip
    """Entry as the first wave with treatment; whoever has entered stays."""
    first = np.full(len(unit.names), len(waves), np.int64)
    on = treated > 0
    np.minimum.at(first, unit.codes[on], wave[on])
    for row in np.flatnonzero(~on & (wave >= first[unit.codes])).tolist():
        name, entered = unit.names[unit.codes[row]], int(first[unit.codes[row]])
        what = f"Unit {name} is treated at {waves[entered]} and not at {waves[wave[row]]}."
        to_do = "Units stay treated once they entered: leave out units that left."
        if wave[row] == entered:
            what = f"Unit {name} is both treated and not treated at {waves[entered]}."
            to_do = "Are these two units with one name? Give each its own."
        faults.add(int(frame["__row"][row]) + 2, options["treated"], frame[options["treated"]][row], what, to_do)
    faults.raise_if_any()
    return np.where(first < len(waves), times[np.minimum(first, len(waves) - 1)], np.inf)


def _without_early(panel: PanelTable, notes: list[str]) -> PanelTable:
    """Units that were treated at the first wave already show no before."""
    early = panel.entry <= panel.times[0]
    if not early.any():
        return panel
    if early.all():
        raise Refusal(
            "Every unit is treated from the first wave on, so there is no before. Add earlier waves.", code="no_before"
        )
    if early[panel.treated].all():
        raise Refusal(
            "All treated units are treated from the first wave on, so there is no before. Add earlier waves, or name a "
            "later one as the wave of entry.", code="no_before",
        )  # fmt: skip
    names = ", ".join(name for name, out in zip(panel.units, early, strict=True) if out)
    notes.append(f"{int(early.sum()):,} units were treated at the first wave already and are left out: {names[:200]}.")
    return panel.keep(~early)


def last_as_comparison(panel: PanelTable, notes: list[str]) -> PanelTable:
    """Where nobody never enters, those that enter last are compared with until they do; the waves from then on are left out."""
    latest = float(panel.entry.max())
    waves = int((panel.times < latest).sum())
    if waves < 2 or np.all(panel.entry == latest):
        return panel
    rows = panel.wave < waves
    later = panel.entry == latest
    notes.append(
        f"No unit never enters: the {int(later.sum()):,} units that enter last, at {latest:g}, are compared with, and the "
        "waves from then on are left out."
    )
    return replace(
        panel, outcome=panel.outcome[rows], weights=panel.weights[rows], unit=panel.unit[rows], wave=panel.wave[rows],
        cluster=panel.cluster[rows], waves=panel.waves[:waves], times=panel.times[:waves],
        entry=np.where(later, np.inf, panel.entry), x=panel.x[rows], frame=panel.frame.filter(pl.Series(rows)),
    )  # fmt: skip
