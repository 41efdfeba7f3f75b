"""Charts of results, as specifications for ``<c-chart>`` (tirek/site/charts.py says what they may hold)."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.formats import number_format
from django.utils.translation import gettext as _

BAND = 20


def points(value: float | None, places: int = 0) -> str:
    return "" if value is None else number_format(round(value, places), decimal_pos=places, use_l10n=True)


def bins_of(release) -> list[dict]:
    """Bands of 20 points with the number of pupils in each hundred; bands of too few pupils are empty."""
    shares = {row["from"]: row["share"] for row in release.distribution.get("distribution", [])}
    if not shares:
        return []
    return [
        {"from": start, "to": start + BAND, "count": round(100 * shares.get(start, 0.0), 1)}
        for start in range(min(shares), max(shares) + BAND, BAND)
    ]


def distribution(release, mean: float, towns: float | None, villages: float | None) -> dict | None:
    bins = bins_of(release)
    if not bins:
        return None
    marks = [{"value": mean, "label": _("mean %(points)s") % {"points": points(mean)}}]
    if towns is not None and villages is not None:
        marks = [
            {"value": villages, "label": _("villages %(points)s") % {"points": points(villages)}},
            {"value": towns, "label": _("towns %(points)s") % {"points": points(towns)}},
        ]
    middle = _middle(bins)
    return {
        "kind": "distribution",
        "title": _("How do the pupils differ?"),
        "words": _(
            "The middle half of the pupils lies between %(low)s and %(high)s points."
            " The height shows how many of a hundred pupils."
        )
        % {"low": points(middle[0]), "high": points(middle[1])},
        "x_label": _("points"),
        "bins": bins,
        "marks": marks,
    }


def _middle(bins: list[dict]) -> tuple[float, float]:
    total, run, found = sum(b["count"] for b in bins) or 1, 0.0, []
    for b in bins:
        before, run = run, run + b["count"]
        for share in (0.25, 0.75):
            if before / total < share <= run / total:
                found.append(b["from"] + BAND * (share * total - before) / (b["count"] or 1))
    return (found[0], found[-1]) if found else (0.0, 0.0)


def item_map(release, places: Sequence[tuple[str, float]]) -> dict | None:
    """The Wright map: how able the pupils are against how hard each step of each item is, on one scale."""
    bins = bins_of(release)
    if not bins or not places:
        return None
    hard = sum(place > bins[-1]["to"] - 100 for _label, place in places)
    words = _(
        "A dot stands where a pupil has an even chance of the point: %(n)s dots, from %(low)s to %(high)s points; %(hard)s of"
        " them ask for more than all but the ablest can."
    ) % {
        "n": len(places), "hard": hard, "low": points(min(place for _label, place in places)),
        "high": points(max(place for _label, place in places)),
    }  # fmt: skip
    return {
        "kind": "item_map", "title": _("Did the items fit the pupils?"), "words": words, "x_label": _("points"), "bins": bins,
        "items": [{"label": label, "value": round(place, 1)} for label, place in places],
        "persons_label": _("Pupils"), "items_label": _("Items"),
    }  # fmt: skip


def bars(title: str, words: str, rows: Sequence[dict], mean: float | None, head: str) -> dict:
    """Means with their 95 % intervals: dots, for the length of a bar would mean nothing."""
    return {
        "kind": "dots",
        "title": title,
        "words": words,
        "label_head": head,
        "value_head": _("Mean, points"),
        "rows": [
            {"label": row["name"], "few": True}
            if row["few"]
            else {"label": row["name"], "value": row["mean"], "low": row["low"], "high": row["high"], "n": row["n"]}
            for row in rows
        ],
        "reference": None if mean is None else {"value": mean, "label": _("all together")},
    }


def change_words(trend) -> str:
    """A change in a sentence."""
    facts = {
        "before": points(trend.before), "now": points(trend.now), "difference": points(trend.difference),
        "low": points(trend.low), "high": points(trend.high),
    }  # fmt: skip
    if trend.low > 0 or trend.high < 0:
        words = _(
            "From %(before)s to %(now)s points: a change of %(difference)s (95 %% interval from %(low)s to %(high)s)."
            " That is more than chance would make."
        )
    else:
        words = _(
            "From %(before)s to %(now)s points: a change of %(difference)s (95 %% interval from %(low)s to %(high)s)."
            " That may be chance."
        )
    return words % facts


def trend(title: str, words: str, series: Sequence[tuple[str, Sequence[dict]]]) -> dict:
    return {
        "kind": "lines",
        "title": title,
        "words": words,
        "label_head": _("Subject"),
        "series": [{"label": label, "points": list(rows)} for label, rows in series],
    }
