"""Experts: who judges, drawn by lot without conflicts, and their blind judgements."""

from __future__ import annotations

import base64
import datetime as dt
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import current_scope, loading, signing_in
from tirek.cpd.blind import blinded, words_of
from tirek.cpd.models import Application, ApplicationState, Expert, Participation, Review, Standing, Window
from tirek.cpd.queries import conflicts
from tirek.cpd.queries.certification import overdue_reviews
from tirek.cpd.queries.criteria import criteria_of, rules_of_experts, rules_of_window
from tirek.cpd.queries.people import employments
from tirek.cpd.refusals import BadValue, NotThere, WrongState, must, must_cover, own_range
from tirek.cpd.services.certification import move, note_many, window_of
from tirek.decisions.rules import RuleSet
from tirek.registry.models import InstitutionState, Person
from tirek.registry.models.people import DISTRICT_SPAN
from tirek.tasks.services import tell
from tirek_engines.cpd import panel
from tirek_engines.cpd.eligibility import rank_of
from tirek_engines.cpd.judgement import settle

SHORTEST_REASON = 15
OVERDUE = "overdue"  # in place of the expert's own words
BATCH = 2_000


@dataclass(frozen=True)
class Drawn:
    """Applications that were given experts, and those for which too few were free of conflict."""

    given: int
    without: int


def add_expert(*, username: str, by: User | None, now: dt.datetime) -> Expert:
    """Somebody who signs in and has the category that the rules ask for. Place and category come from the register."""
    must("growth.manage")
    with signing_in():
        user = User.objects.filter(username__iexact=username.strip(), is_active=True, is_machine=False).first()
    employment = employments([user.person_id], now.date()).get(user.person_id) if user and user.person_id else None
    if user is None or employment is None:
        raise BadValue(
            _("Nobody who works at an institution signs in with this name. The account must be tied to a person."),
            code="no_such_user", field="username",
        )  # fmt: skip
    if conflicts.sees_applicants([user.pk], now.date()):
        raise BadValue(
            _("This person’s role shows applications with their names, so the judgement would not be blind. Choose another."),
            code="not_blind", field="username",
        )  # fmt: skip
    lo, hi = own_range()
    if not lo <= employment.org_no <= hi:
        raise BadValue(_("This person works outside your territory."), code="outside", field="username")
    with loading():
        found, _made = Expert.objects.update_or_create(
            user_id=user.pk, org_lo=lo,
            defaults={
                "org_hi": hi, "person_id": user.person_id, "full_name": employment.person_name, "is_active": True,
                "school_no": employment.org_no, "district_no": employment.org_no // DISTRICT_SPAN,
                "category": employment.category or "teacher",
            },
        )  # fmt: skip
    return found


def rest_expert(*, expert_id: int, by: User | None, now: dt.datetime) -> Expert:
    """Judges no more; what was given stays."""
    must("growth.manage")
    found = Expert.objects.filter(pk=expert_id).first()
    if found is None:
        raise NotThere(_("There is no such expert."))
    must_cover(found.org_lo, found.org_hi)
    found.is_active = not found.is_active
    found.save(update_fields=["is_active"])
    return found


def draw_experts(*, window_code: str, by: User | None, now: dt.datetime) -> Drawn:
    """Give experts to all complete applications, and to those that need another one."""
    must("growth.manage")
    window = window_of(window_code)
    with loading(), transaction.atomic():
        Window.objects.select_for_update().get(pk=window.pk)
        states = [ApplicationState.COMPLETE, ApplicationState.WITH_EXPERTS, ApplicationState.APPEALED]
        found = list(Application.objects.select_for_update().filter(window=window, state__in=states).order_by("code"))
        return _draw(window, found, by, now)


