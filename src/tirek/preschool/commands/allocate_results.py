"""Allocation: from the four files to the tables that `tirek allocate` writes."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from tirek.preschool.commands import allocation_tables
from tirek.preschool.commands.allocation_check import check
from tirek.preschool.commands.allocation_orders import Orders, orders
from tirek.preschool.commands.allocation_rules import Rules, read_rules
from tirek.preschool.commands.allocation_tables import Tables
from tirek.preschool.commands.settle_results import guarded
from tirek.storage.runs import digest_file
from tirek.storage.tables import write_csv
from tirek_engines.matching import NOWHERE, Assignment, Reasons, Verification, deferred_acceptance, reasons
from tirek_engines.matching.reasons import OUTCOMES

if TYPE_CHECKING:
    from tirek.storage.runs import Run

OUTCOME_NAMES = (*OUTCOMES, "age_does_not_fit")
MET, NOT_NEEDED, AFTER_THE_LAST = 0, 1, 2
QUEUE = "queue_place"


@dataclass(frozen=True)
class Results:
    """The assignment, with everything that led to it."""

    tables: Tables
    rules: Rules
    orders: Orders
    found: Assignment
    told: Reasons
    verification: Verification
    digest: str
    notes: tuple[str, ...]

    @property
    def decided(self) -> bool:
        """Whether the independent check found nothing."""
        return self.verification.is_sound

    def assignment_frame(self) -> pl.DataFrame:
        """assignments.csv: every child; one without a place has empty cells."""
        children, met = self.tables.children, self.found.wishes
        placed = met != NOWHERE
        group = np.where(placed, self.found.groups, 0)
        wish = np.where(placed, self.orders.at[np.where(placed, met, 0)], NOWHERE) if self.orders.at.size else met
        rank = self.tables.wishes["rank"].to_numpy()
        kinds = np.array([s.name for s in self.rules.seat_types])
        blank = pl.Series(placed)
        frame = pl.DataFrame(
            {
                "child": children["child"],
                "group": self.tables.groups["group"].to_numpy()[group]
                if self.tables.groups.height
                else [""] * placed.size,
                "rank": rank[np.where(wish >= 0, wish, 0)] if rank.size else np.zeros(placed.size, np.int64),
                "seat_type": kinds[np.where(placed, self.found.kinds, 0)],
                "queue_place": self.orders.queue,
                "keeps_place": np.where(placed, self.orders.held[np.where(placed, met, 0)], False)
                if self.orders.held.size
                else False,
            }
        )
        known = pl.Series(wish >= 0)
        return frame.with_columns(
            guarded(pl.col("child")),
            pl.when(blank).then(guarded(pl.col("group"))).alias("group"),
            pl.when(blank & known).then("rank").alias("rank"),
            pl.when(blank).then("seat_type").alias("seat_type"),
        )

    def reason_frame(self) -> pl.DataFrame:
        """reasons.csv: every wish with its outcome, and for a refusal what decided: own value, and that of the last admitted."""
        wishes = self.tables.wishes
        inside = np.full(wishes.height, NOWHERE, np.int64)
        named = self.orders.at >= 0
        inside[self.orders.at[named]] = np.flatnonzero(named)
        there = inside >= 0
        at = np.where(there, inside, 0)
        size = self.orders.market.groups.size
        outcome = (
            np.where(there, self.told.outcomes[at], len(OUTCOMES)) if size else np.full(wishes.height, len(OUTCOMES))
        )
        criterion, own, cutoff = self._settled(at, outcome)
        place = np.where(there, self.told.places[at], 0) if size else np.zeros(wishes.height, np.int64)
        last = self._last_places(at) if size else place
        return pl.DataFrame(
            {
                "child": wishes["child"],
                "rank": wishes["rank"],
                "group": wishes["group"],
                "outcome": np.array(OUTCOME_NAMES)[outcome],
                "criterion": criterion,
                "own": own,
                "cutoff": cutoff,
                "place": place,
                "last_place": last,
            }
        ).with_columns(
            guarded(pl.col("child")),
            guarded(pl.col("group")),
            pl.when(pl.col("place") > 0).then("place").alias("place"),
            pl.when((pl.col("last_place") > 0) & (pl.col("place") > 0)).then("last_place").alias("last_place"),
        )

    def _open_kinds(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Kinds of seats that each wish's child may take, shape (wishes of the market, kinds)."""
        market = self.orders.market
        bits = (market.eligible[:, None] >> np.arange(len(market.kinds), dtype=np.uint8)) & 1 > 0
        bits[:, -1] = True
        return np.asarray(bits)

    def _last_places(self, at: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """The last place admitted on seats that were open to this child, for each wish."""
        market = self.orders.market
        last = np.where(self._open_kinds()[at], self.told.last_by_kind[market.groups[at]], 0)
        return np.asarray(last.max(axis=1, initial=0))

    def _settled(
        self, at: np.ndarray[Any, Any], outcome: np.ndarray[Any, Any]
    ) -> tuple[list[str], list[str], list[str]]:
        """The first thing in which a refused child and the last admitted one differ."""
        criterion, own, cutoff = [""] * outcome.size, [""] * outcome.size, [""] * outcome.size
        ages = self.tables.wishes.select("__age", "__low", "__high")
        for wish in np.flatnonzero(outcome == len(OUTCOMES)).tolist():
            age, low, high = ages.row(wish)
            criterion[wish], own[wish], cutoff[wish] = "age", str(age), str(low) if low == high else f"{low}-{high}"
        refused = np.flatnonzero(outcome == AFTER_THE_LAST)
        if not refused.size:
            return criterion, own, cutoff
        by_place = self._wish_of_place()
        market, lasts = self.orders.market, self._last_places(at[refused])
        for wish, mine, last in zip(refused.tolist(), at[refused].tolist(), lasts.tolist(), strict=True):
            theirs = by_place.get((int(market.groups[mine]), last))
            if theirs is not None:
                criterion[wish], own[wish], cutoff[wish] = self._difference(mine, theirs)
        return criterion, own, cutoff

    def _wish_of_place(self) -> dict[tuple[int, int], int]:
        """Wishes that were met, by group and place."""
        market = self.orders.market
        met = self.found.wishes[self.found.wishes != NOWHERE]
        return {(int(market.groups[w]), int(market.places[w])): int(w) for w in met}

    def _difference(self, mine: int, theirs: int) -> tuple[str, str, str]:
        if self.orders.held[theirs] and not self.orders.held[mine]:
            return "keeps_place", "no", "yes"
        for place, priority in enumerate(self.rules.priorities):
            pair = (self.orders.answers[mine, place], self.orders.answers[theirs, place])
            if pair[0] != pair[1]:
                return priority.name, "no" if pair[0] else "yes", "no" if pair[1] else "yes"
        child, other = (int(np.searchsorted(self.orders.market.starts, w, side="right")) - 1 for w in (mine, theirs))
        rows = self.tables.children
        if not self.rules.interleaved and rows["__category"][child] != rows["__category"][other]:
            return "category", rows["category"][child], rows["category"][other]
        if self.orders.queue[child] != self.orders.queue[other] and rows["__age"][child] == rows["__age"][other]:
            if self.rules.interleaved or rows["__received"][child] == rows["__received"][other]:
                return QUEUE, str(self.orders.queue[child]), str(self.orders.queue[other])
            return "received_at", rows["received_at"][child], rows["received_at"][other]
        return QUEUE, str(self.orders.queue[child]), str(self.orders.queue[other])

    def cutoff_frame(self) -> pl.DataFrame:
        """cutoffs.csv: each group and kind of seat, with the last admitted. Names nobody."""
        market, groups = self.orders.market, self.tables.groups
        used = np.zeros_like(market.seats)
        placed = self.found.wishes != NOWHERE
        np.add.at(used, (self.found.groups[placed], self.found.kinds[placed]), 1)
        wanted = np.bincount(market.groups, minlength=market.n_groups)
        by_place = self._wish_of_place()
        rows = []
        for group, name in enumerate(groups["group"]):
            for kind, seat in enumerate(market.kinds):
                last = int(self.told.last_by_kind[group, kind])
                wish = by_place.get((group, last))
                child = None if wish is None else int(np.searchsorted(market.starts, wish, side="right")) - 1
                rows.append(
                    (name, seat, int(market.seats[group, kind]), int(used[group, kind]), int(wanted[group]), last or None,
                     None if child is None else self.tables.children["category"][child],
                     None if child is None else self.tables.children["received_at"][child],
                     None if child is None else int(self.orders.queue[child]))
                )  # fmt: skip
        names = (
            "group",
            "seat_type",
            "seats",
            "taken",
            "wished_by",
            "last_place",
            "last_category",
            "last_received_at",
            "last_queue_place",
        )
        types = (pl.String, pl.String, pl.Int64, pl.Int64, pl.Int64, pl.Int64, pl.String, pl.String, pl.Int64)
        frame = pl.DataFrame(rows, schema=dict(zip(names, types, strict=True)), orient="row")
        return frame.with_columns(guarded(pl.col("group")))

    def report(self) -> dict[str, Any]:
        """verification.json."""
        found, placed = self.verification, self.found.wishes != NOWHERE
        met = self.orders.at[self.found.wishes[placed]]
        ranks = self.tables.wishes["rank"].to_numpy()[met[met >= 0]]
        return {
            "sound": found.is_sound,
            "over_quota": int(found.over_quota.shape[0]),
            "not_wished": int(found.not_wished.size),
            "blocking": int(found.blocking.size),
            "wrong_kind": int(found.wrong_kind.size),
            "mode": self.rules.mode,
            "inputs_sha256": self.digest,
            "seed": self.rules.seed,
            "children": self.tables.children.height,
            "groups": self.tables.groups.height,
            "wishes": self.tables.wishes.height,
            "placed": int(placed.sum()),
            "first_wish": int((ranks == 1).sum()),
            "keep_their_place": int(self.orders.held[self.found.wishes[placed]].sum()) if placed.any() else 0,
            "seats_left": int(self.orders.market.seats.sum() - placed.sum()),
            "proposals": self.found.proposals,
            "notes": list(self.notes),
        }

    def write(self, run: Run) -> Mapping[str, Any]:
        """Write every output but the manifest."""
        write_csv(run.folder / "assignments.csv", self.assignment_frame())
        write_csv(run.folder / "reasons.csv", self.reason_frame())
        write_csv(run.folder / "cutoffs.csv", self.cutoff_frame())
        report = self.report()
        run.write_json("verification.json", report)
        return report

    def summary(self) -> str:
        """A few lines for the terminal."""
        r = self.report()
        sound = (
            "The independent check found nothing."
            if r["sound"]
            else "THE INDEPENDENT CHECK FOUND FAULTS: do not publish."
        )
        return "\n".join(
            [
                f"{r['children']:,} children, {r['wishes']:,} wishes, {r['groups']:,} groups: {r['placed']:,} have a place, "
                f"{r['first_wish']:,} their first wish; {r['seats_left']:,} seats are left.",
                sound,
                f"Digest of the inputs: {r['inputs_sha256']}",
            ]
        )


def compute(files: Mapping[str, Path], options: Mapping[str, Any]) -> Results:
    """Read the files and allocate: what the command writes and `verify` computes again."""
    rules = read_rules(files["rules"])
    if options.get("seed"):
        rules = dataclasses.replace(rules, seed=str(options["seed"]))
    tables = allocation_tables.read(files["children"], files["groups"], files["choices"], rules)
    made = orders(tables, rules)
    found = deferred_acceptance(made.market)
    notes = list(tables.notes)
    if not rules.seed:
        notes.append(
            "No seed is given: applications of the same moment are ordered by the child's code, not by lottery."
        )
    names = ("children", "groups", "choices")
    digest = hashlib.sha256("\n".join(digest_file(files[name]) for name in names).encode()).hexdigest()
    return Results(
        tables, rules, made, found, reasons(made.market, found), check(tables, rules, made, found), digest, tuple(notes)
    )
