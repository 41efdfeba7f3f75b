"""Impact: from the panel to the files that `tirek impact` writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tirek.programmes.estimates.impact_matching import Compared, compare
from tirek.programmes.estimates.impact_panel import PanelTable, last_as_comparison, read_panel
from tirek.programmes.estimates.impact_words import Check, checks_of, claim_of, sentence
from tirek.storage.tables import write_csv
from tirek_engines.errors import Refusal
from tirek_engines.evaluation import grouptime, influence, twoway
from tirek_engines.evaluation.clustered import ClusterSums, cluster_sums, least_squares
from tirek_engines.evaluation.wild import wild_test

if TYPE_CHECKING:
    from tirek.storage.runs import Run

Floats = NDArray[np.float64]

FEWEST_IN_GROUP = 5
EFFECTS = {
    "estimand": pl.String, "estimate": pl.Float64, "se_cr1": pl.Float64, "se_cr3": pl.Float64, "p_wild": pl.Float64,
    "low": pl.Float64, "high": pl.Float64, "estimate_sd": pl.Float64, "clusters": pl.Int64, "draws": pl.Int64,
}  # fmt: skip
EVENTS = {
    "event": pl.Float64, "estimate": pl.Float64, "se": pl.Float64, "low": pl.Float64, "high": pl.Float64,
    "p": pl.Float64, "band_low": pl.Float64, "band_high": pl.Float64,
}  # fmt: skip


@dataclass(frozen=True)
class Results:
    """Everything that is written."""

    compared: Compared
    effects: pl.DataFrame
    events: pl.DataFrame
    cells: pl.DataFrame
    facts: dict[str, Any]
    checks: tuple[Check, ...]
    notes: tuple[str, ...]
    decided: bool = True

    @property
    def claim(self) -> str:
        """``effect`` or ``change``."""
        return claim_of(list(self.checks))

    def report(self) -> dict[str, Any]:
        """report.json."""
        return {
            "claim": self.claim,
            "sentence": sentence(self.claim, self.facts),
            **self.facts,
            "checks": [check.as_dict() for check in self.checks],
            "notes": list(self.notes),
        }

    def write(self, run: Run) -> Mapping[str, Any]:
        """Write every output but the manifest."""
        write_csv(run.folder / "effects.csv", self.effects)
        write_csv(run.folder / "eventstudy.csv", self.events)
        write_csv(run.folder / "balance.csv", self.compared.balance_frame())
        if self.cells.height:
            write_csv(run.folder / "groups.csv", self.cells)
        if self.compared.matches is not None:
            write_csv(run.folder / "matches.csv", self.compared.matches_frame())
        report = self.report()
        run.write_json("report.json", report)
        return report

    def summary(self) -> str:
        """A few lines for the terminal."""
        lines = [sentence(self.claim, self.facts)]
        lines += [f"  {'ok ' if c.passed else '-- ' if c.passed is None else 'NO '} {c.text}" for c in self.checks]
        return "\n".join(lines)


def compute(source: Path | pl.DataFrame, options: Mapping[str, Any]) -> Results:
    """Read the panel and estimate: what the command writes and `verify` computes again."""
    panel = read_panel(source, options)
    if not panel.treated.any():
        raise Refusal("No unit is treated, so there is no effect to estimate.", code="nobody_treated")
    notes = list(panel.notes)
    if panel.treated.all() and options["control"] == "not-yet":
        panel = last_as_comparison(panel, notes)
    compared = compare(panel, options, notes)
    panel = compared.panel
    if panel.treated.all():
        return _change(compared, options, notes)
    return _effect(compared, options, notes)


def _effect(compared: Compared, options: Mapping[str, Any], notes: list[str]) -> Results:
    panel = compared.panel
    staggered = np.unique(panel.entry[panel.treated]).size > 1
    sd = _reference_sd(panel)
    effects, permutation = [], None
    if not staggered:
        row, permutation = _twoway(panel, options, sd)
        effects.append(row)
    else:
        notes.append("Units entered at several waves: effects are by wave of entry, not by two-way fixed effects.")
    study = _study(panel, notes)
    cells = grouptime.att_cells(study.panel, options["control"])
    effects += [_summary_row(e, study, options, sd) for e in grouptime.summaries(study.panel, cells)]
    events = _event_rows(grouptime.event_study(study.panel, cells), study, options)
    p, freedom = _pretrend(cells, study)
    main = effects[0]
    facts = _facts(compared, study, main) | {
        "estimand": main["estimand"], "estimate": main["estimate"], "low": main["low"], "high": main["high"],
        "estimate_sd": main["estimate_sd"], "reference_sd": sd, "staggered": staggered,
        "pretrend_p": p, "pretrend_df": freedom,
        "permutation_p": None if permutation is None or np.isnan(permutation.p) else permutation.p,
        "permutation_draws": None if permutation is None else permutation.draws,
        "seed": options["seed"], "level": options["level"], "se": main["se_cr1"],
    }  # fmt: skip
    _tell_of_small_groups(study, notes)
    groups = [
        {"group": c.group, "wave": c.time, "estimate": c.estimate, "se": _se(c.influence, study),
         "treated": c.n_treated, "comparison": c.n_comparison} for c in cells
    ]  # fmt: skip
    return Results(
        compared, pl.DataFrame(effects, schema=EFFECTS), pl.DataFrame(events, schema=EVENTS), pl.DataFrame(groups),
        facts, tuple(checks_of(facts)), tuple(notes),
    )  # fmt: skip


def _tell_of_small_groups(study: _Study, notes: list[str]) -> None:
    """The error of a group of one or two comes from the comparison side alone, or nearly so."""
    sizes = {float(g): int((study.panel.entry == g).sum()) for g in study.panel.groups}
    small = [f"{g:g} ({n})" for g, n in sizes.items() if n < FEWEST_IN_GROUP]
    if small and len(sizes) > 1:
        notes.append(f"Few units entered at {', '.join(small)}: the errors of these groups are too small.")


@dataclass(frozen=True)
class _Study:
    panel: grouptime.Panel
    cluster: NDArray[np.int64]
    units: NDArray[np.int64]


def _study(panel: PanelTable, notes: list[str]) -> _Study:
    """Units seen at every wave, as means by wave."""
    means, mass = panel.cells(panel.outcome)
    whole = np.isfinite(means).all(axis=1)
    if not whole.all():
        names = ", ".join(np.array(panel.units)[~whole][:10])
        notes.append(
            f"{int((~whole).sum()):,} units are not seen at every wave and count in no effect by time ({names})."
        )
    if not (whole & panel.treated).any() or not (whole & ~panel.treated).any():
        raise Refusal(
            "No treated or no comparison unit is seen at every wave. Leave out the wave that is missing.",
            code="wave_missing",
        )
    weights = mass[whole].mean(axis=1)
    x = (
        np.column_stack([_first(panel, panel.x[:, k])[whole] for k in range(len(panel.x_names))])
        if panel.x_names
        else np.zeros((int(whole.sum()), 0))
    )
    _tell_of_moving(panel, notes)
    _, cluster = np.unique(panel.cluster_of_unit[whole], return_inverse=True)
    study = grouptime.Panel(means[whole], panel.times, panel.entry[whole], weights / weights.mean(), x)
    return _Study(study, cluster.astype(np.int64), np.flatnonzero(whole))


def _tell_of_moving(panel: PanelTable, notes: list[str]) -> None:
    """Covariates are taken at the first wave in effects by time; in the two-way regression only what moves counts."""
    moving, still = [], []
    for name, column in zip(panel.x_names, panel.x.T, strict=True):
        means = panel.cells(column)[0]
        apart = np.nanmax(means, axis=1) - np.nanmin(means, axis=1)
        (moving if np.nanmax(apart) > 1e-9 * np.abs(column).max(initial=0.0) else still).append(name)
    if moving:
        notes.append(f"Effects by time take {', '.join(moving)} as it was at the first wave, before anything was done.")
    if still and np.unique(panel.entry[panel.treated]).size == 1:
        notes.append(
            f"The two-way estimate (did) does not adjust for what stays the same: {', '.join(still)}; att_… do."
        )


def _first(panel: PanelTable, values: Floats) -> Floats:
    return panel.cells(values)[0][:, 0]


def _twoway(panel: PanelTable, options: Mapping[str, Any], sd: float) -> tuple[dict[str, Any], twoway.Permutation]:
    entry = float(panel.entry[panel.treated][0])
    rows = twoway.Rows(
        panel.outcome,
        panel.unit,
        panel.wave,
        panel.cluster,
        panel.treated,
        panel.times >= entry,
        panel.weights,
        panel.x,
    )
    sums = twoway.collapse(rows)
    row = _row("did", sums, twoway.TAU, options, sd)
    return row, twoway.permutation_test(rows, row["estimate"], draws=options["draws"], seed=options["seed"])


def _row(estimand: str, sums: ClusterSums, term: int, options: Mapping[str, Any], sd: float) -> dict[str, Any]:
    if sums.n_clusters < 2:
        raise Refusal(
            "All units are in one cluster, so no error can be told. Name smaller clusters.", code="one_cluster"
        )
    fitted = least_squares(sums)
    test = wild_test(sums, term, draws=options["draws"], level=options["level"], seed=options["seed"])
    estimate = float(fitted.beta[term])
    return {
        "estimand": estimand, "estimate": estimate, "se_cr1": float(np.sqrt(fitted.cr1[term, term])),
        "se_cr3": float(np.sqrt(fitted.cr3[term, term])), "p_wild": test.p, "low": _or_none(test.low),
        "high": _or_none(test.high), "estimate_sd": estimate / sd if sd > 0 else None, "clusters": sums.n_clusters,
        "draws": test.draws,
    }  # fmt: skip


def _summary_row(effect: grouptime.Effect, study: _Study, options: Mapping[str, Any], sd: float) -> dict[str, Any]:
    e = influence.errors(
        effect.estimate,
        effect.influence,
        study.cluster,
        draws=options["draws"],
        seed=options["seed"],
        level=options["level"],
    )
    return {
        "estimand": effect.estimand, "estimate": effect.estimate, "se_cr1": e.se, "se_cr3": None, "p_wild": e.p,
        "low": _or_none(e.low), "high": _or_none(e.high), "estimate_sd": effect.estimate / sd if sd > 0 else None,
        "clusters": int(study.cluster.max()) + 1, "draws": options["draws"],
    }  # fmt: skip


def _event_rows(effects: list[grouptime.Effect], study: _Study, options: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Effects by time since entry, each with its own interval and with the band that holds all of them at once."""
    drawn = {"draws": options["draws"], "seed": options["seed"], "level": options["level"]}
    stacked = np.stack([effect.influence for effect in effects], axis=1)
    reach = influence.uniform_reach(stacked, study.cluster, **drawn)
    rows = []
    for effect, wide in zip(effects, reach.tolist(), strict=True):
        e = influence.errors(effect.estimate, effect.influence, study.cluster, **drawn)
        rows.append({
            "event": effect.at, "estimate": effect.estimate, "se": e.se, "low": e.low, "high": e.high, "p": e.p,
            "band_low": effect.estimate - wide, "band_high": effect.estimate + wide,
        })  # fmt: skip
    return rows


