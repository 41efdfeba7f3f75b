"""From text to the register's fields, a column at a time: mapping, values, dates, numbers, identifiers."""

from __future__ import annotations

import datetime as dt

import polars as pl

from tirek.registry import identifiers
from tirek.registry.exchange import fields as f
from tirek.registry.exchange.faults import ERROR, WARNING, Faults, OfRow
from tirek.storage.said import Said
from tirek.storage.said import said as _

DATE_FORMATS = ("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%Y-%m-%dT%H:%M:%S%.fZ", "%Y/%m/%d", "%d-%m-%Y")
FORMULA = r"^[=+@\t\r]"
GUARDED = r"^'[=+\-@\t\r]"
NO_LETTERS = r"[<>{}\[\]|\\^@#$%&*+/=_~;:!?\"\p{So}]"
MIXED = r"[A-Za-z].*[\p{Cyrillic}]|[\p{Cyrillic}].*[A-Za-z]"


def map_columns(table: pl.DataFrame, row_kind: str, columns: dict, faults: Faults) -> pl.DataFrame:
    """The table under the register's field names, still text; a value map and a default are applied."""
    file = table["_file"][0] if table.height else ""
    expressions = [pl.col("_file"), pl.col("_row")]
    for field in f.fields_of(row_kind):
        rule = columns.get(field.name) or {}
        column = rule.get("column")
        if column and column not in table.columns:
            level = ERROR if field.required else WARNING
            faults.add(file, None, column, "", _("The column %(name)s is missing.") % {"name": column},
                       _("Name the column so, or change the mapping."), level, "column_missing")  # fmt: skip
            column = None
        if not column and rule.get("default") in (None, ""):
            if field.required:
                faults.add(file, None, field.name, "", _("No column gives the field “%(name)s”.") % {"name": field.label},
                           _("Choose its column in the mapping."), ERROR, "field_unmapped")  # fmt: skip
            expressions.append(pl.lit(None, dtype=pl.String).alias(field.name))
            continue
        expressions.append(_mapped(field, column, rule).alias(field.name))
    return table.select(expressions)


def _mapped(field: f.Field, column: str | None, rule: dict) -> pl.Expr:
    value = pl.col(column) if column else pl.lit(None, dtype=pl.String)
    value = pl.when(value.str.contains(GUARDED)).then(value.str.slice(1)).otherwise(value)
    values = {str(k).strip().lower(): v for k, v in (rule.get("values") or {}).items()}
    if values:
        value = value.str.to_lowercase().replace_strict(values, default=value, return_dtype=pl.String)
    if rule.get("default") not in (None, ""):
        value = value.fill_null(pl.lit(str(rule["default"])))
    return value


def check_values(frame: pl.DataFrame, row_kind: str, columns: dict, faults: Faults) -> pl.DataFrame:
    """Typed columns; what cannot be read is null and a fault. ``_bad`` marks rows with an error."""
    in_order = sorted(f.fields_of(row_kind), key=lambda field: field.type == f.IIN)  # it is compared with date and sex
    for field in in_order:
        rule = columns.get(field.name) or {}
        label = rule.get("column") or field.name
        if not _is_given(frame, field.name) and not (field.required and rule):  # half the fields of a usual file
            frame = frame.with_columns(pl.lit(None, dtype=_DTYPES[field.type]).alias(field.name))
            continue
        frame = _CHECKS[field.type](frame, field, label, rule, faults)
        if field.required and (rule or _is_given(frame, field.name)):
            missing = frame.filter(pl.col(field.name).is_null() & ~_had_value(frame, field.name))
            faults.add_rows(missing, label, _("The field “%(name)s” is empty.") % {"name": field.label},
                            _("Fill it in."), code="required")  # fmt: skip
        frame = frame.drop(f"_raw_{field.name}", strict=False)
    return frame


def _is_given(frame: pl.DataFrame, name: str) -> bool:
    """A column that is mapped to nothing was named once, for the file; not again in every row."""
    return frame[name].null_count() < frame.height


