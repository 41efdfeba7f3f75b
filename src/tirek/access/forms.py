"""Forms of the users', audit and programs' pages."""

from __future__ import annotations

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tirek.access.choosing import PlaceMixin
from tirek.access.roles import SCOPES_OF_ROLE, Role, ScopeKind
from tirek.storage.unseen import clean

LANGUAGES = [("kk", "Қазақша"), ("ru", "Русский"), ("en", "English")]
ANY = [("", _("any"))]
DAY = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class UserFilter(forms.Form):
    q = forms.CharField(label=_("Name or sign-in name"), required=False, max_length=100)
    role = forms.ChoiceField(label=_("Role"), required=False, choices=ANY + Role.choices)
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[*ANY, ("active", _("open")), ("shut", _("shut")), ("invited", _("has not signed in yet"))],
    )


class InviteForm(PlaceMixin):
    full_name = forms.CharField(label=_("Full name"), max_length=200)
    username = forms.RegexField(
        label=_("Sign-in name"),
        regex=r"^[A-Za-z0-9][A-Za-z0-9._-]{2,60}$",
        error_messages={"invalid": _("Use 3 to 61 Latin letters, digits, dots, dashes or underscores.")},
    )
    email = forms.EmailField(label=_("E-mail"), required=False)
    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGES)
    field_order = ["full_name", "username", "email", "language", "kind", "place_code"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["kind"].label = _("Belongs to")
        self.fields["kind"].choices = [c for c in ScopeKind.choices if c[0] != ScopeKind.OWN]

    def clean_full_name(self) -> str:
        name = clean(self.cleaned_data["full_name"])
        if not name:
            raise forms.ValidationError(self.fields["full_name"].error_messages["required"], code="required")
        return name


class GrantForm(PlaceMixin):
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)
    starts = forms.DateField(label=_("From"), widget=DAY, initial=timezone.localdate)
    ends = forms.DateField(
        label=_("Until (this day no longer)"), widget=forms.DateInput(attrs={"type": "date"}), required=False
    )
    reason = forms.CharField(label=_("Reason"), max_length=300, help_text=_("An order, a letter, a contract."))
    field_order = ["role", "kind", "place_code", "starts", "ends", "reason"]

    def clean(self):
        data = super().clean()
        role, kind = data.get("role"), data.get("kind")
        if role and kind and kind not in SCOPES_OF_ROLE[role]:
            self.add_error("kind", _("This role is not given over such a scope."))
        if data.get("starts") and data.get("ends") and data["ends"] <= data["starts"]:
            self.add_error("ends", _("The role must end after it begins."))
        return data


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=300)


class AccountForm(forms.Form):
    language = forms.ChoiceField(label=_("Language"), choices=LANGUAGES)


class AuditFilter(forms.Form):
    table = forms.ChoiceField(label=_("What"), required=False)
    person = forms.CharField(label=_("Person (name, IIN or number)"), required=False, max_length=200)
    user = forms.CharField(label=_("Who (sign-in name)"), required=False, max_length=150)
    org_no = forms.CharField(label=_("Institution (name, code or number)"), required=False, max_length=200)
    starts = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    ends = forms.DateField(label=_("To"), required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args, tables=(), by_name: bool = True, **kwargs):
        super().__init__(*args, **kwargs)
        if not by_name:
            self.fields["person"].label = _("Person's number")
        self.fields["person"].widget.attrs["autocomplete"] = "off"
        self.fields["table"].choices = ANY + list(tables)


class ProgramForm(PlaceMixin):
    name = forms.CharField(label=_("Name of the program"), max_length=200)
    contact = forms.CharField(label=_("Who answers for it"), max_length=200)
    role = forms.ChoiceField(
        label=_("What it may read"),
        choices=[(r.value, r.label) for r in Role if r not in (Role.ADMINISTRATOR, Role.AUDITOR)],
    )
    ends = forms.DateField(
        label=_("Until (this day no longer)"), widget=forms.DateInput(attrs={"type": "date"}), required=False
    )
    reason = forms.CharField(label=_("Reason"), max_length=300)
    field_order = ["name", "contact", "role", "kind", "place_code", "ends", "reason"]

    def clean(self):
        data = super().clean()
        role, kind = data.get("role"), data.get("kind")
        if role and kind and (kind == ScopeKind.OWN or kind not in SCOPES_OF_ROLE[role]):
            self.add_error("kind", _("This role is not given over such a scope."))
        return data
