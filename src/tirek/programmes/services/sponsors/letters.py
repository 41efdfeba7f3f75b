"""What sponsors get on paper: the statement of their money, and the letter about an overdue pledge."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from tirek.access.models import User
from tirek.access.scope import loading
from tirek.documents import services as documents
from tirek.documents.models import Document
from tirek.ledger.money import tenge
from tirek.ledger.queries import last_seal
from tirek.programmes.models import Agreement, Pledge, Programme, Sponsor, SponsorMove, SponsorStep, SponsorUser
from tirek.programmes.queries.sponsors.becoming import became_of
from tirek.programmes.queries.sponsors.money import pledge_rows, totals
from tirek.programmes.refusals import BadInput, NotThere, WrongState, must
from tirek.programmes.services.sponsors.steps import record, rules_of
from tirek.programmes.sponsor_words import PLEDGE_TASK
from tirek.tasks import services as tasks

LANGUAGES = ("kk", "ru", "en")


def issue_statement(
    *,
    sponsor: Sponsor,
    agreements: Sequence[Agreement],
    language: str,
    base_address: str,
    by: User | None,
    now: dt.datetime,
) -> Document:
    """The sponsor's page as a PDF of this day: promised, came, ordered, accepted, paid, rooms, what waits.

    ``agreements`` are those that the asker may see; the document is sealed and can be checked by its code.
    """
    if language not in LANGUAGES:
        raise BadInput(_("The statement comes in Kazakh, Russian and English."))
    if not agreements:
        raise NotThere(_("There is no agreement to state anything of."))
    today = timezone.localdate(now)
    with translation.override(language):
        content = _statement(sponsor, agreements, language, today)
        title = _("Statement: what became of the money")
    with loading():
        return documents.issue(
            template="report", title=title, content=content, language=language, base_address=base_address, by=by, now=now,
            org_no=sponsor.org_lo,
        )  # fmt: skip


def _statement(sponsor: Sponsor, agreements: Sequence[Agreement], language: str, today: dt.date) -> dict:
    sums, became = totals(agreements, today), became_of(agreements, today)
    seal = last_seal()
    named = {a.pk: f"{a.number}, {getattr(a.programme, f'name_{language}') or a.programme.name_kk}" for a in agreements}
    facts = [
        (_("Agreements"), "; ".join(named.values())), (_("Agreed"), tenge(sums.agreed)), (_("Received"), tenge(sums.received)),
        (_("Earmarked"), tenge(sums.earmarked)), (_("Ordered"), tenge(sums.ordered)), (_("Accepted works"), tenge(sums.accepted)),
        (_("Paid to suppliers"), tenge(sums.paid)), (_("Paid in advance, not accepted yet"), tenge(sums.advance)),
        (_("Returned unspent"), tenge(sums.returned)), (_("Overdue pledges"), tenge(sums.overdue)),
    ]  # fmt: skip
    if became.pupils:
        facts.append((_("Pupils of the schools with accepted rooms"), str(became.pupils)))
    if seal is not None:
        facts.append(
            (_("Digest of the ledger"), f"{seal.sha256} ({date_format(timezone.localtime(seal.at), 'DATE_FORMAT')})")
        )
    pledges = [
        [d.pledge.agreement.number, str(d.pledge.position), date_format(d.pledge.due_date, "SHORT_DATE_FORMAT"),
         tenge(d.pledge.amount_tiyn), tenge(d.received_tiyn), _("%(n)s days late") % {"n": d.days_late} if d.days_late else ""]
        for d in pledge_rows(agreements, today)
    ]  # fmt: skip
    marks = [
        [
            r.earmark.code,
            became.schools.get(r.earmark.org_no, ""),
            r.earmark.title,
            tenge(r.earmark.amount_tiyn),
            tenge(r.accepted),
            tenge(r.paid),
        ]
        for r in became.earmarks
    ]
    rooms = [
        [r.school, r.room, r.title, r.state_label, date_format(r.accepted_on or r.since, "SHORT_DATE_FORMAT")]
        for r in became.rooms
    ]
    sections = [
        {"title": "", "facts": [list(fact) for fact in facts]},
        _table(_("Promised and received"), [_("Agreement"), _("Tranche"), _("Due"), _("Promised"), _("Received"), ""], pledges, [3, 4]),
        _table(_("What it is for"), [_("Earmark"), _("School"), _("What for"), _("Amount"), _("Accepted"), _("Paid")], marks, [3, 4, 5]),
        _table(_("Rooms"), [_("School"), _("Room"), _("What is done"), _("State"), _("Since")], rooms, []),
    ]  # fmt: skip
    return {
        "subtitle": getattr(sponsor, f"name_{language}"), "synthetic": sponsor.is_synthetic, "sections": sections,
        "lead": tenge(sums.accepted), "lead_note": _("accepted; paid to suppliers: %(paid)s") % {"paid": tenge(sums.paid)},
    }  # fmt: skip


def _table(title: str, columns: list[str], rows: list[list[str]], right: list[int]) -> dict:
    if not rows:
        return {"title": title, "paragraphs": [_("Nothing yet.")]}
    return {"title": title, "columns": columns, "rows": rows, "right": right}


@transaction.atomic
def remind_of_pledge(*, pledge_id: int, base_address: str, by: User, now: dt.datetime) -> SponsorStep:
    """A letter about an overdue pledge, and a task for each of the sponsor's users. Not again within the days of the rule."""
    pledge = Pledge.objects.select_for_update(of=("self",)).filter(pk=pledge_id).first()
    if pledge is None:
        raise NotThere(_("There is no such pledge, or it is not yours to see."))
    agreement = Agreement.objects.select_related("sponsor", "programme").get(pk=pledge.agreement_id)
    must("sponsors.manage", agreement.org_lo, agreement.org_hi)
    today = timezone.localdate(now)
    due = next(d for d in pledge_rows([agreement], today) if d.pledge.pk == pledge.pk)
    if not due.days_late:
        raise WrongState(_("This pledge is not overdue."))
    days = int(rules_of(agreement, today).value("remind_again_days"))
    last = SponsorStep.objects.filter(pledge=pledge, kind=SponsorMove.REMINDED).order_by("-pk").first()
    if last is not None and last.at > now - dt.timedelta(days=days):
        raise WrongState(
            _("A letter left on %(day)s. The next one leaves after %(days)s days at the earliest.")
            % {"day": date_format(timezone.localtime(last.at), "DATE_FORMAT"), "days": days}
        )
    letter = _letter(agreement, due, base_address, by, now)
    _ask_sponsor(agreement, pledge, by, now)
    return record(
        agreement.sponsor, SponsorMove.REMINDED, org=(agreement.org_lo, agreement.org_hi), by=by, now=now,
        agreement=agreement, pledge=pledge, amount_tiyn=due.left_tiyn, document=letter.number,
    )  # fmt: skip


