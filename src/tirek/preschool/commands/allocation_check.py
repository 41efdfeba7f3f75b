"""The check before publication: orders worked out a second time, by other code, and every wish asked anew.

Nothing here is shared with the way to the assignment but the tables and the definition of right: queues are walked in turns instead
of numbered by a formula, and a group's children are sorted as tuples instead of packed into one number.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tirek.preschool.commands.allocation_orders import Orders
from tirek.preschool.commands.allocation_rules import Rules
from tirek.preschool.commands.allocation_tables import Tables
from tirek_engines.matching import Assignment, Verification, verify

Ints = NDArray[np.int64]


def check(tables: Tables, rules: Rules, orders: Orders, found: Assignment) -> Verification:
    """Whom the assignment wrongs under the orders as they are worked out here."""
    turn = _turns(tables, rules, orders.ties)
    keys = _keys(tables, rules, orders, turn)
    return verify(dataclasses.replace(orders.market, keys=keys), found)


def _turns(tables: Tables, rules: Rules, ties: Ints) -> list[tuple[Any, ...]]:
    """What is compared of two children after the priorities: turn in the queue, time, tie."""
    children = tables.children
    columns = ["__age", *rules.queue_by]
    queues: dict[tuple[Any, ...], list[list[int]]] = defaultdict(lambda: [[] for _ in rules.categories])
    received = children["__received"].to_list()
    for child, (category, *queue) in enumerate(children.select("__category", *columns).iter_rows()):
        queues[tuple(queue)][category].append(child)
    places = [0] * children.height
    for lists in queues.values():
        for waiting in lists:
            waiting.sort(key=lambda c: (received[c], ties[c]))
        for place, child in enumerate(_in_turn(lists, rules), start=1):
            places[child] = place
    return [(places[c], received[c], int(ties[c])) for c in range(children.height)]


def _in_turn(lists: Sequence[Sequence[int]], rules: Rules) -> Iterator[int]:
    """The categories one after the other; two of them take turns."""
    pair = [rules.categories.index(name) for name in rules.interleaved] if rules.interleaved else []
    for category, waiting in enumerate(lists):
        if category not in pair:
            yield from waiting
        elif category == pair[0]:
            heads = [iter(lists[pair[0]]), iter(lists[pair[1]])]
            left = [len(lists[pair[0]]), len(lists[pair[1]])]
            while any(left):
                for side in (0, 1):
                    for _ in range(min(rules.shares[side], left[side])):
                        left[side] -= 1
                        yield next(heads[side])


def _keys(tables: Tables, rules: Rules, orders: Orders, turn: list[tuple[Any, ...]]) -> Ints:
    """Rank of every wish in its group, from 0."""
    market = orders.market
    child = market.children().tolist()
    answers = orders.answers.tolist()
    wishes: dict[int, list[int]] = defaultdict(list)
    for wish, group in enumerate(market.groups.tolist()):
        wishes[group].append(wish)
    keys = np.empty(len(child), np.int64)
    for named in wishes.values():
        named.sort(key=lambda w: (not orders.held[w], answers[w] if not orders.held[w] else [], turn[child[w]]))
        keys[named] = np.arange(len(named))
    return keys
