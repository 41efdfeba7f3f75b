"""A OneRoster package (1.1 or 1.2 CSV) as tables under the names of 1.2, with every defect named.

What the register has no field for is kept in ``_extra``; passwords are dropped at the door.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass

import polars as pl

from tirek.registry.exchange.checking import parse_dates
from tirek.registry.exchange.faults import ERROR, NOTE, WARNING, Faults
from tirek.registry.exchange.oneroster.spec import (
    FILES,
    MANIFEST_FILES,
    NOT_REQUIRED_1_1,
    OF_1_1,
    ONLY_1_1,
    ONLY_1_2,
    PACKAGE_VALUES,
    SECRETS,
    STATUSES,
    File,
)
from tirek.storage.said import said as _

ISO_MOMENT = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:?\d{2})$"
ISO_DAY = r"^\d{4}-\d{2}-\d{2}$"


@dataclass
class Package:
    """Tables by the file's name in the standard, and how each was sent: bulk, delta or absent."""

    version: str
    tables: dict[str, pl.DataFrame]
    modes: dict[str, str]


def read_package(tables: dict[str, pl.DataFrame], faults: Faults) -> Package:
    _check_same_names(tables, faults)
    by_name = {name.rsplit("/", 1)[-1]: table for name, table in tables.items()}
    version, modes = _manifest(by_name, faults)
    copies = _copies(by_name, faults)
    found: dict[str, pl.DataFrame] = {}
    lower = {name.lower(): name for name in by_name}
    for file in FILES.values():
        name = lower.get(f"{file.name.lower()}.csv")
        _check_presence(file, name, modes, faults)
        if name is None or name in copies:
            continue
        if name != f"{file.name}.csv":
            faults.add(name, None, "", name, _("The file should be called %(name)s.csv.") % {"name": file.name},
                       _("Rename the file."), WARNING, "file_name")  # fmt: skip
        if modes.get(file.name) == "absent":
            continue
        found[file.name] = _read_file(file, name, by_name[name], version, modes.get(file.name, "bulk"), faults)
    known = {f"{name.lower()}.csv" for name in (*MANIFEST_FILES, "manifest")}
    for name in by_name:
        if name.lower() not in known:
            faults.add(name, None, "", name, _("The standard knows no such file; it is not read."), _("Leave it out."), NOTE,
                       "unknown_file")  # fmt: skip
    _check_references(found, modes, faults)
    return Package(version, found, modes)


def _check_same_names(tables: dict[str, pl.DataFrame], faults: Faults) -> None:
    """A package has each file once: which of two in its folders is meant is not guessed."""
    paths: dict[str, list[str]] = {}
    for name in tables:
        paths.setdefault(name.rsplit("/", 1)[-1].lower(), []).append(name)
    for short, same in paths.items():
        if len(same) > 1:
            faults.add(same[0], None, "", ", ".join(same),
                       _("The package holds %(name)s more than once: %(files)s.") % {"name": short, "files": ", ".join(same)},
                       _("Leave one of them in the package."), ERROR, "file_twice")  # fmt: skip


def _manifest(tables: dict[str, pl.DataFrame], faults: Faults) -> tuple[str, dict[str, str]]:
    manifest = tables.get("manifest.csv")
    if manifest is None or not {"propertyName", "value"} <= set(manifest.columns):
        faults.add("manifest.csv", None, "", "", _("The package has no manifest: nothing ends because a file leaves it out."),
                   _("Add manifest.csv."), WARNING, "no_manifest")  # fmt: skip
        return "1.2" if "roles.csv" in tables else "1.1", {}
    modes: dict[str, str] = {}
    version = "1.2"
    for row in manifest.iter_rows(named=True):
        name, value = row["propertyName"] or "", row["value"] or ""
        if name == "oneroster.version":
            version = value
            if value not in ("1.1", "1.2"):
                faults.add("manifest.csv", row["_row"], "value", value, _("This version of OneRoster is not known."),
                           _("Send 1.1 or 1.2."), ERROR, "version")  # fmt: skip
        elif name.startswith("file."):
            modes |= _mode(name.removeprefix("file."), value, row["_row"], faults)
        elif name.startswith("source.") and value in PACKAGE_VALUES:
            faults.add("manifest.csv", row["_row"], "value", value, _("This should be the name of the sending system."),
                       _("Write its name, or leave the cell empty."), WARNING, "manifest_value")  # fmt: skip
    return version, modes


