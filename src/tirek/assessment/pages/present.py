"""Rows of results as templates show them."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from tirek.assessment.queries import results as queries
from tirek.registry.models import Language, SettlementKind


def why_hidden(code: str) -> str:
    return {
        "small": _("too few pupils to say"),
        "protects": _("not shown, to protect a small group"),
        "nobody": _("nobody answered"),
    }.get(code, "")


def group_rows(groups, names: dict, *, key: str = "code", urls: dict | None = None) -> list[dict]:
    """Rows of a table: name, pupils, mean with its interval, or why it is not shown."""
    return [
        {
            "name": names.get(getattr(group, key)) or group.code,
            "url": (urls or {}).get(group.code, ""),
            "n": group.n,
            "mean": group.mean,
            "se": group.se,
            "low": group.low,
            "high": group.high,
            "sd": group.sd,
            "few": bool(group.suppressed),
            "why": why_hidden(group.suppressed),
        }
        for group in groups
    ]


def settlement_names() -> dict[str, str]:
    return {str(value): str(label) for value, label in SettlementKind.choices}


def language_names() -> dict[str, str]:
    return {str(value): str(label) for value, label in Language.choices}


def district_rows(groups) -> list[dict]:
    names = queries.names_of_districts([group.code for group in groups])
    urls = {group.code: reverse("registry:territory", args=[group.code]) for group in groups}
    return sorted(group_rows(groups, names, urls=urls), key=lambda row: row["name"])


def school_rows(groups, day) -> list[dict]:
    names = queries.names_of_schools([group.org_lo for group in groups], day)
    urls = {group.code: reverse("registry:institution", args=[group.code]) for group in groups}
    return sorted(group_rows(groups, names, key="org_lo", urls=urls), key=lambda row: row["name"])


def check_words(check: dict) -> dict:
    """A quality check in a sentence."""
    measured = check["code"] in ("reliable", "strong", "varies", "anchors_enough")
    limited = check["code"] in ("link_error", "drift_share")
    found, wanted = (check.get("found"), check.get("wanted")) if measured or limited else (None, None)
    yes = {
        "enough_answers": _("Enough items have answers enough."),
        "sittings_closed": _("No sitting on computers is open any more."),
        "all_scored": _("Every open answer is scored."),
        "right_booklets": _("The pupils worked in the booklets that they were dealt."),
        "converged": _("The iterations settled."),
        "connected": _("Common items link all booklets."),
        "errors_known": _("Every difficulty has a standard error."),
        "varies": _("The pupils differ on this test."),
        "reliable": _("The test measures reliably enough to publish."),
        "strong": _("The test measures reliably enough to speak of single pupils."),
        "no_item_dropped": _("All items could be used."),
        "everybody_answered": _("Every pupil answered something that counts."),
        "grid": _("The range of the computation was wide enough."),
        "slopes": _("On every item able pupils do better than weak ones."),
        "items_fit": _("All items behave as the model says."),
        "fair": _("No item is much easier for one group than for another of the same ability."),
        "independent": _("No two items go together more than ability explains."),
        "anchors_enough": _("There are enough common items."),
        "link_converged": _("The search for the two constants ended."),
        "link_error": _("The linking error is small enough."),
        "drift_share": _("Few enough of the common items drift."),
        "slope_near": _("The units of the two scales are near each other."),
        "anchors_stable": _("No common item that links the tests has drifted."),
        "anchors_share": _("The common items are a fair part of the shorter test."),
    }
    no = {
        "enough_answers": _("Too few items have answers enough. Wait for more answers."),
        "sittings_closed": _("Sittings on computers are still open: answers may still come. Close them first."),
        "all_scored": _("Open answers still wait for a scorer; their pupils would be missing. Score them first."),
        "right_booklets": _("Too many pupils worked in another booklet than they were dealt. Look at their papers."),
        "converged": _("The iterations did not settle."),
        "connected": _("The booklets fall into parts without a common item."),
        "errors_known": _("Some difficulties have no standard error."),
        "varies": _("The pupils hardly differ on this test, so nothing can be said about them."),
        "reliable": _("The test is not reliable enough: its results would be mostly chance."),
        "strong": _("Single pupils’ results are loose: speak of groups rather than of children."),
        "no_item_dropped": _("Some items were left out; see the table of items."),
        "everybody_answered": _("Some pupils answered nothing that counts; they get no result."),
        "grid": _("The range of the computation was narrow; the results may be off by a little."),
        "slopes": _("On some items able pupils do worse than weak ones. Look at their keys, or take them out."),
        "items_fit": _("Some items do not behave as the model says. Look at them in the table."),
        "fair": _("Some items are much easier for one group than for another of the same ability. Look at them."),
        "independent": _("Some items go together more than ability explains; the errors may be a little too small."),
        "anchors_enough": _("There are too few common items to link by."),
        "link_converged": _("The search for the two constants did not end."),
        "link_error": _("The linking error is larger than the rules accept: a change could not be told from chance."),
        "drift_share": _("Too many of the common items drift: the tests may measure different things."),
        "slope_near": _("The units of the two scales are far apart: one calibration may not be sound."),
        "anchors_stable": _("A common item has drifted and still links the tests. Look whether to take it out."),
        "anchors_share": _("The common items are less than a fifth of the shorter test."),
    }
    code = check["code"]
    words = (yes if check["passed"] else no).get(code, code)
    look = "good" if check["passed"] else "bad" if check["blocking"] else "look"
    return {
        "words": words,
        "found": found,
        "wanted": wanted,
        "look": look,
        "passed": check["passed"],
        "limited": limited,
    }


def dropped_words(reason: str) -> str:
    return {
        "item_few": _("left out: too few answers"),
        "item_unseen": _("left out: nobody answered it"),
        "item_constant": _("left out: all answers are the same"),
        "item_removed": _("taken out by an official"),
    }.get(reason, reason)


def model_words(code: str) -> str:
    """A model by its name; several, as they stand."""
    names = {
        "rasch": _("Rasch model (one parameter)"), "2pl": _("2PL (difficulty and slope)"),
        "3pl": _("3PL (difficulty, slope and guessing)"), "pcm": _("partial credit model (PCM)"),
        "gpcm": _("generalised partial credit model (GPCM)"), "graded": _("graded response model"),
        "mixed": _("different models for different items"),
    }  # fmt: skip
    return names.get(code, code)


def method_words(code: str) -> str:
    """A method of linking by its name."""
    names = {
        "mean-mean": _("means of the difficulties"), "mean-sigma": _("means and spreads of the difficulties"),
        "haebara": _("Haebara: curves of the items"), "stocking-lord": _("Stocking and Lord: curve of the test"),
        "haberman": _("Haberman: all tests at once"),
    }  # fmt: skip
    return names.get(code, code)


def dif_words(size: str) -> str:
    """A class of DIF in words."""
    return {"A": _("hardly differs"), "B": _("differs somewhat"), "C": _("differs much")}.get(size, _("cannot be told"))


def anchor_words(state: str) -> str:
    """What became of a common item."""
    return {
        "used": _("links the tests"),
        "drifts": _("links the tests, has drifted"),
        "removed": _("taken out"),
    }.get(state, state)


def trend_rows(trends, names: dict, *, key: str = "code", urls: dict | None = None) -> list[dict]:
    """Rows of a table of changes."""
    return [
        {
            "name": names.get(getattr(trend, key)) or trend.code,
            "url": (urls or {}).get(trend.code, ""),
            "before": trend.before,
            "now": trend.now,
            "difference": trend.difference,
            "low": trend.low,
            "high": trend.high,
            "sure": trend.low > 0 or trend.high < 0,
        }
        for trend in trends
    ]
