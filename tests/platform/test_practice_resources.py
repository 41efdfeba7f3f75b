"""The catalogue of learning resources: tables brought in, reports that something does not open."""

import pytest
from cpd_world import NOW, World
from practice_world import practice, refused

from tirek.cpd.models import Resource
from tirek.cpd.services import resources
from tirek.storage.tables import BadTable

pytestmark = pytest.mark.django_db
TABLE = (
    "title,kind,subject,grades,language,address,licence,publisher,reviewed_by,reviewed_on\n"
    "Fractions,video,mathematics,5 6,kk,https://example.org/a,cc-by,Example,A. B.,2026-01-31\n"
)


@pytest.fixture(autouse=True)
def without_second_factor(settings):
    settings.DEMONSTRATION = True


@pytest.fixture
def world() -> World:
    return practice()


def test_a_table_with_faults_enters_nothing_and_names_every_row(world):
    bad = TABLE + "X,film,maths,20,kk,ftp:/x,cc-by,Example,A. B.,2030-01-01\n" + TABLE.splitlines()[1] + "\n"
    with world.acting("office") as office:
        with pytest.raises(BadTable) as caught:
            resources.import_resources(name="a.csv", content=bad.encode(), by=office, now=NOW)
        wrong = {(fault.row, fault.column) for fault in caught.value.faults}
        assert {(3, "kind"), (3, "subject"), (3, "grades"), (3, "address"), (3, "reviewed_on"), (3, "title")} == {
            pair for pair in wrong if pair[0] == 3
        }
        assert (4, "address") in wrong
        assert not Resource.objects.exists()
        assert resources.import_resources(name="a.csv", content=TABLE.encode(), by=office, now=NOW) == 1


def test_the_catalogue_needs_no_account_and_a_broken_link_is_settled(world, client):
    with world.acting("office") as office:
        resources.import_resources(name="a.csv", content=TABLE.encode(), by=office, now=NOW)
        code = Resource.objects.get().code
    page = client.get("/growth/resources/", headers={"accept-language": "en"})
    assert page.status_code == 200
    assert "Fractions" in page.content.decode()
    assert client.get(f"/growth/resources/{code}/").status_code == 200
    with world.acting("ana") as ana:
        resources.flag(code=code, text="404", by=ana, now=NOW)
        with refused("said_already"):
            resources.flag(code=code, text="", by=ana, now=NOW)
    with world.acting("office") as office:
        assert Resource.objects.get().broken_n == 1
        resources.settle(code=code, works=True, address="https://example.org/b", by=office, now=NOW)
        found = Resource.objects.get()
        assert (found.broken_n, found.address) == (0, "https://example.org/b")
