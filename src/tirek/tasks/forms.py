"""Forms of tasks. The services decide; these only read what was typed."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from tirek.access.roles import HEADS, Role


class Day(forms.DateInput):
    input_type = "date"

    def __init__(self, **kwargs):
        super().__init__(format="%Y-%m-%d", **kwargs)


class Files(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Any number of files."""

    widget = Files

    def clean(self, data, initial=None):
        return [super(FilesField, self).clean(item, initial) for item in data or []]


class AskForm(forms.Form):
    title = forms.CharField(
        label=_("What do you ask?"), max_length=200, help_text=_("One sentence that begins with a verb.")
    )
    text = forms.CharField(label=_("Details"), widget=forms.Textarea(attrs={"rows": 4}), required=False)
    legal_basis = forms.CharField(
        label=_("Legal basis"),
        max_length=300,
        required=False,
        help_text=_("The act and clause that allow you to ask for it."),
    )
    due_date = forms.DateField(label=_("By which day?"), widget=Day(), required=False)
    role = forms.ChoiceField(
        label=_("Who should do it?"),
        choices=[("", _("Anybody there")), *[(role.value, role.label) for role in Role if role in HEADS]],
        required=False,
    )
    needs_evidence = forms.BooleanField(label=_("A file must come with the answer"), required=False)


class AnswerForm(forms.Form):
    note = forms.CharField(label=_("What was done?"), widget=forms.Textarea(attrs={"rows": 4}), required=False)
    files = FilesField(
        label=_("Evidence"), required=False, help_text=_("PDF, pictures, tables or text, up to 20 MB each.")
    )


class NoteForm(forms.Form):
    note = forms.CharField(label=_("Note"), widget=forms.Textarea(attrs={"rows": 3}), required=False)


class DueForm(NoteForm):
    due_date = forms.DateField(label=_("New date"), widget=Day())
