"""Charts of items: their curves, what differs between groups, what the test tells where."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from tirek.assessment.pages.charts import points
from tirek.assessment.pages.present import language_names, settlement_names
from tirek.assessment.queries.items import THETA, Tables

BIN = 0.25
C, B = "C", "B"


def item_curves(tables: Tables, item: str) -> dict:
    """P(theta) of every category (but the lowest of a two-step item), with the observed shares of ten ability groups."""
    items = tables.items
    j = items.names.index(item)
    curves = items.take([j]).probabilities(THETA)[0]
    seen = tables.curves.filter(pl.col("item") == item)
    shown = range(1 if items.n_steps[j] == 1 else 0, int(items.n_steps[j]) + 1)
    values = items.values[j]
    series = [
        {
            "label": _("right") if items.n_steps[j] == 1 else _("score %(score)s") % {"score": values[k]},
            "points": list(zip(THETA.tolist(), curves[k].tolist(), strict=True)),
            "dots": [
                (theta, share)
                for theta, share in seen.filter(pl.col("category") == k).select("theta", "share").iter_rows()
                if THETA[0] <= theta <= THETA[-1]
            ],
        }
        for k in shown
    ]
    return {
        "kind": "curves", "title": _("Do the pupils answer as the model expects?"), "words": _curve_words(seen, items, j),
        "x_label": _("ability, logits"), "value_head": _("Expected share"), "lowest": 0.0, "highest": 1.0,
        "decimals": 2, "tick_decimals": 2, "series": series,
    }  # fmt: skip


def _curve_words(seen: pl.DataFrame, items, j: int) -> str:
    means = (
        seen.with_columns((pl.col("category") * pl.col("share")).alias("part"))
        .group_by("group")
        .agg(pl.col("part").sum(), pl.col("theta").first())
    )
    expected = items.take([j]).expected(means["theta"].to_numpy())[0]
    away = float(np.abs(means["part"].to_numpy() - expected).max()) / int(items.n_steps[j])
    return _(
        "The lines are what the model expects, the dots are what ten groups of pupils from the weakest to the ablest really"
        " did. The widest distance is %(away)s of the full score."
    ) % {"away": points(away, 2)}


def item_information(tables: Tables, item: str) -> dict:
    items = tables.items
    found = items.take([items.names.index(item)]).information(THETA)[0]
    peak = float(THETA[int(found.argmax())])
    return {
        "kind": "curves", "title": _("For whom does the item measure?"),
        "words": _("It tells most about pupils near %(place)s logits.") % {"place": points(peak, 1)},
        "x_label": _("ability, logits"), "value_head": _("Information"), "decimals": 2,
        "series": [{"label": _("information"), "points": list(zip(THETA.tolist(), found.tolist(), strict=True))}],
    }  # fmt: skip


def test_information(tables: Tables, abilities: np.ndarray, booklets: Sequence[np.ndarray]) -> dict:
    """What a pupil's booklet tells along the scale, beside what all items would tell, and where the pupils are."""
    each = tables.items.information(THETA)
    whole = each.sum(axis=0)
    has_parts = len(booklets) > 1
    one = np.mean([each[places].sum(axis=0) for places in booklets], axis=0) if has_parts else whole
    best = float(THETA[int(one.argmax())])
    inside = float(np.mean(one[np.clip(np.searchsorted(THETA, abilities), 0, 40)] >= 0.5 * one.max()))
    words = [
        _(
            "It measures best near %(best)s logits. %(share)s of a hundred pupils stand where it tells at least half as much"
            " as there. The columns behind the line are the pupils."
        ) % {"best": points(best, 1), "share": points(100 * inside)}
    ]  # fmt: skip
    series = [{"label": _("information of the whole test"), "points": _pairs(whole)}]
    if has_parts:
        given = points(float(np.mean([len(places) for places in booklets])))
        words.insert(0, _(
            "Nobody answers all %(all)s items: a booklet holds about %(given)s. The lower line is what one booklet tells of"
            " its pupil; the upper one is what all items would tell together, and shows where items are missing."
        ) % {"all": points(len(tables.items)), "given": given})  # fmt: skip
        series = [
            {"label": _("one booklet"), "points": _pairs(one)},
            {"label": _("all items together"), "points": _pairs(whole)},
        ]
    return {
        "kind": "curves", "title": _("Where does the test measure well?"), "words": " ".join(words),
        "x_label": _("ability, logits"), "value_head": _("Information"), "tick_decimals": 0, "decimals": 1,
        "bins": ability_bins(abilities), "series": series,
    }  # fmt: skip


