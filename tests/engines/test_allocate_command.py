"""`tirek allocate`: against the textbook in plain Python, in any order of rows; what is wrong is told where it is."""

from __future__ import annotations

import csv
import datetime
import json

import numpy as np
import pytest
from click.testing import CliRunner

from tirek.site.cli import main
from tirek_engines.matching import lottery_numbers

RULES = """
mode: deferred
day: 2026-09-01
categories: [out, first, general]
interleave: {categories: [first, general], shares: [1, 3]}
seed: draw
seat_types: [{name: special, for: special}, {name: open}]
priorities: [{by: sibling, column: sibling_at}, {by: within, column: metres, limit: 500, name: near}]
"""
FILES = {"children": "c.csv", "groups": "g.csv", "choices": "x.csv", "rules": "r.yaml"}
SOME = [
    ["a", "f1", "2023-05-01", "2025-01-02 10:00", "general", "no", "", ""],
    ["b", "f2", "2023-05-01", "2025-01-01 10:00", "general", "no", "", ""],
    ["c", "f3", "2023-05-01", "2025-03-01 10:00", "first", "yes", "", ""],
    ["d", "f4", "2022-05-01", "2025-01-01 10:00", "general", "no", "", ""],
    ["e", "f5", "2023-08-31", "2025-05-01 10:00", "general", "no", "K1", "g2"],
]
CHILD = ["child", "family", "birth_date", "received_at", "category", "special", "sibling_at", "current_group"]
GROUP, WISH = ["group", "kindergarten", "age", "seats_special", "seats_open"], ["child", "rank", "group", "metres"]
GROUPS = [["g1", "K1", "3", 1, 1], ["g2", "K2", "3", 0, 1], ["g3", "K1", "4", 0, 0]]
WISHES = [["a", 1, "g1", 900], ["a", 2, "g2", 900], ["b", 1, "g1", 900], ["b", 2, "g2", 900], ["c", 1, "g1", 900],
          ["d", 1, "g3", 900], ["d", 2, "g1", 900], ["e", 1, "g1", 900]]  # fmt: skip


def write(path, header, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])


@pytest.fixture
def run(tmp_path):
    def allocated(*more, children=SOME, groups=GROUPS, wishes=WISHES, rules=RULES, out="out", child=CHILD):
        write(tmp_path / "c.csv", child, children)
        write(tmp_path / "g.csv", GROUP, groups)
        write(tmp_path / "x.csv", WISH, wishes)
        (tmp_path / "r.yaml").write_text(rules, encoding="utf-8")
        files = [f"--{role}={tmp_path / name}" for role, name in FILES.items()]
        return CliRunner().invoke(main, ["allocate", *files, "--out", str(tmp_path / out), *more])

    allocated.folder = tmp_path
    return allocated


