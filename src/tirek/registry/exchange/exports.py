# ruff: noqa: S608 - the pieces are ours; ranges are numbers
"""Tables out of the register, under the names that an import reads back: CSV, XLSX, Parquet.

A spreadsheet runs cells that begin with = + - @, a tab or a line break as formulas. In CSV such cells get an apostrophe
before them, which an import takes away again, so that a name that begins with a dash survives. XLSX cells are written as text
and Parquet has types, so nothing is added there.
"""

from __future__ import annotations

import io

import polars as pl

from tirek.access.permissions import may
from tirek.access.scope import current_scope
from tirek.registry.exchange import staging
from tirek.registry.exchange.oneroster.writing import scope_range
from tirek.registry.models import RowKind
from tirek.storage import secrets

DANGEROUS = r"^[=+\-@\t\r]"
PLAIN_NUMBER = r"^[+-]?\d+([.,]\d+)?$"
BOM = b"\xef\xbb\xbf"
FORMATS = ("csv", "xlsx", "parquet")

PERSON = ("encode(p.iin_encrypted, 'hex') as iin, p.family_name, p.given_name, p.patronymic, p.birth_date, p.sex,"
          " i.code as institution")  # fmt: skip
QUERIES: dict[str, str] = {
    RowKind.INSTITUTIONS: """
        select i.code, i.bin, i.kind, s.name_kk, s.name_ru, s.name_en, t.code as territory, s.settlement_kind, s.is_public,
            array_to_string(s.languages, ',') as languages, s.address, s.longitude, s.latitude, s.capacity, s.connectivity,
            s.speed_mbps, s.heating, lower(i.open_period) as open_date
        from registry_institution i join registry_institutionstate s on s.institution_id = i.id and upper_inf(s.valid)
        join registry_territory t on t.id = s.territory_id where i.org_no between {lo} and {hi} order by i.org_no""",
    RowKind.LEARNERS: f"""
        select {PERSON}, e.grade, g.letter, g.language, g.shift, lower(e.valid) as begin_date, upper(e.valid) as end_date,
            e.entry_reason, e.exit_reason
        from registry_enrolment e join registry_person p on p.id = e.person_id join registry_institution i on
            i.id = e.institution_id left join registry_classgroup g on g.id = e.class_group_id
        where upper_inf(e.valid) and e.org_no between {{lo}} and {{hi}} order by e.org_no, e.sort_key, e.id""",
    RowKind.STAFF: f"""
        select {PERSON}, e.position, e.subject, e.category, e.rate, e.is_main, lower(e.valid) as begin_date,
            upper(e.valid) as end_date
        from registry_employment e join registry_person p on p.id = e.person_id join registry_institution i on
            i.id = e.institution_id
        where upper_inf(e.valid) and e.org_no between {{lo}} and {{hi}} order by e.org_no, e.sort_key, e.id""",
    RowKind.GUARDIANSHIPS: """
        select encode(g.iin_encrypted, 'hex') as guardian_iin, g.family_name, g.given_name, g.patronymic,
            encode(c.iin_encrypted, 'hex') as child_iin, k.kind, lower(k.valid) as begin_date
        from registry_guardianship k join registry_person g on g.id = k.guardian_id join registry_person c on c.id = k.child_id
        where upper_inf(k.valid) and k.org_no between {lo} and {hi} order by k.org_no, c.sort_key, g.sort_key""",
    RowKind.ROOMS: """
        select i.code as institution, b.code as building_code, b.name as building_name, r.number, r.name, r.purpose, r.floor,
            r.area_m2, r.places, r.condition, r.condition_date
        from registry_room r join registry_building b on b.id = r.building_id join registry_institution i on
            i.id = r.institution_id
        where upper_inf(r.valid) and r.org_no between {lo} and {hi} order by r.org_no, b.code, r.number""",
}  # fmt: skip
OF_PEOPLE = (RowKind.LEARNERS, RowKind.STAFF, RowKind.GUARDIANSHIPS)
IDENTIFIERS = ("iin", "guardian_iin", "child_iin")


def table(row_kind: str) -> pl.DataFrame:
    """What the asker's scope holds of a kind. IINs only for roles that may see them; else the column is empty."""
    lo, hi = scope_range()
    frame = staging.query(QUERIES[row_kind].format(lo=lo, hi=hi))
    role = current_scope().role
    for column in (c for c in IDENTIFIERS if c in frame.columns):
        if role and may(role, "people.see_iin"):
            plain = [None if v is None else secrets.decrypt(bytes.fromhex(v)) for v in frame[column].to_list()]
        else:
            plain = [None] * frame.height
        frame = frame.with_columns(pl.Series(column, plain, dtype=pl.String))
    booleans = [c for c in ("is_public", "is_main") if c in frame.columns]
    return frame.with_columns(pl.col(c).replace({"t": "true", "f": "false"}) for c in booleans)


def guarded(frame: pl.DataFrame) -> pl.DataFrame:
    """Cells that a spreadsheet would run get an apostrophe before them; numbers stay numbers."""
    text = [c for c, dtype in frame.schema.items() if dtype == pl.String]
    is_dangerous = [pl.col(c).str.contains(DANGEROUS) & ~pl.col(c).str.contains(PLAIN_NUMBER) for c in text]
    return frame.with_columns(
        pl.when(bad).then(pl.concat_str(pl.lit("'"), pl.col(c))).otherwise(pl.col(c)).alias(c)
        for c, bad in zip(text, is_dangerous, strict=True)
    )


def as_csv(frame: pl.DataFrame, *, bom: bool = False, separator: str = ",") -> bytes:
    return (BOM if bom else b"") + guarded(frame).write_csv(separator=separator, line_terminator="\r\n").encode()


def as_parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


def as_xlsx(frame: pl.DataFrame, title: str) -> bytes:
    import xlsxwriter

    buffer = io.BytesIO()
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    with xlsxwriter.Workbook(buffer, options) as book:
        sheet = book.add_worksheet(title[:31])
        sheet.write_row(0, 0, frame.columns, book.add_format({"bold": True}))
        for place, row in enumerate(frame.iter_rows(), start=1):
            for column, value in enumerate(row):
                if value is not None:
                    sheet.write_string(place, column, str(value))
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(1, frame.height), max(0, frame.width - 1))
    return buffer.getvalue()


def export(row_kind: str, file_format: str, *, bom: bool = False) -> bytes:
    return as_file(table(row_kind), row_kind, file_format, bom=bom)


def as_file(frame: pl.DataFrame, row_kind: str, file_format: str, *, bom: bool = False) -> bytes:
    if file_format == "xlsx":
        return as_xlsx(frame, row_kind)
    return as_parquet(frame) if file_format == "parquet" else as_csv(frame, bom=bom)
