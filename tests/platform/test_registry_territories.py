"""A territory is renamed from a day on; earlier days keep the name they had."""

from __future__ import annotations

import csv
import datetime as dt
import json

import pytest
from click.testing import CliRunner
from registry_world import MINISTRY, NOW, REGION, TEACHER, build, refused

from tirek.access.scope import acting_as, loading
from tirek.registry.models import Territory, TerritoryState
from tirek.registry.queries import institutions, territories
from tirek.registry.services.founding import found_territories
from tirek.registry.services.territories import change_territory, correct_territory, renumber_territory, rewrite
from tirek.site.cli import main

pytestmark = pytest.mark.django_db
SPRING, BEFORE = dt.date(2026, 2, 15), dt.date(2026, 2, 14)
NEW = {"name_kk": "Жаңа ауданы", "name_ru": "Новый район", "name_en": "New district"}


def name_on(code, day):
    with acting_as(MINISTRY):
        return territories.by_code(code, on=day).name_kk


def test_a_past_day_shows_the_name_of_that_day():
    world = build()
    change_territory(territory_id=world.first.pk, from_date=SPRING, changes=NEW, by=REGION, now=NOW)
    assert (name_on("471000000", BEFORE), name_on("471000000", SPRING)) == ("471000000", "Жаңа ауданы")
    with acting_as(MINISTRY):
        then = [t.name_kk for t in territories.children(territories.by_code("470000000"), on=BEFORE)]
        school = institutions.state_by_code("A", on=BEFORE)
        assert "471000000" in [t.name_kk for t in territories.path_of(school.org_no, on=BEFORE)]
        assert "Жаңа ауданы" in [t.name_kk for t in territories.path_of(school.org_no, on=SPRING)]
    assert then == ["471000000", "472000000"]


def test_twice_renamed_and_once_corrected():
    world = build()
    for day, name in ((dt.date(2010, 1, 1), "Екінші"), (SPRING, "Үшінші")):
        change_territory(territory_id=world.first.pk, from_date=day, changes={"name_kk": name}, by=REGION, now=NOW)
    correct_territory(territory_id=world.first.pk, changes={"name_kk": "Үшінші ауданы"}, by=REGION, now=NOW)
    days = (dt.date(2009, 12, 31), dt.date(2010, 1, 1), BEFORE, SPRING)
    assert [name_on("471000000", day) for day in days] == ["471000000", "Екінші", "Екінші", "Үшінші ауданы"]
    with refused("wrong_date"):  # the third name began then
        change_territory(territory_id=world.first.pk, from_date=BEFORE, changes=NEW, by=REGION, now=NOW)
    with refused("wrong_date"):  # not yet here
        change_territory(
            territory_id=world.first.pk, from_date=NOW.date() + dt.timedelta(1), changes=NEW, by=REGION, now=NOW
        )
    with refused("not_yours"):
        change_territory(territory_id=world.first.pk, from_date=NOW.date(), changes=NEW, by=TEACHER, now=NOW)
    with refused("unknown_field"):
        correct_territory(territory_id=world.first.pk, changes={"org_lo": 1}, by=REGION, now=NOW)


def test_former_names_are_audited_and_move_with_their_numbers():
    world = build()
    change_territory(territory_id=world.first.pk, from_date=SPRING, changes=NEW, by=REGION, now=NOW)
    renumber_territory(territory_id=world.first.pk, new_lo=10_500_000, by=MINISTRY, now=NOW)
    with loading():
        kept = TerritoryState.objects.get()
        assert (kept.org_lo, kept.org_hi) == (10_500_000, 10_599_999)
        assert TerritoryState.events.rel.related_model.objects.filter(pgh_obj_id=kept.pk).exists()


def test_a_place_that_was_not_known_is_filled_in_and_one_that_moves_has_a_period():
    world = build()
    with loading():
        town = Territory.objects.get(pk=world.town.pk)
        rewrite(town, {"longitude": 51.2, "latitude": 43.6}, SPRING)
        assert not TerritoryState.objects.exists()
        rewrite(town, {"longitude": 51.3, "latitude": 43.6}, SPRING)
        assert TerritoryState.objects.get().longitude == 51.2


def test_the_command_renames_from_a_day_on_or_corrects(tmp_path):
    build()
    table, columns = tmp_path / "renamed.csv", ["code", "level", "name_kk"]
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([columns, ["471000000", "district", "Жаңа ауданы"], ["472000000", "district", "472000000"]])
    done = CliRunner().invoke(main, ["territories", str(table), "--from", "2026-02-15", "--json"])
    assert json.loads(done.stdout) == {"added": 0, "changed": 1, "corrected": 0, "unchanged": 1, "faults": 0}
    assert (name_on("471000000", BEFORE), name_on("471000000", SPRING)) == ("471000000", "Жаңа ауданы")
    table.write_text("code,level,name_kk\n471000000,district,Тағы\n", encoding="utf-8")
    faults = str(tmp_path / "f.csv")
    done = CliRunner().invoke(main, ["territories", str(table), "--from", "2026-02-15", "--faults", faults])
    assert done.exit_code == 2
    assert "471000000" not in done.stdout
    found = found_territories(rows=list(csv.DictReader(table.open(encoding="utf-8"))), by=MINISTRY, now=NOW)
    assert found.corrected == ["471000000"]
    assert (name_on("471000000", BEFORE), name_on("471000000", SPRING)) == ("471000000", "Тағы")
