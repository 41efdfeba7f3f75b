"""The impact of a programme, as a pure function of what was sealed: panel, waves, schools, pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from tirek.decisions.kinds import Result
from tirek.decisions.rules import RuleSet
from tirek.programmes.decided.impact_estimates import Estimates, estimate, panel_of
from tirek_engines.errors import Refusal
from tirek_engines.evaluation.matching import balance
from tirek_engines.programmes.impact import Bounds, claim_of, judge, pooled_spread, with_link_error
from tirek_engines.programmes.impact_design import weights_of_pairs

NUMBERS = ("before", "after", "change", "comparison", "difference", "weight")


@dataclass(frozen=True)
class Table:
    """The panel as arrays: schools by wave, on the scale of the entrance wave."""

    codes: list[str]
    org_nos: list[int]
    treated: np.ndarray
    entry: np.ndarray
    left: np.ndarray
    merged: np.ndarray
    pupils: np.ndarray
    waves: list[dict[str, Any]]
    values: np.ndarray
    spreads: np.ndarray
    counts: np.ndarray
    before: int
    main: list[int]
    pairs: list[tuple[int, int]]

    @property
    def seen(self) -> np.ndarray:
        """Schools with results of every wave that is compared, one of them after the school had joined."""
        too_late = self.treated & (self.entry > len(self.waves))
        return np.isfinite(self.values[:, self.main]).all(axis=1) & ~self.merged & ~too_late

    @property
    def weights(self) -> np.ndarray:
        return weights_of_pairs(self.pairs, self.seen)

    @property
    def last(self) -> int:
        return self.main[-1]

    def change(self, k: int) -> float:
        return float(self.values[k, self.last] - self.values[k, self.before])


def run_impact(inputs: Mapping[str, Any], parameters: Mapping[str, Any], rules: RuleSet) -> Result:
    """The estimates, the checks, the claim, and an outcome for every school."""
    values = rules.values()
    table = table_of(inputs)
    weights = table.weights
    everywhere = _rows(table, weights, range(len(table.waves)))
    found = estimate(everywhere.filter(pl.col("wave").is_in([w + 1 for w in table.main])), everywhere, values)
    balanced = _balance(table, weights)
    facts = _facts(table, weights, found, balanced, parameters)
    findings = judge(facts, _bounds(values))
    summary = {name: _plain(value) for name, value in _summary(table, weights, found, facts).items()} | {
        "claim": claim_of(findings), "checks": [finding.as_dict() for finding in findings], "notes": list(found.main.notes),
        "draws_asked": int(values["draws"]), "seed": int(values["seed"]),
    }  # fmt: skip
    tables = {
        "estimators": found.estimators,
        "events": found.events,
        "balance": balanced,
        "means": _means(table, weights),
        "counted": panel_of(everywhere, "weight" if weights.any() else "alone"),
    }
    if found.groups.height:
        tables["groups"] = found.groups
    return Result(outcomes=_outcomes(table, weights), tables=tables, summary=summary)


def _bounds(values: Mapping[str, Any]) -> Bounds:
    return Bounds(
        int(values["comparable"]) / 100, int(values["pretrend"]) / 100, int(values["fewest_treated"]),
        int(values["attrition"]) / 100, int(values["at_top"]) / 100,
    )  # fmt: skip


def table_of(inputs: Mapping[str, Any]) -> Table:
    """Arrange what was sealed; waves that do not stand on the entrance wave's scale are put there by their spread."""
    schools, waves = inputs["schools"], inputs["waves"].sort("wave").to_dicts()
    place = {org_no: k for k, org_no in enumerate(schools["org_no"].to_list())}
    column = {wave["wave"]: k for k, wave in enumerate(waves)}
    shape = (schools.height, len(waves))
    values, spreads, counts = np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(shape)
    for org_no, wave, mean, sd, n in inputs["panel"].select("org_no", "wave", "mean", "sd", "n").iter_rows():
        if mean is not None:
            where = place[org_no], column[wave]
            values[where], spreads[where], counts[where] = mean, np.nan if sd is None else sd, n or 0
    treated, entry = schools["treated"].to_numpy(), schools["entry"].to_numpy()
    if not treated.any():
        raise Refusal("No school takes part, so there is no impact to estimate.", code="nobody_treated")
    before, main = _compared(waves, entry[treated])
    _on_one_scale(values, spreads, waves, before)
    codes = schools["code"].to_list()
    number = {code: k for k, code in enumerate(codes)}
    pairs = [(number[a], number[b]) for a, b in inputs["pairs"].select("school", "comparison").iter_rows()]
    return Table(
        codes, schools["org_no"].to_list(), treated, entry, schools["left"].to_numpy(), schools["merged"].to_numpy(),
        schools["pupils"].to_numpy(), waves, values, spreads, counts, before, main, pairs,
    )  # fmt: skip


