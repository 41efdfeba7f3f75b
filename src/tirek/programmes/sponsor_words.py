"""Why sponsors' money moved, and what sponsors are asked: whole sentences with names in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from tirek.ledger import words
from tirek.tasks import kinds

PLEDGE_TASK = "sponsor_pledge_due"


@dataclass(frozen=True)
class SponsorReason(words.Reason):
    """A reason whose sponsor is named in the language in force."""

    def say(self, parameters: dict) -> str:
        language = (get_language() or "kk")[:2]
        named = parameters.get(f"sponsor_{language}") or parameters.get("sponsor_kk", "")
        return super().say(parameters | {"sponsor": named})


def page_of(parameters: dict) -> str:
    try:
        return reverse("programmes:sponsor", args=[parameters["sponsor"]])
    except (NoReverseMatch, KeyError):
        return ""


SENTENCES = {
    "sponsors.received": _(
        "%(sponsor)s, agreement %(agreement)s: tranche %(position)s came by the payment order %(reference)s"
    ),
    "sponsors.returned": _("Unspent money of the agreement %(agreement)s returned to %(sponsor)s: %(reason)s"),
    "sponsors.earmarked": _("Earmarked from the agreement %(agreement)s for %(earmark)s: %(title)s"),
    "sponsors.unfunded": _("Taken back from %(earmark)s because a payment was reversed: %(title)s"),
    "sponsors.freed": _("%(earmark)s is closed, the rest is free again: %(reason)s"),
    "sponsors.committed": _("Ordered for %(earmark)s from %(supplier)s by the contract %(contract)s"),
    "sponsors.released": _("The order of %(earmark)s from %(supplier)s is released: %(reason)s"),
    "sponsors.paid": _("Paid to %(supplier)s for %(earmark)s by the payment order %(reference)s"),
}


@dataclass(frozen=True)
class SponsorTask(kinds.Kind):
    def say(self, parameters: dict) -> str:
        language = (get_language() or "kk")[:2]
        return super().say(parameters | {"programme": parameters.get(f"programme_{language}", "")})


def register() -> None:
    for code, sentence in SENTENCES.items():
        words.register(SponsorReason(code, sentence, page_of))
    kinds.register(
        SponsorTask(
            PLEDGE_TASK,
            _("%(programme)s: tranche %(position)s of the agreement %(agreement)s was due on %(day)s"),
            page_of,
        )
    )
