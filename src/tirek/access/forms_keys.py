"""Forms of security keys: allauth's own, with a label in the reader's language."""

from __future__ import annotations

from allauth.mfa.webauthn.forms import AddWebAuthnForm, EditWebAuthnForm
from django import forms
from django.utils.translation import gettext_lazy as _


class AddKeyForm(AddWebAuthnForm):
    name = forms.CharField(label=_("Name of the key"), required=False)


class EditKeyForm(EditWebAuthnForm):
    name = forms.CharField(label=_("Name of the key"))
