"""Choosing where a role holds: names are searched while they are typed, and one of the found is ticked.

Without JavaScript the button beside the field sends the form, and it comes back with what was found.
"""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from tirek.access import places
from tirek.access.roles import ScopeKind
from tirek.access.scope import NOBODY, Scope

ROWS = 20
FIND = "find"  # what the button beside the field sends as "act"


def context_of(scope: Scope, kind: str, text: str, code: str) -> dict:
    """What the list of places shows: the one that is chosen, then those that match."""
    found = places.offered(kind, text.replace("\0", ""), scope, ROWS + 1)
    chosen = places.place_of(kind, code.replace("\0", "")) if code and kind != ScopeKind.COUNTRY else None
    if chosen is not None and not (scope.covers(chosen.lo) and scope.covers(chosen.hi)):
        chosen = None
    rows = [place for place in found[:ROWS] if chosen is None or place.code != chosen.code]
    return {
        "rows": [chosen, *rows] if chosen else rows,
        "chosen": chosen.code if chosen else "",
        "more": len(found) > ROWS,
        "needed": kind in (ScopeKind.REGION, ScopeKind.DISTRICT, ScopeKind.INSTITUTION),
    }


class PlaceChooser(forms.Widget):
    template_name = "access/place_chooser.html"
    shown: dict

    def get_context(self, name, value, attrs):
        return super().get_context(name, value, attrs) | self.shown

    def id_for_label(self, id_):
        return "id_place_find"


class PlaceMixin(forms.Form):
    """Where a role holds: a kind of scope, and a place that must exist. Whether the asker may give it the services check."""

    kind = forms.ChoiceField(label=_("Where"), choices=ScopeKind.choices)
    place_code = forms.CharField(
        label=_("Which one?"), required=False, max_length=64, widget=PlaceChooser,
        help_text=_("Write a part of the name, or the code. Then choose one of the list."),
    )  # fmt: skip

    def __init__(self, data=None, *args, scope: Scope = NOBODY, **kwargs):
        if data is not None and data.get("act") == FIND:  # not yet the answer: what was typed comes back
            kwargs["initial"], data = {name: data.get(name) for name in data}, None
        super().__init__(data, *args, **kwargs)
        typed = self.data if self.is_bound else self.initial
        text, code = (str(typed.get(name) or "")[:100] for name in ("place_find", "place_code"))
        kind = str(typed.get("kind") or self.fields["kind"].choices[0][0])
        self.fields["place_code"].widget.shown = context_of(scope, kind, text, code) | {"text": text}

    def clean(self):
        data = super().clean()
        kind, code = data.get("kind"), data.get("place_code", "")
        if kind == ScopeKind.OWN:
            data["place"] = None
        elif kind:
            data["place"] = places.place_of(kind, code)
            if data["place"] is None:
                self.add_error("place_code", _("Choose a territory or institution of the list."))
        return data
