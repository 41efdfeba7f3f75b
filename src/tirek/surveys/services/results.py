"""Close the books of a round: seal its answers, compute, publish."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping

import polars as pl
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import loading
from tirek.decisions import queries as decisions
from tirek.decisions.services import record
from tirek.surveys.decided.results import closed
from tirek.surveys.forms.joining import Item, answer_of, joined
from tirek.surveys.kinds import RESULTS
from tirek.surveys.models import (
    FormVersion,
    PublishedScale,
    Response,
    Round,
    RoundSchool,
    RoundState,
    Sampling,
    StepKind,
)
from tirek.surveys.queries import rounds as queries
from tirek.surveys.queries.results import definitions_of
from tirek.surveys.queries.successors import going_on_in
from tirek.surveys.refusals import SurveyRefused
from tirek.surveys.rights import check_may_manage
from tirek.surveys.services.rounds import note_step
from tirek.surveys.services.sampling import decision_range

ITEMS = {
    "item": pl.String, "kind": pl.String, "choices": pl.String, "versions": pl.String, "scale": pl.String,
    "reverse": pl.Boolean, "lowest": pl.Float64, "highest": pl.Float64,
}  # fmt: skip


@transaction.atomic
def publish_results(*, round_id: int, by: User | None, now: dt.datetime) -> Round:
    """Compute the results of a closed round and publish them. Done again, the new decision supersedes the old."""
    with loading():
        found = Round.objects.select_related("form", "version").filter(pk=round_id).first()
    if found is None:
        raise SurveyRefused(_("There is no such round."), code="round_absent")
    check_may_manage(found.org_lo, found.org_hi)
    if found.state != RoundState.CLOSED:
        raise SurveyRefused(_("Results come when the round is closed: until then answers still come in."), code="state")
    with loading():
        found = Round.objects.select_for_update(of=("self",)).select_related("form", "version").get(pk=round_id)
        inputs = inputs_of(found)
        if inputs["responses"] is None:
            raise SurveyRefused(_("Nobody has answered: there is nothing to compute."), code="no_answers")
        decision = record(
            kind=RESULTS,
            inputs=inputs | {"responses": closed(inputs["responses"])},
            parameters={"round": found.code, "org_lo": found.org_lo},
            by=by,
            now=now,
            org=decision_range(found),
            on=timezone.localdate(now),
            supersedes=found.result_number or None,
        )
        _keep_scales(found, decision)
        found.result_number = decision.number
        found.save(update_fields=["result_number"])
        note_step(found, StepKind.RESULTS, by, now, decision.number)
    return found


def inputs_of(found: Round) -> dict:
    """Answers without anybody's mark but the school, counts of the register, questions."""
    items = joined(definitions_of(found))
    numbers = dict(FormVersion.objects.filter(form_id=found.form_id).values_list("pk", "number"))
    rows = Response.objects.filter(round=found).order_by("pk").values_list("org_no", "version_id", "answers")
    answered = Response.objects.filter(round=found).order_by().values_list("org_no", flat=True).distinct()
    now_in = going_on_in(answered, timezone.localdate(found.closed_at))
    columns: dict[str, list] = {"org_no": [], "version": []} | {item.key: [] for item in items}
    for org_no, version_id, answers in rows.iterator(chunk_size=5000):
        number = numbers[version_id]
        columns["org_no"].append(now_in[org_no])
        columns["version"].append(number)
        for item in items:
            columns[item.key].append(answer_of(item, number, answers))
    schema = {"org_no": pl.Int64, "version": pl.Int64} | {item.key: pl.String for item in items}
    answers = pl.DataFrame(columns, schema=schema) if columns["org_no"] else None
    return {"responses": answers, "items": _items(found, items), "frame": _frame(found)}


def _items(found: Round, items: list[Item]) -> pl.DataFrame:
    measures: Mapping[str, dict] = found.version.measures.get("items", {})
    rows = []
    for item in items:
        measure = measures.get(item.name, {}) if item.limits else {}
        low, high = item.limits or (0.0, 0.0)
        rows.append(
            (item.key, item.kind, json.dumps(item.choices), json.dumps(item.versions), measure.get("scale", ""),
             bool(measure.get("reverse")), low, high)
        )  # fmt: skip
    return pl.DataFrame(rows, schema=ITEMS, orient="row")


def _frame(found: Round) -> pl.DataFrame:
    """Schools as they stood on the closing day: one that was merged by then is counted with the one it goes on in."""
    on = timezone.localdate(found.closed_at)
    schools = list(RoundSchool.objects.filter(round=found).order_by("org_no"))
    now_in = going_on_in([school.org_no for school in schools], on)
    numbers: dict[int, tuple[int, int]] = {}
    for school in schools:
        frame, invited = numbers.get(now_in[school.org_no], (0, 0))
        numbers[now_in[school.org_no]] = (frame + school.frame, invited + school.invited)
    codes, districts = queries.codes_of_schools(numbers, on), queries.districts_of(numbers, on)
    classes = classes_drawn(found)
    drawn: dict[int, int] = {}
    for org_no, n in classes.items():
        here = now_in.get(org_no) or going_on_in([org_no], on)[org_no]
        drawn[here] = drawn.get(here, 0) + n
    rows = [(no, codes.get(no, str(no)), districts[no], *numbers[no], drawn.get(no, 0)) for no in sorted(numbers)]
    schema = {
        "org_no": pl.Int64,
        "school": pl.String,
        "district": pl.String,
        "frame": pl.Int64,
        "invited": pl.Int64,
        "classes": pl.Int64,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def classes_drawn(found: Round) -> dict[int, int]:
    """How many classes were drawn in each school; none where persons were drawn or all were asked."""
    if found.sampling != Sampling.CLASSES or not found.sample_number:
        return {}
    outcomes = decisions.table(decisions.decision(found.sample_number), "outcomes")
    return {
        row["org_no"]: row["numbers"]["chosen"]
        for row in decisions.outcome_rows(outcomes)
        if row["numbers"]["chosen"] < row["numbers"]["units"]
    }


def _keep_scales(found: Round, decision) -> None:
    """What the decision says of schools' scales, for those who look up a school."""
    table = decisions.table(decision, "scales").filter(pl.col("group_kind") == "school")
    frame = decisions.table(decision, "frame")
    place = {school: (no, invited) for school, no, invited in frame.select("school", "org_no", "invited").iter_rows()}
    titles = found.version.measures.get("scales", {})
    PublishedScale.objects.filter(round=found).delete()
    PublishedScale.objects.bulk_create([
        PublishedScale(
            round=found, org_no=place[row["group"]][0], number=decision.number, audience=found.audience,
            form_code=found.form.code, form_version=found.version.number, scale_code=row["scale"],
            title=titles.get(row["scale"], {}), mean=row["mean"], low_share=row["low_share"], n=row["n"],
            invited=place[row["group"]][1], closed_on=timezone.localdate(found.closed_at),
        )
        for row in table.iter_rows(named=True)
    ])  # fmt: skip
