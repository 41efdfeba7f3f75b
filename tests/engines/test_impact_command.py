"""`tirek impact`, `value-added`, `gap`, `power`: files in, files out, and what is wrong said where it is."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tirek.site.cli import main


def run(*arguments: object) -> object:
    return CliRunner().invoke(main, [str(a) for a in arguments])


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write(path: Path, header: list[str], rows: list[list[object]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return path


HEADER = ["school", "year", "supported", "points", "rural", "size"]


def rows(schools=40, treated=10, years=(2023, 2024, 2025, 2026), start=2026, effect=30.0, seed=4) -> list[list[object]]:
    rng = np.random.default_rng(seed)
    bases = rng.normal(500, 20, 10)
    found: list[list[object]] = []
    for s in range(schools):
        base, size = bases[s % 10] + rng.normal(0, 0.1), int(rng.integers(20, 200))
        for year in years:
            points = base + 5 * (year - years[0]) + effect * (s < treated and year >= start) + rng.normal(0, 5)
            found.append([f"S{s:02}", year, int(s < treated), round(points, 3), "yes" if s % 2 else "no", size])
    return found


ARGUMENTS = ("--unit", "school", "--wave", "year", "--treated", "supported", "--outcome", "points", "--draws", 499)


def impact(tmp_path: Path, data: list[list[object]], *more: object, header: list[str] = HEADER) -> tuple[object, Path]:
    source = write(tmp_path / "panel.csv", header, data)
    out = tmp_path / "out"
    return run("impact", source, *ARGUMENTS, *more, "--out", out), out


def test_a_known_effect_is_found_and_the_promised_columns_are_there(tmp_path):
    result, out = impact(tmp_path, rows(), "--from", 2026)
    assert result.exit_code == 0, result.output
    did = table(out / "effects.csv")[0]
    assert list(did)[:7] == ["estimand", "estimate", "se_cr1", "se_cr3", "p_wild", "low", "high"]
    assert did["estimand"] == "did"
    assert float(did["low"]) <= 30.0 <= float(did["high"])
    assert float(did["p_wild"]) < 0.01
    report = json.loads((out / "report.json").read_text())
    assert report["claim"] == "effect"
    assert [r["event"] for r in table(out / "eventstudy.csv")] == ["-2.0", "-1.0", "0.0"]
    assert table(out / "balance.csv")[0]["variable"] == "outcome at 2023"


def test_it_verifies_and_explains_and_tells_of_a_changed_file(tmp_path):
    _, out = impact(tmp_path, rows(), "--from", 2026)
    assert "Verified." in run("verify", out).output
    assert "estimated by tirek_engines.evaluation.twoway.collapse" in run("explain", out, "did").output
    assert "treated from 2026 on" in run("explain", out, "S03").output
    assert run("explain", out, "nobody").exit_code == 2
    (out / "effects.csv").write_text("estimand,estimate\ndid,99\n")
    assert run("verify", out).exit_code == 2


def test_a_treatment_that_switches_on_says_when(tmp_path):
    data = [[s, y, int(t and y >= 2026), p, r, n] for s, y, t, p, r, n in rows()]
    result, out = impact(tmp_path, data)
    assert result.exit_code == 0, result.output
    assert float(table(out / "effects.csv")[0]["estimate"]) == pytest.approx(30.0, abs=5.0)


def test_staggered_entry_is_not_told_by_two_way_effects(tmp_path):
    header = [*HEADER, "entered"]
    data = [[*r, (2025 if int(str(r[0])[1:]) < 6 else 2026) if r[2] else ""] for r in rows()]
    result, out = impact(tmp_path, data, "--first-treated", "entered", header=header)
    assert result.exit_code == 0, result.output
    estimands = [r["estimand"] for r in table(out / "effects.csv")]
    assert "did" not in estimands
    assert estimands == ["att_simple", "att_dynamic", "att_group", "att_calendar", "att_group_2025", "att_group_2026"]


def test_without_comparison_it_is_a_change(tmp_path):
    result, out = impact(tmp_path, rows(schools=10), "--from", 2026)
    assert result.exit_code == 0, result.output
    assert [r["estimand"] for r in table(out / "effects.csv")] == ["change"]
    report = json.loads((out / "report.json").read_text())
    assert report["claim"] == "change"
    assert "effect" not in report["sentence"].split("This is")[0]


def test_sides_that_were_not_alike_forbid_the_word_effect(tmp_path):
    data = [[s, y, t, p + 60 * t, r, n] for s, y, t, p, r, n in rows()]
    _, out = impact(tmp_path, data, "--from", 2026)
    report = json.loads((out / "report.json").read_text())
    assert report["claim"] == "change"
    assert {c["check"]: c["passed"] for c in report["checks"]}["balance"] is False


def test_matching_makes_them_alike_and_says_with_whom(tmp_path):
    data = [[s, y, t, p + (15 * t), r, n] for s, y, t, p, r, n in rows(schools=150)]
    _, plain = impact(tmp_path, data, "--from", 2026)
    before = abs(float(table(plain / "balance.csv")[0]["smd"]))
    result, out = impact(tmp_path, data, "--from", 2026, "--exact", "rural", "--match", "size", "--earlier")
    assert result.exit_code == 0, result.output
    assert abs(float(table(out / "balance.csv")[0]["smd"])) < before / 2
    pairs = table(out / "matches.csv")
    rural = {str(r[0]): r[4] for r in data}
    assert all(rural[p["unit"]] == rural[p["comparison"]] for p in pairs if p["comparison"])
    assert "compared with" in run("explain", out, pairs[0]["unit"]).output


def test_one_treated_school_is_left_to_the_randomisation_test(tmp_path):
    result, out = impact(tmp_path, rows(treated=1), "--from", 2026)
    assert result.exit_code == 0, result.output
    report = json.loads((out / "report.json").read_text())
    assert report["permutation_p"] == pytest.approx(1 / 40)
    assert {c["check"]: c["passed"] for c in report["checks"]}["treated_clusters"] is False
    assert table(out / "effects.csv")[0]["se_cr3"] == ""


def test_a_school_that_misses_a_wave_is_told(tmp_path):
    data = [r for r in rows() if not (r[0] == "S20" and r[1] == 2024)]
    result, out = impact(tmp_path, data, "--from", 2026)
    assert result.exit_code == 0, result.output
    notes = json.loads((out / "report.json").read_text())["notes"]
    assert any("S20" in note for note in notes)


@pytest.mark.parametrize(
    ("change", "more", "said"),
    [
        (lambda d: d, (), "does not say when units entered"),
        (lambda d: d, ("--from", 2031), "none of the waves"),
        (lambda d: [r for r in d if r[1] == 2026], ("--from", 2026), "one wave only"),
        (lambda d: [[*r[:2], 0, *r[3:]] for r in d], ("--from", 2026), "No unit is treated"),
        (lambda d: [[*r[:2], int(r[1] == 2024 and r[2]), *r[3:]] for r in d], (), "is treated at 2024 and not at"),
        (lambda d: [[*r[:2], 2, *r[3:]] for r in d], ("--from", 2026), "Treatment is 0 or 1"),
        (lambda d: [[*r[:3], "many", *r[4:]] if i == 7 else r for i, r in enumerate(d)], ("--from", 2026), "row 9"),
        (lambda d: d, ("--from", 2026, "--cluster", "nowhere"), "no such column"),
        (lambda d: d, ("--from", 2026, "--cluster", "points"), "is also in"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path, change, more, said):
    result, out = impact(tmp_path, change(rows()), *more)
    assert result.exit_code == 2
    assert said in result.output
    assert not (out / "effects.csv").exists()
    assert (out / "faults.csv").exists()


def pupils(seed=3) -> list[list[object]]:
    rng = np.random.default_rng(seed)
    return [
        [f"S{s}", f"D{s % 3}", "urban" if s % 2 else "rural", round(rng.normal(), 3), round(5 + u + rng.normal(), 3)]
        for s in range(15) for u in [rng.normal(0, 0.5)] for _ in range(20)
    ]  # fmt: skip


PUPILS = ["school", "district", "settlement", "entry", "exit"]


def test_value_added_writes_what_it_promises(tmp_path):
    source, out = write(tmp_path / "p.csv", PUPILS, pupils()), tmp_path / "out"
    result = run("value-added", source, "--outcome", "exit", "--school", "school", "--district", "district",
                 "--x", "entry,settlement", "--out", out)  # fmt: skip
    assert result.exit_code == 0, result.output
    assert [r["term"] for r in table(out / "fixed.csv")] == ["(Intercept)", "entry", "settlementurban"]
    assert [r["level"] for r in table(out / "variance.csv")] == ["school", "district", "residual"]
    assert list(table(out / "schools.csv")[0])[:4] == ["school", "effect", "se", "n"]
    assert {"deviance", "n"} <= set(json.loads((out / "fit.json").read_text()))
    assert "Verified." in run("verify", out).output
    assert "20 pupils" in run("explain", out, "S3").output


def test_a_school_in_two_districts_is_a_fault_with_its_row(tmp_path):
    data = pupils()
    data[25][1] = "D9"
    source = write(tmp_path / "p.csv", PUPILS, data)
    arguments = ("value-added", source, "--outcome", "exit", "--school", "school", "--district", "district", "--out")
    result = run(*arguments, tmp_path / "out")
    assert result.exit_code == 2
    assert table(tmp_path / "out" / "faults.csv")[0]["row"] == "27"


def test_gap_and_power_write_what_they_promise(tmp_path):
    source, out = write(tmp_path / "p.csv", PUPILS, pupils()), tmp_path / "gap"
    result = run("gap", source, "--outcome", "exit", "--group", "settlement", "--x", "entry", "--cluster", "school",
                 "--draws", 99, "--out", out)  # fmt: skip
    assert result.exit_code == 0, result.output
    assert float(table(out / "gap.csv")[0]["estimate"]) >= 0
    assert "Verified." in run("verify", out).output
    assert "coefficients of both together" in run("explain", out, "explained").output
    power = tmp_path / "power"
    assert run("power", "--schools", "50,500", "--pupils", 60, "--out", power).exit_code == 0
    assert [r["schools"] for r in table(power / "power.csv")] == ["50", "500"]
    assert "Verified." in run("verify", power).output
    assert run("power", "--pupils", 60, "--out", tmp_path / "none").exit_code == 2


def test_a_gap_is_between_two(tmp_path):
    source = write(tmp_path / "p.csv", PUPILS, pupils())
    result = run("gap", source, "--outcome", "exit", "--group", "district", "--x", "entry", "--out", tmp_path / "gap")
    assert result.exit_code == 2
    assert "3 groups" in result.output


def checks(out: Path) -> dict[str, object]:
    return {c["check"]: c["passed"] for c in json.loads((out / "report.json").read_text(encoding="utf-8"))["checks"]}


def test_one_school_against_one_is_no_effect_and_has_no_interval(tmp_path):
    result, out = impact(tmp_path, [r for r in rows() if r[0] in ("S00", "S39")], "--from", 2026)
    assert result.exit_code == 0, result.output
    did = table(out / "effects.csv")[0]
    assert (did["low"], did["high"], did["p_wild"]) == ("", "", "")
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert report["claim"] == "change"
    assert checks(out)["variance"] is False
    assert checks(out)["treated_clusters"] is False


def test_a_fact_that_tells_the_sides_apart_forbids_the_word_effect(tmp_path):
    data = [[*r, r[2]] for r in rows()]
    result, out = impact(tmp_path, data, "--from", 2026, "--match", "far", header=[*HEADER, "far"])
    assert result.exit_code == 0, result.output
    far = next(r for r in table(out / "balance.csv") if r["variable"] == "far")
    assert (far["smd"], far["verdict"]) == ("inf", "not comparable")
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert (report["claim"], report["largest_smd"], report["largest_smd_in"]) == ("change", None, "far")


def entering(never: bool) -> list[list[object]]:
    rng, found = np.random.default_rng(6), []
    for s in range(24):
        entry = (2023, 2024, 2025, 0)[s % 4] if never else (2023, 2024, 2025)[s % 3]
        base = rng.normal(500, 5)
        for year in range(2021, 2026):
            found.append([f"S{s:02}", year, int(entry > 0), base + 4 * (0 < entry <= year) + rng.normal(), entry])
    return found


def test_where_nobody_never_enters_the_last_are_compared_with_until_they_do(tmp_path):
    data = entering(never=False)
    source = write(tmp_path / "all.csv", ["school", "year", "supported", "points", "entry"], data)
    result = run(
        "impact", source, *ARGUMENTS, "--first-treated", "entry", "--control", "not-yet", "--out", tmp_path / "all"
    )
    assert result.exit_code == 0, result.output
    assert "the 8 units that enter last, at 2025, are compared with" in result.output
    cut = [[*r[:2], int(r[4] < 2025), r[3], r[4] % 2025] for r in data if r[1] < 2025]
    source = write(tmp_path / "cut.csv", ["school", "year", "supported", "points", "entry"], cut)
    again = run(
        "impact", source, *ARGUMENTS, "--first-treated", "entry", "--control", "not-yet", "--out", tmp_path / "cut"
    )
    assert again.exit_code == 0, again.output
    assert table(tmp_path / "all" / "effects.csv") == table(tmp_path / "cut" / "effects.csv")
    assert abs(float(table(tmp_path / "all" / "effects.csv")[0]["estimate"]) - 4) < 1.5


def test_waves_with_names_can_be_waves_of_entry(tmp_path):
    data = entering(never=True)
    header = ["school", "year", "supported", "points", "entry"]
    named = [[r[0], f"wave {r[1] - 2020}", r[2], r[3], f"Wave {r[4] - 2020}" if r[4] else ""] for r in data]
    for name, some in (("years", data), ("named", named)):
        source = write(tmp_path / f"{name}.csv", header, some)
        result = run("impact", source, *ARGUMENTS, "--first-treated", "entry", "--out", tmp_path / name)
        assert result.exit_code == 0, result.output
    years, named = (table(tmp_path / name / "groups.csv") for name in ("years", "named"))
    assert [r["estimate"] for r in years] == [r["estimate"] for r in named]


@pytest.mark.parametrize("words", [("да", "нет"), ("иә", "жоқ"), ("Y", "N"), ("True", "False")])
def test_taking_part_can_be_a_word(tmp_path, words):
    data = [[*r[:2], words[0] if r[2] else words[1], *r[3:]] for r in rows()]
    result, out = impact(tmp_path, data, "--from", 2026)
    assert result.exit_code == 0, result.output
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert report["treated_units"] == 10


def test_the_sentence_names_the_level_of_its_interval(tmp_path):
    result, _ = impact(tmp_path, rows(), "--from", 2026, "--level", 0.8)
    assert "(80 % interval" in result.output


def test_who_weighs_nothing_might_as_well_not_be_there(tmp_path):
    header = [*HEADER, "weight"]
    _, out = impact(tmp_path, [[*r, 0 if r[0] in ("S00", "S30") else 1] for r in rows()], "--from", 2026, "--weight",
                    "weight", header=header)  # fmt: skip
    whole = table(out / "effects.csv")
    (tmp_path / "less").mkdir()
    _, out = impact(tmp_path / "less", [r for r in rows() if r[0] not in ("S00", "S30")], "--from", 2026)
    assert whole == table(out / "effects.csv")


def test_the_band_of_the_event_study_is_wider_than_single_intervals(tmp_path):
    _, out = impact(tmp_path, rows(), "--from", 2026)
    for row in table(out / "eventstudy.csv"):
        assert float(row["band_low"]) <= float(row["low"])
        assert float(row["band_high"]) >= float(row["high"])


def test_a_gap_without_enough_schools_has_no_error_and_says_so(tmp_path):
    rng = np.random.default_rng(1)
    data = [[f"S{s}", "town" if s else "village", rng.normal(s, 1), rng.normal()] for s in range(3) for _ in range(12)]
    source = write(tmp_path / "p.csv", ["school", "place", "points", "ses"], data)
    result = run(
        "gap",
        source,
        "--outcome",
        "points",
        "--group",
        "place",
        "--x",
        "ses",
        "--cluster",
        "school",
        "--out",
        tmp_path / "g",
    )
    assert result.exit_code == 0, result.output
    assert "A group has a single cluster" in result.output
    assert {r["se"] for r in table(tmp_path / "g" / "gap.csv")} == {""}
    assert run("verify", tmp_path / "g").exit_code == 0
    columns = table(tmp_path / "g" / "columns.csv")
    parts = {r["part"]: float(r["estimate"]) for r in table(tmp_path / "g" / "gap.csv")}
    assert sum(float(r["explained"]) for r in columns) == pytest.approx(parts["explained"])
