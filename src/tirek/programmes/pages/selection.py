"""A round of the choice in words: rows, rules, and what another rule would change."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from tirek.access.scope import Scope, loading
from tirek.decisions import queries as journal
from tirek.decisions.kinds import kind_of
from tirek.decisions.rules import RuleSet, rules_in_force
from tirek.programmes.kinds import SELECTION
from tirek.programmes.models import Programme
from tirek.programmes.queries.programmes import districts_of, states_of
from tirek.programmes.services.selecting import CHANGEABLE, Trial
from tirek.registry.queries.territories import local_name
from tirek.storage.sealed import Sealed, unseal

NUMBERS = ("points", "points_application", "points_size", "points_rooms", "points_result", "pupils", "position", "last")


@dataclass(frozen=True)
class Row:
    """One school of a round."""

    code: str
    org_no: int
    name: str
    district_code: str
    district: str
    admitted: bool
    reason: str
    why: str
    numbers: Mapping[str, Any]


def rows_of(scope: Scope, decision) -> list[Row]:
    """The schools of the asker's scope, those in first, by points."""
    found = [o for o in journal.outcomes(decision) if scope.is_own or scope.covers(o.org_no)]
    org_nos = [o.org_no for o in found]
    states, places = states_of(org_nos, on=timezone.localdate()), districts_of(org_nos)
    kind, language = kind_of(SELECTION), (translation.get_language() or "en")[:2]
    rows = [
        Row(
            o.subject, o.org_no, local_name(states[o.org_no]) if o.org_no in states else o.subject,
            places[o.org_no].code if o.org_no in places else "", local_name(places[o.org_no]) if o.org_no in places else "",
            bool(o.result.get("admitted")), o.reason,
            journal.reason_texts(kind, o.reason, o.numbers).get(language, ""), o.numbers,
        )
        for o in found
    ]  # fmt: skip
    return sorted(rows, key=lambda r: (not r.admitted, r.district, -(r.numbers.get("points") or 0), r.name))


def filtered(rows: Sequence[Row], only: str, district: str) -> list[Row]:
    if only in ("in", "out"):
        rows = [r for r in rows if r.admitted == (only == "in")]
    return [r for r in rows if not district or r.district_code == district]


def by_district(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Schools in and out by district."""
    inside, everything = Counter(r.district_code for r in rows if r.admitted), Counter(r.district_code for r in rows)
    names = {r.district_code: r.district for r in rows}
    return [
        {"code": code, "name": names[code], "in": inside[code], "all": n}
        for code, n in sorted(everything.items(), key=lambda item: names[item[0]])
    ]


def columns() -> list[tuple[str, str]]:
    kind = kind_of(SELECTION)
    heads = [
        ("school_code", _("Code")),
        ("school", _("School")),
        ("district", _("District or city")),
        ("admitted", _("Chosen")),
    ]
    return [*heads, *((name, str(kind.numbers[name])) for name in NUMBERS), ("reason", _("Reason"))]


def flat(rows: Sequence[Row]) -> list[tuple]:
    return [
        (r.code, r.name, r.district, _("yes") if r.admitted else _("no"), *(r.numbers.get(n) for n in NUMBERS), r.why)
        for r in rows
    ]


def values_of(decision) -> dict[str, Any]:
    """The rule's values that the decision was made under."""
    rules = RuleSet.unsealed(unseal(Sealed.from_dict({k: v for k, v in decision.rule_seal.items() if k != "place"})))
    return {name: value for name, value in rules.values().items() if name in CHANGEABLE}


def rules_in_words(programme: Programme, on: dt.date) -> list[tuple[str, str]]:
    """The published criteria as they hold on a day: what each says, and its value."""
    language = (translation.get_language() or "en")[:2]
    with loading():
        rules = rules_in_force(SELECTION, on, programme.org_lo, programme.org_hi)
    return [
        (rules.described(name).get(language, name), _yes(value)) for name, value in rules.values().items() if name != "district_places"
    ]  # fmt: skip


def _yes(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return journal.shown(value)


def trial_in_words(trial: Trial, rows: Sequence[Row]) -> dict[str, Any]:
    """Who would come in and who would go out."""
    known = {r.code: r for r in rows}
    kind, language = kind_of(SELECTION), (translation.get_language() or "en")[:2]

    def say(code: str) -> dict[str, Any]:
        reason, _admitted, numbers = trial.reasons[code]
        return {
            "row": known.get(code),
            "code": code,
            "why": journal.reason_texts(kind, reason, numbers).get(language, ""),
        }

    return {
        "trial": trial,
        "joining": [say(code) for code in trial.joining],
        "leaving": [say(code) for code in trial.leaving],
    }
