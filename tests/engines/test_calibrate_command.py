"""`tirek calibrate`, `verify` and `explain` as a user meets them, with bad input tried on purpose."""

import csv
import json
import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from tirek.site.cli import main


@pytest.fixture
def good(tmp_path):
    """200 persons, 6 items, ids with leading zeros."""
    rng = np.random.default_rng(1)
    theta = rng.standard_normal(200)
    x = (rng.random((200, 6)) < 1 / (1 + np.exp(-(theta[:, None] - np.linspace(-1, 1, 6))))).astype(int)
    frame = pl.DataFrame({"pupil": [f"{i:05d}" for i in range(200)], **{f"M{j}": x[:, j] for j in range(6)}})
    path = tmp_path / "answers.csv"
    frame.write_csv(path)
    return path


def tirek(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


def calibrate(path, out, *more):
    return tirek("calibrate", path, "--model", "rasch", "--out", out, *more)


def faults(out):
    with (out / "faults.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def changed(path, old, new, times=1):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, times), encoding="utf-8")
    return path


def refused(path, tmp_path, *more):
    """Calibrate, expect exit code 2, return the faults."""
    result = calibrate(path, tmp_path / "out", *more)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    return faults(tmp_path / "out")


def test_the_promised_files_and_columns(good, tmp_path):
    out = tmp_path / "out"
    result = calibrate(good, out, "--id", "pupil", "--json")
    assert result.exit_code == 0, result.output
    header = {p.name: p.read_text().splitlines()[0] for p in out.glob("*.csv")}
    assert header["items.csv"] == "item,model,a,b,c,d1,se_a,se_b,se_c,se_d1,n,mean,values,fixed"
    assert header["groups.csv"] == "group,mean,variance,se_mean,se_variance,n"
    assert header["persons.csv"].startswith("id,eap,eap_se,wle,wle_se")
    fit = json.loads((out / "fit.json").read_text())
    assert {"loglik", "iterations", "converged", "gradient", "nodes", "range", "n", "reliability"} <= fit.keys()
    assert (fit["n"], fit["converged"], fit["nodes"], fit["range"]) == (200, True, 41, 6.0)
    assert json.loads(result.stdout)["loglik"] == fit["loglik"]
    assert (out / "persons.csv").read_text().splitlines()[8].startswith("00007,")
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["command"] == "calibrate"
    assert {o["name"] for o in manifest["outputs"]} == {
        "items.csv",
        "groups.csv",
        "persons.csv",
        "dropped.csv",
        "fit.json",
    }


def test_two_runs_are_equal_byte_for_byte(good, tmp_path):
    for out in ("one", "two"):
        assert calibrate(good, tmp_path / out, "--quiet").exit_code == 0
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_semicolons_a_bom_windows_lines_and_parquet_give_the_same(good, tmp_path):
    frame = pl.read_csv(good, schema_overrides={"pupil": pl.String})
    frame.write_parquet(tmp_path / "p.parquet")
    text = good.read_text().replace(",", ";").replace("\n", "\r\n")
    (tmp_path / "s.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    results = []
    for number, path in enumerate((good, tmp_path / "s.csv", tmp_path / "p.parquet")):
        assert calibrate(path, tmp_path / str(number), "--id", "pupil", "--quiet").exit_code == 0
        results.append((tmp_path / str(number) / "persons.csv").read_bytes())
    assert results[0] == results[1] == results[2]


def test_background_columns_are_set_aside_and_said(good, tmp_path):
    frame = pl.read_csv(good).with_columns(SEX=pl.lit(1), town=pl.lit("Aktau"))
    frame.write_csv(good)
    result = calibrate(good, tmp_path / "out")
    assert result.exit_code == 0
    assert "because of their names: pupil, SEX" in result.stderr
    assert "most values are no scores: town" in result.stderr
    assert pl.read_csv(tmp_path / "out/items.csv")["item"].to_list() == [f"M{j}" for j in range(6)]


def test_an_identifier_named_as_an_item_is_refused(good, tmp_path):
    frame = pl.read_csv(good).with_columns(pupil=pl.int_range(3010101, 3010301))
    frame.write_csv(good)
    found = refused(good, tmp_path, "--items", "*")
    assert [(f["column"], f["row"]) for f in found] == [("pupil", "")]
    assert "no item" in found[0]["what"]


@pytest.mark.parametrize(
    ("cell", "what"),
    [("7", "outside the range 0 to 1"), ("-1", "no score"), ("0.5", "no score"), ("absent", "no score")],
)
def test_a_wrong_answer_is_shown_with_row_and_column(good, tmp_path, cell, what):
    lines = good.read_text().splitlines()
    lines[42] = ",".join([*lines[42].split(",")[:3], cell, *lines[42].split(",")[4:]])
    good.write_text("\n".join(lines))
    (fault,) = refused(good, tmp_path, "--items", "M*")
    assert (fault["file"], fault["row"], fault["column"]) == ("answers.csv", "43", "M2")
    assert fault["value"].lstrip("'").removesuffix(".0") == cell
    assert what in fault["what"]
    assert fault["what_to_do"]


def test_policies_for_special_codes(good, tmp_path):
    frame = pl.read_csv(good).with_columns(M0=pl.when(pl.int_range(pl.len()) < 20).then(9).otherwise("M0"))
    frame.write_csv(good)
    means = {}
    for policy in ("wrong", "missing"):
        out = tmp_path / policy
        assert calibrate(good, out, "--items", "M*", "--omitted", f"9:{policy}").exit_code == 0
        first = pl.read_csv(out / "items.csv").row(0, named=True)
        means[policy] = (first["n"], round(first["mean"] * first["n"]))
    assert means["wrong"][0] == 200
    assert means["missing"][0] == 180
    assert means["wrong"][1] == means["missing"][1]
    assert calibrate(good, tmp_path / "x", "--items", "M*", "--omitted", "9:right").exit_code == 2
    assert calibrate(good, tmp_path / "x", "--items", "M*", "--omitted", "9:wrong", "--missing", "9").exit_code == 2


def test_duplicate_and_empty_ids(good, tmp_path):
    changed(good, "00003,", "00002,")
    changed(good, "00005,", ",")
    found = refused(good, tmp_path, "--id", "pupil")
    assert {(f["row"], f["column"], f["value"]) for f in found} == {("5", "pupil", "00002"), ("7", "pupil", "")}


def test_bad_weights(good, tmp_path):
    frame = pl.read_csv(good).with_columns(w=pl.Series([-1.0, None, *[1.0] * 198]))
    frame.write_csv(good)
    found = refused(good, tmp_path, "--weight", "w", "--items", "M*")
    assert [(f["row"], f["column"]) for f in found] == [("2", "w"), ("3", "w")]


def test_windows_1251_is_recognised(good, tmp_path):
    good.write_bytes(good.read_text().replace("00004", "Әсел Иванова").encode("cp1251", "replace"))
    (fault,) = refused(good, tmp_path, "--items", "M*")
    assert fault["row"] == "6"
    assert "Windows-1251" in fault["what_to_do"]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"M1,M2\n", "no rows"),
        (b"M1,M1\n1,0\n", "Two columns"),
        (b"M1,M2\n1,0\n1\n0,1\n", "The row has 1 cells"),
        (b"M1,M2\n1,0\n1,0,1\n", "The row has 3 cells"),
        (b"\xff\xfeM\x001\x00", "UTF-16"),
        (b"PK\x03\x04\x00\x00zip", "zero byte"),
    ],
)
def test_files_that_are_no_tables(tmp_path, content, what):
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    assert what in refused(path, tmp_path)[0]["what"]


