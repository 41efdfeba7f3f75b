"""From tables to a market: each group's order of children as one whole number a wish, and what each part of it says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tirek.preschool.commands.allocation_rules import Priority, Rules
from tirek.preschool.commands.allocation_tables import Tables
from tirek_engines.matching import Market, lottery_numbers
from tirek_engines.preschool import Interleaving, queue_order

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Orders:
    """The market of wishes that fit, and how each child's place came about.

    ``at``: rows of ``Tables.wishes`` that are in the market. ``held``: wishes that are a child's present place, appended to the market
    as its last. ``queue``: place of each child in its queue. ``answers``: 0 for yes, 1 for no, by wish of the market and priority.
    """

    market: Market
    at: Ints
    held: Ints
    queue: Ints
    answers: NDArray[np.int8]
    ties: Ints


def orders(tables: Tables, rules: Rules) -> Orders:
    """Number every group's order: one that keeps its place, priorities, queue, time, lottery, code."""
    children = tables.children
    ties = _ties(children, rules)
    queue = place_in_queue(children, rules, ties)
    overall = order_of_all(children, queue, ties)
    wishes = _with_held(tables)
    child, group = wishes["__child"].to_numpy().astype(np.int64), wishes["__group"].to_numpy().astype(np.int64)
    keeps = wishes["__keeps"].to_numpy()
    answers = (
        np.column_stack([_answer(p, wishes, tables) for p in rules.priorities])
        if rules.priorities
        else np.zeros((child.size, 0), np.int8)
    )
    keys = np.where(keeps, 0, 1).astype(np.int64)
    for column in range(answers.shape[1]):
        keys = keys * 2 + np.where(keeps, 0, answers[:, column])
    keys = keys * max(children.height, 1) + overall[child]
    starts = np.zeros(children.height + 1, np.int64)
    np.cumsum(np.bincount(child, minlength=children.height), out=starts[1:])
    market = Market(
        starts, group, keys, _eligible(children, rules)[child], _seats(tables, rules, keeps, group),
        tuple(s.name for s in rules.seat_types), (*(s.soft for s in rules.seat_types[:-1]), True),
    )  # fmt: skip
    return Orders(market, wishes["__wish"].to_numpy().astype(np.int64), keeps, queue, answers, ties)


def _ties(children: pl.DataFrame, rules: Rules) -> Ints:
    """Settles applications of one moment: the family's lottery number, then the child's code."""
    if not rules.seed:
        return np.arange(children.height, dtype=np.int64)
    families = children["family"].unique().sort()
    drawn = pl.DataFrame({"family": families, "__drawn": lottery_numbers(rules.seed, families.to_list())})
    numbered = children.select("family", "child").join(drawn, on="family", how="left", maintain_order="left")
    order = np.lexsort((np.arange(children.height), numbered["__drawn"].to_numpy()))
    ranks = np.empty(children.height, np.int64)
    ranks[order] = np.arange(children.height)
    return ranks


def place_in_queue(children: pl.DataFrame, rules: Rules, ties: Ints) -> Ints:
    """Place in the queue of one age (and whatever else parts the queues)."""
    queues = children.select(pl.struct("__age", *rules.queue_by).rank("dense")).to_series().to_numpy().astype(np.int64)
    pairs = []
    if rules.interleaved:
        first, second = (rules.categories.index(name) for name in rules.interleaved)
        pairs = [Interleaving(first, second, rules.shares)]
    return queue_order(queues, children["__category"].to_numpy(), _moments(children), ties, pairs)


def _moments(children: pl.DataFrame) -> Ints:
    return children["__received"].dt.timestamp("us").to_numpy().astype(np.int64)


def order_of_all(children: pl.DataFrame, queue: Ints, ties: Ints) -> Ints:
    """One order of all children: by place in the queue; those of other queues with the same place by time, then by tie."""
    order = np.lexsort((ties, _moments(children), queue))
    places = np.empty(order.size, np.int64)
    places[order] = np.arange(order.size)
    return places


def _with_held(tables: Tables) -> pl.DataFrame:
    """Wishes that fit, and the present place of each child as its last wish, by child and rank."""
    wishes = tables.wishes.with_row_index("__wish").with_columns(pl.lit(value=False).alias("__keeps"))
    moving = (
        tables.children.filter(pl.col("current_group") != "").select("__child", "current_group")
        .join(tables.groups.select("group", "__group"), left_on="current_group", right_on="group")
    )  # fmt: skip
    held = pl.struct("__child", "__group").is_in(moving.select(pl.struct("__child", "__group")).to_series().implode())
    fitting = wishes.filter(pl.col("__fits") | held).with_columns(held.alias("__keeps"))
    missing = moving.join(fitting.filter("__keeps"), on=["__child", "__group"], how="anti")
    if missing.height:
        extra = missing.select(
            "__child", "__group", pl.lit(None, pl.Int64).alias("__wish"), pl.lit(2**31, pl.Int64).alias("rank"),
            pl.lit(value=True).alias("__keeps"),
        )  # fmt: skip
        fitting = pl.concat([fitting, extra.cast({"__wish": fitting["__wish"].dtype})], how="diagonal")
    return fitting.with_columns(pl.col("__wish").cast(pl.Int64).fill_null(-1)).sort("__child", "rank")


def _answer(priority: Priority, wishes: pl.DataFrame, tables: Tables) -> NDArray[np.int8]:
    """0 where the answer is yes, 1 where it is no."""
    child, group = wishes["__child"].to_numpy(), wishes["__group"].to_numpy()
    if priority.kind == "within":
        return (~(wishes[priority.column].fill_null(np.inf).to_numpy() <= priority.limit)).astype(np.int8)
    if priority.kind == "yes":
        return (~tables.children[f"__is_{priority.column}"].to_numpy()[child]).astype(np.int8)
    own = tables.children[priority.column].fill_null("").str.strip_chars().to_numpy()[child]
    name = "kindergarten" if priority.kind == "sibling" else priority.other
    theirs = tables.groups[name].fill_null("").str.strip_chars().to_numpy()[group]
    return (~((own == theirs) & (own != ""))).astype(np.int8)


def _eligible(children: pl.DataFrame, rules: Rules) -> NDArray[np.uint8]:
    mask = np.zeros(children.height, np.uint8)
    for bit, kind in enumerate(rules.seat_types):
        if kind.column:
            mask |= children[f"__is_{kind.column}"].to_numpy().astype(np.uint8) << np.uint8(bit)
    return mask


def _seats(tables: Tables, rules: Rules, keeps: NDArray[np.bool_], group: Ints) -> Ints:
    """Free seats, and one more of the last kind for every child that is there and may stay."""
    seats = np.column_stack([tables.groups[f"seats_{s.name}"].to_numpy() for s in rules.seat_types]).astype(np.int64)
    np.add.at(seats[:, -1], group[keeps], 1)
    return seats