def _had_value(frame: pl.DataFrame, name: str) -> pl.Expr:
    raw = f"_raw_{name}"
    return pl.col(raw).is_not_null() if raw in frame.columns else pl.lit(False)


def _check_text(frame, field, label, rule, faults):
    name = field.name
    seen = (
        pl.col(name).str.normalize("NFC").str.replace_all(r"\p{Cf}", "").str.replace_all(r"\s+", " ").str.strip_chars()
    )
    frame = frame.with_columns(seen)
    faults.add_rows(frame.filter(pl.col(name) == ""), label, _("Nothing that can be seen stands here."),
                    _("Type the text again."), code="invisible")  # fmt: skip
    long = frame.filter(pl.col(name).str.len_chars() > field.length)
    faults.add_rows(long, label, _("The text is longer than %(n)d characters.") % {"n": field.length},
                    _("Shorten it."), value=name, code="too_long")  # fmt: skip
    faults.add_rows(frame.filter(pl.col(name).str.contains(FORMULA)), label, _("The cell begins like a formula."),
                    _("Put the value there, not a formula."), value=name, code="formula")  # fmt: skip
    return frame.with_columns(pl.col(name).str.slice(0, field.length))


def _check_name(frame, field, label, rule, faults):
    name = field.name
    spaces = pl.col(name).str.replace_all(r"\s+", " ").str.strip_chars()
    frame = _check_text(frame.with_columns(spaces), field, label, rule, faults)
    mixed = frame.filter(pl.col(name).str.contains(MIXED))
    faults.add_rows(mixed, label, _("The name mixes Latin and Cyrillic letters that look alike."),
                    _("Type the name again in one alphabet."), value=name, level=WARNING, code="mixed_alphabets")  # fmt: skip
    digits = frame.filter(pl.col(name).str.contains(r"\d"))
    faults.add_rows(digits, label, _("The name contains digits."), _("Check the name."), value=name, level=WARNING,
                    code="digits_in_name")  # fmt: skip
    faults.add_rows(frame.filter(pl.col(name).str.contains(NO_LETTERS) & ~pl.col(name).str.contains(FORMULA)), label, _("The name contains signs that no name has."),
                    _("Check the name."), value=name, level=WARNING, code="signs_in_name")  # fmt: skip
    return frame


def parse_dates(text: pl.Expr, preferred: str = "") -> pl.Expr:
    formats = dict.fromkeys([*([preferred] if preferred else []), *DATE_FORMATS])
    return pl.coalesce(text.str.to_date(fmt, strict=False, exact=True) for fmt in formats)


def _check_date(frame, field, label, rule, faults):
    name, raw = field.name, f"_raw_{field.name}"
    frame = frame.with_columns(pl.col(name).alias(raw)).with_columns(parse_dates(pl.col(name), rule.get("format", "")))
    bad = frame.filter(pl.col(name).is_null() & pl.col(raw).is_not_null())
    looks = bad.with_columns(pl.col(raw).str.contains(r"^\d{1,4}[./-]\d{1,2}[./-]\d{1,4}$").alias("_looks"))
    faults.add_rows(looks.filter(pl.col("_looks")), label, _("There is no such day."), _("Correct the date."),
                    value=raw, code="no_such_day")  # fmt: skip
    faults.add_rows(
        looks.filter(~pl.col("_looks")),
        label,
        _("This is not a date."),
        _("Write it as 2026-09-01 or 01.09.2026."),
        value=raw,
        code="not_a_date",
    )
    odd = frame.filter((pl.col(name).dt.year() < 1900) | (pl.col(name).dt.year() > 2100))
    faults.add_rows(odd, label, _("The year cannot be right."), _("Correct the date."), value=raw, code="odd_year")
    return frame


