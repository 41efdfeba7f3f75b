"""Forms of sponsors' money. Amounts are typed in tenge and given to the services in tiyn."""

from __future__ import annotations

from collections.abc import Sequence

from django import forms
from django.utils.translation import gettext_lazy as _

from tirek.ledger.money import read_tenge
from tirek.ledger.refusals import LedgerRefused
from tirek.registry.models import RoomPurpose
from tirek.tasks.forms import Day


class Tenge(forms.CharField):
    """An amount as people type it: 1 250 000 or 1250000,50."""

    def __init__(self, **kwargs):
        kwargs.setdefault("widget", forms.TextInput(attrs={"inputmode": "decimal"}))
        kwargs.setdefault("help_text", _("In tenge, for instance 1 250 000."))
        super().__init__(max_length=40, **kwargs)

    def clean(self, value):
        text = super().clean(value)
        if not text:
            return None
        try:
            return read_tenge(text)
        except LedgerRefused as refusal:
            raise forms.ValidationError(refusal.message) from refusal


class SponsorForm(forms.Form):
    bin = forms.CharField(label=_("BIN"), max_length=20, widget=forms.TextInput(attrs={"inputmode": "numeric"}))
    name_kk = forms.CharField(label=_("Name in Kazakh"), max_length=200)
    name_ru = forms.CharField(label=_("Name in Russian"), max_length=200)
    name_en = forms.CharField(label=_("Name in English"), max_length=200)
    code = forms.SlugField(
        label=_("Short name in addresses"), max_length=60, help_text=_("Small Latin letters, digits and hyphens.")
    )
    contact = forms.CharField(label=_("Who answers for it there"), max_length=200, required=False)
    email = forms.EmailField(label=_("Address for letters"), required=False)

    def names(self) -> dict[str, str]:
        return {language: self.cleaned_data[f"name_{language}"] for language in ("kk", "ru", "en")}


class AgreementForm(forms.Form):
    programme = forms.ChoiceField(label=_("Programme"))
    number = forms.CharField(label=_("Number of the agreement"), max_length=40)
    signed_on = forms.DateField(label=_("Signed on"), widget=Day())
    starts_on = forms.DateField(label=_("Holds from"), widget=Day())
    ends_on = forms.DateField(label=_("Holds until"), widget=Day())
    amount = Tenge(label=_("Amount"))
    purpose = forms.CharField(
        label=_("Purpose"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
    is_public = forms.BooleanField(label=_("Everybody may see what became of the money"), required=False)
    paper = forms.FileField(label=_("The signed paper"), required=False)

    def __init__(self, *args, programmes: Sequence[tuple[str, str]] = (), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["programme"].choices = list(programmes)


class PledgeForm(forms.Form):
    amount = Tenge(label=_("Amount"))
    due_date = forms.DateField(label=_("Due"), widget=Day())


class ReceiveForm(forms.Form):
    amount = Tenge(label=_("Amount"))
    received_on = forms.DateField(label=_("Received on"), widget=Day())
    reference = forms.CharField(label=_("Number of the payment order"), max_length=60)


class EarmarkForm(forms.Form):
    school = forms.ChoiceField(label=_("School"))
    title = forms.CharField(label=_("What for"), max_length=200)
    amount = Tenge(label=_("Amount"))
    room_purpose = forms.ChoiceField(
        label=_("Kind of room"), required=False, choices=[("", _("any")), *RoomPurpose.choices]
    )
    need_code = forms.CharField(label=_("Need"), max_length=40, required=False, help_text=_("Its code, such as N-12."))

    def __init__(self, *args, schools: Sequence[tuple[int, str]] = (), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["school"].choices = [("", "—"), *schools]


class OrderForm(forms.Form):
    work = forms.ChoiceField(label=_("Work"))
    supplier_bin = forms.CharField(label=_("Supplier's BIN"), max_length=20)
    supplier_name = forms.CharField(label=_("Supplier"), max_length=200)
    contract = forms.CharField(label=_("Number of the contract"), max_length=60)
    amount = Tenge(label=_("Amount"))

    def __init__(self, *args, works: Sequence[tuple[int, str]] = (), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["work"].choices = [("", "—"), *works]


class PayForm(forms.Form):
    amount = Tenge(label=_("Amount"))
    paid_on = forms.DateField(label=_("Paid on"), widget=Day())
    reference = forms.CharField(label=_("Number of the payment order"), max_length=60)


class ReturnForm(forms.Form):
    amount = Tenge(label=_("Amount"))
    returned_on = forms.DateField(label=_("Returned on"), widget=Day())
    reference = forms.CharField(label=_("Number of the payment order"), max_length=60)
    reason = forms.CharField(label=_("Reason"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}))


class MoveForm(forms.Form):
    school = forms.ChoiceField(label=_("To which school"))
    act = forms.CharField(label=_("Number of the act"), max_length=60)
    reason = forms.CharField(label=_("Reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))
    is_merger = forms.BooleanField(label=_("The schools merged: orders go along"), required=False)

    def __init__(self, *args, schools: Sequence[tuple[int, str]] = (), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["school"].choices = [("", "—"), *schools]


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}))


class UserForm(forms.Form):
    username = forms.CharField(label=_("User name"), max_length=150, help_text=_("Of a user who works as a sponsor."))


class PlainForm(forms.Form):
    """Nothing to fill in: only the button."""
