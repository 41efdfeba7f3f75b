"""Verification: compute again from the sealed bytes and compare with what was kept."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from tirek.access.scope import loading
from tirek.decisions.kinds import TOLERANCE, kind_of
from tirek.decisions.models import Decision, Outcome, Verification
from tirek.decisions.rules import RuleSet, changed_values
from tirek.decisions.services.recording import COLUMNS, OUTCOMES, compute, outcome_frame
from tirek.storage.sealed import SealBroken, Sealed, seal_input, unseal
from tirek_engines import ENGINE_VERSION

MAX_DIFFERENCES = 50


def verify(number: str, *, by: object = "", now: datetime) -> Verification:
    """Recompute a decision; the result lists what differs (at most 50) and is kept.

    The right to ask is the caller's to check; the differences name subjects, so they are for the entitled.
    """
    with loading():
        decision = Decision.objects.get(number=number)
        differences = list(_limited(differences_of(decision)))
        return Verification.objects.create(
            decision=decision,
            org_lo=decision.org_lo,
            org_hi=decision.org_hi,
            person_id=decision.person_id,
            at=now,
            by_name=str(by),
            agrees=not differences,
            difference_count=len(differences),
            details=seal_input({"differences": differences}).as_dict(),
            engine_version=ENGINE_VERSION,
        )


def _limited(found: Iterator[dict]) -> Iterator[dict]:
    for place, difference in enumerate(found):
        if place == MAX_DIFFERENCES:
            yield {"what": "more", "where": "", "kept": "", "now": ""}
            return
        yield difference


def difference(what: str, where: str, kept: object = "", now: object = "") -> dict[str, str]:
    """One difference: ``what`` is seal, rule, table, journal or result."""
    return {"what": what, "where": where, "kept": str(kept)[:200], "now": str(now)[:200]}


def differences_of(decision: Decision) -> Iterator[dict]:
    """All that differs, cheapest checks first; nothing is computed from files that are no longer what was sealed."""
    broken = list(_broken_seals(decision))
    yield from broken
    if broken:
        return
    kind = kind_of(decision.kind)
    rules = RuleSet.unsealed(unseal(Sealed.from_dict(decision.rule_seal)))
    for name, then, now in changed_values(rules):
        yield difference("rule", f"{decision.rule}.{name}", then, now)
    inputs = {name: Sealed.from_dict(value) for name, value in decision.inputs.items()}
    result = compute(kind, inputs, decision.parameters, rules)
    tolerance = kind.tolerance if kind.compare == TOLERANCE else None
    outcomes = unseal(Sealed.from_dict(decision.outputs[OUTCOMES]))
    yield from _outcomes_differ("result", outcomes, outcome_frame(kind, result.outcomes), tolerance)
    yield from _outcomes_differ("journal", outcomes, _journal(decision), None)
    yield from _tables_differ(decision, result.tables, tolerance)


def _broken_seals(decision: Decision) -> Iterator[dict]:
    for name, value in {**decision.inputs, **decision.outputs, "rule": decision.rule_seal}.items():
        try:
            unseal(Sealed.from_dict(value))
        except SealBroken as error:
            yield difference("seal", name, value["sha256"], error.message)


def _journal(decision: Decision) -> pl.DataFrame:
    rows = Outcome.objects.filter(decision=decision).values_list(*COLUMNS)
    frame = pl.DataFrame(
        [[_text(v) for v in row] for row in rows.iterator(chunk_size=20_000)], schema=COLUMNS, orient="row"
    )
    return frame.sort("subject_kind", "subject")


def _text(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, (dict, list)) else value


def _outcomes_differ(what: str, kept: pl.DataFrame, now: pl.DataFrame, tolerance: float | None) -> Iterator[dict]:
    if kept.equals(now):
        return
    key = ["subject_kind", "subject"]
    for row in kept.join(now, on=key, how="anti").head(MAX_DIFFERENCES).iter_rows(named=True):
        yield difference(what, " ".join(row[k] for k in key), row["result"], "")
    for row in now.join(kept, on=key, how="anti").head(MAX_DIFFERENCES).iter_rows(named=True):
        yield difference(what, " ".join(row[k] for k in key), "", row["result"])
    both = kept.join(now, on=key, how="inner", suffix="_now")
    for row in both.iter_rows(named=True):
        for name in COLUMNS:
            if name not in key and not _same(name, row[name], row[f"{name}_now"], tolerance):
                yield difference(what, f"{row['subject_kind']} {row['subject']}: {name}", row[name], row[f"{name}_now"])


def _same(name: str, kept: Any, now: Any, tolerance: float | None) -> bool:
    if kept == now:
        return True
    if name in ("result", "numbers"):
        return _alike(json.loads(kept), json.loads(now), tolerance)
    return False


def _alike(kept: Any, now: Any, tolerance: float | None) -> bool:
    """Equal, or floats within the tolerance; an absent value is the same as null."""
    if isinstance(kept, Mapping) and isinstance(now, Mapping):
        return all(_alike(kept.get(k), now.get(k), tolerance) for k in {*kept, *now})
    if isinstance(kept, list) and isinstance(now, list):
        return len(kept) == len(now) and all(_alike(a, b, tolerance) for a, b in zip(kept, now, strict=True))
    numbers = isinstance(kept, (int, float)) and isinstance(now, (int, float))
    if tolerance is not None and numbers:
        return math.isclose(kept, now, rel_tol=tolerance, abs_tol=tolerance)
    return kept == now


def _tables_differ(decision: Decision, tables: Mapping[str, pl.DataFrame], tolerance: float | None) -> Iterator[dict]:
    names = set(decision.outputs) - {OUTCOMES}
    for name in sorted(names ^ set(tables)):
        yield difference("table", name, name in names, name in tables)
    for name in sorted(names & set(tables)):
        kept, now = unseal(Sealed.from_dict(decision.outputs[name])), tables[name]
        if kept.schema != now.schema or kept.height != now.height:
            yield difference("table", name, f"{kept.height} × {kept.columns}", f"{now.height} × {now.columns}")
            continue
        yield from _columns_differ(name, kept, now, tolerance)


def _columns_differ(table: str, kept: pl.DataFrame, now: pl.DataFrame, tolerance: float | None) -> Iterator[dict]:
    for column in kept.columns:
        old, new = kept[column], now[column]
        floats = old.dtype.is_float() and tolerance is not None
        near = _near(old, new, tolerance) if floats else old.eq_missing(new)
        wrong = (~near).arg_true()
        if len(wrong):
            row = wrong[0]
            yield difference(
                "table", f"{table}.{column}, row {row + 1} of {len(wrong)} that differ", old[row], new[row]
            )


def _near(old: pl.Series, new: pl.Series, tolerance: float) -> pl.Series:
    return pl.Series(np.isclose(old.to_numpy(), new.to_numpy(), rtol=tolerance, atol=tolerance, equal_nan=True))
