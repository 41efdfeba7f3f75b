"""What `tirek verify` and `tirek explain` do with a folder that `tirek dif` wrote."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tirek.assessment.commands.running import input_path, unchanged, verify_run
from tirek.storage.runs import FolderRefused, Run
from tirek.storage.tables import read_table
from tirek_engines.errors import EXIT_DONE

EFFECTS = {
    "mh": "ETS delta, -2.35 times the log of the common odds ratio (reference over focal)",
    "logistic": "log odds of the focal group over the reference group at equal raw score",
    "lr": "log odds of the focal group over the reference group at the focal group's mean ability",
}


def verify_folder(folder: Path) -> tuple[list[str], int]:
    """Compare the groups again, and every output."""
    from tirek.assessment.commands.dif import compute
    from tirek.assessment.commands.dif_results import write_dif

    def again(manifest: Mapping[str, Any], run: Run) -> None:
        path = input_path(manifest, "answers")
        assert path is not None
        write_dif(run, compute(path, dict(manifest["arguments"])))

    return verify_run(folder, again)


def explain_folder(folder: Path, subject: str) -> tuple[list[str], int]:
    """Tell how an item was compared, and why it is of its class."""
    manifest = unchanged(folder)
    method = manifest["arguments"]["method"]
    frame = read_table(folder / "dif.csv", text_columns=["item", "class", "favours", "verdict", "focal", "reference"])
    rows = [row for row in frame.iter_rows(named=True) if row["item"] == subject]
    if not rows:
        raise FolderRefused(f"{folder} knows no item “{subject}”.", code="no_such_subject")
    lines = [line for row in rows for line in _lines(row, method)]
    return lines, EXIT_DONE


def _lines(row: dict[str, Any], method: str) -> list[str]:
    from tirek.assessment.commands.folders import _source
    from tirek_engines.psychometrics.dif import common as dif
    from tirek_engines.psychometrics.dif import likelihood_ratio as diflr
    from tirek_engines.psychometrics.dif import logistic as diflogistic
    from tirek_engines.psychometrics.dif import mantel_haenszel as difmh

    made_by: dict[str, Callable[..., object]] = {
        "mh": difmh.mantel_haenszel,
        "logistic": diflogistic.logistic_regression,
        "lr": diflr.likelihood_ratio,
    }
    classed_by = diflogistic.r2_classes if method == "logistic" else dif.ets_classes
    return [
        f"Item {row['item']}, focal group {row['focal']} ({row['n_focal']} persons) against "
        f"{row['reference'] or 'the others'} ({row['n_reference']}): class {row['class'] or 'none'}, {row['verdict']}.",
        f"  effect {_shown(row['effect'])} (standard error {_shown(row['se'])}): {EFFECTS[method]}; above 0 the item is "
        "easier for the focal group",
        f"  statistic {_shown(row['x2'])} on {_shown(row['df'])} degrees of freedom, p {_shown(row['p'])}",
        f"    computed by {_source(made_by[method])}",
        f"    class decided by {_source(classed_by)}",
        *(["  set aside: it does not match persons for the other items"] if row["set_aside"] else []),
    ]


def _shown(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else "none" if value is None else str(value)
