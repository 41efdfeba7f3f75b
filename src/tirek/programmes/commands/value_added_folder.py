"""What `tirek verify` and `tirek explain` do with a folder that `tirek value-added` wrote."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tirek.assessment.commands.folders import _source
from tirek.assessment.commands.running import input_path, unchanged, verify_run
from tirek.programmes.commands.value_added_results import Results, compute
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
    """Tell how a school's effect came about."""
    from tirek_engines.evaluation import mixed, valueadded

    manifest = unchanged(folder)
    results = _results(manifest)
    if subject not in results.schools:
        raise FolderRefused(f"{folder} knows no school “{subject}”. See the column school.", code="no_such_subject")
    place = results.schools.index(subject)
    fit = results.fit
    effect, n = float(fit.schools.effect[place]), int(fit.schools.n[place])
    between, within = fit.variances["school"], fit.variances["residual"]
    lines = [
        f"School {subject}: {n:,} pupils.",
        f"  effect {effect:.4f}, comparative standard error {fit.schools.se[place]:.4f}",
    ]
    if fit.districts is None:
        reliability = n * between / (n * between + within)
        lines += [
            f"  = {effect / reliability if reliability else 0.0:.4f} (mean of its pupils' results less what the terms "
            f"let us expect) x {reliability:.4f} (share that {n:,} pupils make sure)",
            f"  the share is n v / (n v + e) with v = {between:.4f} between schools and e = {within:.4f} within",
        ]
    else:
        district = int(results.district_of[place])
        lines.append(
            f"  beside the effect {fit.districts.effect[district]:.4f} of its district {results.districts[district]}"
        )
    lines += [
        f"    computed by {_source(valueadded._effects)} from {_source(mixed.at)}",
        f"Input: {input_path(manifest, 'table')}",
    ]
    return lines, EXIT_DONE