def _check_number(frame, field, label, rule, faults):
    name, raw = field.name, f"_raw_{field.name}"
    dtype = pl.Int64 if field.type == f.INT else pl.Float64
    text = pl.col(name).str.replace_all(r"[\s\u00a0]", "").str.replace(",", ".")
    if field.type == f.INT:
        text = text.str.replace(r"\.0+$", "")
    frame = frame.with_columns(pl.col(name).alias(raw), text.cast(dtype, strict=False).alias(name))
    bad = frame.filter(pl.col(name).is_null() & pl.col(raw).is_not_null())
    faults.add_rows(bad, label, _("This is not a number."), _("Write digits only."), value=raw, code="not_a_number")
    outside = pl.lit(False)
    if field.low is not None:
        outside = outside | (pl.col(name) < field.low)
    if field.high is not None:
        outside = outside | (pl.col(name) > field.high)
    faults.add_rows(
        frame.filter(outside), label,
        _("The number is not between %(low)s and %(high)s.") % {"low": field.low, "high": field.high},
        _("Correct it."), value=raw, code="out_of_range",
    )  # fmt: skip
    return frame


def _check_bool(frame, field, label, rule, faults):
    values = f.TRUE_VALUES | f.FALSE_VALUES
    frame = _replace(frame, field, values, ("true", "false"), label, faults)
    return frame.with_columns((pl.col(field.name) == "true").alias(field.name))


def _check_choice(frame, field, label, rule, faults):
    return _replace(frame, field, field.values or {}, field.choices, label, faults)


def _replace(frame, field, values, choices, label, faults):
    name, raw = field.name, f"_raw_{field.name}"
    known = {**values, **{choice: choice for choice in choices}}
    found = pl.col(name).str.to_lowercase().replace_strict(known, default=None, return_dtype=pl.String)
    frame = frame.with_columns(pl.col(name).alias(raw), found.alias(name))
    bad = frame.filter(pl.col(name).is_null() & pl.col(raw).is_not_null())
    faults.add_rows(bad, label, _("This value is not known."),
                    _("Use one of: %(choices)s; or add the value to the mapping.") % {"choices": ", ".join(choices)},
                    value=raw, code="unknown_value")  # fmt: skip
    return frame


def _check_list(frame, field, label, rule, faults):
    """Several choices in one cell, separated by a comma, semicolon, slash or a vertical bar."""
    name, raw = field.name, f"_raw_{field.name}"
    known = {**(field.values or {}), **{choice: choice for choice in field.choices}}
    parts = pl.col(name).str.to_lowercase().str.replace_all(r"[;/|]", ",").str.split(",")
    found = parts.list.eval(pl.element().str.strip_chars().replace_strict(known, default=None, return_dtype=pl.String))
    frame = frame.with_columns(pl.col(name).alias(raw), found.alias(name))
    bad = frame.filter(pl.col(name).list.eval(pl.element().is_null()).list.any().fill_null(False))
    faults.add_rows(bad, label, _("A value in the list is not known."),
                    _("Use: %(choices)s.") % {"choices": ", ".join(field.choices)}, value=raw, code="unknown_value")  # fmt: skip
    return frame.with_columns(pl.col(name).list.drop_nulls())


def _check_iin(frame, field, label, rule, faults):
    """Faults by the column; only with ``repair`` in the mapping is what was probably meant taken instead."""
    name, raw = field.name, f"_raw_{field.name}"
    is_persons = name == "iin"
    birth = frame["birth_date"] if is_persons and frame.schema.get("birth_date") == pl.Date else None
    sex = frame["sex"] if is_persons and "sex" in frame.columns else None
    checked = identifiers.check_iins(frame[name], birth_dates=birth, sexes=sex)
    return _take_identifier(frame, name, raw, label, checked, bool(rule.get("repair")), faults)


def _check_bin(frame, field, label, rule, faults):
    checked = identifiers.check_bins(frame[field.name])
    return _take_identifier(frame, field.name, f"_raw_{field.name}", label, checked, bool(rule.get("repair")), faults)


