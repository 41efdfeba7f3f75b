"""Recording: store the inputs' bytes, read them back, decide on what was stored, keep every outcome."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import polars as pl
from django.db import connection
from django.utils import timezone

from tirek.access.models import User
from tirek.access.scope import loading
from tirek.decisions.kinds import Kind, Result, kind_of, placeholders
from tirek.decisions.models import Counter, Decision, State
from tirek.decisions.rules import RuleSet, place_of_rules, rules_in_force
from tirek.decisions.services.publishing import mark_published
from tirek.storage.sealed import Sealed, json_bytes, seal_input, unseal
from tirek_engines import ENGINE_VERSION
from tirek_engines.errors import BrokenContract

OUTCOMES = "outcomes"
WHOLE_COUNTRY = (0, 2_147_483_647)
COLUMNS = {
    "subject_kind": pl.String, "subject": pl.String, "subject_id": pl.Int64, "person_id": pl.Int64,
    "org_no": pl.Int64, "result": pl.String, "reason": pl.String, "numbers": pl.String,
}  # fmt: skip
Inputs = Mapping[str, pl.DataFrame | Mapping[str, Any]]


def record(
    *,
    kind: str,
    inputs: Inputs,
    by: User | None,
    now: datetime,
    parameters: Mapping[str, Any] | None = None,
    org: tuple[int, int] = WHOLE_COUNTRY,
    person_id: int | None = None,
    on: date | None = None,
    supersedes: str | None = None,
    idempotency_key: str | None = None,
) -> Decision:
    """Record one run of a kind and return it, a draft unless the kind publishes at once.

    The right to decide is the caller's to check. ``on`` is the day whose rules apply (today's if not given);
    ``org`` is the range of institutions it is about; the same ``idempotency_key`` gives the decision already recorded.
    """
    found = _recorded(idempotency_key)
    if found is not None:
        return found
    chosen = kind_of(kind)
    sealed = {name: seal_input(value) for name, value in inputs.items()}
    rules, rule_seal = _sealed_rules(chosen, on or timezone.localdate(now), org)
    plain = _read_back(parameters or {})
    result = compute(chosen, sealed, plain, rules)
    outcomes, outputs = seal_result(chosen, result)
    draft = Decision(
        kind=chosen.code,
        rule=rules.name,
        rule_version=rules.version,
        rule_sha256=rule_seal.sha256,
        rule_seal=rule_seal.as_dict() | {"place": place_of_rules(rules.name)},
        rule_date=rules.on,
        engine_version=ENGINE_VERSION,
        inputs={name: seal.as_dict() for name, seal in sealed.items()},
        outputs={name: seal.as_dict() for name, seal in outputs.items()},
        parameters=plain,
        summary=_read_back(result.summary),
        outcome_count=outcomes.height,
        org_lo=org[0],
        org_hi=org[1],
        person_id=person_id,
        is_open=chosen.is_open,
        idempotency_key=idempotency_key,
        made_by=by,
        made_by_name=str(by or ""),
        made_at=now,
    )
    return _enter(draft, chosen, outcomes, supersedes)


def _enter(draft: Decision, kind: Kind, outcomes: pl.DataFrame, supersedes: str | None) -> Decision:
    """Everything into the journal in one transaction; the number's lock is taken last and held briefly."""
    with loading():
        draft.supersedes = _superseded(supersedes, kind)
        draft.number = next_number(timezone.localdate(draft.made_at).year)
        found = _recorded(draft.idempotency_key)  # another may have recorded it while we waited for the number
        if found is not None:
            return found
        draft.save(force_insert=True)
        _keep(draft, outcomes)
        draft.state = State.DRAFT
        draft.save(update_fields=["state"])
        if not kind.needs_publishing:
            mark_published(draft, draft.made_by, draft.made_at)
    return draft


def compute(kind: Kind, sealed: Mapping[str, Sealed], parameters: Mapping[str, Any], rules: RuleSet) -> Result:
    """Run the kind on sealed inputs: exactly what ``verify`` does again."""
    stored = {name: unseal(seal) for name, seal in sealed.items()}
    return kind.runner()(stored, dict(parameters), rules)


def seal_result(kind: Kind, result: Result) -> tuple[pl.DataFrame, dict[str, Sealed]]:
    """The outcomes in the journal's columns, and the seals of all that came out."""
    outcomes = outcome_frame(kind, result.outcomes)
    outputs = {OUTCOMES: seal_input(outcomes)}
    return outcomes, outputs | {name: seal_input(table) for name, table in result.tables.items()}