def _se(values: Floats, study: _Study) -> float:
    return float(np.sqrt(influence.covariance(values, study.cluster)[0, 0]))


def _pretrend(cells: list[grouptime.Cell], study: _Study) -> tuple[float | None, int]:
    before = grouptime.before_entry(cells)
    if not before:
        return None, 0
    stacked = np.stack([c.influence for c in before], axis=1)
    p, freedom = influence.joint_p(np.array([c.estimate for c in before]), stacked, study.cluster)
    return _or_none(p), freedom


def _reference_sd(panel: PanelTable) -> float:
    """Standard deviation of the comparison side's results before the first entry; of all without a comparison."""
    first = float(panel.entry[panel.treated].min())
    before = panel.times < first
    own = before[panel.wave] & (~panel.treated[panel.unit] if not panel.treated.all() else True)
    last = panel.wave == int(np.flatnonzero(before)[-1])
    chosen = own & last if (own & last).sum() > 1 else own
    if chosen.sum() < 2 or panel.weights[chosen].sum() <= 0:
        return float("nan")
    n = int(chosen.sum())
    mean = np.average(panel.outcome[chosen], weights=panel.weights[chosen])
    squares = np.average((panel.outcome[chosen] - mean) ** 2, weights=panel.weights[chosen])
    return float(np.sqrt(squares * n / (n - 1)))