def _compared(waves: list[dict[str, Any]], entries: np.ndarray) -> tuple[int, list[int]]:
    """The wave just before the first entry, and the waves compared: that one and the later ones on its scale."""
    entered = entries[entries > 0]
    earliest = int(entered.min()) - 1 if entered.size else len(waves)
    if earliest < 1:
        raise Refusal("There is no wave of results from before the first school joined.", code="no_wave_before")
    later = [k for k in range(earliest, len(waves)) if waves[k]["linked"]]
    later = later or list(range(earliest, len(waves)))
    if not later:
        raise Refusal("There is no wave of results from after the schools joined.", code="no_wave_after")
    return earliest - 1, [earliest - 1, *later]


def _on_one_scale(values: np.ndarray, spreads: np.ndarray, waves: list[dict[str, Any]], before: int) -> None:
    base = waves[before]
    for k, wave in enumerate(waves):
        if not wave["linked"] and k != before and wave["spread"]:
            factor = base["spread"] / wave["spread"]
            values[:, k] = base["centre"] + (values[:, k] - wave["centre"]) * factor
            spreads[:, k] *= factor


def _rows(table: Table, weights: np.ndarray, waves) -> pl.DataFrame:
    """A row a school and wave, with the weights of every design."""
    seen, rows = table.seen, []
    for k, code in enumerate(table.codes):
        if not seen[k]:
            continue
        for w in waves:
            if np.isfinite(table.values[k, w]):
                entry = int(table.entry[k]) if table.treated[k] else 0
                alone = float(table.treated[k])
                rows.append((
                    code, w + 1, bool(table.treated[k]), entry, float(table.values[k, w]), float(weights[k]),
                    float(weights[k] * table.counts[k, table.before]), 1.0, alone,
                ))  # fmt: skip
    schema = {"code": pl.String, "wave": pl.Int64, "treated": pl.Boolean, "entry": pl.Int64, "value": pl.Float64}
    schema |= dict.fromkeys(("weight", "by_pupils", "unmatched", "alone"), pl.Float64)
    found = pl.DataFrame(rows, schema=schema, orient="row")
    if not found["treated"].any():
        raise Refusal("No school that takes part has results of every wave.", code="wave_missing")
    return found


def _balance(table: Table, weights: np.ndarray) -> pl.DataFrame:
    """How alike the schools that count were before: in every wave up to the entrance, and in size."""
    schema = {"fact": pl.String} | dict.fromkeys(
        ("mean_treated", "mean_comparison", "smd", "mean_all_others", "smd_before"), pl.Float64
    )
    columns = table.values[:, : table.before + 1]
    good = np.isfinite(columns).all(axis=1) & ~table.merged
    treated = table.treated[good]
    if not weights[good & ~table.treated].any() or not treated.any():
        return pl.DataFrame(schema=schema)
    size = np.log(np.maximum(table.pupils, 1))[:, None]
    names = [f"wave {table.waves[k]['wave']}" for k in range(table.before + 1)] + ["size"]
    told = balance(np.column_stack([columns, size])[good], treated, weights[good])
    rows = [
        (name, b.mean_treated, b.mean_after, b.told[0], b.mean_before, b.told[1])
        for name, b in zip(names, told, strict=True)
    ]
    return pl.DataFrame(rows, schema=schema, orient="row")


def _facts(
    table: Table, weights: np.ndarray, found: Estimates, balanced: pl.DataFrame, parameters: Mapping[str, Any]
) -> dict[str, Any]:
    treated, seen = table.treated, table.seen
    partners = {b for _a, b in table.pairs}
    others = np.array([k in partners for k in range(len(table.codes))])
    sizes = balanced["smd"].to_list()
    tops = [table.waves[k]["at_top"] for k in table.main if table.waves[k]["at_top"] is not None]
    return {
        "treated": int(treated.sum()), "treated_matched": int((treated & (weights > 0)).sum()),
        "treated_seen": int((treated & seen).sum()), "comparison": int((~treated & (weights > 0)).sum()),
        "chosen_before": parameters.get("chosen_before"), "largest_smd": max(sizes, key=abs) if sizes else None,
        "pretrend_p": found.pretrend_p, "permutation_p": found.main.facts["permutation_p"],
        "attrition_treated": float(1 - seen[treated].mean()),
        "attrition_comparison": float(1 - seen[others].mean()) if others.any() else 0.0,
        "at_top": max(tops, default=None), "se": found.estimators["se_cr1"][0],
        "waves_apart": sum(not table.waves[k]["linked"] for k in table.main[1:]),
        "left": int((treated & table.left).sum()), "merged": int(table.merged.sum()),
    }  # fmt: skip


