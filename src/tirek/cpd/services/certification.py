"""Applications for categories: windows, sending, checking whether they are complete, withdrawing."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import connection, transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import loading
from tirek.cpd.models import OPEN_STATES, Application, ApplicationState, ApplicationStep, Window
from tirek.cpd.queries.criteria import criteria_of, eligibility_of, rules_of_window
from tirek.cpd.queries.people import employments
from tirek.cpd.queries.portfolio import hours_between, years_of_work
from tirek.cpd.refusals import BadValue, NotAllowed, NotThere, WrongState, must, must_cover, own_range
from tirek_engines.cpd.eligibility import missing

SHORTEST_STATEMENT = 40
BATCH = 2_000
Tell = Callable[[int, int, str], None]


def open_window(*, code: str, facts: Mapping[str, Any], by: User | None, now: dt.datetime) -> Window:
    """Days, categories and the commission; the lot for the draw of experts is cast here, before anybody applies."""
    must("growth.manage")
    if Window.objects.filter(code__iexact=code).exists():
        raise BadValue(_("This code is taken. Choose another."), code="code_taken", field="code")
    if facts["closes_on"] < facts["opens_on"]:
        raise BadValue(_("The last day lies before the first."), code="bad_days", field="closes_on")
    lo, hi = own_range()
    return Window.objects.create(code=code, org_lo=lo, org_hi=hi, seed=secrets.randbits(31), **facts)


@transaction.atomic
def send(
    *, window_code: str, wanted: str, statements: Mapping[str, str], language: str, by: User, now: dt.datetime
) -> Application:
    """A teacher applies. Years, hours and the category held come from the register and the courses, not from the form."""
    must("growth.own")
    window = Window.objects.filter(code=window_code).first()
    today = now.date()
    if window is None:
        raise NotThere(_("There is no such window for applications."))
    if not window.opens_on <= today <= window.closes_on:
        raise WrongState(
            _("Applications are taken from %(first)s to %(last)s.")
            % {
                "first": date_format(window.opens_on, "DATE_FORMAT"),
                "last": date_format(window.closes_on, "DATE_FORMAT"),
            },
            code="window_closed",
        )
    if wanted not in window.categories:
        raise BadValue(_("This category is not given in this window."), code="category_not_offered", field="wanted")
    employment = employments([by.person_id], today).get(by.person_id) if by.person_id else None
    if employment is None or not window.org_lo <= employment.org_no <= window.org_hi:
        raise NotAllowed(_("The register knows no place in this territory where you work today. Ask your school."))
    rules = rules_of_window(window, today)
    texts = _texts(statements, [criterion.code for criterion in criteria_of(rules)])
    with loading():
        if Application.objects.select_for_update().filter(person_id=by.person_id, state__in=OPEN_STATES).exists():
            raise WrongState(
                _("You have an application under way. Wait for its decision, or withdraw it."), code="one_open"
            )
        made = Application.objects.create(
            code=f"A-{now.year}-{_next():06d}", window=window, person_id=by.person_id, org_no=employment.org_no,
            person_name=employment.person_name, sort_key=employment.sort_key, employment_id=employment.pk,
            current=employment.category or "teacher", wanted=wanted, subject=employment.subject,
            years=years_of_work(by.person_id, today),
            hours=hours_between(by.person_id, _years_before(today, int(rules.value("hours_period"))), today),
            statements=texts, language=language, state=ApplicationState.RECEIVED, sent_at=now,
        )  # fmt: skip
        note(made, by, now)
    return made


@transaction.atomic
def send_again(*, code: str, statements: Mapping[str, str], by: User, now: dt.datetime) -> Application:
    """What was returned as incomplete, with what was missing."""
    made = _own(code, by, {ApplicationState.INCOMPLETE})
    if now.date() > made.window.closes_on:
        raise WrongState(_("The window for applications is closed."), code="window_closed")
    rules = rules_of_window(made.window, now.date())
    with loading():
        made.statements = _texts(statements, [criterion.code for criterion in criteria_of(rules)])
        made.hours = hours_between(
            made.person_id, _years_before(now.date(), int(rules.value("hours_period"))), now.date()
        )
        made.lacks, made.state, made.sent_at = [], ApplicationState.RECEIVED, now
        made.save(update_fields=["statements", "hours", "lacks", "state", "sent_at"])
        note(made, by, now)
    return made


@transaction.atomic
def withdraw(*, code: str, by: User, now: dt.datetime) -> Application:
    """The applicant takes it back, as long as nothing is decided."""
    made = _own(code, by, set(OPEN_STATES) - {ApplicationState.APPEALED})
    return move(made, ApplicationState.WITHDRAWN, by, now)


def check_received(*, window_code: str, by: User | None, now: dt.datetime, tell: Tell | None = None) -> dict[str, int]:
    """Look whether what was received is complete, the oldest first; what lacks something is returned with every reason."""
    must("growth.manage")
    window = window_of(window_code)
    rules = rules_of_window(window, now.date())
    wanted = len(criteria_of(rules))
    limits = {category: eligibility_of(rules, category) for category in window.categories}
    counts = {"complete": 0, "incomplete": 0}
    with loading(), transaction.atomic():
        waiting = Application.objects.select_for_update().filter(window=window, state=ApplicationState.RECEIVED)
        found = list(waiting.order_by("sent_at", "id"))
        for start in range(0, len(found), BATCH):
            part = found[start : start + BATCH]
            for made in part:
                made.lacks = [
                    {"code": code, "numbers": numbers}
                    for code, numbers in missing(
                        current=made.current, wanted=made.wanted, years=made.years, hours=made.hours,
                        statements=sum(len(t) >= SHORTEST_STATEMENT for t in made.statements.values()),
                        statements_wanted=wanted, rules=limits[made.wanted],
                    )
                ]  # fmt: skip
                made.state = ApplicationState.INCOMPLETE if made.lacks else ApplicationState.COMPLETE
                counts["incomplete" if made.lacks else "complete"] += 1
            Application.objects.bulk_update(part, ["lacks", "state"])
            note_many(part, by, now)
            if tell:
                tell(start + len(part), len(found), _("Looking whether the applications are complete"))
    return counts


def window_of(code: str) -> Window:
    """A window of the asker's territory."""
    window = Window.objects.filter(code=code).first()
    if window is None:
        raise NotThere(_("There is no such window for applications."))
    must_cover(window.org_lo, window.org_hi)
    return window


