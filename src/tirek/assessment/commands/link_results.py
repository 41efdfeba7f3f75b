"""Linking folders of calibrations: from two or more folders to what `tirek link` writes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tirek.assessment.commands.link_sides import Side, find_anchors, read_base, read_side, refuse_options
from tirek.assessment.commands.linked import Linked, LinkedTest
from tirek.storage.tables import write_csv

if TYPE_CHECKING:
    from tirek.storage.runs import Run
    from tirek_engines.psychometrics.linking.drift import DriftRules
    from tirek_engines.psychometrics.linking.methods import LinkOptions

DRIFTING_SHARE = 0.2


def link_folders(base: Path, new: tuple[Path, ...], options: Mapping[str, Any]) -> Linked:
    """Read the folders and link them."""
    from tirek.assessment.commands.link_scale import reporting_scale

    refuse_options(new, options)
    sides = read_base(base), *(read_side(n) for n in new)
    how, rules = link_options(options), drift_rules(options)
    tests = _pair(sides[0], sides[1], options, how, rules) if len(new) == 1 else _many(sides, options, how, rules)
    scale = reporting_scale(sides[0], options)
    notes = tuple(note for side in sides for note in side.saved.notes)
    warnings = tuple(w for t in tests for w in link_warnings(t, options["purify"]))
    return Linked(sides[0], tests, how, rules, scale, options["persons"], options["drop"], notes, warnings)


def link_options(options: Mapping[str, Any]) -> LinkOptions:
    """The engine's options from those of the command."""
    from tirek_engines.psychometrics.linking.methods import LinkOptions

    names = ("method", "slope", "direction", "nodes", "half_range", "node_weights")
    return LinkOptions(**{n: options[n] for n in names})


def drift_rules(options: Mapping[str, Any]) -> DriftRules:
    """When an anchor drifts."""
    from tirek_engines.psychometrics.linking.drift import DriftRules

    return DriftRules(options["drift_z"], options["drift_logits"], rmsd=options["drift_rmsd"])


def _pair(
    base: Side, new: Side, options: Mapping[str, Any], how: LinkOptions, rules: DriftRules
) -> tuple[LinkedTest, ...]:
    from tirek_engines.psychometrics.linking.drift import purify
    from tirek_engines.psychometrics.linking.linkerror import ItemErrors, link_error

    anchors = find_anchors(base, new, options)
    errors = base.errors(anchors.base.names), new.errors(anchors.new.names)
    known = errors if np.isfinite(errors[0].location).all() and np.isfinite(errors[1].location).all() else None
    found = purify(anchors, how, rules, errors=known, remove=options["purify"])
    used = np.flatnonzero(found.in_use)
    kept = None if known is None else tuple(ItemErrors(e.location[used], e.slope[used]) for e in known)
    chosen = anchors.take(used)
    noise = base.noise(chosen.base), new.noise(chosen.new)
    error = link_error(chosen, found.constants, how, at=new.mean, errors=kept, noise=noise)
    return (LinkedTest(new, anchors, found.constants, found.drift, found.removed_in, error),)


def _many(
    sides: tuple[Side, ...], options: Mapping[str, Any], how: LinkOptions, rules: DriftRules
) -> tuple[LinkedTest, ...]:
    from tirek.assessment.commands.link_sides import anchor_list
    from tirek.assessment.commands.persons import listed
    from tirek_engines.psychometrics.linking.simultaneous import link_together

    tests, (only, units) = [side.saved.items for side in sides], anchor_list(options["anchors"])
    at, drop = [s.mean for s in sides], listed(options["drop"])
    found = link_together(tests, how, rules, at=at, drop=drop, only=only, units=units)
    return tuple(
        LinkedTest(side, f.anchors, f.constants, f.drift, np.zeros(len(f.anchors), np.int64), f.error)
        for side, f in zip(sides[1:], found, strict=True)
    )


