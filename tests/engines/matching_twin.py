"""Allocation by the textbook: plain Python, lists and sorting, no heaps; for markets of a few children."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tirek_engines.matching import NOWHERE, Market


def standing(market: Market, wish: int, kind: int) -> tuple[int, int] | None:
    """Place in the order for a seat of a kind, or None where it is never given to this child."""
    meant = kind == len(market.kinds) - 1 or bool(market.eligible[wish] >> kind & 1)
    if not meant and not market.soft[kind]:
        return None
    return (0 if meant else 1, int(market.keys[wish]))


def choice(market: Market, group: int, asking: Sequence[int]) -> dict[int, int]:
    """Which of the wishes the group hears, each with its kind of seat: kinds in their order, the best of who is left."""
    left, chosen = sorted(asking), {}
    for kind in range(len(market.kinds)):
        ranked = sorted((s, w) for w in left if (s := standing(market, w, kind)) is not None)
        for _standing, wish in ranked[: market.seats[group, kind]]:
            chosen[wish] = kind
            left.remove(wish)
    return chosen


def deferred(market: Market) -> tuple[list[int], list[int]]:
    """Gale and Shapley in rounds: all who hold no seat ask at once."""
    child_of = market.children().tolist()
    asked = [int(s) for s in market.starts[:-1]]
    held: dict[int, dict[int, int]] = {g: {} for g in range(market.n_groups)}
    while True:
        seated = {child_of[w] for chosen in held.values() for w in chosen}
        asking = [c for c in range(market.n_children) if c not in seated and asked[c] < market.starts[c + 1]]
        if not asking:
            break
        new: dict[int, list[int]] = {}
        for child in asking:
            new.setdefault(int(market.groups[asked[child]]), []).append(asked[child])
            asked[child] += 1
        for group, wishes in new.items():
            held[group] = choice(market, group, [*held[group], *wishes])
    return outcome(market, held)


def outcome(market: Market, held: dict[int, dict[int, int]]) -> tuple[list[int], list[int]]:
    child_of = market.children().tolist()
    wishes, kinds = [NOWHERE] * market.n_children, [NOWHERE] * market.n_children
    for chosen in held.values():
        for wish, kind in chosen.items():
            wishes[child_of[wish]], kinds[child_of[wish]] = wish, kind
    return wishes, kinds


def is_stable(market: Market, wishes: Sequence[int], kinds: Sequence[int]) -> bool:
    """By the definition: from those who are there and all who would rather be, each group chooses those who are there."""
    child_of = market.children().tolist()
    for group in range(market.n_groups):
        here = {w: kinds[child_of[w]] for w in wishes if w != NOWHERE and market.groups[w] == group}
        would = [
            w for w in range(market.groups.size)
            if market.groups[w] == group and (wishes[child_of[w]] == NOWHERE or w < wishes[child_of[w]])
        ]  # fmt: skip
        if choice(market, group, [*here, *would]) != here:
            return False
    return True


def random_market(random: np.random.Generator, *, children: int = 8, groups: int = 4) -> Market:
    """A small market with every oddity: no wishes, no seats, hard and soft kinds."""
    n_kinds = int(random.integers(1, 4))
    lists = [random.permutation(groups)[: random.integers(0, groups + 1)] for _ in range(children)]
    wished = np.array([g for wishes in lists for g in wishes], np.int64)
    keys = np.empty(wished.size, np.int64)
    for group in range(groups):
        rows = np.flatnonzero(wished == group)
        keys[rows] = random.permutation(50)[: rows.size]
    return Market(
        starts=np.cumsum([0, *map(len, lists)]), groups=wished, keys=keys,
        eligible=random.integers(0, 2**n_kinds, wished.size).astype(np.uint8),
        seats=random.integers(0, 3, (groups, n_kinds)), kinds=tuple(f"kind {k}" for k in range(n_kinds)),
        soft=tuple(bool(b) for b in random.integers(0, 2, n_kinds)),
    )  # fmt: skip
