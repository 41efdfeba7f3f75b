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
    "practice_returned": _("The lesson “%(title)s” was returned to you with a reason."),
    "practice_published": _("The lesson “%(title)s” is published in the library."),
    "practice_place": _("A place has become free for you: %(title)s"),
    "practice_called_off": _("It will not take place: %(title)s"),
    "practice_reserve": _("The competition for the leaders’ reserve is decided; see your application %(title)s."),
    "practice_term_over": _("Your term in the leaders’ reserve is over: %(title)s."),
    "practice_awarded": _("You are awarded; see the nomination %(title)s."),
    "growth_decided": _("Your application %(title)s is decided."),
}


def register_news() -> None:
    for code, sentence in NEWS.items():
        register(Kind(code, sentence))
