"""Institutions and coordinates: few enough to be compared one by one. A change begins a new state, the old one stays."""

from __future__ import annotations

import datetime as dt
import json

import polars as pl
from django.db.backends.postgresql.psycopg_any import DateRange

from tirek.registry import names
from tirek.registry.exchange.faults import Faults
from tirek.registry.exchange.people import Context
from tirek.registry.models import (
    ExternalId,
    Institution,
    InstitutionState,
    RowKind,
    Territory,
    TerritoryLevel,
)
from tirek.registry.services.territories import rewrite
from tirek.storage.said import said as _

STATE_FIELDS = (
    "name_kk", "name_ru", "name_en", "settlement_kind", "is_public", "languages", "address", "longitude", "latitude",
    "capacity", "connectivity", "speed_mbps", "heating",
)  # fmt: skip
STEP = 10  # gaps between the numbers of institutions


class InstitutionPlan:
    """What a file would change about institutions; ``rows`` are differences, ``apply`` does it."""

    def __init__(self, frame: pl.DataFrame, context: Context):
        self.frame, self.context = frame, context
        self.territories = {t.code: t for t in Territory.objects.all()}
        self.parents = {t.pk: t for t in self.territories.values()}
        self.known = self._known()
        self.steps: list[tuple] = []
        self.rows: list[dict] = []

    def _known(self) -> dict[str, Institution]:
        found = {}
        institutions = {i.pk: i for i in Institution.objects.all()}
        for institution in institutions.values():
            found[institution.code] = institution
            if institution.bin:
                found.setdefault(institution.bin, institution)
        external = ExternalId.objects.filter(source_id=self.context.source_id, kind="institution")
        for name, target in external.values_list("external_id", "target_id"):
            if target in institutions:
                found[f"x {name}"] = institutions[target]
        return found

    def plan(self, faults: Faults) -> InstitutionPlan:
        states = {s.institution_id: s for s in InstitutionState.objects.filter(valid__upper_inf=True)}
        for row in self.frame.iter_rows(named=True):
            if self.context.row_kind == RowKind.PLACES:
                self._plan_place(row, states, faults)
                continue
            found = next(
                (
                    self.known[key]
                    for key in (f"x {row.get('external_id')}", row["code"], row.get("bin"))
                    if key in self.known
                ),
                None,
            )
            if found is None:
                self._plan_new(row, faults)
            else:
                self._plan_change(row, found, states.get(found.pk), faults)
        return self

    def _plan_place(self, row: dict, states: dict, faults: Faults) -> None:
        found = self.known.get(row["code"]) or self.known.get(f"x {row['code']}")
        territory = self.territories.get(row["code"])
        if found is not None:
            only = {k: row[k] for k in ("longitude", "latitude")} | {"_file": row["_file"], "_row": row["_row"]}
            self._plan_change(only, found, states.get(found.pk), faults)
        elif territory is not None and self._is_whole_ours(territory):
            changes = {
                k: [getattr(territory, k), row[k]] for k in ("longitude", "latitude") if getattr(territory, k) != row[k]
            }
            self._note(
                row, "territory", territory.pk, territory.name_kk, "changed" if changes else "unchanged", changes
            )
            if changes:
                self.steps.append(("territory", territory, {k: after for k, (_b, after) in changes.items()}))
        else:
            faults.add(row["_file"], row["_row"], "code", row["code"], _("The register knows no such place."),
                       _("Give an institution's code or a KATO code of your territory."), code="unknown_place")  # fmt: skip

    def _plan_new(self, row: dict, faults: Faults) -> None:
        territory = self.territories.get(row.get("territory") or "")
        if territory is None or not self._is_whole_ours(territory):
            faults.add(row["_file"], row["_row"], "territory", row.get("territory"),
                       _("The territory is unknown or outside the territory of the source."),
                       _("Give the KATO code of a district or settlement."), code="unknown_territory")  # fmt: skip
            return
        self._note(row, "institution", None, row["name_kk"], "new", {})
        self.known[row["code"]] = Institution(code=row["code"], org_no=territory.org_lo)
        self.steps.append(("new", row, territory))

    def _plan_change(self, row: dict, found: Institution, state: InstitutionState | None, faults: Faults) -> None:
        if found.pk is None:
            return
        if not self._is_ours(found.org_no):
            faults.add(row["_file"], row["_row"], "code", found.code, _("This institution lies outside the territory of the source."),
                       _("Leave the row out, or ask the department above."), code="outside_scope")  # fmt: skip
            return
        if state is None:
            faults.add(row["_file"], row["_row"], "code", found.code, _("This institution is closed."),
                       _("Leave the row out, or reopen it first."), code="closed_institution")  # fmt: skip
            return
        changes = {
            k: [getattr(state, k), row[k]]
            for k in STATE_FIELDS
            if row.get(k) is not None and getattr(state, k) != row[k]
        }
        territory = self.territories.get(row.get("territory") or "")
        if territory is not None and not territory.org_lo <= found.org_no <= territory.org_hi:
            faults.add(row["_file"], row["_row"], "territory", territory.code, _("The institution does not lie in this territory."),
                       _("Correct the code; an institution moves only with its number."), code="other_territory")  # fmt: skip
            return
        if territory is not None and territory.pk != state.territory_id:
            changes["territory"] = [self.parents[state.territory_id].code, territory.code]
        self._note(row, "institution", found.pk, state.name_kk, "changed" if changes else "unchanged", changes)
        self.steps.append(("state", row, found, state, {k: after for k, (_b, after) in changes.items()}))

    def _is_ours(self, org_no: int) -> bool:
        return self.context.org_lo <= org_no <= self.context.org_hi

    def _is_whole_ours(self, territory: Territory) -> bool:
        """Both ends: a town may begin with the number of its first school."""
        return self._is_ours(territory.org_lo) and self._is_ours(territory.org_hi)

    def _note(self, row: dict, thing: str, target: int | None, label: str, action: str, changes: dict) -> None:
        self.rows.append({
            "_file": row["_file"], "_row": str(row["_row"]), "thing": thing, "action": action, "label": label,
            "target_id": None if target is None else str(target), "changed": " ".join(changes),
            "pairs": json.dumps(changes, ensure_ascii=False, default=str) if changes else None,
        })  # fmt: skip

    def counts(self) -> dict[str, dict[str, int]]:
        found: dict[str, dict[str, int]] = {}
        for row in self.rows:
            thing = found.setdefault(row["thing"], {})
            thing[row["action"]] = thing.get(row["action"], 0) + 1
        return found

    def apply(self) -> None:
        for kind, *step in self.steps:
            if kind == "territory":
                territory, values = step
                rewrite(territory, values, self.context.as_of)
            elif kind == "new":
                self._create(*step)
            else:
                row, institution, state, values = step
                if values:
                    self._begin_state(state, values)
                self._keep(row, institution)

    def _create(self, row: dict, territory: Territory) -> None:
        opened = row.get("open_date") or self.context.as_of
        institution = Institution.objects.create(
            code=row["code"], org_no=self._next_number(territory), bin=row.get("bin") or "", kind=row.get("kind") or "school",
            open_period=DateRange(opened, None),
        )  # fmt: skip
        values = {k: row[k] for k in STATE_FIELDS if row.get(k) is not None}
        values.setdefault("settlement_kind", territory.settlement_kind or "rural")
        values.setdefault("languages", ["kk"])
        InstitutionState.objects.create(
            institution=institution, org_no=institution.org_no, valid=DateRange(opened, None), territory=territory,
            sort_key=names.sort_key(values["name_kk"]), **values,
        )  # fmt: skip
        self._keep(row, institution)

    def _next_number(self, territory: Territory) -> int:
        while territory.level == TerritoryLevel.SETTLEMENT and territory.parent_id:
            territory = self.parents[territory.parent_id]
        taken = Institution.objects.filter(org_no__gte=territory.org_lo, org_no__lte=territory.org_hi)
        last = taken.order_by("-org_no").values_list("org_no", flat=True).first()
        number = (territory.org_lo if last is None else last) + STEP
        if number > territory.org_hi:
            raise ValueError(f"No number is free in {territory.code}.")
        return number

    def _begin_state(self, state: InstitutionState, values: dict) -> None:
        values = dict(values)
        if "territory" in values:
            values["territory"] = self.territories[values["territory"]]
        if "name_kk" in values:
            values["sort_key"] = names.sort_key(values["name_kk"])
        day = self.context.as_of
        if state.valid.lower is not None and day <= state.valid.lower:
            InstitutionState.objects.filter(pk=state.pk).update(**values)
            return
        InstitutionState.objects.filter(pk=state.pk).update(valid=DateRange(state.valid.lower, day))
        copied = {
            f.attname: getattr(state, f.attname) for f in InstitutionState._meta.concrete_fields if f.attname != "id"
        }
        fresh = InstitutionState(**copied)
        for name, value in {**values, "valid": DateRange(day, None)}.items():
            setattr(fresh, name, value)
        fresh.save(force_insert=True)

    def _keep(self, row: dict, institution: Institution) -> None:
        if not row.get("external_id"):
            return
        ExternalId.objects.update_or_create(
            source_id=self.context.source_id, kind="institution", external_id=row["external_id"],
            defaults={"target_id": institution.pk, "org_no": institution.org_no, "last_import_id": self.context.import_id},
        )  # fmt: skip


def as_frame(rows: list[dict]) -> pl.DataFrame:
    columns = ("_file", "_row", "thing", "action", "label", "target_id", "changed", "pairs")
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String))


def today() -> dt.date:
    from django.utils import timezone

    return timezone.localdate()
