"""Value added: from the table of pupils to the files that `tirek value-added` writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from tirek.assessment.commands.answers import Faults
from tirek.programmes.estimates import tables
from tirek.storage.tables import safe, write_csv
from tirek_engines.errors import Refusal
from tirek_engines.evaluation.valueadded import OVERLAP, Effects, ValueAdded, value_added

if TYPE_CHECKING:
    from tirek.storage.runs import Run

NORMAL_95 = 1.959963984540054


@dataclass(frozen=True)
class Results:
    """The fitted model with the names of what was fitted."""

    fit: ValueAdded
    terms: tuple[str, ...]
    schools: tuple[str, ...]
    districts: tuple[str, ...]
    district_of: np.ndarray[Any, np.dtype[np.int64]]
    notes: tuple[str, ...]

    @property
    def decided(self) -> bool:
        """Whether the search converged."""
        return self.fit.converged

    def fixed_frame(self) -> pl.DataFrame:
        """Fixed effects."""
        se = self.fit.se
        return pl.DataFrame({"term": list(self.terms), "estimate": self.fit.beta, "se": se, "t": self.fit.beta / se})

    def variance_frame(self) -> pl.DataFrame:
        """Variances by level, the residual last."""
        levels = list(self.fit.variances)
        values = np.array([self.fit.variances[k] for k in levels])
        return pl.DataFrame(
            {"level": levels, "variance": values, "sd": np.sqrt(values), "share": values / values.sum()}
        )

    def school_frame(self) -> pl.DataFrame:
        """Predicted effects of schools; with districts, alone and together with their district's."""
        frame = _effect_frame("school", self.schools, self.fit.schools)
        if self.fit.districts is None:
            return frame
        district = self.fit.districts.effect[self.district_of]
        return frame.with_columns(
            pl.Series("district", [safe(self.districts[d]) for d in self.district_of], dtype=pl.String),
            pl.Series("district_effect", district),
            pl.Series("together", self.fit.schools.effect + district),
        )

    def report(self) -> dict[str, Any]:
        """fit.json."""
        fit = self.fit
        return {
            "method": "reml" if fit.restricted else "ml",
            "deviance": fit.deviance,
            "loglik": -0.5 * fit.deviance,
            "n": fit.n,
            "schools": len(self.schools),
            "districts": len(self.districts) or None,
            "parameters": len(self.terms) + len(fit.variances),
            "intraclass": fit.intraclass,
            "converged": fit.converged,
            "variances": fit.variances,
            "notes": list(self.notes),
        }

    def write(self, run: Run) -> Mapping[str, Any]:
        """Write every output but the manifest."""
        write_csv(run.folder / "fixed.csv", self.fixed_frame())
        write_csv(run.folder / "variance.csv", self.variance_frame())
        write_csv(run.folder / "schools.csv", self.school_frame())
        if self.fit.districts is not None:
            write_csv(run.folder / "districts.csv", _effect_frame("district", self.districts, self.fit.districts))
        report = self.report()
        run.write_json("fit.json", report)
        return report

    def summary(self) -> str:
        """A few lines for the terminal."""
        fit = self.fit
        far = int((np.abs(fit.schools.effect) > NORMAL_95 * fit.schools.se).sum())
        return "\n".join(
            [
                f"{fit.n:,} pupils in {len(self.schools):,} schools; {fit.intraclass:.1%} of what the terms leave "
                "lies between schools.",
                f"{far:,} schools differ from the average by more than chance (95 %).",
                f"-2 log-likelihood {fit.deviance:.4f}" + ("." if fit.converged else "; NOT CONVERGED."),
            ]
        )


def _effect_frame(what: str, names: tuple[str, ...], found: Effects) -> pl.DataFrame:
    return pl.DataFrame(
        {
            what: [safe(name) for name in names],
            "effect": found.effect,
            "se": found.se,
            "n": found.n,
            "low": found.effect - NORMAL_95 * found.se,
            "high": found.effect + NORMAL_95 * found.se,
            "pair_low": found.effect - OVERLAP * found.se,
            "pair_high": found.effect + OVERLAP * found.se,
        }
    )


def compute(path: Path, options: Mapping[str, Any]) -> Results:
    """Read the pupils and fit: what the command writes and `verify` computes again."""
    notes: list[str] = []
    x_columns = tables.covariate_columns(options["x"])
    texts = [options["school"], options["district"]]
    frame = tables.read(path, texts, [options["outcome"], *x_columns])
    frame = tables.complete(frame, [c for c in (*texts, options["outcome"], *x_columns) if c], notes)
    if frame.height == 0:
        raise Refusal("No row is complete, so there is nothing to fit.", code="nobody")
    faults = Faults(path.name)
    outcome = tables.number_column(frame, options["outcome"], faults)
    names, x = tables.covariates(frame, options["x"], faults)
    school, district, district_of = _places(frame, options, faults)
    faults.raise_if_any()
    fit = value_added(
        outcome, x, school.codes, district_of if district else None, names=names, restricted=not options["ml"]
    )
    notes += _notes(fit)
    return Results(
        fit,
        ("(Intercept)", *names),
        school.names,
        district.names if district else (),
        district_of,
        tuple(notes),
    )


def _places(
    frame: pl.DataFrame, options: Mapping[str, Any], faults: Faults
) -> tuple[tables.Labels, tables.Labels | None, np.ndarray[Any, np.dtype[np.int64]]]:
    """Schools, districts, and the district of every school; a school in two districts is a fault."""
    school = tables.labels(frame, options["school"])
    if not options["district"]:
        return school, None, np.zeros(len(school.names), np.int64)
    district = tables.labels(frame, options["district"])
    if options["nested"]:
        joined = frame.with_columns(
            pl.concat_str([pl.col(options["district"]).cast(pl.String), pl.col(options["school"]).cast(pl.String)],
                          separator=" / ").alias("__school")
        )  # fmt: skip
        school = tables.labels(joined, "__school")
    first = np.full(len(school.names), -1, np.int64)
    first[school.codes[::-1]] = district.codes[::-1]
    for row in np.flatnonzero(first[school.codes] != district.codes).tolist():
        name = school.names[school.codes[row]]
        faults.add(
            int(frame["__row"][row]) + 2, options["district"], district.names[district.codes[row]],
            f"School {name} is also in {district.names[first[school.codes[row]]]}.",
            "Correct the district, or say --nested if school names are unique within their district only.",
        )  # fmt: skip
    return school, district, first


def _notes(fit: ValueAdded) -> list[str]:
    notes = []
    for level, variance in fit.variances.items():
        if variance == 0.0:
            notes.append(
                f"The variance of the level {level} is estimated as zero: its units do not differ beyond chance."
            )
    small = int((fit.schools.n < 5).sum())
    if small:
        notes.append(f"{small:,} schools have fewer than 5 pupils: their effects are drawn to zero and say little.")
    if not fit.converged:
        notes.append("The search did not end at a point without slope: take the figures for a first look only.")
    return notes
