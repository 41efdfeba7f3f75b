"""What `tirek link` reads: calibrations, their items' errors, the file of anchors."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from tirek.assessment.commands.calibrations import SavedCalibration, plain, read_calibration
from tirek.assessment.commands.calibrations import _groups as groups_of
from tirek.assessment.commands.calibrations import _items as items_of
from tirek.assessment.commands.persons import listed
from tirek.storage.runs import FolderRefused, digest_file, read_manifest
from tirek.storage.tables import BadTable, Fault, read_table, safe
from tirek_engines.errors import Refusal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tirek_engines.psychometrics.estimation.estimates import GroupResult
    from tirek_engines.psychometrics.items import Items
    from tirek_engines.psychometrics.linking.anchors import Anchors
    from tirek_engines.psychometrics.linking.linkerror import AnswerNoise, ItemErrors

READ = ("items.csv", "groups.csv", "fit.json")
READ_LINKED = ("items_linked.csv", "groups_linked.csv", "link.json")
TOGETHER = ("haberman", "haebara", "stocking-lord")
"""Methods that link several new calibrations at once."""
UNIT_NAMES = ("unit", "testlet")
TEXTS = ("item", "model", "values", "dimension", "test")


@dataclass(frozen=True)
class Side:
    """One calibration that takes part.

    `table` is its items.csv, `mean` and `sd` those of all its persons (logits). A base may itself have been linked: then
    it lives on its own base's scale, and `error` is the linking error it brings along.
    """

    saved: SavedCalibration
    table: pl.DataFrame
    mean: float
    sd: float
    error: float = 0.0
    read: tuple[str, ...] = READ

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.saved.folder.resolve().name

    def errors(self, names: Sequence[str]) -> ItemErrors:
        """Standard errors of some items' b and a."""
        from tirek_engines.psychometrics.linking.linkerror import ItemErrors

        place = {plain(item): row for row, item in enumerate(self.table["item"].to_list())}
        rows = [place[n] for n in names]
        return ItemErrors(_column(self.table, "se_b")[rows], _column(self.table, "se_a")[rows])

    def noise(self, anchors: Items) -> AnswerNoise:
        """Chance in the answers to the anchors; with weights a person counts as far as the weights are equal."""
        from tirek_engines.psychometrics.linking.linkerror import answer_noise
        from tirek_engines.psychometrics.scoring import Groups

        place = {plain(item): row for row, item in enumerate(self.table["item"].to_list())}
        n = _column(self.table, "n")[[place[name] for name in anchors.names]]
        groups = self.saved.groups
        counts = np.array([g.n for g in groups], dtype=np.float64)
        means, variances = (np.array([getattr(g, k) for g in groups]) for k in ("mean", "variance"))
        of = Groups(tuple(g.group for g in groups), means, variances)
        effective, whole = self.saved.fit.get("n_effective"), self.saved.fit.get("n")
        share = float(effective) / float(whole) if effective and whole else 1.0
        return answer_noise(anchors, n * share, of, counts / counts.sum(), len(self.saved.items))


def read_base(folder: Path) -> Side:
    """Read the base: a folder of `tirek calibrate`, or of `tirek link` with one new calibration (a chain of cycles)."""
    if folder.is_dir() and read_manifest(folder)["command"] == "link":
        return _linked_side(folder)
    return read_side(folder)


def read_side(folder: Path) -> Side:
    """Read a folder of `tirek calibrate`."""
    saved = read_calibration(folder)
    table = read_table(folder / "items.csv", text_columns=TEXTS)
    return Side(saved, table, *_moments(saved.groups))


def _moments(groups: Sequence[GroupResult]) -> tuple[float, float]:
    """Mean and standard deviation of the persons of all groups."""
    n = np.array([g.n for g in groups], dtype=np.float64)
    shares = n / n.sum() if n.sum() > 0 else np.full(n.size, 1.0 / n.size)
    means = np.array([g.mean for g in groups])
    mean = float(shares @ means)
    within = shares @ np.array([g.variance for g in groups])
    return mean, float(np.sqrt(within + shares @ (means - mean) ** 2))


