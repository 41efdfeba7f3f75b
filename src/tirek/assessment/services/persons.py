"""Keep every pupil's own result of a publication: by columns and in one statement, for there may be half a million."""

from __future__ import annotations

import polars as pl
from django.db import connection

from tirek.assessment.decided import sealing
from tirek.assessment.decided.pseudonyms import pseudonyms
from tirek.assessment.models import AnswerSheet, Calibration, PersonResult, Release, Test
from tirek.decisions import queries as journal

COLUMNS = {
    "person_id": "bigint", "sitting_id": "bigint", "org_no": "integer", "eap": "double precision",
    "eap_se": "double precision", "wle": "double precision", "wle_se": "double precision", "points": "integer",
    "points_se": "integer", "raw_score": "integer", "max_raw_score": "integer", "flag": "text",
}  # fmt: skip
PLACE = {sealing.SUBJECT: pl.String, "person_id": pl.Int64, "sitting_id": pl.Int64, "org_no": pl.Int64}


def keep_persons(release: Release, test: Test, results, calibration: Calibration) -> None:
    """Each pupil is found again by the pseudonym that only this installation can make; who has no points has no row."""
    found = journal.table(journal.decision(calibration.decision_number), "persons")
    outcomes = journal.table(results, "outcomes").filter(pl.col("subject_kind") == "person")
    numbers = pl.Struct({"points": pl.Int64, "error": pl.Int64})
    points = outcomes.select("subject", pl.col("numbers").str.json_decode(numbers).struct.unnest())
    rows = (
        found.join(points, on=sealing.SUBJECT)
        .filter(pl.col("points").is_not_null())
        .join(_places(test), on=sealing.SUBJECT)
        .rename({"error": "points_se", "score": "raw_score", "highest": "max_raw_score"})
        .with_columns(pl.col("wle", "wle_se").fill_nan(None))
        .sort("person_id")
    )
    _insert(release, rows.select(*COLUMNS))


def _places(test: Test) -> pl.DataFrame:
    """Where each pupil sat, by pseudonym."""
    sheets = list(AnswerSheet.objects.filter(test=test).values_list("person_id", "sitting_id", "org_no"))
    names = pseudonyms(test, [sheet[0] for sheet in sheets])
    rows = [(name, *sheet) for name, sheet in zip(names, sheets, strict=True)]
    return pl.DataFrame(rows, schema=PLACE, orient="row")


def _insert(release: Release, rows: pl.DataFrame) -> None:
    """COPY into a table of this transaction, then one statement; tables with row policies take no COPY themselves."""
    names, table = ", ".join(COLUMNS), PersonResult._meta.db_table
    types = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    with connection.cursor() as cursor:
        cursor.execute(f"create temporary table person_staging ({types}) on commit drop")
        with cursor.copy(f"copy person_staging ({names}) from stdin (format csv)") as copy:
            for part in rows.iter_slices(100_000):
                copy.write(part.write_csv(include_header=False, quote_style="non_numeric").encode())
        cursor.execute(
            f"insert into {table} (release_id, {names}) select %s, {names} from person_staging",  # noqa: S608
            [release.pk],
        )
        cursor.execute("drop table person_staging")
