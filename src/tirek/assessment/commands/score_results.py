"""Score a table that was read, and the files that `tirek score` writes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from tirek.storage.tables import safe, write_csv
from tirek_engines.errors import Refusal

if TYPE_CHECKING:
    from tirek.assessment.commands.score_table import ToScore
    from tirek.storage.runs import Run
    from tirek_engines.psychometrics.likelihood.model import Likelihood, Parameters
    from tirek_engines.psychometrics.scoring import Groups, KnownRegression

METHODS = {
    "eap": "posterior mean",
    "wle": "Warm's weighted likelihood estimate",
    "map": "posterior mode",
    "pv": "plausible values",
}


@dataclass(frozen=True)
class Scored:
    """Scores of all persons: `columns` as they are written, in order."""

    method: str
    columns: dict[str, Any]
    report: dict[str, object]
    notes: tuple[str, ...]
    fit: pl.DataFrame | None = None


def score_table(found: ToScore, options: dict[str, Any]) -> Scored:
    """Score every person by the method asked for."""
    from tirek.assessment.commands.score_dimensions import dimensions_of

    method = options["method"]
    if options.get("item_uncertainty") and (method != "pv" or dimensions_of(found.saved)):
        raise Refusal(
            "--item-uncertainty redraws the parameters for each plausible value of one dimension: use it with --method pv.",
            code="not_built",
        )
    if dimensions_of(found.saved):
        return _on_dimensions(found, options)
    likelihood, p = known_point(found)
    data = likelihood.data
    columns: dict[str, Any] = {"id": [safe(i) for i in found.table.ids]}
    report: dict[str, object] = {"method": method, "n": len(found.table.ids), "n_items": len(data.items.names)}
    notes = list(found.notes)
    without = int((data.n_answered == 0).sum())
    if without:
        notes.append(f"{without} of {len(found.table.ids)} persons have no answer to a calibrated item.")
    if method == "pv":
        values, more = _values(found, likelihood, p, options)
        columns |= {f"pv{k + 1}": row for k, row in enumerate(values)}
        report |= {"m": options["m"], "seed": options["seed"], **more}
        report |= {"mean": float(values.mean()), "sd": float(values.std(axis=1).mean())}
    else:
        columns |= _single(likelihood, p, method)
        theta = columns["theta"][np.isfinite(columns["theta"])]
        report |= {"mean": float(theta.mean()), "sd": float(theta.std())} if theta.size else {}
    columns |= {"score": data.raw_scores, "n_answered": data.n_answered}
    report |= {"n_without_answers": without, "notes": notes}
    fit = None
    if options.get("fit"):
        from tirek.assessment.commands.personfit import NO_PROOF, person_frame

        fit = person_frame(found, likelihood, p)
        report["n_persons_flagged"] = int((fit["flag"] == "unlikely").sum())
        notes.append(NO_PROOF)
        report["notes"] = notes
    return Scored(method, columns, report, tuple(notes), fit)


def _on_dimensions(found: ToScore, options: dict[str, Any]) -> Scored:
    """Several dimensions: each has its own columns."""
    from tirek.assessment.commands.score_dimensions import score_columns

    if options.get("fit"):
        raise Refusal(
            "--fit does not go with several dimensions: calibrate the items of each dimension by themselves and score on "
            "that folder.",
            code="not_built",
        )
    more, told = score_columns(found, options)
    columns = {"id": [safe(i) for i in found.table.ids], **more}
    report: dict[str, object] = {"method": options["method"], "n": len(found.table.ids), **told}
    if options["method"] == "pv":
        report |= {"m": options["m"], "seed": options["seed"]}
    return Scored(options["method"], columns, report | {"notes": list(found.notes)}, found.notes)


def known_point(found: ToScore) -> tuple[Likelihood, Parameters]:
    """The likelihood of the answers on the calibration's grid, at its estimates."""
    from tirek_engines.psychometrics.likelihood.model import Grid
    from tirek_engines.psychometrics.scoring import known_likelihood

    fit = found.saved.fit
    grid = Grid(int(fit["nodes"]), float(fit["range"]), float(fit.get("grid_centre", 0.0)))
    return known_likelihood(found.saved.items, _groups(found), found.answers, grid, _regression(found))


