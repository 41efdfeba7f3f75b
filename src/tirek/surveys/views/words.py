"""Sentences about what a questionnaire cannot do."""

from __future__ import annotations

from django.utils.translation import gettext as _


def fault_words(fault: dict) -> str:
    """Why a browser cannot ask a question, with its row where the row is known."""
    row = fault.get("row")
    if not row:
        return _words(fault)
    return _("Sheet %(sheet)s, row %(row)s: %(words)s") % {
        "sheet": fault.get("sheet", "survey"), "row": row, "words": _words(fault),
    }  # fmt: skip


def _words(fault: dict) -> str:
    name, what = fault["name"], fault.get("what", "")
    if fault["code"] == "repeat":  # versions that were read before repeats were asked here
        return _("“%(name)s” repeats. Bring the questionnaire in again: browsers ask repeats now.") % {"name": name}
    if fault["code"] == "file":
        return _("The form needs the file %(name)s, which is not handed out here.") % {"name": name}
    if fault["code"] == "media":
        return _("“%(name)s” wants to show the file %(what)s, which is not handed out here.") % {
            "name": name,
            "what": what,
        }
    if fault["code"] == "entity":
        return _("The form makes entities of ODK; they are not kept here.")
    if fault["code"] == "function":
        return _("“%(name)s” calls %(what)s(), which only ODK Collect knows.") % {"name": name, "what": what}
    if fault["code"] == "last_saved":
        return _("The form takes answers from the one before it on the same telephone; only ODK Collect can.")
    if fault["code"] == "appearance":
        return _("“%(name)s” is answered in a way that only ODK Collect has (%(what)s).") % {"name": name, "what": what}
    if fault["code"] == "action":
        return _("“%(name)s” makes the telephone measure or record by itself; only ODK Collect can.") % {"name": name}
    return _("“%(name)s” is of a kind that only ODK Collect can ask (%(what)s).") % {"name": name, "what": what}