def move(made: Application, state: str, by: User | None, now: dt.datetime, words: str = "") -> Application:
    with loading():
        made.state = state
        made.save(update_fields=["state"])
        note(made, by, now, words)
    return made


def note(made: Application, by: User | None, now: dt.datetime, words: str = "") -> None:
    note_many([made], by, now, words)


def note_many(made: Sequence[Application], by: User | None, now: dt.datetime, words: str = "") -> None:
    ApplicationStep.objects.bulk_create(
        [
            ApplicationStep(
                application=one, org_no=one.org_no, person_id=one.person_id, state=one.state, at=now,
                by_id=by.pk if by else None, by_name=str(by or ""), note=words[:2000],
            )
            for one in made
        ]
    )  # fmt: skip


def _own(code: str, by: User, states: set) -> Application:
    must("growth.own")
    with loading():
        made = (
            Application.objects.select_for_update(of=("self",)).select_related("window")
            .filter(code=code, person_id=by.person_id or 0).first()
        )  # fmt: skip
    if made is None:
        raise NotThere(_("There is no such application of yours."))
    if made.state not in states:
        raise WrongState(
            _("This is not possible while the application is “%(state)s”.") % {"state": made.get_state_display()}
        )
    return made


def _texts(statements: Mapping[str, str], codes: Sequence[str]) -> dict[str, str]:
    return {code: statements.get(code, "").strip()[:4000] for code in codes}


def _years_before(day: dt.date, years: int) -> dt.date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def _next() -> int:
    with connection.cursor() as cursor:
        cursor.execute("select nextval('cpd_application_number')")
        return int(cursor.fetchone()[0])
