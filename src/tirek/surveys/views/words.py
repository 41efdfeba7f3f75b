"""Sentences about what a questionnaire cannot do."""

from __future__ import annotations

from django.utils.translation import gettext as _


def fault_words(fault: dict) -> str:
    """Why a browser cannot ask a question."""
    name, what = fault["name"], fault.get("what", "")
    if fault["code"] == "repeat":
        return _("“%(name)s” repeats: only ODK Collect asks repeats.") % {"name": name}
    if fault["code"] == "file":
        return _("The form needs the file %(name)s, which is not handed out here.") % {"name": name}
    if fault["code"] == "function":
        return _("“%(name)s” calls %(what)s(), which only ODK Collect knows.") % {"name": name, "what": what}
    return _("“%(name)s” is of a kind that only ODK Collect can ask (%(what)s).") % {"name": name, "what": what}
