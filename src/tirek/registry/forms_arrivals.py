"""Forms for who comes and who goes: pupils, staff, guardians."""

from __future__ import annotations

from decimal import Decimal

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tirek.registry.forms_changes import UNKNOWN, day_field
from tirek.registry.models import Category, Sex
from tirek.registry.services.staff import MAX_RATE
from tirek.registry.words import POSITIONS, SUBJECTS

GUARDIAN_KINDS = [("parent", _("parent")), ("guardian", _("guardian")), ("foster_parent", _("foster parent"))]
PERSON = ("family_name", "given_name", "patronymic", "birth_date", "sex", "iin")


class Newcomer(forms.Form):
    """Who it is. The date of birth is asked for: without it nobody can say whether the person is known already."""

    family_name = forms.CharField(label=_("Family name"), max_length=100)
    given_name = forms.CharField(label=_("Given name"), max_length=100)
    patronymic = forms.CharField(label=_("Patronymic"), max_length=100, required=False)
    birth_date = day_field(_("Date of birth"))
    sex = forms.ChoiceField(label=_("Sex"), choices=[*UNKNOWN, *Sex.choices], required=False)
    iin = forms.CharField(
        label=_("IIN"), max_length=20, required=False,
        widget=forms.TextInput({"autocomplete": "off", "inputmode": "numeric", "data-secret": "1"}),
        help_text=_("Twelve digits. With it nobody is recorded twice."),
    )  # fmt: skip

    def facts(self) -> dict:
        """Of the person, as the services take them."""
        return {name: self.cleaned_data[name] for name in PERSON}

    def rest(self) -> dict:
        """Of what ties the person to a place or a child."""
        return {name: value for name, value in self.cleaned_data.items() if name not in PERSON}


class EnrolmentMixin(forms.Form):
    class_group_id = forms.TypedChoiceField(label=_("Class"), coerce=int, empty_value=None, required=False)
    from_date = day_field(_("First day"), initial=timezone.localdate)

    def __init__(self, *args, classes: list[tuple[int, str]] = (), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["class_group_id"].choices = [("", _("to be decided there")), *classes]


class EmploymentMixin(forms.Form):
    position = forms.ChoiceField(label=_("Position"), choices=list(POSITIONS.items()))
    subject = forms.ChoiceField(label=_("Subject"), choices=[("", _("none")), *SUBJECTS.items()], required=False)
    category = forms.ChoiceField(label=_("Category"), choices=[("", _("none")), *Category.choices], required=False)
    rate = forms.DecimalField(
        label=_("Rate"), min_value=Decimal("0.01"), max_value=MAX_RATE, decimal_places=2, initial=Decimal(1)
    )
    is_main = forms.BooleanField(label=_("Main employment"), required=False, initial=True)
    from_date = day_field(_("First day"), initial=timezone.localdate)


class NewPupil(EnrolmentMixin, Newcomer):
    field_order = PERSON


class NewStaff(EmploymentMixin, Newcomer):
    field_order = PERSON


class NewGuardian(Newcomer):
    kind = forms.ChoiceField(label=_("Who is this to the child?"), choices=GUARDIAN_KINDS)
    from_date = day_field(_("From which day?"), initial=timezone.localdate)


class Ending(forms.Form):
    on = day_field(_("First day without it"), initial=timezone.localdate)


class PlaceMixin(forms.Form):
    institution = forms.CharField(
        label=_("At which institution?"), max_length=200, help_text=_("Its code, its BIN, or a part of its name.")
    )


class EnrolKnown(PlaceMixin):
    from_date = day_field(_("First day"), initial=timezone.localdate)


class EmployKnown(EmploymentMixin, PlaceMixin):
    field_order = ("institution",)
