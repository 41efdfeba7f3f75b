"""An import reaches no further than its source: not to other territories' people, places or institutions."""

import json

import polars as pl
import pytest
from exchange_world import AS_OF, REGION, iin, make_world, pupil, pupils

from tirek.access.scope import Scope, acting_as, loading
from tirek.registry.exchange import services
from tirek.registry.models import Institution, InstitutionState, Person, Source, Territory
from tirek.storage import secrets

pytestmark = pytest.mark.django_db
HEAD = Scope(lo=20_000_010, hi=20_000_010, user_id=7, role="school_head")
STAFF = "ИИН;Фамилия;Имя;Отчество;Дата рождения;Пол;Код организации;Должность;Дата начала"


@pytest.fixture
def source():
    """The source of a head of another region, beside a region with a pupil."""
    region = make_world()
    with acting_as(REGION):
        found = services.upload(
            source=region, file_name="p.csv", data=pupils(pupil(1)), row_kind="learners", as_of=AS_OF
        )
        services.stage(import_id=found.pk)
        services.apply(import_id=found.pk)
    with loading():
        return Source.objects.create(
            code="head", name="head", kind="table", org_lo=HEAD.lo, org_hi=HEAD.hi, territory_code="510000000",
            max_faulty_percent=100, max_missing_percent=100,
        )  # fmt: skip


def run(source, data: bytes, kind: str, apply: bool = True):
    with acting_as(HEAD):
        found = services.upload(source=source, file_name="f.csv", data=data, row_kind=kind, as_of=AS_OF)
        found = services.stage(import_id=found.pk)
        return services.apply(import_id=found.pk) if apply and found.state == "staged" else found


def test_a_number_of_another_regions_pupil_neither_shows_nor_changes_the_record(source):
    row = f"{iin(1)};Чужой;Чужой;;04.03.2012;жен;B-1;учитель;01.09.2026"
    found = run(source, pupils(row, header=STAFF), "staff")
    shown = json.dumps(services.differences_of(found).to_dicts(), default=str, ensure_ascii=False)
    assert "Әлиева" not in shown
    with loading():
        known = Person.objects.get(iin_hash=secrets.keyed_hash(iin(1)))
    assert (known.family_name, known.org_no) == ("Әлиева", 10_100_010)


def test_a_file_of_one_school_opens_no_schools_and_moves_no_towns(source):
    with loading():
        Territory.objects.filter(code="510000000").update(org_lo=HEAD.lo)  # a town whose first number is the school's
    found = run(source, b"code,name_kk,territory\nNEW-1,Jana,510000000\n", "institutions")
    assert services.faults_of(found)["code"].to_list() == ["unknown_territory"]
    found = run(source, b"code,longitude,latitude\n510000000,60.5,50.5\n", "places")
    assert services.faults_of(found)["code"].to_list() == ["unknown_place"]
    with loading():
        assert not Institution.objects.filter(code="NEW-1").exists()
        assert Territory.objects.get(code="510000000").longitude is None


def test_an_institution_stays_in_the_territory_of_its_number(source):
    found = run(source, b"code,name_kk,territory\nB-1,B-1,473600000\n", "institutions")
    errors = services.faults_of(found).filter(pl.col("level") == "error")
    assert errors["code"].to_list() == ["other_territory"]
    with loading():
        assert InstitutionState.objects.filter(institution__code="B-1").get().territory.code == "510000000"
