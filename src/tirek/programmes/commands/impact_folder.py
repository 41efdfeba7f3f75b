"""What `tirek verify` and `tirek explain` do with a folder that `tirek impact` wrote."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tirek.assessment.commands.folders import _source
from tirek.assessment.commands.running import input_path, unchanged, verify_run
from tirek.programmes.estimates.impact_results import Results, compute
from tirek.storage.runs import FolderRefused, Run
from tirek_engines.errors import EXIT_DONE


def verify_folder(folder: Path) -> tuple[list[str], int]:
    """Compute the results again and compare every output."""

    def again(manifest: Mapping[str, Any], run: Run) -> None:
        _results(manifest).write(run)

    return verify_run(folder, again)


def _results(manifest: Mapping[str, Any]) -> Results:
    path = input_path(manifest, "table")
    assert path is not None
    return compute(path, manifest["arguments"])


def explain_folder(folder: Path, subject: str) -> tuple[list[str], int]:
    """Tell how an estimand came about, or what part a unit had."""
    manifest = unchanged(folder)
    results = _results(manifest)
    lines = _estimand_lines(results, subject) or _unit_lines(results, subject)
    if not lines:
        raise FolderRefused(
            f"{folder} knows no estimand and no unit “{subject}”. See effects.csv for the estimands.",
            code="no_such_subject",
        )
    return [*lines, f"Input: {input_path(manifest, 'table')}"], EXIT_DONE


def _estimand_lines(results: Results, subject: str) -> list[str]:
    from tirek_engines.evaluation import clustered, grouptime, twoway, wild

    found = [row for row in results.effects.iter_rows(named=True) if row["estimand"] == subject]
    if not found:
        return []
    row = found[0]
    made = twoway.collapse if subject == "did" else grouptime.att_cells
    tested = wild.wild_test if subject in ("did", "change") else grouptime.summaries
    return [
        f"{subject}: {row['estimate']:.6f}, standard error {row['se_cr1']:.6f}, p {row['p_wild']:.4f}, "
        f"from {row['clusters']:,} clusters.",
        f"  {len(results.compared.panel.units):,} units, {results.facts['treated_units']:,} of them treated.",
        f"  estimated by {_source(made)}",
        f"  errors and test by {_source(clustered.least_squares)} and {_source(tested)}",
        *(f"  {check.text}" for check in results.checks),
    ]


def _unit_lines(results: Results, subject: str) -> list[str]:
    before, panel = results.compared.before, results.compared.panel
    if subject not in before.units:
        return []
    place = before.units.index(subject)
    entry = before.entry[place]
    means = before.cells(before.outcome)[0][place]
    told = ", ".join(f"{w} {m:.4f}" for w, m in zip(before.waves, means, strict=True) if np.isfinite(m))
    side = f"treated from {entry:g} on" if np.isfinite(entry) else "never treated"
    lines = [f"Unit {subject}: {side}.", f"  means by wave: {told}"]
    matches = results.compared.matches
    if matches is None:
        return lines
    own = [
        (before.units[b], d) for (a, b), d in zip(matches.pairs.tolist(), matches.distances, strict=True) if a == place
    ]
    of = [before.units[a] for a, b in matches.pairs.tolist() if b == place]
    if own:
        lines.append("  compared with " + ", ".join(f"{name} (distance {d:.3f})" for name, d in own))
    if of:
        lines.append(f"  compared for {', '.join(of)}, with weight {matches.weights[place]:.4f}")
    if subject not in panel.units:
        lines.append("  not in the analysis: nobody near enough, or not chosen")
    return lines
