"""The programme's IATI file: the published cases, our own export, faults that lead to their field."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from lxml import etree
from sponsor_world import MILLION, NOW, build_money, earmark, receive

from tirek.access.scope import loading
from tirek.programmes.commands.iati import iati
from tirek.programmes.iati.activity import write
from tirek.programmes.iati.checking import check
from tirek.programmes.queries.sponsors.iati import activity_of
from tirek.programmes.queries.sponsors.iati_file import file_of
from tirek.programmes.refusals import BadInput

TODAY = NOW.date()
CASES = Path(__file__).resolve().parents[3] / "shared" / "data" / "standards" / "iati-2.03"
there = pytest.mark.skipif(not CASES.is_dir(), reason="the published cases of IATI 2.03 are not on this machine")


def cases(kind: str) -> list:
    return [pytest.param(path, id=str(path.relative_to(CASES))) for path in sorted((CASES / kind).rglob("*.xml"))]


@there
@pytest.mark.parametrize("path", cases("should-pass"))
def test_cases_that_should_pass(path):
    assert CliRunner().invoke(iati, ["check", str(path), "--quiet"]).exit_code == 0


@there
@pytest.mark.parametrize("path", cases("should-fail"))
def test_cases_that_should_fail(path, tmp_path):
    faults = tmp_path / "faults.csv"
    done = CliRunner().invoke(iati, ["check", str(path), "--quiet", "--faults", str(faults)])
    assert done.exit_code == 2
    lines = faults.read_text().splitlines()
    assert lines[0] == "file,row,column,value,what,what_to_do"
    marked = next((n for n, line in enumerate(path.read_text().splitlines(), 1) if "FAIL" in line), None)
    if marked is None:
        return
    assert any(abs(int(line.split(",")[1]) - marked) <= 4 for line in lines[1:] if line.split(",")[1]), (
        "near the marked row"
    )


@there
def test_all_thirty_cases_are_there():
    assert len(cases("should-pass")) == 14
    assert len(cases("should-fail")) == 16


@there
def test_the_published_example_is_valid():
    assert check((CASES / "activity-standard-example-annotated.xml").read_bytes(), "x", TODAY).is_valid


BAD = {
    "empty": (b"", "empty"),
    "not xml": (b"<iati-activities>", "not well-formed"),
    "another root": (b"<?xml version='1.0'?><book/>", "not <iati-activities>"),
    "entities": (b'<!DOCTYPE x [<!ENTITY a "b">]><iati-activities version="2.03"/>', "document type"),
    "no activity": (b'<iati-activities version="2.03"/>', "lacks a part"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_told_in_words(name):
    data, words = BAD[name]
    found = check(data, "f.xml", TODAY)
    assert not found.is_valid
    assert words in found.schema[0].what


def test_a_missing_file_is_bad_input(tmp_path):
    done = CliRunner().invoke(iati, ["check", str(tmp_path / "none.xml")])
    assert done.exit_code == 2
    assert "does not exist" in done.output


@pytest.fixture
def world(db):
    from tirek.access.scope import acting_as

    made = build_money()
    with acting_as(made.office):
        receive(made)
        earmark(made)
        yield made


def exported(world) -> etree._Element:
    with loading():
        made = file_of(world.programme, reporter="KZ-BIN-990140000019", now=NOW)
    assert made.faults == []
    return etree.fromstring(made.data)


def test_the_export_is_valid_and_says_the_money(world):
    root = exported(world)
    money = {}
    for one in root.iter("transaction"):
        money.setdefault(one.find("transaction-type").get("code"), []).append(one.find("value").text)
    assert money == {"11": ["1000000.00" if MILLION == 1_000_000 else "100000000.00"] * 2, "1": ["60000000.00"]}
    assert [b.find("value").text for b in root.iter("budget")] == ["120000000.00", "80000000.00"]
    planned = [p.find("value").text for p in root.iter("planned-disbursement")]
    assert sorted(planned) == ["40000000.00", "40000000.00", "60000000.00"]
    funding = root.xpath("//participating-org[@role='1']/@ref")
    assert set(funding) == {f"KZ-BIN-{s.bin}" for s in world.sponsors}
    assert root.xpath("//result/indicator/period/actual/@value") == ["0"]


def test_who_reports_must_be_said(world):
    with pytest.raises(BadInput), loading():
        file_of(world.programme, reporter="", now=NOW)
    world.programme.is_synthetic = True
    with loading():
        assert b"KZ-TIREK-DEMO-support" in file_of(world.programme, reporter="", now=NOW).data


def test_a_fault_leads_to_the_page_of_its_field(world):
    from dataclasses import replace

    with loading():
        activity = activity_of(world.programme, reporter="KZ-BIN-990140000019", now=NOW)
    late = replace(activity.money[-1], day=TODAY + dt.timedelta(days=400), source="/programmes/sponsors/ordabasy/")
    written = write(replace(activity, money=[late]))
    found = check(written.data, "x", TODAY)
    fault = next(f for f in found.errors if "transaction" in f.path)
    assert written.source_of(fault.path) == "/programmes/sponsors/ordabasy/"


def test_rules_find_what_the_schema_lets_through(world):
    root = exported(world)
    activity = root.find("iati-activity")
    activity.remove(activity.find("sector"))
    etree.SubElement(activity, "result")
    activity.find("budget/period-end").set("iso-date", "2029-12-31")
    activity.find("iati-identifier").text = activity.find("reporting-org").get("ref")
    rules = {f.rule for f in check(etree.tostring(root), "x", TODAY).errors}
    assert {"6.2.2", "7.5.3", "1.1.3"} <= rules


def test_check_says_its_summary_as_json(world, tmp_path):
    path = tmp_path / "a.xml"
    with loading():
        path.write_bytes(file_of(world.programme, reporter="KZ-BIN-990140000019", now=NOW).data)
    done = CliRunner().invoke(iati, ["check", str(path), "--json", "--strict", "--on", "2025-11-21"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.output)["valid"] is True