def _mode(name: str, value: str, row: int, faults: Faults) -> dict[str, str]:
    if name not in MANIFEST_FILES:
        faults.add("manifest.csv", row, "propertyName", f"file.{name}", _("The standard knows no such file."),
                   _("Delete the row."), WARNING, "manifest_file")  # fmt: skip
    if value in PACKAGE_VALUES:
        return {name: value}
    faults.add("manifest.csv", row, "value", value, _("The value must be absent, bulk or delta."),
               _("Write one of the three."), WARNING, "manifest_value")  # fmt: skip
    return {}


def _check_presence(file: File, name: str | None, modes: dict[str, str], faults: Faults) -> None:
    mode = modes.get(file.name)
    if name is None and mode in ("bulk", "delta"):
        faults.add("manifest.csv", None, f"file.{file.name}", mode, _("The manifest names a file that the package lacks."),
                   _("Add the file, or write absent."), ERROR, "file_missing")  # fmt: skip
    if name is not None and mode == "absent":
        faults.add(name, None, "", mode, _("The manifest calls this file absent; it is not read."),
                   _("Write bulk or delta in the manifest."), WARNING, "file_not_announced")  # fmt: skip


def _copies(tables: dict[str, pl.DataFrame], faults: Faults) -> set[str]:
    """Files that are byte for byte like another: the one whose columns fit less well is not read."""
    copies: set[str] = set()
    names = [n for n in sorted(tables) if n != "manifest.csv" and tables[n].height]
    for place, name in enumerate(names):
        for other in names[:place]:
            one, two = (tables[n].drop("_file") for n in (name, other))
            if one.columns == two.columns and one.equals(two):
                worse = min((name, other), key=lambda n: _fit(n, tables[n]))
                better = other if worse == name else name
                copies.add(worse)
                faults.add(worse, None, "", better, _("The file is a copy of %(name)s; it is not read.") % {"name": better},
                           _("Export the file again."), WARNING, "copy_of_another")  # fmt: skip
    return copies


def _fit(name: str, table: pl.DataFrame) -> int:
    file = next((f for f in FILES.values() if f"{f.name}.csv".lower() == name.lower()), None)
    return len(set(file.columns) & set(table.columns)) if file else 0


def _read_file(file: File, name: str, table: pl.DataFrame, version: str, mode: str, faults: Faults) -> pl.DataFrame:
    table = _named_by_the_standard(file, name, table, version, faults)
    kept = ["_file", "_row", *file.columns, *(c for c in ONLY_1_1.get(file.name, ()) if version == "1.1")]
    extra = [c for c in table.columns if c not in kept and c not in SECRETS]
    for secret in SECRETS:
        if secret in table.columns and table[secret].drop_nulls().len():
            faults.add(
                name,
                None,
                secret,
                "",
                _("Passwords are not taken over."),
                _("Do not send passwords."),
                NOTE,
                "password",
            )
    records = [json.dumps({c: v for c, v in row.items() if v is not None}, ensure_ascii=False)
               for row in table.select(extra).iter_rows(named=True)] if extra else ["{}"] * table.height  # fmt: skip
    present = [
        pl.lit(None, dtype=pl.String).alias(c) if c in SECRETS or c not in table.columns else pl.col(c) for c in kept
    ]
    table = table.select(present).with_columns(pl.Series("_extra", records, dtype=pl.String))
    for check in (
        _check_ids,
        _check_required,
        _check_status,
        _check_moments,
        _check_dates,
        _check_enums,
        _check_booleans,
    ):
        table = check(file, name, table, version, mode, faults)
    return table


def _named_by_the_standard(file: File, name: str, table: pl.DataFrame, version: str, faults: Faults) -> pl.DataFrame:
    missing = [c for c in file.columns if c not in table.columns]
    unknown = [c for c in table.columns if not c.startswith("_") and c not in file.columns]
    renamed: dict[str, str] = {}
    for column in unknown:
        if column.startswith(("ext_", "metadata.")) or (version == "1.1" and column in ONLY_1_1.get(file.name, ())):
            continue
        meant = OF_1_1.get(file.name, {}).get(column) or _closest(column, missing)
        if meant and meant in missing:
            renamed[column] = meant
            missing.remove(meant)
            faults.add(name, 1, column, column, _("The column should be called %(name)s.") % {"name": meant},
                       _("Rename the column; it was read all the same."), WARNING, "column_name")  # fmt: skip
        else:
            faults.add(name, 1, column, column, _("The standard knows no such column; it is kept beside the record."),
                       _("Call it metadata.… or leave it out."), NOTE, "unknown_column")  # fmt: skip
    required = _required(file, version)
    for column in missing:
        if column in SECRETS or (version == "1.1" and column in ONLY_1_2.get(file.name, ())):
            continue
        level = ERROR if column in ("sourcedId", *required) else NOTE
        faults.add(name, 1, column, "", _("The column %(name)s is missing.") % {"name": column},
                   _("Add the column; it may be empty where the standard allows."), level, "column_missing")  # fmt: skip
    return table.rename(renamed)


