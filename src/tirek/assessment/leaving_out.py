"""Why an item is taken out of a test or of a link: a reason that every reader has in his own language, and a note."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

REASONS = {
    "reworded": _("it was not worded as before"),
    "printed": _("it was printed or shown wrongly"),
    "key": _("its key is wrong"),
    "known": _("it had become known before the test"),
    "taught": _("it is taught otherwise since then"),
    "unfair": _("it is not fair to one of the groups"),
    "unfit": _("it does not behave as the model says"),
    "drifted": _("it has drifted away from the other common items"),
    "other": _("for another reason"),
}
SEPARATOR = ": "


def told(reason: str, note: str) -> str:
    """What is kept: the reason's code and the note, or the note alone. Empty when nothing was said."""
    note = " ".join(note.split())
    if reason not in REASONS or (reason == "other" and not note):
        return note
    return f"{reason}{SEPARATOR}{note}" if note else reason


def in_words(kept: str) -> str:
    """What was kept, as the reader says it."""
    reason, separator, note = kept.partition(SEPARATOR)
    if reason not in REASONS:
        return kept
    return f"{REASONS[reason]}{separator}{note}" if note else str(REASONS[reason])
