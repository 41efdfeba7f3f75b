"""Forms that open, close and split institutions, and that record buildings and rooms."""

from __future__ import annotations

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tirek.registry.forms_changes import UNKNOWN, Merger, day_field
from tirek.registry.models import Condition, Heating, InstitutionKind, Language, RoomPurpose, SettlementKind

CODE = r"^[\w][\w.-]*$"  # stands in addresses
NOT_A_CODE = _("Use letters, digits, dots and hyphens only.")
FACTS = ("name_kk", "name_ru", "name_en", "settlement_kind", "languages", "address", "capacity", "is_public")


def code_field(label, length: int, **kwargs) -> forms.RegexField:
    return forms.RegexField(CODE, label=label, max_length=length, error_messages={"invalid": NOT_A_CODE}, **kwargs)


class Opening(forms.Form):
    territory_id = forms.TypedChoiceField(label=_("District, city or settlement"), coerce=int)
    kind = forms.ChoiceField(label=_("Kind"), choices=InstitutionKind.choices)
    code = code_field(_("Code"), 64, help_text=_("Stands in addresses and files and never changes."))
    bin = forms.CharField(label=_("BIN"), max_length=12, required=False)
    opens_on = day_field(_("Opens on"), initial=timezone.localdate)
    name_kk = forms.CharField(label=_("Name in Kazakh"), max_length=300)
    name_ru = forms.CharField(label=_("Name in Russian"), max_length=300, required=False)
    name_en = forms.CharField(label=_("Name in English"), max_length=300, required=False)
    settlement_kind = forms.ChoiceField(label=_("Settlement"), choices=SettlementKind.choices)
    languages = forms.MultipleChoiceField(
        label=_("Languages of instruction"), choices=Language.choices, widget=forms.CheckboxSelectMultiple
    )
    address = forms.CharField(label=_("Address"), max_length=300, required=False)
    capacity = forms.IntegerField(label=_("Places"), min_value=0, max_value=20000, required=False)
    is_public = forms.BooleanField(label=_("State-owned"), required=False, initial=True)

    def __init__(self, *args, territories: list[tuple[int, str]] = (), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["territory_id"].choices = territories

    def clean_code(self) -> str:
        if self.cleaned_data["code"] == "open":
            raise forms.ValidationError(_("This word stands for a page. Choose another code."))
        return self.cleaned_data["code"]

    def values(self) -> dict:
        """As the service takes them."""
        facts = dict(self.cleaned_data)
        return {"state": {name: facts.pop(name) for name in FACTS}} | facts


class Closing(forms.Form):
    on = day_field(_("First day on which it is closed"), initial=timezone.localdate)


class Splitting(Merger):
    """Where to, when, by which act. Who goes is chosen beside it (tirek.registry.splitting)."""

    institution = forms.CharField(
        label=_("Into which institution?"), max_length=200,
        help_text=_("Its code, its BIN, or a part of its name. Open it first, if it is new."),
    )  # fmt: skip

    def clean(self) -> dict:
        cleaned = super().clean()
        if not self.errors and self.is_empty:
            raise forms.ValidationError(_("Choose at least one class or one member of staff."))
        return cleaned

    def __init__(self, *args, is_empty: bool = False, **kwargs):
        super().__init__(*args, **kwargs)
        self.is_empty = is_empty


class BuildingForm(forms.Form):
    code = code_field(_("Code"), 32, help_text=_("A number or a letter that tells the buildings apart."))
    name = forms.CharField(label=pgettext_lazy("of a building or room", "Name"), max_length=200)
    address = forms.CharField(label=_("Address"), max_length=300, required=False)
    built_year = forms.IntegerField(label=_("Year built"), min_value=1700, max_value=2200, required=False)
    floors = forms.IntegerField(label=_("Floors"), min_value=1, max_value=60, required=False)
    area_m2 = forms.FloatField(label=_("Area, m²"), min_value=0, max_value=1_000_000, required=False)
    heating = forms.ChoiceField(label=_("Heating"), choices=[*UNKNOWN, *Heating.choices], required=False)


class RoomForm(forms.Form):
    number = code_field(_("Number of the room"), 16)
    name = forms.CharField(label=pgettext_lazy("of a building or room", "Name"), max_length=200, required=False)
    purpose = forms.ChoiceField(label=_("What is it for?"), choices=RoomPurpose.choices)
    floor = forms.IntegerField(label=_("Floor"), min_value=-5, max_value=60, required=False)
    area_m2 = forms.FloatField(label=_("Area, m²"), min_value=0, max_value=100_000, required=False)
    places = forms.IntegerField(label=_("Places"), min_value=0, max_value=10_000, required=False)
    condition = forms.ChoiceField(label=_("Condition"), choices=[*UNKNOWN, *Condition.choices], required=False)


class FromMixin(forms.Form):
    from_date = day_field(_("In use since"), initial=timezone.localdate)


class NewBuilding(FromMixin, BuildingForm):
    pass


class NewRoom(FromMixin, RoomForm):
    pass
