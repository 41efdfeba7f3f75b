"""What `tirek verify` and `tirek explain` do with a folder that `tirek allocate` wrote."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tirek.preschool.commands.allocate import FILES
from tirek.preschool.commands.allocate_results import Results, compute
from tirek.preschool.commands.allocation_orders import order_of_all, place_in_queue
from tirek.storage.command_runs import input_path, source_of, unchanged, verify_run
from tirek.storage.runs import FolderRefused, Run
from tirek_engines.errors import EXIT_DONE
from tirek_engines.matching import deferred_acceptance

WORDS = {
    "met": "given",
    "not_needed": "not needed, a dearer wish was met",
    "no_seats": "not given: the group has no seats",
    "not_for_you": "not given: all its seats are kept for others",
    "age_does_not_fit": "not given: the age does not fit",
    "after_the_last": "not given: all seats went to children who go before",
}


def verify_folder(folder: Path) -> tuple[list[str], int]:
    """Allocate again and compare every output."""

    def again(manifest: Mapping[str, Any], run: Run) -> None:
        _results(manifest).write(run)

    return verify_run(folder, again)


def _results(manifest: Mapping[str, Any]) -> Results:
    files = {name: path for name in FILES if (path := input_path(manifest, name)) is not None}
    return compute(files, manifest["arguments"])


def explain_folder(folder: Path, subject: str) -> tuple[list[str], int]:
    """Tell a child's place in the queue and the fate of each wish, or whom a group admitted last."""
    results = _results(unchanged(folder))
    children = results.tables.children
    at = children["child"].index_of(subject)
    if at is not None:
        return _child(results, int(at)), EXIT_DONE
    groups = results.cutoff_frame().filter(group=subject)
    if not groups.height:
        raise FolderRefused(f"{folder} knows no child and no group “{subject}”.", code="no_such_subject")
    return [
        f"Group {subject}, {row['seat_type']} seats: {row['taken']} of {row['seats']} taken; wished by {row['wished_by']}."
        + (f" Last admitted: {row['last_category']}, {row['last_received_at']}." if row["last_place"] else "")
        for row in groups.iter_rows(named=True)
    ], EXIT_DONE


def _child(results: Results, at: int) -> list[str]:
    row = results.tables.children.row(at, named=True)
    got = results.assignment_frame().row(at, named=True)
    place = f"a place in {got['group']} ({got['seat_type']})" if got["group"] else "no place"
    lines = [
        f"Child {row['child']}: {place}.",
        f"  {row['__age']} years on {results.rules.day}; category {row['category']}, application of {row['received_at']}: "
        f"place {results.orders.queue[at]} in the queue",
        f"    counted by {source_of(place_in_queue)}",
    ]
    told = results.reason_frame().filter(child=results.assignment_frame()["child"][at])
    for wish in told.iter_rows(named=True):
        lines.append(f"  {wish['rank']}. {wish['group']}: {WORDS[wish['outcome']]}")
        if wish["place"] and wish["last_place"]:
            lines.append(
                f"     place {wish['place']} of those who named it; the last admitted had {wish['last_place']}"
            )
        if wish["criterion"]:
            lines.append(f"     settled by {wish['criterion']}: {wish['own']}; the last admitted: {wish['cutoff']}")
    if not told.height:
        lines.append("  It names no wish.")
    lines.append(f"Order of all: {source_of(order_of_all)}; places are given by {source_of(deferred_acceptance)}")
    return lines
