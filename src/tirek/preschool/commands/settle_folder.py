"""What `tirek verify` and `tirek explain` do with a folder that `tirek settle` wrote."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tirek.preschool.commands.settle import FILES
from tirek.preschool.commands.settle_results import CHECKS, REASONS, STATUSES, Results, compute, tenge
from tirek.storage.command_runs import input_path, source_of, unchanged, verify_run
from tirek.storage.runs import FolderRefused, Run
from tirek_engines.errors import EXIT_DONE
from tirek_engines.preschool import _counting
from tirek_engines.preschool.settlement import WHOLE, days_of


def verify_folder(folder: Path) -> tuple[list[str], int]:
    """Settle again and compare every output."""

    def again(manifest: Mapping[str, Any], run: Run) -> None:
        _results(manifest).write(run)

    return verify_run(folder, again)


def _results(manifest: Mapping[str, Any]) -> Results:
    files = {name: path for name in FILES if (path := input_path(manifest, name)) is not None}
    return compute(files, manifest["arguments"])


def explain_folder(folder: Path, subject: str) -> tuple[list[str], int]:
    """Tell how the lines of a child came about, or what a kindergarten is paid."""
    results = _results(unchanged(folder))
    frame = results.found.frame
    at = np.flatnonzero((frame["child"] == subject).to_numpy())
    if at.size:
        return [text for line in at for text in _line(results, int(line))], EXIT_DONE
    paid = results.payable_frame().filter(kindergarten=subject)
    if not paid.height:
        raise FolderRefused(f"{folder} knows no child and no kindergarten “{subject}”.", code="no_such_subject")
    row = paid.row(0, named=True)
    return [
        f"Kindergarten {subject}: {tenge(row['amount_tiyn'])} for {row['lines']:,} lines.",
        f"  withheld: {tenge(row['withheld_tiyn'])} of {row['withheld_lines']:,} lines",
    ], EXIT_DONE


def _line(results: Results, line: int) -> list[str]:
    found, lines, month = results.found, results.lines, results.month
    row, pay = found.frame.row(line, named=True), results.norms.pay(month)
    status, reason = STATUSES[lines.status[line]], REASONS[lines.reason[line]]
    told = [
        f"Child {row['child']} in {row['group']} of {row['kindergarten']}: {tenge(int(lines.amount[line]))}, {status} "
        f"({reason}).",
        f"  days of the contract that are worked: {_days(found.masks['enrolled'][line] & np.uint32(month.working))}",
        *[f"  marked {name}: {_days(found.masks[name][line])}" for name in ("present", "excused", "closed")],
        f"  paid: {lines.days[line, 0]} days present at 1, {lines.days[line, 1]} excused at {pay.excused / WHOLE:g} (at most "
        f"{pay.most_excused}), {lines.days[line, 2]} closed at {pay.closed / WHOLE:g} of the norm",
    ]
    for part, rate in zip(month.segments, results.rates[line], strict=True):
        first = days_of(part)[0]
        norm = "there is no norm" if rate < 0 else f"the norm is {tenge(int(rate))} a month"
        told.append(f"  from day {first}: {norm}, divided by {pay.divisor}")
    told.append("  confirmed by the parent" if found.confirmed[line] else "  not confirmed by the parent")
    for check in results.flags.filter(child=row["child"], group=row["group"])["check"]:
        told.append(f"  to look at: {CHECKS[check]}")
    return [*told, f"    computed by {source_of(_counting.settle)}"]


def _days(mask: int) -> str:
    return ", ".join(str(day) for day in days_of(int(mask))) or "none"