def _draw(window: Window, found: Sequence[Application], by: User | None, now: dt.datetime) -> Drawn:
    """The window is locked by the caller, who runs as the loader."""
    today = now.date()
    rules = rules_of_window(window, today)
    years = int(rules_of_experts(window, today).value("conflict_years"))
    reviews: dict[int, list[Review]] = {}
    for review in Review.objects.filter(application__in=[made.pk for made in found]):
        reviews.setdefault(review.application_id, []).append(review)
    applicants = conflicts.places([made.person_id for made in found], today, years)
    cases = {}
    for made in found:
        wanted = _wanted(made, reviews.get(made.pk, []), rules)
        if wanted:
            cases[made.code] = panel.Case(
                made.code, made.org_no, made.org_no // DISTRICT_SPAN, rank_of(made.wanted), wanted,
                frozenset(str(review.expert_id) for review in reviews.get(made.pk, [])), applicants.get(made.person_id, frozenset()),
            )  # fmt: skip
    if not cases:
        return Drawn(0, 0)
    experts = {str(expert.pk): expert for expert in conflicts.free_to_judge(window, today)}
    ties = conflicts.ties_of(experts.values(), today, years)
    load = _load(experts)
    drawn_before = Review.objects.filter(application__window=window).count()
    given = panel.draw(
        list(cases.values()),
        [
            panel.Expert(key, e.school_no, e.district_no, rank_of(e.category), load.get(e.pk, 0), ties[e.pk])
            for key, e in experts.items()
        ],
        seed=window.seed + drawn_before, lowest_rank=int(rules.value("expert_rank")),
    )  # fmt: skip
    chosen = [made for made in found if made.code in given]
    _assign(chosen, {code: [experts[key] for key in keys] for code, keys in given.items()}, window, now)
    fresh = [made for made in chosen if made.state == ApplicationState.COMPLETE]
    for made in fresh:
        made.state = ApplicationState.WITH_EXPERTS
    Application.objects.bulk_update(fresh, ["state"], batch_size=BATCH)
    note_many(fresh, by, now)
    return Drawn(len(given), len(cases) - len(given))


def _load(experts: Mapping[str, Expert]) -> dict[int, int]:
    load: dict[int, int] = {}
    for pk in Review.objects.filter(
        expert__in=[e.pk for e in experts.values()], given_at=None, declined_because=""
    ).values_list("expert_id", flat=True):
        load[pk] = load.get(pk, 0) + 1
    return load


def _wanted(made: Application, reviews: Sequence[Review], rules: RuleSet) -> int:
    """How many more experts an application needs now."""
    is_appeal = made.state == ApplicationState.APPEALED
    own = [review for review in reviews if review.is_appeal == is_appeal and not review.declined_because]
    first = int(rules.value("experts"))
    if len(own) < first:
        return first - len(own)
    given = [review.total for review in own if review.total is not None]
    if len(own) == first and len(given) == first:
        return int(settle(given, most_apart=int(rules.value("most_apart"))).needs_third)
    return 0


def _assign(
    chosen: Sequence[Application], experts: Mapping[str, Sequence[Expert]], window: Window, now: dt.datetime
) -> None:
    dossiers = _dossiers(chosen)
    made = [
        Review(
            application=application, expert=expert, user_id=expert.user_id, org_lo=window.org_lo, org_hi=window.org_hi,
            blind_code=base64.b32encode(secrets.token_bytes(5)).decode(), dossier=dossiers[application.pk],
            is_appeal=application.state == ApplicationState.APPEALED, assigned_at=now,
        )
        for application in chosen for expert in experts[application.code]
    ]  # fmt: skip
    Review.objects.bulk_create(made, batch_size=BATCH)
    tell(
        user_ids={review.user_id for review in made}, kind="growth_judge", parameters={"title": ""},
        link=reverse("cpd:reviews"), now=now,
    )  # fmt: skip


def _dossiers(chosen: Sequence[Application]) -> dict[int, dict]:
    """What experts read: written once, without name, school and place."""
    people = {p.pk: p for p in Person.objects.filter(pk__in=[made.person_id for made in chosen])}
    schools: dict[int, set[str]] = {}
    for org_no, *names in InstitutionState.objects.filter(org_no__in={made.org_no for made in chosen}).values_list(
        "org_no", "name_kk", "name_ru", "name_en", "territory__name_kk", "territory__name_ru"
    ):
        schools.setdefault(org_no, set()).update(words_of(*(name or "" for name in names)))
    courses: dict[int, list[dict]] = {}
    done = Participation.objects.filter(person_id__in=people, standing=Standing.COMPLETED).select_related(
        "cohort__course"
    )
    for row in done.order_by("-completed_on"):
        course = row.cohort.course
        courses.setdefault(row.person_id, []).append(
            {
                "kk": course.name_kk,
                "ru": course.name_ru,
                "en": course.name_en,
                "hours": row.hours,
                "year": row.completed_on.year,
            }
        )
    return {
        made.pk: {
            "current": made.current, "wanted": made.wanted, "subject": made.subject, "years": made.years, "hours": made.hours,
            "language": made.language, "courses": courses.get(made.person_id, []),
            "statements": {
                code: blinded(text, {*words_of(str(people[made.person_id]), made.person_name), *schools.get(made.org_no, ())})
                for code, text in made.statements.items()
            },
        }
        for made in chosen
    }  # fmt: skip


