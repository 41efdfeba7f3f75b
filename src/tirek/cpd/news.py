"""Lines of news that users get from this app: whole sentences, so that each language can say them in its own order."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tirek.tasks.kinds import Kind, register

NEWS = {
    "growth_applied": _("%(who)s asks to join a course: %(title)s. It waits for your approval."),
    "growth_enrolled": _("You have a place in the course: %(title)s"),
    "growth_waiting": _("You are on the waiting list of the course: %(title)s"),
    "growth_declined": _("Your school did not approve the course “%(title)s”: %(reason)s"),
    "growth_cancelled": _("You are no longer in the course “%(title)s”: %(reason)s"),
    "growth_judge": _("Dossiers wait for your judgement."),
    "growth_decided": _("Your application %(title)s is decided."),
}


def register_news() -> None:
    for code, sentence in NEWS.items():
        register(Kind(code, sentence))
