"""What `tirek verify` and `tirek explain` do with a folder that `tirek score` wrote."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tirek.assessment.commands.running import input_path, unchanged, verify_run
from tirek.storage.runs import FolderRefused, Run
from tirek_engines.errors import EXIT_DONE


def verify_folder(folder: Path) -> tuple[list[str], int]:
    """Score again and compare every output."""
    from tirek.assessment.commands.score import compute
    from tirek.assessment.commands.score_results import write_scores

    def again(manifest: Mapping[str, Any], run: Run) -> None:
        path = input_path(manifest, "answers")
        assert path is not None
        write_scores(run, compute(path, dict(manifest["arguments"])))

    return verify_run(folder, again)


def explain_folder(folder: Path, subject: str) -> tuple[list[str], int]:
    """Tell how a person's score came about: what was believed before, the answers, the estimate."""
    from tirek.assessment.commands.folders import _source
    from tirek.assessment.commands.score_dimensions import dimensions_of, explain_lines
    from tirek.assessment.commands.score_results import METHODS, known_point, score_table
    from tirek.assessment.commands.score_table import read_for_scoring
    from tirek_engines.psychometrics import scoring
    from tirek_engines.psychometrics.population import plausible

    manifest = unchanged(folder)
    path = input_path(manifest, "answers")
    assert path is not None
    options = dict(manifest["arguments"])
    found = read_for_scoring(path, options, several=True)
    if subject not in found.table.ids:
        raise FolderRefused(
            f"{folder} knows no person “{subject}”. Without --id, persons are numbered by row from 1.",
            code="no_such_subject",
        )
    row = found.table.ids.index(subject)
    if dimensions_of(found.saved):
        head = f"Person {subject} (row {row + 2} of the file), {METHODS[options['method']]}:"
        return [head, *explain_lines(found, options, row), f"Input: {path}"], EXIT_DONE
    likelihood, p = known_point(found)
    means, sds = scoring.prior_of_units(likelihood, p)
    unit = likelihood.data.unit_of_person[row]
    columns = score_table(found, options).columns
    numbers = [f"{name} {float(columns[name][row]):.4f}" for name in columns if name in ("theta", "se")]
    numbers += [f"{name} {float(columns[name][row]):.4f}" for name in columns if name.startswith("pv")]
    made_by = plausible.draw_values if options["method"] == "pv" else scoring.score_units
    lines = [
        f"Person {subject} (row {row + 2} of the file): {columns['n_answered'][row]} calibrated items answered, raw "
        f"score {columns['score'][row]}.",
        f"  before the answers: normal with mean {means[unit]:.4f} and standard deviation {sds[unit]:.4f}",
        f"  {METHODS[options['method']]}: {', '.join(numbers)}",
        f"    computed by {_source(made_by)}",
        f"  scale of the calibration {found.saved.folder}",
        "  answers:",
    ]
    difficulties = {name: b[0] for name, b in zip(found.saved.items.names, found.saved.items.difficulties, strict=True)}
    codes = found.answers.codes[row]
    lines += [
        f"    {name}: {code} (first step at {difficulties[name]:.3f})"
        for name, code in zip(found.answers.items, codes.tolist(), strict=True)
        if code != 255
    ]
    return [*lines, f"Input: {path}"], EXIT_DONE