def _closest(column: str, missing: list[str]) -> str | None:
    lower = {c.lower(): c for c in missing}
    found = difflib.get_close_matches(column.lower(), list(lower), n=1, cutoff=0.85)
    return lower[found[0]] if found else None


def _required(file: File, version: str) -> tuple[str, ...]:
    if version != "1.1":
        return file.required
    return tuple(c for c in file.required if c not in NOT_REQUIRED_1_1.get(file.name, ()))


def _check_ids(file, name, table, version, mode, faults):
    faults.add_rows(table.filter(pl.col("sourcedId").is_null()), "sourcedId", _("The identifier is missing."),
                    _("Give each record its sourcedId."), code="required")  # fmt: skip
    again = table.filter(pl.col("sourcedId").is_not_null() & ~pl.col("sourcedId").is_first_distinct())
    faults.add_rows(again, "sourcedId", _("The identifier stands twice in this file."), _("Give each record its own."),
                    value="sourcedId", code="twice")  # fmt: skip
    faults.add_rows(table.filter(pl.col("sourcedId").str.len_chars() > 255), "sourcedId", _("The identifier is too long."),
                    _("At most 255 characters."), value="sourcedId", code="too_long")  # fmt: skip
    return table


def _check_required(file, name, table, version, mode, faults):
    lenient = {("classes", "courseSourcedId"), ("classes", "termSourcedIds")}
    for column in _required(file, version):
        if column in table.columns:
            level = WARNING if (file.name, column) in lenient else ERROR
            faults.add_rows(table.filter(pl.col(column).is_null()), column,
                            _("The standard requires %(name)s here.") % {"name": column}, _("Fill it in."), level=level,
                            code="required")  # fmt: skip
    return table


def _check_status(file, name, table, version, mode, faults):
    if mode == "delta":
        for column in ("status", "dateLastModified"):
            faults.add_rows(table.filter(pl.col(column).is_null()), column, _("A delta file must give %(name)s.") % {"name": column},
                            _("Fill it in."), code="required")  # fmt: skip
    odd = table.filter(pl.col("status").is_not_null() & ~pl.col("status").is_in(STATUSES))
    gone = odd.filter(pl.col("status").str.to_lowercase().is_in(["inactive", "tobedeleted", "deleted"]))
    faults.add_rows(gone, "status", _("The status is not one of the standard; it is read as tobedeleted."),
                    _("Write active or tobedeleted."), value="status", level=WARNING, code="status")  # fmt: skip
    faults.add_rows(odd.join(gone.select("_row"), on="_row", how="anti"), "status", _("The status is not known; it is read as active."),
                    _("Write active or tobedeleted."), value="status", level=WARNING, code="status")  # fmt: skip
    lower = pl.col("status").str.to_lowercase()
    return table.with_columns(
        pl.when(lower.is_in(["inactive", "tobedeleted", "deleted"]))
        .then(pl.lit("tobedeleted"))
        .otherwise(pl.lit("active"))
        .alias("status")
    )


def _check_moments(file, name, table, version, mode, faults):
    """dateLastModified becomes a moment in UTC; a day alone or day-first is taken with a warning."""
    raw = pl.col("dateLastModified")
    fine = raw.str.contains(ISO_MOMENT)
    spaced = raw.str.contains(r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}")
    day = parse_dates(raw.str.slice(0, 10)).dt.strftime("%Y-%m-%dT00:00:00.000Z")
    moment = pl.when(fine).then(raw).when(spaced).then(raw.str.replace(" ", "T") + ".000Z").otherwise(day)
    table = table.with_columns(moment.alias("_moment"))
    day_alone = raw.str.contains(ISO_DAY)
    faults.add_rows(table.filter(day_alone & pl.col("_moment").is_not_null()), "dateLastModified",
                    _("The moment has no time of day; midnight was taken."), _("Write it as 2026-09-01T08:00:00.000Z."),
                    value="dateLastModified", level=WARNING, code="moment_without_time")  # fmt: skip
    faults.add_rows(table.filter(raw.is_not_null() & ~fine & ~day_alone & pl.col("_moment").is_not_null()), "dateLastModified",
                    _("The moment is not in ISO 8601 with its time zone; it was read day first."),
                    _("Write it as 2026-09-01T08:00:00.000Z."), value="dateLastModified", level=WARNING, code="moment")  # fmt: skip
    faults.add_rows(table.filter(raw.is_not_null() & pl.col("_moment").is_null()), "dateLastModified",
                    _("This is not a moment."), _("Write it as 2026-09-01T08:00:00.000Z."), value="dateLastModified",
                    level=WARNING, code="moment")  # fmt: skip
    return table.with_columns(pl.col("_moment").alias("dateLastModified")).drop("_moment")


