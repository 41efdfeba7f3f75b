"""Forms of panels on standards."""

from __future__ import annotations

from django import forms
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tirek.assessment.models import Panel, PanelMethod
from tirek.assessment.reports.data import level_names
from tirek_engines.psychometrics.items import Items

TASKS_A_PAGE = 10


class PanelForm(forms.Form):
    """A new panel: its method and its levels."""

    method = forms.ChoiceField(
        label=_("Method"),
        choices=[(value, label) for value, label in PanelMethod.choices if value != PanelMethod.CARRIED],
    )
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
        localize=True,
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
    """One panellist's judgements of a round: a page for each cut, or a share for each task and cut.

    Tasks come a page at a time; what was typed on the other pages goes along unseen and is checked at the end.
    """

    panellist = forms.CharField(label=_("Panellist"), max_length=64, help_text=_("A label such as P1, not a name."))

    def __init__(self, *args, panel: Panel, items: Items, pages: int, **kwargs):
        super().__init__(*args, **kwargs)
        self.keys: dict[str, tuple[int, str]] = {}
        self.levels = level_names(panel)[1:]
        self.tasks = [] if panel.method == PanelMethod.BOOKMARK else list(items.names)
        highest = dict(zip(items.names, items.n_steps.tolist(), strict=True))
        for cut, level in enumerate(self.levels, start=1):
            if not self.tasks:
                label = gettext("%(level)s: the last page that a pupil who just reaches it masters") % {"level": level}
                self._add(f"v{cut}_{cut - 1}", cut, "", forms.IntegerField(label=label, min_value=1, max_value=pages))
            for place, name in enumerate(self.tasks):
                label = gettext("%(level)s, task %(task)s: expected points, 0 to %(highest)s") % {
                    "level": level, "task": name, "highest": highest[name],
                }  # fmt: skip
                field = forms.FloatField(label=label, min_value=0, max_value=highest[name], localize=True)
                field.widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}
                self._add(f"v{cut}_{place}", cut, name, field)
        if self.tasks:
            self.highest = highest
            self.page = Paginator(self.tasks, TASKS_A_PAGE).get_page(self._page_wanted())

    def _add(self, name: str, cut: int, item: str, field: forms.Field) -> None:
        self.keys[name], self.fields[name] = (cut, item), field

    def _page_wanted(self) -> int:
        """Where the reader goes: forth, back, or to the first page with something amiss."""
        given = str(self.data.get("go") or "")
        if given.isdecimal() and len(given) < 4:
            return int(given)
        wrong = [name for name in self.keys if self.is_bound and name in self.errors]
        return min((self.tasks.index(self.keys[name][1]) for name in wrong), default=0) // TASKS_A_PAGE + 1

    @property
    def is_turning(self) -> bool:
        """Whether only another page was asked for: nothing is kept and nothing is wrong yet."""
        return self.is_bound and bool(self.data.get("go"))

    def shown_rows(self) -> list[dict]:
        """The tasks of this page with a field for each level."""
        first = self.page.start_index() - 1
        return [
            {"task": task, "highest": self.highest[task],
             "fields": [(level, self[f"v{cut}_{first + n}"]) for cut, level in enumerate(self.levels, start=1)]}
            for n, task in enumerate(self.page)
        ]  # fmt: skip

    def carried(self) -> list[tuple[str, str]]:
        """What was typed on the other pages."""
        here = set(self.page)
        return [
            (name, str(self.data.get(name, ""))) for name, (_cut, task) in self.keys.items()
            if self.is_bound and task not in here and self.data.get(name)
        ]  # fmt: skip

    def n_typed(self) -> int:
        return sum(bool(self.data.get(name)) for name in self.keys) if self.is_bound else 0

    def values(self) -> dict[tuple[int, str], float]:
        return {key: float(self.cleaned_data[name]) for name, key in self.keys.items()}
