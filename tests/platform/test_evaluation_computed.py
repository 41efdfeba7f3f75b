"""Value added and the gap of town and village from sealed tables with a known truth: what is said, what is refused. No database."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from django.utils import translation

from tirek.programmes.decided.gap import run_gap
from tirek.programmes.decided.pupils_sealed import FOLLOWED, PUPILS, SCHOOLS
from tirek.programmes.decided.value_added import run_value_added
from tirek.programmes.kinds_evaluation import GAP_REASONS, VALUE_ADDED_REASONS
from tirek.programmes.pages import gap as gap_pages
from tirek.programmes.pages import value_added as added_pages
from tirek_engines.errors import Refusal
from tirek_engines.evaluation.valueadded import value_added

LANGUAGES = ("kk", "ru", "en")
AREA = {"org_lo": 1000, "org_hi": 9999}


class Rules:
    """Rule values as a run sees them."""

    def __init__(self, **changes: int) -> None:
        self.found = {
            "fewest_pupils": 10,
            "least_followed": 60,
            "fewest_schools": 10,
            "draws": 199,
            "seed": 1,
        } | changes

    def values(self) -> dict[str, int]:
        return self.found


def followed(effects, sizes, seed=1, more=0) -> dict[str, pl.DataFrame]:
    """Pupils of schools with these effects; `more` pupils a school could not be followed."""
    rng, rows, schools = np.random.default_rng(seed), [], []
    for k, (effect, size) in enumerate(zip(effects, sizes, strict=True)):
        before = rng.normal(500, 90, size)
        after = 100 + 0.8 * before + effect + rng.normal(0, 40, size)
        rows += [
            (f"S{k:02}", 1000 + k, f"D{k % 4}", ("kk", "ru")[k % 2], float(a), float(b))
            for a, b in zip(before, after, strict=True)
        ]
        schools.append((f"S{k:02}", 1000 + k, size + more))
    left = pl.DataFrame(
        [("moved", 1), ("only_before", 2), ("only_after", more)], schema=["because", "pupils"], orient="row"
    )
    return {
        "pupils": pl.DataFrame(sorted(rows), schema=FOLLOWED, orient="row"),
        "schools": pl.DataFrame(schools, schema=SCHOOLS, orient="row"), "left_out": left,
    }  # fmt: skip


def said(reasons, row: dict) -> str:
    found = []
    for language in LANGUAGES:
        with translation.override(language):
            found.append(str(reasons[row["reason"]]) % {k: v for k, v in row["numbers"].items() if v is not None})
    assert len(set(found)) == 3
    return found[-1]


class TestValueAdded:
    def test_schools_far_from_the_others_are_told_and_the_rest_are_not(self):
        effects = [60.0, -60.0, *np.random.default_rng(2).normal(0, 3, 18)]
        result = run_value_added(followed(effects, [60] * 20), AREA, Rules())
        reasons = dict(result.outcomes.select("subject", "reason").iter_rows())
        assert (reasons["S00"], reasons["S01"]) == ("more", "less")
        assert list(reasons.values()).count("as_elsewhere") >= 15
        assert result.summary["slope"] == pytest.approx(0.8, abs=0.05)
        for row in result.outcomes.iter_rows(named=True):
            assert said(VALUE_ADDED_REASONS, row)
        for language in LANGUAGES:
            with translation.override(language):
                assert added_pages.headline(result.summary)
                assert all(added_pages.in_words(result.summary))

    def test_the_numbers_are_those_of_the_engine_and_add_up(self):
        inputs = followed(np.linspace(-20, 20, 14), np.arange(12, 40, 2))
        result = run_value_added(inputs, AREA, Rules())
        pupils = inputs["pupils"]
        codes = np.unique(pupils["school"].to_numpy().astype(str), return_inverse=True)[1].astype(np.int64)
        before = pupils["before"].to_numpy() - pupils["before"].mean()
        x = np.column_stack([before, before**2 / 100, (pupils["language"] == "ru").to_numpy().astype(float)])
        fit = value_added(pupils["after"].to_numpy(), x, codes)
        for k, row in enumerate(result.outcomes.sort("subject").iter_rows(named=True)):
            told = row["numbers"]
            assert told["effect"] == pytest.approx(fit.schools.effect[k], abs=0.051)
            assert told["difference"] == pytest.approx(told["reached"] - told["expected"], abs=0.11)
            assert told["effect"] == pytest.approx(
                told["difference"] * told["share"] / 100, abs=0.06 + abs(told["difference"]) / 150
            )
        levels = dict(result.tables["levels"].select("level", "share").iter_rows())
        assert set(levels) == {"school", "district", "residual"}
        assert sum(levels.values()) == pytest.approx(1.0)

    def test_a_small_school_is_drawn_to_zero_and_one_of_few_is_not_spoken_of(self):
        effects = [40.0, 40.0, 40.0, *np.random.default_rng(5).normal(0, 12, 15)]
        result = run_value_added(followed(effects, [200, 12, 6, *[50] * 15]), AREA, Rules())
        rows = {row["subject"]: row for row in result.outcomes.iter_rows(named=True)}
        assert rows["S00"]["numbers"]["share"] > rows["S01"]["numbers"]["share"]
        assert rows["S02"]["reason"] == "too_few"
        assert [value for value in rows["S02"]["numbers"].values() if value is not None] == [10]

    def test_where_most_could_not_be_followed_nothing_is_said(self):
        result = run_value_added(followed([0.0] * 12, [20] * 12, more=20), AREA, Rules())
        assert set(result.outcomes["reason"]) == {"too_few_followed"}
        row = result.outcomes.row(0, named=True)
        assert "50.0" in said(VALUE_ADDED_REASONS, row)

    def test_few_schools_are_refused(self):
        with pytest.raises(Refusal) as refused:
            run_value_added(followed([0.0] * 9, [20] * 9), AREA, Rules())
        assert refused.value.code == "few_schools"


def places(*, ahead=0.0, size_effect=0.0, seed=3, schools=30, each=30, speed=True) -> dict[str, pl.DataFrame]:
    """Towns have larger schools; results rise by `size_effect` a doubling, and by `ahead` in towns beside that."""
    rng, rows = np.random.default_rng(seed), []
    for k in range(schools):
        town = k % 2 == 0
        size = rng.normal(10.0 if town else 8.0, 0.7)
        mean = 500 + ahead * town + size_effect * (size - 9) + rng.normal(0, 4)
        mbit = float(rng.uniform(20, 100)) if speed else float("nan")
        for _ in range(each):
            girl = float(rng.random() < 0.5)
            result = round(float(mean + rng.normal(0, 60)), 2)
            rows.append(
                (
                    f"S{k:02}",
                    1000 + k,
                    "urban" if town else "rural",
                    result,
                    girl,
                    float(rng.random() < 0.7),
                    size,
                    mbit,
                )
            )
    return {"pupils": pl.DataFrame(sorted(rows), schema=PUPILS, orient="row")}


def outcomes(result) -> dict[str, dict]:
    return {row["subject"]: row for row in result.outcomes.iter_rows(named=True)}


class TestGap:
    @pytest.mark.parametrize(
        ("truth", "reason"),
        [({"size_effect": 25.0}, "gap"), ({"ahead": 40.0}, "gap_open"), ({}, "no_gap"), ({"ahead": -40.0}, "gap_open")],
    )
    def test_what_is_said_follows_the_truth(self, truth, reason):
        result = run_gap(places(**truth), AREA, Rules())
        found = outcomes(result)
        assert found["gap"]["reason"] == reason
        assert result.summary["explained"] + result.summary["unexplained"] == pytest.approx(result.summary["gap"])
        if reason == "gap":
            assert found["size"]["reason"] == "goes_with"
            assert result.summary["explained"] == pytest.approx(50.0, abs=20)
        for row in found.values():
            assert said(GAP_REASONS, row)
        heads = set()
        for language in LANGUAGES:
            with translation.override(language):
                heads.add(gap_pages.headline(result.summary))
                assert gap_pages.split_chart(result.summary)["rows"]
        assert len(heads) == 3

    def test_what_each_column_explains_adds_up(self):
        result = run_gap(places(size_effect=10.0, ahead=10.0), AREA, Rules())
        assert result.tables["columns"]["explained"].sum() == pytest.approx(result.summary["explained"])

    def test_what_is_not_known_or_follows_from_others_is_left_out_and_said(self):
        inputs = places(speed=False)
        inputs["pupils"] = inputs["pupils"].with_columns(kazakh=1.0 - pl.col("girl"))
        found = outcomes(run_gap(inputs, AREA, Rules()))
        assert found["speed"]["reason"] == found["kazakh"]["reason"] == "not_looked_at"
        assert found["girl"]["reason"] in ("goes_with", "not_sure")

    def test_numbers_are_those_that_people_count_in(self):
        found = outcomes(run_gap(places(), AREA, Rules()))
        assert 40 < found["girl"]["numbers"]["town"] < 60
        assert 700 < found["size"]["numbers"]["town"] < 1400

    def test_few_schools_on_a_side_are_refused(self):
        with pytest.raises(Refusal) as refused:
            run_gap(places(schools=18), AREA, Rules())
        assert refused.value.code == "few_schools"

    def test_where_nothing_varies_it_is_refused(self):
        inputs = places(speed=False)
        inputs["pupils"] = inputs["pupils"].with_columns(girl=0.0, kazakh=1.0, size=9.0)
        with pytest.raises(Refusal) as refused:
            run_gap(inputs, AREA, Rules())
        assert refused.value.code == "nothing_varies"