def _summary(table: Table, weights: np.ndarray, found: Estimates, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What the pages show: the estimate with the link's error in its interval, in points and in standard deviations."""
    row = found.estimators.row(0, named=True)
    has_others = facts["comparison"] > 0
    extra = _link_error(table, weights, has_others)
    low, high = with_link_error(row["estimate"], row["low"], row["high"], extra)
    side = ~table.treated if has_others else table.treated
    reference = np.where(side, weights if has_others else table.seen, 0.0)
    sd = pooled_spread(
        table.values[:, table.before], table.spreads[:, table.before], table.counts[:, table.before], reference
    )
    in_sd = {f"{name}_sd": None if value is None or not sd else value / sd for name, value in
             (("estimate", row["estimate"]), ("low", low), ("high", high))}  # fmt: skip
    return facts | in_sd | {
        "estimand": row["estimand"], "estimate": row["estimate"], "low": low, "high": high, "se": row["se_cr1"],
        "se_cr3": row["se_cr3"], "p": row["p"], "draws": row["draws"], "link_error": extra, "reference_sd": sd,
        "low_without_link": row["low"], "high_without_link": row["high"],
        "before": table.waves[table.before]["wave"], "after": table.waves[table.last]["wave"],
        "staggered": bool(np.unique(table.entry[table.treated & (table.entry > 0)]).size > 1),
    }  # fmt: skip


def _link_error(table: Table, weights: np.ndarray, has_others: bool) -> float:
    """What linking adds: to a change its whole error; to a difference of changes only that of the scale's unit."""
    last = table.waves[table.last]
    if not has_others:
        return float(last["link_se"] or 0.0)
    means = [
        float(np.average(table.values[side, table.last], weights=weights[side]))
        for side in ((weights > 0) & table.treated, (weights > 0) & ~table.treated)
    ]
    return abs(means[0] - means[1]) * float(last["slope_error"] or 0.0)


def _means(table: Table, weights: np.ndarray) -> pl.DataFrame:
    """Weighted means of both sides by wave: what the chart shows."""
    rows = []
    for k, wave in enumerate(table.waves):
        for side, chosen in (("treated", table.treated), ("comparison", ~table.treated)):
            some = weights if weights.any() else table.seen.astype(float)
            use = chosen & (some > 0) & np.isfinite(table.values[:, k])
            if use.any():
                rows.append(_mean(wave, side, table.values[use, k], some[use], k in table.main))
    schema = {
        "wave": pl.Int64, "test": pl.String, "day": pl.String, "side": pl.String, "mean": pl.Float64, "se": pl.Float64,
        "schools": pl.Int64, "compared": pl.Boolean,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


def _mean(wave: Mapping[str, Any], side: str, values: np.ndarray, weights: np.ndarray, compared: bool) -> tuple:
    mean = float(np.average(values, weights=weights))
    share = weights / weights.sum()
    n = values.size
    se = float(np.sqrt(n / (n - 1) * ((share * (values - mean)) ** 2).sum())) if n > 1 else None
    return wave["wave"], wave["test"], wave["day"], side, mean, se, n, compared


def _outcomes(table: Table, weights: np.ndarray) -> pl.DataFrame:
    partners: dict[int, list[int]] = {}
    for a, b in table.pairs:
        partners.setdefault(a, []).append(b)
    in_design = set(partners) | {b for _a, b in table.pairs}
    rows = []
    for k, code in enumerate(table.codes):
        reason, numbers = _outcome(
            table, weights, k, [b for b in partners.get(k, []) if weights[b] > 0], k in in_design
        )
        rows.append({
            "subject_kind": "school", "subject": code, "org_no": table.org_nos[k], "reason": reason,
            "numbers": dict.fromkeys(NUMBERS) | numbers, "result": {"weight": float(weights[k])},
        })  # fmt: skip
    return pl.DataFrame(rows, infer_schema_length=None)


def _outcome(
    table: Table, weights: np.ndarray, k: int, partners: list[int], in_design: bool
) -> tuple[str, dict[str, float]]:
    treated = bool(table.treated[k])
    if table.merged[k]:
        return "merged", {}
    if not treated and not in_design:
        return "not_chosen", {}
    if not table.seen[k]:
        return "wave_missing", {}
    own = {
        "before": round(float(table.values[k, table.before]), 1), "after": round(float(table.values[k, table.last]), 1),
        "change": round(table.change(k), 1),
    }  # fmt: skip
    if treated and weights[k] == 0:
        if not table.pairs:
            return "counted_alone", own
        return ("partners_gone", {}) if in_design else ("no_partner", {})
    if treated:
        other = float(np.mean([table.change(b) for b in partners]))
        more = {"comparison": round(other, 1), "difference": round(table.change(k) - other, 1)}
        return "counted_left" if table.left[k] else "counted", own | more
    return ("served", own | {"weight": round(float(weights[k]), 4)}) if weights[k] > 0 else ("served_nobody", {})


def _plain(value: Any) -> Any:
    """As JSON keeps it: no NaN, no NumPy."""
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not np.isfinite(value) else value
