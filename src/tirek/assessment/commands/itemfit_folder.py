"""What `tirek verify` and `tirek explain` do with a folder that `tirek itemfit` wrote."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tirek.assessment.commands.running import input_path, unchanged, verify_run
from tirek.storage.runs import FolderRefused, Run
from tirek.storage.tables import read_table
from tirek_engines.errors import EXIT_DONE


def verify_folder(folder: Path) -> tuple[list[str], int]:
    """Check again and compare every output."""
    from tirek.assessment.commands.itemfit import compute
    from tirek.assessment.commands.itemfit_results import write_fit

    def again(manifest: Mapping[str, Any], run: Run) -> None:
        path = input_path(manifest, "answers")
        assert path is not None
        write_fit(run, compute(path, dict(manifest["arguments"])))

    return verify_run(folder, again)


def explain_folder(folder: Path, subject: str) -> tuple[list[str], int]:
    """Tell how an item's (or a person's) fit came about, and why it is flagged or not."""
    from tirek.assessment.commands.folders import _source
    from tirek_engines.psychometrics.fit import dependence, itemfit, scorefit
    from tirek_engines.psychometrics.kernels import fit as _fit_kernels

    manifest = unchanged(folder)
    lines: list[str] = []
    for row in _rows(folder, "itemfit.csv", "item", subject):
        lines += [
            f"Item {subject}, {row['n']} answers: {row['flag'] or 'not flagged'}.",
            f"  infit {_shown(row['infit'])} (t {_shown(row['infit_t'])}), outfit {_shown(row['outfit'])} "
            f"(t {_shown(row['outfit_t'])}); 1 is expected, residuals taken at: {manifest['arguments']['ability']}",
            f"    computed by {_source(itemfit.item_fit)}",
            f"  S-X2 {_shown(row['sx2'])} on {_shown(row['df'])} degrees of freedom, p {_shown(row['p'])}, over "
            f"{row['sx2_n']} persons with the same items",
            f"    computed by {_source(scorefit.fit_by_score)}",
            f"  largest Q3 {_shown(row['q3_max'])} with item {row['q3_partner']}",
            f"    computed by {_source(dependence.dependence_of)}",
            f"  correlation with the rest of the test {_shown(row['point_biserial'])}",
        ]
    for row in _rows(folder, "distractors.csv", "item", subject):
        key = " (key)" if row["key"] else ""
        lines.append(
            f"  option {row['option']}{key}: chosen by {row['share']:.1%}, mean ability {_shown(row['mean_ability'])}"
        )
    for row in _rows(folder, "persons_fit.csv", "id", subject):
        lines += [
            f"Person {subject}, {row['n_answered']} answers: {row['flag'] or 'not flagged'}.",
            f"  lz* {_shown(row['lz_star'])} (p {_shown(row['p'])}), {row['guttman']} harder steps passed while easier "
            "ones were failed",
            f"    computed by {_source(_fit_kernels.person_sums)}",
            "  an unlikely pattern is no proof of anything: it says where to look",
        ]
    if not lines:
        raise FolderRefused(f"{folder} knows no item and no person “{subject}”.", code="no_such_subject")
    return lines, EXIT_DONE


def _rows(folder: Path, name: str, column: str, subject: str) -> list[dict[str, Any]]:
    if not (folder / name).is_file():
        return []
    frame = read_table(folder / name, text_columns=[column, "flag", "option", "q3_partner"])
    return [row for row in frame.iter_rows(named=True) if row[column] == subject]


def _shown(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else "none" if value is None else str(value)