def _take_identifier(frame, name, raw, label, checked, repair, faults):
    frame = frame.with_columns(
        pl.col(name).alias(raw), checked["value"].alias(name), checked["problem"].alias("_problem"),
        checked["proposal"].alias("_proposal"),
    )  # fmt: skip
    bad = frame.filter(pl.col("_problem").is_not_null())
    level = pl.when(pl.col("_proposal").is_not_null() & repair).then(pl.lit(WARNING)).otherwise(pl.lit(ERROR))
    for code in bad["_problem"].unique().sort().to_list():
        for found in bad.filter(pl.col("_problem") == code).with_columns(level.alias("_level")).partition_by("_level"):
            faults.add_rows(
                found, label, _(identifiers.MESSAGES[code]), _advice(), value=raw, level=found["_level"][0], code=code
            )
    for warning in identifiers.WARNINGS & set(checked.columns):
        seen = frame.filter(checked[warning]).with_columns(_masked(name))  # a number that is right is nobody's to read
        faults.add_rows(seen, label, _(identifiers.MESSAGES[warning]),
                        _("Compare with the document."), value="_shown", level=WARNING, code=warning)  # fmt: skip
    meant = pl.col("_proposal") if repair else pl.lit(None, dtype=pl.String)
    good = pl.when(pl.col("_problem").is_null()).then(pl.col(name)).otherwise(meant)
    return frame.with_columns(good.alias(name)).drop("_problem", "_proposal")


def _advice() -> OfRow:
    return OfRow(_("Was %(proposal)s meant?"), {"proposal": "_proposal"}, _("Compare with the document."))


_DTYPES = {
    f.TEXT: pl.String, f.NAME: pl.String, f.DATE: pl.Date, f.INT: pl.Int64, f.FLOAT: pl.Float64, f.BOOL: pl.Boolean,
    f.CHOICE: pl.String, f.LIST: pl.List(pl.String), f.IIN: pl.String, f.BIN: pl.String,
}  # fmt: skip
_CHECKS = {
    f.TEXT: _check_text, f.NAME: _check_name, f.DATE: _check_date, f.INT: _check_number, f.FLOAT: _check_number,
    f.BOOL: _check_bool, f.CHOICE: _check_choice, f.LIST: _check_list, f.IIN: _check_iin, f.BIN: _check_bin,
}  # fmt: skip


def check_rows(frame: pl.DataFrame, row_kind: str, faults: Faults, as_of: dt.date) -> None:
    """What only several columns, or several rows together, tell."""
    if {"begin_date", "end_date"} <= set(frame.columns):
        faults.add_rows(
            frame.filter(pl.col("end_date") <= pl.col("begin_date")), "end_date", _("The period ends before it begins."),
            _("Correct the dates."), value="end_date", code="period_order",
        )  # fmt: skip
    if row_kind in ("learners", "staff"):
        _check_births(frame, faults, as_of)
        _check_people(frame, row_kind, faults)
    keys = {"institutions": ["code"], "places": ["code"], "rooms": ["institution", "building_code", "number"]}
    if row_kind in keys:
        _check_twice(frame, keys[row_kind], faults)


def _check_twice(frame: pl.DataFrame, keys: list[str], faults: Faults) -> None:
    known = frame.filter(pl.all_horizontal(pl.col(k).is_not_null() for k in keys))
    again = known.filter(~pl.struct(keys).is_first_distinct())
    faults.add_rows(again, keys[-1], _("The same thing stands in an earlier row."), _("Delete one of the rows."),
                    value=keys[-1], code="twice")  # fmt: skip


def _check_births(frame: pl.DataFrame, faults: Faults, as_of: dt.date) -> None:
    begins = pl.col("begin_date").fill_null(as_of) if "begin_date" in frame.columns else pl.lit(as_of)
    faults.add_rows(frame.filter(pl.col("birth_date") >= begins), "birth_date",
                    _("This person would be born after the day on which this begins."), _("Correct the date."),
                    value="birth_date", code="born_too_late")  # fmt: skip


