"""The demonstration's programme step by step: what happened, the numbers as the records hold them, and where to look.

Each step is read from the records when it is shown: a step whose records are not there says so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.urls import reverse
from django.utils import timezone

from tirek.access.scope import loading
from tirek.assessment.models import Test, TestState
from tirek.cpd.models import Certificate
from tirek.decisions import queries as journal
from tirek.facilities.models import Acceptance, Photograph, Work, WorkState
from tirek.ledger.money import tenge
from tirek.programmes.kinds_impact import COMPARISON, IMPACT
from tirek.programmes.models import Agreement, Earmark, Need, Payment, Programme, Selection, Tranche
from tirek.programmes.queries import impact
from tirek.registry.models import InstitutionState, Room
from tirek.site.demo.programme import OTPAN
from tirek.storage.database import home


@dataclass(frozen=True)
class Step:
    """``address`` below the site's; ``account`` of the demonstration that may open it; ``is_there`` false: nothing is recorded."""

    title: str
    told: str
    address: str = ""
    account: str = "office"
    is_there: bool = True


@dataclass(frozen=True)
class Story:
    """The one room and the one teacher that are followed."""

    programme: Programme
    work: Work | None
    certificate: Certificate | None


def steps() -> Iterator[Step]:
    """The whole walk; nothing where no programme is loaded."""
    with loading():
        programme = Programme.objects.filter(slug=OTPAN).first()
        if programme is None:
            yield Step("The programme", "It is not loaded. Run: tirek demo load", is_there=False)
            return
        story = Story(programme, _work(), Certificate.objects.filter(revoked_at=None).order_by("pk").first())
        for tell in TOLD:
            yield tell(story)


def _work() -> Work | None:
    """An accepted work that a sponsor pays and, if there is one, that answers a need."""
    accepted = (
        Work.objects.filter(state=WorkState.ACCEPTED).exclude(earmark_code="").select_related("room", "institution")
    )
    return accepted.exclude(need_code="").order_by("pk").first() or accepted.order_by("pk").first()


def _register(story: Story) -> Step:
    today = timezone.localdate()
    n = InstitutionState.objects.filter(is_support_school=True, valid__contains=today).count()
    return Step("Register", f"{n} support schools stand in the register today.", reverse("registry:institutions"))


def _selection(story: Story) -> Step:
    chosen = Selection.objects.filter(programme=story.programme, is_extension=False).order_by("pk").first()
    if chosen is None:
        return _absent("Choice of schools")
    found = journal.decision(chosen.decision_number)
    told = f"Decision {chosen.decision_number} of {found.made_at:%d %B %Y}: {chosen.places} places, a reason for every candidate."
    return Step("Choice of schools", told, reverse("programmes:round", args=[OTPAN, chosen.decision_number]))


def _room(story: Story) -> Step:
    if story.work is None:
        return _absent("Condition of a room")
    room: Room = story.work.room
    told = (
        f"Room {room.number} ({room.get_purpose_display()}): walked through, photographed, held against the standard."
    )
    return Step("Condition of a room", told, reverse("programmes:room", args=[room.pk]), "coordinator")


def _need(story: Story) -> Step:
    number = story.work.need_code.removeprefix("N-") if story.work is not None else ""
    need = Need.objects.filter(number=int(number)).first() if number.isdecimal() else None
    need = need or Need.objects.filter(programme=story.programme).order_by("number").first()
    if need is None:
        return _absent("Need")
    told = f"Need N-{need.number}, proposed by decision {need.decision_number or '(a person)'}, is {need.get_state_display()}."
    return Step("Need", told, reverse("programmes:need", args=[need.number]))