def rows(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_each_child_is_told_its_place_and_why(run):
    assert run().exit_code == 0
    got = {r["child"]: (r["group"], r["rank"], r["seat_type"]) for r in rows(run.folder / "out/assignments.csv")}
    assert got == {
        "a": ("g2", "2", "open"), "b": ("g2", "2", "open"), "c": ("g1", "1", "special"), "d": ("", "", ""),
        "e": ("g1", "1", "open"),
    }  # fmt: skip
    why = {(r["child"], r["group"]): (r["outcome"], r["criterion"], r["own"], r["cutoff"]) for r in rows(run.folder / "out/reasons.csv")}  # fmt: skip
    assert why["a", "g1"] == ("after_the_last", "sibling_at", "no", "yes")
    assert why["d", "g1"] == ("age_does_not_fit", "age", "4", "3")
    assert why["d", "g3"][0] == "no_seats"
    assert json.loads((run.folder / "out/verification.json").read_text())["sound"] is True


def test_verify_computes_again_and_explain_tells_why(run):
    run()
    out = str(run.folder / "out")
    assert CliRunner().invoke(main, ["verify", out]).exit_code == 0
    told = CliRunner().invoke(main, ["explain", out, "a"]).output
    assert "settled by sibling_at: no; the last admitted: yes" in told
    assert "order_of_all" in told
    assert "Last admitted: first" in CliRunner().invoke(main, ["explain", out, "g1"]).output
    assert CliRunner().invoke(main, ["explain", out, "nobody"]).exit_code == 2


def made(seed, n=40, n_groups=6):
    """A region drawn at random: ties in time, siblings, transfers, ages, reserved seats."""
    random = np.random.default_rng(seed)
    groups = [[f"g{k}", f"K{k % 3}", ["3", "3-4", ""][k % 3], int(random.integers(0, 3)), int(random.integers(0, 5))] for k in range(n_groups)]  # fmt: skip
    children, wishes = [], []
    for c in range(n):
        born = datetime.date(2021, 9, 1) + datetime.timedelta(days=int(random.integers(0, 3 * 365)))
        received = f"2025-01-{random.integers(1, 6):02d}"
        category = ["out", "first", "general"][random.choice(3, p=[0.1, 0.3, 0.6])]
        children.append([
            f"c{c}", f"f{random.integers(0, n)}", born.isoformat(), received, category, ["yes", "no"][random.random() < 0.8],
            ["K0", ""][random.random() < 0.7], f"g{random.integers(0, n_groups)}" if random.random() < 0.2 else "",
        ])  # fmt: skip
        named = random.choice(n_groups, random.integers(0, n_groups), replace=False)
        wishes += [[f"c{c}", rank, f"g{g}", int(random.integers(0, 1000))] for rank, g in enumerate(named, start=1)]
    return children, groups, wishes


def textbook(children, groups, wishes):
    """Deferred acceptance round by round, from the rows and the words of the rules alone."""
    day = datetime.date(2026, 9, 1)
    drawn = dict(zip([c[1] for c in children], lottery_numbers("draw", [c[1] for c in children]).tolist(), strict=True))
    age = {}
    for c in children:
        born = datetime.date.fromisoformat(c[2])
        age[c[0]] = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    codes = sorted(c[0] for c in children)
    tie = {c[0]: (drawn[c[1]], codes.index(c[0])) for c in children}
    place = {}
    for years in set(age.values()):
        lists = [sorted((c for c in children if age[c[0]] == years and c[4] == k), key=lambda c: (c[3], tie[c[0]])) for k in ("out", "first", "general")]  # fmt: skip
        first, general, order = lists[1], lists[2], list(lists[0])
        while first or general:
            order += first[:1] + general[:3]
            first, general = first[1:], general[3:]
        place |= {c[0]: n for n, c in enumerate(order)}
    by_code, group_of = {c[0]: c for c in children}, {g[0]: g for g in groups}
    fits = {
        g[0]: range(*{"3": (3, 4), "3-4": (3, 5), "": (0, 100)}[g[2]]) for g in groups
    }  # fmt: skip
    metres = {(w[0], w[2]): w[3] for w in wishes}
    dear = {c: [w[2] for w in sorted(wishes, key=lambda w: w[1]) if w[0] == c] for c in by_code}
    held_at = {c[0]: c[7] for c in children}
    for c, named in dear.items():
        dear[c] = [g for g in named if age[c] in fits[g] or held_at[c] == g]
        if held_at[c] and held_at[c] not in dear[c]:
            dear[c].append(held_at[c])
    open_seats = {g[0]: g[4] + sum(h == g[0] for h in held_at.values()) for g in groups}

    def order(c, g):
        if held_at[c] == g:
            return (0,)
        near = metres.get((c, g), 10**9) <= 500
        return (1, by_code[c][6] != group_of[g][1], not near, place[c], by_code[c][3], tie[c])

    def chosen(g, asking):
        ranked = sorted(asking, key=lambda c: order(c, g) if len(order(c, g)) > 1 else (0, False, False, place[c], by_code[c][3], tie[c]))  # fmt: skip
        special = sorted(ranked, key=lambda c: by_code[c][5] != "yes")[: group_of[g][3]]
        rest = [c for c in ranked if c not in special]
        return set(special) | set(rest[: open_seats[g]])

    asked, at = dict.fromkeys(by_code, 0), {g: set() for g in group_of}
    while True:
        placed = set().union(*at.values())
        asking = [c for c in by_code if c not in placed and asked[c] < len(dear[c])]
        if not asking:
            return {c: next((g for g in at if c in at[g]), "") for c in by_code}
        for c in asking:
            at[dear[c][asked[c]]].add(c)
        for g in at:
            kept = chosen(g, at[g])
            for c in at[g] - kept:
                asked[c] += 1
            at[g] = kept


@pytest.mark.parametrize("seed", range(12))
def test_the_command_does_what_the_textbook_does_in_any_order_of_rows(run, seed):
    children, groups, wishes = made(seed)
    assert run(children=children, groups=groups, wishes=wishes).exit_code == 0
    got = {r["child"]: r["group"] for r in rows(run.folder / "out/assignments.csv")}
    assert got == textbook(children, groups, wishes)
    shuffled = np.random.default_rng(seed)
    for table in (children, groups, wishes):
        shuffled.shuffle(table)
    assert run(children=children, groups=groups, wishes=wishes, out="again").exit_code == 0
    for name in ("assignments", "reasons", "cutoffs"):
        assert (run.folder / f"out/{name}.csv").read_bytes() == (run.folder / f"again/{name}.csv").read_bytes()


def test_nobody_loses_a_place_by_asking_for_another(run):
    children, groups, wishes = made(99, n=80)
    run(children=children, groups=groups, wishes=wishes)
    got = {r["child"]: r["group"] for r in rows(run.folder / "out/assignments.csv")}
    assert all(got[c[0]] for c in children if c[7])


def changed(table, row, column, value):
    return [[*r[:column], value, *r[column + 1 :]] if n == row else r for n, r in enumerate(table)]


@pytest.mark.parametrize(
    ("given", "row", "column"),
    [
        ({"children": changed(SOME, 1, 0, "a")}, "3", "child"),
        ({"children": changed(SOME, 1, 2, "2023-02-31")}, "3", "birth_date"),
        ({"children": changed(SOME, 2, 3, "soon")}, "4", "received_at"),
        ({"children": changed(SOME, 0, 4, "friend")}, "2", "category"),
        ({"children": changed(SOME, 0, 5, "maybe")}, "2", "special"),
        ({"children": changed(SOME, 4, 7, "g9")}, "6", "current_group"),
        ({"children": changed(SOME, 0, 1, "")}, "2", "family"),
        ({"child": [*CHILD[:5], "specials", *CHILD[6:]]}, "1", "special"),
        ({"groups": changed(GROUPS, 0, 4, -1)}, "2", "seats_open"),
        ({"groups": changed(GROUPS, 0, 4, "many")}, "2", "seats_open"),
        ({"groups": changed(GROUPS, 1, 0, "g1")}, "3", "group"),
        ({"groups": changed(GROUPS, 1, 2, "4-3")}, "3", "age"),
        ({"wishes": changed(WISHES, 1, 2, "g1")}, "3", "group"),
        ({"wishes": changed(WISHES, 1, 1, 1)}, "3", "rank"),
        ({"wishes": changed(WISHES, 1, 1, 0)}, "3", "rank"),
        ({"wishes": changed(WISHES, 0, 0, "zz")}, "2", "child"),
        ({"wishes": changed(WISHES, 0, 2, "zz")}, "2", "group"),
        ({"wishes": changed(WISHES, 0, 3, "")}, "2", "metres"),
        ({"rules": RULES.replace("deferred", "random")}, "", "mode"),
        ({"rules": RULES.replace("deferred", "legal")}, "", "priorities"),
        ({"rules": RULES.replace("[first, general], shares", "[out, general], shares")}, "", "interleave"),
        ({"rules": RULES.replace("[1, 3]", "[0, 3]")}, "", "interleave"),
        ({"rules": RULES.replace("day: 2026-09-01", "day: soon")}, "", "day"),
        ({"rules": RULES.replace("{name: open}", "{name: open, for: special}")}, "", "seat_types"),
        ({"rules": RULES.replace("limit: 500", "limit: -1")}, "", "priorities[2]"),
        ({"rules": "[]"}, "", ""),
    ],
)
def test_what_is_wrong_is_told_where_it_is(run, given, row, column):
    done = run(**given)
    assert done.exit_code == 2, done.output
    fault = rows(run.folder / "out/faults.csv")[0]
    assert (fault["row"], fault["column"]) == (row, column), fault
    assert fault["what"]
    assert fault["what_to_do"]
    assert not (run.folder / "out/assignments.csv").exists()


def test_the_legal_mode_serves_one_queue(run):
    rules = RULES.replace("deferred", "legal")
    rules = "\n".join(line for line in rules.splitlines() if not line.startswith("priorities"))
    assert run(rules=rules).exit_code == 0
    got = {r["child"]: r["group"] for r in rows(run.folder / "out/assignments.csv")}
    assert got == {"a": "g2", "b": "g1", "c": "g1", "d": "", "e": "g2"}
    why = {(r["child"], r["group"]): (r["criterion"], r["own"], r["cutoff"]) for r in rows(run.folder / "out/reasons.csv")}  # fmt: skip
    assert why["a", "g1"] == ("queue_place", "3", "2")