def _check_people(frame: pl.DataFrame, row_kind: str, faults: Faults) -> None:
    numbers = frame["external_id"].str.contains(r"^\d{12}$").fill_null(False)
    passed_on = frame.filter(numbers & (pl.col("external_id") == pl.col("iin")).fill_null(False))
    faults.add_rows(passed_on, "external_id", _("This identifier is the person's IIN, which is never passed on."),
                    _("Leave it empty, or give an identifier that does not change."), code="iin_as_identifier")  # fmt: skip
    key = pl.coalesce(pl.col("iin"), pl.col("external_id"))
    known = frame.filter(key.is_not_null()).with_columns(key.alias("_key"))
    if row_kind == "learners":
        _check_overlaps(known, faults)
    else:
        _check_twice_on_post(known, faults)
    others = [c for c in ("family_name", "given_name", "birth_date") if c in frame.columns]
    first = known.group_by("_key", maintain_order=True).agg(
        pl.col("_row").first().alias("_other"), *(pl.col(c).first().alias(f"_first_{c}") for c in others)
    )
    joined = known.join(first, on="_key").with_columns(_masked("iin", "_key"))
    differs = pl.any_horizontal(pl.col(c).ne_missing(pl.col(f"_first_{c}")) for c in others)
    faults.add_rows(joined.filter(differs), "iin",
                    _of_other(_("Row %(row)s has this identifier with another name or date of birth.")),
                    _("Compare both with the documents."), value="_shown", code="two_people_one_identifier")  # fmt: skip
    nameless = frame.filter(key.is_null() & pl.col("birth_date").is_not_null())
    same = ["family_name", "given_name", "birth_date"]
    again = nameless.with_columns(pl.col("_row").first().over(same).alias("_other")).filter(
        pl.col("_row") != pl.col("_other")
    )
    faults.add_rows(again, "family_name", _of_other(_("Row %(row)s has the same name and date of birth.")),
                    _("Delete it, or give both their IIN."), value="family_name", code="duplicate_person")  # fmt: skip


def _masked(name: str, otherwise: str = "") -> pl.Expr:
    """What may be shown of an identifier: its end. Rows without one show another column, if one is named."""
    shown = pl.lit("•" * 8) + pl.col(name).str.tail(4)
    return (pl.coalesce(shown, otherwise) if otherwise else shown).alias("_shown")


def _of_other(sentence: Said) -> OfRow:
    """A sentence that names the other row."""
    return OfRow(sentence, {"row": "_other"}, sentence)


def _check_overlaps(known: pl.DataFrame, faults: Faults) -> None:
    far = pl.date(9999, 1, 1)
    ordered = known.with_columns(
        pl.col("begin_date").fill_null(pl.date(1900, 1, 1)).alias("_from"),
        pl.col("end_date").fill_null(far).alias("_to"),
    ).sort("_key", "_from", "_row")
    clash = pl.col("_key").eq(pl.col("_key").shift(1)) & (pl.col("_from") < pl.col("_to").shift(1))
    ordered = ordered.with_columns(
        clash.fill_null(False).alias("_clash"), pl.col("_row").shift(1).alias("_other"), _masked("iin", "_key")
    )
    same = pl.col("institution").eq_missing(pl.col("institution").shift(1))
    twice = ordered.filter(pl.col("_clash") & same.over("_key").fill_null(False))
    moved = ordered.filter(pl.col("_clash") & ~same.over("_key").fill_null(False))
    faults.add_rows(twice, "iin", _of_other(_("Row %(row)s has the same person in the same institution at the same time.")),
                    _("Delete one of the rows."), value="_shown", code="duplicate_person")  # fmt: skip
    faults.add_rows(moved, "institution", _of_other(_("Row %(row)s has the same person in another institution at the same time.")),
                    _("End the first enrolment before the second begins."), value="institution",
                    code="overlapping_enrolments")  # fmt: skip


def _check_twice_on_post(known: pl.DataFrame, faults: Faults) -> None:
    keys = ["_key", "institution", "position", "subject", "begin_date"]
    again = known.filter(~pl.struct(keys).is_first_distinct())
    faults.add_rows(again, "position", _("The same employment stands in an earlier row."), _("Delete one of the rows."),
                    value="position", code="twice")  # fmt: skip
    main = known.filter(pl.col("is_main").fill_null(True) & pl.col("end_date").is_null())
    second = main.filter(~pl.col("_key").is_first_distinct())
    faults.add_rows(second, "is_main", _("This person has two main employments."), _("Mark one as additional."),
                    code="two_main_employments")  # fmt: skip
