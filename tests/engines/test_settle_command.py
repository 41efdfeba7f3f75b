"""`tirek settle`: files in, files out, faults where they are, the same from days and from masks."""

from __future__ import annotations

import csv
import json

import pytest
from click.testing import CliRunner

from tirek.site.cli import main

ENROLMENTS = """child,group,kindergarten,from,until,confirmed,kind
A,g1,K1,2025-09-01,,yes,general
B,g1,K1,2026-09-10,,yes,general
C,g2,K2,2026-01-01,2026-09-15,no,special
C,g1,K1,2026-09-15,,yes,general
D,g2,K2,2026-01-01,,yes,special
D,g1,K1,2026-01-01,,yes,general
E,g3,K3,2026-10-01,,yes,general
"""
MARKS = """child,group,date,mark
A,g1,2026-09-01,present
A,g1,2026-09-02,present
A,g1,2026-09-03,excused
A,g1,2026-09-05,present
A,g1,2026-08-31,present
B,g1,2026-09-09,present
B,g1,2026-09-14,present
B,g1,2026-09-15,present
C,g2,2026-09-14,present
C,g1,2026-09-15,present
D,g1,2026-09-01,present
D,g2,2026-09-01,present
Z,g2,2026-09-01,present
"""
MASKS = """child;group;month;present;excused;closed
A;g1;2026-09;19;4;0
B;g1;2026-09;24832;0;0
C;g2;2026-09;8192;0;0
C;g1;2026-09;16384;0;0
D;g1;2026-09;1;0;0
D;g2;2026-09;1;0;0
Z;g2;2026-09;1;0;0
"""
NORMS = """
excused: {share: 0.5, most_days: 5}
norms:
  - {from: 2026-01-01, for: {kind: general}, tiyn_per_month: 4400000}
  - {from: 2026-09-15, for: {kind: general}, tenge_per_month: "48000.01"}
  - {from: 2026-01-01, for: {kind: special}, tiyn_per_month: 8800000}
"""


@pytest.fixture
def run(tmp_path):
    def settled(*more, enrolments=ENROLMENTS, marks=MARKS, norms=NORMS, month="2026-09", out="out"):
        for name, text in (("e.csv", enrolments), ("m.csv", marks), ("n.yaml", norms)):
            (tmp_path / name).write_text(text, encoding="utf-8")
        files = [f"--{role}={tmp_path / name}" for role, name in (("enrolments", "e.csv"), ("marks", "m.csv"), ("norms", "n.yaml"))]  # fmt: skip
        return CliRunner().invoke(main, ["settle", *files, "--month", month, "--out", str(tmp_path / out), *more])

    settled.folder = tmp_path
    return settled


