"""From an upload's bytes to sealed, checked parts; and from sealed parts into the register.

A part is a frame of one kind of rows. Parts keep institutions by name and people by hash and ciphertext, never by plain IIN;
both are resolved anew when they are merged, so that what changed in between is noticed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

import polars as pl
from django.db import transaction

from tirek.registry.exchange import people, people_merge, staging, things
from tirek.registry.exchange.checking import check_rows, check_values, map_columns
from tirek.registry.exchange.faults import ERROR, Faults, is_of_a_row
from tirek.registry.exchange.fields import recognised
from tirek.registry.exchange.institutions import InstitutionPlan, as_frame
from tirek.registry.exchange.oneroster.reading import read_package
from tirek.registry.exchange.oneroster.rows import HEADINGS, complete_kinds, records_of, rows_of
from tirek.registry.exchange.reading import read_upload
from tirek.registry.exchange.resolving import good_rows, with_derived_names, with_hashes, with_institutions
from tirek.registry.identifiers import mask_iin
from tirek.registry.models import Import, RowKind, SchoolYear, Source, SourceKind
from tirek.storage import secrets

RECORDS = "records"
PEOPLE = (RowKind.LEARNERS, RowKind.STAFF)
PART_ORDER = (
    RowKind.INSTITUTIONS, RowKind.PLACES, RowKind.ROOMS, RowKind.LEARNERS, RowKind.STAFF, RowKind.GUARDIANSHIPS,
)  # fmt: skip


@dataclass
class Staged:
    """What was read from an upload and what it would do."""

    parts: dict[str, pl.DataFrame] = field(default_factory=dict)
    differences: list[pl.DataFrame] = field(default_factory=list)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    alike: list[pl.DataFrame] = field(default_factory=list)
    complete: set[str] = field(default_factory=set)  # kinds of rows of which the upload holds everything
    rows: int = 0

    def add_counts(self, found: dict[str, dict[str, int]]) -> None:
        add_counts(self.counts, found)


def add_counts(total: dict, found: dict) -> None:
    for thing, actions in found.items():
        mine = total.setdefault(thing, {})
        for action, number in actions.items():
            mine[action] = mine.get(action, 0) + number


def context_of(found: Import, row_kind: str, complete: Collection[str] | None = None) -> people.Context:
    """``complete``: while an upload is being checked; afterwards it stands in its counts."""
    complete = found.counts.get("complete", ()) if complete is None else complete
    source = found.source
    year = school_year(found.as_of)
    return people.Context(
        source_id=source.pk, import_id=found.pk, row_kind=row_kind, as_of=found.as_of,
        school_year_id=year.pk if year else None, org_lo=source.org_lo, org_hi=source.org_hi, is_complete=row_kind in complete,
    )  # fmt: skip


def school_year(day: dt.date) -> SchoolYear | None:
    """The school year in which a day lies; in summer, the one that begins next."""
    return SchoolYear.objects.filter(ends_on__gte=day).order_by("starts_on").first() or (
        SchoolYear.objects.order_by("-starts_on").first()
    )


def read(found: Import, data: bytes, faults: Faults) -> Staged:
    """Tables and parts of the upload; faults of single cells and rows."""
    tables = read_upload(found.file_name, data, faults)
    staged = Staged(rows=_rows_in(tables, faults))
    if found.source.kind == SourceKind.ONEROSTER:
        package = read_package(tables, faults)
        staged.parts = rows_of(package, found.source, found.as_of, faults)
        staged.parts[RECORDS] = records_of(package)
        staged.complete = complete_kinds(package, found.source)
        faults.headings = HEADINGS
        for kind in (RowKind.LEARNERS, RowKind.STAFF):
            check_rows(staged.parts[kind], kind, faults, found.as_of)
    else:
        kind = found.row_kind
        frames = []
        while tables:  # a million rows are let go as soon as they are mapped
            table = tables.pop(next(iter(tables)))
            columns = found.profile.columns if found.profile else recognised(kind, table.columns)
            frame = map_columns(table, kind, columns, faults)
            del table
            frames.append(check_values(frame, kind, columns, faults))
        frame = pl.concat(frames, how="vertical_relaxed")
        faults.headings = {name: rule["column"] for name, rule in columns.items() if rule.get("column")}
        check_rows(frame, kind, faults, found.as_of)
        staged.parts = {kind: frame}
        staged.complete = {kind} if found.source.is_complete else set()
    return staged


def _rows_in(tables: dict[str, pl.DataFrame], faults: Faults) -> int:
    """Rows that were read, and those at fault that could not even be read."""
    unread = faults.frame().filter(is_of_a_row() & (pl.col("level") == ERROR)).select("file", "row").unique()
    for file, table in tables.items():
        unread = unread.filter((pl.col("file") != file) | ~pl.col("row").is_in(table["_row"].cast(pl.Int64).implode()))
    return unread.height + sum(t.height for n, t in tables.items() if not n.endswith("manifest.csv"))


def stage(
    found: Import, data: Callable[[], bytes], faults: Faults, tell=lambda done, total, message="": None
) -> Staged:
    """Read, check and compare. Nothing in the register changes: what had to be tried out is rolled back."""
    staged = read(found, data(), faults)
    several = len([p for k, p in staged.parts.items() if k != RECORDS and p.height]) > 1
    tell(1, 3)
    with transaction.atomic():
        for kind, frame in staged.parts.items():
            if kind == RECORDS:
                continue
            staged.parts[kind] = _stage_part(found, kind, frame, staged, faults, try_out=several)
        transaction.set_rollback(True)
    tell(2, 3)
    return staged


def _stage_part(
    found: Import, kind: str, frame: pl.DataFrame, staged: Staged, faults: Faults, try_out: bool
) -> pl.DataFrame:
    context = context_of(found, kind, staged.complete)
    frame = _hashed(kind, good_rows(frame, faults))
    decided = found.decisions or {}
    if kind in PEOPLE:
        frame = _with_decisions(frame, decided)
    kept, resolved = frame, _resolve(kind, frame, found.source, faults)
    resolved = good_rows(resolved, faults)
    if kind in PEOPLE:
        resolved = _plan_people(resolved, context, staged, faults)
        staged.add_counts(people.counts(context))
        staged.differences.append(people.differences(resolved, context))
        gone = people.missing(context)
        staged.add_counts({_tie(kind): {"missing": gone.height}})
        staged.differences.append(_missing_rows(gone, _tie(kind)))
        kept = _encrypted(_same_rows(kept, resolved), people.with_unknown_numbers(resolved))
    else:
        _plan_others(kind, resolved, context, staged, faults)
        kept = _same_rows(kept, good_rows(resolved, faults))
        if kind == RowKind.GUARDIANSHIPS:
            kept = _encrypt_column(kept, "guardian_iin", "guardian_encrypted")
    kept = kept.drop("iin", "guardian_iin", "child_iin", strict=False)
    if try_out and kept.height:
        merge_part(found, kind, kept, staged.complete)
    return kept


def _plan_people(resolved: pl.DataFrame, context: people.Context, staged: Staged, faults: Faults) -> pl.DataFrame:
    """Plan; take out rows at fault and rows that look like somebody known; plan again if any were taken out."""
    frame = people.number(with_derived_names(resolved, grams=False))
    people.plan(frame, context)
    before = faults.frame().height
    people.check_plan(frame, context, faults)
    looks_like = people.proposals()
    if looks_like.height:
        staged.alike.append(_shown_alike(looks_like, frame))
    if faults.frame().height > before or looks_like.height:
        frame = good_rows(frame, faults).join(
            looks_like.select("_file", "_row"), on=["_file", "_row"], how="anti", maintain_order="left"
        )
        frame = people.number(frame.drop("no", "lead_no"))
        people.plan(frame, context)
    return frame


def _shown_alike(looks_like: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
    """What a person needs to compare; of the IIN no more than a mask."""
    numbers = frame.select("no", "iin" if "iin" in frame.columns else pl.lit(None, dtype=pl.String).alias("iin"))
    key = pl.concat_str(pl.col("_file"), pl.lit(":"), pl.col("_row").cast(pl.String)).alias("row")
    masked = pl.col("iin").map_elements(mask_iin, return_dtype=pl.String)
    return looks_like.join(numbers, on="no", how="left").with_columns(key, masked).drop("no", "_file", "_row")


def _plan_others(kind: str, resolved: pl.DataFrame, context: people.Context, staged: Staged, faults: Faults) -> None:
    if kind in (RowKind.INSTITUTIONS, RowKind.PLACES):
        planned = InstitutionPlan(_without_bad(resolved), context).plan(faults)
        staged.add_counts(planned.counts())
        staged.differences.append(as_frame(planned.rows))
        return
    numbered = with_derived_names(resolved) if kind == RowKind.GUARDIANSHIPS else resolved
    numbered = numbered.with_row_index("no").with_columns(pl.col("no").cast(pl.Int64))
    thing = "room" if kind == RowKind.ROOMS else "guardianship"
    if kind == RowKind.ROOMS:
        things.plan_rooms(numbered, context)
    else:
        things.plan_guardianships(numbered, context)
        before = faults.frame().height
        things.check_guardianships(numbered, faults)
        if faults.frame().height > before:
            things.plan_guardianships(good_rows(numbered, faults), context)
    staged.add_counts(things.counts(thing))
    staged.differences.append(things.differences(thing))


def _without_bad(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(c for c in frame.columns if not c.startswith("_raw"))


def _tie(kind: str) -> str:
    return "enrolment" if kind == RowKind.LEARNERS else "employment"


def _missing_rows(gone: pl.DataFrame, thing: str) -> pl.DataFrame:
    text = pl.lit(None, dtype=pl.String)
    return gone.select(
        text.alias("_file"), text.alias("_row"), pl.lit(thing).alias("thing"), pl.lit("missing").alias("action"),
        pl.col("person_name").alias("label"), pl.col("id").alias("target_id"), text.alias("changed"), text.alias("pairs"),
    )  # fmt: skip


def _hashed(kind: str, frame: pl.DataFrame) -> pl.DataFrame:
    pairs = {"iin": "iin_hash"} if kind in PEOPLE else {}
    if kind == RowKind.GUARDIANSHIPS:
        pairs = {"guardian_iin": "guardian_hash", "child_iin": "child_hash"}
    for column, to in pairs.items():
        frame = with_hashes(frame, column, to)
    return frame


def _with_decisions(frame: pl.DataFrame, decisions: dict) -> pl.DataFrame:
    key = pl.concat_str(pl.col("_file"), pl.lit(":"), pl.col("_row").cast(pl.String))
    ids = {k: int(v) for k, v in decisions.items() if v != "new"}
    fresh = [k for k, v in decisions.items() if v == "new"]
    return frame.with_columns(
        key.replace_strict(ids, default=None, return_dtype=pl.Int64).alias("decided_id")
        if ids
        else pl.lit(None, dtype=pl.Int64).alias("decided_id"),
        key.is_in(fresh).alias("is_decided_new"),
    )


def _same_rows(kept: pl.DataFrame, wanted: pl.DataFrame) -> pl.DataFrame:
    if kept.height == wanted.height:
        return kept
    keys = wanted.select(pl.col("_file"), pl.col("_row").cast(kept.schema["_row"]))
    return kept.join(keys.unique(), on=["_file", "_row"], how="semi", maintain_order="left")


def _encrypted(frame: pl.DataFrame, wanted: pl.DataFrame) -> pl.DataFrame:
    """The IIN of the wanted rows, as ciphertext."""
    numbers = frame["iin"]
    if wanted.height < frame.height:
        keys = wanted.select("_file", pl.col("_row").cast(frame.schema["_row"]), pl.lit(True).alias("_wanted"))
        marked = frame.join(keys, on=["_file", "_row"], how="left", maintain_order="left")
        numbers = marked.select(pl.when(pl.col("_wanted")).then(pl.col("iin")))["iin"]
    return frame.with_columns(pl.Series("iin_encrypted", secrets.encrypt_many(numbers.to_list()), dtype=pl.Binary))


def _encrypt_column(frame: pl.DataFrame, column: str, to: str) -> pl.DataFrame:
    return frame.with_columns(pl.Series(to, secrets.encrypt_many(frame[column].to_list()), dtype=pl.Binary))


def _resolve(kind: str, frame: pl.DataFrame, source: Source, faults: Faults) -> pl.DataFrame:
    if kind in (*PEOPLE, RowKind.ROOMS):
        return with_institutions(frame, source, faults)
    return frame


def merge_part(
    found: Import, kind: str, frame: pl.DataFrame, complete: Collection[str] | None = None
) -> dict[str, dict[str, int]]:
    """Merge a sealed part. Raises `Moved` when it no longer fits the register."""
    context = context_of(found, kind, complete)
    faults = Faults()
    resolved = _resolve(kind, frame, found.source, faults)
    if kind in PEOPLE:
        done = people_merge.merge(people.number(with_derived_names(resolved)), context)
    elif kind in (RowKind.INSTITUTIONS, RowKind.PLACES):
        planned = InstitutionPlan(_without_bad(resolved), context).plan(faults)
        planned.apply()
        done = planned.counts()
    else:
        numbered = with_derived_names(resolved) if kind == RowKind.GUARDIANSHIPS else resolved
        numbered = numbered.with_row_index("no").with_columns(pl.col("no").cast(pl.Int64))
        merge = things.merge_rooms if kind == RowKind.ROOMS else things.merge_guardianships
        done = merge(numbered, context)
    if any((f["level"] == ERROR).any() for f in faults.frames):
        raise Moved
    return done


class Moved(Exception):
    """The register is no longer as it was when the import was checked."""


def keep_records(found: Import, records: pl.DataFrame) -> None:
    """What a OneRoster source said, word for word; tied to what the register made of it."""
    columns = {"kind": "text", "external_id": "text", "is_active": "boolean", "metadata": "jsonb"}
    staging.copy_in("records", records, columns)
    staging.execute(
        """
        insert into registry_externalid (source_id, kind, external_id, target_id, org_no, is_active, metadata, last_import_id)
        select %(source)s, r.kind, r.external_id, coalesce(p.target_id, i.target_id),
            coalesce(p.org_no, i.org_no, s.org_no, %(lo)s), r.is_active, r.metadata, %(import)s
        from records r
        left join registry_externalid p on r.kind in ('or:user', 'or:demographics') and p.kind = 'person'
            and p.source_id = %(source)s and p.external_id = r.external_id
        left join registry_externalid i on r.kind = 'or:org' and i.kind = 'institution' and i.source_id = %(source)s
            and i.external_id = r.external_id
        left join registry_externalid s on s.kind = 'institution' and s.source_id = %(source)s
            and s.external_id = coalesce(r.metadata->>'schoolSourcedId', r.metadata->>'orgSourcedId')
        on conflict (source_id, kind, external_id) do update set metadata = excluded.metadata, is_active = excluded.is_active,
            target_id = coalesce(excluded.target_id, registry_externalid.target_id), org_no = excluded.org_no,
            last_import_id = excluded.last_import_id
        where (registry_externalid.metadata, registry_externalid.is_active, registry_externalid.target_id)
            is distinct from (excluded.metadata, excluded.is_active, coalesce(excluded.target_id, registry_externalid.target_id))
        """,
        {"source": found.source_id, "lo": found.source.org_lo, "import": found.pk},
    )
