"""Settlement: from the three files to the lines that `tirek settle` writes."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tirek.preschool.commands import attendance
from tirek.preschool.commands.attendance import Attendance
from tirek.preschool.commands.norms import Norms, read_norms
from tirek.storage.tables import BadTable, Fault, Faults, read_table, safe, write_csv
from tirek_engines.errors import Refusal
from tirek_engines.preschool import Lines, Month, Status, checks, settle
from tirek_engines.preschool.settlement import Reason, days_of

if TYPE_CHECKING:
    from tirek.storage.runs import Run

STATUSES = tuple(s.name.lower() for s in Status)
REASONS = tuple(r.name.lower() for r in Reason)
CHECKS = {
    "double_claim": "The same child is marked present in two groups on these days. The line is withheld.",
    "outside_contract": "Marks on days without a contract. They are not paid.",
    "day_off": "Marks on days that are not worked. They are not paid.",
    "in_the_future": "Marks on days after the day of the settlement. They are not paid.",
    "two_marks": "A day has two marks. Present goes before excused, excused before closed.",
    "over_capacity": "More children of the group are marked present than it has places.",
    "alike": "All children of the group were present on the same days, and away on the same.",
    "always_there": "Present on every working day.",
    "no_enrolment": "Marks of a child without an enrolment in this month. They are not paid.",
}
FEWEST_CHILDREN_ALWAYS = 5


@dataclass(frozen=True)
class Results:
    """The settled month."""

    month: Month
    norms: Norms
    found: Attendance
    rates: NDArray[np.int64]
    lines: Lines
    flags: pl.DataFrame
    notes: tuple[str, ...]
    decided: bool = True

    def line_frame(self) -> pl.DataFrame:
        """lines.csv: one line an enrolment of the month."""
        frame = self.found.frame
        return pl.DataFrame(
            {
                "child": frame["child"],
                "group": frame["group"],
                "days": self.lines.days.sum(axis=1),
                "amount_tiyn": self.lines.amount,
                "status": np.array(STATUSES)[self.lines.status],
                "reason": np.array(REASONS)[self.lines.reason],
                "kindergarten": frame["kindergarten"],
                "present_days": self.lines.days[:, 0],
                "excused_days": self.lines.days[:, 1],
                "closed_days": self.lines.days[:, 2],
            }
        ).with_columns(guarded(pl.col(name)) for name in ("child", "group", "kindergarten"))

    def payable_frame(self) -> pl.DataFrame:
        """payable.csv: what each kindergarten is paid, those with nothing included."""
        lines = self.line_frame().with_columns(
            pl.when(pl.col("status") == "payable").then("amount_tiyn").otherwise(0).alias("__paid"),
            pl.when(pl.col("status") == "withheld").then("amount_tiyn").otherwise(0).alias("__withheld"),
        )
        return (
            lines.group_by("kindergarten")
            .agg(
                pl.col("__paid").sum().alias("amount_tiyn"),
                (pl.col("status") == "payable").sum().alias("lines"),
                pl.col("__withheld").sum().alias("withheld_tiyn"),
                (pl.col("status") == "withheld").sum().alias("withheld_lines"),
            )
            .sort("kindergarten")
        )

    def report(self) -> dict[str, Any]:
        """summary.json."""
        status, amount = self.lines.status, self.lines.amount
        return {
            "month": f"{self.month.year:04d}-{self.month.month:02d}",
            "working_days": days_of(self.month.working),
            "divisor": self.norms.pay(self.month).divisor,
            "lines": int(status.size),
            "payable_tiyn": int(self.lines.payable.sum()),
            "withheld_tiyn": int(amount[status == Status.WITHHELD].sum()),
            "by_reason": {
                name: int((self.lines.reason == code).sum())
                for code, name in enumerate(REASONS)
                if (self.lines.reason == code).any()
            },
            "flags": dict(self.flags.group_by("check").len().sort("check").iter_rows()),
            "notes": list(self.notes),
        }

    def write(self, run: Run) -> Mapping[str, Any]:
        """Write every output but the manifest."""
        write_csv(run.folder / "lines.csv", self.line_frame())
        write_csv(run.folder / "payable.csv", self.payable_frame())
        write_csv(run.folder / "flags.csv", self.flags)
        report = self.report()
        run.write_json("summary.json", report)
        return report

    def summary(self) -> str:
        """A few lines for the terminal."""
        report = self.report()
        return "\n".join(
            [
                f"{report['month']}: {report['lines']:,} lines, {len(report['working_days'])} working days, "
                f"a norm is divided by {report['divisor']}.",
                f"Payable {tenge(report['payable_tiyn'])}, withheld {tenge(report['withheld_tiyn'])}.",
                *[f"  {n:,} lines: {name}" for name, n in report["by_reason"].items()],
                *[f"  to look at: {n:,} x {name}" for name, n in report["flags"].items()],
            ]
        )


def tenge(tiyn: int) -> str:
    """An amount in tenge and tiyn."""
    return f"{tiyn // 100:,}.{tiyn % 100:02d} tenge"


def guarded(column: pl.Expr) -> pl.Expr:
    """Cells that a spreadsheet will not run as formulas."""
    return pl.when(column.str.contains(r"^[=+\-@\t\r]")).then(
        column.map_elements(safe, return_dtype=pl.String)
    ).otherwise(column)  # fmt: skip


def compute(files: Mapping[str, Path], options: Mapping[str, Any]) -> Results:
    """Read the files and settle: what the command writes and `verify` computes again."""
    year, number = month_of(options["month"])
    norms = read_norms(files["norms"])
    month = norms.month(year, number)
    found = attendance.read(files["enrolments"], files["marks"], norms.columns, year, number)
    notes = list(found.notes)
    eligible = _eligible(files.get("eligible"), found, month)
    past = _past(options.get("as_of"), month)
    masks = {name: found.masks[name] & past for name in attendance.MARKS}
    rates = _rates(norms, month, found.frame)
    children = found.frame["child"].rank("dense").to_numpy().astype(np.int64)
    claimed = masks["present"] & found.masks["enrolled"] & np.uint32(month.working)
    held = checks.double_claims(children, claimed)
    lines = settle(
        month, norms.pay(month), rates, enrolled=found.masks["enrolled"], present=masks["present"],
        excused=masks["excused"], closed=masks["closed"], eligible=eligible, confirmed=found.confirmed, held=held,
    )  # fmt: skip
    flags = _flags(found, month, held, past, _capacity(files.get("groups"), found))
    if found.frame.height == 0:
        notes.append("No enrolment touches this month: nothing is paid.")
    return Results(month, norms, found, rates, lines, flags, tuple(notes))


def month_of(text: str) -> tuple[int, int]:
    """A month written YYYY-MM."""
    match = re.fullmatch(r"(\d{4})-(\d{2})", text)
    if not match or not 1 <= int(match[2]) <= 12 or not 1990 <= int(match[1]) <= 2200:
        raise Refusal(f"{text} is no month. Write it as YYYY-MM.", code="bad_month")
    return int(match[1]), int(match[2])


def _past(as_of: str | None, month: Month) -> np.uint32:
    """Days of the month that lie not after the day of the settlement."""
    if not as_of:
        return np.uint32(2**month.n_days - 1)
    try:
        day = datetime.date.fromisoformat(as_of)
    except ValueError:
        raise Refusal(f"{as_of} is no day. Write --as-of YYYY-MM-DD.", code="bad_day") from None
    n = (day - datetime.date(month.year, month.month, 1)).days + 1
    return np.uint32(2 ** min(max(n, 0), month.n_days) - 1)


def _rates(norms: Norms, month: Month, frame: pl.DataFrame) -> NDArray[np.int64]:
    """Norms by line and part of the month; each combination of columns is looked up once."""
    columns = list(norms.columns)
    if not columns:
        return np.tile(np.array(norms.rates(month, {}), np.int64), (frame.height, 1))
    known = frame.select(columns).unique(maintain_order=True).with_row_index("__kind")
    table = [norms.rates(month, dict(zip(columns, row[1:], strict=True))) for row in known.iter_rows()]
    kind = frame.select(columns).join(known, on=columns, how="left", nulls_equal=True, maintain_order="left")["__kind"]
    return np.array(table, np.int64).reshape(-1, len(month.segments))[kind.to_numpy()]


def _eligible(path: Path | None, found: Attendance, month: Month) -> NDArray[np.uint32]:
    """Days on which each line's kindergarten may be paid; all, where nothing is said."""
    whole = np.uint32(2**month.n_days - 1)
    if path is None:
        return np.full(found.frame.height, whole, np.uint32)
    frame = read_table(path, text_columns=["kindergarten", "from", "until"])
    attendance.columns_there(path, frame, ["kindergarten", "from"])
    first = datetime.date(month.year, month.month, 1)
    masks: dict[str, int] = {}
    faults = Faults(path.name)
    until = frame["until"] if "until" in frame.columns else [None] * frame.height
    for row, (name, begins, ends) in enumerate(zip(frame["kindergarten"], frame["from"], until, strict=True), start=2):
        try:
            low = max((datetime.date.fromisoformat(begins) - first).days, 0)
            high = (datetime.date.fromisoformat(ends) - first).days if ends else month.n_days
        except (TypeError, ValueError):
            faults.add(row, "from", f"{begins} {ends or ''}", "This is no period of days.", "Write days as YYYY-MM-DD.")
            continue
        for day in range(low, min(high, month.n_days)):
            masks[name] = masks.get(name, 0) | 1 << day
    faults.raise_if_any()
    names = found.frame["kindergarten"]
    return np.array([masks.get(name, 0) for name in names], np.uint32)


