"""The sealed run of an impact on worlds with a known truth: what counts, what may be said, what is refused. No database."""

from __future__ import annotations

import io

import numpy as np
import polars as pl
import pytest
from django.utils import translation
from impact_world import ENTRY, make_world

from tirek.programmes.decided.impact_estimates import COMMAND
from tirek.programmes.estimates.impact_results import compute
from tirek.programmes.pages.impact_words import check_words, headline
from tirek_engines.errors import Refusal

LANGUAGES = ("kk", "ru", "en")


def reasons(result) -> dict[str, str]:
    return dict(result.outcomes.select("subject", "reason").iter_rows())


def failed(result) -> set[str]:
    return {check["code"] for check in result.summary["checks"] if check["passed"] is False}


def said(result) -> list[str]:
    """Every sentence of a result in the three languages: a placeholder without its number would raise."""
    lines = []
    for language in LANGUAGES:
        with translation.override(language):
            lines.append(headline(result.summary))
            lines += [check_words(check)["words"] for check in result.summary["checks"]]
    return lines


@pytest.fixture(scope="module")
def world():
    return make_world(seed=1)


class TestAGoodDesign:
    def test_the_truth_lies_inside_and_the_word_is_effect(self, world):
        result = world.estimated()
        facts = result.summary
        assert facts["low"] < world.effect < facts["high"]
        assert facts["claim"] == "effect"
        assert facts["estimand"] == "did"
        with translation.override("en"):
            assert headline(facts).startswith("The programme raised the results")
        assert all(said(result))

    def test_the_interval_holds_the_truth_in_most_worlds(self):
        inside = 0
        for seed in range(101, 121):
            facts = make_world(seed=seed).estimated(draws=199).summary
            inside += facts["low"] <= 15.0 <= facts["high"]
        assert inside >= 17  # of 20; 95 % would be 19, and below 17 lies one in a hundred

    def test_no_effect_is_not_called_one(self):
        facts = make_world(seed=3, effect=0.0).estimated().summary
        assert facts["low"] < 0 < facts["high"]
        with translation.override("en"):
            assert "cannot be told from chance" in headline(facts)

    def test_without_matching_the_estimate_stands_beside(self, world):
        estimators = world.estimated().tables["estimators"]
        assert estimators["design"].to_list()[0] == "main"
        assert {"main", "by_pupils", "unmatched", "alone"} == set(estimators["design"])

    def test_the_command_gives_the_same_from_the_folder(self, world):
        """What a reader of the folder computes is what was published."""
        result = world.estimated()
        panel = result.tables["counted"].filter(pl.col("wave") >= ENTRY - 1)
        text = io.StringIO(panel.write_csv())
        again = compute(pl.read_csv(text), COMMAND | {"draws": 999, "seed": 1})
        row = again.effects.row(0, named=True)
        assert row["estimate"] == pytest.approx(result.summary["estimate"], abs=1e-9)
        assert row["low"] == pytest.approx(result.summary["low_without_link"], abs=1e-9)
        assert row["se_cr3"] == pytest.approx(result.summary["se_cr3"], abs=1e-9)

    def test_every_school_has_a_reason(self, world):
        result = world.estimated()
        assert result.outcomes.height == world.schools.height
        counted = [row for row in result.outcomes.iter_rows(named=True) if row["reason"] == "counted"]
        one = counted[0]["numbers"]
        assert one["difference"] == pytest.approx(one["change"] - one["comparison"], abs=0.11)
        assert one["change"] == pytest.approx(one["after"] - one["before"], abs=0.11)

    def test_schools_that_enter_later_are_estimated_by_their_entry(self):
        """Half of the schools join a year earlier: the effect is there at that wave for them alone."""
        world = make_world(seed=5)
        takes = np.flatnonzero(world.schools["treated"].to_numpy())
        early = takes[::2]
        entry = np.where(world.schools["treated"].to_numpy(), ENTRY, 0)
        entry[early] = ENTRY - 1
        world.schools = world.schools.with_columns(entry=pl.Series(entry.astype(np.int64)))
        numbers = [1000 + 10 * int(k) for k in early]
        world.results = world.results.with_columns(
            mean=pl.when((pl.col("wave") == ENTRY - 1) & pl.col("org_no").is_in(numbers))
            .then(pl.col("mean") + 15.0)
            .otherwise("mean")
        )
        world.waves = world.waves.with_columns(linked=pl.col("wave") >= ENTRY - 2)
        pairs = make_world(seed=5).chosen().tables["pairs"]
        result = world.estimated(pairs)
        facts = result.summary
        assert facts["staggered"]
        assert facts["estimand"] == "att_simple"
        assert facts["low"] < 15.0 < facts["high"]
        assert set(result.tables["groups"]["group"]) == {ENTRY - 1, ENTRY}


