"""Why money moved: whole sentences that apps register, so that each language can say them in its own order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext as _g
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Reason:
    """``sentence`` has ``%(name)s`` places for a transaction's parameters.

    ``link`` makes the address of the page where it was decided and where it is reversed; without one, a person with the
    right reverses the transaction on the ledger's own page.
    """

    code: str
    sentence: str
    link: Callable[[dict], str] | None = None

    def say(self, parameters: dict) -> str:
        """The sentence in the language in force; a missing parameter leaves its place visible."""
        return str(self.sentence) % _Known(parameters)


class _Known(dict):
    def __missing__(self, key: str) -> str:
        return f"({key})"


_reasons: dict[str, Reason] = {}


def register(reason: Reason) -> None:
    """Called from an app's ready()."""
    _reasons[reason.code] = reason


def reason_of(code: str) -> Reason | None:
    return _reasons.get(code)


def say(code: str, parameters: dict) -> str:
    found = _reasons.get(code)
    return found.say(parameters) if found else _g("A reason that this version does not know: %(code)s") % {"code": code}


def all_reasons() -> list[Reason]:
    return sorted(_reasons.values(), key=lambda reason: reason.code)


REVERSAL = "ledger.reversal"
BY_HAND = "ledger.by_hand"
register(Reason(REVERSAL, _("Reversal of %(number)s: %(reason)s")))
register(Reason(BY_HAND, _("Posted by hand: %(reason)s")))
