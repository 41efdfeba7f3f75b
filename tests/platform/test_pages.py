"""The register's pages on a real database: few queries, true files, no personal data for those without a right."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "journeys"))
from region_world import SCHOOL, load

pytestmark = pytest.mark.django_db
MOST_QUERIES = 12
NO_QUERY = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK", "select set_config")
PAGES = [
    "/home/", "/territory/000000000/", "/territory/470000000/", "/institutions/", "/institutions/?kind=school&q=Тірек",
    f"/institutions/{SCHOOL}/", f"/institutions/{SCHOOL}/rooms/", f"/institutions/{SCHOOL}/rooms/1/101/",
    f"/institutions/{SCHOOL}/classes/", f"/institutions/{SCHOOL}/staff/", f"/institutions/{SCHOOL}/history/",
    "/people/?q=Қалиева", "/search/?q=Қалиева", "/school-year/", f"/institutions/{SCHOOL}/change/",
]  # fmt: skip


@pytest.fixture
def users() -> dict:
    return load()


def as_(user) -> Client:
    client = Client()
    client.force_login(user, backend="tirek.access.backends.ScopedBackend")
    return client


@pytest.mark.parametrize("path", PAGES)
def test_no_page_asks_the_database_often(users, path):
    client = as_(users["officer"])
    client.get(path)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(path).status_code == 200
    queries = [q["sql"] for q in asked.captured_queries if not q["sql"].startswith(NO_QUERY)]
    assert len(queries) <= MOST_QUERIES, "\n".join(query[:120] for query in queries)


def test_a_person_page_asks_little_and_leaves_its_trace(users):
    from tirek.access.models import PersonRead
    from tirek.access.scope import loading
    from tirek.registry.models import Enrolment

    with loading():
        person = Enrolment.objects.select_related("person").first().person
        before = PersonRead.objects.filter(person_id=person.pk).count()
    client = as_(users["head"])
    with CaptureQueriesContext(connection) as asked:
        response = client.get(f"/people/{person.public_id}/")
    queries = [q["sql"] for q in asked.captured_queries if not q["sql"].startswith(NO_QUERY)]
    assert len(queries) <= MOST_QUERIES
    with loading():
        assert PersonRead.objects.filter(person_id=person.pk).count() == before + 1
    assert "no-store" in response.headers.get("Cache-Control", "") or "private" in response.headers.get(
        "Cache-Control", ""
    )


@pytest.mark.parametrize("form", ["xlsx", "csv", "parquet"])
def test_the_list_can_be_taken_along(users, form):
    import polars as pl

    data = as_(users["officer"]).get(f"/institutions/?download={form}&kind=college").content
    read = {"xlsx": _read_xlsx, "csv": lambda b: pl.read_csv(b), "parquet": pl.read_parquet}[form]
    frame = read(io.BytesIO(data))
    assert frame.height == 12
    assert frame["code"].to_list()[0].startswith("school-") if form != "xlsx" else True


def test_places_are_downloaded_as_points_that_the_import_reads(users):
    from tirek.registry.exchange.faults import Faults
    from tirek.registry.exchange.reading import read_upload

    response = as_(users["officer"]).get("/institutions/?download=geojson&kind=college")
    assert response["Content-Type"] == "application/geo+json"
    features = json.loads(response.content)["features"]
    assert {f["properties"]["kind"] for f in features} == {"college"}
    assert all(f["geometry"]["type"] == "Point" for f in features if f["geometry"])
    placed = [f for f in features if f["geometry"]]
    data = json.dumps({"type": "FeatureCollection", "features": placed}).encode()
    (table,) = read_upload("colleges.geojson", data, Faults()).values()
    assert table["code"].to_list() == [f["properties"]["code"] for f in placed]
    assert placed


def _read_xlsx(source: io.BytesIO):
    import polars as pl
    from python_calamine import CalamineWorkbook

    head, *rows = CalamineWorkbook.from_filelike(source).get_sheet_by_index(0).to_python()
    return pl.DataFrame(rows, schema=head, orient="row")


def test_a_name_that_is_a_formula_does_not_run():
    from tirek.registry.downloads import respond

    content = respond("x", "csv", [("name", "Name")], [["=1+1"], ["@x"]]).content.decode()
    assert "'=1+1" in content
    assert "'@x" in content


def test_a_day_that_is_none_is_refused_in_words(users):
    response = as_(users["officer"]).get(f"/institutions/{SCHOOL}/?on=31.02.2026")
    assert response.status_code == 400


def test_another_district_does_not_see_the_people(users):
    client = as_(users["district"])
    assert client.get("/institutions/school-2/staff/").context["page"].paginator.count == 0
    assert client.get("/institutions/school-2/change/").status_code == 404


def test_the_map_has_every_unit_and_a_table_with_the_same(users):
    content = as_(users["analyst"]).get("/territory/000000000/").content.decode()
    assert content.count('<a href="/territory/') >= 40
    assert content.count('class="unit"') == 20
