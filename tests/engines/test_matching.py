"""Allocation: the fast engine against the textbook, stability, no gain from lies, any order of the input, honest verification."""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np
import pytest

from engines import matching_twin as twin
from tirek_engines.errors import BrokenContract
from tirek_engines.matching import (
    NOWHERE,
    Assignment,
    Market,
    deferred_acceptance,
    lottery_numbers,
    reasons,
    serial_dictatorship,
    verify,
)
from tirek_engines.matching.reasons import OUTCOMES

INSTANCES = 1_500
PROVEN = 100_000


def agree(seeds) -> None:
    for seed in seeds:
        market = twin.random_market(np.random.default_rng(seed))
        found = deferred_acceptance(market)
        assert (found.wishes.tolist(), found.kinds.tolist()) == twin.deferred(market), seed
        assert verify(market, found).is_sound, seed


def test_the_engine_and_the_textbook_agree():
    agree(range(INSTANCES))


@pytest.mark.prove
def test_the_engine_and_the_textbook_agree_a_hundred_thousand_times():
    agree(range(INSTANCES, INSTANCES + PROVEN))


def test_the_verifier_says_what_the_definition_says():
    """Of sound assignments and of ones disturbed at random: the verifier passes exactly the stable ones."""
    random, passed = np.random.default_rng(7), 0
    for _ in range(INSTANCES):
        market = twin.random_market(random, children=5, groups=3)
        found = disturbed(market, deferred_acceptance(market), random)
        used = np.zeros_like(market.seats)
        placed = found.wishes != NOWHERE
        np.add.at(used, (found.groups[placed], found.kinds[placed]), 1)
        is_possible = not (used > market.seats).any() and all(
            twin.standing(market, w, k) is not None
            for w, k in zip(found.wishes[placed], found.kinds[placed], strict=True)
        )
        right = is_possible and twin.is_stable(market, found.wishes.tolist(), found.kinds.tolist())
        assert verify(market, found).is_sound == right
        passed += right
    assert INSTANCES // 10 < passed < INSTANCES


def disturbed(market: Market, found: Assignment, random: np.random.Generator) -> Assignment:
    """With even chance as it was; else one child is somewhere else, or nowhere."""
    if random.random() < 0.5:
        return found
    child = int(random.integers(market.n_children))
    choices = [NOWHERE, *range(int(market.starts[child]), int(market.starts[child + 1]))]
    wish = int(random.choice(choices))
    wishes, kinds, groups = found.wishes.copy(), found.kinds.copy(), found.groups.copy()
    wishes[child] = wish
    kinds[child] = NOWHERE if wish == NOWHERE else random.integers(len(market.kinds))
    groups[child] = NOWHERE if wish == NOWHERE else market.groups[wish]
    return Assignment(wishes, kinds, groups, 0)


def best_lie(market: Market, child: int) -> tuple[int, int]:
    """Place on the true list of the group that the child gets by the truth, and the best it gets by any list of wishes."""
    from itertools import permutations

    low, high = int(market.starts[child]), int(market.starts[child + 1])
    true = market.groups[low:high].tolist()

    def worth(found: Assignment) -> int:
        group = int(found.groups[child])
        return true.index(group) if group in true else len(true)

    best = len(true)
    for length in range(len(true) + 1):
        for order in permutations(range(low, high), length):
            rows = np.r_[0:low, np.array(order, int), high : market.groups.size].astype(int)
            starts = market.starts.copy()
            starts[child + 1 :] -= high - low - length
            told = dataclasses.replace(
                market, starts=starts, groups=market.groups[rows], keys=market.keys[rows],
                eligible=market.eligible[rows],
            )  # fmt: skip
            best = min(best, worth(deferred_acceptance(told)))
    return worth(deferred_acceptance(market)), best


@pytest.mark.parametrize(
    "seeds", [range(60), pytest.param(range(60, 6_000), marks=pytest.mark.prove)], ids=["few", "many"]
)
def test_no_child_gains_by_other_wishes(seeds):
    for seed in seeds:
        random = np.random.default_rng(seed)
        market = twin.random_market(random, children=5, groups=3)
        truth, lie = best_lie(market, int(random.integers(5)))
        assert truth <= lie, seed


