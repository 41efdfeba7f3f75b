"""The files that `tirek calibrate` writes, with the columns that COMMANDS promises."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from tirek.storage.tables import safe, write_csv
from tirek_engines.psychometrics import FLAG_NAMES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tirek.assessment.commands.answers import AnswerTable
    from tirek.storage.runs import Run
    from tirek_engines.psychometrics import Calibration

SHOWN_ITEMS = 12


def write_outputs(run: Run, table: AnswerTable, calibration: Calibration) -> dict[str, object]:
    """Write all tables and fit.json; returns what fit.json holds."""
    write_csv(run.folder / "items.csv", with_replicates(items_frame(calibration), calibration, "items"))
    write_csv(run.folder / "groups.csv", with_replicates(groups_frame(calibration), calibration, "groups"))
    write_csv(run.folder / "dropped.csv", dropped_frame(calibration))
    if calibration.regression:
        frame = with_replicates(regression_frame(calibration), calibration, "regression")
        write_csv(run.folder / "regression.csv", frame)
    if calibration.persons is not None:
        write_csv(run.folder / "persons.csv", persons_frame(table, calibration))
    fit = fit_summary(table, calibration)
    run.write_json("fit.json", fit)
    return fit


def and_covariance(write: Callable[..., dict[str, object]]) -> Callable[..., dict[str, object]]:
    """The same tables and covariance.csv."""
    from tirek.assessment.commands.covariance import NAME, covariance_frame

    def both(run: Run, table: AnswerTable, calibration: Calibration) -> dict[str, object]:
        write_csv(run.folder / NAME, covariance_frame(calibration))
        return write(run, table, calibration)

    return both


def with_replicates(frame: pl.DataFrame, calibration: Calibration, name: str) -> pl.DataFrame:
    """The table with errors by replication, where there are any."""
    from tirek.assessment.commands import replicated

    errors = calibration.replicated
    if errors is None:
        return frame
    if name == "items":
        columns = replicated.item_columns(errors, [len(i.d) for i in calibration.items])
    elif name == "groups":
        columns = replicated.group_columns(errors)
    else:
        columns = {"se_rep": errors.beta.tolist()}
    return replicated.with_columns(frame, columns)


def items_frame(calibration: Calibration) -> pl.DataFrame:
    """item, model, a, b, c, d1…dk, se_a, se_b, se_c, se_d1…se_dk, n, mean, values, fixed."""
    items = calibration.items
    most = max(len(i.d) for i in items)
    columns: dict[str, list[object]] = {
        "item": [safe(i.item) for i in items],
        "model": [i.model for i in items],
        "a": [i.a for i in items],
        "b": [i.b for i in items],
        "c": [i.c for i in items],
    }
    for k in range(most):
        columns[f"d{k + 1}"] = [i.d[k] if k < len(i.d) else None for i in items]
    columns |= {
        "se_a": [i.se_a for i in items],
        "se_b": [i.se_b for i in items],
        "se_c": [i.se_c for i in items],
    }
    for k in range(most):
        columns[f"se_d{k + 1}"] = [i.se_d[k] if k < len(i.d) else None for i in items]
    columns |= {"n": [i.n for i in items], "mean": [i.mean for i in items]}
    columns["values"] = ["|".join(map(str, i.values)) for i in items]
    columns["fixed"] = ["yes" if i.fixed else None for i in items]
    return pl.DataFrame(columns, schema_overrides={"fixed": pl.String})


def groups_frame(calibration: Calibration) -> pl.DataFrame:
    """group, mean, variance, se_mean, se_variance, n."""
    groups = calibration.groups
    return pl.DataFrame(
        {
            "group": [safe(g.group) for g in groups],
            "mean": [g.mean for g in groups],
            "variance": [g.variance for g in groups],
            "se_mean": [g.se_mean for g in groups],
            "se_variance": [g.se_variance for g in groups],
            "n": [g.n for g in groups],
        }
    )


def regression_frame(calibration: Calibration) -> pl.DataFrame:
    """covariate, beta, se, mean, sd."""
    found = calibration.regression
    return pl.DataFrame(
        {
            "covariate": [safe(r.covariate) for r in found],
            "beta": [r.beta for r in found],
            "se": [r.se for r in found],
            "mean": [r.mean for r in found],
            "sd": [r.sd for r in found],
        }
    )


def dropped_frame(calibration: Calibration) -> pl.DataFrame:
    """item, reason, n."""
    return pl.DataFrame(
        {
            "item": [safe(d.item) for d in calibration.dropped],
            "reason": [d.reason for d in calibration.dropped],
            "n": [d.n for d in calibration.dropped],
        },
        schema={"item": pl.String, "reason": pl.String, "n": pl.Int64},
    )


def persons_frame(table: AnswerTable, calibration: Calibration) -> pl.DataFrame:
    """id, eap, eap_se, wle, wle_se, score, n_answered, flag."""
    persons = calibration.persons
    assert persons is not None
    names = pl.Series([name or None for name in FLAG_NAMES])
    return pl.DataFrame(
        {
            "id": [safe(i) for i in table.ids],
            "eap": persons.eap,
            "eap_se": persons.eap_se,
            "wle": persons.wle,
            "wle_se": persons.wle_se,
            "score": persons.score,
            "n_answered": persons.n_answered,
            "flag": names.gather(persons.flag),
        }
    )


def fit_summary(table: AnswerTable, calibration: Calibration) -> dict[str, object]:
    """What fit.json holds."""
    fit, options = calibration.fit, calibration.options
    return {
        "model": options.model,
        "loglik": fit.loglik,
        "log_posterior": fit.log_posterior,
        "iterations": fit.iterations,
        "converged": fit.converged,
        "gradient": fit.gradient,
        "step": fit.step,
        "loglik_shortfall": fit.loglik_shortfall,
        "nodes": options.nodes,
        "range": options.half_range,
        "n": fit.n,
        "n_effective": fit.n_effective,
        "n_rows": table.answers.n_persons,
        "n_without_answers": fit.n_without_answers,
        "n_items": len(calibration.items),
        "n_dropped": len(calibration.dropped),
        "n_designs": fit.n_runs,
        "n_parameters": fit.n_parameters,
        "aic": 2.0 * fit.n_parameters - 2.0 * fit.loglik,
        "reliability": fit.reliability_eap,
        "reliability_eap": fit.reliability_eap,
        "reliability_wle": fit.reliability_wle,
        "se": options.se,
        **_regression_summary(table, calibration),
        **_replicate_summary(calibration),
        "guessing_prior": list(options.guessing_prior) if any(i.model == "3pl" for i in calibration.items) else None,
        "starts": list(fit.starts),
        "notes": list(table.notes),
        "warnings": list(calibration.warnings),
    }


def _regression_summary(table: AnswerTable, calibration: Calibration) -> dict[str, object]:
    """What a reader needs to score other persons under the same latent regression."""
    if not calibration.regression:
        return {}
    return {
        "grid_centre": calibration.likelihood.grid.centre,
        "explained_variance": calibration.explained,
        "covariates": [c.recorded() for c in table.codings],
    }


def _replicate_summary(calibration: Calibration) -> dict[str, object]:
    errors = calibration.replicated
    if errors is None:
        return {}
    return {
        "n_replicates": errors.n_replicates,
        "n_replicates_converged": errors.n_converged,
        "replicate_iterations": errors.most_iterations,
    }


def summary(calibration: Calibration, out: Path) -> str:
    """What a person reads at the end."""
    fit = calibration.fit
    state = "converged" if fit.converged else "NOT CONVERGED"
    lines = [
        f"{fit.n:,} persons, {len(calibration.items)} items, model {calibration.options.model}: {state} after "
        f"{fit.iterations} iterations",
        f"log-likelihood {fit.loglik:.4f}, reliability EAP {fit.reliability_eap:.3f}, WLE {fit.reliability_wle:.3f}",
    ]
    for g in calibration.groups:
        lines.append(f"group {g.group}: mean {g.mean:.3f}, variance {g.variance:.3f}, n {g.n:,}")
    lines += [f"covariate {r.covariate}: {r.beta:.3f} ({r.se:.3f})" for r in calibration.regression]
    shown = calibration.items[:SHOWN_ITEMS]
    width = max(len(i.item) for i in shown)
    lines += [f"  {i.item:<{width}}  a {i.a:6.3f}  b {i.b:7.3f} ({i.se_b:.3f})  n {i.n:,}" for i in shown]
    if len(calibration.items) > SHOWN_ITEMS:
        lines.append(f"  … and {len(calibration.items) - SHOWN_ITEMS} more in items.csv")
    return "\n".join([*lines, f"Results: {out}"])