def test_ten_megabytes_in_one_cell(good, tmp_path):
    lines = good.read_text().splitlines()
    good.write_text("\n".join([*lines[:5], "x" * 10_000_000 + ",1,1,1,1,1,1", "=1+1,z,1,1,1,1,1", *lines[7:]]))
    found = refused(good, tmp_path, "--id", "pupil")
    assert [(f["row"], f["column"], f["value"]) for f in found] == [("7", "M0", "z")]
    good.write_text("\n".join([*lines[:5], "a," + "x" * 10_000_000 + ",1,1,1,1,1", *lines[7:]]))
    (fault,) = refused(good, tmp_path, "--id", "pupil")
    assert (fault["row"], fault["column"]) == ("6", "M0")
    assert len(fault["value"]) < 100


def test_an_item_nobody_saw_and_a_constant_item_are_dropped(good, tmp_path):
    pl.read_csv(good).with_columns(M8=pl.lit(None), M9=pl.lit(1)).write_csv(good)
    result = calibrate(good, tmp_path / "out", "--items", "M*")
    assert result.exit_code == 0
    assert "Item M8 is left out: nobody answered it." in result.stderr
    dropped = pl.read_csv(tmp_path / "out/dropped.csv")
    assert dropped["item"].to_list() == ["M8", "M9"]


