"""A list as a file: XLSX, CSV or Parquet, places also as GeoJSON; the same columns in each. Cells cannot run as formulas."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Sequence

from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.utils.translation import gettext as _

from tirek.storage.tables import safe

TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "geojson": "application/geo+json",
}
POINT = ("longitude", "latitude")


def respond(name: str, form: str, columns: Sequence[tuple[str, str]], rows: Iterable[Sequence]) -> HttpResponse:
    """``columns`` are pairs (name for machines, head for people); spreadsheets get the heads, the others the names.

    GeoJSON is for lists with longitude and latitude only.
    """
    is_of_places = set(POINT) <= {name for name, _head in columns}
    if form not in TYPES or (form == "geojson" and not is_of_places):
        raise BadRequest(_("Files come as xlsx, csv or parquet."))
    write = {"xlsx": _xlsx, "csv": _csv, "parquet": _parquet, "geojson": _geojson}[form]
    response = HttpResponse(write(columns, list(rows)), content_type=TYPES[form])
    response["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return response


def _xlsx(columns: Sequence[tuple[str, str]], rows: list[Sequence]) -> bytes:
    import xlsxwriter

    target = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "default_date_format": "yyyy-mm-dd",
    }
    with xlsxwriter.Workbook(target, options) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, [head for _name, head in columns], book.add_format({"bold": True}))
        for number, row in enumerate(rows, start=1):
            sheet.write_row(number, 0, row)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(len(rows), 1), len(columns) - 1)
        sheet.autofit()
    return target.getvalue()


def _csv(columns: Sequence[tuple[str, str]], rows: list[Sequence]) -> bytes:
    import csv

    target = io.StringIO(newline="")
    writer = csv.writer(target)
    writer.writerow([name for name, _head in columns])
    writer.writerows([safe(cell) for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + target.getvalue().encode()


def _parquet(columns: Sequence[tuple[str, str]], rows: list[Sequence]) -> bytes:
    import polars as pl

    target = io.BytesIO()
    names = [name for name, _head in columns]
    pl.DataFrame([list(row) for row in rows], schema=names, orient="row", infer_schema_length=None).write_parquet(
        target
    )
    return target.getvalue()


def _geojson(columns: Sequence[tuple[str, str]], rows: list[Sequence]) -> bytes:
    """Points with the other columns as properties (RFC 7946); a place without coordinates has no geometry."""
    names = [name for name, _head in columns]
    features = []
    for row in rows:
        properties = dict(zip(names, row, strict=True))
        point = [properties.pop(name) for name in POINT]
        geometry = None if None in point else {"type": "Point", "coordinates": [float(degrees) for degrees in point]}
        features.append({"type": "Feature", "geometry": geometry, "properties": properties})
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode()
