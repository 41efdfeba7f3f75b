"""The commission: a decision on all that is judged, its consequences in the register, letters, appeals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import current_scope, loading
from tirek.cpd.decided.sealing import fresh_inputs
from tirek.cpd.kinds import CERTIFICATION
from tirek.cpd.models import Appeal, Application, ApplicationState, CategoryRecord, Review, Window
from tirek.cpd.queries.criteria import rules_of_window
from tirek.cpd.refusals import BadValue, NotThere, WrongState, must, must_cover
from tirek.cpd.services.certification import _own, move, note, window_of
from tirek.cpd.services.experts import _draw, _wanted
from tirek.decisions import queries as journal
from tirek.decisions import services as decisions
from tirek.documents import services as documents
from tirek.registry.models import Employment
from tirek.registry.services.refusals import RegistryRefusal
from tirek.registry.services.staff import change_category
from tirek.tasks.services import tell

Say = Callable[[int, int, str], None]


def prepare(*, window_code: str, by: User | None, now: dt.datetime):
    """A draft over everything that is judged in the window, for the commission to read and publish."""
    must("growth.manage")
    window = window_of(window_code)
    return _record(window, {"stage": "first", "window": window.code}, by, now)


def _record(window: Window, parameters: dict, by: User | None, now: dt.datetime, person_id: int | None = None):
    inputs = fresh_inputs(parameters)
    if not inputs["applications"].height:
        raise WrongState(_("No application waits for the commission in this window."), code="nothing_judged")
    return decisions.record(
        kind=CERTIFICATION, inputs=inputs, parameters=parameters | {"commission": window.commission},
        org=(window.org_lo, window.org_hi), person_id=person_id, by=by, now=now,
    )  # fmt: skip


def publish(*, number: str, base_address: str, by: User | None, now: dt.datetime, tell_progress: Say | None = None):
    """The commission publishes its decision: categories change in the register, applicants get letters."""
    must("growth.certify")
    decision = journal.decision(number)
    if decision.kind != CERTIFICATION:
        raise NotThere(_("This is no decision on categories."))
    must_cover(decision.org_lo, decision.org_hi)
    asker = current_scope()
    with transaction.atomic():
        with loading():
            decision = _published(number, by, now)
            rows = journal.outcome_rows(journal.table(decision, "outcomes"))
            found = {
                made.code: made
                for made in Application.objects.select_for_update(of=("self",)).select_related("window")
                .filter(window__code=decision.parameters["window"], code__in=[row["subject"] for row in rows])
            }  # fmt: skip
        for place, row in enumerate(rows, start=1):
            _follow(found[row["subject"]], row, decision, asker, base_address, by, now)
            if tell_progress:
                tell_progress(place, len(rows), _("Categories are entered and letters written"))
    return decision


def _published(number: str, by: User | None, now: dt.datetime):
    """Published now; or published before on the journal's own page, and its consequences not drawn yet."""
    try:
        return decisions.publish(number, by=by, now=now)
    except decisions.AlreadyPublished:
        found = journal.decision(number)
        codes = [row["subject"] for row in journal.outcome_rows(journal.table(found, "outcomes"))]
        waiting = [ApplicationState.JUDGED, ApplicationState.APPEALED]
        if Application.objects.filter(code__in=codes, state__in=waiting).exists():
            return found
        raise


def _follow(
    made: Application, row: dict, decision, asker, base_address: str, by: User | None, now: dt.datetime
) -> None:
    today = now.date()
    is_appeal = made.state == ApplicationState.APPEALED
    words = decision.number
    if row["result"]["awarded"]:
        words = _enter_category(made, decision, asker, today, now) or words
    with loading():
        made.state = ApplicationState.AWARDED if row["result"]["awarded"] else ApplicationState.REFUSED
        made.decided_on, made.decision_number = today, decision.number
        made.document_number = _letter(made, row, decision, base_address, by, now).number
        made.save(update_fields=["state", "decided_on", "decision_number", "document_number"])
        note(made, by, now, words)
        if is_appeal:
            Appeal.objects.filter(application=made).update(decision_number=decision.number)
        users = User.objects.filter(person_id=made.person_id, is_active=True).values_list("pk", flat=True)
        tell(
            user_ids=list(users), kind="growth_decided", parameters={"title": made.code}, now=now,
            link=reverse("cpd:application", args=[made.code]),
        )  # fmt: skip


