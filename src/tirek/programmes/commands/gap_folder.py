"""What `tirek verify` and `tirek explain` do with a folder that `tirek gap` wrote."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tirek.assessment.commands.folders import _source
from tirek.assessment.commands.running import input_path, unchanged, verify_run
from tirek.programmes.commands.gap_results import Results, compute
from tirek.storage.runs import FolderRefused, Run
from tirek_engines.errors import EXIT_DONE

FORMULAS = {
    "gap": "mean of {first} - mean of {second}",
    "endowments": "(mean x of {first} - mean x of {second}) x coefficients of {second}",
    "coefficients": "mean x of {second} x (coefficients of {first} - coefficients of {second})",
    "interaction": "(mean x of {first} - mean x of {second}) x (coefficients of {first} - coefficients of {second})",
    "explained": "(mean x of {first} - mean x of {second}) x coefficients of both together, the group held",
    "unexplained": "gap - explained",
}


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
    """Tell how a part of the gap came about."""
    from tirek_engines.evaluation import gaps

    manifest = unchanged(folder)
    results = _results(manifest)
    if subject not in FORMULAS:
        raise FolderRefused(
            f"{folder} knows no part “{subject}”. Parts are {', '.join(FORMULAS)}.", code="no_such_subject"
        )
    names = {"first": results.first, "second": results.second}
    lines = [
        f"{subject}: {results.gap.estimates[subject]:.6f}, standard error {results.gap.se[subject]:.6f}",
        f"  = {FORMULAS[subject].format(**names)}",
    ]
    if subject in ("endowments", "coefficients", "interaction"):
        lines += [f"    {row['column']}: {row[subject]:.6f}" for row in results.columns().iter_rows(named=True)]
    lines += [
        f"  computed by {_source(gaps._parts)}",
        f"  error from {results.gap.draws:,} samples of {results.gap.n_clusters:,} whole clusters",
        f"Input: {input_path(manifest, 'table')}",
    ]
    return lines, EXIT_DONE
