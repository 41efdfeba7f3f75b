"""Results as a page shows them: scales side by side, questions with their shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import polars as pl
from django.utils.translation import gettext as _

from tirek.surveys.queries.results import GroupChoice, Tables


@dataclass(frozen=True)
class ScaleShown:
    """A scale of the group, and the same of those it is compared with. None: too few to say."""

    code: str
    title: str
    rows: tuple[tuple[str, dict | None], ...]
    lowest: float
    highest: float
    alpha: float | None
    omega: float | None
    items: int

    @property
    def own(self) -> dict | None:
        return self.rows[0][1]


def _of(table: pl.DataFrame, group: GroupChoice) -> pl.DataFrame:
    return table.filter((pl.col("group_kind") == group.kind) & (pl.col("group") == group.code))


def scales_shown(found, tables: Tables, groups: Sequence[GroupChoice], language: str) -> list[ScaleShown]:
    titles = found.version.measures.get("scales", {})
    shown = []
    for row in tables.reliability.iter_rows(named=True):
        code = row["scale"]
        rows = []
        for group in groups:
            cells = _of(tables.scales, group).filter(pl.col("scale") == code)
            rows.append((group.label, _interval(cells.row(0, named=True)) if cells.height else None))
        title = titles.get(code, {}).get(language) or titles.get(code, {}).get("kk") or code
        span = tables.items.filter(pl.col("scale") == code)
        low, high = float(span["lowest"].mean()), float(span["highest"].mean())
        shown.append(ScaleShown(code, title, tuple(rows), low, high, row["alpha"], row["omega"], row["items"]))
    return shown


def _interval(row: dict) -> dict:
    error = row["error"] or 0.0
    return row | {"low": row["mean"] - 1.96 * error, "high": row["mean"] + 1.96 * error}


def chart_of_scales(scales: Sequence[ScaleShown], title: str) -> dict:
    """A dot for each scale with its interval, the group first, those it is compared with below it."""
    rows = []
    for scale in scales:
        for place, (label, cell) in enumerate(scale.rows):
            name = scale.title if place == 0 else label
            rows.append(
                {"label": name, "few": True}
                if cell is None
                else {
                    "label": name,
                    "value": cell["mean"],
                    "low": cell["low"],
                    "high": cell["high"],
                    "n": cell["n"],
                    "grey": place > 0,
                }
            )
    return {
        "kind": "dots",
        "title": _("Scales, mean of the answers"),
        "words": _("More is better. The lines are 95 % intervals."),
        "rows": rows,
        "decimals": 2,
        "tick_decimals": 1,
        "lowest": min(scale.lowest for scale in scales),
        "highest": max(scale.highest for scale in scales),
        "source": title,
    }


def questions_shown(
    tables: Tables, items: Mapping[str, dict], group: GroupChoice, beside: Sequence[GroupChoice], *, is_whole: bool
) -> list[dict]:
    """Each question: how many answered, the share of each choice, the mean; beside it the mean or shares of all.

    ``is_whole``: everybody of the group has answered, so that nothing is left to chance.
    """
    own = _of(tables.questions, group)
    other = _of(tables.questions, beside[-1]) if beside else own.clear()
    compared = {(r["item"], r["choice"]): r["value"] for r in other.iter_rows(named=True)}
    shown = []
    for key in tables.items["item"].to_list():
        rows = own.filter(pl.col("item") == key).to_dicts()
        item = items.get(key, {"label": key, "choices": {}, "versions": ()})
        choices = [
            {"label": item["choices"].get(r["choice"], r["choice"]), "percent": 100 * r["value"], "plain": 100 * r["plain"], "span": share_span(r, is_whole=is_whole), "other": _percent(compared.get((key, r["choice"])))}
            for r in rows
            if r["choice"]
        ]  # fmt: skip
        mean = next((_interval(r | {"mean": r["value"]}) for r in rows if not r["choice"]), None)
        n = rows[0]["n"] if rows else 0
        effective = rows[0]["effective"] if rows else 0
        shown.append({
            "key": key, "label": item["label"], "choices": choices, "mean": mean, "n": n, "few": not rows, "versions": item["versions"],
            "other_mean": compared.get((key, "")), "effective": effective,
        })  # fmt: skip
    return shown


Z = 1.96


def share_span(row: Mapping, *, is_whole: bool) -> tuple[float, float] | None:
    """95 % interval of a share, in per cent, after Wilson with the effective number; None where everybody answered.

    At 0 and 100 % the standard error is 0 though nothing is certain: there the number of answers speaks.
    """
    share, error = row["value"], row["error"] or 0.0
    if is_whole or (0 < share < 1 and not error):
        return None
    n = share * (1 - share) / error**2 if error and 0 < share < 1 else row["effective"]
    if not n:
        return None
    middle = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z * sqrt(share * (1 - share) / n + Z**2 / (4 * n**2)) / (1 + Z**2 / n)
    return 100 * max(middle - half, 0.0), 100 * min(middle + half, 1.0)


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share