def test_the_order_of_the_children_changes_nothing():
    for seed in range(200):
        random = np.random.default_rng(seed)
        market = twin.random_market(random, children=9)
        order = random.permutation(market.n_children)
        rows = np.concatenate([np.arange(market.starts[c], market.starts[c + 1]) for c in order]).astype(int)
        turned = dataclasses.replace(
            market, starts=np.r_[0, np.cumsum(np.diff(market.starts)[order])], groups=market.groups[rows],
            keys=market.keys[rows], eligible=market.eligible[rows],
        )  # fmt: skip
        assert deferred_acceptance(turned).groups.tolist() == deferred_acceptance(market).groups[order].tolist()


def test_one_order_for_all_groups_is_the_queue():
    """Deferred acceptance with the same order everywhere is serial dictatorship (domain/preschool.md, mechanism 1)."""
    for seed in range(200):
        random = np.random.default_rng(seed)
        market = twin.random_market(random, children=9)
        turn = random.permutation(market.n_children)
        market = dataclasses.replace(
            market, keys=turn[market.children()], eligible=np.zeros_like(market.eligible),
            soft=(False,) * len(market.kinds),
        )  # fmt: skip
        served = serial_dictatorship(market, np.argsort(turn))
        assert served.groups.tolist() == deferred_acceptance(market).groups.tolist()


def test_a_kept_seat_goes_to_others_only_when_it_is_soft():
    market = Market(
        starts=np.array([0, 1, 2]), groups=np.array([0, 0]), keys=np.array([1, 2]),
        eligible=np.zeros(2, np.uint8), seats=np.array([[1, 1]]), kinds=("special needs", "open"), soft=(True, True),
    )  # fmt: skip
    assert deferred_acceptance(market).kinds.tolist() == [0, 1]
    hard = dataclasses.replace(market, soft=(False, True))
    assert deferred_acceptance(hard).kinds.tolist() == [1, NOWHERE]


def test_every_wish_has_its_reason():
    market = Market(
        starts=np.array([0, 2, 4, 5, 5]), groups=np.array([0, 1, 0, 1, 2]), keys=np.array([1, 5, 2, 4, 1]),
        eligible=np.zeros(5, np.uint8), seats=np.array([[1], [1], [0]]), kinds=("open",),
    )  # fmt: skip
    told = reasons(market, deferred_acceptance(market))
    assert [OUTCOMES[o] for o in told.outcomes] == ["met", "not_needed", "after_the_last", "met", "no_seats"]
    assert told.places.tolist() == [1, 2, 2, 1, 1]
    assert told.last_places.tolist() == [1, 1, 0]


def test_a_refused_wish_really_comes_after_the_last():
    for seed in range(300):
        market = twin.random_market(np.random.default_rng(seed))
        if len(market.kinds) > 1:
            continue
        told = reasons(market, deferred_acceptance(market))
        refused = told.outcomes == OUTCOMES.index("after_the_last")
        assert np.all(told.places[refused] > told.last_places[market.groups[refused]])


def test_the_lottery_can_be_drawn_again_by_hand():
    digest = hashlib.sha256(b"Kazakhstan 2026-06-30\nF-17").hexdigest()
    assert lottery_numbers("Kazakhstan 2026-06-30", ["F-17"]).tolist() == [int(digest[:15], 16)]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"groups": np.array([0, 2])}, "groups"),
        ({"keys": np.array([1, 1])}, "one key twice"),
        ({"seats": np.array([[-1], [1]])}, "seats"),
        ({"starts": np.array([0, 2, 1])}, "starts"),
        ({"keys": np.array([1, -1])}, "keys"),
    ],
    ids=["no such group", "tie", "negative seats", "falling starts", "negative key"],
)
def test_bad_arrays_are_named(changes, said):
    good = {
        "starts": np.array([0, 1, 2]), "groups": np.array([0, 0]), "keys": np.array([1, 2]), "eligible": np.zeros(2, np.uint8),
        "seats": np.array([[1], [1]]), "kinds": ("open",),
    }  # fmt: skip
    with pytest.raises(BrokenContract, match=said):
        Market(**(good | changes))


def test_a_wish_twice_is_named():
    with pytest.raises(BrokenContract, match="wished twice"):
        Market(starts=np.array([0, 2]), groups=np.array([0, 0]), keys=np.array([1, 2]), eligible=np.zeros(2, np.uint8),
               seats=np.array([[1]]), kinds=("open",))  # fmt: skip
