"""What `tirek verify` and `tirek explain` do with a folder that `tirek power` wrote."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tirek.assessment.commands.folders import _source
from tirek.assessment.commands.running import unchanged, verify_run
from tirek.programmes.commands.power import compute
from tirek.storage.runs import FolderRefused, Run
from tirek_engines.errors import EXIT_DONE


def verify_folder(folder: Path) -> tuple[list[str], int]:
    """Compute the table again and compare."""

    def again(manifest: Mapping[str, Any], run: Run) -> None:
        compute(manifest["arguments"]).write(run)

    return verify_run(folder, again)


def explain_folder(folder: Path, subject: str) -> tuple[list[str], int]:
    """Tell how the smallest effect of a number of schools came about."""
    from tirek_engines.evaluation.power import mdes

    manifest = unchanged(folder)
    rows = [r for r in compute(manifest["arguments"]).table.iter_rows(named=True) if str(r["schools"]) == subject]
    if not rows:
        raise FolderRefused(
            f"{folder} knows no design of {subject} schools. See the column schools.", code="no_such_subject"
        )
    row = rows[0]
    split = row["treated_share"] * (1.0 - row["treated_share"]) * row["schools"]
    between = row["rho"] * (1.0 - row["r2_between"]) / split
    within = (1.0 - row["rho"]) * (1.0 - row["r2_within"]) / (split * row["pupils"])
    error = (between + within) ** 0.5
    return [
        f"{subject} schools: smallest effect {row['mdes']:.6f} = {row['mdes'] / error:.4f} x {error:.6f}",
        f"  the error's square: {between:.6f} between schools + {within:.6f} within",
        f"  the factor: quantiles of t with {row['schools'] - row['covariates'] - 2} degrees of freedom",
        f"  computed by {_source(mdes)}",
    ], EXIT_DONE
