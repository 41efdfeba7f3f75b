"""What a decision on categories rests on, read from the tables: when it is recorded, and again before it is published."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from tirek.access.scope import loading
from tirek.cpd.models import Application, ApplicationState, Review

APPLICATIONS = {
    "application": pl.String, "person_id": pl.Int64, "org_no": pl.Int64, "wanted": pl.String, "lacks": pl.String,
}  # fmt: skip
JUDGEMENTS = {"application": pl.String, "points": pl.Int64}


def fresh_inputs(parameters: Mapping[str, Any]) -> dict[str, pl.DataFrame]:
    """Applications that are judged and wait for the commission; of an appeal, the one, with its second judgements."""
    is_appeal = parameters["stage"] == "appeal"
    with loading():
        found = Application.objects.filter(window__code=parameters["window"]).order_by("code")
        if is_appeal:
            found = found.filter(code=parameters["application"], state=ApplicationState.APPEALED)
        else:
            found = found.filter(state=ApplicationState.JUDGED)
        rows = [
            (code, person, org_no, wanted, lacks[0]["code"] if lacks else "")
            for code, person, org_no, wanted, lacks in found.values_list(
                "code", "person_id", "org_no", "wanted", "lacks"
            )
        ]
        given = Review.objects.filter(application__in=found.values("pk"), is_appeal=is_appeal, given_at__isnull=False)
        judgements = sorted(given.values_list("application__code", "total"))
    return {
        "applications": pl.DataFrame(rows, schema=APPLICATIONS, orient="row"),
        "judgements": pl.DataFrame(judgements, schema=JUDGEMENTS, orient="row"),
    }