class TestWhatBreaks:
    def test_a_wave_missing_everywhere(self):
        world = make_world(n=60, treated=10)
        world.results = world.results.filter(pl.col("wave") < ENTRY)
        pairs = world.chosen().tables["pairs"]
        with pytest.raises(Refusal) as refused:
            world.estimated(pairs)
        assert refused.value.code == "wave_missing"

    def test_a_wave_missing_for_some(self, world):
        """Who is not seen does not count; partners share the weight; the loss of one side is told."""
        pairs = world.chosen().tables["pairs"]
        gone = pairs["school"].unique().sort().to_list()[:8]
        numbers = world.schools.filter(pl.col("code").is_in(gone))["org_no"].to_list()
        broken = make_world(seed=1)
        broken.results = broken.results.filter(~((pl.col("wave") == ENTRY) & pl.col("org_no").is_in(numbers)))
        result = broken.estimated(pairs)
        assert {reasons(result)[code] for code in gone} == {"wave_missing"}
        assert "attrition" in failed(result)
        assert result.summary["attrition_treated"] == pytest.approx(8 / 40)
        assert all(said(result))

    def test_all_take_part_so_a_change_is_told(self):
        world = make_world(n=60, treated=20)
        world.schools = world.schools.with_columns(treated=pl.lit(True))
        result = world.estimated()
        facts = result.summary
        assert (facts["claim"], facts["comparison"], facts["estimand"]) == ("change", 0, "change")
        assert failed(result) >= {"comparison"}
        assert set(reasons(result).values()) == {"counted_alone"}
        assert facts["link_error"] == 2.0  # of the whole link, not of its unit only
        assert facts["high"] > facts["high_without_link"]
        with translation.override("en"):
            assert "not an effect of the programme" in headline(facts)
        assert all(said(result))

    def test_one_school_takes_part(self):
        """Matched, it shows a change; without a partner not even an error can be told, and it is refused."""
        told = {}
        for seed in range(1, 9):
            world = make_world(n=120, treated=1, seed=seed)
            matched = world.chosen().summary["matched"]
            if matched in told:
                continue
            if matched:
                told[matched] = world.estimated()
                continue
            with pytest.raises(Refusal) as refused:
                world.estimated()
            told[matched] = refused.value.code
        assert told[0] == "one_cluster"
        result = told[1]
        assert result.summary["claim"] == "change"
        assert "one_treated" in failed(result)
        assert result.summary["se_cr3"] is None
        assert all(said(result))

    def test_merged_schools_do_not_count(self, world):
        pairs = world.chosen().tables["pairs"]
        code = pairs["school"].sort()[0]
        broken = make_world(seed=1)
        broken.schools = broken.schools.with_columns(merged=pl.col("code") == code)
        result = broken.estimated(pairs)
        assert reasons(result)[code] == "merged"
        assert "merged" in failed(result)
        assert result.summary["treated_matched"] == world.estimated(pairs).summary["treated_matched"] - 1

    def test_a_school_that_left_counts_all_the_same(self, world):
        pairs = world.chosen().tables["pairs"]
        code = pairs["school"].sort()[0]
        broken = make_world(seed=1)
        broken.schools = broken.schools.with_columns(left=(pl.col("code") == code))
        result = broken.estimated(pairs)
        assert reasons(result)[code] == "counted_left"
        assert result.summary["estimate"] == world.estimated(pairs).summary["estimate"]
        assert "left" in failed(result)

    def test_tests_that_are_not_linked(self, world):
        broken = make_world(seed=1)
        broken.waves = broken.waves.with_columns(linked=pl.col("wave") == ENTRY - 1)
        result = broken.estimated()
        assert result.summary["claim"] == "change"
        assert "scale" in failed(result)

    def test_schools_that_moved_apart_before(self):
        """Whoever takes part grew by 12 points a year before: trends differ, and nothing is called an effect."""
        world = make_world(seed=4, noise=3.0)
        takes = world.schools.filter("treated")["org_no"].to_list()
        pairs = world.chosen().tables["pairs"]
        world.results = world.results.with_columns(
            mean=pl.when(pl.col("org_no").is_in(takes))
            .then(pl.col("mean") + 12.0 * (pl.col("wave") - 3))
            .otherwise("mean")
        )
        result = world.estimated(pairs)
        assert "pretrend" in failed(result)
        assert result.summary["claim"] == "change"

    def test_no_wave_after(self):
        world = make_world(n=60, treated=10)
        pairs = world.chosen().tables["pairs"]
        world.waves = world.waves.filter(pl.col("wave") < ENTRY)
        world.results = world.results.filter(pl.col("wave") < ENTRY)
        world.schools = world.schools.with_columns(entry=pl.when("treated").then(ENTRY).otherwise(0).cast(pl.Int64))
        with pytest.raises(Refusal) as refused:
            world.estimated(pairs)
        assert refused.value.code == "no_wave_after"

    def test_schools_that_change_exactly_alike_leave_no_error(self):
        """Zero variance: one number for all schools before, and one for each side after."""
        world = make_world(n=60, treated=12)
        inside = world.schools.filter("treated")["org_no"].to_list()
        rise = pl.when(pl.col("org_no").is_in(inside) & (pl.col("wave") == ENTRY)).then(20.0).otherwise(0.0)
        world.results = world.results.with_columns(mean=500.0 + rise)
        result = world.estimated()
        assert result.summary["claim"] == "change"
        assert "variance" in failed(result)
        assert result.summary["low"] is None
        assert result.summary["high"] is None
        with translation.override("en"):
            assert "cannot be said how sure" in headline(result.summary)
        assert all(said(result))

    def test_sides_that_share_no_value_are_written_down_as_far_apart(self):
        """A fact that varies within neither side cannot be put in standard deviations."""
        world = make_world(n=60, treated=12)
        pairs = world.chosen().tables["pairs"]
        world.schools = world.schools.with_columns(pupils=pl.when("treated").then(1024).otherwise(64).cast(pl.Int64))
        result = world.estimated(pairs)
        assert result.summary["largest_smd"] == 99.0
        assert "balance" in failed(result)
        assert all(said(result))


def guards() -> list[tuple[str, dict]]:
    from pathlib import Path

    import yaml

    read = yaml.safe_load(Path("tests/cases/programmes/impact/claims.yaml").read_text(encoding="utf-8"))
    return [(case["what"], read["good"] | case["change"]) for case in read["cases"]]


@pytest.mark.parametrize(("what", "facts"), guards())
def test_every_guard_has_its_sentence_in_every_language(what, facts):
    """Held, broken or not possible: whole sentences of their own, with their numbers."""
    from tirek_engines.programmes.impact import Bounds, judge

    for finding in judge(facts, Bounds(0.25, 0.1, 6, 0.05, 0.1)):
        told = {}
        for language in LANGUAGES:
            with translation.override(language):
                told[language] = check_words(finding.as_dict())["words"]
        assert all(told.values()), (what, finding.code)
        assert len(set(told.values())) == 3, (what, told)
        assert not any("%(" in words for words in told.values()), (what, told)