def _facts(compared: Compared, study: _Study, main: Mapping[str, Any]) -> dict[str, Any]:
    panel, before = compared.panel, compared.before
    treated = panel.treated
    seen = np.isfinite(before.cells(before.outcome)[0]).all(axis=1)
    sizes = [abs(b.smd_after) for b in compared.balance]
    worst = int(np.argmax(sizes)) if sizes else None
    return {
        "units": len(panel.units), "treated_units": int(treated.sum()), "comparison_units": int((~treated).sum()),
        "clusters": int(panel.cluster.max()) + 1,
        "treated_clusters": int(np.unique(panel.cluster_of_unit[treated]).size),
        "rows": int(panel.outcome.size), "waves": list(panel.waves), "units_at_every_wave": int(study.units.size),
        "matched": compared.matches is not None,
        "unmatched_units": 0 if compared.matches is None else int(compared.matches.unmatched.size),
        "largest_smd": None if worst is None else _or_none(compared.balance[worst].smd_after),
        "largest_smd_in": None if worst is None else compared.names[worst],
        "attrition_treated": float(1.0 - seen[before.treated].mean()),
        "attrition_comparison": float(1.0 - seen[~before.treated].mean()) if (~before.treated).any() else 0.0,
        "share_at_top": _at_top(panel),
    }  # fmt: skip


