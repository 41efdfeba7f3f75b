"""Choose comparison schools before outcomes, estimate what the programme changed, publish or withdraw both."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import loading
from tirek.decisions import queries as journal
from tirek.decisions import services as decisions
from tirek.programmes.kinds_impact import COMPARISON, IMPACT
from tirek.programmes.models import Participation, Programme
from tirek.programmes.queries import impact as queries
from tirek.programmes.queries.impact import Outcome
from tirek.programmes.queries.impact_design import design_inputs, waves_of
from tirek.programmes.queries.impact_panel import first_later_day, panel_inputs
from tirek.programmes.refusals import BadInput, NotThere, WrongState, must
from tirek.storage.sealed import digest_of
from tirek_engines.errors import Refusal

Tell = Callable[[int, int, str], None]
LONGEST_PLAN = 2000


def nobody(done: int, total: int, message: str) -> None:
    """Progress that nobody reads."""


@transaction.atomic
def choose_comparison(
    *,
    slug: str,
    outcome: Outcome,
    begins: dt.date,
    question: str,
    by: User | None,
    now: dt.datetime,
    tell: Tell = nobody,
):
    """Draft the choice of comparison schools together with the plan of the analysis, sealed as one.

    `begins` is the last day that counts as before the programme; `question` says in words what is to be found out. Asked
    twice from the same data on one day, it is the same decision.
    """
    programme = _right(slug)
    day = timezone.localdate(now)
    _check_plan(programme, begins, question, day)
    tell(0, 2, _("Reading the results of earlier years"))
    with loading():
        if not Participation.objects.filter(programme=programme).exists():
            raise WrongState(_("No school takes part yet. Choose the schools first, then those to compare them with."))
        inputs = design_inputs(programme, subject=outcome.subject, grade=outcome.grade, begins=begins, day=day)
        seen = first_later_day(programme, outcome.subject, outcome.grade, begins)
    parameters = {
        "programme": programme.slug, "subject": outcome.subject, "grade": outcome.grade, "day": day.isoformat(),
        "begins_on": begins.isoformat(), "question": question.strip(), "results_known": seen is not None and seen <= day,
        "estimand": "att_schools", "estimator": "did_two_way_or_group_time", "inference": "wild_cluster_bootstrap",
    }  # fmt: skip
    tell(1, 2, _("Choosing the comparison schools"))
    before = queries.published(programme, COMPARISON, outcome)
    key = f"comparison:{slug}:{digest_of(parameters)[:24]}:{''.join(digest_of(f)[:12] for f in inputs.values())}"
    try:
        return decisions.record(
            kind=COMPARISON, inputs=inputs, parameters=parameters, org=(programme.org_lo, programme.org_hi), by=by, now=now,
            supersedes=before.number if before else None, idempotency_key=_fresh_key(key),
        )  # fmt: skip
    except Refusal as refusal:
        raise _in_words(refusal) from refusal


def _check_plan(programme: Programme, begins: dt.date, question: str, day: dt.date) -> None:
    if not question.strip():
        raise BadInput(_("Say in words what is to be found out."), field="question")
    if len(question) > LONGEST_PLAN:
        raise BadInput(_("Say it in at most %(most)s characters.") % {"most": LONGEST_PLAN}, field="question")
    if begins > day:
        raise BadInput(_("The day lies in the future; results of before it are not all known yet."), field="begins")
    if programme.is_sister:
        raise WrongState(_("This programme is run elsewhere: its schools are not in this register."))


@transaction.atomic
def estimate_impact(*, slug: str, outcome: Outcome, by: User | None, now: dt.datetime, tell: Tell = nobody):
    """Draft the impact from the published results before and after, against the comparison that was chosen."""
    programme = _right(slug)
    chosen = queries.published(programme, COMPARISON, outcome)
    if chosen is None:
        raise WrongState(
            _("The comparison schools are not chosen, or their choice is not published yet. That comes first.")
        )
    begins = dt.date.fromisoformat(chosen.parameters["begins_on"])
    tell(0, 2, _("Reading the results before and after"))
    with loading():
        _check_waves(programme, outcome, begins)
        inputs = panel_inputs(
            programme, subject=outcome.subject, grade=outcome.grade, begins=begins, comparison=chosen.number
        )
        seen = first_later_day(programme, outcome.subject, outcome.grade, begins)
    parameters = {
        "programme": programme.slug, "subject": outcome.subject, "grade": outcome.grade, "comparison": chosen.number,
        "begins_on": begins.isoformat(), "day": timezone.localdate(now).isoformat(),
        "chosen_before": (seen - timezone.localdate(chosen.made_at)).days if seen else None,
        "question": chosen.parameters["question"],
    }  # fmt: skip
    tell(1, 2, _("Estimating, with 9,999 draws of the bootstrap"))
    before = queries.published(programme, IMPACT, outcome)
    key = f"impact:{slug}:{digest_of(parameters)[:24]}:{''.join(digest_of(f)[:12] for f in inputs.values())}"
    try:
        return decisions.record(
            kind=IMPACT, inputs=inputs, parameters=parameters, org=(programme.org_lo, programme.org_hi), by=by, now=now,
            supersedes=before.number if before else None, idempotency_key=_fresh_key(key),
        )  # fmt: skip
    except Refusal as refusal:
        raise _in_words(refusal) from refusal


def _check_waves(programme: Programme, outcome: Outcome, begins: dt.date) -> None:
    waves = waves_of(programme, outcome.subject, outcome.grade)
    if not any(wave.last_day <= begins for wave in waves):
        raise WrongState(
            _("There are no published results from before the programme, so that nothing can be compared.")
        )
    if not any(wave.last_day > begins for wave in waves):
        raise WrongState(
            _(
                "The results of the wave after the programme began are not published yet. The impact can be estimated then."
            )
        )


def _fresh_key(key: str) -> str:
    """The same data give the same draft; one that was withdrawn does not stand in the way of another."""
    with loading():
        found = journal.decisions().filter(idempotency_key__startswith=key)
        closed = found.filter(state__in=("withdrawn", "superseded")).count()
    return f"{key}:{closed}"


@transaction.atomic
def publish_impact(*, slug: str, number: str, by: User | None, now: dt.datetime):
    """Publish a draft of either kind; done twice, it changes nothing."""
    programme = _right(slug)
    found = _own(programme, number)
    if found.state == "published":
        return found
    must("decisions.publish")
    return decisions.publish(number, by=by, now=now)


@transaction.atomic
def withdraw_impact(*, slug: str, number: str, because: str, by: User | None, now: dt.datetime):
    """Take a choice or a run back, saying why. It stays readable."""
    programme = _right(slug)
    found = _own(programme, number)
    must("decisions.publish")
    if not because.strip():
        raise BadInput(_("Say why it is withdrawn."), field="because")
    if found.kind == COMPARISON and queries.decisions_of(programme, IMPACT).filter(
        state="published", parameters__contains={"comparison": number}
    ):
        raise WrongState(_("A published result rests on this choice. Withdraw that result first."))
    return decisions.withdraw(number, by=by, now=now, because=because)


def _own(programme: Programme, number: str):
    for kind in (COMPARISON, IMPACT):
        found = queries.decisions_of(programme, kind).filter(number=number).first()
        if found is not None:
            return found
    raise NotThere(_("This programme has no such decision."))


def _right(slug: str) -> Programme:
    programme = Programme.objects.filter(slug=slug).first()
    if programme is None:
        raise NotThere(_("There is no such programme."))
    must("programmes.manage", programme.org_lo, programme.org_hi)
    return programme


def _in_words(refusal: Refusal) -> Refusal:
    """What an engine refuses, in the reader's language."""
    fields = dict(refusal.fields)
    words = {
        "few_earlier_waves": _(
            "There are results of %(found)s waves from before the programme; comparison schools are chosen by %(wanted)s at"
            " least. Bring in the results of earlier years."
        ),
        "nobody_treated": _("No school takes part, so there is no impact to estimate."),
        "no_wave_before": _("There is no wave of results from before the first school joined."),
        "no_wave_after": _("There is no wave of results from after the schools joined."),
        "wave_missing": _("No school that takes part has results of every wave. Publish the wave that is missing."),
        "one_cluster": _("Only one school is left, so that no error can be told."),
        "no_contrast": _(
            "Once schools without results are left out, one side is empty, so that nothing can be compared."
        ),
    }
    if refusal.code not in words:
        return refusal
    return WrongState(words[refusal.code] % fields, code=refusal.code, **fields)
