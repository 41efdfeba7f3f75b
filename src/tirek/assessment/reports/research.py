"""Data and method files for researchers, made of what was sealed: nobody can be found in them, everything can be recomputed."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from tirek.assessment.codes import NOT_PRESENTED, NOT_REACHED, OMITTED
from tirek.assessment.decided import sealing
from tirek.assessment.decided.tests import calibrated, groupings_of
from tirek.assessment.models import Release
from tirek.decisions import queries as journal
from tirek.decisions.rules import RuleSet
from tirek.storage.sealed import Sealed, unseal
from tirek.storage.secrets import keyed_hash_many
from tirek_engines import ENGINE_VERSION
from tirek_engines.assessment import PublicationRules, results_by_group
from tirek_engines.assessment.anonymity import blank_until
from tirek_engines.psychometrics import NOT_ANSWERED

MARKS = ("sex", "language", "school", "settlement", "district")
SPECIAL = {OMITTED: "o", NOT_REACHED: "r", NOT_PRESENTED: "", NOT_ANSWERED: ""}
NAME_BYTES = 8
STAMP = (2020, 1, 1, 0, 0, 0)
README = """# {test}: data and method

{n} pupils, {items} items. Made for: {purpose}

{synthetic}## Files

- `pupils.csv`, `pupils.parquet`: a row a pupil. Every column is described in `codebook.csv`.
- `results.csv`: the published means of groups, as everybody sees them.
- `items.csv`: the items that were calibrated, each with its model.
- `method.json`: model, rules with their values and versions, numbers of the decisions, seed, scale, SHA-256 of the files.

## Who is in it

Pupils and schools carry names made for this file only: with another file they cannot be joined. Marks ({marks}) are
left blank until every combination is shared by {k} pupils or more: of {blanked} pupils some mark is blank, {left_out} are
left out. Do not try to find anybody.

## Compute it again

    tirek calibrate pupils.csv --model {model} --id pupil --items items.csv \\
        --omitted o:{omitted} --not-reached r:{not_reached} --out calibration
    tirek means pupils.csv --values 'pv*' --weight weight --by settlement --cluster school --out means

The first gives the difficulties of decision {calibration} (to the digits that rounding and the pupils left out allow). The
second gives means on the reporting scale. The plausible values (`pv1` …) are those behind decision {results}: each is
one possible ability of the pupil, in points; compute with every one and join by Rubin's rules. Never average them first.