def test_a_person_without_answers_is_kept(good, tmp_path):
    lines = good.read_text().splitlines()
    lines[3] = "00002,,,NA,,,"
    good.write_text("\n".join(lines))
    result = calibrate(good, tmp_path / "out", "--id", "pupil")
    assert "1 of 200 persons have no answer" in result.stderr
    person = pl.read_csv(tmp_path / "out/persons.csv").row(2, named=True)
    assert (person["wle"], person["flag"]) == (None, "no-answers")


def test_all_missing_or_no_columns_are_refused(good, tmp_path):
    lines = good.read_text().splitlines()
    good.write_text("\n".join([lines[0], *[line.split(",")[0] + ",,,,,," for line in lines[1:]]]))
    result = calibrate(good, tmp_path / "out", "--id", "pupil")
    assert result.exit_code == 2
    assert "nothing to calibrate" in result.stderr
    assert "No column matches" in refused(good, tmp_path, "--items", "Z*")[0]["what"]
    assert "no such column" in refused(good, tmp_path, "--id", "nobody")[0]["what"]
    assert "does not exist" in refused(tmp_path / "gone.csv", tmp_path)[0]["what"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--regress", "M0,M0"), "names M0 twice"),
        (("--dimension", "M0"), "name the table with --items"),
        (("--replicates", "M0"), "Say with --scheme how"),
        (("--scheme", "jk1"), "--scheme jk1 needs --replicates"),
        (("--jk-zone", "M0"), "belong together"),
    ],
)
def test_half_a_wish_is_refused_with_what_is_wanting(good, tmp_path, arguments, said):
    result = calibrate(good, tmp_path / "out", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["faults.csv"]


def test_not_converged_is_exit_code_three_with_results(good, tmp_path):
    result = calibrate(good, tmp_path / "out", "--max-iterations", "1")
    assert result.exit_code == 3
    assert json.loads((tmp_path / "out/fit.json").read_text())["converged"] is False


def test_a_strange_folder_is_not_overwritten(good, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home/letter.txt").write_text("mine")
    result = calibrate(good, tmp_path / "home")
    assert result.exit_code == 2
    assert (tmp_path / "home/letter.txt").read_text() == "mine"


def test_a_table_of_items_chooses_and_limits(good, tmp_path):
    table = tmp_path / "items.csv"
    table.write_text("item,max\nM1,1\nM3,1\nM5,1\n")
    assert calibrate(good, tmp_path / "out", "--items", table).exit_code == 0
    assert pl.read_csv(tmp_path / "out/items.csv")["item"].to_list() == ["M1", "M3", "M5"]
    table.write_text("item,max\nM1,1\nM77,1\n")
    found = refused(good, tmp_path / "second", "--items", table)
    assert (found[0]["file"], found[0]["row"], found[0]["value"]) == ("items.csv", "3", "M77")


def test_verify_recomputes_and_notices_a_changed_result_and_a_changed_input(good, tmp_path):
    out = tmp_path / "out"
    calibrate(good, out, "--id", "pupil")
    result = tirek("verify", out)
    assert result.exit_code == 0, result.output
    assert "persons.csv: equal, byte for byte" in result.stdout
    manifest = json.loads((out / "manifest.json").read_text())
    items = (out / "items.csv").read_text()
    (out / "items.csv").write_text(items.replace("rasch,1.0,-", "rasch,1.0,-9", 1))
    assert tirek("verify", out).exit_code == 2
    from tirek.storage.runs import digest_file

    entry = next(o for o in manifest["outputs"] if o["name"] == "items.csv")
    entry["sha256"] = digest_file(out / "items.csv")
    (out / "manifest.json").write_text(json.dumps(manifest))
    forged = tirek("verify", out)
    assert forged.exit_code == 3
    assert "DIFFERENT" in forged.stdout
    calibrate(good, out, "--id", "pupil")
    changed(good, "00004,", "99999,")
    assert tirek("verify", out).exit_code == 2


def test_explain_a_person_and_an_item(good, tmp_path):
    out = tmp_path / "out"
    calibrate(good, out, "--id", "pupil")
    person = tirek("explain", out, "00007")
    assert person.exit_code == 0, person.output
    row = pl.read_csv(out / "persons.csv", schema_overrides={"id": pl.String}).row(7, named=True)
    assert f"EAP {row['eap']:.4f}" in person.stdout
    assert "posterior_pass, line" in person.stdout
    assert "difficulty b" in tirek("explain", out, "M3").stdout
    assert tirek("explain", out, "nobody").exit_code == 2
    assert tirek("explain", tmp_path / "nowhere/at/all", "x").exit_code == 2


def test_help_is_quick_and_imports_no_platform():
    code = (
        "import sys; from tirek.site.cli import main\n"
        "try: main(['calibrate', '--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'django', 'numba', 'numpy', 'polars', 'scipy'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path)},
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "Examples:" in result.stdout


def test_an_open_quotation_mark_is_shown_where_it_opens(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('id,a,b\n1,1,0\n2,"1,0\n3,0,1\n4,1,1\n', encoding="utf-8")
    (fault,) = refused(path, tmp_path)
    assert fault["row"] == "3"
    assert "quotation mark" in fault["what"]


def test_tabs_and_blanks_around_scores_are_read(tmp_path):
    rows = [(0, 1), (1, 0), (1, 1), (0, 0), (1, 0)]
    plain, tabs, blanks = tmp_path / "a.csv", tmp_path / "b.csv", tmp_path / "c.csv"
    for path, mark in ((plain, ","), (tabs, "\t"), (blanks, " , ")):
        path.write_text("\n".join([f"a{mark.strip(' ')}b", *(f"{a}{mark}{b}" for a, b in rows)]), encoding="utf-8")
        assert calibrate(path, tmp_path / path.stem).exit_code == 0
    found = {(tmp_path / place / "items.csv").read_text() for place in "abc"}
    assert len(found) == 1


def test_a_refusal_of_the_whole_file_leaves_a_fault_too(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,1\n1,1\n", encoding="utf-8")
    (fault,) = refused(path, tmp_path)
    assert "nothing to calibrate" in fault["what"]
    assert fault["what_to_do"]


@pytest.mark.parametrize("highest", ["abc", "0", "1.5", "300"])
def test_a_wrong_highest_score_in_the_table_of_items(good, tmp_path, highest):
    table = tmp_path / "items.csv"
    table.write_text(f"item,max\nM0,1\nM1,{highest}\n", encoding="utf-8")
    (fault,) = refused(good, tmp_path, "--items", table)
    assert (fault["row"], fault["column"]) == ("3", "max")


def test_a_grid_beyond_reason_is_refused(good, tmp_path):
    (fault,) = refused(good, tmp_path, "--nodes", "100000000")
    assert "2001" in fault["what_to_do"]