def _groups(found: ToScore) -> Groups:
    from tirek_engines.psychometrics.scoring import Groups

    groups = found.saved.groups
    return Groups(
        tuple(g.group for g in groups), np.array([g.mean for g in groups]), np.array([g.variance for g in groups])
    )


def _regression(found: ToScore) -> KnownRegression | None:
    from tirek_engines.psychometrics.scoring import KnownRegression

    if found.covariates is None:
        return None
    beta = {r.covariate: r.beta for r in found.saved.regression}
    return KnownRegression(np.array([beta[name] for name in found.covariates.names]), found.covariates)


def _single(likelihood: Likelihood, p: Parameters, method: str) -> dict[str, Any]:
    from tirek_engines.psychometrics.scoring import FLAG_NAMES, score_units

    scores = score_units(likelihood, p, method)
    names = pl.Series([name or None for name in FLAG_NAMES], dtype=pl.String)
    return {"theta": scores.theta, "se": scores.se, "flag": names.gather(scores.flag)}


def _values(
    found: ToScore, likelihood: Likelihood, p: Parameters, options: dict[str, Any]
) -> tuple[Any, dict[str, object]]:
    from tirek_engines.psychometrics.population.plausible import draw_values

    if options.get("item_uncertainty"):
        return _uncertain_values(found, likelihood, p, options)
    if found.schools is None:
        return draw_values(likelihood, p, m=options["m"], seed=options["seed"]), {}
    from tirek_engines.psychometrics.population.schooled import draw_with_schools

    drawn = draw_with_schools(
        likelihood,
        p,
        found.schools,
        None if found.covariates is None else found.covariates.values,
        m=options["m"],
        seed=options["seed"],
        effects=options["school_effects"],
    )
    return drawn.draws, {
        "school_effects": drawn.effects,
        "n_schools": int(found.schools.max()) + 1,
        "residual_sd": float(drawn.residual_sd.mean()),
    }


def _uncertain_values(
    found: ToScore, likelihood: Likelihood, p: Parameters, options: dict[str, Any]
) -> tuple[Any, dict[str, object]]:
    """Each plausible value under parameters redrawn from their covariance."""
    from tirek.assessment.commands.redrawing import redrawn
    from tirek_engines.psychometrics.population.plausible import draw_values, stream

    if found.schools is not None:
        raise Refusal(
            "--item-uncertainty and --school do not go together: schools' effects are drawn with known items. Leave one out.",
            code="not_built",
        )
    rng = stream(options["seed"], 2**32)
    seeds = rng.integers(1, 2**62, options["m"]).tolist()
    points = redrawn(found, likelihood.data.items.names, p, options["m"], rng)
    values = [draw_values(likelihood, point, m=1, seed=seed)[0] for point, seed in zip(points, seeds, strict=True)]
    return np.stack(values), {"item_uncertainty": True}


def write_scores(run: Run, scored: Scored) -> dict[str, object]:
    """Write persons.csv and score.json; returns what the second holds."""
    write_csv(run.folder / "persons.csv", pl.DataFrame(scored.columns))
    if scored.fit is not None:
        write_csv(run.folder / "persons_fit.csv", scored.fit)
    run.write_json("score.json", scored.report)
    return scored.report


def summary(scored: Scored, out: Path) -> str:
    """What a person reads at the end."""
    r = scored.report
    lines = [f"{r['n']:,} persons, {r['n_items']} items: {METHODS[scored.method]}"]
    if isinstance(r.get("mean"), dict):
        spreads: Any = r["sd"]
        lines += [f"{k}: mean {v:.3f}, standard deviation {spreads[k]:.3f}" for k, v in dict(r["mean"]).items()]  # type: ignore[call-overload]
    elif "mean" in r:
        lines.append(f"mean {r['mean']:.3f}, standard deviation {r['sd']:.3f}")
    return "\n".join([*lines, f"Results: {out}"])
