"""Forms of the library of lessons."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from tirek.cpd.forms.courses import ANY, Day, many
from tirek.cpd.models import LessonKind, TeachingLanguage, Topic
from tirek.registry.words import SUBJECTS
from tirek.tasks.services import File

CLASSES = [(str(n), str(n)) for n in range(12)]
STARS = [(str(n), str(n)) for n in range(1, 6)]


class ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class Files(forms.FileField):
    """Several files, read whole; what they are is checked by the service."""

    widget = ManyFiles

    def clean(self, data, initial=None):
        return [super(Files, self).clean(one, initial) for one in data or []]


def as_files(found) -> list[File]:
    return [File(one.name, one.content_type or "", one.read()) for one in found or []]


class LibraryFilter(forms.Form):
    q = forms.CharField(label=_("Words to look for"), required=False, max_length=100)
    subject = forms.ChoiceField(label=_("Subject"), required=False, choices=[*ANY, *SUBJECTS.items()])
    grade = forms.ChoiceField(label=_("Class"), required=False, choices=[*ANY, *CLASSES])
    language = forms.ChoiceField(label=_("Language"), required=False, choices=[*ANY, *TeachingLanguage.choices])
    topic = forms.ChoiceField(label=_("Topic"), required=False, choices=[*ANY, *Topic.choices])
    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=[*ANY, *LessonKind.choices])


class LessonForm(forms.Form):
    kind = forms.ChoiceField(label=_("Kind"), choices=LessonKind.choices)
    title = forms.CharField(label=_("Title"), max_length=200)
    subject = forms.ChoiceField(label=_("Subject"), choices=list(SUBJECTS.items()))
    grades = many(CLASSES, _("Classes"))
    language = forms.ChoiceField(label=_("Language"), choices=TeachingLanguage.choices)
    topics = forms.TypedMultipleChoiceField(
        choices=Topic.choices, label=_("Topics"), widget=forms.CheckboxSelectMultiple, required=False
    )
    goals = forms.CharField(
        label=_("What can pupils do afterwards?"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )
    text = forms.CharField(
        label=_("How does it go?"), max_length=10_000, required=False, widget=forms.Textarea(attrs={"rows": 8})
    )
    files = Files(
        label=_("Files"), required=False,
        help_text=_("At most 5, each up to 20 MB: PDF, DOCX, PPTX, XLSX, ODT, PNG, JPG or TXT. No names of pupils."),
    )  # fmt: skip

    def __init__(self, *args, colleagues=(), asks_changes: bool = False, **kwargs):
        super().__init__(*args, **kwargs)
        if colleagues:
            self.fields["coauthors"] = forms.TypedMultipleChoiceField(
                choices=colleagues, coerce=int, required=False, label=_("Co-authors at your school"),
                widget=forms.SelectMultiple(attrs={"size": 6}),
            )  # fmt: skip
        if asks_changes:
            self.fields["changes"] = forms.CharField(label=_("What is new in this version?"), max_length=500)

    def facts(self) -> dict:
        return {name: value for name, value in self.cleaned_data.items() if name not in ("files", "coauthors")}


class RatingForm(forms.Form):
    stars = forms.TypedChoiceField(
        label=_("How good is it, from 1 to 5?"), choices=STARS, coerce=int, widget=forms.RadioSelect
    )
    comment = forms.CharField(
        label=_("Comment"), required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Others read it without your name."),
    )  # fmt: skip


class UseForm(forms.Form):
    on = forms.DateField(label=_("On which day?"), widget=Day())


class TextForm(forms.Form):
    """A few words: a reason, a report, an answer."""

    text = forms.CharField(label=_("In a few words"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args, label: str = "", **kwargs):
        super().__init__(*args, **kwargs)
        if label:
            self.fields["text"].label = label
