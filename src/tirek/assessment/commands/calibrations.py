"""Read back what `tirek calibrate` wrote, so that other commands build on it. No Django, no database."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tirek.storage.runs import FolderRefused, digest_file, read_manifest
from tirek.storage.tables import read_table
from tirek_engines import ENGINE_VERSION

if TYPE_CHECKING:
    import polars as pl

    from tirek_engines.psychometrics.estimation.estimates import GroupResult
    from tirek_engines.psychometrics.items import Items

TEXTS = ("item", "model", "values", "group", "covariate", "dimension")


@dataclass(frozen=True)
class SavedCovariate:
    """One row of regression.csv (logits for each unit of the covariate)."""

    covariate: str
    beta: float
    se: float


@dataclass(frozen=True)
class SavedCalibration:
    """A calibration as its folder holds it.

    `regression` is empty without a latent regression; `notes` tell what the reader should know, for example that
    another version of the engine wrote it.
    """

    folder: Path
    items: Items
    groups: tuple[GroupResult, ...]
    regression: tuple[SavedCovariate, ...]
    fit: Mapping[str, Any]
    manifest: Mapping[str, Any]
    notes: tuple[str, ...]

    @property
    def arguments(self) -> Mapping[str, Any]:
        """The arguments of the command."""
        found: Mapping[str, Any] = self.manifest["arguments"]
        return found


def read_calibration(folder: Path) -> SavedCalibration:
    """Read a folder that `tirek calibrate` wrote; its outputs must be those of the manifest, byte for byte.

    The file of answers itself is not needed. Refuses a folder of another command and changed or missing files.
    """
    if not folder.is_dir():
        raise FolderRefused(f"There is no folder {folder}. Name one that tirek calibrate wrote.")
    manifest = read_manifest(folder)
    if manifest["command"] != "calibrate":
        raise FolderRefused(
            f"{folder} was written by tirek {manifest['command']}, not by tirek calibrate. "
            "Name the folder of a calibration."
        )
    _refuse_changed(folder, manifest)
    fit = json.loads((folder / "fit.json").read_text(encoding="utf-8"))
    return SavedCalibration(
        folder=folder,
        items=_items(_table(folder, "items.csv")),
        groups=_groups(_table(folder, "groups.csv")),
        regression=_regression(folder),
        fit=fit,
        manifest=manifest,
        notes=_notes(folder, manifest, fit),
    )


def _refuse_changed(folder: Path, manifest: Mapping[str, Any]) -> None:
    names = {entry["name"] for entry in manifest["outputs"]}
    absent = sorted({"items.csv", "groups.csv", "fit.json"} - names)
    if absent:
        raise FolderRefused(f"{folder} lacks {absent[0]}, so it is no complete calibration. Calibrate again.")
    for entry in manifest["outputs"]:
        path = folder / entry["name"]
        if not path.is_file():
            raise FolderRefused(f"{path} is gone. Calibrate again, or restore the folder.")
        if digest_file(path) != entry["sha256"]:
            raise FolderRefused(
                f"{path} is not the file that was recorded: its SHA-256 differs. Calibrate again, or restore the folder."
            )


def _notes(folder: Path, manifest: Mapping[str, Any], fit: Mapping[str, Any]) -> tuple[str, ...]:
    notes = []
    written = manifest.get("engine")
    if written != ENGINE_VERSION:
        notes.append(f"{folder} was written by version {written} of the engine; this is {ENGINE_VERSION}.")
    if not fit.get("converged", True):
        notes.append(f"The calibration in {folder} did not converge: what is built on it is not final.")
    return tuple(notes)


def _table(folder: Path, name: str) -> pl.DataFrame:
    return read_table(folder / name, text_columns=TEXTS)


def plain(cell: str) -> str:
    """The name behind a cell that was made safe for spreadsheets."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in ("=", "+", "-", "@", "\t", "\r") else cell


def _numbers(frame: pl.DataFrame, name: str, absent: float = np.nan) -> np.ndarray[Any, np.dtype[np.float64]]:
    if name not in frame.columns:
        return np.full(frame.height, absent)
    return np.array([absent if v is None else float(v) for v in frame[name].to_list()], dtype=np.float64)


def _items(frame: pl.DataFrame) -> Items:
    from tirek_engines.psychometrics.items import Items

    steps = [c for c in frame.columns if c[:1] == "d" and c[1:].isdigit()]
    found = np.column_stack([_numbers(frame, c) for c in steps])
    n_steps = np.isfinite(found).sum(axis=1).astype(np.int64)
    names = tuple(plain(v) for v in frame["item"].to_list())
    if "values" in frame.columns:
        values = tuple(tuple(int(v) for v in text.split("|")) for text in frame["values"].to_list())
    else:
        values = tuple(tuple(range(int(n) + 1)) for n in n_steps)
    return Items(
        names=names,
        models=tuple(frame["model"].to_list()),
        slopes=_numbers(frame, "a"),
        intercepts=np.nan_to_num(found, nan=0.0),
        guessing=_numbers(frame, "c", 0.0),
        n_steps=n_steps,
        values=values,
        dimensions=_dimensions(frame),
    )


def _dimensions(frame: pl.DataFrame) -> np.ndarray[Any, np.dtype[np.int64]]:
    if "dimension" not in frame.columns:
        return np.zeros(frame.height, np.int64)
    names = frame["dimension"].to_list()
    place = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([place[name] for name in names], dtype=np.int64)


def _groups(frame: pl.DataFrame) -> tuple[GroupResult, ...]:
    """Errors by replication where there are any: they allow for how schools were drawn."""
    from tirek_engines.psychometrics.estimation.estimates import GroupResult

    columns = {k: _numbers(frame, k) for k in ("mean", "variance", "se_mean", "se_variance")}
    for name in ("mean", "variance"):
        replicated = _numbers(frame, f"se_rep_{name}")
        columns[f"se_{name}"] = np.where(np.isfinite(replicated), replicated, columns[f"se_{name}"])
    counts = _numbers(frame, "n", 0.0)
    return tuple(
        GroupResult(plain(name), **{k: float(v[i]) for k, v in columns.items()}, n=int(counts[i]))
        for i, name in enumerate(frame["group"].to_list())
    )


def _regression(folder: Path) -> tuple[SavedCovariate, ...]:
    if not (folder / "regression.csv").is_file():
        return ()
    frame = _table(folder, "regression.csv")
    if frame.is_empty():
        return ()
    beta, se = _numbers(frame, "beta"), _numbers(frame, "se")
    names = frame["covariate"].to_list()
    return tuple(SavedCovariate(plain(c), float(beta[i]), float(se[i])) for i, c in enumerate(names))
