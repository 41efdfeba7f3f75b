"""Single answers for research: no text, no day, no grade; the school only where enough have answered."""

from __future__ import annotations

from django.utils.translation import gettext as _

from tirek.access.scope import loading
from tirek.decisions import queries as decisions
from tirek.surveys.decided.results import opened
from tirek.surveys.models import Round
from tirek_engines.disclosure import SHOWN, suppress_table


def anonymous_answers(found: Round) -> tuple[list[tuple[str, str]], list[tuple]]:
    """Columns and rows, in an order that follows from nothing. The right was checked.

    A school with fewer answers than the rules ask for is blank, and further schools are, until none follows from the rest.
    """
    with loading():
        decision = decisions.decision(found.result_number)
        answers = opened(decisions.table(decision, "responses"))
        frame = decisions.table(decision, "frame")
        weights = decisions.table(decision, "weights")
    minimum = int(decision.summary["minimum"])
    counts = dict(answers["org_no"].value_counts().iter_rows())
    numbers = sorted(counts)
    state = suppress_table([counts[no] for no in numbers], minimum=minimum)
    shown = {no for no, hidden in zip(numbers, state, strict=True) if hidden == SHOWN}
    codes = dict(frame.select("org_no", "school").iter_rows())
    weight = dict(weights.select("org_no", "weight").iter_rows())
    items = [name for name in answers.columns if name not in ("org_no", "version")]
    columns = [
        ("school", _("School")),
        ("weight", _("Weight")),
        ("version", _("Version")),
        *((name, name) for name in items),
    ]
    rows = [
        (codes.get(row["org_no"], "") if row["org_no"] in shown else "", weight.get(row["org_no"]) if row["org_no"] in shown else None,
         row["version"], *(row[name] for name in items))
        for row in answers.iter_rows(named=True)
    ]  # fmt: skip
    return columns, rows
