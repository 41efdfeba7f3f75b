"""Plan a work, move it on, accept it, write off."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tirek.facilities.items import choices
from tirek.tasks.forms import Day, FilesField

LINES = 6


class OpenForm(forms.Form):
    """A room, a title, and up to six lines of items; more come by opening another work."""

    room = forms.TypedChoiceField(label=_("Room"), coerce=int)
    title = forms.CharField(
        label=_("What is to be done?"), max_length=200, help_text=_("One sentence, for example: Equip the STEM room.")
    )
    need_code = forms.CharField(
        label=_("Code of the need"),
        max_length=40,
        required=False,
        help_text=_("As the list of needs shows it, for example N-12."),
    )
    earmark_code = forms.CharField(
        label=_("Code of the earmark"),
        max_length=40,
        required=False,
        help_text=_("As the sponsor's page shows it, for example E-3."),
    )

    def __init__(self, *args, rooms: list[tuple[int, str]] = (), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["room"].choices = [("", _("choose")), *rooms]
        named = [("", _("choose")), *choices()]
        for n in range(1, LINES + 1):
            self.fields[f"item_{n}"] = forms.ChoiceField(
                label=pgettext_lazy("equipment", "Item"), choices=named, required=n == 1
            )
            self.fields[f"count_{n}"] = forms.IntegerField(
                label=_("Number"), min_value=1, max_value=10_000, required=n == 1
            )

    def lines(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        return [(self[f"item_{n}"], self[f"count_{n}"]) for n in range(1, LINES + 1)]

    def clean(self) -> dict:
        found = super().clean() or {}
        for n in range(1, LINES + 1):
            item, count = found.get(f"item_{n}"), found.get(f"count_{n}")
            if item and not count and f"count_{n}" not in self.errors:
                self.add_error(f"count_{n}", _("Say how many."))
            if count and not item and f"item_{n}" not in self.errors:
                self.add_error(f"item_{n}", _("Choose the item."))
        return found

    def items(self) -> list[dict]:
        found = self.cleaned_data
        rows = [(found.get(f"item_{n}"), found.get(f"count_{n}")) for n in range(1, LINES + 1)]
        return [{"item_code": item, "count": count} for item, count in rows if item and count]


class StepForm(forms.Form):
    day = forms.DateField(label=_("On which day?"), widget=Day())
    note = forms.CharField(label=_("Note"), widget=forms.Textarea(attrs={"rows": 2}), required=False, max_length=2000)
    documents = FilesField(label=_("Papers"), required=False, help_text=_("Contract, waybill, act: up to 20 MB each."))


class BackForm(forms.Form):
    to = forms.ChoiceField(label=_("Back to which step?"))
    because = forms.CharField(label=_("Why?"), widget=forms.Textarea(attrs={"rows": 2}), max_length=500)

    def __init__(self, *args, steps: list[tuple[str, str]] = (), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["to"].choices = steps


class CancelForm(forms.Form):
    because = forms.CharField(label=_("Why is it cancelled?"), widget=forms.Textarea(attrs={"rows": 2}), max_length=500)


class PhotographForm(forms.Form):
    stage = forms.ChoiceField(
        label=_("What do they show?"),
        choices=[("before", _("the room before the work")), ("after", _("the room after the work"))],
    )
    files = FilesField(
        label=_("Photographs"),
        help_text=_(
            "Show the room, not people. Up to 20 MB each; what the camera wrote beside the picture is left out."
        ),
    )


class WriteOffForm(forms.Form):
    count = forms.IntegerField(label=_("How many pieces?"), min_value=1, max_value=10_000)
    day = forms.DateField(label=_("On which day?"), widget=Day())
    reason = forms.CharField(label=_("Why?"), widget=forms.Textarea(attrs={"rows": 2}), max_length=500)