def _money(story: Story) -> Step:
    agreements = Agreement.objects.filter(programme=story.programme)
    if not agreements.exists():
        return _absent("Sponsors")
    agreed = sum(agreements.values_list("amount_tiyn", flat=True))
    received = sum(Tranche.objects.filter(agreement__in=agreements, reversal="").values_list("amount_tiyn", flat=True))
    told = f"{agreements.count()} agreements over {tenge(agreed)}; {tenge(received)} received, each tranche posted in the ledger."
    return Step("Sponsors", told, reverse("programmes:sponsors"))


def _acceptance(story: Story) -> Step:
    if story.work is None:
        return _absent("Accepted work")
    signed = Acceptance.objects.filter(work=story.work, round=story.work.round).values_list("by_name", flat=True)
    pictures = Photograph.objects.filter(work=story.work).count()
    told = f"“{story.work.title}”, accepted on {story.work.accepted_on} by {len(signed)} people, with {pictures} photographs."
    return Step("Accepted work", told, reverse("facilities:work", args=[story.work.pk]))


def _payment(story: Story) -> Step:
    code = story.work.earmark_code.removeprefix("E-") if story.work is not None else ""
    earmark = Earmark.objects.select_related("sponsor").filter(pk=int(code)).first() if code.isdecimal() else None
    if earmark is None:
        return _absent("Payment")
    paid = Payment.objects.filter(commitment__earmark=earmark, reversal="").order_by("pk")
    numbers = ", ".join(p.transaction for p in paid) or "nothing yet"
    told = f"{tenge(earmark.amount_tiyn)} for it came from {earmark.sponsor.name_en}; paid in the ledger: {numbers}."
    return Step("Payment", told, reverse("programmes:sponsor", args=[earmark.sponsor.code]), "sponsor")


def _teacher(story: Story) -> Step:
    found = story.certificate
    if found is None:
        return _absent("A teacher’s certificate")
    told = f"Certificate {found.number}: {found.hours} hours, completed on {found.completed_on} by decision {found.decision_number}."
    return Step("A teacher’s certificate", told, reverse("cpd:checked", args=[found.check_code]), "nobody")


def _results(story: Story) -> Step:
    tests = Test.objects.filter(
        state=TestState.PUBLISHED, org_lo__lte=story.programme.org_lo, org_hi__gte=story.programme.org_hi
    )
    told = f"{tests.count()} tests are published: entrance, exit and earlier years."
    return Step("Results", told, reverse("assessment:tests"), "region") if tests.exists() else _absent("Results")


def _effect(story: Story) -> Step:
    made = next(
        (r for o in impact.outcomes_of(story.programme) if (r := impact.published(story.programme, IMPACT, o))), None
    )
    if made is None:
        return _absent("Did it work?")
    chosen = impact.decisions_of(story.programme, COMPARISON).order_by("pk").first()
    before = f"Comparison schools were chosen before, by {chosen.number}. " if chosen is not None else ""
    told = f"{before}{_interval(made.summary)}"
    return Step("Did it work?", told, reverse("programmes:impact_result", args=[OTPAN, made.number]), "ministry")


def _interval(summary: dict) -> str:
    """The estimate beside the truth that the demonstration was made with."""
    estimate, low, high = (summary[name] for name in ("estimate", "low", "high"))
    told = f"The difference of changes is {estimate:.1f} points ({low:.1f} to {high:.1f})."
    try:
        truth = json.loads((home() / "demonstration" / "truth.json").read_text())["impact"]["effect_points"]
    except (OSError, ValueError, KeyError):
        return told
    inside = "inside" if low <= truth <= high else "OUTSIDE"
    return f"{told} The truth it was made with, {truth:.1f}, lies {inside} the interval."


def _report(story: Story) -> Step:
    return Step("Report", f"tirek programme-report {OTPAN} report.pdf --language kk")


def _absent(title: str) -> Step:
    return Step(title, "Nothing of it is recorded here. Run: tirek demo load", is_there=False)


TOLD: tuple[Callable[[Story], Step], ...] = (
    _register, _selection, _room, _need, _money, _acceptance, _payment, _teacher, _results, _effect, _report,
)  # fmt: skip
