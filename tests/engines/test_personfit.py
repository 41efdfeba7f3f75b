"""Person fit, agreement of wrong answers, and distractors."""

import itertools

import numpy as np
import pytest

from tirek_engines.psychometrics.fit.distractors import deduced_keys, option_tables
from tirek_engines.psychometrics.fit.personfit import agreement, person_fit, steps_by_ease

from .fitted import items, placed, simulated


def test_lz_star_is_standard_normal_if_the_model_holds():
    found = items(10)
    codes, _ = simulated(found, 4000, 11)
    fit = person_fit(*placed(found, codes))
    known = fit.lz_star[np.isfinite(fit.lz_star)]
    assert abs(known.mean()) < 0.1
    assert abs(known.std() - 1) < 0.06
    assert abs(fit.lz.std() - 1) > abs(known.std() - 1)
    assert 0.002 < fit.flag.mean() < 0.02


def test_guessing_persons_are_flagged():
    found = items(10)
    codes, _ = simulated(found, 1000, 12)
    backwards = codes[:20].copy()
    codes[:20] = np.random.default_rng(1).integers(0, found.n_steps + 1, backwards.shape)
    fit = person_fit(*placed(found, codes))
    assert fit.lz_star[:20].mean() < -1 < fit.lz_star[20:].mean()
    assert fit.outfit[:20].mean() > fit.outfit[20:].mean() + 0.1
    assert fit.flag[:20].mean() > 5 * fit.flag[20:].mean()


def test_guttman_errors_are_those_of_a_plain_count():
    found = items(2)
    codes, _ = simulated(found, 40, 13, missing=0.1)
    fit = person_fit(*placed(found, codes))
    item_of, step_of = steps_by_ease(codes, found.n_steps)
    for i, row in enumerate(codes):
        passed = [row[j] >= k for j, k in zip(item_of, step_of, strict=True) if row[j] != 255]
        errors = sum(not a and b for a, b in itertools.combinations(passed, 2))
        assert fit.guttman[i] == errors
        most = sum(passed) * (len(passed) - sum(passed))
        assert most == 0 or fit.guttman_share[i] == pytest.approx(errors / most)


def test_copied_wrong_options_are_found_and_chance_is_not():
    found = items(8)
    codes, _ = simulated(found, 300, 14)
    rng = np.random.default_rng(15)
    wrong = rng.integers(1, 5, codes.shape)
    options = np.where(codes == found.n_steps, 0, wrong).astype(np.uint8)
    weak = np.argsort(codes.sum(axis=1))[:2]
    options[weak[1]], codes[weak[1]] = options[weak[0]], codes[weak[0]]
    classes = np.zeros(300, np.int64)
    result = agreement(*placed(found, codes), classes, options)
    pairs = set(zip(result.first.tolist(), result.second.tolist(), strict=True))
    assert (min(weak), max(weak)) in pairs
    assert len(pairs) <= 2
    assert result.n_compared == 300 * 299 // 2
    first = result.first.tolist().index(min(weak))
    assert result.agreeing[first] == (codes[weak[0]] < found.n_steps).sum()
    apart = np.arange(300)
    assert agreement(*placed(found, codes), apart, options).first.size == 0


def test_options_are_tabulated_against_ability():
    ability = np.arange(100) / 50 - 1
    chosen = np.where(ability > 0.4, "C", np.where(ability > -0.2, "B", "A")).astype(object)
    chosen[3] = None
    rows = {r.option: r for r in option_tables(chosen[:, None], ["M1"], {"M1": "B"}, ability)}
    assert [r.key for r in rows.values()] == [False, True, False]
    assert rows["C"].flag == "attracts-able"
    assert rows["A"].flag == ""
    assert sum(r.share for r in rows.values()) == pytest.approx(1)
    assert rows["A"].n == (ability <= -0.2).sum() - 1
    assert rows["A"].bands[0] == 1
    assert rows["B"].mean_ability == pytest.approx(ability[(ability > -0.2) & (ability <= 0.4)].mean())
    assert rows["C"].point_biserial == pytest.approx(
        np.corrcoef(np.delete(chosen, 3) == "C", np.delete(ability, 3))[0, 1]
    )


def test_the_key_is_deduced_only_where_it_is_plain():
    options = np.array([["A", "x", "1"], ["A", "y", "1"], ["B", "x", "2"], [None, "y", "2"]], dtype=object)
    codes = np.array([[1, 1, 1], [1, 1, 0], [0, 0, 0], [0, 0, 1]], dtype=np.uint8)
    assert deduced_keys(options, codes, ["a", "b", "c"]) == {"a": "A"}