def _capacity(path: Path | None, found: Attendance) -> dict[str, int]:
    if path is None:
        return {}
    frame = read_table(path, text_columns=["group"])
    attendance.columns_there(path, frame, ["group", "capacity"])
    bad = frame.with_row_index("__row", offset=2).filter(
        pl.col("capacity").cast(pl.Int64, strict=False).is_null()
        | (pl.col("capacity").cast(pl.Int64, strict=False) < 0)
    )
    if bad.height:
        raise BadTable(
            [Fault(path.name, row, "capacity", str(value), "This is no number of places.", "Write 0, 1, 2, …")
             for row, value in bad.select("__row", "capacity").iter_rows()]
        )  # fmt: skip
    return dict(frame.select("group", pl.col("capacity").cast(pl.Int64)).iter_rows())


def _flags(
    found: Attendance, month: Month, held: NDArray[np.bool_], past: np.uint32, capacity: Mapping[str, int]
) -> pl.DataFrame:
    """flags.csv: what a person should look at, by line and check, with the days."""
    m, working = found.masks, np.uint32(month.working)
    marked = m["present"] | m["excused"] | m["closed"]
    twice = (m["present"] & (m["excused"] | m["closed"])) | (m["excused"] & m["closed"])
    outside, off = checks.outside(m["enrolled"], marked, month.working)
    due, days = m["enrolled"] & working, m["present"] & m["enrolled"] & working
    names = found.frame["group"].unique(maintain_order=True)
    groups = found.frame["group"].cast(pl.Enum(names)).to_physical().to_numpy().astype(np.int64)
    places = np.array([capacity.get(name, -1) for name in names], np.int64)
    over = checks.over_capacity(groups, days, places)[groups] & days
    always = checks.always_there(m["enrolled"], m["present"], month.working)
    steady = np.bincount(groups, always, minlength=len(names)) == np.bincount(groups, minlength=len(names))
    steady &= np.bincount(groups, minlength=len(names)) >= FEWEST_CHILDREN_ALWAYS
    by_check = {
        "double_claim": np.where(held, days, 0),
        "outside_contract": outside,
        "day_off": off,
        "in_the_future": marked & ~past,
        "two_marks": twice & m["enrolled"],
        "over_capacity": over,
        "alike": np.where(checks.alike_in_a_group(groups, due, days), days, 0),
        "always_there": np.where(always & steady[groups], days, 0),
    }
    parts = [_flagged(found.frame, name, mask) for name, mask in by_check.items()]
    strange = pl.DataFrame(
        {"child": list(found.strangers), "group": [""] * len(found.strangers), "check": ["no_enrolment"] * len(found.strangers),
         "days": [""] * len(found.strangers), "what": [CHECKS["no_enrolment"]] * len(found.strangers)},
        schema=dict.fromkeys(("child", "group", "check", "days", "what"), pl.String),
    )  # fmt: skip
    whole = pl.concat([*parts, strange])
    return whole.with_columns(guarded(pl.col(name)) for name in ("child", "group"))


def _flagged(frame: pl.DataFrame, check: str, masks: NDArray[np.generic]) -> pl.DataFrame:
    at = np.flatnonzero(masks)
    days = [" ".join(str(d) for d in days_of(int(mask))) for mask in masks[at]]
    return pl.DataFrame(
        {"child": frame["child"][at], "group": frame["group"][at], "check": [check] * at.size, "days": days,
         "what": [CHECKS[check]] * at.size},
        schema=dict.fromkeys(("child", "group", "check", "days", "what"), pl.String),
    )  # fmt: skip