def outcome_frame(kind: Kind, outcomes: pl.DataFrame) -> pl.DataFrame:
    """The outcomes in the journal's columns, sorted by subject, checked against the kind."""
    missing = {"subject", "org_no", "reason"} - set(outcomes.columns)
    if missing:
        raise BrokenContract("outcomes", f"no {', '.join(sorted(missing))}", "subject, org_no and reason")
    _check_numbers(kind, outcomes)
    frame = outcomes
    for name in ("result", "numbers"):
        frame = frame.with_columns(_as_json(frame, name).alias(name))
    if "subject_kind" not in frame.columns:
        frame = frame.with_columns(subject_kind=pl.lit(kind.subject_kind))
    absent = [pl.lit(None, dtype=COLUMNS[name]).alias(name) for name in COLUMNS if name not in frame.columns]
    frame = frame.with_columns(absent).select(pl.col(name).cast(dtype) for name, dtype in COLUMNS.items())
    if frame.select("subject_kind", "subject").is_duplicated().any():
        raise BrokenContract("outcomes", "two rows for one subject", "one row for each subject")
    return frame.sort("subject_kind", "subject")


def _as_json(frame: pl.DataFrame, name: str) -> pl.Series:
    if name not in frame.columns:
        return pl.Series([None], dtype=pl.String).fill_null("{}").new_from_index(0, frame.height)
    column = frame[name]
    return column.struct.json_encode() if isinstance(column.dtype, pl.Struct) else column.fill_null("{}")


def _check_numbers(kind: Kind, outcomes: pl.DataFrame) -> None:
    """Every reason is one of the kind's and has its numbers; no number comes without a label."""
    unknown = set(outcomes["reason"].unique()) - set(kind.reasons)
    if unknown:
        raise BrokenContract("outcomes.reason", sorted(map(str, unknown)), f"one of {sorted(kind.reasons)}")
    dtype = outcomes.schema.get("numbers")
    names = {f.name for f in dtype.fields} if isinstance(dtype, pl.Struct) else set()
    if names - set(kind.numbers):
        raise BrokenContract("outcomes.numbers", sorted(names - set(kind.numbers)), "numbers that the kind labels")
    for reason in outcomes["reason"].unique():
        wanted = placeholders(str(kind.reasons[reason]))
        if wanted - names:
            raise BrokenContract("outcomes.numbers", sorted(names), f"also {sorted(wanted - names)} for {reason}")


def next_number(year: int) -> str:
    """The next number of a year; the row's lock makes those who record at once wait for each other."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"insert into {Counter._meta.db_table} as c (year, last) values (%s, 1)"  # noqa: S608
            " on conflict (year) do update set last = c.last + 1 returning last",
            [year],
        )
        return f"D-{year}-{cursor.fetchone()[0]:06d}"


def _recorded(idempotency_key: str | None) -> Decision | None:
    if idempotency_key is None:
        return None
    with loading():
        return Decision.objects.filter(idempotency_key=idempotency_key).first()


def _superseded(number: str | None, kind: Kind) -> Decision | None:
    if number is None:
        return None
    before = Decision.objects.get(number=number)
    if before.kind != kind.code:
        raise BrokenContract("supersedes", before.kind, f"a decision of the kind {kind.code}")
    return before


def _sealed_rules(kind: Kind, on: date, org: tuple[int, int]) -> tuple[RuleSet, Sealed]:
    with loading():
        rules = rules_in_force(kind.rule, on, *org)
    seal = seal_input(rules.sealable())
    return RuleSet.unsealed(unseal(seal)), seal


def _read_back(value: Mapping[str, Any]) -> dict[str, Any]:
    """What JSON keeps of a value: the engine must see no more than that."""
    return json.loads(json_bytes(value))


def _keep(decision: Decision, outcomes: pl.DataFrame) -> None:
    """COPY into a table of this transaction, then one statement into the journal."""
    names = ", ".join(COLUMNS)
    lines = outcomes.write_csv(include_header=False, quote_style="non_numeric").encode()
    with connection.cursor() as cursor:
        cursor.execute(
            "create temporary table if not exists outcome_staging (subject_kind text, subject text, subject_id bigint,"
            " person_id bigint, org_no integer, result jsonb, reason text, numbers jsonb) on commit drop"
        )
        cursor.execute("truncate outcome_staging")
        with cursor.copy(f"copy outcome_staging ({names}) from stdin with (format csv)") as copy:
            copy.write(lines)
        cursor.execute(
            f"insert into decisions_outcome (decision_id, {names}) select %s, subject_kind, subject, subject_id,"  # noqa: S608
            " person_id, org_no, jsonb_strip_nulls(result), reason, jsonb_strip_nulls(numbers) from outcome_staging",
            [decision.pk],
        )