def rows(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_month_is_settled_to_the_tiyn(run):
    assert run().exit_code == 0
    lines = [(r["child"], r["group"], r["days"], r["amount_tiyn"], r["status"], r["reason"]) for r in rows(run.folder / "out/lines.csv")]  # fmt: skip
    assert lines == [
        ("A", "g1", "3", "500000", "payable", "paid"),  # 2.5 days of 2 000 tenge
        ("B", "g1", "2", "418182", "payable", "paid"),  # 2 000 and 48 000.01 / 22
        ("C", "g2", "1", "400000", "withheld", "not_confirmed"),
        ("C", "g1", "1", "218182", "payable", "paid"),
        ("D", "g2", "1", "400000", "withheld", "held_by_check"),
        ("D", "g1", "1", "200000", "withheld", "held_by_check"),
    ]
    paid = {r["kindergarten"]: (int(r["amount_tiyn"]), int(r["withheld_tiyn"])) for r in rows(run.folder / "out/payable.csv")}  # fmt: skip
    assert paid == {"K1": (1136364, 200000), "K2": (0, 800000)}
    flags = {(r["child"], r["group"], r["check"], r["days"]) for r in rows(run.folder / "out/flags.csv")}
    assert flags == {
        ("D", "g2", "double_claim", "1"), ("D", "g1", "double_claim", "1"), ("B", "g1", "outside_contract", "9"),
        ("A", "g1", "day_off", "5"), ("Z", "", "no_enrolment", ""),
    }  # fmt: skip


def test_masks_and_a_row_a_day_are_the_same(run):
    assert run().exit_code == run(marks=MASKS, out="masks").exit_code == 0
    assert (run.folder / "out/lines.csv").read_bytes() == (run.folder / "masks/lines.csv").read_bytes()


def test_verify_computes_again_and_explain_tells_why(run):
    run()
    out = str(run.folder / "out")
    assert CliRunner().invoke(main, ["verify", out]).exit_code == 0
    told = CliRunner().invoke(main, ["explain", out, "B"]).output
    assert "4,181.82 tenge, payable" in told
    assert "from day 15: the norm is 48,000.01 tenge a month, divided by 22" in told
    assert "11,363.64 tenge for 3 lines" in CliRunner().invoke(main, ["explain", out, "K1"]).output
    assert CliRunner().invoke(main, ["explain", out, "nobody"]).exit_code == 2
    (run.folder / "out/lines.csv").write_text("child\n", encoding="utf-8")
    assert CliRunner().invoke(main, ["verify", out]).exit_code == 2


def test_eligibility_capacity_and_the_day_of_settlement(run):
    (run.folder / "eligible.csv").write_text("kindergarten,from,until\nK1,2026-01-01,2026-09-02\nK2,2026-01-01,\n")
    (run.folder / "groups.csv").write_text("group,capacity\ng1,1\n")
    more = [f"--eligible={run.folder / 'eligible.csv'}", f"--groups={run.folder / 'groups.csv'}", "--as-of=2026-09-14"]
    assert run(*more).exit_code == 0
    lines = {(r["child"], r["group"]): (r["days"], r["reason"]) for r in rows(run.folder / "out/lines.csv")}
    assert lines["A", "g1"] == ("1", "paid")
    assert lines["B", "g1"] == ("0", "not_eligible")
    assert lines["C", "g1"] == ("0", "no_marks"), "marked after the day of the settlement"
    checks = {(r["child"], r["check"], r["days"]) for r in rows(run.folder / "out/flags.csv")}
    assert {("A", "over_capacity", "1"), ("D", "over_capacity", "1"), ("C", "in_the_future", "15")} <= checks


@pytest.mark.parametrize(
    ("changed", "row", "column"),
    [
        ({"enrolments": ENROLMENTS.replace("2026-09-10", "31.02.2026")}, "3", "from"),
        ({"enrolments": ENROLMENTS.replace("2026-09-15,no", "2025-09-15,no")}, "4", "until"),
        ({"enrolments": ENROLMENTS + "A,g1,K1,2026-09-20,,yes,general\n"}, "9", "child"),
        ({"enrolments": ENROLMENTS.replace("yes", "perhaps", 1)}, "2", "confirmed"),
        ({"enrolments": ENROLMENTS.replace("A,g1,K1", ",g1,K1")}, "2", "child"),
        ({"enrolments": ENROLMENTS.replace("kind\n", "sort\n")}, "1", "kind"),
        ({"marks": MARKS.replace("excused", "ill")}, "4", "mark"),
        ({"marks": MARKS.replace("2026-09-02", "2026-09-31")}, "3", "date"),
        ({"marks": MASKS.replace("24832", str(2**30))}, "3", "present"),
        ({"marks": MASKS.replace("24832", "-1")}, "3", "present"),
        ({"marks": MASKS + "A;g1;2026-09;1;0;0\n"}, "9", "child"),
        ({"norms": NORMS.replace("4400000", "-1")}, "", "norms[1]"),
        ({"norms": NORMS.replace("4400000", "0.5")}, "", "norms[1]"),
        ({"norms": NORMS.replace("48000.01", "48000.001")}, "", "norms[2]"),
        ({"norms": NORMS.replace("0.5", "1.5")}, "", "excused"),
        ({"norms": NORMS + "  - {from: 2026-01-01, for: {kind: general}, tiyn_per_month: 1}\n"}, "", "norms"),
        ({"norms": "divisor: 0\n" + NORMS}, "", "divisor"),
        ({"norms": "colour: red\n" + NORMS}, "", "colour"),
        ({"norms": "- 1\n"}, "", ""),
        ({"norms": "norms: []\n"}, "", "norms"),
    ],
)
def test_what_is_wrong_is_told_where_it_is(run, changed, row, column):
    done = run(**changed)
    assert done.exit_code == 2, done.output
    faults = rows(run.folder / "out/faults.csv")
    assert (faults[0]["row"], faults[0]["column"]) == (row, column), faults
    assert faults[0]["what"]
    assert faults[0]["what_to_do"]
    assert not (run.folder / "out/lines.csv").exists()


@pytest.mark.parametrize("month", ["2026-13", "2026", "September", "2026-9"])
def test_what_is_no_month_is_refused(run, month):
    assert run(month=month).exit_code == 2


def test_two_norms_that_fit_equally_well_are_refused(run):
    norms = "norms:\n  - {from: 2026-01-01, for: {kind: general}, tiyn_per_month: 1}\n  - {from: 2026-01-01, for: {group: g1}, tiyn_per_month: 2}\n"  # fmt: skip
    done = run(norms=norms)
    assert done.exit_code == 2
    assert "fit equally well" in done.output


def test_a_month_without_enrolments_pays_nothing(run):
    done = run(month="2024-01")
    assert done.exit_code == 0
    assert json.loads((run.folder / "out/summary.json").read_text())["payable_tiyn"] == 0


def test_a_formula_in_a_code_is_not_run_by_a_spreadsheet(run):
    assert run(enrolments=ENROLMENTS.replace("B,g1", "=1+1,g1"), marks=MARKS.replace("B,g1", "=1+1,g1")).exit_code == 0
    assert "'=1+1" in (run.folder / "out/lines.csv").read_text()
