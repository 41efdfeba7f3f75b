"""Check a table that was read, and the files that `tirek itemfit` writes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from tirek.assessment.commands.personfit import NO_PROOF, person_frame
from tirek.storage.tables import safe, write_csv

if TYPE_CHECKING:
    from tirek.assessment.commands.itemfit_raw import RawOptions
    from tirek.assessment.commands.score_table import ToScore
    from tirek.storage.runs import Run
    from tirek_engines.psychometrics.fit.itemfit import ItemFit
    from tirek_engines.psychometrics.likelihood.model import Likelihood, Parameters

LOW, HIGH = 0.7, 1.3
"""Mean squares outside are flagged (Wright & Linacre 1994: 0.7 to 1.3 for multiple-choice tests)."""
LEVEL, RMSEA = 0.01, 0.05
"""S-X2 is flagged where the adjusted p is below the first and its RMSEA above the second."""


@dataclass(frozen=True)
class Fitted:
    """All tables as they are written, by file name, and the report."""

    tables: dict[str, pl.DataFrame]
    report: dict[str, object]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]


def fit_table(found: ToScore, options: dict[str, Any]) -> Fitted:
    """Check items, and persons and options where asked for."""
    from tirek.assessment.commands.score_results import known_point
    from tirek_engines.psychometrics.fit.itemfit import item_fit

    likelihood, p = known_point(found)
    fit = item_fit(likelihood, p, options["ability"])
    tables = {"itemfit.csv": item_frame(fit), "pairs.csv": pair_frame(fit)}
    report = _report(fit, len(found.table.ids))
    notes, warnings = [*found.notes, *_coverage(fit, len(found.table.ids))], _warnings(fit)
    raw = _raw(found, options, list(fit.items))
    if raw is not None:
        notes += raw.notes
        frame, keyless = _option_frame(found, likelihood, p, raw)
        tables["distractors.csv"] = frame
        notes += [f"No key is known for {keyless} items: their options are listed without flags."] if keyless else []
        report["n_options_flagged"] = int((frame["flag"].is_in(["attracts-able", "above-key", "weak-key"])).sum())
    if options["persons"]:
        tables["persons_fit.csv"] = person_frame(found, likelihood, p)
        report["n_persons_flagged"] = int((tables["persons_fit.csv"]["flag"] == "unlikely").sum())
    if options["class_column"]:
        tables["agreement.csv"], report["n_pairs_compared"] = _agreement_frame(found, likelihood, p, raw)
        report["n_pairs_flagged"] = tables["agreement.csv"].height
    if options["persons"] or options["class_column"]:
        notes.append(NO_PROOF)
    report |= {"notes": notes, "warnings": warnings}
    return Fitted(tables, report, tuple(notes), tuple(warnings))


def item_frame(fit: ItemFit) -> pl.DataFrame:
    """itemfit.csv."""
    r, s, d = fit.residuals, fit.by_score, fit.dependence
    partners = [fit.items[m] if m >= 0 else None for m in d.partners.tolist()]
    return pl.DataFrame(
        {
            "item": [safe(i) for i in fit.items],
            "infit": r.infit,
            "outfit": r.outfit,
            "sx2": s.sx2,
            "df": s.df,
            "p": s.p,
            "q3_max": d.largest(),
            "infit_t": r.infit_t,
            "outfit_t": r.outfit_t,
            "sx2_rmsea": s.rmsea,
            "p_adjusted": s.p_adjusted,
            "point_biserial": fit.point_biserial,
            "q3_partner": pl.Series([None if v is None else safe(v) for v in partners], dtype=pl.String),
            "q3_adjusted": d.largest(adjusted=True),
            "n": r.n,
            "sx2_n": s.n,
            "flag": pl.Series(_flags(fit), dtype=pl.String),
        }
    ).with_columns(pl.selectors.float().fill_nan(None))


def _flags(fit: ItemFit) -> list[str | None]:
    """What is wrong with each item, joined by spaces; none if nothing is."""
    r, s = fit.residuals, fit.by_score
    with np.errstate(invalid="ignore"):
        marks = {
            "noisy": np.maximum(r.infit, r.outfit) > HIGH,
            "overfits": np.minimum(r.infit, r.outfit) < LOW,
            "sx2": (s.p_adjusted < LEVEL) & (s.rmsea > RMSEA),
            "dependent": fit.dependence.dependent,
            "negative": fit.point_biserial <= 0,
        }
    return [" ".join(name for name, hit in marks.items() if hit[j]) or None for j in range(len(fit.items))]


def pair_frame(fit: ItemFit) -> pl.DataFrame:
    """pairs.csv: dependent pairs, the strongest first."""
    d, pairs = fit.dependence, fit.dependence.pairs()
    return pl.DataFrame(
        {
            "item": pl.Series([safe(fit.items[i]) for i, _ in pairs], dtype=pl.String),
            "with": pl.Series([safe(fit.items[j]) for _, j in pairs], dtype=pl.String),
            "q3": pl.Series([d.q3[i, j] for i, j in pairs], dtype=pl.Float64),
            "q3_adjusted": pl.Series([d.adjusted[i, j] for i, j in pairs], dtype=pl.Float64),
            "n": pl.Series([d.n[i, j] for i, j in pairs], dtype=pl.Float64),
        }
    )


def _report(fit: ItemFit, n: int) -> dict[str, object]:
    flags = _flags(fit)
    return {
        "ability": fit.ability,
        "n": n,
        "n_items": len(fit.items),
        "n_flagged": sum(f is not None for f in flags),
        "q3_mean": fit.dependence.mean,
        "n_dependent_pairs": len(fit.dependence.pairs()),
        "sx2_booklets": fit.by_score.n_booklets,
        "sx2_persons": fit.by_score.n_persons,
    }


def _coverage(fit: ItemFit, n: int) -> list[str]:
    s = fit.by_score
    if s.n_persons == n:
        return []
    if s.n_booklets == 0:
        return ["There is no S-X2: no 50 persons answered the same items, so their raw scores cannot be compared."]
    sets = (
        "the persons who answered all items" if s.n_booklets == 1 else f"{s.n_booklets} sets of items, each by itself"
    )
    return [f"S-X2 compares {s.n_persons} of {n} persons: {sets}."]


def _warnings(fit: ItemFit) -> list[str]:
    d = fit.dependence
    pairs = d.pairs()
    found = [
        f"Items {fit.items[i]} and {fit.items[j]} depend on each other: Q3 {d.q3[i, j]:.2f}, {d.adjusted[i, j]:+.2f} "
        "against the mean of all pairs."
        for i, j in pairs[:10]
    ]
    return found + ([f"{len(pairs) - 10} more dependent pairs stand in pairs.csv."] if len(pairs) > 10 else [])


def _raw(found: ToScore, options: dict[str, Any], items: list[str]) -> RawOptions | None:
    from tirek.assessment.commands.itemfit_raw import read_raw

    if not options["raw"]:
        return None
    id_column = options["id_column"] or found.saved.arguments.get("id_column")
    key = Path(options["key"]) if options["key"] else None
    return read_raw(Path(options["raw"]), key, found.table.ids, id_column, items, options["raw_missing"])


def _option_frame(found: ToScore, likelihood: Likelihood, p: Parameters, raw: RawOptions) -> tuple[pl.DataFrame, int]:
    """distractors.csv, and how many items have no key."""
    from tirek_engines.psychometrics.fit.distractors import N_BANDS, deduced_keys, option_tables
    from tirek_engines.psychometrics.scoring import score_units

    columns = [found.answers.items.index(name) for name in raw.items]
    deduced = deduced_keys(raw.options, found.answers.codes[:, columns], raw.items)
    keys = {**deduced, **raw.keys}
    ability = score_units(likelihood, p, "eap").theta.copy()
    ability[likelihood.data.n_answered == 0] = np.nan
    rows = option_tables(raw.options, raw.items, keys, ability, likelihood.data.weights)
    data: dict[str, Any] = {
        "item": [safe(r.item) for r in rows],
        "option": [safe(r.option) for r in rows],
        "key": [int(r.key) for r in rows],
    }
    for name in ("n", "share", "mean_ability", "point_biserial"):
        data[name] = [getattr(r, name) for r in rows]
    data |= {f"share_q{b + 1}": [r.bands[b] for r in rows] for b in range(N_BANDS)}
    data["flag"] = pl.Series([r.flag or None for r in rows], dtype=pl.String)
    return pl.DataFrame(data).with_columns(pl.selectors.float().fill_nan(None)), len(raw.items) - len(keys)


def _agreement_frame(
    found: ToScore, likelihood: Likelihood, p: Parameters, raw: RawOptions | None
) -> tuple[pl.DataFrame, int]:
    """agreement.csv, and how many pairs were compared."""
    from tirek_engines.psychometrics.fit.personfit import agreement

    assert found.schools is not None
    options = None
    if raw is not None:
        names = likelihood.data.items.names
        options = np.full((found.answers.n_persons, len(names)), 255, np.uint8)
        options[:, [names.index(name) for name in raw.items]] = raw.numbers
    a = agreement(likelihood, p, found.schools, options)
    ids = found.table.ids
    columns: dict[str, Any] = {
        "id": pl.Series([safe(ids[i]) for i in a.first.tolist()], dtype=pl.String),
        "with": pl.Series([safe(ids[i]) for i in a.second.tolist()], dtype=pl.String),
    }
    columns |= {name: getattr(a, name) for name in ("agreeing", "expected", "sd", "z", "p")}
    return pl.DataFrame(columns), a.n_compared


def write_fit(run: Run, fitted: Fitted) -> dict[str, object]:
    """Write all tables and itemfit.json; returns what the last holds."""
    for name, frame in fitted.tables.items():
        write_csv(run.folder / name, frame)
    run.write_json("itemfit.json", fitted.report)
    return fitted.report


def summary(fitted: Fitted, out: Path) -> str:
    """What a person reads at the end."""
    r = fitted.report
    lines = [
        f"{r['n']:,} persons, {r['n_items']} items: {r['n_flagged']} flagged, {r['n_dependent_pairs']} dependent pairs"
    ]
    if "n_persons_flagged" in r:
        lines.append(f"{r['n_persons_flagged']} persons with an unlikely pattern of answers")
    if "n_pairs_flagged" in r:
        lines.append(f"{r['n_pairs_flagged']} of {r['n_pairs_compared']:,} pairs agree more than chance explains")
    if "n_options_flagged" in r:
        lines.append(f"{r['n_options_flagged']} options flagged")
    return "\n".join([*lines, f"Results: {out}"])
