"""Compare an output that was computed again with the recorded one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tirek.storage.runs import digest_file
from tirek.storage.tables import read_table

TOLERANCE = 1e-6
"""Numbers computed on another processor may differ in their last digits; more than this is a difference."""


def compare(name: str, folder: Path, fresh: Path, digest: str) -> tuple[str, bool]:
    """What to say of one output, and whether it is the same: byte for byte, else by its numbers."""
    if not (fresh / name).is_file():
        return f"{name}: not written by this version", False
    if digest_file(fresh / name) == digest:
        return f"{name}: equal, byte for byte", True
    if name.endswith(".json"):
        return _compare_json(name, folder, fresh)
    if name.endswith(".csv"):
        return _compare_table(name, folder, fresh)
    return f"{name}: DIFFERENT", False


def _compare_json(name: str, folder: Path, fresh: Path) -> tuple[str, bool]:
    old, new = (json.loads((place / name).read_text(encoding="utf-8")) for place in (folder, fresh))
    if _alike(old, new):
        return f"{name}: equal within {TOLERANCE:g}", True
    return f"{name}: DIFFERENT", False


def _alike(old: Any, new: Any) -> bool:
    if isinstance(old, float) and isinstance(new, float):
        return abs(old - new) <= TOLERANCE * max(1.0, abs(old))
    if isinstance(old, dict) and isinstance(new, dict):
        return old.keys() == new.keys() and all(_alike(old[k], new[k]) for k in old)
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(_alike(a, b) for a, b in zip(old, new, strict=True))
    return bool(old == new)


def _compare_table(name: str, folder: Path, fresh: Path) -> tuple[str, bool]:
    old, new = read_table(folder / name), read_table(fresh / name)
    if old.columns != new.columns or old.height != new.height:
        return f"{name}: DIFFERENT columns or rows", False
    worst = 0.0
    for column in old.columns:
        before, after = old[column], new[column]
        if before.dtype.is_float() and after.dtype.is_float():
            gap = (before - after).abs().max()
            worst = max(worst, float(gap) if isinstance(gap, float) else 0.0)
            same = before.is_null().equals(after.is_null())
        else:
            same = before.equals(after)
        if not same:
            return f"{name}: DIFFERENT in column {column}", False
    if worst > TOLERANCE:
        return f"{name}: DIFFERENT, by up to {worst:.2g}", False
    return f"{name}: equal within {TOLERANCE:g} (largest difference {worst:.2g})", True
