"""Codes: printed for handing out, or given by a poster's link."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import loading
from tirek.storage.typed_codes import new_code, shown_code
from tirek.surveys.models import AccessCode, CodeSource, Round, RoundSchool, RoundState, StepKind
from tirek.surveys.queries import answering
from tirek.surveys.queries import rounds as queries
from tirek.surveys.refusals import NotAnswerable, SurveyRefused
from tirek.surveys.rights import check_may_invite
from tirek.surveys.services.rounds import note_step, set_links

MOST_SALTS = 20


@dataclass(frozen=True)
class Slip:
    """A slip with a code. ``number`` tells slips apart on paper; nobody writes down who got which."""

    number: int
    code: str
    class_label: str


@transaction.atomic
def printed_slips(
    *, round_id: int, org_no: int, count: int, class_label: str, by: User, now: dt.datetime
) -> list[Slip]:
    """Slips of a school (of one class, if named), made as far as they are missing; printed again they stay the same."""
    check_may_invite(org_no)
    with loading():
        school = _school(round_id, org_no)
        if school.round.state != RoundState.OPEN:
            raise SurveyRefused(_("Codes are printed while the round is open."), code="state")
        if not 1 <= count <= max(school.invited, 1):
            raise SurveyRefused(
                _("Print between 1 and %(n)s slips: so many are invited at this school.") % {"n": school.invited},
                code="count",
            )
        have = list(
            AccessCode.objects.filter(school=school, source=CodeSource.PRINTED, class_label=class_label).order_by(
                "number"
            )
        )
        total = AccessCode.objects.filter(school=school, source=CodeSource.PRINTED).count()
        if total + max(0, count - len(have)) > school.invited:
            raise SurveyRefused(
                _("That would be more slips than are invited at this school (%(n)s).") % {"n": school.invited},
                code="count",
            )
        number = total
        while len(have) < count:
            number += 1
            have.append(_new_printed(school, number, class_label))
    return [
        Slip(code.number, shown_code(queries.printed_code(school.pk, code.number, 1, code.salt)), code.class_label)
        for code in have[:count]
    ]


def _new_printed(school: RoundSchool, number: int, class_label: str) -> AccessCode:
    """The salt goes up in the rare case that another slip has the same code."""
    grade = "".join(sign for sign in class_label if sign.isdigit())
    for salt in range(MOST_SALTS):
        digest = queries.code_hash(queries.printed_code(school.pk, number, 1, salt))
        if not AccessCode.objects.filter(code_hash=digest).exists():
            return AccessCode.objects.create(
                round=school.round, school=school, org_no=school.org_no, source=CodeSource.PRINTED, number=number,
                class_label=class_label[:24], grade=int(grade) if grade else None, code_hash=digest, salt=salt,
            )  # fmt: skip
    raise SurveyRefused(_("No free code was found. Try again."), code="no_code")


def poster_code(*, key: str, now: dt.datetime) -> str:
    """A code of its own for a device that opened the poster's link. Gives the code as it is typed."""
    with loading():
        school = answering.school_of_poster(key)
        if school is None or not school.round.has_poster:
            raise NotAnswerable(
                _("This link opens nothing any more. Ask the school for a new poster."), code="unknown", http_status=404
            )
        check_round_open(school.round, now)
        if queries.finished_at(school) >= school.invited:
            raise NotAnswerable(
                _("As many have answered here as are invited. If you have not, ask the school for a printed code."),
                code="full",
            )
        for _try in range(MOST_SALTS):
            code = new_code()
            try:
                with transaction.atomic():
                    AccessCode.objects.create(
                        round=school.round, school=school, org_no=school.org_no, source=CodeSource.POSTER,
                        code_hash=queries.code_hash(code),
                    )  # fmt: skip
            except IntegrityError:
                continue
            return code
    raise NotAnswerable(_("No free code was found. Try again."), code="no_code")


def check_round_open(found: Round, now: dt.datetime) -> None:
    """Raises `NotAnswerable` outside the days of a round."""
    today = timezone.localdate(now)
    if found.state == RoundState.OPEN and found.opens_on <= today <= found.closes_on:
        return
    if found.state in (RoundState.PLANNED, RoundState.OPEN) and today < found.opens_on:
        raise NotAnswerable(_("This questionnaire has not begun yet."), code="too_early")
    raise NotAnswerable(_("This questionnaire is closed. Thank you for wanting to answer."), code="closed")


@transaction.atomic
def renew_links(*, round_id: int, org_no: int, by: User, now: dt.datetime) -> RoundSchool:
    """Withdraw a school's poster and Collect links and make new ones: codes given already still work."""
    check_may_invite(org_no)
    with loading():
        school = _school(round_id, org_no)
        set_links(school, school.series + 1)
        note_step(school.round, StepKind.LINKS, by, now, str(org_no))
    return school


def _school(round_id: int, org_no: int) -> RoundSchool:
    found = RoundSchool.objects.select_for_update(of=("self",)).select_related("round__form")
    school = found.filter(round_id=round_id, org_no=org_no).first()
    if school is None:
        raise SurveyRefused(_("This school does not take part in the round."), code="school_absent")
    return school
