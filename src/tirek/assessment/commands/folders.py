"""What `tirek verify` and `tirek explain` do with a folder that `tirek calibrate` wrote."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tirek.storage.runs import FolderRefused, Run, changed_files, read_manifest
from tirek_engines.errors import EXIT_BAD_INPUT, EXIT_DONE

if TYPE_CHECKING:
    from tirek_engines.psychometrics import Calibration

FORMULAS = {
    "3pl": "P(right) = c + (1 - c) / (1 + exp(-(a theta + d1))); b = -d1 / a",
    "graded": "P(score k or more) = 1 / (1 + exp(-(a theta + d_k))); b = -(d1 + … + d_K) / (K a)",
    "pcm": "P(score k) is proportional to exp(a k theta + d_k), d_0 = 0; b = -d_K / (K a)",
}
"""How an item's parameters give its curve; "pcm" stands for Rasch, 2PL, PCM and GPCM."""


def verify_folder(folder: Path) -> tuple[list[str], int]:
    """Recompute a calibration from the recorded inputs and compare every output; see `running.verify_run`."""
    from tirek.assessment.commands.running import verify_run

    def compute(manifest: Mapping[str, Any], run: Run) -> None:
        _compute(manifest, run)

    return verify_run(folder, compute)


def _compute(manifest: Mapping[str, Any], run: Run | None = None) -> tuple[Any, Calibration]:
    from tirek.assessment.commands.calibrate import calibrate_file, outputs_of

    table, calibration = calibrate_file(_answers_path(manifest), manifest["arguments"])
    if run is not None:
        outputs_of(manifest["arguments"])[0](run, table, calibration)
    return table, calibration


def _answers_path(manifest: Mapping[str, Any]) -> Path:
    return Path(next(entry["path"] for entry in manifest["inputs"] if entry["role"] == "answers"))


def explain_folder(folder: Path, subject: str) -> tuple[list[str], int]:
    """Tell how a person's scores or an item's parameters came about."""
    manifest = read_manifest(folder)
    changed = changed_files(folder, manifest)
    if changed:
        return [
            *changed,
            "Nothing is explained: the files are not those of the recorded run.",
        ], EXIT_BAD_INPUT
    from tirek.assessment.commands.dimension_tables import person_lines

    table, calibration = _compute(manifest)
    lines = _item_lines(calibration, subject)
    if manifest["arguments"].get("stream"):
        lines += _streamed_lines(manifest, table, calibration, subject)
    elif subject in table.ids:
        lines_of = person_lines if manifest["arguments"].get("dimension") else _person_lines
        lines += lines_of(table, calibration, table.ids.index(subject))
    if not lines:
        raise FolderRefused(
            f"{folder} knows no person and no item “{subject}”. Without --id, persons are numbered by row from 1.",
            code="no_such_subject",
        )
    return [
        *lines,
        f"Input: {_answers_path(manifest)}, SHA-256 {manifest['inputs'][0]['sha256'][:16]}…",
    ], EXIT_DONE


def _streamed_lines(manifest: Mapping[str, Any], table: Any, calibration: Calibration, subject: str) -> list[str]:
    from tirek.assessment.commands.calibrate import specification
    from tirek.assessment.commands.streamed import person_lines

    return person_lines(table, calibration, specification(dict(manifest["arguments"])), subject)


def _source(function: Callable[..., object]) -> str:
    """`module.function, file:line` of a function, compiled or not."""
    plain = getattr(function, "py_func", function)
    _, line = inspect.getsourcelines(plain)
    return f"{plain.__module__}.{plain.__name__}, line {line}"


def _item_lines(calibration: Calibration, subject: str) -> list[str]:
    from tirek_engines.psychometrics.calibration import calibrate
    from tirek_engines.psychometrics.data import prepared

    lines = []
    for dropped in calibration.dropped:
        if dropped.item == subject:
            lines += [
                f"Item {subject} was not calibrated: {dropped.reason} ({dropped.n} answers).",
                f"  decided by {_source(prepared.item_table)}",
            ]
    for item in calibration.items:
        if item.item == subject:
            lines += [
                f"Item {subject}, model {item.model}: {item.n:,} answers, mean score {item.mean:.4f}.",
                f"  difficulty b = {_number(item.b)}, standard error {_number(item.se_b)}",
                f"  slope a = {_number(item.a)}, standard error {_number(item.se_a)}",
                *[
                    f"  d{k} = {_number(d)}, standard error {_number(se)}"
                    for k, (d, se) in enumerate(zip(item.d, item.se_d, strict=True), start=1)
                ],
                *([f"  guessing c = {item.c:.4f}, standard error {_number(item.se_c)}"] if item.model == "3pl" else []),
                f"  {FORMULAS.get(item.model, FORMULAS['pcm'])}",
                *(["  its parameters were given as fixed"] if item.fixed else []),
                f"  estimated by {_source(calibrate)}",
            ]
    return lines


def _number(value: float) -> str:
    return "fixed" if math.isnan(value) else f"{value:.4f}"


def _person_lines(table: Any, calibration: Calibration, row: int) -> list[str]:
    from tirek_engines.psychometrics import FLAG_NAMES
    from tirek_engines.psychometrics.kernels import score as _kernels
    from tirek_engines.psychometrics.kernels import warm as _warm_kernels
    from tirek_engines.psychometrics.scoring import prior_of_units, scores_of

    data, p = calibration.prepared, calibration.persons
    if p is None:
        return ["Persons were not scored in this run (--no-persons)."]
    run = data.unit_run[data.unit_of_person[row]]
    group = data.group_names[data.run_group[run]]
    means, sds = prior_of_units(calibration.likelihood, calibration.parameters)
    unit = data.unit_of_person[row]
    lines = [
        f"Person {table.ids[row]} (row {row + 2} of the file), group {group}: {p.n_answered[row]} calibrated items "
        f"answered, raw score {p.score[row]}, weight {data.weights[row]:.4f}.",
        f"  EAP {p.eap[row]:.4f}, posterior standard deviation {p.eap_se[row]:.4f}: mean of the posterior under "
        f"N({means[unit]:.4f}, {sds[unit] ** 2:.4f})",
        f"    computed by {_source(_kernels.posterior_pass)}",
    ]
    if FLAG_NAMES[p.flag[row]] == "no-answers":
        return [*lines, "  no WLE: without answers there is nothing to estimate it from"]
    flag = FLAG_NAMES[p.flag[row]]
    lines += [
        f"  WLE {p.wle[row]:.4f}, standard error {p.wle_se[row]:.4f}" + (f" [{flag}]" if flag else ""),
        f"    computed by {_source(_warm_kernels.warm_estimates)}, called from {_source(scores_of)}",
        "  answers:",
    ]
    codes = table.answers.codes[row]
    for item, column in zip(calibration.items, data.items.columns.tolist(), strict=True):
        if codes[column] != 255:
            lines.append(f"    {item.item}: {codes[column]} (b {item.b:.3f})")
    return lines
