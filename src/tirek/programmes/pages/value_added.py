"""What each school adds, as plain data for the page: one sentence, the intervals of all, the reader's schools in words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tirek.access.scope import Scope
from tirek.assessment.queries.results import names_of_schools, title_of
from tirek.assessment.reports.sections import decimal, whole
from tirek.decisions import queries as journal
from tirek.programmes.queries import evaluation as queries
from tirek_engines.evaluation.valueadded import OVERLAP

COUNTED = ("more", "as_elsewhere", "less")
BAND = 5


def headline(facts: dict[str, Any]) -> str:
    """The result in one sentence."""
    counts = facts["reasons"]
    sure = counts.get("more", 0) + counts.get("less", 0)
    numbers = {
        "schools": whole(sum(counts.get(reason, 0) for reason in COUNTED)), "more": whole(counts.get("more", 0)),
        "less": whole(counts.get("less", 0)),
    }  # fmt: skip
    if not sure:
        return (
            _("No school of %(schools)s can be told from the others: what they add is alike, as far as can be seen.")
            % numbers
        )
    return (
        _(
            "Of %(schools)s schools %(more)s add more than schools elsewhere and %(less)s less, beyond chance; the rest cannot be told apart."
        )
        % numbers
    )


def titles(decision) -> tuple[str, str]:
    """The earlier and the later test."""
    found = {test.code: title_of(test) for test in queries.tests_of(decision)}
    codes = decision.parameters["before"], decision.parameters["after"]
    return found.get(codes[0], codes[0]), found.get(codes[1], codes[1])


def caterpillar(rows: Sequence[dict[str, Any]], own: dict[int, str]) -> dict | None:
    """Intervals of all counted schools in order, without names but those of `own`; two that do not overlap differ."""
    shown = sorted((row for row in rows if row["reason"] in COUNTED), key=lambda row: row["numbers"]["effect"])
    if not shown:
        return None
    drawn = []
    for row in shown:
        value, reach = row["numbers"]["effect"], OVERLAP * row["se"]
        one = {"value": value, "low": value - reach, "high": value + reach}
        if row["org_no"] in own:
            one |= {"own": True, "label": own[row["org_no"]]}
        drawn.append(one)
    return {
        "kind": "caterpillar", "title": _("Can schools be told apart?"), "rows": drawn, "decimals": 1, "band": BAND,
        "words": _(
            "Each line is a school. Two schools whose lines do not overlap differ beyond chance; most lines overlap, and between"
            " those schools there is no order."
        ),
        "label_head": _("Schools"), "value_head": _("Value added, points"),
        "reference": {"value": 0.0, "label": _("Points above or below what is expected")},
    }  # fmt: skip


def school_rows(decision, scope: Scope, only: str = "") -> list[dict[str, Any]]:
    """Schools of the asker's scope by name, each with its sentence."""
    kind = journal.kind_of(decision.kind)
    found = [row for row in queries.school_outcomes(decision, scope) if not only or row["reason"] == only]
    names = names_of_schools([row["org_no"] for row in found], dt.date.fromisoformat(decision.parameters["day"]))
    rows = [
        row
        | {
            "name": names.get(row["org_no"], row["subject"]),
            "text": reason_words(kind, row),
            "head": head_words(row["reason"]),
        }
        for row in found
    ]
    return sorted(rows, key=lambda row: row["name"])


def reason_words(kind, row: dict[str, Any]) -> str:
    told = {name: value for name, value in row["numbers"].items() if value is not None}
    return journal.reason_texts(kind, row["reason"], told)[(get_language() or "en")[:2]]


def head_words(reason: str) -> str:
    return {
        "more": _("more than elsewhere"),
        "less": _("less than elsewhere"),
        "as_elsewhere": _("not to be told from others"),
    }.get(reason, _("nothing can be said"))


def counts(decision) -> list[tuple[str, str, int]]:
    found = decision.summary["reasons"]
    order = (*COUNTED, "too_few", "too_few_followed")
    return [
        (code, head_words(code) if code in COUNTED else _why_not(code), found[code]) for code in order if code in found
    ]


def _why_not(code: str) -> str:
    if code == "too_few":
        return _("nothing is said: too few pupils with both results")
    return _("nothing is said: too few of the pupils could be followed")


def in_words(facts: dict[str, Any]) -> list[str]:
    """How to read it."""
    left = facts["left_out"]
    return [
        _(
            "%(pupils)s pupils were followed in one school from the earlier test to the later one. Not counted: %(new)s without an"
            " earlier result, %(gone)s without a later one, %(moved)s who changed school."
        )
        % {"pupils": whole(facts["pupils"]), "new": whole(left["only_after"]), "gone": whole(left["only_before"]),
           "moved": whole(left["moved"])},
        _(
            "From every pupil’s earlier result and language of the test it is told what pupils like this reach elsewhere. What a"
            " school’s pupils reach beyond or below that on average is the difference."
        ),
        _(
            "In a small school a few good or bad days move the mean, so only a part of the difference is believed: the fewer pupils,"
            " the smaller the part. A small school is therefore shown near zero, however well or badly it works."
        ),
        _("Of what earlier results leave open, %(share)s %% lies between schools and the rest between pupils of one school.")
        % {"share": decimal(100 * facts["intraclass"], 1)},
    ]  # fmt: skip


def does_not_say() -> list[str]:
    return [
        _("It is no list of good and bad schools: places in such a list would be chance for most."),
        _("It does not say why a school adds more or less: families, tutors and the school’s work all are in it."),
        _("An earlier test measures imperfectly. Schools whose pupils began very low or very high are judged a little too hard or too mildly."),
        _("It is about one subject and one age group, not about the whole school or a single teacher."),
    ]  # fmt: skip
