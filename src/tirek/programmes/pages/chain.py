"""The chain of one room in words."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.programmes.pages import needs as need_pages
from tirek.programmes.queries.chain import Chain
from tirek.programmes.queries.programmes import states_of
from tirek.registry.queries.territories import local_name

STEPS = ("condition", "voices", "need", "earmark", "work", "acceptance", "result")


def shown(chain: Chain) -> dict[str, Any]:
    """What the page needs beside the records: names, items in words, which links are there."""
    state = states_of([chain.room.org_no], on=timezone.localdate()).get(chain.room.org_no)
    works = [w for w in chain.works if w.state != "cancelled"]
    accepted = [w for w in works if w.state == "accepted"]
    there = {
        "condition": chain.finding is not None, "voices": bool(chain.scales), "need": bool(chain.needs),
        "earmark": any(w.earmark_code for w in works), "work": bool(works), "acceptance": bool(accepted),
        "result": bool(chain.results),
    }  # fmt: skip
    return {
        "name": need_pages.room_words(chain.room),
        "school": local_name(state) if state else "",
        "state": state,
        "missing": _missing(chain),
        "needs": need_pages.shown(chain.needs),
        "works": works,
        "accepted": accepted,
        "voices": _voices(chain),
        "results": _later(chain, accepted),
        "track": track(there),
        "there": there,
    }


def track(there: dict[str, bool]) -> list[tuple[str, str]]:
    """The seven links as steps: done, now (the first that is missing), later."""
    labels = {
        "condition": _("Condition"), "voices": _("Voices"), "need": _("Need"), "earmark": _("Earmark"), "work": _("Work"),
        "acceptance": _("Acceptance"), "result": _("Later result"),
    }  # fmt: skip
    missing = next((step for step in STEPS if not there[step]), None)
    return [(labels[step], "done" if there[step] else "now" if step == missing else "later") for step in STEPS]


def _missing(chain: Chain) -> list[str]:
    from tirek.facilities.items import ITEMS

    if chain.finding is None:
        return []
    return [
        _("%(item)s: %(found)s of %(wanted)s") % {"item": ITEMS.get(code, code), "found": found, "wanted": wanted}
        for code, wanted, found in chain.finding.missing
    ]


def _voices(chain: Chain) -> list[dict[str, Any]]:
    """The three groups on the school's scales: how many answers are low."""
    return [
        {
            "audience": need_pages.audience_words(row.audience), "scale": _title(row), "low_percent": round(100 * row.low_share),
            "n": row.n, "invited": row.invited, "closed_on": row.closed_on,
        }
        for row in chain.scales
    ]  # fmt: skip


def _title(row: Any) -> str:
    from django.utils.translation import get_language

    titles = getattr(row, "title", None) or {}
    return titles.get((get_language() or "kk")[:2]) or titles.get("kk") or row.scale_code


def _later(chain: Chain, accepted: list) -> list[dict[str, Any]]:
    """Published results of the school since the work was accepted; before and after, no word of cause."""
    days = [w.accepted_on for w in accepted if w.accepted_on]
    first = min(days) if days else None
    return [
        {
            "row": r,
            "title": _test_title(r),
            "is_later": first is not None and r.release.test.school_year.ends_on > first,
        }
        for r in chain.results[:6]
    ]


def _test_title(row: Any) -> str:
    from tirek.assessment.queries.results import title_of

    return title_of(row.release.test)
