"""An empty register gets its territories from a table and its school years one by one, without the demonstration."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from click.testing import CliRunner
from registry_world import MINISTRY, NOW, REGION, refused

from tirek.access.scope import loading
from tirek.registry.models import SchoolYear, Territory
from tirek.registry.services import institutions
from tirek.registry.services.founding import add_school_year, found_territories
from tirek.site.cli import is_database_away, main

pytestmark = pytest.mark.django_db


def row(code, level, name, **more):
    return {"code": code, "level": level, "name_kk": name} | more


TABLE = [
    row("471001000", "settlement", "Ақтау", numbers="20000", settlement_kind="urban"),
    row("471003000", "settlement", "Өмірзақ", settlement_kind="rural"),
    row("000000000", "country", "Қазақстан"),
    row("470000000", "region", "Маңғыстау облысы", iso_3166_2="KZ-47"),
    row("471000000", "district", "Ақтау қ.ә."),
    row("473600000", "district", "Бейнеу ауданы"),
    row("510000000", "region", "Түркістан облысы"),
]


def tree():
    with loading():
        return {t.code: (t.parent.code if t.parent else None, t.org_lo, t.org_hi) for t in Territory.objects.all()}


def test_a_table_in_any_order_becomes_a_tree_of_ranges():
    found = found_territories(rows=TABLE, by=MINISTRY, now=NOW)
    assert (len(found.added), found.problems) == (7, [])
    assert tree() == {
        "000000000": (None, 0, 2_147_483_647),
        "470000000": ("000000000", 10_000_000, 19_999_999),
        "510000000": ("000000000", 20_000_000, 29_999_999),
        "471000000": ("470000000", 10_100_000, 10_199_999),
        "473600000": ("470000000", 10_200_000, 10_299_999),
        "471001000": ("471000000", 10_120_000, 10_139_999),
        "471003000": ("471000000", 10_140_000, 10_140_999),
    }


def test_an_institution_opens_there_and_a_second_table_adds_behind():
    found_territories(rows=TABLE, by=MINISTRY, now=NOW)
    with loading():
        town = Territory.objects.get(code="471001000")
    school = institutions.open_institution(
        code="S1", kind="school", territory_id=town.pk, opens_on=dt.date(2000, 9, 1), by=MINISTRY, now=NOW,
        state={"name_kk": "Мектеп"},
    )  # fmt: skip
    assert town.org_lo <= school.org_no <= town.org_hi
    before = tree()
    more = [*TABLE[:-1], row("510000000", "region", "Түркістан облысы (жаңа)"), row("475200000", "district", "Мұнайлы")]
    found = found_territories(rows=more, by=MINISTRY, now=NOW)
    assert (found.added, found.corrected, found.unchanged) == (["475200000"], ["510000000"], 6)
    assert {code: place for code, place in tree().items() if code in before} == before
    assert tree()["475200000"] == ("470000000", 10_300_000, 10_399_999)


def test_a_faulty_row_keeps_the_whole_table_out():
    bad = [*TABLE, row("47", "district", "x"), row("470000000", "region", "again"), row("619999000", "district", "nowhere"),
           row("471005000", "settlement", ""), row("471007000", "village", "x"), row("473600100", "settlement", "x", longitude="514"),
           row("473600200", "settlement", "x", numbers="900000")]  # fmt: skip
    found = found_territories(rows=bad, by=MINISTRY, now=NOW)
    assert [(p.row, p.column) for p in sorted(found.problems, key=lambda p: p.row)] == [
        (9, "code"), (10, "code"), (11, "code"), (12, "name_kk"), (13, "level"), (14, "longitude"), (15, "code"),
    ]  # fmt: skip
    assert tree() == {}


def test_only_an_administrator_of_the_country_founds():
    with refused("not_yours"):
        found_territories(rows=TABLE, by=REGION, now=NOW)
    with refused("not_yours"):
        add_school_year(starts_on=dt.date(2026, 9, 1), ends_on=dt.date(2027, 5, 25), by=REGION, now=NOW)


def test_a_school_year_is_added_once():
    year = add_school_year(starts_on=dt.date(2026, 9, 1), ends_on=dt.date(2027, 5, 25), by=MINISTRY, now=NOW)
    assert year.code == "2026-2027"
    with refused("exists"):
        add_school_year(starts_on=dt.date(2026, 9, 2), ends_on=dt.date(2027, 5, 25), by=MINISTRY, now=NOW)
    with refused("wrong_date"):
        add_school_year(starts_on=dt.date(2027, 9, 1), ends_on=dt.date(2027, 12, 25), by=MINISTRY, now=NOW)


def test_the_commands(tmp_path):
    table = tmp_path / "kato.csv"
    assert CliRunner().invoke(main, ["territories", str(table), "--template"]).exit_code == 0
    with table.open("a", encoding="utf-8") as file:
        file.write("471000000,district,,Ақтау,,,,,,,\n")
    done = CliRunner().invoke(main, ["territories", str(table), "--json"])
    assert (done.exit_code, json.loads(done.stdout)) == (
        0,
        {"added": 22, "changed": 0, "corrected": 0, "unchanged": 0, "faults": 0},
    )
    assert tree()["471000000"][0] == "470000000"
    done = CliRunner().invoke(main, ["school-year", "2026-09-01", "2027-05-25"])
    assert "Added 2026-2027" in done.output
    with loading():
        assert SchoolYear.objects.count() == 1
    table.write_text("code,level,name_kk\n1,district,x\n", encoding="utf-8")
    done = CliRunner().invoke(main, ["territories", str(table), "--faults", str(tmp_path / "f.csv")])
    assert done.exit_code == 2
    assert "kato.csv,2,code,1,A KATO code has nine digits." in (tmp_path / "f.csv").read_text(encoding="utf-8")


def test_a_missing_database_is_said_in_words():
    from django.db import OperationalError, ProgrammingError

    assert is_database_away(OperationalError("no connection"))
    assert not is_database_away(ProgrammingError("a mistake of ours"))
    assert not is_database_away(ValueError("x"))