def _enter_category(made: Application, decision, asker, today: dt.date, now: dt.datetime) -> str:
    """Into the register, through its own service; what it refuses is noted, and the decision stands all the same."""
    with loading():
        employment = Employment.objects.filter(person_id=made.person_id, is_main=True, valid__upper_inf=True).first()
        rules = rules_of_window(made.window, today)
        CategoryRecord.objects.filter(person_id=made.person_id, ended_by_number="", until_date__gt=today).update(
            until_date=today, ended_by_number=decision.number
        )
        CategoryRecord.objects.create(
            person_id=made.person_id, org_no=made.org_no, category=made.wanted, from_date=today,
            until_date=_years_on(today, int(rules.value("valid_years"))), decision_number=decision.number,
        )  # fmt: skip
    if employment is None:
        return _("%(number)s. The register knows no employment now, so the category is not entered there.") % {
            "number": decision.number
        }
    try:
        change_category(employment_id=employment.pk, category=made.wanted, from_date=today, by=asker, now=now)
    except RegistryRefusal as refusal:
        return f"{decision.number}. {refusal.message}"
    return ""


def _letter(made: Application, row: dict, decision, base_address: str, by: User | None, now: dt.datetime):
    from tirek.decisions.kinds import kind_of

    language = made.language if made.language in ("kk", "ru") else "kk"
    reason = journal.reason_texts(kind_of(CERTIFICATION), row["reason"], row["numbers"])[language]
    with translation.override(language):
        given = Review.objects.filter(
            application=made, is_appeal=decision.parameters["stage"] == "appeal", given_at__isnull=False
        )
        content = {
            "issuer": made.window.commission,
            "subtitle": made.person_name,
            "lead": made.get_wanted_display(),
            "lead_note": _("category given") if row["result"]["awarded"] else _("category not given"),
            "sections": [
                {"paragraphs": [reason]},
                {
                    "facts": [
                        [_("Application"), made.code],
                        [_("Decision"), decision.number],
                        [_("Category before"), made.get_current_display()],
                        [
                            _("Points of the experts"),
                            ", ".join(str(total) for total in sorted(r.total or 0 for r in given)),
                        ],
                        [_("You may appeal until"), date_format(_appeal_until(made, now.date()), "DATE_FORMAT")],
                    ]
                },
            ],
        }
        title = _("Decision on a category")
    return documents.issue(
        template="report", title=title, content=content, language=language, base_address=base_address, by=by, now=now,
        org_no=made.org_no, person_id=made.person_id,
    )  # fmt: skip


def _appeal_until(made: Application, decided_on: dt.date) -> dt.date:
    rules = rules_of_window(made.window, decided_on)
    return decided_on + dt.timedelta(days=int(rules.value("appeal_days")))


def appeal_until(made: Application) -> dt.date | None:
    """The last day for an appeal; None where there is nothing to appeal against, or an appeal was heard already."""
    if made.state != ApplicationState.REFUSED or made.decided_on is None:
        return None
    if Appeal.objects.filter(application=made).exists():
        return None
    return _appeal_until(made, made.decided_on)


@transaction.atomic
def appeal(*, code: str, text: str, by: User, now: dt.datetime) -> Appeal:
    """The applicant does not agree: other experts judge anew."""
    made = _own(code, by, {ApplicationState.REFUSED})
    until = appeal_until(made)
    if until is None:
        raise WrongState(_("Your appeal was heard already. Its decision is final here."), code="appealed_already")
    if now.date() > until:
        raise WrongState(
            _("An appeal was possible until %(day)s.") % {"day": date_format(until, "DATE_FORMAT")}, code="too_late"
        )
    if len(text.strip()) < 20:
        raise BadValue(_("Say in a few sentences why you do not agree."), code="text_short", field="text")
    with loading():
        window = Window.objects.select_for_update().get(pk=made.window_id)
        found = Appeal.objects.create(
            application=made, org_no=made.org_no, person_id=made.person_id, text=text.strip(), sent_at=now,
            against_number=made.decision_number,
        )  # fmt: skip
        move(made, ApplicationState.APPEALED, by, now)
        _draw(window, [made], by, now)
    return found


def decide_appeal(*, code: str, base_address: str, by: User | None, now: dt.datetime):
    """What the other experts say stands: the earlier decision is confirmed, or the category is given."""
    must("growth.certify")
    made = Application.objects.select_related("window").filter(code=code).first()
    if made is None:
        raise NotThere(_("There is no such application."))
    window = window_of(made.window.code)
    if made.state != ApplicationState.APPEALED or not appeal_is_judged(made):
        raise WrongState(_("The experts of the appeal have not all judged yet."), code="not_judged")
    with transaction.atomic():
        parameters = {"stage": "appeal", "window": window.code, "application": made.code}
        draft = _record(window, parameters, by, now, person_id=made.person_id)
        return publish(number=draft.number, base_address=base_address, by=by, now=now)


def appeal_is_judged(made: Application) -> bool:
    with loading():
        own = list(Review.objects.filter(application=made, is_appeal=True, declined_because=""))
        rules = rules_of_window(made.window, made.decided_on or made.sent_at.date())
        return bool(own) and all(r.given_at for r in own) and not _wanted(made, own, rules)


def _years_on(day: dt.date, years: int) -> dt.date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)