def _letter(agreement: Agreement, due, base_address: str, by: User, now: dt.datetime) -> Document:
    language = "kk"  # letters of the office leave in the state language
    with translation.override(language):
        text = _(
            "By the agreement %(agreement)s, tranche %(position)s of %(amount)s was due on %(day)s. %(received)s have come so far. "
            "We ask you to send the rest, %(left)s, or to tell us when it will come."
        ) % {
            "agreement": agreement.number, "position": due.pledge.position, "amount": tenge(due.pledge.amount_tiyn),
            "day": date_format(due.pledge.due_date, "DATE_FORMAT"), "received": tenge(due.received_tiyn),
            "left": tenge(due.left_tiyn),
        }  # fmt: skip
        content = {
            "subtitle": agreement.sponsor.name_kk, "sections": [{"paragraphs": [text]}],
            "issuer": agreement.programme.office or agreement.programme.name_kk, "synthetic": agreement.sponsor.is_synthetic,
        }  # fmt: skip
        title = _("Reminder of a pledge")
    return documents.issue(
        template="report", title=title, content=content, language=language, base_address=base_address, by=by, now=now,
        org_no=agreement.org_lo,
    )  # fmt: skip


def _ask_sponsor(agreement: Agreement, pledge: Pledge, by: User, now: dt.datetime) -> None:
    programme: Programme = agreement.programme
    said = {
        "sponsor": agreement.sponsor.code, "agreement": agreement.number, "position": pledge.position,
        "day": pledge.due_date.isoformat(), "programme_kk": programme.name_kk, "programme_ru": programme.name_ru,
        "programme_en": programme.name_en,
    }  # fmt: skip
    for user_id in SponsorUser.objects.filter(sponsor=agreement.sponsor).values_list("user_id", flat=True):
        tasks.ask(
            org_nos=[agreement.org_lo], user_id=user_id, kind=PLEDGE_TASK, subject=f"pledge:{pledge.pk}:{user_id}",
            parameters=said, by=by, now=now,
        )  # fmt: skip
