"""The folder a command leaves behind: its outputs and a manifest from which they can be computed again.

A run is written beside its destination and moved there when it is complete, so that a folder is never half written.
The manifest holds no clock: the same inputs and arguments give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tirek.storage.tables import Fault, write_faults
from tirek_engines import ENGINE_VERSION
from tirek_engines.errors import Refusal

MANIFEST = "manifest.json"
FAULTS = "faults.csv"
FORMAT = 1


class FolderRefused(Refusal):
    """A folder is not (or must not become) the output of a run."""

    code = "folder_refused"


def digest_file(path: Path) -> str:
    """SHA-256 of a file, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def dump_json(value: object) -> str:
    """JSON with a stable layout; NaN becomes null, because NaN is not JSON."""
    return json.dumps(_plain(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, float) and value != value:
        return None
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return value


@dataclass
class Run:
    """A run under way: write files into `folder`, name what it read in `add_input`."""

    folder: Path
    command: str
    arguments: Mapping[str, object]
    inputs: list[dict[str, object]] = field(default_factory=list)
    rules: list[dict[str, object]] = field(default_factory=list)

    def add_input(self, role: str, path: Path) -> None:
        """Record an input with its digest."""
        self.inputs.append(
            {
                "role": role,
                "path": str(path.resolve()),
                "bytes": path.stat().st_size,
                "sha256": digest_file(path),
            }
        )

    def write_json(self, name: str, value: object) -> None:
        """Write one JSON output."""
        (self.folder / name).write_text(dump_json(value), encoding="utf-8")

    def manifest(self) -> dict[str, object]:
        """What is needed to compute the folder again."""
        names = sorted(p.name for p in self.folder.iterdir() if p.name != MANIFEST)
        return {
            "format": FORMAT,
            "command": self.command,
            "engine": ENGINE_VERSION,
            "arguments": dict(self.arguments),
            "rules": self.rules,
            "inputs": self.inputs,
            "outputs": [
                {
                    "name": n,
                    "bytes": (self.folder / n).stat().st_size,
                    "sha256": digest_file(self.folder / n),
                }
                for n in names
            ],
        }


@contextmanager
def open_run(out: Path, command: str, arguments: Mapping[str, object]) -> Iterator[Run]:
    """Write a run; on leaving, add the manifest and put the folder in its place in one move."""
    check_destination(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        os.chmod(folder, 0o755)  # noqa: S103 (results are to be read by others)
        run = Run(folder, command, arguments)
        yield run
        run.write_json(MANIFEST, run.manifest())
        _replace(out, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _replace(out: Path, folder: Path) -> None:
    """Move the finished folder into place; an earlier run is only deleted once the new one stands."""
    if not out.exists():
        folder.rename(out)
        return
    earlier = folder.with_name(f"{folder.name}.earlier")
    out.rename(earlier)
    folder.rename(out)
    shutil.rmtree(earlier)


def check_destination(out: Path) -> None:
    """A run replaces only what a run has written."""
    if out.is_file():
        raise FolderRefused(f"{out} is a file. Name a folder with --out.")
    ours = out.is_dir() and ((out / MANIFEST).exists() or (out / FAULTS).exists())
    if out.is_dir() and any(out.iterdir()) and not ours:
        raise FolderRefused(
            f"The folder {out} holds files that are no results of Tirek. Name a new or an empty folder with --out."
        )


def leave_faults(out: Path, faults: Sequence[Fault]) -> Path:
    """Put the table of faults into the folder of a run that was refused; earlier results there stay as they are."""
    check_destination(out)
    write_faults(out / FAULTS, faults)
    return out / FAULTS


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a finished run."""
    path = folder / MANIFEST
    if not path.is_file():
        raise FolderRefused(f"{folder} holds no {MANIFEST}, so it is not the output of a finished run.")
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise FolderRefused(f"{path} cannot be read: {error}.") from None
    missing = {"format", "command", "arguments", "inputs", "outputs"} - manifest.keys()
    if missing or manifest["format"] != FORMAT:
        raise FolderRefused(f"{path} is no manifest of this version (missing: {sorted(missing) or 'none'}).")
    return manifest


def changed_files(folder: Path, manifest: Mapping[str, Any]) -> list[str]:
    """Inputs and outputs that are gone or no longer have the recorded digest, in words."""
    named = [("input", Path(entry["path"]), entry["sha256"]) for entry in manifest["inputs"]]
    named += [("output", folder / entry["name"], entry["sha256"]) for entry in manifest["outputs"]]
    found = []
    for kind, path, digest in named:
        if not path.is_file():
            found.append(f"The {kind} {path} is gone.")
        elif digest_file(path) != digest:
            found.append(f"The {kind} {path} is not the file that was recorded: its SHA-256 differs.")
    return found