def link_warnings(test: LinkedTest, purified: bool) -> list[str]:
    """What should make a reader think twice."""
    from tirek_engines.psychometrics.linking.anchors import COMFORTABLE_ANCHORS, COMFORTABLE_SHARE

    found, n, name = [], test.n_used, test.side.name
    if n < COMFORTABLE_ANCHORS:
        found.append(f"{name}: only {n} anchors; {COMFORTABLE_ANCHORS} or more are advised.")
    if n < COMFORTABLE_SHARE * min(test.anchors.n_base, test.anchors.n_new):
        found.append(f"{name}: {n} anchors are less than {COMFORTABLE_SHARE:.0%} of the shorter test.")
    drifting = [m for m, f in zip(test.anchors.base.names, test.drift.flagged, strict=True) if f]
    left = [
        m for m, f, r in zip(test.anchors.base.names, test.drift.flagged, test.removed_in, strict=True) if f and not r
    ]
    if left and not purified:
        found.append(f"{name}: anchors that drift and still link: {', '.join(left)}. Look at them; --purify or --drop.")
    if len(drifting) > DRIFTING_SHARE * len(test.anchors):
        found.append(
            f"{name}: {len(drifting)} of {len(test.anchors)} anchors drift: the tests may measure different things."
        )
    if not test.constants.converged:
        found.append(f"{name}: the search for slope and intercept did not end; do not use them.")
    if not 0.5 <= test.constants.slope <= 2.0:
        found.append(f"{name}: the slope {test.constants.slope:.3f} is far from 1: one calibration may not be sound.")
    return found


def link_report(linked: Linked) -> dict[str, object]:
    """What link.json holds; the first new calibration stands at the top."""
    how, rules = linked.options, linked.rules
    per_test = [_report_of(t, linked.base.error) for t in linked.tests]
    return {
        **per_test[0],
        "method": how.method,
        "slope_rule": how.slope,
        "direction": how.direction,
        "nodes": how.nodes,
        "range": how.half_range,
        "node_weights": how.node_weights,
        "base": linked.base.name,
        "dropped": linked.drop,
        "drift_rules": {"robust_z": rules.robust_z, "logits": rules.logits, "z": rules.z, "rmsd": rules.rmsd},
        "links": per_test,
        "notes": list(linked.notes),
        "warnings": list(linked.warnings),
    }


def _report_of(test: LinkedTest, before: float) -> dict[str, object]:
    used = test.removed_in == 0
    error, drift = test.error, test.drift
    return {
        "test": test.side.name,
        "slope": test.constants.slope,
        "intercept": test.constants.intercept,
        "error": error.error,
        "n_anchors": test.n_used,
        "error_method": error.method,
        "slope_se": error.slope_se,
        "intercept_se": error.intercept_se,
        "covariance": error.covariance,
        "error_jackknife": error.jackknife,
        "error_sampling": error.sampling,
        "error_at": error.at,
        "error_with_base": float(np.hypot(error.error, before)),
        "error_trend": float(np.hypot(error.trend, before)),
        "n_units": error.n_units,
        "rmsd": float(np.sqrt(np.mean(drift.difference[used] ** 2))),
        "correlation": _correlation(test, used),
        "n_drifting": int(drift.flagged.sum()),
        "n_removed": int((~used).sum()),
        "n_items_base": test.anchors.n_base,
        "n_items_new": test.anchors.n_new,
        "converged": test.constants.converged,
    }


def _correlation(test: LinkedTest, used: np.ndarray[Any, np.dtype[np.bool_]]) -> float:
    from tirek_engines.psychometrics.linking.anchors import locations

    one, other = locations(test.anchors.base)[used], locations(test.anchors.new)[used]
    if one.size < 2 or one.std() == 0 or other.std() == 0:
        return math.nan
    return float(np.corrcoef(one, other)[0, 1])


def write_linked(run: Run, linked: Linked) -> dict[str, object]:
    """Write every file; returns what link.json holds."""
    from tirek.assessment.commands import link_tables as tables

    write_csv(run.folder / "drift.csv", tables.drift_frame(linked))
    write_csv(run.folder / "items_linked.csv", tables.items_frame(linked))
    write_csv(run.folder / "groups_linked.csv", tables.groups_frame(linked))
    run.write_json("scale.json", linked.scale.constants(linked.tests[0].constants))
    if linked.persons:
        write_csv(run.folder / "persons_linked.csv", tables.persons_frame(linked, Path(linked.persons)))
    report = link_report(linked)
    run.write_json("link.json", report)
    return report


def summary(linked: Linked, out: Path) -> str:
    """What a person reads at the end."""
    lines = []
    for t in linked.tests:
        lines.append(
            f"{t.side.name} on the scale of {linked.base.name} ({linked.options.method}): "
            f"theta_base = {t.constants.slope:.4f} theta_new {t.constants.intercept:+.4f}, linking error "
            f"{t.error.error:.4f} ({t.error.method}), {t.n_used} anchors"
        )
        gone = [n for n, r in zip(t.anchors.base.names, t.removed_in, strict=True) if r]
        if gone:
            lines.append(f"  taken out for drift: {', '.join(gone)}")
    return "\n".join([*lines, f"Results: {out}"])
