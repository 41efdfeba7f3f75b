"""What `tirek verify` and `tirek explain` do with a folder that `tirek link` wrote."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tirek.assessment.commands.running import unchanged, verify_run
from tirek.storage.runs import FolderRefused, Run
from tirek_engines.errors import EXIT_DONE

if TYPE_CHECKING:
    from tirek.assessment.commands.linked import Linked, LinkedTest


def verify_folder(folder: Path) -> tuple[list[str], int]:
    """Link again and compare every output."""
    from tirek.assessment.commands.link_results import write_linked

    def compute(manifest: Mapping[str, Any], run: Run) -> None:
        write_linked(run, _linked(manifest))

    return verify_run(folder, compute)


def _linked(manifest: Mapping[str, Any]) -> Linked:
    from tirek.assessment.commands.link import compute

    places = {
        role: [Path(e["path"]).parent for e in manifest["inputs"] if e["role"] == role] for role in ("base", "new")
    }
    return compute(places["base"][0], tuple(places["new"]), dict(manifest["arguments"]))


def explain_folder(folder: Path, subject: str) -> tuple[list[str], int]:
    """Tell how an anchor stands on the two sides of the link, and why it is used or not."""
    linked = _linked(unchanged(folder))
    lines = [line for test in linked.tests for line in _lines(linked, test, subject)]
    if not lines:
        raise FolderRefused(f"{folder} knows no common item “{subject}”. See drift.csv.", code="no_such_subject")
    return lines, EXIT_DONE


def _lines(linked: Linked, test: LinkedTest, subject: str) -> list[str]:
    from tirek.assessment.commands.folders import _source
    from tirek_engines.psychometrics.linking import anchors, drift
    from tirek_engines.psychometrics.linking import methods as linking

    for name, reason in test.anchors.apart:
        if name == subject:
            return [
                f"Item {subject} is in both tests but is no anchor: {reason}.",
                f"  decided by {_source(anchors.match_items)}",
            ]
    if subject not in test.anchors.base.names:
        return []
    j = test.anchors.base.names.index(subject)
    d, c, rules = test.drift, test.constants, linked.rules
    state = f"taken out in round {test.removed_in[j]}" if test.removed_in[j] else "in use"
    return [
        f"Item {subject}, {test.side.name} against {linked.base.name}: {state}.",
        f"  location {anchors.locations(test.anchors.base)[j]:.4f} in the base; {anchors.locations(test.anchors.new)[j]:.4f} "
        f"in the new test, that is {anchors.locations(anchors.transform(test.anchors.new, c.slope, c.intercept))[j]:.4f} there",
        f"  difference {d.difference[j]:+.4f} logits ({d.size[j]}), robust z {d.robust_z[j]:+.2f}, distance of curves {d.rmsd[j]:.4f}",
        f"  flagged: {'yes' if d.flagged[j] else 'no'} (robust z beyond {rules.robust_z:g} and {rules.logits:g} logits or more, "
        f"or distance above {rules.rmsd:g})",
        f"    decided by {_source(drift.measure_drift)}",
        f"  theta_base = {c.slope:.6f} theta_new {c.intercept:+.6f}, {linked.options.method}, from {test.n_used} anchors",
        f"    computed by {_source(linking.constants)}",
    ]
