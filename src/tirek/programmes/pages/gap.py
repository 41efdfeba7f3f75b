"""The gap between town and village as plain data for the page: one figure, and what it goes with in plain words."""

from __future__ import annotations

from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tirek.assessment.queries.results import title_of
from tirek.assessment.reports.sections import decimal, whole
from tirek.decisions import queries as journal
from tirek.programmes.decided.gap import COLUMNS
from tirek.programmes.queries import evaluation as queries


def title(decision) -> str:
    tests = queries.tests_of(decision)
    return title_of(tests[0]) if tests else decision.parameters["test"]


def column_words(name: str) -> str:
    return {
        "girl": _("share of girls, %"), "kazakh": _("share who sat the test in Kazakh, %"), "size": _("size of the school, pupils"),
        "speed": _("internet of the school, Mbit/s"),
    }.get(name, name)  # fmt: skip


def headline(facts: dict[str, Any]) -> str:
    """The result in one sentence."""
    numbers = {"gap": decimal(abs(facts["gap"]), 1), "explained": decimal(facts["explained"], 1)}
    if not facts["sure"]:
        return _("Town and village differ by %(gap)s points, which cannot be told from chance.") % numbers
    numbers["part"] = whole(round(100 * facts["explained"] / facts["gap"]))
    if not facts["explained_sure"]:
        return _open_words(facts["gap"]) % numbers
    if facts["gap"] < 0:
        return (
            _(
                "Pupils in villages reach %(gap)s points more than pupils in towns; %(part)s %% of it goes with what is known to differ."
            )
            % numbers
        )
    if facts["explained"] / facts["gap"] < 0:
        return _(
            "Pupils in towns reach %(gap)s points more than pupils in villages. What is known to differ does not account for it: by"
            " that alone villages would be ahead."
        ) % numbers  # fmt: skip
    if facts["explained"] > facts["gap"]:
        return _(
            "Pupils in towns reach %(gap)s points more than pupils in villages: no more than goes with what is known to differ."
        ) % numbers  # fmt: skip
    return (
        _(
            "Pupils in towns reach %(gap)s points more than pupils in villages; %(part)s %% of it goes with what is known to differ."
        )
        % numbers
    )


def _open_words(gap: float) -> str:
    if gap < 0:
        return _(
            "Pupils in villages reach %(gap)s points more than pupils in towns. It does not go with what is known to differ, as far as can be told from chance."
        )
    return _(
        "Pupils in towns reach %(gap)s points more than pupils in villages. It does not go with what is known to differ, as far as can be told from chance."
    )


def split_chart(facts: dict[str, Any]) -> dict | None:
    """The gap, what is explained and what is not."""
    rows = [
        _row(_("The whole gap"), facts, "gap"), _row(_("Goes with what is known to differ"), facts, "explained"),
        _row(_("Does not"), facts, "unexplained"),
    ]  # fmt: skip
    return _dots(
        _("How does the gap divide?"),
        _("Points; the lines show what chance allows (95 %)."),
        rows,
        _("Part of the gap"),
    )


def _row(label: str, facts: dict[str, Any], name: str) -> dict[str, Any]:
    return {"label": label, "value": facts[name], "low": facts[f"{name}_low"], "high": facts[f"{name}_high"],
            "text": decimal(facts[name], 1)}  # fmt: skip


def _dots(title: str, words: str, rows: list[dict[str, Any]], head: str) -> dict:
    return {
        "kind": "dots", "title": title, "words": words, "label_head": head, "value_head": _("Points"), "decimals": 1, "rows": rows,
        "reference": {"value": 0.0, "label": _("none")},
    }  # fmt: skip


def columns_chart(outcomes: dict[str, dict[str, Any]]) -> dict | None:
    """What goes with each thing that is known."""
    rows = [
        {"label": column_words(name), "value": numbers["explained"], "low": numbers["low"], "high": numbers["high"],
         "text": decimal(numbers["explained"], 1)}
        for name in COLUMNS
        if (numbers := outcomes.get(name, {}).get("numbers")) and numbers["explained"] is not None
    ]  # fmt: skip
    if not rows:
        return None
    words = _("Points of the gap that go with each; the lines show what chance allows (95 %).")
    return _dots(_("What does it go with?"), words, rows, _("What differs"))


def parts(decision, outcomes: dict[str, dict[str, Any]]) -> list[dict[str, str]]:
    """Each thing that was looked at with its sentence."""
    kind, language = journal.kind_of(decision.kind), (get_language() or "en")[:2]
    found = []
    for name in COLUMNS:
        if name in outcomes:
            told = {key: value for key, value in outcomes[name]["numbers"].items() if value is not None}
            found.append(
                {
                    "name": column_words(name),
                    "text": journal.reason_texts(kind, outcomes[name]["reason"], told)[language],
                }
            )
    return found


def threefold(decision) -> list[list[str]]:
    """For experts: the parts with their errors."""
    names = {
        "gap": _("Gap"), "endowments": _("Endowments (threefold)"), "coefficients": _("Coefficients (threefold)"),
        "interaction": _("Interaction (threefold)"), "explained": _("Explained (pooled, with the group)"),
        "unexplained": _("Unexplained"),
    }  # fmt: skip
    return [
        [
            names[row["part"]],
            decimal(row["estimate"], 1),
            decimal(row["se"], 2),
            f"{decimal(row['low'], 1)} – {decimal(row['high'], 1)}",
        ]
        for row in queries.table(decision, "parts").iter_rows(named=True)
    ]


def does_not_say() -> list[str]:
    return [
        _(
            "“Goes with” is no cause: what differs between town and village comes together with much that is not in the register."
        ),
        _(
            "What pupils’ families earn and know is not in the register, and so is a part of what does not go with anything here."
        ),
        _("The pupils’ earlier results are left out on purpose: they are a part of the gap, not a reason for it."),
    ]