def _at_top(panel: PanelTable) -> float:
    """Share of results at the highest value, at the wave where it is largest."""
    top = panel.outcome.max()
    return max(float((panel.outcome[panel.wave == k] >= top).mean()) for k in range(len(panel.waves)))


def _change(compared: Compared, options: Mapping[str, Any], notes: list[str]) -> Results:
    """Before and after without comparison: a change, never an effect."""
    panel = compared.panel
    notes.append("Every unit is treated: there is nobody to compare with, so a change is told, not an effect.")
    after = panel.times[panel.wave] >= panel.entry[panel.unit]
    mass = np.bincount(panel.unit, panel.weights, len(panel.units))
    table = np.column_stack([after.astype(np.float64), panel.outcome])
    means = (
        np.stack([np.bincount(panel.unit, panel.weights * c, len(panel.units)) for c in table.T], axis=1)
        / mass[:, None]
    )
    within = table - means[panel.unit]
    if not np.any(np.abs(within[:, 0]) > 1e-12):
        raise Refusal("No unit is seen both before and after its entry. Add the waves before.", code="no_before")
    sums = cluster_sums(within[:, :1], within[:, 1], panel.cluster, panel.weights, absorbed=1)
    sd = _reference_sd(panel)
    row = _row("change", sums, 0, options, sd)
    study = _Study(grouptime.Panel(np.zeros((0, 2)), np.array([0.0, 1.0]), np.zeros(0), np.zeros(0), np.zeros((0, 0))),
                   np.zeros(0, np.int64), np.flatnonzero(np.isfinite(panel.cells(panel.outcome)[0]).all(axis=1)))  # fmt: skip
    facts = _facts(compared, study, row) | {
        "estimand": "change", "estimate": row["estimate"], "low": row["low"], "high": row["high"],
        "estimate_sd": row["estimate_sd"], "reference_sd": sd, "level": options["level"], "se": row["se_cr1"], "staggered": False, "pretrend_p": None, "pretrend_df": 0,
        "permutation_p": None, "permutation_draws": None, "seed": options["seed"],
    }  # fmt: skip
    return Results(
        compared, pl.DataFrame([row], schema=EFFECTS), pl.DataFrame([], schema=EVENTS), pl.DataFrame(), facts,
        tuple(checks_of(facts)), tuple(notes),
    )  # fmt: skip


def _or_none(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