def _linked_side(folder: Path) -> Side:
    manifest = read_manifest(folder)
    recorded = {entry["name"]: entry["sha256"] for entry in manifest["outputs"]}
    for name in READ_LINKED:
        if not (folder / name).is_file() or digest_file(folder / name) != recorded.get(name):
            raise FolderRefused(f"{folder / name} is gone or not the file that was recorded. Link again.")
    held = json.loads((folder / "link.json").read_text(encoding="utf-8"))
    if len(held["links"]) > 1:
        raise FolderRefused(f"{folder} holds several linked calibrations. A base is one: link it by itself first.")
    table = read_table(folder / "items_linked.csv", text_columns=TEXTS)
    groups = read_table(folder / "groups_linked.csv", text_columns=["test", "group"])
    own = groups.filter(pl.col("test") == str(safe(held["test"])))
    net = (pl.col("se_mean") ** 2 - pl.col("linking_error") ** 2).clip(0.0).sqrt()  # the link's error is kept apart
    results = groups_of(own.with_columns(net.alias("se_mean")))
    saved = SavedCalibration(folder, items_of(table), results, (), {}, manifest, ())
    return Side(saved, table, *_moments(results), error=float(held["error_with_base"]), read=READ_LINKED)


def _column(table: pl.DataFrame, name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    if name not in table.columns:
        return np.full(table.height, np.nan)
    return table[name].cast(pl.Float64).fill_null(np.nan).to_numpy()


def anchor_list(path: str | None) -> tuple[list[str] | None, dict[str, str]]:
    """The items that may link, and their testlets where the table names them."""
    if path is None:
        return None, {}
    table = read_table(Path(path), text_columns=["item", *UNIT_NAMES])
    if "item" not in table.columns:
        what = "A table of anchors needs a column named item."
        raise BadTable([Fault(Path(path).name, 1, "item", "", what, "Add it.")])
    unit = next((n for n in UNIT_NAMES if n in table.columns), None)
    items = [v for v in table["item"].to_list() if v]
    if unit is None:
        return items, {}
    pairs = zip(table["item"].to_list(), table[unit].to_list(), strict=True)
    return items, {i: u for i, u in pairs if i and u}


def find_anchors(base: Side, new: Side, options: Mapping[str, Any]) -> Anchors:
    """The common items of two calibrations."""
    from tirek_engines.psychometrics.linking.anchors import match_items

    only, units = anchor_list(options["anchors"])
    drop = listed(options["drop"])
    return match_items(base.saved.items, new.saved.items, only=only, drop=drop, units=units)


def refuse_options(new: tuple[Path, ...], options: Mapping[str, Any]) -> None:
    """What does not go together."""
    if len(new) > 1 and options["method"] not in TOGETHER:
        raise Refusal(
            f"--method {options['method']} compares two calibrations. Several new ones are linked at once by haberman, "
            "haebara or stocking-lord; or link them one by one.",
            code="several_new",
        )
    if len(new) > 1 and options["direction"] == "symmetric":
        raise Refusal("--direction symmetric works with one new calibration. Leave it out.", code="several_new")
    if len(new) > 1 and options["purify"]:
        raise Refusal("--purify works with one new calibration. Drop anchors with --drop.", code="several_new")
    if len(new) > 1 and options["persons"]:
        raise Refusal("--persons works with one new calibration.", code="several_new")
    if (options["centre"] is None) != (options["spread"] is None):
        raise Refusal("--centre and --spread belong together.", code="half_a_scale")
    if options["spread"] is not None and not options["spread"] > 0:
        raise Refusal("--spread must be above zero.", code="bad_spread")
    if options["constants"] and options["centre"] is not None:
        raise Refusal("Keep the published --constants, or set --centre and --spread: not both.", code="two_scales")
