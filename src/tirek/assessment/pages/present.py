"""Rows of results as templates show them."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from tirek.assessment.pages.checks import FAILED, PASSED
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
            "key": getattr(group, key),
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
    code = check["code"]
    words = str((PASSED if check["passed"] else FAILED).get(code, code))
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
