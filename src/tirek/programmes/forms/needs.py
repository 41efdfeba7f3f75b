"""Forms of needs."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from tirek.programmes.models import NeedKind, NeedState


class NeedFilter(forms.Form):
    state = forms.ChoiceField(
        label=_("State"), required=False, choices=[("", _("all")), ("open", _("open")), *NeedState.choices]
    )
    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=[("", _("all")), *NeedKind.choices])
    district = forms.ChoiceField(label=_("District or city"), required=False)
    school = forms.ChoiceField(label=_("School"), required=False)

    def __init__(self, *args, districts=(), schools=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["district"].choices = [("", _("all")), *districts]
        self.fields["school"].choices = [("", _("all")), *schools]


class WriteNeedForm(forms.Form):
    school = forms.ChoiceField(label=_("School"))
    kind = forms.ChoiceField(label=_("Kind"), choices=NeedKind.choices)
    title = forms.CharField(label=_("What is needed?"), max_length=300, widget=forms.Textarea(attrs={"rows": 2}))
    topic = forms.ChoiceField(label=_("Topic of courses"), required=False)

    def __init__(self, *args, schools=(), topics=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["school"].choices = schools
        self.fields["topic"].choices = [("", _("none")), *topics]


class WhyForm(forms.Form):
    note = forms.CharField(label=_("Why?"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


class WorkForm(forms.Form):
    """A work that answers a need: items with their counts, one a line."""

    title = forms.CharField(label=_("What is done in the room?"), max_length=200)
    room = forms.ChoiceField(label=_("Room"))
    items = forms.CharField(
        label=_("What the work brings"), widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("One item a line: its count, then its name or code. Missing items are filled in."),
    )  # fmt: skip
    earmark = forms.CharField(
        label=_("Earmark"),
        max_length=40,
        required=False,
        help_text=_("The number of the sponsor’s earmark, such as E-12."),
    )

    def __init__(self, *args, rooms=(), known=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["room"].choices = rooms
        self.known = dict(known)

    def clean_items(self) -> list[dict]:
        found = []
        for number, line in enumerate(self.cleaned_data["items"].splitlines(), 1):
            if not line.strip():
                continue
            count, _space, name = line.strip().partition(" ")
            if not count.isdecimal() or not name.strip() or not 0 < int(count) <= 10_000:
                raise forms.ValidationError(
                    _("Line %(number)s: write the count and then the name, such as “15 computer”."),
                    params={"number": number},
                )
            name = name.strip()
            code = (
                name if name in self.known else next((c for c, label in self.known.items() if str(label) == name), "")
            )
            found.append({"item_code": code, "count": int(count)} if code else {"name": name, "count": int(count)})
        if not found:
            raise forms.ValidationError(_("Name at least one item."))
        return found
