"""Forms of panels on standards."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tirek.assessment.models import Panel, PanelMethod
from tirek.assessment.reports.data import level_names
from tirek_engines.psychometrics.items import Items


class PanelForm(forms.Form):
    """A new panel: its method and its levels."""

    method = forms.ChoiceField(label=_("Method"), choices=PanelMethod.choices)
    levels = forms.CharField(
        label=_("Levels"),
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("A line each, the lowest first; in Kazakh, Russian and English with semicolons between."),
    )
    response_probability = forms.FloatField(
        label=_("How surely must a pupil solve the task?"),
        min_value=0.5,
        max_value=0.8,
        initial=0.67,
        help_text=_("0.67 means two times out of three. Used for bookmarks."),
    )

    def clean_levels(self) -> list[dict[str, str]]:
        found = []
        for number, line in enumerate(filter(str.strip, self.cleaned_data["levels"].splitlines()), start=1):
            names = [name.strip() for name in line.split(";")]
            if len(names) != 3 or not all(names):
                message = gettext("Line %(number)s: write the level in three languages, with semicolons between.")
                raise ValidationError(message % {"number": number})
            found.append(dict(zip(("kk", "ru", "en"), names, strict=True)))
        return found


class JudgementForm(forms.Form):
    """One panellist's judgements of a round: a page for each cut, or a share for each task and cut."""

    panellist = forms.CharField(label=_("Panellist"), max_length=64, help_text=_("A label such as P1, not a name."))

    def __init__(self, *args, panel: Panel, items: Items, pages: int, **kwargs):
        super().__init__(*args, **kwargs)
        self.keys: dict[str, tuple[int, str]] = {}
        for cut, level in enumerate(level_names(panel)[1:], start=1):
            if panel.method == PanelMethod.BOOKMARK:
                label = gettext("%(level)s: the last page that a pupil who just reaches it masters") % {"level": level}
                self._add(cut, "", forms.IntegerField(label=label, min_value=1, max_value=pages))
                continue
            for name, highest in zip(items.names, items.n_steps.tolist(), strict=True):
                label = gettext("%(level)s, task %(task)s: expected points, 0 to %(highest)s") % {
                    "level": level, "task": name, "highest": highest,
                }  # fmt: skip
                self._add(cut, name, forms.FloatField(label=label, min_value=0, max_value=highest))

    def _add(self, cut: int, item: str, field: forms.Field) -> None:
        name = f"v{cut}_{len(self.keys)}"
        self.keys[name], self.fields[name] = (cut, item), field

    def values(self) -> dict[tuple[int, str], float]:
        return {key: float(self.cleaned_data[name]) for name, key in self.keys.items()}