def _check_dates(file, name, table, version, mode, faults):
    for column in file.dates:
        raw = pl.col(column)
        table = table.with_columns(parse_dates(raw.str.slice(0, 10)).dt.strftime("%Y-%m-%d").alias("_day"))
        faults.add_rows(table.filter(raw.is_not_null() & pl.col("_day").is_null()), column, _("There is no such day."),
                        _("Write it as 2026-09-01."), value=column, code="no_such_day")  # fmt: skip
        faults.add_rows(table.filter(~raw.str.contains(ISO_DAY) & pl.col("_day").is_not_null()), column,
                        _("The day is not in ISO 8601; it was read day first."), _("Write it as 2026-09-01."),
                        value=column, level=WARNING, code="day_format")  # fmt: skip
        table = table.with_columns(pl.col("_day").alias(column)).drop("_day")
    starts = next(
        (pair for pair in (("startDate", "endDate"), ("beginDate", "endDate")) if set(pair) <= set(file.dates)), None
    )
    if starts:
        faults.add_rows(table.filter(pl.col(starts[1]) < pl.col(starts[0])), starts[1], _("It ends before it begins."),
                        _("Correct the dates."), value=starts[1], code="period_order")  # fmt: skip
    return table


def _check_enums(file, name, table, version, mode, faults):
    for column, values in file.enums:
        lower = {v.lower(): v for v in values}
        meant = pl.col(column).str.to_lowercase().replace_strict(lower, default=None, return_dtype=pl.String)
        table = table.with_columns(meant.alias("_meant"))
        faults.add_rows(table.filter(pl.col("_meant").is_not_null() & (pl.col("_meant") != pl.col(column))), column,
                        _("The value is written in other letters than in the standard."),
                        _("Write it with the same capitals as in the standard."), value=column, level=WARNING, code="letter_case")  # fmt: skip
        faults.add_rows(table.filter(pl.col("_meant").is_null() & pl.col(column).is_not_null()), column,
                        _("The value is not one of the standard."), _("Use: %(values)s.") % {"values": ", ".join(values)},
                        value=column, code="unknown_value")  # fmt: skip
        table = table.with_columns(pl.col("_meant").alias(column)).drop("_meant")
    return table


def _check_booleans(file, name, table, version, mode, faults):
    for column in file.booleans:
        lower = pl.col(column).str.to_lowercase()
        faults.add_rows(table.filter(pl.col(column).is_not_null() & ~lower.is_in(["true", "false"])), column,
                        _("The value must be true or false."), _("Write true or false."), value=column, code="not_boolean")  # fmt: skip
        table = table.with_columns(lower.alias(column))
    return table


def _check_references(tables: dict[str, pl.DataFrame], modes: dict[str, str], faults: Faults) -> None:
    """What a record points at must stand in the package, unless the other file came as a delta or not at all."""
    for name, table in tables.items():
        for column, target, many in FILES[name].refs:
            if column not in table.columns or not table.height:
                continue
            whole = modes.get(target, "bulk") == "bulk" and target in tables
            refs = table.select("_file", "_row", pl.col(column).alias("_ref")).drop_nulls("_ref")
            if many:
                refs = (
                    refs.with_columns(pl.col("_ref").str.split(","))
                    .explode("_ref")
                    .with_columns(pl.col("_ref").str.strip_chars())
                )
            known = tables[target].select(pl.col("sourcedId").alias("_ref")).drop_nulls() if target in tables else None
            lost = refs if known is None else refs.join(known, on="_ref", how="anti")
            if not whole and known is None and name in ("classes", "courses") and target == "courses":
                what = _("The course stands in no file; the class is kept without it.")
            else:
                what = _("The record points at something that %(file)s.csv does not hold.") % {"file": target}
            strict = (name, column) in {("enrollments", "userSourcedId"), ("enrollments", "schoolSourcedId"),
                                        ("roles", "userSourcedId"), ("roles", "orgSourcedId")}  # fmt: skip
            level = ERROR if strict and whole else WARNING
            faults.add_rows(lost, column, what, _("Add the record, or correct the identifier."), value="_ref", level=level,
                            code="orphan")  # fmt: skip