@transaction.atomic
def give_judgement(
    *, blind_code: str, points: Mapping[str, int], reasons: Mapping[str, str], by: User, now: dt.datetime
) -> Review:
    """Points and written reasons, once and for all. The last of two, or the third, ends the experts' part."""
    with loading():
        review, window = _own_review(blind_code, by)
        rules = rules_of_window(window, now.date())
        for criterion in criteria_of(rules):
            _check_points(criterion, points.get(criterion.code), reasons.get(criterion.code, ""))
        codes = [criterion.code for criterion in criteria_of(rules)]
        review.points = {code: int(points[code]) for code in codes}
        review.reasons = {code: reasons[code].strip()[:2000] for code in codes}
        review.total, review.given_at = sum(review.points.values()), now
        review.save(update_fields=["points", "reasons", "total", "given_at"])
        _go_on(review, window, rules, now)
    return review


def _check_points(criterion, given: int | None, reason: str) -> None:
    if given is None or not 0 <= given <= criterion.highest:
        raise BadValue(
            _("Give from 0 to %(highest)s points for “%(criterion)s”.")
            % {"highest": criterion.highest, "criterion": criterion.title},
            code="points_outside", field=f"points_{criterion.code}",
        )  # fmt: skip
    if len(reason.strip()) < SHORTEST_REASON:
        raise BadValue(
            _("Write for “%(criterion)s” why you give these points: the applicant will read it without your name.")
            % {"criterion": criterion.title},
            code="reason_short", field=f"reason_{criterion.code}",
        )  # fmt: skip


@transaction.atomic
def hand_back(*, blind_code: str, because: str, by: User, now: dt.datetime) -> Review:
    """The expert recognises the applicant, or cannot judge: another one is drawn at once."""
    if not because.strip():
        raise BadValue(_("Say why, in a few words."), code="reason_missing", field="because")
    with loading():
        review, window = _own_review(blind_code, by)
        review.declined_because = because.strip()[:300]
        review.save(update_fields=["declined_because"])
        _draw(window, [review.application], None, now)
    return review


@transaction.atomic
def take_back_overdue(*, window_code: str, by: User | None, now: dt.datetime) -> Drawn:
    """Dossiers that lie with an expert past the last day go to another one, wherever another is free; else they stay."""
    must("growth.manage")
    window = window_of(window_code)
    with loading():
        Window.objects.select_for_update().get(pk=window.pk)
        late = overdue_reviews(window, now.date())
        locked = list(late.select_for_update(of=("self",)).select_related("application"))
        given = sum(_given_to_another(review, window, now) for review in locked)
    return Drawn(given, len(locked) - given)


def _given_to_another(review: Review, window: Window, now: dt.datetime) -> bool:
    review.declined_because = OVERDUE
    review.save(update_fields=["declined_because"])
    if _draw(window, [review.application], None, now).given:
        return True
    review.declined_because = ""
    review.save(update_fields=["declined_because"])
    return False


def _own_review(blind_code: str, by: User) -> tuple[Review, Window]:
    """The expert's own, still open, with its window locked. For anybody else it does not exist."""
    found = (
        Review.objects.select_related("application__window").filter(blind_code=blind_code, user_id=by.pk or 0).first()
    )
    if found is None:
        raise NotThere(_("There is no such dossier for you."))
    window = Window.objects.select_for_update().get(pk=found.application.window_id)
    review = Review.objects.select_for_update(of=("self",)).select_related("application").get(pk=found.pk)
    if review.given_at or review.declined_because:
        raise WrongState(_("You have finished with this dossier; a judgement is not changed."), code="given_already")
    if review.application.state not in (ApplicationState.WITH_EXPERTS, ApplicationState.APPEALED):
        raise WrongState(
            _("The applicant has withdrawn the application. Nothing needs to be judged."), code="withdrawn"
        )
    return review, window


def _go_on(review: Review, window: Window, rules: RuleSet, now: dt.datetime) -> None:
    made = review.application
    own = list(Review.objects.filter(application=made, is_appeal=review.is_appeal, declined_because=""))
    if _wanted(made, own, rules):
        _draw(window, [made], None, now)
    elif all(other.given_at for other in own) and made.state == ApplicationState.WITH_EXPERTS:
        move(made, ApplicationState.JUDGED, None, now)


def is_expert() -> bool:
    """Whether the asker has ever been named an expert."""
    return Expert.objects.filter(user_id=current_scope().user_id or 0).exists()
