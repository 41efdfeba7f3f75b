"""Forms that change the register. What a change means is the services' business; these only read what was typed."""

from __future__ import annotations

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tirek.registry.models import Connectivity, Heating, Language, SettlementKind, Sex

UNKNOWN = [("", _("not known"))]
CHANGE, CORRECT = "change", "correct"
EXIT_REASONS = [
    ("left", _("left by own wish")), ("moved", _("moved away")), ("graduated", _("finished")), ("expelled", _("expelled")),
    ("died", _("died")), ("other", _("another reason")),
]  # fmt: skip


def day_field(label, **kwargs) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"), **kwargs)


class InstitutionChange(forms.Form):
    how = forms.ChoiceField(
        label=_("What are you doing?"),
        choices=[(CHANGE, _("Something changed on a day")), (CORRECT, _("Something was recorded wrongly"))],
        widget=forms.RadioSelect,
        initial=CHANGE,
        help_text=_("A change keeps the state before. A correction rewrites the present state; the audit keeps both."),
    )
    from_date = day_field(_("Changed on"), required=False, help_text=_("Only for a change."))
    name_kk = forms.CharField(label=_("Name in Kazakh"), max_length=300)
    name_ru = forms.CharField(label=_("Name in Russian"), max_length=300, required=False)
    name_en = forms.CharField(label=_("Name in English"), max_length=300, required=False)
    settlement_kind = forms.ChoiceField(label=_("Settlement"), choices=SettlementKind.choices)
    languages = forms.MultipleChoiceField(
        label=_("Languages of instruction"), choices=Language.choices, widget=forms.CheckboxSelectMultiple
    )
    address = forms.CharField(label=_("Address"), max_length=300, required=False)
    capacity = forms.IntegerField(label=_("Places"), min_value=0, max_value=20000, required=False)
    connectivity = forms.ChoiceField(label=_("Internet"), choices=[*UNKNOWN, *Connectivity.choices], required=False)
    speed_mbps = forms.FloatField(label=_("Speed, Mbit/s"), min_value=0, max_value=100000, required=False)
    heating = forms.ChoiceField(label=_("Heating"), choices=[*UNKNOWN, *Heating.choices], required=False)
    is_public = forms.BooleanField(label=_("State-owned"), required=False)
    is_support_school = forms.BooleanField(label=_("Support school"), required=False)

    def clean(self) -> dict:
        cleaned = super().clean()
        if cleaned.get("how") == CHANGE and not cleaned.get("from_date") and "from_date" not in self.errors:
            self.add_error("from_date", _("Say on which day it changed."))
        return cleaned

    def state(self) -> dict:
        """The facts alone, of those that the form asked for."""
        return {name: value for name, value in self.cleaned_data.items() if name not in ("how", "from_date")}


class PersonCorrection(forms.Form):
    family_name = forms.CharField(label=_("Family name"), max_length=100)
    given_name = forms.CharField(label=_("Given name"), max_length=100)
    patronymic = forms.CharField(label=_("Patronymic"), max_length=100, required=False)
    birth_date = day_field(_("Date of birth"), required=False)
    sex = forms.ChoiceField(label=_("Sex"), choices=[*UNKNOWN, *Sex.choices], required=False)
    iin = forms.CharField(
        label=_("New IIN"), max_length=20, required=False, widget=forms.TextInput({"autocomplete": "off", "inputmode": "numeric", "data-secret": "1"}),
        help_text=_("Leave it empty to keep the number that is recorded."),
    )  # fmt: skip


class Transfer(forms.Form):
    institution = forms.CharField(
        label=_("To which institution?"), max_length=200, help_text=_("Its code, its BIN, or a part of its name.")
    )
    class_group_id = forms.TypedChoiceField(label=_("Class"), coerce=int, empty_value=None, required=False)
    on = day_field(_("On which day?"), initial=timezone.localdate)

    def __init__(self, *args, classes: list[tuple[int, str]] = (), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["class_group_id"].choices = [("", _("to be decided there")), *classes]


class Leaving(forms.Form):
    on = day_field(_("First day without this institution"), initial=timezone.localdate)
    reason = forms.ChoiceField(label=_("Why?"), choices=EXIT_REASONS)


class Merger(forms.Form):
    institution = forms.CharField(
        label=_("Into which institution?"), max_length=200, help_text=_("Its code, its BIN, or a part of its name.")
    )
    on = day_field(_("From which day?"), initial=timezone.localdate)
    act = forms.CharField(label=_("By which act?"), max_length=300, help_text=_("Number and date of the order."))


class RollOver(forms.Form):
    to_year = forms.TypedChoiceField(label=_("Into which school year?"), coerce=int)

    def __init__(self, *args, years: list[tuple[int, str]] = (), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["to_year"].choices = years
