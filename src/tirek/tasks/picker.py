"""Choosing institutions out of many: filters, a list with ticks, "all of these", and what is chosen so far.

The page works as a plain form: what is chosen travels in it, whatever the list shows. With JavaScript only the list is
fetched again.
"""

from __future__ import annotations

from dataclasses import dataclass

from django import forms
from django.core.paginator import Page, Paginator
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tirek.registry import chosen
from tirek.registry.forms import ANY, InstitutionFilter
from tirek.registry.queries import institutions, territories

ROWS = 100  # a page of the list
BIGGEST = 2_147_483_647


class PickerForm(forms.Form):
    find = forms.CharField(label=_("Name, code or BIN"), required=False, max_length=200)
    place = forms.ChoiceField(label=_("District or city"), required=False)
    kind = forms.ChoiceField(
        label=_("Kind"), required=False, choices=lambda: InstitutionFilter.base_fields["kind"].choices
    )
    only_chosen = forms.BooleanField(label=_("Show only the chosen"), required=False)

    def __init__(self, *args, places: list[tuple[str, str]] = (), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["place"].choices = [*ANY, *places]


@dataclass(frozen=True)
class Picked:
    """What the page shows. ``listed`` says in short what was filtered by; ``unknown`` were sent, but no such institution is open in the asker's territory."""

    form: PickerForm
    rows: list[tuple[int, str, str]]
    page: Page
    listed: str
    all: int
    chosen: frozenset[int]
    unknown: frozenset[int]

    @property
    def found(self) -> int:
        """How many the filters leave, on all pages together."""
        return self.page.paginator.count

    @property
    def chosen_text(self) -> str:
        return chosen.text(self.chosen)

    @property
    def shown_text(self) -> str:
        return chosen.text(number for number, *_names in self.rows)


def pick(request: HttpRequest) -> Picked:
    """The list as filtered, and the choice after the button that was pressed ("all" of the list, or "none")."""
    on = timezone.localdate()
    form = PickerForm(request.POST or None, places=_places(request, on))
    asked = form.cleaned_data if form.is_bound and form.is_valid() else {}
    everything = institutions.listed(request.scope, on=on)
    sent = {number for number in chosen.sent(request.POST) if number <= BIGGEST}
    picked = set(everything.filter(org_no__in=sent).values_list("org_no", flat=True)) if sent else set()
    found = _found(request, asked, on)
    if asked.get("only_chosen"):
        found = found.filter(org_no__in=picked)
    total = everything.count()
    act = request.POST.get("act")
    if act == "all" or (total == 1 and request.method == "GET"):
        picked |= set(found.values_list("org_no", flat=True))
    elif act == "none":
        picked = set()
    listed = "|".join(str(asked.get(name) or "") for name in PickerForm.base_fields)
    page = _page(request, found, listed)
    rows = [(s.org_no, territories.local_name(s), territories.local_name(s.territory)) for s in page]
    unknown = sent - picked if act == "ask" else set()
    return Picked(form, rows, page, listed, total, frozenset(picked), frozenset(unknown))


def _page(request: HttpRequest, found, listed: str) -> Page:
    """The page that the pressed button names, else the one that was shown; the first when the filters have changed."""
    number = request.POST.get("page") or request.POST.get("here")
    return Paginator(found, ROWS).get_page(number if request.POST.get("listed", listed) == listed else 1)


def _places(request: HttpRequest, on) -> list[tuple[str, str]]:
    home = territories.of_scope(request.scope)
    return [(t.code, territories.local_name(t)) for t in territories.districts(home, on=on)] if home else []


def _found(request: HttpRequest, asked: dict, on):
    territory = territories.by_code(asked["place"]) if asked.get("place") else None
    return institutions.listed(
        request.scope, on=on, territory=territory, kind=asked.get("kind", ""), text=asked.get("find", "")
    )
