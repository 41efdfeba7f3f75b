"""Booklet designs: balance, connection, alike blocks, fair dealing."""

from __future__ import annotations

import numpy as np
import pytest

from tirek_engines.assessment.booklets import cyclic_design, deal_booklets, share_into_blocks
from tirek_engines.errors import Refusal


@pytest.mark.parametrize(("blocks", "places"), [(7, 3), (13, 4), (11, 5), (3, 2), (4, 3), (21, 5)])
def test_known_balanced_designs_are_found(blocks, places):
    design = cyclic_design(blocks, places)
    assert design.is_balanced
    assert set(design.places.ravel()) == {1}
    assert set(np.diag(design.meetings)) == {places}


@pytest.mark.parametrize(("blocks", "places"), [(6, 3), (8, 3), (10, 4), (14, 2)])
def test_where_no_balanced_design_exists_pairs_meet_as_evenly_as_they_can(blocks, places):
    design = cyclic_design(blocks, places)
    apart = design.meetings[~np.eye(blocks, dtype=bool)]
    assert design.is_connected
    assert set(design.places.ravel()) == {1}
    assert apart.max() - apart.min() <= 2


def test_one_block_a_booklet_is_not_connected_and_says_so():
    assert not cyclic_design(4, 1).is_connected
    assert cyclic_design(1, 1).is_connected


@pytest.mark.parametrize(("blocks", "places"), [(3, 4), (0, 0), (40, 3), (5, 0)])
def test_impossible_designs_are_refused(blocks, places):
    with pytest.raises(Refusal) as refusal:
        cyclic_design(blocks, places)
    assert refusal.value.code == "bad_design"


def test_blocks_are_alike():
    rng = np.random.Generator(np.random.PCG64(7))
    n = 91
    minutes, difficulties = rng.uniform(1.0, 3.0, n), rng.normal(0.0, 1.0, n)
    areas = [("number", "geometry", "data")[j % 3] for j in range(n)]
    block_of = share_into_blocks(7, minutes=minutes, areas=areas, difficulties=difficulties)
    sizes = np.bincount(block_of, minlength=7)
    by_minutes = np.bincount(block_of, minutes, minlength=7)
    by_difficulty = np.bincount(block_of, difficulties, minlength=7) / sizes
    assert sizes.max() - sizes.min() <= 1
    assert np.ptp(by_minutes) < 0.1 * by_minutes.mean()
    assert np.ptp(by_difficulty) < 0.25
    for area in set(areas):
        in_area = np.bincount(block_of[[a == area for a in areas]], minlength=7)
        assert np.ptp(in_area) <= 2


def test_too_few_tasks_are_refused():
    with pytest.raises(Refusal) as refusal:
        share_into_blocks(5, minutes=np.ones(3), areas=["x"] * 3)
    assert refusal.value.code == "too_few_items"


def test_dealing_uses_booklets_equally_often_and_parts_neighbours():
    dealt = deal_booklets([23, 17, 30, 1, 0, 25], 13, seed=4)
    used = np.bincount(np.concatenate(dealt), minlength=13)
    assert [len(d) for d in dealt] == [23, 17, 30, 1, 0, 25]
    assert used.max() - used.min() <= 1
    assert all((np.diff(d) != 0).all() for d in dealt)
    again = deal_booklets([23, 17, 30, 1, 0, 25], 13, seed=4)
    assert all((a == b).all() for a, b in zip(dealt, again, strict=True))
