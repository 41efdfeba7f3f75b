"""Forms of the exchange pages."""

from __future__ import annotations

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tirek.access.scope import Scope, current_scope
from tirek.registry.exchange.fields import fields_of
from tirek.registry.models import RowKind, Source, SourceKind, Territory, TerritoryLevel
from tirek.registry.queries import territories


class UploadForm(forms.Form):
    file = forms.FileField(label=_("File"), help_text=_("A OneRoster zip, CSV, XLSX, Parquet or GeoJSON."))
    row_kind = forms.ChoiceField(
        label=_("What the rows are"), choices=RowKind.choices, required=False, help_text=_("Not needed for OneRoster.")
    )
    as_of = forms.DateField(
        label=_("Changes begin on"),
        initial=timezone.localdate,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args, source: Source, **kwargs):
        super().__init__(*args, **kwargs)
        if source.kind == SourceKind.ONEROSTER:
            del self.fields["row_kind"]
        elif source.kind == SourceKind.GEOJSON:
            self.fields["row_kind"].choices = [(RowKind.PLACES.value, RowKind.PLACES.label)]


class SourceForm(forms.ModelForm):
    """A source speaks of one territory of the asker's, or of all that the asker is responsible for."""

    place = forms.ChoiceField(
        label=_("Institutions of"), help_text=_("Rows about institutions elsewhere are faults of the file.")
    )

    class Meta:
        model = Source
        fields = (
            "code", "name", "kind", "territory_code", "trusts_manifest", "is_complete", "max_faulty_percent",
            "max_missing_percent", "expected_every_days",
        )  # fmt: skip

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        scope = current_scope()
        offered = {(scope.lo, scope.hi): gettext("All that I am responsible for")}
        for territory in _territories_of(scope):
            offered.setdefault((territory.org_lo, territory.org_hi), territories.local_name(territory))
        own = (self.instance.org_lo, self.instance.org_hi) if self.instance.pk else (scope.lo, scope.hi)
        offered.setdefault(own, gettext("As it is: numbers %(low)s to %(high)s") % {"low": own[0], "high": own[1]})
        self.ranges = {f"{low}-{high}": (low, high) for low, high in offered}
        self.fields["place"].choices = [(f"{low}-{high}", name) for (low, high), name in offered.items()]
        self.initial["place"] = f"{own[0]}-{own[1]}"
        self.order_fields(["code", "name", "kind", "place"])

    def save(self, commit=True):
        self.instance.org_lo, self.instance.org_hi = self.ranges[self.cleaned_data["place"]]
        return super().save(commit)


def _territories_of(scope: Scope) -> list[Territory]:
    """Regions and districts that lie in the scope as a whole."""
    day = timezone.localdate()
    regions = [t for t in territories.regions(on=day) if scope.covers(t.org_lo) and scope.covers(t.org_hi)]
    return regions + [t for t in territories.whole_in(scope, on=day) if t.level == TerritoryLevel.DISTRICT]


class SourceChangeForm(SourceForm):
    class Meta(SourceForm.Meta):
        fields = tuple(name for name in SourceForm.Meta.fields if name not in ("code", "kind"))


def profile_rows(row_kind: str, columns: dict) -> list[dict]:
    """Lines of the mapping editor, one a field of the register."""
    rows = []
    for field in fields_of(row_kind):
        rule = columns.get(field.name) or {}
        rows.append({
            "field": field, "column": rule.get("column", ""), "default": rule.get("default", ""), "format": rule.get("format", ""),
            "repair": rule.get("repair", False), "is_date": field.type == "date", "is_identifier": field.type in ("iin", "bin"),
            "values": "\n".join(f"{k} = {v}" for k, v in (rule.get("values") or {}).items()),
        })  # fmt: skip
    return rows


def profile_columns(row_kind: str, data) -> dict:
    """The mapping that a posted editor says; fields without a column or default are left out."""
    columns = {}
    for field in fields_of(row_kind):
        rule: dict = {}
        for part in ("column", "default", "format"):
            value = data.get(f"{field.name}-{part}", "").strip()
            if value:
                rule[part] = value
        pairs = [line.split("=", 1) for line in data.get(f"{field.name}-values", "").splitlines() if "=" in line]
        values = {key.strip(): value.strip() for key, value in pairs if key.strip()}
        if values:
            rule["values"] = values
        if data.get(f"{field.name}-repair"):
            rule["repair"] = True
        if rule.get("column") or rule.get("default"):
            columns[field.name] = rule
    return columns