def _pairs(values: np.ndarray) -> list[tuple[float, float]]:
    return list(zip(THETA.tolist(), values.tolist(), strict=True))


def ability_bins(abilities: np.ndarray) -> list[dict]:
    edges = np.arange(THETA[0], THETA[-1] + BIN, BIN)
    counts, _edges = np.histogram(np.clip(abilities, THETA[0], THETA[-1] - 1e-9), edges)
    return [{"from": float(a), "to": float(a + BIN), "count": int(n)} for a, n in zip(edges[:-1], counts, strict=True)]


def group_name(by: str, code: str) -> str:
    if by == "sex":
        return {"m": pgettext("pupils", "boys"), "f": pgettext("pupils", "girls")}.get(code, code)
    return (language_names() if by == "language" else settlement_names()).get(code, code)


def by_names() -> dict[str, str]:
    return {"language": _("Language of the test"), "sex": _("Girls and boys"), "settlement": _("Towns and villages")}


def differences(rows: Sequence[dict], by: str) -> dict | None:
    """Items whose class is B or C, and else the widest, as dots around zero."""
    known = [row for row in rows if row["class"] and row["effect"] == row["effect"]]
    if not known:
        return None
    worst = sorted(known, key=lambda row: -abs(row["effect"]))[:12]
    focal, reference = group_name(by, known[0]["focal"]), group_name(by, known[0]["reference"])
    n_large = sum(row["class"] == C for row in known)
    n_moderate = sum(row["class"] == B for row in known)
    title = _("%(focal)s and %(reference)s of the same ability") % {"focal": focal, "reference": reference}
    return {
        "kind": "dots",
        "title": capfirst(title),
        "words": _(
            "To the right the item is easier for the first group than for pupils of the second who are as able."
            " %(large)s items differ much, %(moderate)s somewhat, of %(n)s. The widest differences are drawn."
        ) % {"large": n_large, "moderate": n_moderate, "n": len(known)},
        "label_head": _("Item"), "value_head": _("Difference, ETS delta"), "decimals": 2,
        "reference": {"value": 0.0, "label": _("no difference")},
        "rows": [
            {"label": f"{row['item']} ({row['class']})", "value": row["effect"], "low": row["effect"] - 1.96 * row["se"],
             "high": row["effect"] + 1.96 * row["se"], "look": row["class"] == C}
            for row in worst
        ],
    }  # fmt: skip


def drift(anchors: Sequence[dict]) -> dict | None:
    """How far each anchor stands from where the earlier test had it."""
    known = [row for row in anchors if row["difference"] is not None]
    if not known:
        return None
    flagged = [row["item"] for row in known if row["flagged"]]
    words = (
        _("No common item has drifted.")
        if not flagged
        else _("These have drifted: %(items)s.") % {"items": ", ".join(flagged)}
    )
    return {
        "kind": "dots", "title": _("Do the common items still stand where they stood?"),
        "words": words + " " + _("To the right an item has become harder than the others say it should be."),
        "label_head": _("Item"), "value_head": _("Difference, logits"), "decimals": 2, "tick_decimals": 1,
        "reference": {"value": 0.0, "label": _("no difference")},
        "rows": [
            {"label": row["item"] if row["state"] != "removed" else _("%(item)s, taken out") % {"item": row["item"]},
             "value": row["difference"], "low": row["low"], "high": row["high"], "look": row["flagged"]}
            for row in known
        ],
    }  # fmt: skip