Everybody who was there is in the test, so all weights are 1. Means of single schools need plausible values with fixed
school effects, which are not in this file: take them from `results.csv`.
"""


@dataclass(frozen=True)
class Made:
    content: bytes
    n_rows: int
    n_blanked: int
    n_left_out: int


def research_zip(release: Release, *, salt: str, purpose: str) -> Made:
    """The zip of a publication. `salt` makes its pseudonyms its own."""
    assert release.calibration is not None
    results = journal.decision(release.decision_number)
    calibration = journal.decision(release.calibration.decision_number)
    k = int(_rules(release).value("anonymity"))
    places = journal.table(results, "places").join(
        journal.table(calibration, "groups").select(sealing.SUBJECT, "sex"), on=sealing.SUBJECT, maintain_order="left"
    )
    blanked, few = blank_until({name: places[name].fill_null("").to_numpy().astype(str) for name in MARKS}, k=k)
    marked = places.with_columns(pl.Series(name, values) for name, values in blanked.items())
    left_out = pl.Series("left_out", few)
    changed = marked.select(MARKS).rows()
    n_blanked = sum(a != b for a, b in zip(changed, places.select(MARKS).rows(), strict=True))
    pupils = _pupils(results, marked, salt).filter(~left_out)
    pupils = pupils.sort("pupil")
    files = {
        "pupils.csv": pupils.write_csv().encode(),
        "pupils.parquet": _parquet(pupils),
        "codebook.csv": codebook(results).write_csv().encode(),
        "results.csv": _published(release).write_csv().encode(),
        "items.csv": journal.table(calibration, "parameters").select("item", "model").write_csv().encode(),
    }
    counts = {"rows": pupils.height, "blanked": n_blanked, "left_out": int(left_out.sum()), "anonymity": k}
    method = _method(release, results, calibration, counts, purpose, files)
    files["method.json"] = json.dumps(method, ensure_ascii=False, indent=2, sort_keys=True, default=str).encode()
    files["README.md"] = _readme(release, method, pupils).encode()
    return Made(_zipped(files), pupils.height, n_blanked, int(left_out.sum()))


def _rules(release: Release) -> RuleSet:
    from tirek.assessment.reports.data import rules_of

    return rules_of(release, "report")


def _pupils(results, marked: pl.DataFrame, salt: str) -> pl.DataFrame:
    """Pseudonym, marks, weight, answers as they were given, plausible values in points."""
    answers = journal.table(results, "answers")
    items = [name for name in answers.columns if name != sealing.SUBJECT]
    words = pl.DataFrame({name: _words(answers[name].to_numpy()) for name in items})
    values = _plausible_values(results)
    names = _names(marked[sealing.SUBJECT].to_list(), f"{salt}/pupil")
    schools = _names(marked["school"].to_list(), f"{salt}/school")
    head = pl.DataFrame({"pupil": names, "school": schools}).with_columns(
        marked["district"], marked["settlement"], marked["language"], marked["sex"], pl.lit(1).alias("weight")
    )
    return pl.concat([head, words, values], how="horizontal")


def _words(codes: np.ndarray) -> list[str]:
    return [SPECIAL.get(code, str(code)) for code in codes.tolist()]


def _names(values: list[str], about: str) -> list[str]:
    """A keyed pseudonym of each value; a blank stays blank."""
    made = keyed_hash_many([f"assessment/research/{about}/{value}" for value in values])
    return [digest[:NAME_BYTES].hex() if value else "" for value, digest in zip(values, made, strict=True)]


def _plausible_values(results) -> pl.DataFrame:
    """Drawn again from the sealed answers with the sealed seed: those behind the published means."""
    names = ("answers", "items", "places", "calibration_rules", "scale_rules")
    inputs: dict[str, Any] = {name: journal.table(results, name) for name in names}
    given = RuleSet.unsealed(inputs["calibration_rules"])
    calibration, *_rest = calibrated(inputs, given, results.parameters)
    rules = sealed_rules(results)
    book = rules.book.joined(given.book).joined(RuleSet.unsealed(inputs["scale_rules"]).book)
    found = results_by_group(
        calibration,
        groupings_of(inputs["places"]),
        np.unique(inputs["places"]["school"].to_numpy(), return_inverse=True)[1].astype(np.int64),
        rules=PublicationRules.at(book, rules.on, rules.territory),
        seed=int(results.parameters["seed"]),
    )
    scale = results.summary["scale"]
    points = scale["centre"] + scale["spread"] * (found.values.draws - scale["origin"]) / scale["unit"]
    return pl.DataFrame({f"pv{m}": np.round(row, 2) for m, row in enumerate(points, start=1)}).fill_nan(None)


def sealed_rules(decision) -> RuleSet:
    """The rules that a decision was made under."""
    return RuleSet.unsealed(unseal(Sealed.from_dict(decision.rule_seal)))


def codebook(results) -> pl.DataFrame:
    """What every column means, in English, with its values."""
    rows = [
        ("pupil", "Name of the pupil, made for this file only", "16 signs"),
        ("school", "Name of the school, made for this file only", "16 signs; blank: kept back"),
        ("district", "District or city, by KATO", "code; blank: kept back"),
        ("settlement", "Kind of settlement of the school", "urban, rural; blank: kept back"),
        ("language", "Language of the test", "kk, ru; blank: kept back"),
        ("sex", "Sex by the register", "f, m; blank: kept back or not known"),
        ("weight", "Weight of the pupil", "1: everybody was tested"),
    ]
    for item, highest, area in journal.table(results, "items").select("item", "max_score", "content_area").iter_rows():
        words = f"0 to {highest}; o: left out; r: not reached; blank: not in the pupil's booklet"
        rows.append((item, f"Points on item {item}{f' ({area})' if area else ''}", words))
    rows.append(("pv1 …", "Plausible values on the reporting scale", "points; blank: answered nothing that counts"))
    return pl.DataFrame(rows, schema=["column", "meaning", "values"], orient="row")


def _published(release: Release) -> pl.DataFrame:
    names = ["dimension", "code", "n", "n_schools", "mean", "se", "low", "high", "sd", "suppressed"]
    rows = [row for row in release.groups.order_by("dimension", "code").values_list(*names) if row[0] != "school"]
    return pl.DataFrame(rows, schema=names, orient="row", infer_schema_length=None)


def _method(release: Release, results, calibration, counts: dict, purpose: str, files: dict[str, bytes]) -> dict:
    rules = {}
    for decision in (calibration, results):
        found = sealed_rules(decision)
        rules[found.name] = {"version": found.version, "sha256": decision.rule_sha256, "values": found.values()}
    for name in ("calibration_rules", "scale_rules"):
        found = RuleSet.unsealed(journal.table(results, name))
        rules[found.name] = {"version": found.version, "values": found.values()}
    return {
        "test": release.test.code, "purpose": purpose, "synthetic": release.test.is_synthetic,
        "model": calibration.summary["fit"].get("model") or getattr(release.calibration, "model", "rasch"),
        "decisions": {"calibration": calibration.number, "results": results.number},
        "published_at": release.at, "engine": ENGINE_VERSION, "seed": results.parameters["seed"],
        "scale": results.summary["scale"], "rules": rules, "counts": counts,
        "left_out_of_scaling": results.parameters.get("removed") or {},
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
        "sealed_inputs": {name: kept["sha256"] for name, kept in results.inputs.items()},
    }  # fmt: skip


def _readme(release: Release, method: dict, pupils: pl.DataFrame) -> str:
    given = method["rules"]["assessment.calibration"]["values"]
    items = [c for c in pupils.columns if c not in (*MARKS, "pupil", "weight") and not c.startswith("pv")]
    return README.format(
        test=release.test.code, n=pupils.height, items=len(items), purpose=method["purpose"],
        synthetic="**Synthetic data: invented for demonstration.**\n\n" if release.test.is_synthetic else "",
        marks=", ".join(MARKS), k=method["counts"]["anonymity"], blanked=method["counts"]["blanked"],
        left_out=method["counts"]["left_out"], model=method["model"],
        omitted=given["omitted_counts_as"], not_reached=given["not_reached_counts_as"],
        calibration=method["decisions"]["calibration"], results=method["decisions"]["results"],
    )  # fmt: skip


def _parquet(frame: pl.DataFrame) -> bytes:
    target = io.BytesIO()
    frame.write_parquet(target)
    return target.getvalue()


def _zipped(files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, STAMP), content, compress_type=zipfile.ZIP_DEFLATED)
    return target.getvalue()
