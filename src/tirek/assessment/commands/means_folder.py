"""What `tirek verify` and `tirek explain` do with a folder that `tirek means` wrote."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tirek.assessment.commands.running import input_path, unchanged, verify_run
from tirek.storage.runs import FolderRefused, Run
from tirek_engines.errors import EXIT_DONE

if TYPE_CHECKING:
    from tirek.assessment.commands.means_results import Results


def verify_folder(folder: Path) -> tuple[list[str], int]:
    """Compute the results again and compare every output."""
    from tirek.assessment.commands.means_results import write_results

    def compute(manifest: Mapping[str, Any], run: Run) -> None:
        write_results(run, _results(manifest))

    return verify_run(folder, compute)


def _results(manifest: Mapping[str, Any]) -> Results:
    from tirek.assessment.commands.means import compute

    path = input_path(manifest, "persons")
    assert path is not None
    return compute(path, dict(manifest["arguments"]))


def explain_folder(folder: Path, subject: str) -> tuple[list[str], int]:
    """Tell how a group's mean and its error came about."""
    from tirek.assessment.commands.folders import _source
    from tirek_engines.assessment import cells, survey

    manifest = unchanged(folder)
    results = _results(manifest)
    places = [i for i, cell in enumerate(results.cells) if cell.name == subject]
    if not places:
        raise FolderRefused(f"{folder} knows no group “{subject}”. See the column group.", code="no_such_subject")
    lines: list[str] = []
    for i in places:
        if results.hidden[i]:
            lines.append(f"Group {subject} is hidden; decided by {_source(cells.hide_small)}.")
            continue
        found = results.summaries[i]
        c = found.combined
        lines += [
            f"Group {subject} ({results.cells[i].grouping}): {found.n:,} persons, weights {found.weight:,.1f}.",
            f"  mean {c.value[0]:.4f} = mean of {len(found.estimates)} values: "
            + ", ".join(f"{v:.4f}" for v in found.estimates[:, 0]),
            f"  sampling error {c.se_sampling[0]:.4f}: root of the sum of {results.sample.replication.n_replicates} "
            f"squared changes times {results.sample.replication.factors[0]:.4g} "
            f"({results.report['scheme']}, {results.sample.sampling_from} plausible value)",
            f"  error between plausible values {c.se_imputation[0]:.4f}: root of (1 + 1/m) B",
            f"  standard error {c.se[0]:.4f}: root of the sum of their squares, {c.freedom[0]:.1f} degrees of freedom",
            f"    computed by {_source(survey.combine)} and {_source(survey.Measures.of)}",
        ]
    return [*lines, f"Input: {input_path(manifest, 'persons')}"], EXIT_DONE
